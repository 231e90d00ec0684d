import { describe, expect, it } from 'vitest';
import { isBelieved, type Verdict } from '../../../../src/core/index.js';
import type { CertificateOptions, IssuedCertificate } from '../../../support/certificate.js';
import { bitString, objectIdentifier, sequence } from '../../../support/der-writer.js';
import { purposes, unheardOf } from '../../../support/extensions.js';
import { generateKey, type KeyType } from '../../../support/keys.js';
import type { OcspResponseOptions } from '../../../support/ocsp-response.js';
import { createCertificateAuthority, selfSigned } from '../../../support/pki.js';
import {
  authority,
  codeOf,
  decode,
  findingsOf,
  now,
  respond,
  secondsAfter,
  skewMilliseconds,
  verify,
} from '../scene.js';

const responderIds = ['by-key', 'by-name'] as const;

/** A response by this signer, its certificate embedded unless other certificates are given. */
function respondBy(signer: IssuedCertificate, options: Partial<OcspResponseOptions> = {}): Buffer {
  return respond({ signer, certificates: [signer.certificate.der], ...options });
}

/** The verdict on a response by a delegate with these options. */
function delegate(options: CertificateOptions): Verdict {
  return verify(respondBy(authority.issueResponder(options)));
}

function whyOf(verdict: Verdict): unknown {
  expect(codeOf(verdict)).toBe('responder-not-authorized');
  return 'failure' in verdict ? verdict.failure.values['why'] : undefined;
}

describe.each(responderIds)('a responder named %s', (responderId) => {
  it('is the issuer itself, without an embedded certificate', () => {
    expect(verify(respond({ responderId }))).toMatchObject({ kind: 'good', responder: { kind: 'issuer' } });
  });

  it('is the issuer itself, with its own certificate embedded or a stranger', () => {
    const certificates = [selfSigned().certificate.der, authority.certificate.der];
    const verdict = verify(respond({ responderId, certificates }));
    expect(verdict).toMatchObject({ kind: 'good', responder: { kind: 'issuer' } });
  });

  it('is a delegate whose certificate is embedded', () => {
    const signer = authority.issueResponder({ notAfter: new Date('2030-01-01T00:00:00Z') });
    expect(verify(respondBy(signer, { responderId }))).toMatchObject({
      kind: 'good',
      responder: { kind: 'delegated', name: 'CN=Test OCSP Responder', notAfter: new Date('2030-01-01T00:00:00Z') },
      findings: [],
    });
  });

  it('is a delegate whose certificate the caller has, but not one that nobody has', () => {
    const signer = authority.issueResponder();
    const response = respond({ signer, responderId });
    expect(codeOf(verify(response))).toBe('responder-not-found');
    const verdict = verify(response, { untrusted: [decode(signer)] });
    expect(verdict).toMatchObject({ kind: 'good', responder: { kind: 'delegated' } });
  });

  it('is one that the caller trusts, whoever issued it and for whatever purpose', () => {
    const signer = selfSigned({ commonName: 'Local responder' });
    const response = respond({ signer, responderId });
    const verdict = verify(response, { trustedResponders: [decode(signer)] });
    expect(verdict).toMatchObject({ kind: 'good', responder: { kind: 'trusted', name: 'CN=Local responder' } });
    expect(codeOf(verify(response, { untrusted: [decode(signer)] }))).toBe('responder-not-authorized');
    expect(codeOf(verify(respondBy(signer, { responderId })))).toBe('responder-not-authorized');
  });

  it('is not somebody else with a right certificate beside the response', () => {
    const stranger = selfSigned({ commonName: 'Stranger' });
    const certificates = [authority.issueResponder().certificate.der, authority.certificate.der];
    expect(codeOf(verify(respond({ signer: stranger, responderId, certificates })))).toBe('responder-not-found');
  });
});

