import { createPrivateKey, createPublicKey, type KeyObject, type PrivateKeyInput } from 'node:crypto';
import { OcspError, looksLikePem } from '../core/index.js';
import { DerError, DerReader, Tag, readWhole } from '../core/der/der.js';
import { shownPath, type FilePath } from '../core/file-path.js';
import { publicKeyProblem, readPublicKey } from '../core/keys/public-key.js';
import { exposureOf } from '../system/file-exposure.js';
import { readInputFile } from './input-file.js';

/** A private key, and what the reader should hear about its file, one sentence each. */
export interface PrivateKeyFile {
  readonly key: KeyObject;
  readonly warnings: readonly string[];
}

/** The largest RSA key that signs here takes 13 KiB in PEM; a bundle with a chain beside it a few more. */
const largestKeyFile = 64 * 1024;

/**
 * Reads a private key that can sign responses: RSA (PSS too), ECDSA on P-256, P-384 or P-521, Ed25519. The file is PEM
 * or DER; PKCS#8 (RFC 5958), plain or encrypted, PKCS#1 (RFC 8017 appendix A.1.2) or SEC1 (RFC 5915), or openssl's
 * older PEM encryption. Certificates beside the key in a PEM bundle are ignored. The key never is in a message.
 *
 * @param options.passphrase text is taken as UTF-8; not looked at for a key that is not encrypted
 * @throws OcspError `key-unreadable` for a file without exactly one private key that can be decoded, `key-passphrase`
 *   when the key is encrypted and there is no passphrase or another one, `key-unsupported` for a key that cannot sign
 *   here; what reading a file can throw
 */
export function readPrivateKey(path: FilePath, options: { passphrase?: Uint8Array | string } = {}): PrivateKeyFile {
  const bytes = readInputFile(path, largestKeyFile, {
    empty: 'copy the key there again',
    tooLarge: 'name the file of one private key',
  });
  try {
    const found = looksLikePem(bytes) ? findInPem(bytes, path) : recogniseDer(bytes, path);
    const key = decode(found, options.passphrase, path);
    requireSigningKey(key, path);
    return { key, warnings: exposureOf(path, 'the private key') };
  } finally {
    // As little as possible of a key stays in memory.
    bytes.fill(0);
  }
}

interface EncodedKey {
  readonly input: PrivateKeyInput;
  readonly encrypted: boolean;
}

const privateKeyBlock = /-----BEGIN ((?:[A-Z0-9]+ )*PRIVATE KEY)-----[\s\S]*?-----END \1-----/g;

/** OpenSSL sees only the one block, so that nothing else in a bundle is taken for the key. */
function findInPem(bytes: Uint8Array, path: FilePath): EncodedKey {
  const text = asBuffer(bytes).toString('latin1');
  const [block, second] = text.matchAll(privateKeyBlock);
  if (block === undefined) {
    const isCut = /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----/.test(text);
    throw isCut
      ? unreadable(path, 'its PRIVATE KEY block has no end line', 'the file was cut short: copy it again')
      : unreadable(path, 'there is no private key in it', 'name the file that holds -----BEGIN PRIVATE KEY-----');
  }
  if (second !== undefined) {
    throw unreadable(
      path,
      'there is more than one private key in it',
      'name a file with only the key that should sign',
    );
  }
  const [key, label] = block;
  // OpenSSL takes a carriage return only before a line feed.
  const lines = key.replaceAll(/\r\n?/g, '\n');
  // RFC 1421 §4.6.1.1 marks the older form of openssl.
  const encrypted = label === 'ENCRYPTED PRIVATE KEY' || /^Proc-Type: *4, *ENCRYPTED/m.test(lines);
  return { input: { format: 'pem', key: lines }, encrypted };
}

