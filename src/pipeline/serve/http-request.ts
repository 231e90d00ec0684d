import type { IncomingMessage } from 'node:http';

/** A body larger than the server takes. */
export const tooLarge = Symbol('body too large');

/**
 * The DER in the path of a GET (RFC 6960 appendix A.1): percent-decoded once, base64 behind any number of slashes, with
 * or without padding, also in its URL-safe alphabet.
 *
 * @returns undefined where there is no base64
 */
export function requestOfPath(target: string): Uint8Array | undefined {
  // A proxy may send the absolute form (RFC 9112 §3.2.2).
  const path = target.replace(/^https?:\/\/[^/]*/i, '');
  const base64 = decodePercent(path)?.replace(/^\/+/, '');
  if (base64 === undefined || !/^[A-Za-z0-9+/_-]+={0,2}$/.test(base64)) return undefined;
  return Buffer.from(base64, 'base64');
}

function decodePercent(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/**
 * The body of a POST, at most `limit` octets; what comes beyond is thrown away as it arrives.
 *
 * @returns `tooLarge` as soon as that is known, undefined when the client went away
 */
export function readBody(request: IncomingMessage, limit: number): Promise<Uint8Array | typeof tooLarge | undefined> {
  if (announcesMoreThan(request, limit)) return Promise.resolve(tooLarge);
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= limit) chunks.push(chunk);
      else resolve(tooLarge);
    });
    request.on('end', () => resolve(Buffer.concat(chunks)));
    request.on('error', () => resolve(undefined));
    request.on('close', () => resolve(undefined));
  });
}

/** Judged only by the header, so that a client that waits for `100 Continue` sends nothing in vain. */
export function announcesMoreThan(request: IncomingMessage, limit: number): boolean {
  return Number(request.headers['content-length'] ?? 0) > limit;
}
