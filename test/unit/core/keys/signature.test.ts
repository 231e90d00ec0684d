import { execFileSync } from 'node:child_process';
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { PublicKey } from '../../../../src/core/index.js';
import { readAlgorithmIdentifier, type AlgorithmIdentifier } from '../../../../src/core/keys/algorithm-identifier.js';
import { DerReader } from '../../../../src/core/der/der.js';
import {
  checkSignature,
  signatureAlgorithmName,
  signsSha1,
  type SignatureFailure,
} from '../../../../src/core/keys/signature.js';
import { readSequence } from '../../../support/der-reader.js';
import {
  contextConstructed,
  integer,
  integerContents,
  nullValue,
  objectIdentifier,
  sequence,
} from '../../../support/der-writer.js';
import { generateKey, publicKeyInfo, subjectPublicKey, type KeyType } from '../../../support/keys.js';
import {
  corrupted,
  signatureAlgorithmIdentifier,
  signBytes,
  type HashName,
  type SignatureAlgorithm,
} from '../../../support/signatures.js';
import { withTemporaryFolder } from '../../../support/temporary-folder.js';

const data = Buffer.from('the exact bytes that were signed');
const rsaKey = generateKey('rsa-2048');
const ecKey = generateKey('ec-p256');

function algorithmOf(der: Uint8Array): AlgorithmIdentifier {
  return readAlgorithmIdentifier(new DerReader(der), 'algorithm');
}

function publicKeyOf(spki: Uint8Array, keyBits: Uint8Array = new Uint8Array(0)): PublicKey {
  const [algorithm] = readSequence(spki);
  return { spki, keyBits, algorithm: algorithmOf(algorithm!.der) };
}

const publicKey = (key: KeyObject): PublicKey => publicKeyOf(publicKeyInfo(key), subjectPublicKey(key));

/** Signs with one algorithm and states another where asked. */
function check(key: KeyObject, algorithm: SignatureAlgorithm, stated?: Uint8Array): SignatureFailure | undefined {
  const signature = signBytes(data, key, algorithm);
  return checkSignature(
    algorithmOf(stated ?? signatureAlgorithmIdentifier(algorithm)),
    signature,
    data,
    publicKey(key),
  );
}

const hashes: readonly Exclude<HashName, 'md5'>[] = ['sha1', 'sha224', 'sha256', 'sha384', 'sha512'];
const curves: readonly KeyType[] = ['ec-p256', 'ec-p384', 'ec-p521'];

const allowed: readonly [SignatureAlgorithm, KeyObject][] = [
  ...hashes.map((hash): [SignatureAlgorithm, KeyObject] => [`rsa-${hash}`, rsaKey]),
  ...hashes.map((hash): [SignatureAlgorithm, KeyObject] => [`rsa-pss-${hash}`, rsaKey]),
  ...hashes.map((hash): [SignatureAlgorithm, KeyObject] => [`ecdsa-${hash}`, ecKey]),
  ['ed25519', generateKey('ed25519')],
  ['ed448', generateKey('ed448')],
];

