import { constants, createVerify, verify, type KeyObject } from 'node:crypto';
import { hasNoParameters, type AlgorithmIdentifier } from './algorithm-identifier.js';
import type { SignatureHash } from '../hash.js';
import { Oid } from '../oid.js';
import { pssHashNames, readPssParameters } from './pss-parameters.js';
import { checkedKey, type PublicKey, type UsableKey } from './public-key.js';
import { unsupportedAlgorithmName } from './unsupported-algorithms.js';

/** Why a signature is not accepted. */
export type SignatureFailure = 'signature-invalid' | 'unsupported-algorithm' | 'weak-algorithm';

type Scheme =
  | { readonly kind: 'rsa'; readonly hash: SignatureHash }
  | { readonly kind: 'rsa-pss' }
  | { readonly kind: 'ecdsa'; readonly hash: SignatureHash }
  | { readonly kind: 'ed25519' | 'ed448' }
  | { readonly kind: 'weak' };

interface AllowedAlgorithm {
  /** The name that the RFCs and openssl print. */
  readonly name: string;
  readonly scheme: Scheme;
}

/** The allow-list: what stands here is verified, MD2 and MD5 are refused by name, all else is unsupported. */
const algorithms: Readonly<Record<string, AllowedAlgorithm>> = {
  [Oid.sha1WithRsa]: { name: 'sha1WithRSAEncryption', scheme: { kind: 'rsa', hash: 'sha1' } },
  [Oid.sha1WithRsaOiw]: { name: 'sha1WithRSA', scheme: { kind: 'rsa', hash: 'sha1' } },
  [Oid.sha224WithRsa]: { name: 'sha224WithRSAEncryption', scheme: { kind: 'rsa', hash: 'sha224' } },
  [Oid.sha256WithRsa]: { name: 'sha256WithRSAEncryption', scheme: { kind: 'rsa', hash: 'sha256' } },
  [Oid.sha384WithRsa]: { name: 'sha384WithRSAEncryption', scheme: { kind: 'rsa', hash: 'sha384' } },
  [Oid.sha512WithRsa]: { name: 'sha512WithRSAEncryption', scheme: { kind: 'rsa', hash: 'sha512' } },
  [Oid.rsaPss]: { name: 'rsassaPss', scheme: { kind: 'rsa-pss' } },
  [Oid.ecdsaWithSha1]: { name: 'ecdsa-with-SHA1', scheme: { kind: 'ecdsa', hash: 'sha1' } },
  [Oid.ecdsaWithSha224]: { name: 'ecdsa-with-SHA224', scheme: { kind: 'ecdsa', hash: 'sha224' } },
  [Oid.ecdsaWithSha256]: { name: 'ecdsa-with-SHA256', scheme: { kind: 'ecdsa', hash: 'sha256' } },
  [Oid.ecdsaWithSha384]: { name: 'ecdsa-with-SHA384', scheme: { kind: 'ecdsa', hash: 'sha384' } },
  [Oid.ecdsaWithSha512]: { name: 'ecdsa-with-SHA512', scheme: { kind: 'ecdsa', hash: 'sha512' } },
  [Oid.ed25519]: { name: 'ED25519', scheme: { kind: 'ed25519' } },
  [Oid.ed448]: { name: 'ED448', scheme: { kind: 'ed448' } },
  [Oid.md5WithRsa]: { name: 'md5WithRSAEncryption', scheme: { kind: 'weak' } },
  [Oid.md2WithRsa]: { name: 'md2WithRSAEncryption', scheme: { kind: 'weak' } },
};

/** The usual name of a signature algorithm, or its OID where it is not on the list. */
export function signatureAlgorithmName(algorithm: AlgorithmIdentifier): string {
  return algorithms[algorithm.oid]?.name ?? unsupportedAlgorithmName(algorithm.oid);
}

/** Why signatures of this algorithm are not verified with such a key, its name first; undefined where they may be. */
export function signatureAlgorithmProblem(algorithm: AlgorithmIdentifier, publicKey: PublicKey): string | undefined {
  const name = signatureAlgorithmName(algorithm);
  const scheme = algorithms[algorithm.oid]?.scheme;
  if (scheme === undefined) return `${name}, which is not supported`;
  if (scheme.kind === 'weak') return `${name}, which is too weak`;
  if (scheme.kind !== 'rsa-pss') return undefined;
  const parameters = readPssParameters(algorithm);
  const isChecked =
    parameters !== undefined &&
    (parameters.hash === parameters.maskHash || publicKey.algorithm.oid !== Oid.rsaEncryption);
  if (isChecked) return undefined;
  return `${name} with ${pssHashNames(algorithm) ?? 'malformed parameters'}, which is not supported`;
}

