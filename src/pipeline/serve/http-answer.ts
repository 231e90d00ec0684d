import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { renewalTimeOf, type Answer, type SignedAnswer } from './answer.js';

/** A whole HTTP answer; `body` is empty for 304, and HEAD leaves it out. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** What a client says it has already; only GET and HEAD ask so (RFC 9110 §13.1). */
type Conditions = Pick<IncomingHttpHeaders, 'if-none-match' | 'if-modified-since'>;

const mediaType = 'application/ocsp-response';

/** How long the answer about a serial number that is not known may be kept: it may be issued in the next moment. */
const maximumUnknownSeconds = 300;

/**
 * The HTTP form of an answer with the headers of RFC 5019 §6.2: caches may keep a signed answer until it is signed anew,
 * those that know no max-age until its nextUpdate, but no refusal, and none with a nonce or without nextUpdate.
 */
export function httpAnswerOf(answer: Answer, conditions: Conditions, now: Date): HttpAnswer {
  const common = { 'Content-Type': mediaType, Date: now.toUTCString() };
  const end = answer.kind === 'refused' || answer.hasNonce ? undefined : answer.nextUpdate;
  if (answer.kind === 'refused' || end === undefined) {
    return { status: 200, headers: { ...common, 'Cache-Control': 'no-store' }, body: answer.der };
  }
  const headers = { ...common, ...cachingHeaders(answer, end, now) };
  return isUnchanged(answer, headers.ETag, conditions)
    ? { status: 304, headers, body: new Uint8Array() }
    : { status: 200, headers, body: answer.der };
}

/** An HTTP answer for people: the request never was one to a responder. */
export function httpRefusal(status: 405 | 413, text: string, now: Date): HttpAnswer {
  const headers = {
    'Content-Type': 'text/plain; charset=utf-8',
    Date: now.toUTCString(),
    'Cache-Control': 'no-store',
    ...(status === 405 ? { Allow: 'GET, HEAD, POST' } : {}),
  };
  return { status, headers, body: Buffer.from(`${text}\n`) };
}

function cachingHeaders(answer: SignedAnswer, nextUpdate: Date, now: Date) {
  const left = Math.max(0, Math.floor((renewalTimeOf(answer).getTime() - now.getTime()) / 1000));
  const isKnown = answer.statuses.every(({ status }) => status !== 'unknown');
  const seconds = isKnown ? left : Math.min(left, maximumUnknownSeconds);
  const expires = isKnown ? nextUpdate : new Date(now.getTime() + seconds * 1000);
  return {
    'Last-Modified': answer.thisUpdate.toUTCString(),
    Expires: expires.toUTCString(),
    ETag: entityTagOf(answer),
    'Cache-Control': `max-age=${seconds}, public, no-transform, must-revalidate`,
  };
}

const entityTags = new WeakMap<SignedAnswer, string>();

/** A strong one: the same bytes and no others. */
function entityTagOf(answer: SignedAnswer): string {
  const tag = entityTags.get(answer) ?? `"${createHash('sha256').update(answer.der).digest('hex')}"`;
  entityTags.set(answer, tag);
  return tag;
}

/** RFC 9110 §13.2.2: If-None-Match comes first, and if present only it counts. */
function isUnchanged(answer: SignedAnswer, entityTag: string, conditions: Conditions): boolean {
  const { 'if-none-match': ifNoneMatch, 'if-modified-since': ifModifiedSince } = conditions;
  if (ifNoneMatch !== undefined) {
    const tags = ifNoneMatch.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
    return tags.includes('*') || tags.includes(entityTag);
  }
  if (ifModifiedSince === undefined) return false;
  // By producedAt: a CRL's thisUpdate stays the same while its answers are signed anew with another nextUpdate.
  return new Date(ifModifiedSince).getTime() >= answer.producedAt.getTime();
}