describe('checkSignature', () => {
  it.each(allowed.map(([algorithm, key]) => ({ algorithm, key })))(
    'accepts a true signature by $algorithm and no false one',
    ({ algorithm, key }) => {
      const signature = signBytes(data, key, algorithm);
      const stated = algorithmOf(signatureAlgorithmIdentifier(algorithm));
      expect(checkSignature(stated, signature, data, publicKey(key))).toBeUndefined();
      expect(checkSignature(stated, corrupted(signature), data, publicKey(key))).toBe('signature-invalid');
      expect(checkSignature(stated, signature, Buffer.from('other'), publicKey(key))).toBe('signature-invalid');
      expect(checkSignature(stated, new Uint8Array(0), data, publicKey(key))).toBe('signature-invalid');
    },
  );

  it.each(curves)('accepts ECDSA with a key on %s, with any of the hashes', (type) => {
    const key = generateKey(type);
    for (const hash of hashes) expect(check(key, `ecdsa-${hash}`)).toBeUndefined();
  });

  it('accepts absent parameters of RSA as well as NULL, and no others', () => {
    const oid = objectIdentifier('1.2.840.113549.1.1.11');
    expect(check(rsaKey, 'rsa-sha256', sequence(oid))).toBeUndefined();
    expect(check(rsaKey, 'rsa-sha256', sequence(oid, integer(1)))).toBe('unsupported-algorithm');
  });

  it('refuses Ed25519 with parameters (RFC 8410 §3)', () => {
    const stated = sequence(objectIdentifier('1.3.101.112'), nullValue());
    expect(check(generateKey('ed25519'), 'ed25519', stated)).toBe('unsupported-algorithm');
  });

  it('knows sha1WithRSA by its OIW number too', () => {
    expect(check(rsaKey, 'rsa-sha1', sequence(objectIdentifier('1.3.14.3.2.29'), nullValue()))).toBeUndefined();
  });

  it.each(['1.2.840.113549.1.1.4', '1.2.840.113549.1.1.2'])('refuses MD5 and MD2 as weak (%s)', (oid) => {
    const stated = sequence(objectIdentifier(oid), nullValue());
    expect(check(rsaKey, 'rsa-md5', stated)).toBe('weak-algorithm');
  });

  it('does not know other algorithms', () => {
    const dsa = sequence(objectIdentifier('1.2.840.10040.4.3'));
    expect(check(rsaKey, 'rsa-sha256', dsa)).toBe('unsupported-algorithm');
    expect(check(ecKey, 'ecdsa-sha256', sequence(objectIdentifier('2.16.840.1.101.3.4.3.10')))).toBe(
      'unsupported-algorithm',
    );
  });

  it('refuses a key of another kind than the algorithm', () => {
    const rsa = signatureAlgorithmIdentifier('rsa-sha256');
    expect(check(ecKey, 'ecdsa-sha256', rsa)).toBe('unsupported-algorithm');
    expect(check(ecKey, 'ecdsa-sha256', signatureAlgorithmIdentifier('rsa-pss-sha256'))).toBe('unsupported-algorithm');
    expect(check(ecKey, 'ecdsa-sha256', signatureAlgorithmIdentifier('ed25519'))).toBe('unsupported-algorithm');
    expect(check(rsaKey, 'rsa-sha256', signatureAlgorithmIdentifier('ecdsa-sha256'))).toBe('unsupported-algorithm');
    expect(check(generateKey('rsa-pss'), 'rsa-pss-sha256', rsa)).toBe('unsupported-algorithm');
  });

  it('does not accept a signature under another hash than the stated one', () => {
    expect(check(rsaKey, 'rsa-sha256', signatureAlgorithmIdentifier('rsa-sha512'))).toBe('signature-invalid');
    expect(check(rsaKey, 'rsa-pss-sha256', signatureAlgorithmIdentifier('rsa-sha256'))).toBe('signature-invalid');
  });
});

