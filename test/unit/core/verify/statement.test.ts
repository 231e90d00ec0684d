import { describe, expect, it } from 'vitest';
import type { CertificateStatus, SingleResponseOptions } from '../../../support/ocsp-response.js';
import { responseTimes } from '../../../support/ocsp-response.js';
import { createCertificateAuthority } from '../../../support/pki.js';
import { authority, certId, codeOf, decode, respond, secondsAfter, server, verify } from '../scene.js';

const revoked: CertificateStatus = { revokedAt: new Date('2025-12-01T00:00:00Z') };
const other = authority.issue();
const otherId = { issuer: authority, serialNumber: other.serialNumber };

function verifyStatements(...responses: SingleResponseOptions[]): ReturnType<typeof verify> {
  return verify(respond({ responses }));
}

describe('the statement about our certificate', () => {
  it.each(['sha1', 'sha256', 'sha384', 'sha512'] as const)('is found by a CertID in %s', (hash) => {
    const verdict = verifyStatements({ certId: { ...certId, hash } });
    expect(verdict).toMatchObject({ kind: 'good', statement: { certId: { hashAlgorithm: hash } } });
  });

  it('is found with absent hash parameters and with a redundant leading 00', () => {
    expect(verifyStatements({ certId: { ...certId, hashParameters: 'absent' } }).kind).toBe('good');
    expect(verifyStatements({ certId: { ...certId, serialNumber: `00${server.serialNumber}` } }).kind).toBe('good');
  });

  it('is found among others, before and after it', () => {
    const verdict = verifyStatements(
      { certId: otherId, status: revoked },
      { certId },
      { certId: otherId, status: 'unknown' },
    );
    expect(verdict).toMatchObject({ kind: 'good', statementCount: 3 });
  });

  it('is found by serial number and issuer where there is no certificate', () => {
    const subject = { serialNumber: server.serialNumber };
    expect(verify(respond(), { subject }).kind).toBe('good');
    expect(verify(respond(), { subject: { serialNumber: `00${server.serialNumber}` } }).kind).toBe('good');
    expect(codeOf(verify(respond(), { subject: { serialNumber: other.serialNumber } }))).toBe('cert-id-mismatch');
  });

  it.each([
    ['another serial number', otherId],
    ['another issuer name', { ...certId, issuerNameHash: Buffer.alloc(20) }],
    ['another issuer key', { ...certId, issuerKeyHash: Buffer.alloc(20) }],
    [
      'hashes of another function than the stated one',
      { ...certId, hash: 'sha256' as const, hashOid: '1.3.14.3.2.26' },
    ],
    ['an unknown hash', { ...certId, hashOid: '1.2.3' }],
    ['SHA-224', { ...certId, hash: 'sha224' as const }],
    ['MD5', { ...certId, hash: 'md5' as const }],
    ['empty hashes', { ...certId, issuerNameHash: Buffer.alloc(0), issuerKeyHash: Buffer.alloc(0) }],
  ])('is not one with %s', (_, differing) => {
    expect(codeOf(verifyStatements({ certId: differing }))).toBe('cert-id-mismatch');
  });

  it('is not there in a response without statements', () => {
    const verdict = verifyStatements();
    expect(verdict).toMatchObject({ failure: { code: 'cert-id-mismatch' }, statementCount: 0 });
  });

  it('is missed with both serial numbers in the values', () => {
    expect(verifyStatements({ certId: otherId })).toMatchObject({
      failure: { values: { expectedSerialNumber: server.serialNumber, serialNumber: other.serialNumber } },
    });
  });

  it('is missed before the signature is spoken of', () => {
    const stranger = createCertificateAuthority();
    expect(codeOf(verify(respond({ responses: [{ certId: otherId }], signer: stranger })))).toBe('cert-id-mismatch');
  });

  it('does not fit the certificate of a name and key that only look alike', () => {
    const twin = createCertificateAuthority();
    const verdict = verify(respond(), { issuer: decode(twin) });
    expect(codeOf(verdict)).toBe('cert-id-mismatch');
  });
});

describe('of two statements that disagree', () => {
  const good = { certId };
  const bad = { certId, status: revoked };
  const unknown = { certId, status: 'unknown' as const };

  it.each([
    ['revoked', 'good', [good, bad]],
    ['revoked', 'good', [bad, good]],
    ['revoked', 'unknown', [unknown, bad]],
    ['unknown', 'good', [good, unknown]],
    ['unknown', 'good', [unknown, good]],
  ])('%s wins over %s', (winner, _, statements) => {
    expect(verifyStatements(...statements)).toMatchObject({ kind: winner, statementCount: 2 });
  });

  it('the graver wins whatever its hash and however old it is', () => {
    const old = {
      ...bad,
      certId: { ...certId, hash: 'sha256' as const },
      thisUpdate: secondsAfter(responseTimes.thisUpdate, -60),
    };
    expect(verifyStatements(good, old).kind).toBe('revoked');
  });

  it('the newer wins where both are as grave', () => {
    const thisUpdate = secondsAfter(responseTimes.thisUpdate, 60);
    for (const statements of [
      [good, { certId, thisUpdate }],
      [{ certId, thisUpdate }, good],
    ]) {
      expect(verifyStatements(...statements)).toMatchObject({ statement: { thisUpdate } });
    }
  });
});
