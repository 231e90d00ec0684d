import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { OcspError } from '../../core/index.js';
import { definedOnly } from '../../core/defined-only.js';
import { shownHostAndPort, type HostAndPort } from '../../system/network/host-and-port.js';
import type { AddressBlock } from '../../transport/internet-address.js';
import type { Answer } from './answer.js';
import { ClientConnections } from './client-connections.js';
import { httpAnswerOf, httpRefusal, type HttpAnswer } from './http-answer.js';
import { announcesMoreThan, readBody, requestOfPath, tooLarge } from './http-request.js';
import { refused, type Responder } from './responder.js';

/** Bounds on what a client may cost. Times in milliseconds. */
const defaultLimits = {
  /** Octets of a request's body. */
  body: 65_536,
  /** For the head of a request, and for the whole of it. */
  requestTime: 10_000,
  /** Without a request, before a kept-alive connection ends. */
  idleTime: 30_000,
  /** Connections at once, of all clients and of one. */
  connections: 1024,
  connectionsOfClient: 128,
};

export type ServerLimits = Readonly<typeof defaultLimits>;

/** One request and its answer, for the log. */
export interface Exchange {
  readonly time: Date;
  /** The client's address. */
  readonly remote: string;
  readonly method: string;
  /** The first line of the request as it came: whatever a client likes to write. */
  readonly requestLine: string;
  /** The DER that was sent, or what came in its place; absent where HTTP alone answered, or nothing of it could be read. */
  readonly request?: Uint8Array;
  readonly httpStatus: number;
  /** Undefined where only HTTP answered (405, 413). */
  readonly answer?: Answer;
  readonly isCached: boolean;
  /** What the client calls its body, where that is not application/ocsp-request; it is answered all the same. */
  readonly unusualContentType?: string;
  readonly milliseconds: number;
}

/** Where to listen, at port 0 for any free one, and what answers. */
export interface ResponderServerOptions extends HostAndPort {
  readonly responder: Responder;
  readonly now: () => Date;
  readonly onExchange?: (exchange: Exchange) => void;
  readonly limits?: Partial<ServerLimits>;
  /** Addresses that are exempt from the limit for one client. */
  readonly trustedProxies?: readonly AddressBlock[];
}

export type ResponderServer = Awaited<ReturnType<typeof startResponderServer>>;

/**
 * Serves a responder over HTTP (RFC 6960 appendix A.1): POST, GET and HEAD, refusals as OCSP answers with status 200.
 * Resolves when it listens.
 *
 * @throws OcspError `listen-failed` when the address is not available
 */
export async function startResponderServer(options: ResponderServerOptions) {
  const limits = { ...defaultLimits, ...options.limits };
  const server = createServer({
    headersTimeout: limits.requestTime,
    requestTimeout: limits.requestTime,
    keepAliveTimeout: limits.idleTime,
    connectionsCheckingInterval: Math.max(50, Math.min(1000, limits.requestTime / 4)),
  });
  // A client that does not take its answer is idle as well.
  server.timeout = limits.requestTime + limits.idleTime;
  const connections = new ClientConnections({ ...limits, trustedProxies: options.trustedProxies ?? [] });
  server.on('connection', (socket) => connections.admit(socket));
  let isStopping = false;
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const own = { ...options, limits, connections, isStopping: () => isStopping };
    exchange(request, response, own).catch(() => response.destroy());
  };
  server.on('request', handle);
  server.on('checkContinue', (request, response) => {
    // Nothing of the body will come, so the next octets are certainly not another request.
    if (announcesMoreThan(request, limits.body)) response.shouldKeepAlive = false;
    else response.writeContinue();
    handle(request, response);
  });
  await listen(server, options);
  // Exhausted file descriptors and the like: the connection is lost, the server is not.
  server.on('error', () => undefined);
  const { port } = server.address() as AddressInfo;
  return {
    /** `http://127.0.0.1:8080`, with the port that it really has. */
    url: `http://${shownHostAndPort({ ...options, port })}`,
    port,
    /**
     * Takes no more connections, finishes the requests that are running, closes the idle connections at once and the
     * others after `deadlineMilliseconds`. Resolves when all are closed.
     */
    stop: (deadlineMilliseconds: number): Promise<void> => {
      isStopping = true;
      return stop(server, connections.sockets(), deadlineMilliseconds);
    },
  };
}

interface ExchangeOptions extends ResponderServerOptions {
  readonly limits: ServerLimits;
  readonly connections: ClientConnections;
  readonly isStopping: () => boolean;
}

