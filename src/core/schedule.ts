import type { Certificate } from './certificate/certificate.js';
import { digest } from './hash.js';
import { oncePer } from './once-per.js';
import type { Responder, Statement } from './verify/verdict.js';

/** When to refresh: at a fraction of the window, or so long before its end. */
export type RefreshPolicy = { readonly fraction: number } | { readonly beforeEndMilliseconds: number };

/** Half of the window, as certmagic and certbot-ocsp-fetcher do. */
export const defaultRefreshPolicy: RefreshPolicy = { fraction: 0.5 };

/** The time in which a response can be used: from thisUpdate to nextUpdate, or to the signer's notAfter where that is sooner. */
export interface Window {
  readonly start: Date;
  readonly end: Date;
}

/** The window of a statement, or undefined without nextUpdate. */
export function windowOf(statement: Statement, responder: Responder): Window | undefined {
  const { thisUpdate, nextUpdate } = statement;
  if (nextUpdate === undefined) return undefined;
  return { start: thisUpdate, end: responder.notAfter < nextUpdate ? responder.notAfter : nextUpdate };
}

/** The largest part of the window by which certificates are spread, so that a fleet does not ask at one instant. */
const spreadFraction = 0.1;

/**
 * When a staple is due: thisUpdate + P of its window, or that long before its end, minus a spread of up to a tenth of
 * the window that follows only from the certificate, so that every run computes the same instant.
 */
export function refreshTime(window: Window, policy: RefreshPolicy, certificate: Certificate): Date {
  const start = window.start.getTime();
  const length = Math.max(0, window.end.getTime() - start);
  const planned =
    'fraction' in policy ? start + policy.fraction * length : window.end.getTime() - policy.beforeEndMilliseconds;
  return new Date(Math.floor((planned - spreadFraction * length * spreadOf(certificate)) / 1000) * 1000);
}

/**
 * When the rest of a staple's life is so short that a failed refresh must be heard: so long before the window's end,
 * by default a quarter of its life, half for a Must-Staple certificate.
 */
export function alertTime(window: Window, certificate: Certificate, alertBeforeMilliseconds?: number): Date {
  const length = Math.max(0, window.end.getTime() - window.start.getTime());
  const before = alertBeforeMilliseconds ?? length * (certificate.mustStaple ? 0.5 : 0.25);
  return new Date(window.end.getTime() - before);
}

/** A number from 0 up to 1 that follows from the certificate: the first 32 bits of its SHA-256. */
export const spreadOf = oncePer(({ der }: Certificate): number => {
  const hash = digest('sha256', der);
  return new DataView(hash.buffer, hash.byteOffset).getUint32(0) / 2 ** 32;
});
