import { constants, createPublicKey, createVerify, verify, type KeyObject } from 'node:crypto';
import { algorithmIdentifierOf, hasNoParameters, type AlgorithmIdentifier } from './algorithm-identifier.js';
import { DerError, Tag, contextTag, objectIdentifierOf, readerOf, type DerReader } from './der.js';
import { hashByOid, type SignatureHash } from './hash.js';
import { Oid } from './oid.js';
import type { PublicKey } from './certificate.js';

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

const allowedKeys = new Set<string>([Oid.rsaEncryption, Oid.rsaPss, Oid.ed25519, Oid.ed448]);
const allowedCurves = new Set<string>([Oid.curveP256, Oid.curveP384, Oid.curveP521]);

/** RSA keys below this are broken in practice (RFC 3766 §5 puts 1024 bits at the edge). */
const minimumRsaBits = 1024;

/** Above this OpenSSL refuses to verify (OPENSSL_RSA_MAX_MODULUS_BITS). */
const maximumRsaBits = 16_384;

/**
 * Who may choose the exponent freely can make a key under which a given signature verifies (duplicate signature key
 * selection), and a long exponent costs a thousand times the check. Deployed keys have 3 or 65537; the bound is BoringSSL's.
 */
const maximumRsaExponent = 2n ** 33n - 1n;

/** The usual name of a signature algorithm, or its OID where it is not on the list. */
export function signatureAlgorithmName(algorithm: AlgorithmIdentifier): string {
  return algorithms[algorithm.oid]?.name ?? algorithm.oid;
}

/** Whether the algorithm signs a SHA-1 hash, which is accepted with a warning. */
export function signsSha1(algorithm: AlgorithmIdentifier): boolean {
  const scheme = algorithms[algorithm.oid]?.scheme;
  if (scheme?.kind === 'rsa-pss') return readPssParameters(algorithm)?.hash === 'sha1';
  return scheme !== undefined && 'hash' in scheme && scheme.hash === 'sha1';
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
  const key = keyObjectOf(publicKey);
  if (key === undefined) return 'unsupported-algorithm';
  const keyFailure = checkKey(key);
  if (keyFailure !== undefined) return keyFailure;
  switch (scheme.kind) {
    case 'rsa':
      if (key.asymmetricKeyType !== 'rsa' || !hasNoParameters(algorithm)) return 'unsupported-algorithm';
      return holdsOverHash(scheme.hash, data, { key, padding: constants.RSA_PKCS1_PADDING }, signature);
    case 'rsa-pss':
      return checkPss(algorithm, signature, data, key);
    case 'ecdsa':
      if (key.asymmetricKeyType !== 'ec' || !hasNoParameters(algorithm)) return 'unsupported-algorithm';
      return holdsOverHash(scheme.hash, data, { key, dsaEncoding: 'der' }, signature);
    case 'ed25519':
    case 'ed448':
      // RFC 8410 §3: the parameters must be absent.
      if (key.asymmetricKeyType !== scheme.kind || algorithm.parameters !== undefined) return 'unsupported-algorithm';
      return holds(null, data, { key }, signature);
  }
}

interface PssParameters {
  readonly hash: SignatureHash;
  readonly maskHash: SignatureHash;
  readonly saltLength: number;
}

function checkPss(
  algorithm: AlgorithmIdentifier,
  signature: Uint8Array,
  data: Uint8Array,
  key: KeyObject,
): SignatureFailure | undefined {
  const parameters = readPssParameters(algorithm);
  if (parameters === undefined) return 'unsupported-algorithm';
  if (key.asymmetricKeyType !== 'rsa' && key.asymmetricKeyType !== 'rsa-pss') return 'unsupported-algorithm';
  const { hash, maskHash, saltLength } = parameters;
  if (hash === maskHash) {
    return holds(hash, data, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }, signature);
  }
  // node:crypto takes no MGF1 hash of its own; it follows the parameters inside an id-RSASSA-PSS key.
  if (key.asymmetricKeyType !== 'rsa-pss') return 'unsupported-algorithm';
  return holds(hash, data, { key, saltLength }, signature) === undefined ? undefined : 'unsupported-algorithm';
}

