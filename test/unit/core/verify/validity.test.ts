import { describe, expect, it } from 'vitest';
import type { Verdict, VerifyOptions } from '../../../../src/core/index.js';
import { responseTimes, type OcspResponseOptions } from '../../../support/ocsp-response.js';
import { authority, certId, codeOf, findingsOf, now, respond, secondsAfter, verify } from '../scene.js';

const { thisUpdate, nextUpdate } = responseTimes;
const response = respond();

/** The verdict at a time, with a skew of five minutes unless said otherwise. */
function at(time: Date, options: Partial<VerifyOptions> = {}, of: Partial<OcspResponseOptions> = {}): Verdict {
  return verify(Object.keys(of).length === 0 ? response : respond(of), { now: time, ...options });
}

describe('the validity of a response', () => {
  it.each([
    ['not-yet-valid', secondsAfter(thisUpdate, -301)],
    ['good', secondsAfter(thisUpdate, -300)],
    ['good', thisUpdate],
    ['good', nextUpdate],
    ['good', secondsAfter(nextUpdate, 300)],
    ['expired', secondsAfter(nextUpdate, 301)],
  ])('is %s at %s with a skew of five minutes', (code, time) => {
    expect(codeOf(at(time))).toBe(code);
  });

  it.each([
    ['not-yet-valid', secondsAfter(thisUpdate, -1)],
    ['good', thisUpdate],
    ['good', nextUpdate],
    ['expired', secondsAfter(nextUpdate, 1)],
  ])('is %s at %s without skew', (code, time) => {
    expect(codeOf(at(time, { skewMilliseconds: 0 }))).toBe(code);
  });

  it('fails with the times that decided', () => {
    const late = secondsAfter(nextUpdate, 86_400);
    expect(at(late)).toMatchObject({
      failure: { code: 'expired', values: { nextUpdate: '2026-01-08T00:00:00Z', now: '2026-01-09T00:00:00Z' } },
    });
    const early = secondsAfter(thisUpdate, -86_400);
    expect(at(early)).toMatchObject({
      failure: { code: 'not-yet-valid', values: { thisUpdate: '2026-01-01T00:00:00Z', now: '2025-12-31T00:00:00Z' } },
    });
  });

  it('minds a producedAt in the future', () => {
    const producedAt = secondsAfter(now, 301);
    expect(at(now, {}, { producedAt })).toMatchObject({
      failure: { code: 'not-yet-valid', values: { producedAt: '2026-01-02T00:05:01Z' } },
    });
    expect(codeOf(at(now, {}, { producedAt: secondsAfter(now, 300) }))).toBe('good');
  });

  it('is malformed when nextUpdate is before thisUpdate', () => {
    const responses = [{ certId, thisUpdate: now, nextUpdate: secondsAfter(now, -1) }];
    expect(codeOf(at(now, {}, { responses }))).toBe('malformed-response');
  });

  it('is good without nextUpdate, with a finding', () => {
    const open = { responses: [{ certId, nextUpdate: null }] };
    const verdict = at(secondsAfter(nextUpdate, 86_400 * 365), {}, open);
    expect(codeOf(verdict)).toBe('good');
    expect(findingsOf(verdict)).toEqual(['no-next-update']);
  });

  it('minds the maximum age, with nextUpdate and without', () => {
    const maximumAgeMilliseconds = now.getTime() - thisUpdate.getTime();
    const open = { responses: [{ certId, nextUpdate: null }] };
    for (const of of [{}, open]) {
      expect(codeOf(at(now, { maximumAgeMilliseconds }, of))).toBe('good');
      expect(codeOf(at(secondsAfter(now, 1), { maximumAgeMilliseconds }, of))).toBe('too-old');
    }
  });

  it('of the grave statements is minded as of the good ones', () => {
    const responses = [{ certId, status: { revokedAt: thisUpdate } }];
    expect(codeOf(at(secondsAfter(nextUpdate, 301), {}, { responses }))).toBe('expired');
    expect(codeOf(at(now, {}, { responses }))).toBe('revoked');
  });

  it.each([
    [301, []],
    [300, []],
    [299, ['about-to-expire']],
    [0, ['about-to-expire']],
    [-300, ['about-to-expire']],
  ])('with %i s left has the findings %j', (left, findings) => {
    expect(findingsOf(at(secondsAfter(nextUpdate, -left)))).toEqual(findings);
  });

  it('reaches from the year 0000 to the year 9999', () => {
    const responses = [{ certId, thisUpdate: '00000101000000Z', nextUpdate: '99991231235959Z' }];
    expect(codeOf(at(now, {}, { responses, producedAt: '00000101000000Z' }))).toBe('good');
  });
});

describe('without a look at the times', () => {
  const ignoreTimes = { ignoreTimes: true };

  it('neither an early nor a late response is refused, and nothing is found', () => {
    for (const time of [secondsAfter(thisUpdate, -86_400), secondsAfter(nextUpdate, 86_400)]) {
      const verdict = at(time, { ...ignoreTimes, maximumAgeMilliseconds: 0 });
      expect(codeOf(verdict)).toBe('good');
      expect(findingsOf(verdict)).toEqual([]);
    }
  });

  it('the signer must be valid all the same', () => {
    const signer = authority.issueResponder({ notAfter: secondsAfter(now, -1) });
    const verdict = at(now, ignoreTimes, { signer, certificates: [signer.certificate.der] });
    expect(codeOf(verdict)).toBe('responder-not-authorized');
  });

  it('the signature must hold all the same', () => {
    expect(codeOf(at(now, ignoreTimes, { corruptSignature: true }))).toBe('signature-invalid');
  });
});
