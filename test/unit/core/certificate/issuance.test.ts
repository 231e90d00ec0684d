import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { isIssuedBy, issuanceFailure, type Certificate } from '../../../../src/core/index.js';
import {
  authorityFindings,
  checksBeforeGivingUp,
  chooseIssuer,
  unsupportedIssuance,
} from '../../../../src/core/certificate/issuance.js';
import type { CertificateOptions } from '../../../support/certificate.js';
import {
  integerOfContents,
  objectIdentifier,
  bitString,
  nullValue,
  sequence,
  contextConstructed,
} from '../../../support/der-writer.js';
import { distinguishedName } from '../../../support/names.js';
import { createCertificateAuthority, selfSigned } from '../../../support/pki.js';
import { authority, certificate, decode, issuer } from '../scene.js';

describe('issuanceFailure', () => {
  it('accepts the true issuer, also when its name is encoded otherwise', () => {
    expect(issuanceFailure(certificate, issuer)).toBeUndefined();
    expect(isIssuedBy(certificate, issuer)).toBe(true);
    const printable = distinguishedName([{ type: 'CN', value: 'TEST  root ca', encoding: 'printable' }]);
    expect(issuanceFailure(decode(authority.issue({ issuerName: printable })), issuer)).toBeUndefined();
  });

  it.each([
    ['other-name', decode(createCertificateAuthority({ name: 'Another CA', key: authority.key }))],
    ['not-a-ca', decode(selfSigned({ commonName: 'Test Root CA', key: authority.key }))],
    ['not-a-ca', decode(selfSigned({ commonName: 'Test Root CA', key: authority.key, basicConstraints: 'none' }))],
    [
      'may-not-sign-certificates',
      decode(selfSigned({ commonName: 'Test Root CA', key: authority.key, isCa: true, keyUsage: ['cRLSign'] })),
    ],
    ['signature-invalid', decode(createCertificateAuthority())],
  ] as const)('says %s', (reason, other) => {
    expect(issuanceFailure(certificate, other)).toBe(reason);
    expect(isIssuedBy(certificate, other)).toBe(false);
  });

  it('takes certificates that came from another thread', () => {
    expect(issuanceFailure(structuredClone(certificate), structuredClone(issuer))).toBeUndefined();
    const other = createCertificateAuthority({ keyType: 'rsa-2048' });
    const clone = structuredClone(decode(other));
    expect(issuanceFailure(structuredClone(decode(other.issue())), clone)).toBeUndefined();
  });

  it('accepts a CA without key usage', () => {
    const other = selfSigned({ commonName: 'Test Root CA', key: authority.key, isCa: true, keyUsage: 'none' });
    expect(issuanceFailure(certificate, decode(other))).toBeUndefined();
  });

  it('refuses a certificate whose own signature is damaged', () => {
    expect(issuanceFailure(decode(authority.issue({ corruptSignature: true })), issuer)).toBe('signature-invalid');
  });
});

/** A CA without basicConstraints, with the name and key of the authority. */
function old(options: CertificateOptions): Certificate {
  const { key } = authority;
  return decode(
    selfSigned({ commonName: 'Test Root CA', key, basicConstraints: 'none', keyUsage: 'none', ...options }),
  );
}

describe('an issuer without basicConstraints', () => {
  const another = createCertificateAuthority({ name: 'Another' });
  const { key } = authority;
  const below = (options: CertificateOptions): Certificate =>
    decode(another.issue({ commonName: 'Test Root CA', key, basicConstraints: 'none', keyUsage: 'none', ...options }));

  it.each([
    ['of version 1, self-issued', old({ version: 1 }), 'yes'],
    ['of version 2, self-issued', old({ version: 2 }), 'yes'],
    ['of version 3 with keyCertSign', below({ keyUsage: ['keyCertSign'] }), 'yes'],
    ['of version 1, issued by another', below({ version: 1 }), 'only as an anchor'],
    ['of version 3, self-issued, without key usage', old({}), 'only as an anchor'],
    ['of version 3 whose key usage is another', old({ keyUsage: ['digitalSignature'] }), 'never'],
  ])('%s: %s', (_, one, expected) => {
    const failures = (['elsewhere', 'local', 'anchor'] as const).map((origin) =>
      issuanceFailure(certificate, one, origin),
    );
    const found = failures.map((failure) => (failure === undefined ? 'taken' : 'refused')).join(' ');
    const right = {
      yes: 'refused taken taken',
      'only as an anchor': 'refused refused taken',
      never: 'refused refused refused',
    };
    expect(found).toBe(right[expected as keyof typeof right]);
    expect(authorityFindings(one)).toMatchObject([{ rule: 'issuer-without-basic-constraints', severity: 'warning' }]);
  });

  it('is not one whose basicConstraints say that it is not a CA, whoever names it', () => {
    const denied = decode(selfSigned({ commonName: 'Test Root CA', key, keyUsage: ['keyCertSign'] }));
    expect(issuanceFailure(certificate, denied, 'anchor')).toBe('not-a-ca');
    expect(authorityFindings(denied)).toEqual([]);
  });
});