/** Whether the algorithm signs a SHA-1 hash, which is accepted with a warning. */
export function signsSha1(algorithm: AlgorithmIdentifier): boolean {
  const scheme = algorithms[algorithm.oid]?.scheme;
  if (scheme?.kind === 'rsa-pss') return readPssParameters(algorithm)?.hash === 'sha1';
  return scheme !== undefined && 'hash' in scheme && scheme.hash === 'sha1';
}

/** Whether a key of this type can have made signatures of the algorithm; the key itself is not looked at. */
export function mayHaveSigned(algorithm: AlgorithmIdentifier, { algorithm: { oid } }: PublicKey): boolean {
  switch (algorithms[algorithm.oid]?.scheme.kind) {
    case 'rsa':
      return oid === Oid.rsaEncryption;
    case 'rsa-pss':
      return oid === Oid.rsaEncryption || oid === Oid.rsaPss;
    case 'ecdsa':
      return oid === Oid.ecPublicKey;
    case 'ed25519':
      return oid === Oid.ed25519;
    case 'ed448':
      return oid === Oid.ed448;
    case 'weak':
    case undefined:
      return false;
  }
}

/**
 * Checks a signature over `data`, the exact bytes that came, against the allow-list and then by node:crypto.
 *
 * @returns undefined when the signature holds, else why it does not; never throws for hostile input
 */
export function checkSignature(
  algorithm: AlgorithmIdentifier,
  signature: Uint8Array,
  data: Uint8Array,
  publicKey: PublicKey,
): SignatureFailure | undefined {
  const scheme = algorithms[algorithm.oid]?.scheme;
  if (scheme === undefined) return 'unsupported-algorithm';
  if (scheme.kind === 'weak') return 'weak-algorithm';
  const checked = checkedKey(publicKey);
  if ('failure' in checked) return checked.failure;
  const { kind, object: key } = checked;
  switch (scheme.kind) {
    case 'rsa':
      if (kind !== 'rsa' || !hasNoParameters(algorithm)) return 'unsupported-algorithm';
      return holdsOverHash(scheme.hash, data, { key, padding: constants.RSA_PKCS1_PADDING }, signature);
    case 'rsa-pss':
      return checkPss(algorithm, signature, data, checked);
    case 'ecdsa':
      if (kind !== 'ec' || !hasNoParameters(algorithm)) return 'unsupported-algorithm';
      return holdsOverHash(scheme.hash, data, { key, dsaEncoding: 'der' }, signature);
    case 'ed25519':
    case 'ed448':
      // RFC 8410 §3: the parameters must be absent.
      if (kind !== scheme.kind || algorithm.parameters !== undefined) return 'unsupported-algorithm';
      return holds(null, data, { key }, signature);
  }
}

function checkPss(
  algorithm: AlgorithmIdentifier,
  signature: Uint8Array,
  data: Uint8Array,
  { kind, object: key }: UsableKey,
): SignatureFailure | undefined {
  const parameters = readPssParameters(algorithm);
  if (parameters === undefined) return 'unsupported-algorithm';
  if (kind !== 'rsa' && kind !== 'rsa-pss') return 'unsupported-algorithm';
  const { hash, maskHash, saltLength } = parameters;
  if (hash === maskHash) {
    return holds(hash, data, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }, signature);
  }
  // node:crypto takes no MGF1 hash of its own; it follows the parameters inside an id-RSASSA-PSS key.
  if (kind !== 'rsa-pss') return 'unsupported-algorithm';
  return holds(hash, data, { key, saltLength }, signature) === undefined ? undefined : 'unsupported-algorithm';
}

type VerifyKey = Exclude<Parameters<typeof verify>[2], string | Buffer | KeyObject>;

function holds(
  hash: SignatureHash | null,
  data: Uint8Array,
  key: VerifyKey,
  signature: Uint8Array,
): SignatureFailure | undefined {
  return failureUnless(() => verify(hash, data, key, signature));
}

/** As {@link holds}, an eighth faster, for the schemes whose hash is a parameter of its own. */
function holdsOverHash(
  hash: SignatureHash,
  data: Uint8Array,
  key: VerifyKey,
  signature: Uint8Array,
): SignatureFailure | undefined {
  return failureUnless(() => createVerify(hash).update(data).verify(key, signature));
}

function failureUnless(isSound: () => boolean): SignatureFailure | undefined {
  try {
    return isSound() ? undefined : 'signature-invalid';
  } catch {
    // OpenSSL throws for signatures that are not even well-formed, and for salt lengths out of range.
    return 'signature-invalid';
  }
}