describe('a delegate', () => {
  it.each<[string, CertificateOptions, string]>([
    ['without OCSPSigning', { extendedKeyUsage: [purposes.serverAuth] }, 'no OCSPSigning'],
    ['with anyExtendedKeyUsage only', { extendedKeyUsage: [purposes.any] }, 'no OCSPSigning'],
    ['whose signature by the issuer is damaged', { corruptSignature: true }, 'not issued by this issuer'],
    ['that only claims to be from the issuer', { signedBy: generateKey() }, 'not issued by this issuer'],
    ['with an unknown critical extension', { extensions: [unheardOf(true)] }, 'critical extension'],
    ['that may not sign', { keyUsage: ['keyEncipherment'] }, 'no digitalSignature'],
    ['whose certificate has expired', { notAfter: secondsAfter(now, -1) }, 'expired'],
    ['whose certificate is not valid yet', { notBefore: secondsAfter(now, 301) }, 'not yet valid'],
  ])('%s is not authorized', (_, options, why) => {
    expect(whyOf(delegate(options))).toBe(why);
  });

  it('whose certificate is signed with an unsupported algorithm is named with that', () => {
    const algorithmIdentifier = sequence(objectIdentifier('2.16.840.1.101.3.4.3.10'));
    const verdict = delegate({ algorithmIdentifier, commonName: 'Modern responder' });
    expect(verdict).toMatchObject({
      kind: 'invalid',
      failure: {
        code: 'unsupported-algorithm',
        message:
          'the certificate of the responder CN=Modern responder is signed with ecdsa-with-SHA3-256, which is not supported',
        values: { algorithm: 'ecdsa-with-SHA3-256', responder: 'CN=Modern responder' },
      },
    });
  });

  it('without any purpose is not authorized', () => {
    expect(whyOf(verify(respondBy(authority.issue())))).toBe('no OCSPSigning');
  });

  it('of another authority is not authorized', () => {
    const other = createCertificateAuthority({ name: 'Other CA' });
    expect(whyOf(verify(respondBy(other.issueResponder())))).toBe('not issued by this issuer');
  });

  it('of a subordinate authority is not authorized', () => {
    const subordinate = authority.issue({ isCa: true, commonName: 'Subordinate' });
    const signer = subordinate.issueResponder();
    const certificates = [signer.certificate.der, subordinate.certificate.der];
    expect(whyOf(verify(respondBy(signer, { certificates })))).toBe('not issued by this issuer');
  });

  it('that another delegate issued is not authorized', () => {
    const first = authority.issueResponder();
    const signer = authority.issueResponder({ signedBy: first.key, issuerName: first.name });
    expect(whyOf(verify(respondBy(signer, { certificates: [signer.certificate.der, first.certificate.der] })))).toBe(
      'not issued by this issuer',
    );
  });

  it.each<[string, CertificateOptions]>([
    ['in the last second of its validity', { notAfter: now }],
    ['that begins within the skew', { notBefore: secondsAfter(now, 300) }],
    ['without key usage', { keyUsage: 'none' }],
    ['with further purposes', { extendedKeyUsage: [purposes.serverAuth, purposes.any, purposes.ocspSigning] }],
    ['whose AKI has no key id', { authorityKeyIdentifier: 'issuer-and-serial' }],
    ['without an AKI', { authorityKeyIdentifier: 'none' }],
    ['with an unknown extension that is not critical', { extensions: [unheardOf(false)] }],
  ])('%s is authorized', (_, options) => {
    expect(delegate(options)).toMatchObject({ kind: 'good', responder: { kind: 'delegated' }, findings: [] });
  });

  it('without nocheck is believed with a finding', () => {
    const verdict = delegate({ ocspNoCheck: false });
    expect(verdict.kind).toBe('good');
    expect(findingsOf(verdict)).toEqual(['delegate-without-nocheck']);
  });

  it('that did not sign the response is seen by the signature', () => {
    const signer = authority.issueResponder();
    const impostor = { ...signer, key: generateKey() };
    expect(codeOf(verify(respondBy(impostor)))).toBe('signature-invalid');
  });

  it.each<KeyType>(['ec-p384', 'ec-p521', 'rsa-2048', 'rsa-pss', 'ed25519', 'ed448'])('may sign with %s', (keyType) => {
    expect(delegate({ keyType }).kind).toBe('good');
  });

  it('of an issuer with another kind of key is authorized too', () => {
    const rsa = createCertificateAuthority({ keyType: 'rsa-2048' });
    const server = rsa.issue();
    const certId = { issuer: rsa, serialNumber: server.serialNumber };
    const response = respondBy(rsa.issueResponder({ keyType: 'ed25519' }), { responses: [{ certId }] });
    const verdict = verify(response, { subject: { certificate: decode(server) }, issuer: decode(rsa) });
    expect(verdict).toMatchObject({ kind: 'good', signatureAlgorithm: 'ED25519', findings: [] });
  });
});

describe('a trusted responder', () => {
  const trust = (options: CertificateOptions): Verdict => {
    const signer = selfSigned({ commonName: 'Local responder', ...options });
    return verify(respond({ signer }), { trustedResponders: [decode(signer)] });
  };

  it('must be valid now', () => {
    expect(whyOf(trust({ notAfter: secondsAfter(now, -1) }))).toBe('expired');
    expect(whyOf(trust({ notBefore: secondsAfter(now, skewMilliseconds / 1000 + 1) }))).toBe('not yet valid');
    expect(trust({ notAfter: now }).kind).toBe('good');
  });

  it('needs no nocheck', () => {
    expect(findingsOf(trust({}))).toEqual([]);
  });

  it('must have signed', () => {
    const signer = selfSigned({ commonName: 'Local responder' });
    const response = respond({ signer: { ...signer, key: generateKey() } });
    expect(codeOf(verify(response, { trustedResponders: [decode(signer)] }))).toBe('signature-invalid');
  });
});