function recogniseDer(bytes: Uint8Array, path: FilePath): EncodedKey {
  const hint = 'name the file of the private key, PEM or DER; see: openssl pkey -in FILE';
  const type = bytes[0] === Tag.sequence ? typeOfDer(bytes) : undefined;
  if (type === undefined) throw unreadable(path, 'there is no private key in it', hint);
  const encrypted = type === 'encrypted';
  return { input: { format: 'der', key: asBuffer(bytes), type: encrypted ? 'pkcs8' : type }, encrypted };
}

/** Told apart by what begins each: a version and an algorithm, a number or a key; if encrypted, only an algorithm. */
function typeOfDer(bytes: Uint8Array): 'pkcs8' | 'pkcs1' | 'sec1' | 'encrypted' | undefined {
  try {
    const outer = readWhole(bytes, Tag.sequence, 'private key');
    const first = outer.any('first part').tag;
    const second = outer.peekTag();
    if (first === Tag.sequence) {
      outer.element(Tag.octetString, 'encryptedData');
      return outer.isAtEnd ? 'encrypted' : undefined;
    }
    if (first !== Tag.integer) return undefined;
    if (second === Tag.octetString) return 'sec1';
    if (second === Tag.sequence) return 'pkcs8';
    return second === Tag.integer ? 'pkcs1' : undefined;
  } catch (error) {
    if (error instanceof DerError) return undefined;
    throw error;
  }
}

function decode(
  { input, encrypted }: EncodedKey,
  passphrase: Uint8Array | string | undefined,
  path: FilePath,
): KeyObject {
  if (encrypted && passphrase === undefined) {
    throw badPassphrase(path, 'is encrypted, and no passphrase was given');
  }
  try {
    if (!encrypted || passphrase === undefined) return createPrivateKey(input);
    return createPrivateKey({ ...input, passphrase: Buffer.from(passphrase) });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'no reason given';
    if (code === 'ERR_OSSL_EVP_UNSUPPORTED') {
      throw unreadable(
        path,
        'it is encrypted with a cipher that OpenSSL no longer supports',
        'encrypt it again: openssl pkcs8 -topk8 -v2 aes-256-cbc -in OLD -out NEW',
        error,
      );
    }
    if (encrypted) throw badPassphrase(path, 'does not open with this passphrase', error);
    throw unreadable(path, `OpenSSL cannot decode it (${code})`, 'check it with: openssl pkey -in FILE -noout', error);
  }
}

const signingTypes: ReadonlySet<string> = new Set(['rsa', 'rsa-pss', 'ec', 'ed25519']);

function requireSigningKey(key: KeyObject, path: FilePath): void {
  const type = key.asymmetricKeyType ?? 'unknown';
  if (!signingTypes.has(type)) throw unsupported(path, `is of type ${type}`);
  const problem = publicPartProblem(key);
  if (problem !== undefined) throw unsupported(path, `makes signatures that no client accepts: ${problem}`);
}

/** By the bounds that a verifier sets. Node itself aborts when it is asked for the details of some keys. */
function publicPartProblem(key: KeyObject): string | undefined {
  let spki: Uint8Array;
  try {
    spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  } catch {
    return 'it has no usable public part';
  }
  return publicKeyProblem(readPublicKey(new DerReader(spki)));
}

function unreadable(path: FilePath, because: string, hint: string, cause?: unknown): OcspError {
  const message = `no private key could be read from ${shownPath(path)}: ${because}`;
  return new OcspError('key-unreadable', message, hint, { cause });
}

function badPassphrase(path: FilePath, why: string, cause?: unknown): OcspError {
  return new OcspError(
    'key-passphrase',
    `the private key ${shownPath(path)} ${why}`,
    'give the right one by --passphrase-file FILE or in RESTAPLE_PASSPHRASE',
    { cause },
  );
}

function unsupported(path: FilePath, why: string): OcspError {
  return new OcspError(
    'key-unsupported',
    `the private key ${shownPath(path)} ${why}`,
    'use RSA of 2048 bits or more, ECDSA on P-256, P-384 or P-521, or Ed25519',
  );
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
