import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';

import { freePort, listenOnFreePort } from './servers/free-port.js';

/** A request as it arrived. */
export interface RecordedRequest {
  readonly method: string;
  /** The request target as it was written. */
  readonly url: string;
  readonly httpVersion: string;
  readonly headers: IncomingMessage['headers'];
  /** Names and values in turn, in their order and case. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** What a behaviour gets to see and to answer with. */
export interface Exchange {
  readonly request: RecordedRequest;
  /** The path without the route's prefix and without the query. */
  readonly path: string;
  readonly response: ServerResponse;
  readonly socket: Socket;
  /** How many requests this responder has had, this one included. */
  readonly count: number;
}

/** Answers a request, or fails to in its own way. One that throws ends in 500. */
export type Behaviour = (exchange: Exchange) => void | Promise<void>;

export interface Responder {
  /** `http://127.0.0.1:PORT`, no slash at the end. */
  readonly url: string;
  readonly port: number;
  /** Every request whose headers and body arrived, oldest first. */
  readonly requests: RecordedRequest[];
  /** Connections accepted so far, also those that never sent a request. */
  readonly connections: () => number;
  /** Answers where no route fits; may be replaced at any time. */
  behaviour: Behaviour;
  /** Behaviours by path prefix (`/slow`), the longest that fits wins; may be changed at any time. */
  readonly routes: Map<string, Behaviour>;
  /** Stops listening and destroys every socket. */
  readonly close: () => Promise<void>;
}

export interface ResponderOptions {
  /** Default: 404. */
  readonly behaviour?: Behaviour;
  readonly routes?: Readonly<Record<string, Behaviour>>;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** PEM of a certificate and its key: speak https. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

const bodyLimit = 1024 * 1024;

/** Starts an HTTP server on loopback that answers, or misbehaves, as it is told; nobody listens on its port once it is closed. */
export async function startResponder(options: ResponderOptions = {}): Promise<Responder> {
  const requests: RecordedRequest[] = [];
  const sockets = new Set<Socket>();
  const routes = new Map(Object.entries(options.routes ?? {}));
  let accepted = 0;

  const server = listenerFor(options, (incoming, response) => {
    response.on('error', ignore);
    void answerOne(incoming, response);
  });
  server.requestTimeout = 0;
  server.headersTimeout = 0;
  server.on(options.tls === undefined ? 'connection' : 'secureConnection', () => (accepted += 1));
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', ignore);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('clientError', (_error, socket) => socket.destroy());
  server.on('tlsClientError', ignore);

  const address = options.host ?? '127.0.0.1';
  const port = await listenOnFreePort(server, address);
  server.on('error', ignore);

  async function answerOne(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const request = await record(incoming);
      requests.push(request);
      const { behaviour, path } = route(request.url, routes, responder.behaviour);
      await behaviour({ request, path, response, socket: incoming.socket, count: requests.length });
    } catch (error) {
      if (response.headersSent) response.destroy();
      else response.writeHead(500, { 'content-type': 'text/plain' }).end(String(error));
    }
  }

  const host = address.includes(':') ? `[${address}]` : address;
  const responder: Responder = {
    url: `${options.tls === undefined ? 'http' : 'https'}://${host}:${String(port)}`,
    port,
    requests,
    connections: () => accepted,
    behaviour: options.behaviour ?? notFound,
    routes,
    close: () => closeAll(server, sockets),
  };
  return responder;
}

/** A port on loopback where nobody listens: for a responder that is down. */
export function unusedPort(): Promise<number> {
  return freePort();
}

function listenerFor({ tls }: ResponderOptions, listener: RequestListener): Server {
  return tls === undefined ? createServer(listener) : createTlsServer({ cert: tls.cert, key: tls.key }, listener);
}

async function record(incoming: IncomingMessage): Promise<RecordedRequest> {
  const at = Date.now();
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > bodyLimit) throw new Error('request body too large');
    chunks.push(chunk);
  }
  return {
    method: incoming.method ?? '',
    url: incoming.url ?? '',
    httpVersion: incoming.httpVersion,
    headers: incoming.headers,
    rawHeaders: incoming.rawHeaders,
    body: Buffer.concat(chunks),
    at,
  };
}

/** Finds the longest prefix that ends where a path segment ends. An absolute target (sent to a proxy) is judged by its path. */
function route(
  url: string,
  routes: ReadonlyMap<string, Behaviour>,
  otherwise: Behaviour,
): { behaviour: Behaviour; path: string } {
  const path = url.replace(/^[a-z]+:\/\/[^/?#]*/i, '').replace(/[?#].*$/s, '');
  const [found] = [...routes]
    .filter(([prefix]) => path === prefix || path.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`))
    .sort(([left], [right]) => right.length - left.length);
  return found === undefined
    ? { behaviour: otherwise, path }
    : { behaviour: found[1], path: path.slice(found[0].length) };
}

function notFound({ response }: Exchange): void {
  response.writeHead(404, { 'content-type': 'text/plain' }).end('not found\n');
}

function closeAll(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    for (const socket of sockets) socket.destroy();
  });
}

function ignore(): void {
  // A peer that goes away, or garbage on the line, is what this server is for.
}