describe('RSASSA-PSS', () => {
  it.each(hashes)('accepts an id-RSASSA-PSS key without parameters and %s', (hash) => {
    expect(check(generateKey('rsa-pss'), `rsa-pss-${hash}`)).toBeUndefined();
  });

  it('minds the salt length', () => {
    expect(check(rsaKey, { pss: 'sha256', saltLength: 0 })).toBeUndefined();
    expect(check(rsaKey, { pss: 'sha256', saltLength: 100 })).toBeUndefined();
    const stated = signatureAlgorithmIdentifier({ pss: 'sha256', saltLength: 32 });
    expect(check(rsaKey, { pss: 'sha256', saltLength: 31 }, stated)).toBe('signature-invalid');
  });

  it('does not support an MGF1 hash of its own with an ordinary RSA key', () => {
    expect(check(rsaKey, { pss: 'sha256', mgf1Hash: 'sha1', saltLength: 32 })).toBe('unsupported-algorithm');
    expect(check(generateKey('rsa-pss'), { pss: 'sha256', mgf1Hash: 'sha1' })).toBe('unsupported-algorithm');
  });

  it('accepts an MGF1 hash of its own where the parameters of the key say so', () => {
    const key = generateKey('rsa-pss-mgf1-sha1');
    expect(check(key, { pss: 'sha256', mgf1Hash: 'sha1', saltLength: 32 })).toBeUndefined();
    const stated = signatureAlgorithmIdentifier({ pss: 'sha256', mgf1Hash: 'sha1', saltLength: 32 });
    const signature = corrupted(signBytes(data, key, { pss: 'sha256', mgf1Hash: 'sha1', saltLength: 32 }));
    expect(checkSignature(algorithmOf(stated), signature, data, publicKey(key))).toBe('unsupported-algorithm');
  });

  it('accepts what openssl signs with such a key', { tags: 'openssl' }, async () => {
    await withTemporaryFolder((folder) => {
      const keyFile = folder.at('key.pem');
      const options = [
        'rsa_keygen_bits:2048',
        'rsa_pss_keygen_md:sha256',
        'rsa_pss_keygen_mgf1_md:sha1',
        'rsa_pss_keygen_saltlen:32',
      ];
      const generate = ['genpkey', '-algorithm', 'RSA-PSS', ...options.flatMap((one) => ['-pkeyopt', one])];
      execFileSync('openssl', [...generate, '-out', keyFile], { stdio: 'ignore' });
      const signatureFile = folder.at('signature');
      execFileSync('openssl', ['dgst', '-sha256', '-sign', keyFile, '-out', signatureFile, folder.write('data', data)]);
      const stated = signatureAlgorithmIdentifier({ pss: 'sha256', mgf1Hash: 'sha1', saltLength: 32 });
      const key = publicKey(createPrivateKey(readFileSync(keyFile)));
      expect(checkSignature(algorithmOf(stated), readFileSync(signatureFile), data, key)).toBeUndefined();
    });
  });

  const pssOid = objectIdentifier('1.2.840.113549.1.1.10');
  const sha256 = sequence(objectIdentifier('2.16.840.1.101.3.4.2.1'), nullValue());
  const mgf1 = (hash: Uint8Array): Buffer => sequence(objectIdentifier('1.2.840.113549.1.1.8'), hash);

  it('accepts defaults that are written out', () => {
    const sha1 = sequence(objectIdentifier('1.3.14.3.2.26'), nullValue());
    const fields = [sha1, mgf1(sha1), integer(20), integer(1)].map((field, index) => contextConstructed(index, field));
    expect(check(rsaKey, 'rsa-pss-sha1', sequence(pssOid, sequence(...fields)))).toBeUndefined();
  });

  it.each([
    ['no parameters', sequence(pssOid)],
    ['NULL parameters', sequence(pssOid, nullValue())],
    ['an unknown hash', sequence(pssOid, sequence(contextConstructed(0, sequence(objectIdentifier('1.2.3')))))],
    ['MD5', signatureAlgorithmIdentifier({ pss: 'md5' })],
    ['another mask than MGF1', sequence(pssOid, sequence(contextConstructed(1, sha256)))],
    [
      'MGF1 without a hash',
      sequence(pssOid, sequence(contextConstructed(1, sequence(objectIdentifier('1.2.840.113549.1.1.8'))))),
    ],
    ['a salt of 3000 octets', signatureAlgorithmIdentifier({ pss: 'sha256', saltLength: 3000 })],
    ['a negative salt length', sequence(pssOid, sequence(contextConstructed(2, integer(-1))))],
    ['another trailer', sequence(pssOid, sequence(contextConstructed(3, integer(2))))],
    [
      'data after the parameters',
      sequence(pssOid, sequence(contextConstructed(0, sha256), contextConstructed(4, integer(1)))),
    ],
  ])('does not support %s', (_, stated) => {
    expect(check(rsaKey, 'rsa-pss-sha256', stated)).toBe('unsupported-algorithm');
  });
});

