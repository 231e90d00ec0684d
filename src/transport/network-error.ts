import { OcspError } from '../core/ocsp-error.js';

/** Where an exchange stood when it failed. */
export interface FailureContext {
  /** Host and port that were asked. */
  readonly host: string;
  /** The address connected to, where known. */
  readonly address?: string | undefined;
  /** The proxy (described without credentials) if the trouble lies on the way to it. */
  readonly proxy?: string | undefined;
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the other side closed the connection',
  ECONNABORTED: 'the connection was aborted',
  EPIPE: 'the other side closed the connection',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'network unreachable',
  ENETDOWN: 'the network is down',
  EADDRNOTAVAIL: 'no local address for this connection',
  EACCES: 'forbidden by this host (firewall)',
  EPERM: 'forbidden by this host (firewall)',
  EMFILE: 'too many open files',
  ETIMEDOUT: 'no answer',
  ENOTFOUND: 'the name does not exist',
  EAI_NONAME: 'the name does not exist',
  ENODATA: 'the name has no address',
  EAI_NODATA: 'the name has no address',
  EAI_ADDRFAMILY: 'the name has no address of this family',
  EAI_AGAIN: 'the name server gave no answer',
  EAI_FAIL: 'the name server failed',
  HPE_HEADER_OVERFLOW: 'its headers are too large',
};

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
  const code = codeOf(native);
  const reason = reasonOf(native);
  // Only the system's own error is kept as the cause: the HTTP client's errors carry the whole request, secrets included.
  const options = { cause: native };
  const place = context.address === undefined ? context.host : `${context.host} (${context.address})`;
  if (context.proxy !== undefined) {
    const message = `the proxy ${context.proxy} could not be used for ${context.host}: ${reason}`;
    return new OcspError('proxy-failed', message, 'check --proxy, HTTP_PROXY and HTTPS_PROXY', options);
  }
  if (code.startsWith('EAI_') || code === 'ENOTFOUND' || code === 'ENODATA') {
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
  if (code.startsWith('HPE_')) {
    const hint = 'check that the URI leads to an HTTP server';
    return new OcspError('connection-failed', `the answer of ${place} is not HTTP: ${reason}`, hint, options);
  }
  const hint = 'check that the responder runs and that firewalls let this host reach it, or try again later';
  return new OcspError('connection-failed', `connection to ${place} failed: ${reason}`, hint, options);
}

/** Whether a send on a kept-alive socket met a server that had just closed it, so that a new connection may do (RFC 9112 §9.3.1). */
export function isClosedConnection(error: unknown): boolean {
  return ['ECONNRESET', 'EPIPE', 'ECONNABORTED'].includes(codeOf(nativeError(error)));
}

function nativeError(error: unknown): unknown {
  let current = error;
  while (current instanceof Error && current.cause instanceof Error) current = current.cause;
  if (!(current instanceof Error) || !('options' in current)) return current;
  return Object.assign(new Error(current.message), { code: codeOf(current) });
}

function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors.at(-1));
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) {
    return error.errors.map((inner: unknown) => `${addressOf(inner)}${reasonOf(inner)}`).join(', ');
  }
  const known = reasons[codeOf(error)];
  if (known !== undefined) return known;
  return error instanceof Error ? error.message.replace(/\s+/g, ' ').trim().slice(0, 300) : 'unknown reason';
}

function addressOf(error: unknown): string {
  return error instanceof Error && 'address' in error && typeof error.address === 'string' ? `${error.address} ` : '';
}

function isTls(code: string, error: unknown): boolean {
  if (/^(?:ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_MISMATCH|EPROTO)/.test(code))
    return true;
  return error instanceof Error && error.message.includes('before secure TLS connection was established');
}
