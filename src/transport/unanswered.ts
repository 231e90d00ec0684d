import type { OcspError, OcspErrorCode } from '../core/ocsp-error.js';

const beforeAnyStatus: ReadonlySet<OcspErrorCode> = new Set([
  'name-not-resolved',
  'connection-failed',
  'tls-failed',
  'proxy-failed',
  'timeout',
]);

const unanswered = new WeakSet<OcspError>();

/** Remembers of a failed exchange that no HTTP status had come, where its code leaves that open. */
export function markUnanswered(error: OcspError): void {
  if (beforeAnyStatus.has(error.code)) unanswered.add(error);
}

/** Whether an exchange failed before the responder gave any HTTP status: what counts against its health. */
export function isUnanswered(error: OcspError): boolean {
  return unanswered.has(error);
}
