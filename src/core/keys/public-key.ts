import { createPublicKey, type KeyObject } from 'node:crypto';
import { hasNoParameters, readAlgorithmIdentifier, type AlgorithmIdentifier } from './algorithm-identifier.js';
import {
  edwards25519,
  edwards448,
  edwardsPointProblem,
  p256,
  p384,
  p521,
  pointProblem,
  type EdwardsCurve,
  type WeierstrassCurve,
} from './curve-points.js';
import { DerError, DerReader, Tag, objectIdentifierOf, readWhole, readerOf } from '../der/der.js';
import { Oid } from '../oid.js';
import { oncePer } from '../once-per.js';
import { readPssParameters } from './pss-parameters.js';
import { unsupportedAlgorithmName } from './unsupported-algorithms.js';

/** A subjectPublicKeyInfo: `spki` is its DER, `keyBits` the contents of its BIT STRING, over which key hashes go. */
export interface PublicKey {
  readonly spki: Uint8Array;
  readonly algorithm: AlgorithmIdentifier;
  readonly keyBits: Uint8Array;
}

/** Reads the form of a subjectPublicKeyInfo; the key in it is not looked at (see {@link checkedKey}). */
export function readPublicKey(reader: DerReader): PublicKey {
  const element = reader.element(Tag.sequence, 'subjectPublicKeyInfo');
  const contents = readerOf(element);
  const algorithm = readAlgorithmIdentifier(contents, 'public key algorithm');
  const keyBits = contents.bitStringOctets('subjectPublicKey');
  contents.end('subjectPublicKeyInfo');
  return { spki: element.raw, algorithm, keyBits };
}

/** A key that signatures can be checked with. */
export interface UsableKey {
  readonly kind: 'rsa' | 'rsa-pss' | 'ec' | 'ed25519' | 'ed448';
  readonly object: KeyObject;
}

/** Why no signature is checked with a key: `why` is a clause for people. */
export interface UnusableKey {
  readonly failure: 'unsupported-algorithm' | 'weak-algorithm';
  readonly why: string;
  /** The key may be a good one of its kind: nothing but its algorithm, curve or size is refused. */
  readonly isOfRefusedKind?: true;
}

/**
 * The one way of a key from outside to node:crypto, which aborts the process over some: every octet is checked before
 * OpenSSL sees it. Once per key, as long as that is remembered: parsing costs six times the RSA check itself.
 */
export const checkedKey = oncePer(({ spki }: PublicKey) => check(spki));

/** Why no signature can be checked with this key, a clause for people; undefined for a good key. */
export function publicKeyProblem(publicKey: PublicKey): string | undefined {
  const checked = checkedKey(publicKey);
  return 'why' in checked ? checked.why : undefined;
}

/** The same where the key may be good, but is of a kind that is not verified here. */
export function unusableAlgorithmOf(publicKey: PublicKey): string | undefined {
  const checked = checkedKey(publicKey);
  return 'why' in checked && checked.isOfRefusedKind === true ? checked.why : undefined;
}

