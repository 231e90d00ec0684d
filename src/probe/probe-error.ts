import { OcspError } from '../core/index.js';
import { shownHostAndPort } from '../system/network/host-and-port.js';
import { isNameError, networkErrorCode, networkErrorText } from '../system/network/network-error-text.js';
import type { ProbeRequest } from './probe-request.js';

/** A failed lookup or connection: `name-not-resolved`, `timeout`, `connection-failed`. */
export function connectionError(error: unknown, request: ProbeRequest): OcspError {
  const code = networkErrorCode(error);
  const place = shownHostAndPort(request);
  const options = { cause: error };
  if (isNameError(code)) {
    const hint = 'check the name and the resolver of this host, or name the address and add the server name';
    return new OcspError('name-not-resolved', `${request.host} was not found: ${reasonOf(error)}`, hint, options);
  }
  if (code === 'ETIMEDOUT') {
    const hint = 'check the route and the firewall';
    return new OcspError('timeout', `${place} did not answer the connection`, hint, options);
  }
  const hint = 'check that the server runs and listens at this address and port';
  return new OcspError('connection-failed', `connection to ${place} failed: ${reasonOf(error)}`, hint, options);
}

/** A failed handshake: `tls-failed`, its hint by what was asked and how it failed. */
export function handshakeError(error: unknown, request: ProbeRequest): OcspError {
  const message = `TLS with ${shownHostAndPort(request)} failed: ${handshakeReason(error)}`;
  return new OcspError('tls-failed', message, handshakeHint(networkErrorCode(error), request), { cause: error });
}

/** OpenSSL's own words for the few failures that say something about the server; see ERR_reason_error_string(3). */
const notTls: ReadonlySet<string> = new Set([
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'ERR_SSL_PACKET_LENGTH_TOO_LONG',
  'ERR_SSL_HTTP_REQUEST',
]);

/** The alert, by the names that OpenSSL gives it before 3.2 and since. */
const handshakeFailures: ReadonlySet<string> = new Set([
  'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE',
  'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE',
]);

/** In TLS 1.2 a staple over 16,380 octets; OpenSSL's bound for the message that it comes in. */
const tooLargeMessage = 'ERR_SSL_EXCESSIVE_MESSAGE_SIZE';

function handshakeReason(error: unknown): string {
  const code = networkErrorCode(error);
  if (notTls.has(code)) return 'the answer is not TLS';
  if (code === 'ECONNRESET' || code === 'EPIPE') return 'the server closed the connection during the handshake';
  if (handshakeFailures.has(code)) return 'the server has no certificate or cipher for this offer';
  if (code === tooLargeMessage) return 'it sends a larger message than clients of TLS take';
  return reasonOf(error);
}

function handshakeHint(code: string, { keyType, tlsVersion, starttls }: ProbeRequest): string {
  if (notTls.has(code) && starttls === undefined) {
    return 'name the TLS port, or add --starttls smtp or imap where TLS starts later';
  }
  if (code === tooLargeMessage) {
    return 'its staple has more than 16380 octets, or its chain is too long: no client that asks for staples gets through';
  }
  if (keyType !== undefined) {
    return `only ${keyType === 'rsa' ? 'RSA' : 'ECDSA'} was offered: check that the server has such a certificate for this name`;
  }
  if (tlsVersion !== undefined) return `only ${tlsVersion} was offered: check that the server speaks it`;
  return "check the server's log, and try: openssl s_client -status -connect HOST:PORT";
}

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) {
    return [...new Set(error.errors.map(reasonOf))].join(', ');
  }
  // OpenSSL's message is a line of its source; only the reason in it is for people.
  const reason = error instanceof Error && 'reason' in error ? error.reason : undefined;
  return networkErrorText(error, 'the server', typeof reason === 'string' ? reason : undefined);
}
