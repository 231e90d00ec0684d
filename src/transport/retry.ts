import { OcspError, type OcspErrorCode } from '../core/ocsp-error.js';
import { StatusError } from './status-error.js';

/** Longest wait by back-off. */
const maximumBackoffMilliseconds = 30_000;

const retriableCodes: ReadonlySet<OcspErrorCode> = new Set([
  'name-not-resolved',
  'connection-failed',
  'proxy-failed',
  'timeout',
]);

/**
 * Milliseconds to wait before the next attempt: `baseMilliseconds` doubled with each attempt (the first is 1), at most 30 s, times 0.75 to
 * 1.25 by `spread` (0 to 1, from the certificate's hash, so that a fleet does not come back in step). A Retry-After is never undercut.
 */
export function retryDelay(options: {
  readonly attempt: number;
  readonly baseMilliseconds?: number;
  readonly spread: number;
  readonly retryAfterMilliseconds?: number | undefined;
}): number {
  const { attempt, baseMilliseconds = 500, spread, retryAfterMilliseconds = 0 } = options;
  const doubled = baseMilliseconds * 2 ** Math.max(0, attempt - 1);
  const backoff = Math.min(doubled, maximumBackoffMilliseconds) * (0.75 + spread / 2);
  return Math.round(Math.max(backoff, retryAfterMilliseconds));
}

/** Whether another attempt may end better: trouble of the network, a timeout, status 429 or 5xx; not a refusal, a bad URI or a blocked address. */
export function isRetriable(error: unknown): boolean {
  if (!(error instanceof OcspError)) return false;
  if (error instanceof StatusError) return error.status === 429 || (error.status >= 500 && error.status <= 599);
  return retriableCodes.has(error.code);
}

/**
 * Milliseconds from `nowMilliseconds` (unix time) to what a Retry-After header says, never negative; undefined if it is neither seconds nor
 * an HTTP date (RFC 9110 §10.2.3, §5.6.7: all three date forms).
 */
export function parseRetryAfter(value: string, nowMilliseconds: number): number | undefined {
  const text = value.trim();
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const day = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? /;
  if (!day.test(text) || !/\d{2}:\d{2}:\d{2}/.test(text)) return undefined;
  // asctime's form names no zone, and means GMT like the others.
  const date = Date.parse(text.endsWith(' GMT') ? text : `${text} GMT`);
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMilliseconds);
}
