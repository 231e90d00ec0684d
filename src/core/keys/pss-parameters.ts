import { algorithmIdentifierOf, hasNoParameters, type AlgorithmIdentifier } from './algorithm-identifier.js';
import { DerError, Tag, contextTag, readerOf, type DerReader } from '../der/der.js';
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
  try {
    if (parameters?.tag !== Tag.sequence) return undefined;
    const reader = readerOf(parameters);
    const hash = readHash(reader.enterOptional(contextTag(0), 'PSS hash'));
    const maskHash = readMaskHash(reader.enterOptional(contextTag(1), 'PSS mask generation'));
    const saltLength = reader.explicitSmallInteger(contextTag(2), 'PSS salt length') ?? 20;
    const trailer = reader.explicitSmallInteger(contextTag(3), 'PSS trailer') ?? 1;
    reader.end('PSS parameters');
    if (hash === undefined || maskHash === undefined || trailer !== 1 || saltLength > longestSalt) return undefined;
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
