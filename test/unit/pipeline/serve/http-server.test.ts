import { request as httpRequest, Agent, type IncomingHttpHeaders } from 'node:http';
import { connect, type Socket } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';

import { decodeResponse } from '../../../../src/core/index.js';
import {
  startResponderServer,
  type Exchange,
  type ResponderServer,
  type ResponderServerOptions,
} from '../../../../src/pipeline/serve/http-server.js';
import { parseBlock } from '../../../../src/transport/internet-address.js';
import { hour, later, now, requestOf, responderOf, sourceOf } from './scene.js';

interface Running extends ResponderServer {
  readonly exchanges: Exchange[];
}

async function start(options: Partial<ResponderServerOptions> = {}): Promise<Running> {
  const exchanges: Exchange[] = [];
  const server = await startResponderServer({
    host: '127.0.0.1',
    port: 0,
    responder: responderOf(),
    now: () => now,
    onExchange: (exchange) => exchanges.push(exchange),
    ...options,
  });
  onTestFinished(() => server.stop(0));
  return { ...server, exchanges };
}

interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

function ask(
  server: ResponderServer,
  method: string,
  path: string,
  options: { body?: Uint8Array; headers?: Record<string, string>; agent?: Agent } = {},
): Promise<Reply> {
  const { body, headers = {}, agent } = options;
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      { host: '127.0.0.1', port: server.port, method, path, headers, agent: agent ?? false },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('end', () =>
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(chunks) }),
        );
        incoming.on('error', reject);
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

const post = (server: ResponderServer, body: Uint8Array, headers: Record<string, string> = {}): Promise<Reply> =>
  ask(server, 'POST', '/', { body, headers: { 'Content-Type': 'application/ocsp-request', ...headers } });

const base64 = (request: Uint8Array): string => Buffer.from(request).toString('base64');
const pathOf = (request: Uint8Array): string => `/${encodeURIComponent(base64(request))}`;

function statusOf(reply: Reply): string {
  const response = decodeResponse(reply.body);
  return 'status' in response ? response.status : 'undecodable';
}

/** Everything that a connection gets after these octets, until its end. */
function raw(server: ResponderServer, octets: Uint8Array | string): Promise<string> {
  return new Promise((resolve) => {
    const socket = open(server);
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')));
    socket.write(octets);
  });
}

function open(server: ResponderServer, localAddress = '127.0.0.1'): Socket {
  const socket = connect({ port: server.port, host: '127.0.0.1', localAddress });
  socket.on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  return socket;
}

const closed = (socket: Socket): Promise<void> => new Promise((resolve) => socket.once('close', () => resolve()));
const connected = (socket: Socket): Promise<void> => new Promise((resolve) => socket.once('connect', () => resolve()));

/** The base64 of its requests holds +, / and =. */
const awkward = '3ffbfbfbfbfbfbfbfb';