function check(spki: Uint8Array): UsableKey | UnusableKey {
  try {
    const reader = new DerReader(spki);
    const { algorithm, keyBits } = readPublicKey(reader);
    reader.end('subjectPublicKeyInfo');
    const found = checkOctets(algorithm, keyBits);
    if (typeof found !== 'string') return found;
    return { kind: found, object: createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' }) };
  } catch (error) {
    return unsupported(error instanceof DerError ? error.message : 'OpenSSL does not take it');
  }
}

function checkOctets(algorithm: AlgorithmIdentifier, keyBits: Uint8Array): UsableKey['kind'] | UnusableKey {
  const { oid } = algorithm;
  switch (oid) {
    case Oid.rsaEncryption:
      // RFC 3279 §2.3.1 wants NULL; some leave it out.
      if (!hasNoParameters(algorithm)) return unsupported('the RSA key has parameters');
      return rsaProblem(keyBits) ?? 'rsa';
    case Oid.rsaPss:
      return rsaProblem(keyBits) ?? pssProblem(algorithm) ?? 'rsa-pss';
    case Oid.ecPublicKey:
      return ecProblem(algorithm, keyBits) ?? 'ec';
    case Oid.ed25519:
      return edwardsProblem(algorithm, keyBits, edwards25519) ?? 'ed25519';
    case Oid.ed448:
      return edwardsProblem(algorithm, keyBits, edwards448) ?? 'ed448';
    default:
      return ofRefusedKind(unsupported(`keys of the algorithm ${unsupportedAlgorithmName(oid)} are not supported`));
  }
}

/** RSA keys below this are broken in practice (RFC 3766 §5 puts 1024 bits at the edge). */
const minimumRsaBits = 1024;

/** Above this OpenSSL refuses to verify (OPENSSL_RSA_MAX_MODULUS_BITS). */
const maximumRsaBits = 16_384;

/**
 * Who may choose the exponent freely can make a key under which a given signature verifies (duplicate signature key
 * selection), and a long exponent costs a thousand times the check. Deployed keys have 3 or 65537; the bound is
 * BoringSSL's, and below that of OpenSSL for large keys (OPENSSL_RSA_MAX_PUBEXP_BITS, 64).
 */
const maximumRsaExponentBits = 33;

/** RSAPublicKey (RFC 8017 appendix A.1.1); §3.1 there makes both numbers odd. */
function rsaProblem(keyBits: Uint8Array): UnusableKey | undefined {
  const reader = readWhole(keyBits, Tag.sequence, 'RSA public key');
  const modulus = reader.integer('RSA modulus');
  const exponent = reader.integer('RSA exponent');
  reader.end('RSA public key');
  if (isNegative(modulus)) return unsupported('the RSA modulus is negative');
  if (isNegative(exponent)) return unsupported('the RSA exponent is negative');
  const bits = bitsOf(modulus);
  if (bits < minimumRsaBits) {
    return ofRefusedKind(weak(`the RSA modulus has ${bits} bits, fewer than ${minimumRsaBits}`));
  }
  if (bits > maximumRsaBits) {
    return ofRefusedKind(unsupported(`the RSA modulus has ${bits} bits, more than ${maximumRsaBits}`));
  }
  const exponentBits = bitsOf(exponent);
  if (exponentBits < 2 || (exponentBits === 2 && exponent[0] === 2)) return weak('the RSA exponent is below 3');
  if (exponentBits > maximumRsaExponentBits) {
    return unsupported(`the RSA exponent has ${exponentBits} bits, more than ${maximumRsaExponentBits}`);
  }
  if (!isOdd(modulus)) return unsupported('the RSA modulus is even');
  return isOdd(exponent) ? undefined : unsupported('the RSA exponent is even');
}

/** RFC 4055 §1.2: the parameters are absent, or restrict what the key is for. */
function pssProblem(algorithm: AlgorithmIdentifier): UnusableKey | undefined {
  if (algorithm.parameters === undefined || readPssParameters(algorithm) !== undefined) return undefined;
  return unsupported('the parameters of the RSASSA-PSS key are malformed or not supported');
}

const curves: Readonly<Record<string, WeierstrassCurve>> = {
  [Oid.curveP256]: p256,
  [Oid.curveP384]: p384,
  [Oid.curveP521]: p521,
};

/** Curves by name, those too that no signature is checked on. */
export const knownCurves: Readonly<Record<string, { readonly name: string; readonly bits: number }>> = {
  [Oid.curveP256]: { name: 'P-256', bits: 256 },
  [Oid.curveP384]: { name: 'P-384', bits: 384 },
  [Oid.curveP521]: { name: 'P-521', bits: 521 },
  '1.2.840.10045.3.1.1': { name: 'P-192', bits: 192 },
  '1.3.132.0.33': { name: 'P-224', bits: 224 },
  '1.3.132.0.10': { name: 'secp256k1', bits: 256 },
  '1.3.36.3.3.2.8.1.1.1': { name: 'brainpoolP160r1', bits: 160 },
  '1.3.36.3.3.2.8.1.1.2': { name: 'brainpoolP160t1', bits: 160 },
  '1.3.36.3.3.2.8.1.1.3': { name: 'brainpoolP192r1', bits: 192 },
  '1.3.36.3.3.2.8.1.1.4': { name: 'brainpoolP192t1', bits: 192 },
  '1.3.36.3.3.2.8.1.1.5': { name: 'brainpoolP224r1', bits: 224 },
  '1.3.36.3.3.2.8.1.1.6': { name: 'brainpoolP224t1', bits: 224 },
  '1.3.36.3.3.2.8.1.1.7': { name: 'brainpoolP256r1', bits: 256 },
  '1.3.36.3.3.2.8.1.1.8': { name: 'brainpoolP256t1', bits: 256 },
  '1.3.36.3.3.2.8.1.1.9': { name: 'brainpoolP320r1', bits: 320 },
  '1.3.36.3.3.2.8.1.1.10': { name: 'brainpoolP320t1', bits: 320 },
  '1.3.36.3.3.2.8.1.1.11': { name: 'brainpoolP384r1', bits: 384 },
  '1.3.36.3.3.2.8.1.1.12': { name: 'brainpoolP384t1', bits: 384 },
  '1.3.36.3.3.2.8.1.1.13': { name: 'brainpoolP512r1', bits: 512 },
  '1.3.36.3.3.2.8.1.1.14': { name: 'brainpoolP512t1', bits: 512 },
  '1.2.156.10197.1.301': { name: 'SM2', bits: 256 },
};

function ecProblem({ parameters }: AlgorithmIdentifier, keyBits: Uint8Array): UnusableKey | undefined {
  // RFC 5480 §2.1.1 allows curves by name only.
  if (parameters?.tag !== Tag.objectIdentifier) return ofRefusedKind(unsupported('the EC key does not name its curve'));
  const oid = objectIdentifierOf(parameters, 'curve');
  const curve = curves[oid];
  if (curve === undefined) {
    return ofRefusedKind(unsupported(`the curve ${knownCurves[oid]?.name ?? oid} is not supported`));
  }
  const why = pointProblem(keyBits, curve);
  return why === undefined ? undefined : unsupported(why);
}

function edwardsProblem(
  { parameters }: AlgorithmIdentifier,
  keyBits: Uint8Array,
  curve: EdwardsCurve,
): UnusableKey | undefined {
  // RFC 8410 §3: the parameters must be absent.
  if (parameters !== undefined) return unsupported(`the ${curve.name} key has parameters`);
  const problem = edwardsPointProblem(keyBits, curve);
  if (problem === undefined) return undefined;
  return problem.isWeak ? weak(problem.why) : unsupported(problem.why);
}

function unsupported(why: string): UnusableKey {
  return { failure: 'unsupported-algorithm', why };
}

function ofRefusedKind(key: UnusableKey): UnusableKey {
  return { ...key, isOfRefusedKind: true };
}

function weak(why: string): UnusableKey {
  return { failure: 'weak-algorithm', why };
}

function isNegative(integer: Uint8Array): boolean {
  return (integer[0] ?? 0) >= 0x80;
}

function isOdd(integer: Uint8Array): boolean {
  return ((integer.at(-1) ?? 0) & 1) === 1;
}

/** The length of a number that is not negative, from the contents of its minimal INTEGER. */
function bitsOf(integer: Uint8Array): number {
  const [first = 0, second = 0] = integer;
  return first === 0 && integer.length > 1
    ? (integer.length - 2) * 8 + bitLength(second)
    : (integer.length - 1) * 8 + bitLength(first);
}

function bitLength(octet: number): number {
  return 32 - Math.clz32(octet);
}