/** RSASSA-PSS-params (RFC 4055 §3.1); explicit defaults are accepted, as deployed software writes them. */
function readPssParameters(algorithm: AlgorithmIdentifier): PssParameters | undefined {
  try {
    if (algorithm.parameters?.tag !== Tag.sequence) return undefined;
    const reader = readerOf(algorithm.parameters);
    const hash = readHash(reader.enterOptional(contextTag(0), 'PSS hash'));
    const maskHash = readMaskHash(reader.enterOptional(contextTag(1), 'PSS mask generation'));
    const saltLength = reader.explicitSmallInteger(contextTag(2), 'PSS salt length') ?? 20;
    const trailer = reader.explicitSmallInteger(contextTag(3), 'PSS trailer') ?? 1;
    reader.end('PSS parameters');
    if (hash === undefined || maskHash === undefined || trailer !== 1 || saltLength > maximumRsaBits / 8)
      return undefined;
    return { hash, maskHash, saltLength };
  } catch (error) {
    if (error instanceof DerError) return undefined;
    throw error;
  }
}

function readHash(explicit: DerReader | undefined): SignatureHash | undefined {
  if (explicit === undefined) return 'sha1';
  const algorithm = algorithmIdentifierOf(explicit.element(Tag.sequence, 'PSS hash'), 'PSS hash');
  explicit.end('PSS hash');
  return hasNoParameters(algorithm) ? hashByOid(algorithm.oid) : undefined;
}

function readMaskHash(explicit: DerReader | undefined): SignatureHash | undefined {
  if (explicit === undefined) return 'sha1';
  const element = explicit.element(Tag.sequence, 'PSS mask generation');
  explicit.end('PSS mask generation');
  const mask = algorithmIdentifierOf(element, 'PSS mask generation');
  if (mask.oid !== Oid.mgf1 || mask.parameters?.tag !== Tag.sequence) return undefined;
  const algorithm = algorithmIdentifierOf(mask.parameters, 'MGF1 hash');
  return hasNoParameters(algorithm) ? hashByOid(algorithm.oid) : undefined;
}

/** Parsing a key costs six times the RSA check itself, so each parsed key is kept as long as its certificate. */
const keyObjects = new WeakMap<PublicKey, KeyObject | 'unusable'>();

function keyObjectOf(publicKey: PublicKey): KeyObject | undefined {
  let key = keyObjects.get(publicKey);
  if (key === undefined) {
    try {
      if (!isAllowedKey(publicKey)) throw new TypeError('a kind of key that no allowed algorithm uses');
      key = createPublicKey({ key: Buffer.from(publicKey.spki), format: 'der', type: 'spki' });
    } catch {
      key = 'unusable';
    }
    keyObjects.set(publicKey, key);
  }
  return key === 'unusable' ? undefined : key;
}

/** Decided by the algorithm alone, before OpenSSL sees the key; RFC 5480 §2.1.1 allows curves by name only. */
function isAllowedKey({ algorithm: { oid, parameters } }: PublicKey): boolean {
  if (oid !== Oid.ecPublicKey) return allowedKeys.has(oid);
  return parameters?.tag === Tag.objectIdentifier && allowedCurves.has(objectIdentifierOf(parameters, 'curve'));
}

function checkKey(key: KeyObject): SignatureFailure | undefined {
  const { modulusLength, publicExponent } = key.asymmetricKeyDetails ?? {};
  if (modulusLength === undefined || publicExponent === undefined) return undefined;
  if (modulusLength < minimumRsaBits || publicExponent < 3n) return 'weak-algorithm';
  if (modulusLength > maximumRsaBits || publicExponent > maximumRsaExponent) return 'unsupported-algorithm';
  return undefined;
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

/** As {@link holds}, an eighth faster, for the schemes in which the hash stands by itself. */
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