async function exchange(request: IncomingMessage, response: ServerResponse, options: ExchangeOptions): Promise<void> {
  const started = performance.now();
  // Errors of a connection that breaks: its end is all that follows.
  response.on('error', () => undefined);
  const { socket } = request;
  const whole = (): void => void response.once('close', options.connections.answer(socket));
  const result = await resultOf(request, options, whole);
  if (result === undefined) return;
  const { http, ...rest } = result;
  if (options.isStopping()) response.shouldKeepAlive = false;
  send(request, response, http);
  options.onExchange?.({
    time: options.now(),
    remote: socket.remoteAddress ?? '',
    method: request.method ?? '',
    requestLine: `${request.method} ${request.url} HTTP/${request.httpVersion}`,
    httpStatus: http.status,
    ...rest,
    milliseconds: performance.now() - started,
  });
}

type Result = Pick<Exchange, 'answer' | 'request' | 'isCached' | 'unusualContentType'> & { readonly http: HttpAnswer };

/**
 * Undefined when the client went away before its request was whole.
 *
 * @param whole called when that is
 */
async function resultOf(
  request: IncomingMessage,
  { now, responder, limits }: ExchangeOptions,
  whole: () => void,
): Promise<Result | undefined> {
  switch (request.method) {
    case 'GET':
    case 'HEAD': {
      whole();
      const der = requestOfPath(request.url ?? '');
      const answered =
        der === undefined
          ? refused({ status: 'malformedRequest', reason: 'the path is not a request in base64' })
          : await responder.respond(der, now());
      const http = httpAnswerOf(answered.answer, request.headers, now());
      return definedOnly({ http, ...answered, request: der });
    }
    case 'POST': {
      const body = await readBody(request, limits.body);
      if (body === undefined) return undefined;
      if (body === tooLarge) {
        const text = `an OCSP request has at most ${limits.body} octets here`;
        return { http: httpRefusal(413, text, now()), isCached: false };
      }
      whole();
      const answered = await responder.respond(body, now());
      const http = httpAnswerOf(answered.answer, {}, now());
      return { http, ...answered, request: body, ...unusualContentType(request) };
    }
    default:
      return { http: httpRefusal(405, 'an OCSP responder takes GET, HEAD and POST', now()), isCached: false };
  }
}

function unusualContentType({ headers }: IncomingMessage): Pick<Exchange, 'unusualContentType'> {
  const type = headers['content-type'] ?? '';
  return /^application\/ocsp-request *(?:;|$)/i.test(type) ? {} : { unusualContentType: type.slice(0, 100) };
}

function send(request: IncomingMessage, response: ServerResponse, { status, headers, body }: HttpAnswer): void {
  // RFC 9110 §8.6: a 304 has no Content-Length of its own.
  const length = status === 304 ? {} : { 'Content-Length': body.length };
  response.writeHead(status, { ...headers, ...length });
  response.end(request.method === 'HEAD' || status === 304 ? undefined : body);
}

async function listen(server: Server, { host, port }: ResponderServerOptions): Promise<void> {
  server.listen({ host, port });
  try {
    await once(server, 'listening');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const [because, hint] = reasons[code ?? ''] ?? [code ?? message, 'check --listen'];
    throw new OcspError('listen-failed', `cannot listen on ${host} port ${port}: ${because}`, hint, { cause: error });
  }
}

const reasons: Readonly<Record<string, readonly [string, string]>> = {
  EADDRINUSE: ['the port is taken', 'stop what listens there (ss -ltnp shows it), or take another port'],
  EACCES: [
    'this user may not use that port',
    'take a port above 1023, or give the service CAP_NET_BIND_SERVICE (AmbientCapabilities= in systemd)',
  ],
  EADDRNOTAVAIL: ['this machine does not have that address', 'take one that ip address shows, or 127.0.0.1'],
  ENOTFOUND: ['the name is not known', 'write an address of this machine, such as 127.0.0.1 or [::1]'],
  EAI_AGAIN: ['the name cannot be resolved now', 'write an address of this machine, such as 127.0.0.1 or [::1]'],
};

function stop(server: Server, sockets: Iterable<Socket>, deadlineMilliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const deadline = setTimeout(() => server.closeAllConnections(), deadlineMilliseconds);
    server.close(() => {
      clearTimeout(deadline);
      resolve();
    });
    // Node counts a connection that never said anything as busy.
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
  });
}
