import { describe, expect, it } from 'vitest';
import { isBelieved } from '../../../../src/core/index.js';
import {
  buildErrorResponse,
  responseStatuses,
  responseTimes,
  type ResponseStatus,
} from '../../../support/ocsp-response.js';
import { createCertificateAuthority } from '../../../support/pki.js';
import { authority, certId, codeOf, decode, findingsOf, respond, secondsAfter, server, verify } from '../scene.js';
import { unheardOf } from '../../../support/extensions.js';

const revokedAt = new Date('2025-12-01T00:00:00Z');

describe('verifyResponse', () => {
  it('believes a good response and says what it rests on', () => {
    expect(verify(respond())).toEqual({
      kind: 'good',
      responseStatus: 'successful',
      producedAt: responseTimes.thisUpdate,
      signatureAlgorithm: 'ecdsa-with-SHA256',
      responder: {
        kind: 'issuer',
        name: 'CN=Test Root CA',
        keyHash: expect.stringMatching(/^[0-9a-f]{40}$/) as string,
        notAfter: new Date('2049-01-01T00:00:00Z'),
      },
      statement: expect.objectContaining({
        status: 'good',
        thisUpdate: responseTimes.thisUpdate,
        nextUpdate: responseTimes.nextUpdate,
      }) as object,
      statementCount: 1,
      findings: [],
    });
  });

  it('believes a revoked and an unknown one as such', () => {
    const revoked = verify(respond({ responses: [{ certId, status: { revokedAt, reason: 'keyCompromise' } }] }));
    expect(revoked).toMatchObject({
      kind: 'revoked',
      statement: { revocationTime: revokedAt, revocationReason: 'keyCompromise' },
    });
    const unknown = verify(respond({ responses: [{ certId, status: 'unknown' }] }));
    expect(unknown.kind).toBe('unknown');
    expect([revoked, unknown].map(isBelieved)).toEqual([true, true]);
  });

  it.each((Object.keys(responseStatuses) as ResponseStatus[]).filter((status) => status !== 'successful'))(
    'calls an unsigned %s refused',
    (status) => {
      const verdict = verify(buildErrorResponse(status));
      expect(verdict).toMatchObject({
        kind: 'refused',
        responseStatus: status,
        failure: { code: 'refused', values: { responseStatus: status } },
      });
      expect(isBelieved(verdict)).toBe(false);
    },
  );

  it('does not believe a refusal in which a good response is hidden', () => {
    expect(verify(respond({ responseStatus: 'tryLater' })).kind).toBe('refused');
  });

  it('says that bytes are not a response', () => {
    expect(codeOf(verify(Buffer.from('<html>')))).toBe('malformed-response');
    expect(codeOf(verify(new Uint8Array(0)))).toBe('malformed-response');
    expect(codeOf(verify(Buffer.concat([respond(), Buffer.of(0)])))).toBe('malformed-response');
    expect(codeOf(verify(respond({ responseType: '1.2.3' })))).toBe('unsupported-response-type');
  });

  it('sees a damaged signature and data changed after signing', () => {
    expect(codeOf(verify(respond({ corruptSignature: true })))).toBe('signature-invalid');
    const tamper = (data: Buffer): Buffer =>
      Buffer.from(data.toString('latin1').replace('20260108', '20360108'), 'latin1');
    expect(codeOf(verify(respond({ tamper })))).toBe('signature-invalid');
  });

  it.each([
    ['1.2.840.113549.1.1.4', 'weak-algorithm'],
    ['1.2.840.10040.4.3', 'unsupported-algorithm'],
  ])('passes on that the algorithm %s is refused as %s', (statedAlgorithm, code) => {
    expect(codeOf(verify(respond({ statedAlgorithm })))).toBe(code);
  });

  it('warns of SHA-1 in a signature, not in a CertID', () => {
    expect(findingsOf(verify(respond({ signatureAlgorithm: 'ecdsa-sha1' })))).toEqual(['sha1-signature']);
    expect(findingsOf(verify(respond()))).toEqual([]);
  });

  it('gathers what it saw also for a response that it does not believe', () => {
    const verdict = verify(respond({ nonce: Buffer.from('01', 'hex'), responses: [{ certId, status: 'unknown' }] }), {
      now: secondsAfter(responseTimes.nextUpdate, 86_400),
    });
    expect(verdict).toMatchObject({
      kind: 'invalid',
      failure: { code: 'expired' },
      nonce: '01',
      responder: { kind: 'issuer' },
      statement: { status: 'unknown' },
      statementCount: 1,
    });
  });

  it('never takes a response for the certificate of another authority of the same name and serial number', () => {
    const other = createCertificateAuthority();
    const twin = other.issue({ serialNumber: server.serialNumber });
    const verdict = verify(respond(), { subject: { certificate: decode(twin) }, issuer: decode(other) });
    expect(codeOf(verdict)).toBe('cert-id-mismatch');
  });

  it('prints hostile names of responders escaped', () => {
    const hostile = createCertificateAuthority({ name: 'evil\x1b[2J\n' });
    const verdict = verify(respond({ signer: hostile, responderId: 'by-name' }));
    expect(codeOf(verdict)).toBe('responder-not-found');
    expect(JSON.stringify(verdict)).not.toMatch(/\\u001b|\\n/);
  });

  it('takes the largest response that fits 64 KiB in bounded time', () => {
    const certificates = Array.from({ length: 150 }, () => authority.certificate.der);
    const extensions = Array.from({ length: 500 }, (_, index) => ({ ...unheardOf(false), oid: `1.2.3.${index}` }));
    const response = respond({ certificates, extensions, corruptSignature: true, responderId: 'by-name' });
    const started = performance.now();
    expect(codeOf(verify(response))).toBe('signature-invalid');
    expect(performance.now() - started).toBeLessThan(2000);
  });
});
