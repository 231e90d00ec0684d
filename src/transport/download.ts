import { OcspError } from '../core/ocsp-error.js';
import type { HttpClient, HttpReply, HttpRequest } from './http-client.js';
import { StatusError } from './status-error.js';
import { isUnanswered, markUnanswered } from './unanswered.js';
import { definedOnly } from '../core/defined-only.js';

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

/** Media types of CRLs (RFC 5280 §4.2.1.13, RFC 2585 §4.2) and their common variants. */
const crlTypes = ['application/pkix-crl', 'application/x-pkcs7-crl', '*/*;q=0.5'].join(', ');

/** One file to download that a certificate names. */
export interface Download {
  readonly url: string;
  readonly origin: HttpRequest['origin'];
  readonly timeoutMilliseconds: number;
  readonly connectTimeoutMilliseconds: number;
  readonly signal?: AbortSignal;
}

/** The bytes that came, not looked at, and the URL that gave them. */
export interface Downloaded {
  readonly bytes: Uint8Array;
  readonly url: string;
}

/**
 * The bytes behind a caIssuers URI: DER, PEM or PKCS#7. Throws OcspError: `http-status` as a {@link StatusError} for any status
 * but 200, and whatever {@link HttpClient.exchange} throws; ldap URIs are `unsupported-scheme`.
 */
export async function downloadIssuer(client: HttpClient, download: Download): Promise<Downloaded> {
  return await downloadFile(client, download, {
    what: 'the issuer',
    accept: issuerTypes,
    maximumBytes: maximumIssuerBytes,
    hint: 'put the issuer beside the certificate as CERT.issuer, or name it with --issuer',
  });
}

/** The bytes behind the URI of a CRL, at most so many. Throws like {@link downloadIssuer}. */
export async function downloadCrl(client: HttpClient, download: Download, maximumBytes: number): Promise<Downloaded> {
  return await downloadFile(client, download, {
    what: 'the CRL',
    accept: crlTypes,
    maximumBytes,
    hint: 'download it yourself, and name the file with --crl',
  });
}

interface Kind {
  readonly what: string;
  readonly accept: string;
  readonly maximumBytes: number;
  readonly hint: string;
}

async function downloadFile(
  client: HttpClient,
  { signal, ...download }: Download,
  { what, accept, maximumBytes, hint }: Kind,
): Promise<Downloaded> {
  let reply: HttpReply;
  try {
    const wish = { method: 'GET', accept, maximumBodyBytes: maximumBytes } as const;
    reply = await client.exchange(definedOnly({ ...download, ...wish, signal }));
  } catch (error) {
    if (error instanceof OcspError && hintedOtherwise.has(error.code)) throw withHint(error, hint);
    throw error;
  }
  if (reply.status === 200) return { bytes: reply.body, url: reply.url };
  throw new StatusError(
    'http-status',
    `${new URL(reply.url).host} answered with HTTP status ${reply.status} to the download of ${what}`,
    hint,
    { status: reply.status, retryAfter: reply.headers['retry-after'] },
  );
}

/** Errors whose own hint is for a responder that was asked, not for a file. */
const hintedOtherwise: ReadonlySet<string> = new Set([
  'timeout',
  'body-too-large',
  'too-many-redirects',
  'malformed-uri',
  'unsupported-scheme',
  'name-not-resolved',
  'connection-failed',
  'tls-failed',
]);

function withHint(error: OcspError, hint: string): OcspError {
  const hinted = new OcspError(error.code, error.message, hint, { cause: error });
  if (isUnanswered(error)) markUnanswered(hinted);
  return hinted;
}
