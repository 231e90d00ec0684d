import { gzipSync } from 'node:zlib';

import type { Behaviour, Exchange } from './misbehaving-responder.js';
import { buildErrorResponse } from './ocsp-response.js';

type Headers = Readonly<Record<string, string>>;

/** These bytes as an OCSP response, whatever is asked. */
export function fixed(bytes: Uint8Array, headers: Headers = {}): Behaviour {
  return ({ response }) => sendOcsp(response, bytes, headers);
}

export function httpStatus(code: number, headers: Headers = {}, body: string | Uint8Array = ''): Behaviour {
  return ({ response }) => {
    response.writeHead(code, { 'content-length': String(Buffer.byteLength(body)), ...headers }).end(body);
  };
}

/** A web page where DER should be, status 200. */
export function html(): Behaviour {
  const page = '<!DOCTYPE html>\n<html><head><title>Welcome</title></head><body>It works!</body></html>\n';
  return httpStatus(200, { 'content-type': 'text/html; charset=utf-8' }, page);
}

/** One byte at a time. */
export function slow(bytes: Uint8Array, millisecondsPerByte: number): Behaviour {
  return ({ response }) => {
    response.writeHead(200, { 'content-type': 'application/ocsp-response', 'content-length': String(bytes.length) });
    response.flushHeaders();
    let sent = 0;
    every(response, millisecondsPerByte, () => {
      response.write(bytes.subarray(sent, sent + 1));
      sent += 1;
      if (sent < bytes.length) return true;
      response.end();
      return false;
    });
  };
}

/** Headers that promise a body, then nothing. */
export function silentAfterHeaders(): Behaviour {
  return ({ response }) => {
    response.writeHead(200, { 'content-type': 'application/ocsp-response', 'content-length': '471' });
    response.flushHeaders();
  };
}

/** Takes the request and never answers. */
export function silent(): Behaviour {
  return () => undefined;
}

/** A body that never ends: 16 KiB every millisecond for as long as somebody reads. */
export function endless(): Behaviour {
  return ({ response }) => {
    response.writeHead(200, { 'content-type': 'application/ocsp-response' });
    const chunk = Buffer.alloc(16 * 1024, 0x30);
    every(response, 1, () => {
      if (!response.writableNeedDrain) response.write(chunk);
      return true;
    });
  };
}

/** A content-length that the body does not reach: the connection is closed in the middle. */
export function truncated(bytes: Uint8Array, keep: number): Behaviour {
  return ({ response, socket }) => {
    response.writeHead(200, { 'content-type': 'application/ocsp-response', 'content-length': String(bytes.length) });
    response.write(bytes.subarray(0, keep), () => socket.end());
  };
}

/** RST instead of an answer. */
export function resetConnection(): Behaviour {
  return ({ socket }) => {
    socket.resetAndDestroy();
  };
}

export function redirect(to: string, status: 301 | 302 | 303 | 307 | 308 = 302): Behaviour {
  return httpStatus(status, { location: to });
}

/** An unsigned tryLater (HTTP 200, with Retry-After where one is given) so many times, then something better. */
export function tryLater(times: number, then: Behaviour, retryAfter?: string): Behaviour {
  const headers = retryAfter === undefined ? {} : { 'retry-after': retryAfter };
  return failing(times, fixed(buildErrorResponse('tryLater'), headers), then);
}

/** One behaviour so many times, then another. */
export function failing(times: number, behaviour: Behaviour, then: Behaviour): Behaviour {
  let left = times;
  return (exchange) => {
    left -= 1;
    return left >= 0 ? behaviour(exchange) : then(exchange);
  };
}

/** Good bytes under the wrong name. */
export function wrongContentType(bytes: Uint8Array, contentType = 'text/plain'): Behaviour {
  return fixed(bytes, { 'content-type': contentType });
}

/** Compressed although nobody asked for it. */
export function gzip(bytes: Uint8Array): Behaviour {
  return fixed(gzipSync(bytes), { 'content-encoding': 'gzip' });
}

/** Waits before it behaves. */
export function delayed(milliseconds: number, behaviour: Behaviour): Behaviour {
  return async (exchange) => {
    const waited = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(true), milliseconds);
      exchange.response.once('close', () => {
        clearTimeout(timer);
        resolve(false);
      });
    });
    if (waited) await behaviour(exchange);
  };
}

/** Sends an OCSP response as responders do, with a content-length. */
export function sendOcsp(response: Exchange['response'], bytes: Uint8Array, headers: Headers = {}): void {
  response
    .writeHead(200, {
      'content-type': 'application/ocsp-response',
      'content-length': String(bytes.length),
      ...headers,
    })
    .end(bytes);
}

/** Calls `step` again and again until it says false or the connection is gone. */
function every(response: Exchange['response'], milliseconds: number, step: () => boolean): void {
  const timer = setInterval(() => {
    if (!step()) clearInterval(timer);
  }, milliseconds);
  response.once('close', () => clearInterval(timer));
}
