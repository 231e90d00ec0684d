import {
  constants,
  createHash,
  createPrivateKey,
  privateEncrypt,
  randomBytes,
  sign,
  type KeyObject,
} from 'node:crypto';

import { contextConstructed, integer, nullValue, objectIdentifier, sequence } from './der-writer.js';
import { readSequence } from './der-reader.js';

export type HashName = 'md5' | 'sha1' | 'sha224' | 'sha256' | 'sha384' | 'sha512';

/** RSASSA-PSS with every parameter free, also those that no sane signer chooses. */
export interface PssAlgorithm {
  readonly pss: HashName;
  readonly mgf1Hash?: HashName;
  readonly saltLength?: number;
}

export type SignatureAlgorithm =
  `rsa-${HashName}` | `rsa-pss-${HashName}` | `ecdsa-${Exclude<HashName, 'md5'>}` | 'ed25519' | 'ed448' | PssAlgorithm;

const hashIdentifiers: Readonly<Record<HashName, string>> = {
  md5: '1.2.840.113549.2.5',
  sha1: '1.3.14.3.2.26',
  sha224: '2.16.840.1.101.3.4.2.4',
  sha256: '2.16.840.1.101.3.4.2.1',
  sha384: '2.16.840.1.101.3.4.2.2',
  sha512: '2.16.840.1.101.3.4.2.3',
};

const rsaIdentifiers: Readonly<Record<HashName, string>> = {
  md5: '1.2.840.113549.1.1.4',
  sha1: '1.2.840.113549.1.1.5',
  sha224: '1.2.840.113549.1.1.14',
  sha256: '1.2.840.113549.1.1.11',
  sha384: '1.2.840.113549.1.1.12',
  sha512: '1.2.840.113549.1.1.13',
};

const ecdsaIdentifiers: Readonly<Record<HashName, string>> = {
  md5: '1.2.840.10045.4.99',
  sha1: '1.2.840.10045.4.1',
  sha224: '1.2.840.10045.4.3.1',
  sha256: '1.2.840.10045.4.3.2',
  sha384: '1.2.840.10045.4.3.3',
  sha512: '1.2.840.10045.4.3.4',
};

/** id-RSASSA-PSS, of keys and of signatures. */
export const pssIdentifier = objectIdentifier('1.2.840.113549.1.1.10');

/** The dotted OID of a hash. */
export function hashIdentifier(hash: HashName): string {
  return hashIdentifiers[hash];
}

/** The name of a hash by its OID; undefined for one unknown here. */
export function hashByIdentifier(dotted: string): HashName | undefined {
  const found = Object.entries(hashIdentifiers).find(([, identifier]) => identifier === dotted);
  return found?.[0] as HashName | undefined;
}

export function digest(hash: HashName, bytes: Uint8Array): Buffer {
  return createHash(hash).update(bytes).digest();
}

/** AlgorithmIdentifier of a hash, with NULL parameters or none. */
export function hashAlgorithmIdentifier(hash: HashName, parameters: 'null' | 'absent' = 'null'): Buffer {
  const identifier = objectIdentifier(hashIdentifiers[hash]);
  return parameters === 'null' ? sequence(identifier, nullValue()) : sequence(identifier);
}

/** What a key signs with when nobody asks for anything else. */
export function defaultSignatureAlgorithm(key: KeyObject): SignatureAlgorithm {
  const details = key.asymmetricKeyDetails;
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return 'rsa-sha256';
    case 'rsa-pss':
      return details?.mgf1HashAlgorithm === 'sha1'
        ? { pss: 'sha256', mgf1Hash: 'sha1', saltLength: 32 }
        : 'rsa-pss-sha256';
    case 'ec':
      return details?.namedCurve === 'secp521r1'
        ? 'ecdsa-sha512'
        : details?.namedCurve === 'secp384r1'
          ? 'ecdsa-sha384'
          : 'ecdsa-sha256';
    case 'ed25519':
      return 'ed25519';
    case 'ed448':
      return 'ed448';
    default:
      throw new Error(`no signature algorithm for a key of type ${String(key.asymmetricKeyType)}`);
  }
}

/** The AlgorithmIdentifier that belongs to a signature algorithm, DER. */
export function signatureAlgorithmIdentifier(algorithm: SignatureAlgorithm): Buffer {
  const parts = takeApart(algorithm);
  switch (parts.kind) {
    case 'rsa':
      return sequence(objectIdentifier(rsaIdentifiers[parts.hash]), nullValue());
    case 'ecdsa':
      return sequence(objectIdentifier(ecdsaIdentifiers[parts.hash]));
    case 'ed25519':
      return sequence(objectIdentifier('1.3.101.112'));
    case 'ed448':
      return sequence(objectIdentifier('1.3.101.113'));
    case 'pss':
      return sequence(pssIdentifier, pssParameters(parts));
  }
}