describe('chooseIssuer', () => {
  const identified = { key: authority.key, commonName: 'Test Root CA', isCa: true };

  it('finds the issuer behind any number of namesakes by its key identifier', () => {
    const namesakes = Array.from({ length: 40 }, () => decode(createCertificateAuthority()));
    expect(chooseIssuer(certificate, [...namesakes, issuer], 'elsewhere')).toBe(issuer);
  });

  const nameless = (): Certificate => decode(authority.issue({ authorityKeyIdentifier: 'none' }));
  const unidentified = decode(selfSigned({ ...identified, subjectKeyIdentifier: 'none' }));
  const namesakes = (count: number, options: Parameters<typeof createCertificateAuthority>[0] = {}): Certificate[] =>
    Array.from({ length: count }, () =>
      decode(createCertificateAuthority({ subjectKeyIdentifier: 'none', ...options })),
    );

  it('checks few signatures of each source where no key identifier tells namesakes apart, and few of all together', () => {
    expect(chooseIssuer(nameless(), [...namesakes(31), unidentified], 'elsewhere')).toBe(unidentified);
    const again = nameless();
    expect(chooseIssuer(again, [...namesakes(32), unidentified], 'local')).toBeUndefined();
    expect(checksBeforeGivingUp(again)).toBe(32);
    expect(chooseIssuer(again, [...namesakes(10), unidentified], 'elsewhere')).toBe(unidentified);
    const last = nameless();
    for (let source = 0; source < 4; source += 1) expect(chooseIssuer(last, namesakes(32), 'local')).toBeUndefined();
    expect(checksBeforeGivingUp(last)).toBeUndefined();
    expect(chooseIssuer(last, [unidentified], 'local')).toBeUndefined();
    expect(checksBeforeGivingUp(last)).toBe(128);
  });

  it('counts no keys that cannot have signed, are refused or were tried', () => {
    const { key } = createCertificateAuthority();
    const passedOver = [
      ...namesakes(20, { key }),
      ...namesakes(20, { keyType: 'ed25519' }),
      ...Array.from({ length: 20 }, (_, index) => {
        const point = Buffer.alloc(65, index + 1);
        point[0] = 4;
        const algorithm = sequence(objectIdentifier('1.2.840.10045.2.1'), objectIdentifier('1.2.840.10045.3.1.7'));
        return namesakes(1, { publicKeyInfo: sequence(algorithm, bitString(point)) });
      }).flat(),
    ];
    expect(chooseIssuer(nameless(), [...passedOver, unidentified], 'local')).toBe(unidentified);
  });

  it('asks no signature twice, so that the same sources may be looked through again', () => {
    const asked = nameless();
    const others = namesakes(32);
    for (let time = 0; time < 5; time += 1) expect(chooseIssuer(asked, others, 'local')).toBeUndefined();
    expect(checksBeforeGivingUp(asked)).toBeUndefined();
    expect(chooseIssuer(asked, [issuer], 'elsewhere')).toBe(issuer);
  });

  it('takes the same key under another key identifier too, for that proves nothing', () => {
    const { key } = authority;
    const renamed = { oid: '2.5.29.14', value: Buffer.from('04021234', 'hex') };
    const other = decode(selfSigned({ ...identified, key, subjectKeyIdentifier: 'none', extensions: [renamed] }));
    expect(chooseIssuer(certificate, [other], 'elsewhere')).toBe(other);
  });

  it('passes over one whose key identifiers are malformed, and does not fall over it', () => {
    const broken = { oid: '2.5.29.14', value: Buffer.from('ff', 'hex') };
    const other = decode(createCertificateAuthority({ subjectKeyIdentifier: 'none', extensions: [broken] }));
    expect(chooseIssuer(certificate, [other, issuer], 'elsewhere')).toBe(issuer);
  });
});

