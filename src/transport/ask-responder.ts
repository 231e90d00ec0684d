import type { HttpClient, HttpReply, HttpRequest } from './http-client.js';
import { ocspGetUrl } from './ocsp-get.js';
import type { HeaderLine } from './request-headers.js';
import { StatusError } from './status-error.js';
import { definedOnly } from '../core/defined-only.js';

/** Largest OCSP response that is taken: real ones have 0.5 to 5 kB. */
const maximumResponseBytes = 64 * 1024;

/** One query to one responder. */
export interface ResponderQuery {
  /** The responder's URL; for GET the request is added to its path. */
  readonly url: string;
  readonly origin: HttpRequest['origin'];
  readonly method: 'get' | 'post';
  readonly requestDer: Uint8Array;
  readonly headers?: readonly HeaderLine[];
  /** What is at hand already, so that the responder may answer that there is nothing newer (RFC 9110 §13.1). */
  readonly known?: KnownResponse | undefined;
  readonly timeoutMilliseconds: number;
  readonly connectTimeoutMilliseconds: number;
  readonly signal?: AbortSignal;
}

/** A response that is stored: its thisUpdate, and the entity tag it came with where that is known. */
export interface KnownResponse {
  readonly modifiedAt: Date;
  readonly entityTag?: string;
}

/** What a responder sent with status 200, or 304 where `known` was given; the body is not looked at. */
export interface ResponderAnswer {
  /** Status 304: what is known is the newest there is. */
  readonly isNotModified: boolean;
  readonly body: Uint8Array;
  /** The URL that answered, after redirects. */
  readonly url: string;
  readonly method: 'get' | 'post';
  readonly milliseconds: number;
  readonly warnings: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Asks one responder once (RFC 6960 appendix A.1), without retries. Throws OcspError: `http-status` as a {@link StatusError} for any other
 * status, and whatever {@link HttpClient.exchange} throws. A wrong content type is a warning.
 */
export async function askResponder(client: HttpClient, query: ResponderQuery): Promise<ResponderAnswer> {
  const started = performance.now();
  const reply = await client.exchange(httpRequest(query));
  const milliseconds = Math.round(performance.now() - started);
  const isNotModified = reply.status === 304 && query.known !== undefined;
  if (!isNotModified) assertOk(reply, query);
  return {
    isNotModified,
    body: reply.body,
    url: reply.url,
    method: query.method,
    milliseconds,
    warnings: [...(reply.warnings ?? []), ...(isNotModified ? [] : contentTypeWarnings(reply))],
    headers: reply.headers,
  };
}

function httpRequest(query: ResponderQuery): HttpRequest {
  const { origin, headers = [], known, timeoutMilliseconds, connectTimeoutMilliseconds, signal } = query;
  const isGet = query.method === 'get';
  return definedOnly({
    url: isGet ? ocspGetUrl(query.url, query.requestDer) : query.url,
    origin,
    method: isGet ? 'GET' : 'POST',
    headers: known === undefined ? headers : [...conditions(known, headers), ...headers],
    accept: 'application/ocsp-response',
    maximumBodyBytes: maximumResponseBytes,
    timeoutMilliseconds,
    connectTimeoutMilliseconds,
    body: isGet ? undefined : query.requestDer,
    contentType: isGet ? undefined : 'application/ocsp-request',
    signal,
  });
}

/** The operator's own conditions stand. */
function conditions({ modifiedAt, entityTag }: KnownResponse, own: readonly HeaderLine[]): HeaderLine[] {
  if (own.some(([name]) => /^if-/i.test(name))) return [];
  const since: HeaderLine = ['If-Modified-Since', modifiedAt.toUTCString()];
  return entityTag === undefined ? [since] : [since, ['If-None-Match', entityTag]];
}

function assertOk(reply: HttpReply, query: ResponderQuery): void {
  if (reply.status === 200) return;
  const { status } = reply;
  const retryAfter = reply.headers['retry-after'];
  const message = `${new URL(reply.url).host} answered with HTTP status ${status}`;
  throw new StatusError('http-status', message, statusHint(status, query), { status, retryAfter });
}

function statusHint(status: number, { method, origin }: ResponderQuery): string {
  if (status === 429) return 'the responder wants fewer requests: lower --rate or --per-responder, or try again later';
  if (status >= 500) return 'the responder has an internal problem; try again later';
  if (status === 401 || status === 403) {
    return origin === 'operator'
      ? 'the responder requires authorization, see --header'
      : 'the responder requires authorization; Authorization and Cookie headers go only to a responder that --url or the configuration names';
  }
  const other = method === 'get' ? 'post' : 'get';
  return `check the path of the responder's URI, or try --method ${other}`;
}

function contentTypeWarnings(reply: HttpReply): string[] {
  const given = reply.headers['content-type'];
  const type = given?.split(';')[0]?.trim().toLowerCase();
  if (type === 'application/ocsp-response') return [];
  const what = given === undefined ? 'has no content type' : `has the content type "${given.slice(0, 100)}"`;
  return [`the answer of ${new URL(reply.url).host} ${what}, expected application/ocsp-response`];
}
