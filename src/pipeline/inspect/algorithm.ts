import { signatureAlgorithmName, type AlgorithmIdentifier, type PublicKey } from '../../core/index.js';
import { algorithmIdentifierOf, hasNoParameters } from '../../core/keys/algorithm-identifier.js';
import { toHex } from '../../core/bytes.js';
import { Tag, contextTag, objectIdentifierOf, readWhole, readerOf, type DerReader } from '../../core/der/der.js';
import { digest } from '../../core/hash.js';
import { Oid } from '../../core/oid.js';
import { knownCurves } from '../../core/keys/public-key.js';
import { objectName } from './object-name.js';
import { attempt } from './reading.js';
import type { PssParametersRecord, PublicKeyRecord, SignatureRecord } from './record.js';
import { definedOnly } from '../../core/defined-only.js';

/** An AlgorithmIdentifier and a signature's octets for showing. */
export function describeSignature(algorithm: AlgorithmIdentifier, signature: Uint8Array): SignatureRecord {
  return definedOnly({
    signatureAlgorithm: signatureAlgorithmName(algorithm),
    signatureAlgorithmOid: algorithm.oid,
    signatureParameters: describeParameters(algorithm),
    signature: toHex(signature),
  });
}

function describeParameters(algorithm: AlgorithmIdentifier): PssParametersRecord | string | undefined {
  if (algorithm.parameters === undefined || hasNoParameters(algorithm)) return undefined;
  const readable = algorithm.oid === Oid.rsaPss ? attempt(() => readPssParameters(algorithm)) : undefined;
  return readable ?? toHex(algorithm.parameters.raw);
}

/** RSASSA-PSS-params (RFC 4055 §3.1): SHA-1, MGF1 with SHA-1 and 20 octets of salt unless they say otherwise. */
function readPssParameters({ parameters }: AlgorithmIdentifier): PssParametersRecord | undefined {
  if (parameters?.tag !== Tag.sequence) return undefined;
  const reader = readerOf(parameters);
  const hash = readExplicitAlgorithm(reader, 0);
  const mask = readExplicitAlgorithm(reader, 1);
  const saltLength = reader.enterOptional(contextTag(2), 'salt length')?.smallInteger('salt length') ?? 20;
  const isMaskOfHash = mask?.oid === Oid.mgf1 && mask.parameters?.tag === Tag.sequence;
  const maskHash = isMaskOfHash ? algorithmIdentifierOf(mask.parameters, 'MGF1 hash') : mask;
  return { hashAlgorithm: hashName(hash), maskHashAlgorithm: hashName(maskHash), saltLength };
}

function hashName(algorithm: AlgorithmIdentifier | undefined): string {
  return algorithm === undefined ? 'sha1' : objectName(algorithm.oid);
}

function readExplicitAlgorithm(reader: DerReader, tag: number): AlgorithmIdentifier | undefined {
  const explicit = reader.enterOptional(contextTag(tag), 'PSS parameter');
  return explicit && algorithmIdentifierOf(explicit.element(Tag.sequence, 'PSS parameter'), 'PSS parameter');
}

/** A public key for showing; a key that cannot be read keeps its octets. */
export function describePublicKey({ algorithm, keyBits }: PublicKey): PublicKeyRecord {
  return {
    algorithm: objectName(algorithm.oid),
    algorithmOid: algorithm.oid,
    ...(attempt(() => describeKey(algorithm, keyBits)) ?? { bits: null }),
    octets: toHex(keyBits),
    sha1: toHex(digest('sha1', keyBits)),
  };
}

type KeyDetails = Pick<PublicKeyRecord, 'bits' | 'curve' | 'modulus' | 'exponent'>;

const edwardsBits: Readonly<Record<string, number>> = { [Oid.ed25519]: 256, [Oid.ed448]: 456 };

function describeKey({ oid, parameters }: AlgorithmIdentifier, keyBits: Uint8Array): KeyDetails {
  if (oid === Oid.rsaEncryption || oid === Oid.rsaPss) return describeRsaKey(keyBits);
  if (oid !== Oid.ecPublicKey) return { bits: edwardsBits[oid] ?? null };
  if (parameters?.tag !== Tag.objectIdentifier) return { bits: null, curve: 'explicit parameters' };
  const curve = objectIdentifierOf(parameters, 'curve');
  return { bits: knownCurves[curve]?.bits ?? null, curve: knownCurves[curve]?.name ?? curve };
}

/** RSAPublicKey (RFC 8017 appendix A.1.1). */
function describeRsaKey(keyBits: Uint8Array): KeyDetails {
  const reader = readWhole(keyBits, Tag.sequence, 'RSA public key');
  const modulus = toHex(reader.element(Tag.integer, 'modulus').contents).replace(/^(?:00)+/, '');
  const exponent = toHex(reader.element(Tag.integer, 'exponent').contents);
  const leading = Number.parseInt(modulus.slice(0, 2), 16);
  return {
    bits: modulus === '' ? 0 : (modulus.length / 2 - 1) * 8 + leading.toString(2).length,
    modulus,
    // As long as it may be a hostile number, whose decimal form would cost more than it tells.
    exponent: exponent.length <= 32 ? BigInt(`0x0${exponent}`).toString() : `0x${exponent}`,
  };
}