describe('unsupportedIssuance', () => {
  const withKey = (publicKeyInfo: Uint8Array): Certificate => decode(createCertificateAuthority({ publicKeyInfo }));

  it.each([
    ['brainpoolP256r1', 'brainpoolP256r1'],
    ['brainpoolP384t1', 'brainpoolP384t1'],
    ['secp256k1', 'secp256k1'],
    ['secp224r1', 'P-224'],
    ['SM2', 'SM2'],
  ])('names the curve %s', (namedCurve, name) => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve });
    const why = unsupportedIssuance(certificate, withKey(publicKey.export({ format: 'der', type: 'spki' })));
    expect(why).toBe(`its public key is not usable: the curve ${name} is not supported`);
  });

  it.each([
    ['1.2.840.10040.4.1', 'DSA'],
    ['2.16.840.1.101.3.4.3.18', 'ML-DSA-65'],
    ['1.2.3.4', '1.2.3.4'],
  ])('names the algorithm of a key, %s', (oid, name) => {
    const why = unsupportedIssuance(
      certificate,
      withKey(sequence(sequence(objectIdentifier(oid)), bitString(Buffer.of(1)))),
    );
    expect(why).toBe(`its public key is not usable: keys of the algorithm ${name} are not supported`);
  });

  it.each([
    ['512', 'fewer than 1024'],
    ['16392', 'more than 16384'],
  ])('names an RSA key of %s bits', (bits, bound) => {
    const why = unsupportedIssuance(certificate, withKey(rsaKey(Number(bits))));
    expect(why).toBe(`its public key is not usable: the RSA modulus has ${bits} bits, ${bound}`);
  });

  it.each([
    ['2.16.840.1.101.3.4.3.10', 'ecdsa-with-SHA3-256, which is not supported'],
    ['2.16.840.1.101.3.4.3.14', 'RSA-SHA3-256, which is not supported'],
    ['1.2.156.10197.1.501', 'SM2-with-SM3, which is not supported'],
    ['1.2.840.10045.4.3.99', '1.2.840.10045.4.3.99, which is not supported'],
    ['1.2.840.113549.1.1.4', 'md5WithRSAEncryption, which is too weak'],
  ])('names the signature algorithm %s', (oid, name) => {
    const one = decode(authority.issue({ algorithmIdentifier: sequence(objectIdentifier(oid)) }));
    expect(unsupportedIssuance(one, issuer)).toBe(`the certificate is signed with ${name}`);
  });

  it.each([
    ['SHA3-256 and MGF1 with SHA3-256', '2.16.840.1.101.3.4.2.8', '2.16.840.1.101.3.4.2.8'],
    ['sha256 and MGF1 with sha1', '2.16.840.1.101.3.4.2.1', '1.3.14.3.2.26'],
  ])('names the hashes of PSS: %s', (name, hash, maskHash) => {
    const one = decode(authority.issue({ algorithmIdentifier: pss(hash, maskHash) }));
    const rsa = decode(createCertificateAuthority({ keyType: 'rsa-2048' }));
    expect(unsupportedIssuance(one, rsa)).toBe(
      `the certificate is signed with rsassaPss with ${name}, which is not supported`,
    );
  });

  it('says nothing of namesakes with another key, of whatever kind, nor of broken keys', () => {
    expect(unsupportedIssuance(certificate, decode(createCertificateAuthority()))).toBeUndefined();
    expect(
      unsupportedIssuance(certificate, decode(createCertificateAuthority({ keyType: 'rsa-2048' }))),
    ).toBeUndefined();
    const even = rsaKey(2048, 0);
    expect(unsupportedIssuance(certificate, withKey(even))).toBeUndefined();
  });
});

function rsaKey(bits: number, last = 1): Buffer {
  const modulus = randomBytes(bits / 8);
  modulus[0] = 0x80;
  modulus[modulus.length - 1] = last;
  const numbers = sequence(
    integerOfContents(Buffer.concat([Buffer.of(0), modulus])),
    integerOfContents(Buffer.from('010001', 'hex')),
  );
  return sequence(sequence(objectIdentifier('1.2.840.113549.1.1.1'), nullValue()), bitString(numbers));
}

function pss(hash: string, maskHash: string): Buffer {
  const mask = sequence(objectIdentifier('1.2.840.113549.1.1.8'), sequence(objectIdentifier(maskHash)));
  const parameters = sequence(contextConstructed(0, sequence(objectIdentifier(hash))), contextConstructed(1, mask));
  return sequence(objectIdentifier('1.2.840.113549.1.1.10'), parameters);
}
