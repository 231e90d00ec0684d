import type { IncomingHttpHeaders } from 'node:http';
import { OcspError } from '../core/ocsp-error.js';
import type { Deadline } from './deadline.js';
import type { Route } from './guarded-agents.js';

/** One request to one place, without redirects. */
export interface HopRequest {
  readonly target: URL;
  readonly method: 'GET' | 'POST';
  readonly body: Uint8Array | undefined;
  readonly headers: Record<string, string | string[]>;
  readonly route: Route;
  readonly maximumBodyBytes: number;
  readonly connectTimeoutMilliseconds: number;
  readonly isRedirect: (status: number) => boolean;
}

/** The answer of one place; of a redirect only where it leads. */
export interface HopReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly location: string | undefined;
}

/** Sends one request and reads its answer within the deadline. Throws OcspError as {@link HttpClient.exchange} does. */
export type SendHop = (hop: HopRequest, deadline: Deadline) => Promise<HopReply>;

/**
 * Sends until an answer comes that is not "the kept-alive connection was closed meanwhile" (RFC 9112 §9.3.1: asking an OCSP
 * responder twice does no harm). Each such answer uses up an idle connection, of which there is a bounded number.
 */
export async function overLiveConnection(send: () => Promise<HopReply | 'stale connection'>): Promise<HopReply> {
  for (;;) {
    const attempt = await send();
    if (attempt !== 'stale connection') return attempt;
  }
}

/** The response headers that callers use. */
const keptHeaders = [
  'age',
  'cache-control',
  'content-type',
  'date',
  'etag',
  'expires',
  'last-modified',
  'retry-after',
] as const;

/** The headers of an answer that callers use, by lower-case name. */
export function keptHeadersOf(headers: IncomingHttpHeaders): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of keptHeaders) {
    const value = headers[name];
    if (typeof value === 'string') kept[name] = value;
  }
  return kept;
}

/** The error for a body beyond its limit. */
export function bodyTooLarge(hop: HopRequest, what: string): OcspError {
  return new OcspError(
    'body-too-large',
    `the answer of ${hop.target.host} ${what}, more than ${hop.maximumBodyBytes} bytes are not taken`,
    'check that the URI leads to an OCSP responder or certificate, not to a page',
  );
}

/** Where a redirect leads; Node reads header octets as Latin-1, and servers write UTF-8. */
export function locationOf(header: string): string {
  return Buffer.from(header, 'latin1').toString('utf8');
}
