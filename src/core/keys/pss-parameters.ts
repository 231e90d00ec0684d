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
import { unsupportedAlgorithmName } from './unsupported-algorithms.js';

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

/** Which hashes the parameters name, for a refusal to say; undefined where they are absent or malformed. */
export function pssHashNames({ parameters }: AlgorithmIdentifier): string | undefined {
  if (parameters?.tag !== Tag.sequence) return undefined;
  return unlessMalformed(() => {
    const reader = readerOf(parameters);
    const hash = readAlgorithm(reader, 0, 'PSS hash', ({ oid }) => nameOfHash(oid));
    const mask = readAlgorithm(reader, 1, 'PSS mask generation', (algorithm) => {
      if (algorithm.oid !== Oid.mgf1 || algorithm.parameters?.tag !== Tag.sequence) return algorithm.oid;
      return `MGF1 with ${nameOfHash(algorithmIdentifierOf(algorithm.parameters, 'MGF1 hash').oid)}`;
    });
    return `${hash} and ${mask === 'sha1' ? 'MGF1 with sha1' : mask}`;
  });
}

function nameOfHash(oid: string): string {
  return hashByOid(oid) ?? unsupportedAlgorithmName(oid);
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

/** The hash of an algorithm in its explicit tag, or what else `hash` makes of it; SHA-1 is the default of all. */
function readAlgorithm<Hash>(
  reader: DerReader,
  number: number,
  what: string,
  hash: (algorithm: AlgorithmIdentifier) => Hash,
): Hash | 'sha1' {
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
