import {
  algorithmIdentifierOf,
  hasNoParameters,
  readAlgorithmIdentifier,
  type AlgorithmIdentifier,
} from './algorithm-identifier.js';
import { Tag, contextTag, readerOf, type DerReader } from '../der/der.js';
import { unlessMalformed } from '../der/malformed.js';
import { hashByOid, type SignatureHash } from '../hash.js';
import { Oid } from '../oid.js';

export interface PssParameters {
  readonly hash: SignatureHash;
  readonly maskHash: SignatureHash;
  readonly saltLength: number;
}

/** In octets: as much as fits into the largest RSA key that OpenSSL verifies with (OPENSSL_RSA_MAX_MODULUS_BITS). */
const longestSalt = 16_384 / 8;

/**
 * RSASSA-PSS-params (RFC 4055 §3.1); explicit defaults are accepted, as deployed software writes them.
 *
 * @returns undefined for absent or malformed ones, and for a hash, mask, salt length or trailer that is not supported
 */
export function readPssParameters({ parameters }: AlgorithmIdentifier): PssParameters | undefined {
  if (parameters?.tag !== Tag.sequence) return undefined;
  return unlessMalformed(() => readParameters(readerOf(parameters)));
}

function readParameters(reader: DerReader): PssParameters | undefined {
  const hash = readAlgorithm(reader, 0, 'PSS hash', hashOf);
  const maskHash = readAlgorithm(reader, 1, 'PSS mask generation', maskHashOf);
  const saltLength = reader.explicitSmallInteger(contextTag(2), 'PSS salt length') ?? 20;
  const trailer = reader.explicitSmallInteger(contextTag(3), 'PSS trailer') ?? 1;
  reader.end('PSS parameters');
  if (hash === undefined || maskHash === undefined || trailer !== 1 || saltLength > longestSalt) return undefined;
  return { hash, maskHash, saltLength };
}

type HashOf = (algorithm: AlgorithmIdentifier) => SignatureHash | undefined;

function readAlgorithm(reader: DerReader, number: number, what: string, hash: HashOf): SignatureHash | undefined {
  const algorithm = reader.explicit(contextTag(number), what, (explicit) => readAlgorithmIdentifier(explicit, what));
  return algorithm === undefined ? 'sha1' : hash(algorithm);
}

function hashOf(algorithm: AlgorithmIdentifier): SignatureHash | undefined {
  return hasNoParameters(algorithm) ? hashByOid(algorithm.oid) : undefined;
}

function maskHashOf({ oid, parameters }: AlgorithmIdentifier): SignatureHash | undefined {
  if (oid !== Oid.mgf1 || parameters?.tag !== Tag.sequence) return undefined;
  return hashOf(algorithmIdentifierOf(parameters, 'MGF1 hash'));
}
