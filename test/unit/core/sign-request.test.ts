import { createPublicKey, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';

import {
  createCertId,
  createRequest,
  decodeCertificate,
  decodeRequest,
  signRequest,
  type Certificate,
} from '../../../src/core/index.js';
import { DerReader, Tag, contextTag } from '../../../src/core/der/der.js';
import { withNonce } from '../../../src/core/sign-request.js';
import type { KeyType } from '../../support/keys.js';
import { createCertificateAuthority } from '../../support/pki.js';

const authority = createCertificateAuthority();
const site = authority.issue();
const certId = createCertId(
  decodeCertificate(site.certificate.der),
  decodeCertificate(authority.certificate.der),
  'sha1',
);

function signedBy(keyType: KeyType, der: Uint8Array) {
  const signer = authority.issue({ commonName: 'asker.example', keyType });
  const certificate: Certificate = decodeCertificate(signer.certificate.der);
  const signed = signRequest(der, { certificate, key: signer.key, embeddedCertificates: [certificate.der] });
  return { signer, certificate, signed };
}

describe('a signed request', () => {
  it.each<KeyType>(['rsa-2048', 'ec-p256', 'ed25519'])('verifies with the %s key of its signer', (keyType) => {
    const { certificate, signed } = signedBy(keyType, createRequest({ certIds: [certId] }));
    const outer = new DerReader(signed).sequence('OCSPRequest');
    const tbs = outer.element(Tag.sequence, 'tbsRequest').raw;
    const signature = outer.enter(contextTag(0), 'optionalSignature').sequence('Signature');
    signature.element(Tag.sequence, 'signatureAlgorithm');
    const octets = signature.bitStringOctets('signature');
    const embedded = signature.enter(contextTag(0), 'certs').sequence('certs').element(Tag.sequence, 'certificate').raw;
    expect(Buffer.from(embedded)).toEqual(Buffer.from(certificate.der));
    const key = createPublicKey({ key: Buffer.from(certificate.publicKey.spki), format: 'der', type: 'spki' });
    expect(verify(keyType === 'ed25519' ? null : 'sha256', tbs, key, octets)).toBe(true);
  });

  it('asks what the unsigned one asked, with its nonce, in the name of its signer', () => {
    const nonce = Uint8Array.of(1, 2, 3, 4);
    const { certificate, signed } = signedBy('ec-p256', createRequest({ certIds: [certId], nonce }));
    const request = decodeRequest(signed);
    expect(request).toMatchObject({ signed: true, nonce: '01020304', requests: [{ certId }] });
    // GeneralName directoryName, explicitly tagged.
    const name = new DerReader(request.requestorName ?? new Uint8Array()).enter(contextTag(4), 'directoryName');
    expect(Buffer.from(name.element(Tag.sequence, 'name').raw)).toEqual(Buffer.from(certificate.subject));
  });

  it('has one signature and one name where it was signed before', () => {
    const first = signedBy('ec-p256', createRequest({ certIds: [certId] }));
    const second = signedBy('ec-p256', first.signed);
    expect(second.signed.length - first.signed.length).toBeLessThan(20);
    expect(decodeRequest(second.signed).requests).toEqual(decodeRequest(first.signed).requests);
  });

  it('is not made with the key of another certificate', () => {
    const { certificate } = signedBy('ec-p256', createRequest({ certIds: [certId] }));
    const { key } = authority.issue({ keyType: 'rsa-2048' });
    expect(() =>
      signRequest(createRequest({ certIds: [certId] }), { certificate, key, embeddedCertificates: [] }),
    ).toThrow(expect.objectContaining({ code: 'key-mismatch' }));
  });

  it('is not made of what is not a request', () => {
    const { certificate, signer } = signedBy('ec-p256', createRequest({ certIds: [certId] }));
    for (const der of [new Uint8Array(), Uint8Array.of(0x30, 0x00), certificate.der]) {
      expect(() => signRequest(der, { certificate, key: signer.key, embeddedCertificates: [] })).toThrow(
        expect.objectContaining({ code: 'malformed-der' }),
      );
    }
  });
});

describe('a request with a nonce of one’s own', () => {
  it('has that one in place of any other, and nothing else is changed', () => {
    const plain = createRequest({ certIds: [certId] });
    const once = withNonce(plain, Uint8Array.of(1));
    const twice = withNonce(once, Uint8Array.of(2));
    expect(Buffer.from(once)).toEqual(Buffer.from(createRequest({ certIds: [certId], nonce: Uint8Array.of(1) })));
    expect(Buffer.from(twice)).toEqual(Buffer.from(createRequest({ certIds: [certId], nonce: Uint8Array.of(2) })));
  });
});
