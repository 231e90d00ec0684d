import { describe, expect, it } from 'vitest';

import { buildOcspResponse, responseTimes } from '../support/ocsp-response.js';
import { createCertificateAuthority } from '../support/pki.js';
import { requestFor } from '../support/request-for.js';
import { runRestaple } from '../support/run-program.js';
import {
  authority,
  certificate,
  delegated,
  expectFailure,
  expectGood,
  folder,
  judge,
  minute,
  now,
  other,
  response,
  site,
  statement,
  useVerifyScene,
  verify,
  year2025,
} from './support/verify-scene.js';

useVerifyScene();

describe('verify and the time', () => {
  const offset = (milliseconds: number): Date => new Date(responseTimes.now.getTime() + milliseconds);
  const between = (thisUpdate: number, nextUpdate: number | null): Buffer =>
    response({
      producedAt: offset(thisUpdate),
      responses: [
        statement({
          thisUpdate: offset(thisUpdate),
          nextUpdate: nextUpdate === null ? null : offset(nextUpdate),
        }),
      ],
    });

  it('refuses with 6 what expired or is not yet valid', async () => {
    const expired = await judge(between(-60 * minute, -6 * minute));
    expectFailure(expired, 'expired', 6);
    expect(expired.record.failure).toMatchObject({ nextUpdate: '2026-01-01T23:54:00Z', now: '2026-01-02T00:00:00Z' });
    const early = await judge(between(6 * minute, 60 * minute));
    expectFailure(early, 'not-yet-valid', 6);
  });

  it('allows five minutes of skew at both ends, or what --skew says', async () => {
    const ending = between(-60 * minute, -4 * minute);
    expectGood(await judge(ending), 'about-to-expire');
    expectFailure(await judge(ending, ['--skew', '0s']), 'expired', 6);
    const beginning = between(4 * minute, 60 * minute);
    expectGood(await judge(beginning));
    expectFailure(await judge(beginning, ['--skew', '3m']), 'not-yet-valid', 6);
    expectGood(await judge(between(-60 * minute, -40 * minute), ['--skew', '1h']), 'about-to-expire');
  });

  it('counts producedAt in the future as not yet valid', async () => {
    expectFailure(await judge(response({ producedAt: offset(10 * minute) })), 'not-yet-valid', 6);
  });

  it('finds less than 300 s left about to expire', async () => {
    expectGood(await judge(between(-60 * minute, 299_000)), 'about-to-expire');
    expectGood(await judge(between(-60 * minute, 300_000)));
  });

  it('believes a response without nextUpdate, with a finding, until --max-age', async () => {
    const endless = between(-60 * minute, null);
    const judged = await judge(endless);
    expectGood(judged, 'no-next-update');
    expect(judged.record['nextUpdate']).toBeNull();
    expectGood(await judge(endless, ['--max-age', '2h']), 'no-next-update');
    expectFailure(await judge(endless, ['--max-age', '30m']), 'too-old', 6);
  });

  it('applies --max-age where there is a nextUpdate too', async () => {
    expectFailure(await judge(response(), ['--max-age', '12h']), 'too-old', 6);
    expectGood(await judge(response(), ['--max-age', '3d']));
  });

  it('takes --at as ISO 8601 and as unix seconds', async () => {
    expectGood(await judge(response(), ['--at', '2026-01-07T23:00:00+01:00']));
    expectGood(await judge(response(), ['--at', '1767312000']));
    expectFailure(await judge(response(), ['--at', '2026-01-09']), 'expired', 6);
    expectFailure(await judge(response(), ['--at', '1700000000']), 'not-yet-valid', 6);
  });

  it('judges as of now without --at', async () => {
    folder.write('site.pem.ocsp', response());
    expect((await runRestaple(['verify', certificate])).exitCode).toBe(6);
  });

  it('looks at no time of the response with --ignore-times', async () => {
    for (const bytes of [between(-60 * minute, -40 * minute), between(60 * minute, 90 * minute)]) {
      expectGood(await judge(bytes, ['--ignore-times']));
    }
    expectGood(await judge(response(), ['--ignore-times', '--at', '2030-01-01']));
    expect((await judge(response({ corruptSignature: true }), ['--ignore-times'])).exitCode).toBe(5);
  });

  it('wants the signer to be valid even with --ignore-times', async () => {
    const judged = await judge(delegated(authority.issueResponder({ notAfter: year2025 })), ['--ignore-times']);
    expectFailure(judged, 'responder-not-authorized', 5);
  });
});

