import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import {
  type AddressInfo,
  type LookupFunction,
  type Server as TcpServer,
  type Socket,
  createServer as createTcpServer,
} from 'node:net';
import { onTestFinished } from 'vitest';
import { OcspError } from '../../../src/core/ocsp-error.js';
import {
  type HttpClient,
  type HttpClientOptions,
  type HttpRequest,
  createHttpClient,
} from '../../../src/transport/http-client.js';

/** A request as a test server saw it. */
export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface LoopbackServer {
  readonly port: number;
  readonly origin: string;
  readonly seen: Seen[];
  /** TCP connections accepted so far. */
  connections(): number;
}

type Handler = (request: IncomingMessage, response: ServerResponse, seen: Seen) => void;

/** An HTTP server on 127.0.0.1 that ends with the test. */
export async function startServer(handler: Handler): Promise<LoopbackServer> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const entry = {
        method: request.method ?? '',
        url: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks).toString('latin1'),
      };
      seen.push(entry);
      handler(request, response, entry);
    });
  });
  return { ...(await listen(server)), seen };
}

/** A TCP server on 127.0.0.1 that ends with the test; `received` is every byte it got. */
export async function startTcpServer(
  onConnection: (socket: Socket) => void,
): Promise<Omit<LoopbackServer, 'seen'> & { readonly received: () => string; readonly openSockets: () => number }> {
  const chunks: Buffer[] = [];
  const server = createTcpServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => chunks.push(chunk));
    onConnection(socket);
  });
  const listening = await listen(server);
  return { ...listening, received: () => Buffer.concat(chunks).toString('latin1') };
}

async function listen(server: Server | TcpServer) {
  const sockets = new Set<Socket>();
  let count = 0;
  server.on('connection', (socket: Socket) => {
    count++;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(
    () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  );
  const { port } = server.address() as AddressInfo;
  return {
    port,
    origin: `http://127.0.0.1:${port}`,
    connections: () => count,
    openSockets: () => sockets.size,
  };
}

/** A client that ends with the test; by default as strict as for a user without flags. */
export function startClient(options: Partial<HttpClientOptions> = {}): HttpClient {
  const client = createHttpClient({
    allowPrivate: false,
    allowAddresses: [],
    userAgent: 'restaple/test',
    ...options,
  });
  onTestFinished(() => client.close());
  return client;
}

/** A GET with generous limits, by the operator's word. */
export function get(url: string, changes: Partial<HttpRequest> = {}): HttpRequest {
  return {
    url,
    origin: 'operator',
    method: 'GET',
    maximumBodyBytes: 65_536,
    timeoutMilliseconds: 20_000,
    connectTimeoutMilliseconds: 15_000,
    ...changes,
  };
}

/** A POST of `body`, otherwise as {@link get}. */
export function post(url: string, body: string, changes: Partial<HttpRequest> = {}): HttpRequest {
  const contentType = 'application/ocsp-request';
  return { ...get(url), method: 'POST', body: Buffer.from(body, 'latin1'), contentType, ...changes };
}

/** A lookup that answers each call with the next list, the last one for ever. */
export function fakeLookup(...answers: readonly (readonly string[])[]): LookupFunction & { calls: number } {
  const lookup = Object.assign(
    ((_hostname, _options, callback) => {
      const addresses = answers[Math.min(lookup.calls, answers.length - 1)] ?? [];
      lookup.calls++;
      const found = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
      setImmediate(() => callback(null, found));
    }) satisfies LookupFunction,
    { calls: 0 },
  );
  return lookup;
}

/** The OcspError that `promise` rejects with. */
export async function failureOf(promise: Promise<unknown>): Promise<OcspError> {
  const outcome = await promise.then(
    () => 'no failure',
    (error: unknown) => error,
  );
  if (outcome instanceof OcspError) return outcome;
  throw new Error('expected an OcspError', { cause: outcome });
}

/** The OcspError that `action` throws. */
export function failureIn(action: () => unknown): OcspError {
  try {
    action();
  } catch (error) {
    if (error instanceof OcspError) return error;
    throw error;
  }
  throw new Error('expected an OcspError');
}

/** Everything of an error that could be printed: texts, properties, causes. */
export function everythingIn(error: unknown, depth = 0): string {
  if (!(error instanceof Error) || depth > 5) return error === undefined ? '' : JSON.stringify(error);
  const properties = Object.fromEntries(
    Object.getOwnPropertyNames(error)
      .filter((name) => name !== 'cause')
      .map((name) => [name, String((error as unknown as Record<string, unknown>)[name])]),
  );
  return `${JSON.stringify(properties)} ${everythingIn(error.cause, depth + 1)}`;
}