/** Signs bytes; the key must fit the algorithm. */
export function signBytes(bytes: Uint8Array, key: KeyObject, algorithm: SignatureAlgorithm): Buffer {
  const parts = takeApart(algorithm);
  switch (parts.kind) {
    case 'rsa':
    case 'ecdsa':
      return sign(parts.hash, bytes, key);
    case 'ed25519':
    case 'ed448':
      return sign(null, bytes, key);
    case 'pss':
      return signPss(bytes, key, parts);
  }
}

/** The same signature with its last bit turned over. */
export function corrupted(signature: Uint8Array): Buffer {
  const copy = Buffer.from(signature);
  copy[copy.length - 1] = (copy[copy.length - 1] ?? 0) ^ 0x01;
  return copy;
}

interface PssParts {
  readonly kind: 'pss';
  readonly hash: HashName;
  readonly mgf1Hash: HashName;
  readonly saltLength: number;
}

type Parts =
  { readonly kind: 'rsa' | 'ecdsa'; readonly hash: HashName } | { readonly kind: 'ed25519' | 'ed448' } | PssParts;

function takeApart(algorithm: SignatureAlgorithm): Parts {
  if (typeof algorithm !== 'string') {
    const hash = algorithm.pss;
    const saltLength = algorithm.saltLength ?? digest(hash, new Uint8Array()).length;
    return { kind: 'pss', hash, mgf1Hash: algorithm.mgf1Hash ?? hash, saltLength };
  }
  if (algorithm === 'ed25519' || algorithm === 'ed448') return { kind: algorithm };
  const hash = algorithm.slice(algorithm.lastIndexOf('-') + 1) as HashName;
  if (algorithm.startsWith('rsa-pss-')) return takeApart({ pss: hash });
  return { kind: algorithm.startsWith('rsa-') ? 'rsa' : 'ecdsa', hash };
}

/** RSASSA-PSS-params (RFC 4055 §3.1); DER leaves the defaults (SHA-1, MGF1 with SHA-1, 20) out. */
function pssParameters({ hash, mgf1Hash, saltLength }: PssParts): Buffer {
  const fields: Buffer[] = [];
  if (hash !== 'sha1') fields.push(contextConstructed(0, hashAlgorithmIdentifier(hash)));
  if (mgf1Hash !== 'sha1') {
    const mask = sequence(objectIdentifier('1.2.840.113549.1.1.8'), hashAlgorithmIdentifier(mgf1Hash));
    fields.push(contextConstructed(1, mask));
  }
  if (saltLength !== 20) fields.push(contextConstructed(2, integer(saltLength)));
  return sequence(...fields);
}

/** EMSA-PSS by hand (RFC 8017 §9.1.1), because node:crypto silently ignores an MGF1 hash that differs from the message hash. */
function signPss(bytes: Uint8Array, key: KeyObject, { hash, mgf1Hash, saltLength }: PssParts): Buffer {
  const plain = plainRsaKey(key);
  const modulusBits = plain.asymmetricKeyDetails?.modulusLength;
  if (modulusBits === undefined) throw new Error('RSASSA-PSS needs an RSA key');
  const encodedBits = modulusBits - 1;
  const encodedLength = Math.ceil(encodedBits / 8);

  const salt = randomBytes(saltLength);
  const inner = digest(hash, Buffer.concat([Buffer.alloc(8), digest(hash, bytes), salt]));
  const block = Buffer.concat([Buffer.alloc(encodedLength - saltLength - inner.length - 2), Buffer.from([0x01]), salt]);
  const mask = maskGeneration(mgf1Hash, inner, block.length);
  const masked = Buffer.from(block.map((byte, index) => byte ^ (mask[index] ?? 0)));
  masked[0] = (masked[0] ?? 0) & (0xff >> (8 * encodedLength - encodedBits));
  const encoded = Buffer.concat([masked, inner, Buffer.from([0xbc])]);
  const padded = Buffer.concat([Buffer.alloc(Math.ceil(modulusBits / 8) - encodedLength), encoded]);
  return privateEncrypt({ key: plain, padding: constants.RSA_NO_PADDING }, padded);
}

function maskGeneration(hash: HashName, seed: Uint8Array, length: number): Buffer {
  const blocks: Buffer[] = [];
  for (let counter = 0, have = 0; have < length; counter += 1) {
    const suffix = Buffer.alloc(4);
    suffix.writeUInt32BE(counter);
    const block = digest(hash, Buffer.concat([seed, suffix]));
    blocks.push(block);
    have += block.length;
  }
  return Buffer.concat(blocks).subarray(0, length);
}

/** An id-RSASSA-PSS key refuses raw operations: its RSAPrivateKey is taken out of the PKCS#8 wrapping. */
function plainRsaKey(key: KeyObject): KeyObject {
  if (key.asymmetricKeyType !== 'rsa-pss') return key;
  const inner = readSequence(key.export({ format: 'der', type: 'pkcs8' }))[2];
  if (inner === undefined) throw new Error('a PKCS#8 key without a key');
  return createPrivateKey({ key: Buffer.from(inner.contents), format: 'der', type: 'pkcs1' });
}
