import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { readSequence } from './der-reader.js';
import { integer, octetString, sequence } from './der-writer.js';
import { pssIdentifier, signatureAlgorithmIdentifier, type PssAlgorithm } from './signatures.js';

export type KeyType =
  | 'ec-p256'
  | 'ec-p384'
  | 'ec-p521'
  | 'rsa-1024'
  | 'rsa-2048'
  | 'rsa-3072'
  /** An id-RSASSA-PSS key without parameters. */
  | 'rsa-pss'
  /** An id-RSASSA-PSS key whose parameters say SHA-256, MGF1 with SHA-1, salt of 32. */
  | 'rsa-pss-mgf1-sha1'
  | 'ed25519'
  | 'ed448';

/**
 * A private key that this test file has not had before. RSA takes about a tenth of a second, the others less than a
 * millisecond: RSA keys are made once a run of the tests, and each file is given the same ones in the same order.
 */
export function generateKey(type: KeyType = 'ec-p256'): KeyObject {
  if (type === 'rsa-pss') return pssKey();
  if (type === 'rsa-pss-mgf1-sha1') return pssKey({ pss: 'sha256', mgf1Hash: 'sha1', saltLength: 32 });
  const folder = process.env[keyFolderVariable];
  if (!type.startsWith('rsa') || folder === undefined) return makeKey(type);
  const given = keysGiven.get(type) ?? 0;
  keysGiven.set(type, given + 1);
  const path = join(folder, `${type}-${given}.pem`);
  if (existsSync(path)) return createPrivateKey(readFileSync(path));
  const key = makeKey(type);
  // Whole or not at all, since another process may look for it.
  const draft = join(folder, `.${process.pid}-${type}-${given}`);
  writeFileSync(draft, privateKeyPem(key), { mode: 0o600 });
  renameSync(draft, path);
  return key;
}

/** Names the folder that keeps the RSA keys of a run of the tests. */
export const keyFolderVariable = 'RESTAPLE_TEST_KEYS';

const keysGiven = new Map<KeyType, number>();

/** The RSA keys are given anew, from the first one on. */
export function startKeysAnew(): void {
  keysGiven.clear();
  sharedRsaKeys.clear();
}

/** A new id-RSASSA-PSS key of 2048 bits, whose parameters say what it signs with; default: it has none. */
export function pssKey(parameters?: PssAlgorithm): KeyObject {
  // Its numbers are those of any RSA key, which is quicker than to look for primes.
  const numbers = generateKey('rsa-2048').export({ format: 'der', type: 'pkcs1' });
  const algorithm = parameters === undefined ? sequence(pssIdentifier) : signatureAlgorithmIdentifier(parameters);
  const der = sequence(integer(0), algorithm, octetString(numbers));
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
}

function makeKey(type: Exclude<KeyType, `rsa-pss${string}`>): KeyObject {
  switch (type) {
    case 'ec-p256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    case 'ec-p384':
      return generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;
    case 'ec-p521':
      return generateKeyPairSync('ec', { namedCurve: 'P-521' }).privateKey;
    case 'rsa-1024':
      return generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
    case 'rsa-2048':
      return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    case 'rsa-3072':
      return generateKeyPairSync('rsa', { modulusLength: 3072 }).privateKey;
    case 'ed25519':
      return generateKeyPairSync('ed25519').privateKey;
    case 'ed448':
      return generateKeyPairSync('ed448').privateKey;
  }
}

const sharedRsaKeys = new Map<KeyType, KeyObject>();

/** A key for a certificate that signs nothing: RSA keys are generated once a process and shared, the others are always new. */
export function endEntityKey(type: KeyType = 'ec-p256'): KeyObject {
  if (!type.startsWith('rsa')) return generateKey(type);
  const known = sharedRsaKeys.get(type);
  if (known !== undefined) return known;
  const key = generateKey(type);
  sharedRsaKeys.set(type, key);
  return key;
}

/** The SubjectPublicKeyInfo of a private key, DER. */
export function publicKeyInfo(key: KeyObject): Buffer {
  const known = publicKeyInfos.get(key) ?? createPublicKey(key).export({ format: 'der', type: 'spki' });
  publicKeyInfos.set(key, known);
  return Buffer.from(known);
}

/** A fleet of certificates has one key, and OpenSSL takes as long to write it as to sign with it. */
const publicKeyInfos = new WeakMap<KeyObject, Buffer>();
const privateKeyPems = new WeakMap<KeyObject, string>();

/** The contents of the subjectPublicKey BIT STRING without the octet of unused bits: what an issuerKeyHash is taken over. */
export function subjectPublicKey(key: KeyObject): Uint8Array {
  const bits = readSequence(publicKeyInfo(key))[1];
  if (bits === undefined) throw new Error('a SubjectPublicKeyInfo without a key');
  return bits.contents.subarray(1);
}

/** A private key as PEM: PKCS#8, encrypted when there is a passphrase, or the older forms of RSA (`pkcs1`) and EC (`sec1`). */
export function privateKeyPem(
  key: KeyObject,
  options: { form?: 'pkcs8' | 'pkcs1' | 'sec1'; passphrase?: string } = {},
): string {
  const { form = 'pkcs8', passphrase } = options;
  const isUsual = form === 'pkcs8' && passphrase === undefined;
  const known = isUsual ? privateKeyPems.get(key) : undefined;
  if (known !== undefined) return known;
  const cipher = passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase };
  const text = key.export({ format: 'pem', type: form, ...cipher }).toString();
  if (isUsual) privateKeyPems.set(key, text);
  return text;
}