describe('verify --nonce and --request', () => {
  const nonce = Buffer.from('00112233445566778899aabbccddeeff', 'hex');
  const hex = nonce.toString('hex');

  it('wants the nonce back', async () => {
    expectGood(await judge(response({ nonce }), ['--nonce', hex]));
    expectGood(await judge(response({ nonce }), ['--nonce', hex.toUpperCase()]));
    expectGood(await judge(response({ nonce, nonceEncoding: 'bare' }), ['--nonce', hex]));
    expectFailure(await judge(response({ nonce }), ['--nonce', 'ff'.repeat(16)]), 'nonce-mismatch', 5);
    expectFailure(await judge(response(), ['--nonce', hex]), 'nonce-missing', 5);
  });

  it('takes no nonce that is not hexadecimal', async () => {
    expect((await judge(response({ nonce }), ['--nonce', 'xyz'])).exitCode).toBe(2);
  });

  it('wants an answer to the request as it was asked', async () => {
    const request = folder.write('request.der', requestFor(authority, site));
    expectGood(await judge(response(), ['--request', request]));
    const about = folder.write('other.der', requestFor(authority, other));
    expectFailure(await judge(response(), ['--request', about]), 'request-mismatch', 5);
    const inSha256 = folder.write('sha256.der', requestFor(authority, site, 'sha256'));
    expectFailure(await judge(response(), ['--request', inSha256]), 'request-mismatch', 5);
  });

  it('ends with 8 where the request is missing or none', async () => {
    const missing = await judge(response(), ['--request', folder.at('nowhere')]);
    expect(missing).toMatchObject({ exitCode: 8, record: { error: { code: 'file-not-found' } } });
    const garbage = await judge(response(), ['--request', folder.write('garbage', 'x')]);
    expect(garbage).toMatchObject({ exitCode: 8, record: { error: { code: 'malformed-der' } } });
  });
});

describe('verify finds', () => {
  it('a SHA-1 signature', async () => {
    expectGood(await judge(response({ signatureAlgorithm: 'ecdsa-sha1' })), 'sha1-signature');
  });

  it('a delegate without nocheck', async () => {
    const judged = await judge(delegated(authority.issueResponder({ ocspNoCheck: false })));
    expectGood(judged, 'delegate-without-nocheck');
    expect(judged.record.findings?.[0]).toMatchObject({ severity: 'warning', source: /RFC 6960/ });
  });

  it('an issuer that has expired', async () => {
    const old = createCertificateAuthority({ name: 'Old CA', notAfter: year2025 });
    const leaf = old.issue();
    const path = folder.write('leaf.pem', leaf.certificate.pem + old.certificate.pem);
    const certId = { issuer: old, serialNumber: leaf.serialNumber };
    folder.write('leaf.pem.ocsp', buildOcspResponse({ signer: old, responses: [{ certId }] }));
    expectGood(await verify([path]), 'issuer-expired');
  });

  it('findings as text, each with its source', async () => {
    folder.write('site.pem.ocsp', response({ responses: [statement({ nextUpdate: null })] }));
    const result = await runRestaple(['verify', '--at', now, certificate]);
    expect(result.exitCode).toBe(0);
    expect(result.stdout).toMatch(/\n {2}warning {6}the response has no nextUpdate.*\(RFC 6960 .*\)\n$/);
    expect(result.stdout).toContain('next update  none');
  });
});