describe('a public key', () => {
  it('is weak below 1024 bits of RSA', () => {
    const short = generateKeyPairSync('rsa', { modulusLength: 512 }).privateKey;
    expect(check(short, 'rsa-sha256')).toBe('weak-algorithm');
    expect(check(generateKey('rsa-1024'), 'rsa-sha256')).toBeUndefined();
  });

  it('is not supported on another curve', () => {
    const key = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey;
    expect(check(key, 'ecdsa-sha256')).toBe('unsupported-algorithm');
  });

  it('is not supported on a curve that is spelt out, even if it is P-256 (RFC 5480 §2.1.1)', () => {
    const key = generateKeyPairSync('ec', { namedCurve: 'P-256', paramEncoding: 'explicit' }).privateKey;
    expect(check(key, 'ecdsa-sha256')).toBe('unsupported-algorithm');
  });

  it('is not supported when it is broken or of another kind', () => {
    const stated = algorithmOf(signatureAlgorithmIdentifier('rsa-sha256'));
    const signature = signBytes(data, rsaKey, 'rsa-sha256');
    const broken = publicKeyInfo(rsaKey).subarray(0, 100);
    const algorithm = algorithmOf(readSequence(publicKeyInfo(rsaKey))[0]!.der);
    expect(checkSignature(stated, signature, data, { spki: broken, keyBits: broken, algorithm })).toBe(
      'unsupported-algorithm',
    );
    const dsa = generateKeyPairSync('dsa', { modulusLength: 1024, divisorLength: 160 }).publicKey;
    const dsaKey = publicKeyOf(dsa.export({ format: 'der', type: 'spki' }));
    expect(checkSignature(stated, signature, data, dsaKey)).toBe('unsupported-algorithm');
  });

  it.each([
    ['an exponent of 1', 1n, 'weak-algorithm'],
    ['an exponent of 3', 3n, 'signature-invalid'],
    ['an exponent of 33 bits', 2n ** 33n - 1n, 'signature-invalid'],
    [
      'an exponent above 33 bits, which whoever makes up the key could choose to fit',
      2n ** 33n + 1n,
      'unsupported-algorithm',
    ],
    ['an exponent as long as the modulus', 2n ** 2047n + 1n, 'unsupported-algorithm'],
  ])('with %s is judged by that', (_, exponent, expected) => {
    const [modulus] = readSequence(subjectPublicKey(rsaKey));
    const key = rsaPublicKey(Buffer.from(modulus!.contents), exponent);
    const signature = signBytes(data, rsaKey, 'rsa-sha256');
    expect(checkSignature(algorithmOf(signatureAlgorithmIdentifier('rsa-sha256')), signature, data, key)).toBe(
      expected,
    );
  });

  it('of more than 16384 bits is not supported, and costs no time', () => {
    const modulus = Buffer.alloc(2100, 0xff);
    const key = rsaPublicKey(Buffer.concat([Buffer.of(0), modulus]), 65_537n);
    const started = performance.now();
    const stated = algorithmOf(signatureAlgorithmIdentifier('rsa-sha256'));
    expect(checkSignature(stated, Buffer.alloc(2100, 1), data, key)).toBe('unsupported-algorithm');
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

function rsaPublicKey(modulus: Uint8Array, exponent: bigint): PublicKey {
  const tag = (contents: Uint8Array): Buffer => {
    const { length } = contents;
    const header = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
    return Buffer.concat([Buffer.of(0x02, ...header), contents]);
  };
  const bits = sequence(tag(modulus), tag(integerContents(exponent)));
  const spki = sequence(
    sequence(objectIdentifier('1.2.840.113549.1.1.1'), nullValue()),
    Buffer.concat([Buffer.of(0x03, 0x82, (bits.length + 1) >> 8, (bits.length + 1) & 0xff, 0x00), bits]),
  );
  return publicKeyOf(spki, bits);
}

describe('the names of algorithms', () => {
  it.each([
    ['rsa-sha256', 'sha256WithRSAEncryption', false],
    ['rsa-sha1', 'sha1WithRSAEncryption', true],
    ['rsa-pss-sha1', 'rsassaPss', true],
    ['rsa-pss-sha256', 'rsassaPss', false],
    ['ecdsa-sha384', 'ecdsa-with-SHA384', false],
    ['ecdsa-sha1', 'ecdsa-with-SHA1', true],
    ['ed25519', 'ED25519', false],
  ] as const)('%s is printed as %s, over SHA-1: %s', (algorithm, name, overSha1) => {
    const stated = algorithmOf(signatureAlgorithmIdentifier(algorithm));
    expect(signatureAlgorithmName(stated)).toBe(name);
    expect(signsSha1(stated)).toBe(overSha1);
  });

  it('are numbers where nobody here knows them', () => {
    expect(signatureAlgorithmName(algorithmOf(sequence(objectIdentifier('1.2.3'))))).toBe('1.2.3');
  });
});