describe('of several candidates', () => {
  const names = { commonName: 'Shared responder name' };

  it('the one that signed is found', () => {
    const signer = authority.issueResponder(names);
    const others = [
      authority.issueResponder(names),
      selfSigned(names),
      authority.issueResponder({ ...names, notAfter: now }),
    ];
    const certificates = [...others, signer].map((one) => one.certificate.der);
    expect(verify(respondBy(signer, { responderId: 'by-name', certificates })).kind).toBe('good');
  });

  it('a certificate that cannot be decoded is passed over', () => {
    const signer = authority.issueResponder();
    const twice = selfSigned({ extensions: [unheardOf(false), unheardOf(false)] });
    const certificates = [twice.certificate.der, signer.certificate.der];
    expect(verify(respondBy(signer, { certificates })).kind).toBe('good');
  });

  it('what is not even shaped like a certificate spoils the response, as it does for OpenSSL', () => {
    const signer = authority.issueResponder();
    const certificates = [signer.certificate.der, sequence(bitString(Buffer.of(1)))];
    expect(codeOf(verify(respondBy(signer, { certificates })))).toBe('malformed-response');
  });

  it('none is found where the certificate of the one that signed cannot be decoded, which the message says', () => {
    const signer = authority.issueResponder({ extensions: [unheardOf(false), unheardOf(false)] });
    const verdict = verify(respondBy(signer));
    expect(codeOf(verdict)).toBe('responder-not-found');
    const message = 'failure' in verdict ? verdict.failure.message : '';
    expect(message).toMatch(/which is not the issuer, and a certificate in the response cannot be decoded: .* twice/);
    const absent = verify(respondBy(signer, { certificates: [selfSigned().certificate.der] }));
    expect('failure' in absent ? absent.failure.message : '').toMatch(/nor a certificate in the response$/);
  });

  it('a bad signature by one that is authorized is reported before a stranger beside it', () => {
    const signer = authority.issueResponder(names);
    for (const order of [
      [signer, selfSigned(names)],
      [selfSigned(names), signer],
    ]) {
      const certificates = order.map((one) => one.certificate.der);
      const response = respondBy(signer, { responderId: 'by-name', certificates, corruptSignature: true });
      expect(codeOf(verify(response))).toBe('signature-invalid');
    }
  });

  it.each(responderIds)('named %s, it is found behind any number of strangers', (responderId) => {
    const signer = authority.issueResponder(names);
    const strangers = Array.from({ length: 60 }, (_, index) => selfSigned({ commonName: `Stranger ${index}` }));
    const certificates = [...strangers, signer].map((one) => one.certificate.der);
    expect(verify(respondBy(signer, { responderId, certificates })).kind).toBe('good');
  });

  it('one that could sign is tried before namesakes that could not, however many', () => {
    const signer = authority.issueResponder(names);
    const useless = [
      () => selfSigned(names),
      () => authority.issueResponder({ ...names, notAfter: secondsAfter(now, -1) }),
      () => authority.issueResponder({ ...names, keyUsage: ['keyEncipherment'] }),
    ];
    const before = Array.from({ length: 60 }, (_, index) => useless[index % 3]!());
    const certificates = [...before, signer].map((one) => one.certificate.der);
    expect(verify(respondBy(signer, { responderId: 'by-name', certificates })).kind).toBe('good');
  });

  it('32 that could have signed are tried, embedded or at hand, and no more: each costs signature checks', () => {
    const signer = authority.issueResponder(names);
    const others = Array.from({ length: 32 }, () => authority.issueResponder(names).certificate.der);
    const verdict = (before: number, isEmbedded: boolean): Verdict => {
      const certificates = [...others.slice(0, before), ...(isEmbedded ? [signer.certificate.der] : [])];
      return verify(respondBy(signer, { responderId: 'by-name', certificates }), { untrusted: [decode(signer)] });
    };
    expect(isBelieved(verdict(31, true))).toBe(true);
    expect(isBelieved(verdict(31, false))).toBe(true);
    expect(codeOf(verdict(32, true))).toBe('signature-invalid');
  });
});

describe('a key usage of a delegate', () => {
  it.each([
    ['good', ['digitalSignature']],
    ['good', ['nonRepudiation']],
    ['good', ['nonRepudiation', 'keyEncipherment']],
    ['no digitalSignature', ['keyEncipherment', 'keyCertSign']],
  ] as const)('makes it %s: %j (RFC 5280 §4.2.1.12)', (expected, keyUsage) => {
    const verdict = delegate({ keyUsage });
    expect(verdict.kind === 'good' ? 'good' : whyOf(verdict)).toBe(expected);
  });
});
