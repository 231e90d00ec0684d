import type { IncomingMessage } from 'node:http';

import { Tag, wholeElement } from '../../core/der/der.js';
import { unlessMalformed } from '../../core/der/malformed.js';

/** A body larger than the server takes. */
export const tooLarge = Symbol('body too large');

/**
 * The DER in the path of a GET (RFC 6960 appendix A.1): percent-decoded once, base64 behind the path of the responder's
 * own URL and any number of slashes, with or without padding, also in its URL-safe alphabet.
 *
 * @returns undefined where there is no base64
 */
export function requestOfPath(target: string): Uint8Array | undefined {
  // A proxy may send the absolute form (RFC 9112 §3.2.2).
  const path = target.replace(/^https?:\/\/[^/]*/i, '');
  const whole = decodePercent(path)?.replace(/^\/+/, '');
  if (whole === undefined) return undefined;
  // Base64 has slashes too, so that only the DER tells where the URL of the responder ends.
  for (let rest = whole, depth = 0; depth <= deepestPath; rest = rest.slice(rest.indexOf('/') + 1), depth += 1) {
    const der = fromBase64(rest);
    if (der !== undefined && isWhole(der)) return der;
    if (!rest.includes('/')) break;
  }
  return fromBase64(whole);
}

/** Folders in the path of a responder's URL. */
const deepestPath = 8;

function isWhole(der: Uint8Array): boolean {
  return unlessMalformed(() => wholeElement(der, Tag.sequence, 'request')) !== undefined;
}

function fromBase64(text: string): Uint8Array | undefined {
  return /^[A-Za-z0-9+/_-]+={0,2}$/.test(text) ? Buffer.from(text, 'base64') : undefined;
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
