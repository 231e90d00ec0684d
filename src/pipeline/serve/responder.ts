import {
  OcspError,
  createCertIdForSerialNumber,
  createErrorResponse,
  type CertId,
  type Certificate,
  type HashAlgorithm,
  type ResponseSigner,
} from '../../core/index.js';
import type { StatusSource } from '../../source/status-source.js';
import { signStatuses } from '../sign/sign-statuses.js';
import type { Answer, SignedAnswer } from './answer.js';
import { readQuestion, type Question, type Refusal } from './question.js';
import { ResponseCache } from './response-cache.js';

export interface ResponderOptions {
  /** The CA whose certificates are asked for. */
  readonly issuer: Certificate;
  readonly signer: ResponseSigner;
  /** The present source; another object than before means that statuses may have changed. Failing is `internalError`. */
  readonly source: (now: Date) => StatusSource | Promise<StatusSource>;
  /** From the signature to nextUpdate, where nothing ends sooner. */
  readonly validityMilliseconds: number;
  /** CertIDs answered in one request; default 32. */
  readonly maximumCertIds?: number;
  /** Answers without nonce kept for the next client; default 10,000, 0 for none. */
  readonly cacheCapacity?: number;
}

export interface Answered {
  readonly answer: Answer;
  /** It was signed earlier. */
  readonly isCached: boolean;
}

/** An OCSP responder without its network. */
export type Responder = ReturnType<typeof createResponder>;

const defaultMaximumCertIds = 32;
const defaultCacheCapacity = 10_000;

/**
 * A responder for one CA (RFC 6960, RFC 5019). It signs what the source says now, under the CertID that was asked for,
 * with thisUpdate of the source or the present, and nextUpdate within what source, signer and CA allow; where one of
 * them has ended it answers `tryLater`.
 */
export function createResponder(options: ResponderOptions) {
  const { issuer, maximumCertIds = defaultMaximumCertIds } = options;
  const isOurs = ownershipTest(issuer);
  const cache = new ResponseCache(options.cacheCapacity ?? defaultCacheCapacity);
  let known: StatusSource | undefined;

  async function currentSource(now: Date): Promise<StatusSource> {
    const source = await options.source(now);
    if (source !== known) cache.clear();
    known = source;
    return source;
  }

  async function respond(request: Uint8Array, now: Date): Promise<Answered> {
    const question = readQuestion(request, isOurs, maximumCertIds);
    if ('status' in question) return refused(question);
    const source = await currentSource(now);
    const kept = question.nonce === undefined ? cache.find(question.certIds, now) : undefined;
    if (kept !== undefined) return { answer: kept, isCached: true };
    const answer = signAnswer(question, source, options, now);
    if (!answer.hasNonce) cache.keep(question.certIds, answer);
    return { answer, isCached: false };
  }

  return {
    /** Answers the DER of an OCSPRequest; never rejects. */
    respond: (request: Uint8Array, now: Date): Promise<Answered> =>
      respond(request, now).catch((error: unknown) => refused(refusalOfError(error))),
  };
}

function signAnswer(
  { certIds, nonce }: Question,
  source: StatusSource,
  options: ResponderOptions,
  now: Date,
): SignedAnswer {
  const limit = { end: options.issuer.notAfter, what: 'the CA certificate' };
  const signed = signStatuses(certIds, { ...options, source, now, limit, nonce });
  const { der, producedAt, thisUpdate, nextUpdate, statements } = signed;
  const statuses = statements.map(({ certId: { serialNumber }, status }) => ({
    serialNumber,
    status: typeof status === 'string' ? status : ('revoked' as const),
  }));
  return { kind: 'signed', der, producedAt, thisUpdate, nextUpdate, hasNonce: nonce !== undefined, statuses };
}

/** A refusal as an answer (RFC 6960 §2.3). */
export function refused(refusal: Refusal): Answered {
  const answer = { kind: 'refused', der: createErrorResponse(refusal.status), refusal } as const;
  return { answer, isCached: false };
}

/** What has ended may be renewed soon; everything else is our own trouble. */
function refusalOfError(error: unknown): Refusal {
  const reason = error instanceof Error ? error.message : String(error);
  const hasEnded = error instanceof OcspError && error.code === 'validity-empty';
  return { status: hasEnded ? 'tryLater' : 'internalError', reason, error };
}

const hashes: readonly HashAlgorithm[] = ['sha1', 'sha256', 'sha384', 'sha512'];

/** Whether a CertID names our CA, in any hash that we know (RFC 6960 §4.1.1). */
function ownershipTest(issuer: Certificate): (certId: CertId) => boolean {
  const own = new Map<string, CertId>(hashes.map((hash) => [hash, createCertIdForSerialNumber('00', issuer, hash)]));
  return ({ hashAlgorithm, issuerNameHash, issuerKeyHash }) => {
    const ours = own.get(hashAlgorithm);
    return ours?.issuerNameHash === issuerNameHash && ours.issuerKeyHash === issuerKeyHash;
  };
}
