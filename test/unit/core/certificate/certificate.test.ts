import { describe, expect, it } from 'vitest';
import { DerError, OcspError, decodeCertificate, isInValidity, isSelfIssued } from '../../../../src/core/index.js';
import { readSequence } from '../../../support/der-reader.js';
import { bitString, contextConstructed, integer, sequence } from '../../../support/der-writer.js';
import { encodeExtensions, ocspNoCheck } from '../../../support/extensions.js';
import { generateKey, publicKeyInfo } from '../../../support/keys.js';
import { distinguishedName } from '../../../support/names.js';
import { signatureAlgorithmIdentifier, signBytes } from '../../../support/signatures.js';
import { authority, certificate, decode, issuer, secondsAfter, server } from '../scene.js';

function errorOf(der: Uint8Array): OcspError {
  try {
    decodeCertificate(der);
  } catch (error) {
    if (error instanceof OcspError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** The server certificate with one field of its body replaced, or fields added at the end (the signature no longer holds). */
function withField(index: number, ...replacement: Uint8Array[]): Buffer {
  const [body, algorithm, signature] = readSequence(server.certificate.der).map(({ der }) => der);
  const fields: Uint8Array[] = readSequence(body!).map(({ der }) => der);
  fields.splice(index, 1, ...replacement);
  return sequence(sequence(...fields), algorithm!, signature!);
}

describe('decodeCertificate', () => {
  it('reads what a certificate says', () => {
    const issued = authority.issue({
      commonName: 'a.example',
      serialNumber: '00f0',
      notBefore: new Date('2021-02-03T04:05:06Z'),
      notAfter: new Date('2051-02-03T04:05:06Z'),
    });
    const decoded = decode(issued);
    expect(decoded.der).toBe(issued.certificate.der);
    expect(decoded.serialNumber).toBe('00f0');
    expect(Buffer.from(decoded.subject).equals(issued.name)).toBe(true);
    expect(Buffer.from(decoded.issuer).equals(authority.name)).toBe(true);
    expect(decoded.notBefore).toEqual(new Date('2021-02-03T04:05:06Z'));
    expect(decoded.notAfter).toEqual(new Date('2051-02-03T04:05:06Z'));
    expect(Buffer.from(decoded.publicKey.spki).equals(publicKeyInfo(issued.key))).toBe(true);
    expect(Buffer.from(decoded.publicKey.keyBits).equals(issued.subjectPublicKey)).toBe(true);
    expect(decoded.signatureAlgorithm.oid).toBe('1.2.840.10045.4.3.2');
  });

  it.each(['00', '80', '00000001', '0080'])('keeps the serial number %s as it stands', (serialNumber) => {
    expect(decode(authority.issue({ serialNumber })).serialNumber).toBe(serialNumber);
  });

  it.each([
    ['nothing', new Uint8Array(0), 'truncated'],
    ['a cut certificate', server.certificate.der.subarray(0, -1), 'truncated'],
    ['data after the certificate', Buffer.concat([server.certificate.der, Buffer.of(0)]), 'trailing-data'],
    ['text', Buffer.from('hello'), 'unexpected-tag'],
    ['a version 4', withField(0, contextConstructed(0, integer(3))), 'value'],
    ['extensions in a version 1', withField(0), 'value'],
    ['another algorithm inside than outside', withField(2, signatureAlgorithmIdentifier('ecdsa-sha384')), 'value'],
    ['an empty serial number', withField(1, Buffer.from('0200', 'hex')), 'empty-integer'],
    ['a serial number with a redundant ff', withField(1, Buffer.from('0202ff80', 'hex')), 'integer-not-minimal'],
    ['a name that is none', withField(3, sequence(integer(1))), 'unexpected-tag'],
    ['a field after the extensions', withField(8, integer(1)), 'trailing-data'],
  ])('refuses %s', (_, der, rule) => {
    const error = errorOf(der);
    expect(error.code).toBe('malformed-certificate');
    expect(error.hint).not.toBe('');
    expect(error.cause).toBeInstanceOf(DerError);
    expect(error.cause).toMatchObject({ rule });
  });

  it('reads names of 60 kB, and says of longer ones that they are too long for restaple', () => {
    const longName = (length: number): Buffer => distinguishedName([{ type: 'CN', value: 'n'.repeat(length) }]);
    for (const field of [3, 5]) {
      const decoded = decodeCertificate(withField(field, longName(60_000)));
      expect(Buffer.from(field === 3 ? decoded.issuer : decoded.subject)).toHaveLength(longName(60_000).length);
      const error = errorOf(withField(field, longName(66_000)));
      expect(error.message).toMatch(
        /^the certificate is too long for restaple: (?:issuer|subject) is longer than 65536 octets/,
      );
      expect(error).toMatchObject({ code: 'malformed-certificate', cause: { rule: 'limit' } });
    }
  });

  it('reads a certificate of version 1, which has no extensions', () => {
    const key = generateKey();
    const name = distinguishedName([{ type: 'CN', value: 'old' }]);
    const validity = readSequence(readSequence(server.certificate.der)[0]!.der)[4]!.der;
    const algorithm = signatureAlgorithmIdentifier('ecdsa-sha256');
    const body = sequence(integer(1), algorithm, name, validity, name, publicKeyInfo(key));
    const decoded = decodeCertificate(sequence(body, algorithm, bitString(signBytes(body, key, 'ecdsa-sha256'))));
    expect(decoded).toMatchObject({ serialNumber: '01', isCa: false, extensions: [], ocspUris: [] });
  });

  it('refuses the same extension twice', () => {
    const issued = authority.issue({ extensions: [ocspNoCheck(), ocspNoCheck()] });
    expect(errorOf(issued.certificate.der).cause).toMatchObject({ rule: 'duplicate' });
  });

  it('reads thousands of different extensions in no time', () => {
    const many = Array.from({ length: 15_000 }, (_, index) => ({ oid: `1.2.${index}`, value: new Uint8Array(0) }));
    const der = withField(7, contextConstructed(3, encodeExtensions(many)));
    const started = performance.now();
    expect(decodeCertificate(der).extensions).toHaveLength(15_000);
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

describe('isSelfIssued and isInValidity', () => {
  it('knows a root by its name', () => {
    expect(isSelfIssued(issuer)).toBe(true);
    expect(isSelfIssued(certificate)).toBe(false);
  });

  it('counts both ends of the validity as inside', () => {
    const { notBefore, notAfter } = certificate;
    expect(isInValidity(certificate, notBefore)).toBe(true);
    expect(isInValidity(certificate, notAfter)).toBe(true);
    expect(isInValidity(certificate, secondsAfter(notBefore, -1))).toBe(false);
    expect(isInValidity(certificate, secondsAfter(notAfter, 1))).toBe(false);
  });
});