describe('the HTTP server', () => {
  it('answers POST with everything that a cache needs', async () => {
    const server = await start();
    const reply = await post(server, requestOf(['0a']));
    expect(reply.status).toBe(200);
    expect(statusOf(reply)).toBe('successful');
    expect(reply.headers).toMatchObject({
      'content-type': 'application/ocsp-response',
      'content-length': String(reply.body.length),
      date: 'Sun, 01 Mar 2026 12:00:00 GMT',
      'last-modified': 'Sun, 01 Mar 2026 12:00:00 GMT',
      expires: 'Mon, 02 Mar 2026 12:00:00 GMT',
      'cache-control': 'max-age=43199, public, no-transform, must-revalidate',
    });
    expect(reply.headers.etag).toMatch(/^"[0-9a-f]{64}"$/);
  });

  it('lets caches keep an answer until it signs a newer one', async () => {
    let at = now;
    const server = await start({ now: () => at });
    for (const [hours, maximumAge, isCached] of [
      [0, 43_199, false],
      [11, 3599, true],
      [12, 43_199, false],
    ] as const) {
      at = later(hours * hour);
      const { headers } = await post(server, requestOf(['0a']));
      expect(headers['cache-control']).toBe(`max-age=${maximumAge}, public, no-transform, must-revalidate`);
      expect(server.exchanges.at(-1)?.isCached).toBe(isCached);
    }
  });

  it.each([
    ['percent-encoded', pathOf(requestOf([awkward]))],
    ['as it stands', `/${base64(requestOf([awkward]))}`],
    ['behind several slashes', `///${base64(requestOf([awkward]))}`],
    ['with encoded slashes in front', `/%2F%2f${base64(requestOf([awkward]))}`],
    ['without padding', pathOf(requestOf([awkward])).replaceAll('%3D', '')],
    ['behind the path of its own URL', `/ocsp/ca-1/${base64(requestOf([awkward]))}`],
    ['percent-encoded behind that', `/ocsp${pathOf(requestOf([awkward]))}`],
    ['in the URL-safe alphabet', `/${Buffer.from(requestOf([awkward])).toString('base64url')}`],
    ['in the absolute form of a proxy', `http://ocsp.example${pathOf(requestOf([awkward]))}`],
  ])('answers GET with base64 %s', async (_how, path) => {
    const server = await start();
    const reply = await ask(server, 'GET', path);
    expect(statusOf(reply)).toBe('successful');
    expect(server.exchanges[0]?.answer).toMatchObject({ statuses: [{ serialNumber: awkward, status: 'unknown' }] });
  });

  it.each([
    ['nothing', '/'],
    ['a broken percent sign', '/MEI%'],
    ['an octet that is not UTF-8', '/%ff'],
    ['percent-encoded twice', pathOf(requestOf([awkward])).replaceAll('%', '%25')],
    ['no base64', '/favicon.ico'],
    ['base64 of something else', '/aGVsbG8='],
    ['a query', `${pathOf(requestOf(['0a']))}?x=1`],
  ])('calls a GET with %s malformed, with status 200 and nothing to cache', async (_what, path) => {
    const server = await start();
    const reply = await ask(server, 'GET', path);
    expect(reply.status).toBe(200);
    expect(statusOf(reply)).toBe('malformedRequest');
    expect(reply.headers).toMatchObject({
      'content-type': 'application/ocsp-response',
      'cache-control': 'no-store',
      'content-length': '5',
    });
    expect(reply.headers).not.toHaveProperty('etag');
    expect(reply.headers).not.toHaveProperty('expires');
  });

  it('gives GET and POST the same bytes', async () => {
    const server = await start();
    const [first, second] = [
      await post(server, requestOf(['0a'])),
      await ask(server, 'GET', pathOf(requestOf(['0a']))),
    ];
    expect(second.body).toEqual(first.body);
    expect(server.exchanges.map(({ isCached }) => isCached)).toEqual([false, true]);
  });

  it('answers HEAD as GET without the body', async () => {
    const server = await start();
    const get = await ask(server, 'GET', pathOf(requestOf(['0a'])));
    const head = await ask(server, 'HEAD', pathOf(requestOf(['0a'])));
    expect(head.body).toHaveLength(0);
    expect(head.headers).toEqual(get.headers);
  });

  it('lets nobody keep an answer with a nonce', async () => {
    const server = await start();
    const reply = await post(server, requestOf(['0a'], Buffer.alloc(16, 1)));
    expect(statusOf(reply)).toBe('successful');
    expect(reply.headers['cache-control']).toBe('no-store');
    expect(reply.headers).not.toHaveProperty('etag');
    expect(reply.headers).not.toHaveProperty('last-modified');
  });

  it('lets an unknown certificate be kept for five minutes at most, since it may be issued any moment', async () => {
    const server = await start();
    const reply = await post(server, requestOf(['0c']));
    expect(reply.headers).toMatchObject({
      'cache-control': 'max-age=300, public, no-transform, must-revalidate',
      expires: 'Sun, 01 Mar 2026 12:05:00 GMT',
    });
  });

  describe('asked whether something changed', () => {
    const path = pathOf(requestOf(['0a']));
    const asking = (server: ResponderServer, headers: Record<string, string>): Promise<Reply> =>
      ask(server, 'GET', path, { headers });

    it('says 304 to who has the same bytes', async () => {
      const server = await start();
      const { headers } = await asking(server, {});
      for (const tag of [headers.etag!, `W/${headers.etag!}`, `"other", ${headers.etag!}`, '*']) {
        const reply = await asking(server, { 'If-None-Match': tag });
        expect(reply.status, tag).toBe(304);
        expect(reply.body).toHaveLength(0);
        expect(reply.headers).toMatchObject({ etag: headers.etag, 'cache-control': headers['cache-control'] });
        expect(reply.headers).not.toHaveProperty('content-length');
      }
    });

    it('answers who has other bytes, whatever its date', async () => {
      const server = await start();
      const reply = await asking(server, {
        'If-None-Match': '"other"',
        'If-Modified-Since': 'Sun, 01 Mar 2026 12:00:00 GMT',
      });
      expect(reply.status).toBe(200);
    });

    it('goes by the date where there is no tag', async () => {
      const server = await start();
      const asked = async (date: string): Promise<number> =>
        (await asking(server, { 'If-Modified-Since': date })).status;
      expect(await asked('Sun, 01 Mar 2026 12:00:00 GMT')).toBe(304);
      expect(await asked('Sun, 01 Mar 2026 11:59:59 GMT')).toBe(200);
      expect(await asked('yesterday')).toBe(200);
    });

    it('gives the newer answer of the same CRL to who has an older one', async () => {
      const source = sourceOf({ thisUpdate: later(-24 * hour), nextUpdate: later(24 * hour) });
      const server = await start({ responder: responderOf({ source: () => source }) });
      const lastModified = (await asking(server, {})).headers['last-modified']!;
      expect(lastModified).toBe('Sat, 28 Feb 2026 12:00:00 GMT');
      expect((await asking(server, { 'If-Modified-Since': lastModified })).status).toBe(200);
    });

    it('answers POST in full', async () => {
      const server = await start();
      const { headers } = await post(server, requestOf(['0a']));
      expect((await post(server, requestOf(['0a']), { 'If-None-Match': headers.etag! })).status).toBe(200);
    });
  });

  it.each(['PUT', 'DELETE', 'OPTIONS', 'PATCH'])('refuses %s and says what it takes', async (method) => {
    const server = await start();
    const reply = await ask(server, method, '/');
    expect(reply.status).toBe(405);
    expect(reply.headers.allow).toBe('GET, HEAD, POST');
    expect(server.exchanges).toMatchObject([{ method, httpStatus: 405 }]);
  });

  it('takes a request whatever it is called, and tells', async () => {
    const server = await start();
    expect(statusOf(await post(server, requestOf(['0a']), { 'Content-Type': 'text/plain' }))).toBe('successful');
    expect(statusOf(await post(server, requestOf(['0a'])))).toBe('successful');
    expect(server.exchanges.map(({ unusualContentType }) => unusualContentType)).toEqual(['text/plain', undefined]);
  });

  it('takes a body of 64 KiB and no more', async () => {
    const server = await start();
    expect(statusOf(await post(server, Buffer.alloc(65_536)))).toBe('malformedRequest');
    const announced = await post(server, Buffer.alloc(65_537));
    expect(announced.status).toBe(413);
    expect(announced.headers['cache-control']).toBe('no-store');
    const chunked = await ask(server, 'POST', '/', {
      body: Buffer.alloc(300_000),
      headers: { 'Transfer-Encoding': 'chunked' },
    });
    expect(chunked.status).toBe(413);
  });

  it('asks nobody to continue with too large a body', async () => {
    const server = await start();
    const head = (length: number): string =>
      `POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: ${length}\r\n\r\n`;
    expect(await raw(server, head(1_000_000))).toMatch(/^HTTP\/1\.1 413 /);
    const request = requestOf(['0a']);
    const reply = await raw(server, Buffer.concat([Buffer.from(head(request.length)), request]));
    expect(reply).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
  });

  it('keeps a connection for the next request', async () => {
    const server = await start();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    const ports = new Set<number | undefined>();
    agent.on('free', (socket: Socket) => ports.add(socket.localPort));
    for (let count = 0; count < 3; count += 1) {
      await ask(server, 'POST', '/', { body: requestOf(['0a']), agent });
    }
    expect(ports.size).toBe(1);
  });

  it('cuts off who sends its head or its body too slowly', async () => {
    const server = await start({ limits: { requestTime: 1000 } });
    const [head, body] = await Promise.all([
      raw(server, 'POST / HTTP/1.1\r\nHost: x\r\nContent-'),
      raw(server, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc'),
    ]);
    expect(head).toMatch(/^HTTP\/1\.1 408 /);
    expect(body).toMatch(/^HTTP\/1\.1 408 /);
    expect(statusOf(await post(server, requestOf(['0a'])))).toBe('successful');
  });

  it('cuts off who opens a connection and says nothing', async () => {
    const server = await start({ limits: { requestTime: 1000, idleTime: 200 } });
    await closed(open(server).resume());
    expect(statusOf(await post(server, requestOf(['0a'])))).toBe('successful');
  });

  describe('with too many connections', () => {
    const partOfHead = 'POST / HTTP/1.1\r\nHost: x\r\nContent-';

    it('closes the one that keeps it waiting longest, idle or slow', async () => {
      const server = await start({ limits: { connections: 3 } });
      const sockets: Socket[] = [];
      for (const octets of ['', partOfHead, '']) {
        const socket = open(server);
        await connected(socket);
        socket.write(octets);
        sockets.push(socket);
      }
      const gone: number[] = [];
      for (const [index, socket] of sockets.entries()) socket.on('close', () => gone.push(index));
      expect(statusOf(await post(server, requestOf(['0a'])))).toBe('successful');
      await expect.poll(() => gone).toEqual([0]);
    });

    it('closes none that is being answered, and takes no more where all are', async () => {
      const waiting: ((source: ReturnType<typeof sourceOf>) => void)[] = [];
      const source = (): Promise<ReturnType<typeof sourceOf>> => new Promise((resolve) => waiting.push(resolve));
      const server = await start({ responder: responderOf({ source }), limits: { connections: 2 } });
      const replies = [post(server, requestOf(['0a'])), post(server, requestOf(['0b']))];
      await expect.poll(() => waiting.length).toBe(2);
      const third = open(server);
      await closed(third);
      for (const resolve of waiting) resolve(sourceOf());
      expect((await Promise.all(replies)).map(statusOf)).toEqual(['successful', 'successful']);
    });

    it('closes those of the client that has too many, and no other', async () => {
      const limits = { connections: 100, connectionsOfClient: 3 };
      const server = await start({ limits });
      const other = open(server, '127.0.0.2');
      await connected(other);
      const many: Socket[] = [];
      for (let count = 0; count < 8; count += 1) {
        const socket = open(server);
        await connected(socket);
        socket.write(partOfHead);
        many.push(socket);
      }
      await expect
        .poll(() => many.map((socket) => socket.destroyed || socket.readableEnded))
        .toEqual([...Array.from({ length: 5 }, () => true), ...Array.from({ length: 3 }, () => false)]);
      expect(other.readableEnded).toBe(false);
      expect(statusOf(await post(server, requestOf(['0a'])))).toBe('successful');
    });

    it.each([
      ['127.0.0.0/8', 6],
      ['127.0.0.1', 6],
      ['127.0.0.2', 2],
    ])('lets a trusted proxy have as many as all together: %s', async (block, left) => {
      const trustedProxies = [parseBlock(block)!];
      const server = await start({ limits: { connections: 6, connectionsOfClient: 2 }, trustedProxies });
      const many = Array.from({ length: 6 }, () => open(server).resume());
      await Promise.all(many.map(connected));
      await expect.poll(() => many.filter((socket) => !socket.readableEnded).length).toBe(left);
      expect(statusOf(await post(server, requestOf(['0a'])))).toBe('successful');
    });
  });

  it('survives a client that goes away in the middle', async () => {
    const server = await start();
    const socket = open(server);
    await connected(socket);
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc');
    socket.resetAndDestroy();
    expect(statusOf(await post(server, requestOf(['0a'])))).toBe('successful');
    expect(server.exchanges).toHaveLength(1);
  });

  it('survives any path, any body and any octets', async () => {
    const server = await start();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (octets) => {
        const posted = await post(server, octets);
        expect([posted.status, statusOf(posted)]).toEqual([200, 'malformedRequest']);
        expect((await ask(server, 'GET', `/${Buffer.from(octets).toString('base64')}`)).status).toBe(200);
        const encoded = Array.from(octets, (octet) => `%${octet.toString(16).padStart(2, '0')}`).join('');
        expect((await ask(server, 'GET', `/${encoded}`)).status).toBe(200);
      }),
      { numRuns: 60, seed: 3 },
    );
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 300 }), async (octets) => {
        await raw(server, Buffer.concat([octets, Buffer.from('\r\n\r\n')]));
      }),
      { numRuns: 30, seed: 4 },
    );
    expect(statusOf(await post(server, requestOf(['0a'])))).toBe('successful');
  });

  it('hands an exchange to the log', async () => {
    const server = await start();
    await post(server, requestOf(['0b']));
    expect(server.exchanges).toMatchObject([
      {
        time: now,
        remote: '127.0.0.1',
        method: 'POST',
        httpStatus: 200,
        isCached: false,
        answer: { kind: 'signed', statuses: [{ serialNumber: '0b', status: 'revoked' }] },
      },
    ]);
    expect(server.exchanges[0]?.milliseconds).toBeGreaterThanOrEqual(0);
  });
});

