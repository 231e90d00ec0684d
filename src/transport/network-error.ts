import { OcspError } from '../core/ocsp-error.js';
import { isNameError, networkErrorCode, networkErrorText } from '../system/network/network-error-text.js';

/** Where an exchange stood when it failed. */
export interface FailureContext {
  /** Host and port that were asked. */
  readonly host: string;
  /** The address connected to, where known. */
  readonly address?: string | undefined;
  /** The proxy (described without credentials) if the trouble lies on the way to it. */
  readonly proxy?: string | undefined;
}

/** An answer that breaks the rules of HTTP beyond what can be read; the message says in what. */
export class NotHttpError extends Error {
  readonly code = 'NOT_HTTP';
}

/** Whether a strict parser refused an answer that may still be read (not one that is too large for any). */
export function isSloppyHttp(error: unknown): boolean {
  const code = networkErrorCode(nativeError(error));
  return code.startsWith('HPE_') && code !== 'HPE_HEADER_OVERFLOW';
}

/** The {@link OcspError} inside a chain of causes, if one was thrown below the HTTP client. */
export function ocspErrorIn(error: unknown): OcspError | undefined {
  let current = error;
  for (let depth = 0; depth < 5 && current instanceof Error; depth++) {
    if (current instanceof OcspError) return current;
    current = current.cause;
  }
  return undefined;
}

/** A failed lookup, connection, handshake or answer as an OcspError: name-not-resolved, connection-failed, tls-failed, timeout, proxy-failed. */
export function networkError(error: unknown, context: FailureContext): OcspError {
  const native = nativeError(error);
  const code = networkErrorCode(native);
  const reason = reasonOf(native);
  // Only the system's own error is kept as the cause: the HTTP client's errors carry the whole request, secrets included.
  const options = { cause: native };
  const place = context.address === undefined ? context.host : `${context.host} (${context.address})`;
  if (context.proxy !== undefined) {
    const message = `the proxy ${context.proxy} could not be used for ${context.host}: ${reason}`;
    return new OcspError('proxy-failed', message, 'check --proxy, HTTP_PROXY and HTTPS_PROXY', options);
  }
  if (isNameError(code)) {
    const hint = 'check the name and the resolver of this host, or name another responder with --url';
    return new OcspError('name-not-resolved', `${context.host} was not found: ${reason}`, hint, options);
  }
  if (isTls(code, native)) {
    const hint =
      "check the server's certificate and this host's clock; for a private CA name its root in NODE_EXTRA_CA_CERTS";
    return new OcspError('tls-failed', `TLS with ${place} failed: ${reason}`, hint, options);
  }
  if (code === 'ETIMEDOUT') {
    const hint = 'check the route and the firewall, or try again later';
    return new OcspError('timeout', `${place} did not answer the connection`, hint, options);
  }
  if (code.startsWith('HPE_') || code === 'NOT_HTTP') {
    const hint = 'check that the URI leads to an HTTP server';
    return new OcspError('connection-failed', `the answer of ${place} is not HTTP: ${reason}`, hint, options);
  }
  const hint = 'check that the responder runs and that firewalls let this host reach it, or try again later';
  return new OcspError('connection-failed', `connection to ${place} failed: ${reason}`, hint, options);
}

/** Whether a send on a kept-alive socket met a server that had just closed it, so that a new connection may do (RFC 9112 §9.3.1). */
export function isClosedConnection(error: unknown): boolean {
  return ['ECONNRESET', 'EPIPE', 'ECONNABORTED'].includes(networkErrorCode(nativeError(error)));
}

function nativeError(error: unknown): unknown {
  let current = error;
  while (current instanceof Error && current.cause instanceof Error) current = current.cause;
  if (!(current instanceof Error) || !('options' in current)) return current;
  return Object.assign(new Error(current.message), { code: networkErrorCode(current) });
}

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) {
    return error.errors.map((inner: unknown) => `${addressOf(inner)}${reasonOf(inner)}`).join(', ');
  }
  return networkErrorText(error, 'the other side');
}

function addressOf(error: unknown): string {
  return error instanceof Error && 'address' in error && typeof error.address === 'string' ? `${error.address} ` : '';
}

function isTls(code: string, error: unknown): boolean {
  if (/^(?:ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_MISMATCH|EPROTO)/.test(code))
    return true;
  return error instanceof Error && error.message.includes('before secure TLS connection was established');
}
