import type { ClientRequest, IncomingMessage } from 'node:http';
import got, { type OptionsInit } from 'got';
import { overLiveConnection, type Attempt, type HopRequest, type SendHop } from './hop.js';
import { proxyRefused } from './status-error.js';
import { definedOnly } from '../core/defined-only.js';

/**
 * Sends one request through the proxy of its route and reads the answer. A kept-alive connection that turns out closed is
 * replaced at once.
 */
export const sendHopThroughProxy: SendHop = (hop, deadline) => overLiveConnection(hop, deadline, start);

function start(hop: HopRequest, attempt: Attempt): { destroy(): unknown } {
  const { target, route } = hop;
  const isSecure = target.protocol === 'https:';
  let reachesTarget = false;
  const stream = got.stream(target, streamOptions(hop));
  stream.on('request', (request: ClientRequest) => {
    attempt.requested(request);
    // Emitted by the proxy agents; for https it is the answer to CONNECT, which must not pass for the target's.
    request.once('proxyConnect', ({ statusCode = 0 }: { readonly statusCode?: number }) => {
      if (!isSecure) return;
      if (statusCode === 200) reachesTarget = true;
      else attempt.fail(proxyRefused(route.proxy, target.host, statusCode));
    });
  });
  stream.on('response', (response: IncomingMessage) => {
    const isRefused = response.statusCode === 407 && !isSecure;
    attempt.answered(response, stream, isRefused ? proxyRefused(route.proxy, target.host, 407) : undefined);
  });
  stream.on('error', (error: unknown) => attempt.failed(error, reachesTarget ? undefined : route.proxy));
  return stream;
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
    // A small gzip body can unpack to any size: that is done within a bound, as for a direct answer.
    decompress: false,
  });
}