describe('a stop', () => {
  it('finishes the request that is running, closes silent and idle connections, and takes no more', async () => {
    const server = await start();
    const request = requestOf(['0a']);
    const silent = open(server);
    const idle = open(server);
    const running = open(server);
    await Promise.all([silent, idle, running].map(connected));
    const firstOfIdle = new Promise((resolve) => idle.once('data', resolve));
    idle.write(`GET ${pathOf(request)} HTTP/1.1\r\nHost: x\r\n\r\n`);
    await firstOfIdle;
    running.write(`POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: ${request.length}\r\n\r\n`);
    // Its `100 Continue` shows that the server is at it.
    await new Promise((resolve) => running.once('data', resolve));
    const received: Buffer[] = [];
    running.on('data', (chunk) => received.push(chunk));

    const stopped = server.stop(20_000);
    await Promise.all([closed(silent), closed(idle)]);
    running.write(request);
    await Promise.all([closed(running), stopped]);
    expect(Buffer.concat(received).toString('latin1')).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*Connection: close\r\n/);
    await expect(post(server, request)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('waits for nobody beyond its deadline', async () => {
    const server = await start();
    const socket = open(server);
    await connected(socket);
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n');
    await post(server, requestOf(['0a']));
    await Promise.all([server.stop(100), closed(socket)]);
  });
});

describe('an address that cannot be had', () => {
  it('is a clear error: taken', async () => {
    const { port } = await start();
    await expect(start({ port })).rejects.toMatchObject({
      code: 'listen-failed',
      message: `cannot listen on 127.0.0.1 port ${port}: the port is taken`,
    });
  });

  it('is a clear error: not of this machine', async () => {
    // TEST-NET-1 (RFC 5737) belongs to nobody.
    await expect(start({ host: '192.0.2.1' })).rejects.toMatchObject({ code: 'listen-failed', kind: 'usage' });
  });

  it('is told with the port that was given for 0', async () => {
    const { url, port } = await start();
    expect(port).toBeGreaterThan(0);
    expect(url).toBe(`http://127.0.0.1:${port}`);
  });
});
