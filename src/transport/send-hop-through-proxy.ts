import type { ClientRequest, IncomingHttpHeaders } from 'node:http';
import got, { type OptionsInit } from 'got';
import type { OcspError } from '../core/ocsp-error.js';
import { type Deadline, timedOut } from './deadline.js';
import { denialOf } from './guarded-agents.js';
import { bodyTooLarge, keptHeadersOf, locationOf, overLiveConnection, type HopReply, type HopRequest } from './hop.js';
import { isClosedConnection, networkError, ocspErrorIn } from './network-error.js';
import { StatusError } from './status-error.js';
import { definedOnly } from '../core/defined-only.js';

/**
 * Sends one request through the proxy of its route and reads the answer. A kept-alive connection that turns out closed is
 * replaced at once.
 */
export function sendHopThroughProxy(hop: HopRequest, deadline: Deadline): Promise<HopReply> {
  return overLiveConnection(() => sendOnce(hop, deadline));
}

function sendOnce(hop: HopRequest, deadline: Deadline): Promise<HopReply | 'stale connection'> {
  return new Promise((resolve, reject) => {
    const signal = deadline.signal();
    signal.throwIfAborted();
    const { target, route } = hop;
    const chunks: Uint8Array[] = [];
    let received = 0;
    let request: ClientRequest | undefined;
    let answered: { status: number; headers: IncomingHttpHeaders } | undefined;
    let reachesTarget = false;
    let connectTimer: NodeJS.Timeout | undefined;

    const stream = got.stream(target, streamOptions(hop));

    const settle = (): void => {
      clearTimeout(connectTimer);
      signal.removeEventListener('abort', onAbort);
    };
    const fail = (error: Error): void => {
      settle();
      reject(error);
      stream.destroy();
    };
    const succeed = (location?: string): void => {
      settle();
      if (answered === undefined) return;
      const body = Buffer.concat(chunks);
      resolve({ status: answered.status, headers: keptHeadersOf(answered.headers), body, location });
    };
    const onAbort = (): void => fail(signal.reason as OcspError);
    const onConnected = (): void => {
      clearTimeout(connectTimer);
      deadline.stage = 'waiting for the answer';
    };

    signal.addEventListener('abort', onAbort, { once: true });
    deadline.stage = 'connecting';

    stream.on('request', (started: ClientRequest) => {
      request = started;
      connectTimer = setTimeout(() => {
        fail(
          timedOut(target.host, hop.connectTimeoutMilliseconds, `connecting through the proxy ${route.proxy ?? ''}`),
        );
      }, hop.connectTimeoutMilliseconds);
      started.once('socket', (socket) => {
        if (started.reusedSocket) onConnected();
        else if (target.protocol === 'https:') socket.once('secureConnect', onConnected);
        else if (socket.connecting) socket.once('connect', onConnected);
        else onConnected();
      });
      // Emitted by the proxy agents; for https it is the answer to CONNECT, which must not pass for the target's.
      started.once('proxyConnect', (connect: { readonly statusCode?: number }) => {
        if (target.protocol !== 'https:') return;
        if (connect.statusCode === 200) reachesTarget = true;
        else fail(proxyRefused(hop, connect.statusCode ?? 0));
      });
    });

    stream.on('response', (response: { statusCode: number; headers: IncomingHttpHeaders }) => {
      answered = { status: response.statusCode, headers: response.headers };
      deadline.stage = 'reading the answer';
      const { location } = response.headers;
      if (response.statusCode === 407 && target.protocol === 'http:') {
        fail(proxyRefused(hop, 407));
      } else if (location !== undefined && hop.isRedirect(response.statusCode)) {
        succeed(locationOf(location));
        stream.destroy();
      } else if (Number(response.headers['content-length']) > hop.maximumBodyBytes) {
        fail(bodyTooLarge(hop, `announces ${response.headers['content-length'] ?? ''} bytes`));
      }
    });

    stream.on('data', (chunk: Uint8Array) => {
      received += chunk.length;
      if (received > hop.maximumBodyBytes) fail(bodyTooLarge(hop, 'goes on'));
      else chunks.push(chunk);
    });
    stream.on('end', () => succeed());

    stream.on('error', (error: unknown) => {
      settle();
      const proxy = reachesTarget ? undefined : route.proxy;
      if (request?.reusedSocket === true && answered === undefined && isClosedConnection(error)) {
        resolve('stale connection');
      } else {
        reject(denialOf(request?.socket) ?? ocspErrorIn(error) ?? networkError(error, { host: target.host, proxy }));
      }
    });
  });
}

function streamOptions(hop: HopRequest): OptionsInit & { isStream: true } {
  return definedOnly({
    isStream: true,
    method: hop.method,
    headers: hop.headers,
    body: hop.body,
    agent: hop.route.agents,
    request: hop.route.request,
    retry: { limit: 0 },
    throwHttpErrors: false,
    followRedirect: false,
    methodRewriting: false,
    // A small gzip body can unpack to any size, and no responder needs it.
    decompress: false,
  });
}

function proxyRefused(hop: HopRequest, status: number): OcspError {
  const what =
    status === 407 ? 'asks for authentication' : `refuses the way to ${hop.target.host} with HTTP status ${status}`;
  const hint =
    status === 407
      ? 'put the credentials into the proxy URL: http://user:password@host:port'
      : 'check what the proxy allows, or exempt the host in NO_PROXY';
  return new StatusError('proxy-failed', `the proxy ${hop.route.proxy ?? ''} ${what}`, hint, { status });
}
