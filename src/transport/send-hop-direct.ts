import { request as requestHttp, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Socket } from 'node:net';
import { type Deadline, timedOut } from './deadline.js';
import { denialOf } from './guarded-agents.js';
import { bodyTooLarge, keptHeadersOf, locationOf, overLiveConnection, type HopReply, type HopRequest } from './hop.js';
import { isClosedConnection, networkError, ocspErrorIn } from './network-error.js';

/**
 * Sends one request without a proxy and reads its answer, by node:http alone: at a third of the HTTP library's cost a
 * request, which a fleet feels, and without its start-up, which a single certificate feels. A kept-alive connection that turns out closed is replaced at once.
 */
export function sendHopDirectly(hop: HopRequest, deadline: Deadline): Promise<HopReply> {
  return overLiveConnection(() => sendOnce(hop, deadline));
}

function sendOnce(hop: HopRequest, deadline: Deadline): Promise<HopReply | 'stale connection'> {
  return new Promise((resolve, reject) => {
    const over = deadline.reason();
    if (over !== undefined) {
      reject(over);
      return;
    }
    const { target } = hop;
    let request: ClientRequest | undefined;
    let connectTimer: NodeJS.Timeout | undefined;
    let isAnswered = false;
    let address: string | undefined;

    const settle = (): void => {
      clearTimeout(connectTimer);
      forget();
    };
    const fail = (error: Error): void => {
      settle();
      reject(error);
      request?.destroy();
    };
    const onConnected = (socket: Socket): void => {
      clearTimeout(connectTimer);
      address = socket.remoteAddress;
      deadline.stage = 'waiting for the answer';
    };
    const onError = (error: unknown): void => {
      settle();
      if (request?.reusedSocket === true && !isAnswered && isClosedConnection(error)) {
        resolve('stale connection');
        return;
      }
      reject(denialOf(request?.socket) ?? ocspErrorIn(error) ?? networkError(error, { host: target.host, address }));
    };

    const forget = deadline.onOver(fail);
    deadline.stage = 'connecting';
    try {
      request = start(hop);
    } catch (error) {
      // A refused literal address is thrown by the agent before there is a request.
      onError(error);
      return;
    }
    const started = request;
    request.on('error', onError);
    request.once('socket', (socket) => {
      if (started.reusedSocket || !socket.connecting) {
        onConnected(socket);
        return;
      }
      connectTimer = setTimeout(() => {
        fail(timedOut(target.host, hop.connectTimeoutMilliseconds, 'connecting'));
      }, hop.connectTimeoutMilliseconds);
      socket.once(target.protocol === 'https:' ? 'secureConnect' : 'connect', () => onConnected(socket));
    });
    request.once('response', (response) => {
      isAnswered = true;
      deadline.stage = 'reading the answer';
      readAnswer(hop, response, {
        succeed: (reply) => {
          settle();
          resolve(reply);
        },
        fail,
        onError,
      });
    });
    request.end(hop.body);
  });
}

function start(hop: HopRequest): ClientRequest {
  const { target, method, route } = hop;
  const isSecure = target.protocol === 'https:';
  const headers = hop.body === undefined ? hop.headers : { ...hop.headers, 'content-length': String(hop.body.length) };
  // As options of its own: Node copies a URL into some property by property, for each request.
  return (isSecure ? requestHttps : requestHttp)({
    protocol: target.protocol,
    hostname: target.hostname.replace(/^\[|\]$/g, ''),
    port: target.port,
    path: `${target.pathname}${target.search}`,
    method,
    headers,
    agent: isSecure ? route.agents.https : route.agents.http,
  });
}

interface AnswerHandlers {
  readonly succeed: (reply: HopReply) => void;
  readonly fail: (error: Error) => void;
  readonly onError: (error: unknown) => void;
}

function readAnswer(hop: HopRequest, response: IncomingMessage, { succeed, fail, onError }: AnswerHandlers): void {
  const { statusCode: status = 0, headers } = response;
  const kept = keptHeadersOf(headers);
  if (headers.location !== undefined && hop.isRedirect(status)) {
    succeed({ status, headers: kept, body: new Uint8Array(0), location: locationOf(headers.location) });
    response.destroy();
    return;
  }
  if (Number(headers['content-length']) > hop.maximumBodyBytes) {
    fail(bodyTooLarge(hop, `announces ${headers['content-length'] ?? ''} bytes`));
    return;
  }
  const chunks: Uint8Array[] = [];
  let received = 0;
  response.on('data', (chunk: Uint8Array) => {
    received += chunk.length;
    if (received > hop.maximumBodyBytes) fail(bodyTooLarge(hop, 'goes on'));
    else chunks.push(chunk);
  });
  response.on('error', onError);
  response.on('end', () => {
    const [only] = chunks;
    const body = chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
    succeed({ status, headers: kept, body, location: undefined });
  });
}
