import type { HttpClient, HttpRequest } from './http-client.js';
import { StatusError } from './status-error.js';

/** Largest issuer file that is taken: a PKCS#7 bundle of a large CA has some 20 kB. */
const maximumIssuerBytes = 256 * 1024;

/** Media types of caIssuers files (RFC 5280 §4.2.2.1, RFC 2585 §4, RFC 8551 §3.2.1) and their common variants. */
const issuerTypes = [
  'application/pkix-cert',
  'application/pkcs7-mime',
  'application/x-pkcs7-certificates',
  'application/x-x509-ca-cert',
  'application/x-pem-file',
  '*/*;q=0.5',
].join(', ');

/** One caIssuers file to download. */
export interface IssuerDownload {
  readonly url: string;
  readonly origin: HttpRequest['origin'];
  readonly timeoutMilliseconds: number;
  readonly connectTimeoutMilliseconds: number;
  readonly signal?: AbortSignal;
}

/**
 * The bytes behind a caIssuers URI (DER, PEM or PKCS#7, not looked at here) and the URL that gave them. Throws OcspError: `http-status` as a
 * {@link StatusError} for any status but 200, and whatever {@link HttpClient.exchange} throws; ldap URIs are `unsupported-scheme`.
 */
export async function downloadIssuer(
  client: HttpClient,
  download: IssuerDownload,
): Promise<{ readonly bytes: Uint8Array; readonly url: string }> {
  const { url, origin, timeoutMilliseconds, connectTimeoutMilliseconds, signal } = download;
  const reply = await client.exchange({
    url,
    origin,
    method: 'GET',
    accept: issuerTypes,
    maximumBodyBytes: maximumIssuerBytes,
    timeoutMilliseconds,
    connectTimeoutMilliseconds,
    ...(signal === undefined ? {} : { signal }),
  });
  if (reply.status === 200) return { bytes: reply.body, url: reply.url };
  throw new StatusError(
    'http-status',
    `${new URL(reply.url).host} answered with HTTP status ${reply.status} to the download of the issuer`,
    'put the issuer beside the certificate as CERT.issuer, or name it with --issuer',
    { status: reply.status, retryAfter: reply.headers['retry-after'] },
  );
}
