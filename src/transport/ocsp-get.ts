import { parseTarget } from './target-url.js';

/** A GET is for requests whose whole encoded URL has at most this many bytes (RFC 5019 §5). */
const maximumGetBytes = 255;

/**
 * The URL of an OCSP request by GET (RFC 6960 appendix A.1): the responder's path, exactly one slash, the request in base64,
 * percent-encoded. A query stays behind it, a fragment goes. Throws OcspError `malformed-uri` or `unsupported-scheme`.
 */
export function ocspGetUrl(url: string, requestDer: Uint8Array): string {
  const target = parseTarget(url, { allowCredentials: true });
  const encoded = encodeURIComponent(Buffer.from(requestDer).toString('base64'));
  target.pathname = `${target.pathname.replace(/\/+$/, '')}/${encoded}`;
  return target.href;
}

/** Whether GET suits this responder and request: no query or fragment in the URL, at most 255 bytes in all. False for an unusable URL too. */
export function fitsGet(url: string, requestDer: Uint8Array): boolean {
  if (/[?#]/.test(url)) return false;
  try {
    return Buffer.byteLength(ocspGetUrl(url, requestDer)) <= maximumGetBytes;
  } catch {
    return false;
  }
}
