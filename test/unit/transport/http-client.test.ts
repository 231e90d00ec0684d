import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  everythingIn,
  failureOf,
  fakeLookup,
  get,
  post,
  startClient,
  startServer,
  startTcpServer,
} from './loopback.js';

describe('an exchange', () => {
  it('returns any status with its body and the headers that callers use', async () => {
    const server = await startServer((_request, response) => {
      response.writeHead(503, { 'Retry-After': '7', 'Content-Type': 'text/plain', 'X-Other': 'x' });
      response.end('busy');
    });
    const reply = await startClient().exchange(get(`${server.origin}/x#y`));
    expect(reply).toMatchObject({ status: 503, url: `${server.origin}/x`, redirects: 0, address: '127.0.0.1' });
    expect(reply.headers).toMatchObject({ 'retry-after': '7', 'content-type': 'text/plain' });
    expect(reply.headers).not.toHaveProperty('x-other');
    expect(Buffer.from(reply.body).toString()).toBe('busy');
  });

  it('sends body, content type, user agent and Host', async () => {
    const server = await startServer((_request, response) => response.end('ok'));
    await startClient().exchange(post(`${server.origin}/ocsp`, 'DER\u00ff', { accept: 'application/ocsp-response' }));
    expect(server.seen[0]).toMatchObject({ method: 'POST', url: '/ocsp', body: 'DER\u00ff' });
    expect(server.seen[0]?.headers).toMatchObject({
      'content-type': 'application/ocsp-request',
      accept: 'application/ocsp-response',
      'content-length': '4',
      'user-agent': 'restaple/test',
      host: `127.0.0.1:${server.port}`,
    });
    expect(server.seen[0]?.headers).not.toHaveProperty('accept-encoding');
  });

  it('keeps the host name in Host while connecting to an address of it', async () => {
    const server = await startServer((_request, response) => response.end('ok'));
    const client = startClient({ lookup: fakeLookup(['127.0.0.1']) });
    await client.exchange(get(`http://ocsp.example.test:${server.port}/`));
    expect(server.seen[0]?.headers.host).toBe(`ocsp.example.test:${server.port}`);
  });

  it('reuses a kept-alive connection, and replaces one that the server has closed meanwhile', async () => {
    let answers = 0;
    const server = await startServer((request, response) => {
      answers++;
      // The third request meets a connection that dies without a byte of answer, as when an idle timeout crosses a request.
      if (answers === 3) request.socket.destroy();
      else response.end('ok');
    });
    const client = startClient();
    for (let count = 0; count < 3; count++) {
      const reply = await client.exchange(get(server.origin));
      expect(reply).toMatchObject({ status: 200, address: '127.0.0.1' });
    }
    expect(server.connections()).toBe(2);
    expect(server.seen).toHaveLength(4);
  });

  it('unpacks a body that came compressed, within the limit', async () => {
    const server = await startServer((_request, response) => {
      response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(gzipSync('answer'));
    });
    const reply = await startClient().exchange(get(server.origin));
    expect(Buffer.from(reply.body).toString()).toBe('answer');
    expect(reply.warnings).toEqual([
      `the answer of 127.0.0.1:${server.port} came compressed (gzip), which was not asked for`,
    ]);
    const error = await failureOf(startClient().exchange(get(server.origin, { maximumBodyBytes: 5 })));
    expect(error.code).toBe('body-too-large');
  });

  it('leaves a body as it came where it is not packed as it says', async () => {
    const server = await startServer((_request, response) => {
      response.writeHead(200, { 'Content-Encoding': 'gzip' });
      response.end('not really gzip');
    });
    const reply = await startClient().exchange(get(server.origin));
    expect(Buffer.from(reply.body).toString()).toBe('not really gzip');
  });

  it('serves many exchanges of one signal at once without a warning', async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    process.on('warning', onWarning);
    onTestFinished(() => void process.off('warning', onWarning));
    const server = await startServer((_request, response) => response.end('ok'));
    const client = startClient();
    const { signal } = new AbortController();
    const replies = await Promise.all(
      Array.from({ length: 40 }, () => client.exchange(post(server.origin, 'x', { signal }))),
    );
    expect(replies.map(({ status }) => status)).toEqual(new Array(40).fill(200));
    await new Promise((resolve) => setImmediate(resolve));
    expect(warnings).toEqual([]);
  });
});

describe('limits', () => {
  it('takes a body of exactly the maximum', async () => {
    const server = await startServer((_request, response) => response.end('x'.repeat(1000)));
    const reply = await startClient().exchange(get(server.origin, { maximumBodyBytes: 1000 }));
    expect(reply.body).toHaveLength(1000);
  });

  it('refuses an announced body above the maximum before reading it', async () => {
    const server = await startServer((_request, response) => {
      response.writeHead(200, { 'Content-Length': '1001' });
      response.write('x');
    });
    const error = await failureOf(startClient().exchange(get(server.origin, { maximumBodyBytes: 1000 })));
    expect(error.code).toBe('body-too-large');
    expect(error.message).toContain('1001');
  });

  it('ends an endless body at the maximum and closes the connection', async () => {
    let closed = false;
    const server = await startServer((_request, response) => {
      const timer = setInterval(() => response.write('x'.repeat(4096)), 1);
      response.on('close', () => {
        clearInterval(timer);
        closed = true;
      });
    });
    const error = await failureOf(startClient().exchange(get(server.origin)));
    expect(error.code).toBe('body-too-large');
    await expect.poll(() => closed).toBe(true);
  });

  it.each([
    ['silent before the headers', (): void => undefined, 'waiting for the answer'],
    [
      'silent after the headers',
      (write: (text: string) => void) => write('HTTP/1.1 200 OK\r\n\r\n'),
      'reading the answer',
    ],
    [
      'one byte at a time',
      (write: (text: string) => void) => {
        write('HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n');
        const timer = setInterval(() => write('x'), 20);
        onTestFinished(() => clearInterval(timer));
      },
      'reading the answer',
    ],
    [
      'headers one byte at a time',
      (write: (text: string) => void) => {
        write('HTTP/1.1 200 OK\r\nX: ');
        const timer = setInterval(() => write('x'), 20);
        onTestFinished(() => clearInterval(timer));
      },
      'waiting for the answer',
    ],
  ])('ends a server at the deadline that is %s', async (_name, behave, stage) => {
    const server = await startTcpServer((socket) => {
      socket.once('data', () => behave((text) => socket.write(text)));
    });
    const started = performance.now();
    const error = await failureOf(startClient().exchange(get(server.origin, { timeoutMilliseconds: 1500 })));
    expect(error.code).toBe('timeout');
    expect(error.message).toContain(`127.0.0.1:${server.port} took longer than 1.5 s`);
    expect(error.message).toContain(stage);
    expect(performance.now() - started).toBeGreaterThan(1400);
    expect(performance.now() - started).toBeLessThan(10_000);
    await expect.poll(server.openSockets).toBe(0);
  });

  it('counts redirects into the one deadline', async () => {
    const server = await startServer((_request, response, { url }) => {
      setTimeout(() => response.writeHead(302, { Location: `${url}x` }).end(), 250);
    });
    const error = await failureOf(startClient().exchange(get(server.origin, { timeoutMilliseconds: 600 })));
    expect(error.code).toBe('timeout');
    expect(server.seen.length).toBeLessThan(4);
  });

  it('gives up a lookup after the connect timeout', async () => {
    const client = startClient({ lookup: () => undefined });
    const error = await failureOf(
      client.exchange(get('http://ocsp.example.test/', { connectTimeoutMilliseconds: 200 })),
    );
    expect(error).toMatchObject({ code: 'timeout' });
    expect(error.message).toBe('ocsp.example.test took longer than 0.2 s, while connecting');
  });

  it('counts the TLS handshake into the connect timeout', async () => {
    const server = await startTcpServer(() => undefined);
    const url = server.origin.replace('http:', 'https:');
    const error = await failureOf(startClient().exchange(get(url, { connectTimeoutMilliseconds: 300 })));
    expect(error.code).toBe('timeout');
    expect(error.message).toContain('connecting');
    await expect.poll(server.openSockets).toBe(0);
  });

  it('leaves time for the answer once it is connected', async () => {
    const server = await startServer((_request, response) => void setTimeout(() => response.end('late'), 3000));
    const reply = await startClient().exchange(get(server.origin, { connectTimeoutMilliseconds: 2000 }));
    expect(reply.status).toBe(200);
  });
});

describe('trouble', () => {
  it('is connection-failed when nothing listens', async () => {
    const error = await failureOf(startClient().exchange(get('http://127.0.0.1:1/')));
    expect(error.code).toBe('connection-failed');
    expect(error.message).toContain('127.0.0.1:1 failed: connection refused');
    expect(error.hint).not.toBe('');
  });

  it('names every address that was tried', async () => {
    const lookup = fakeLookup(['127.0.0.1', '127.0.0.2']);
    const error = await failureOf(startClient({ lookup }).exchange(get('http://ocsp.example.test:1/')));
    expect(error.code).toBe('connection-failed');
    expect(error.message).toMatch(/127\.0\.0\.1 connection refused, 127\.0\.0\.2 connection refused/);
  });

  it('is connection-failed when the server closes without an answer, or in the middle of it', async () => {
    for (const text of ['', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf']) {
      const server = await startTcpServer((socket) => socket.once('data', () => socket.end(text)));
      expect((await failureOf(startClient().exchange(get(server.origin)))).code).toBe('connection-failed');
      expect(server.connections()).toBe(1);
    }
  });

  it('is connection-failed when the answer is not HTTP', async () => {
    const server = await startTcpServer((socket) => socket.end('220 mail.example ESMTP\r\n'));
    const error = await failureOf(startClient().exchange(get(server.origin)));
    expect(error.code).toBe('connection-failed');
    expect(error.message).toContain('is not HTTP');
  });

  it('is connection-failed when the headers have no end', async () => {
    const server = await startTcpServer((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(200_000)}`);
    });
    const error = await failureOf(startClient().exchange(get(server.origin)));
    expect(error.code).toBe('connection-failed');
    expect(error.message).toContain('its headers are too large');
  });

  it('is name-not-resolved when the name has no address', async () => {
    const lookup = Object.assign(new Error('getaddrinfo ENOTFOUND x'), { code: 'ENOTFOUND', syscall: 'getaddrinfo' });
    const client = startClient({ lookup: (_host, _options, callback) => callback(lookup, []) });
    const error = await failureOf(client.exchange(get('http://ocsp.example.test/')));
    expect(error.code).toBe('name-not-resolved');
    expect(error.message).toBe('ocsp.example.test was not found: the name does not exist');
  });

  it('is tls-failed when the certificate is not trusted', { tags: 'openssl' }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'restaple-transport-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const subject = ['-subj', '/CN=127.0.0.1', '-days', '2', '-keyout', key, '-out', cert];
    execFileSync(
      'openssl',
      ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', ...subject],
      { stdio: 'ignore' },
    );
    const server = createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const error = await failureOf(startClient().exchange(get(`https://127.0.0.1:${port}/`)));
    expect(error.code).toBe('tls-failed');
    expect(error.message).toContain(`127.0.0.1:${port}`);
    expect(error.message).toContain('self-signed');
  });

  it('is tls-failed when the server speaks no TLS', async () => {
    const server = await startTcpServer((socket) => socket.end('HTTP/1.1 400 no\r\n\r\n'));
    const error = await failureOf(startClient().exchange(get(server.origin.replace('http:', 'https:'))));
    expect(error.code).toBe('tls-failed');
  });

  it('is interrupted by the signal of the caller, before and while it runs', async () => {
    const server = await startTcpServer(() => undefined);
    const client = startClient();
    const controller = new AbortController();
    const running = failureOf(client.exchange(get(server.origin, { signal: controller.signal })));
    await expect.poll(server.received).not.toBe('');
    controller.abort();
    expect((await running).code).toBe('interrupted');
    expect((await failureOf(client.exchange(get(server.origin, { signal: controller.signal })))).code).toBe(
      'interrupted',
    );
    await expect.poll(server.openSockets).toBe(0);
  });

  it('is interrupted by closing the client, which closes every connection', async () => {
    const server = await startServer((_request, response, { url }) => {
      if (url === '/idle') response.end('ok');
    });
    const client = startClient();
    await client.exchange(get(`${server.origin}/idle`));
    const running = failureOf(client.exchange(get(`${server.origin}/silent`)));
    await expect.poll(() => server.seen.length).toBe(2);
    client.close();
    expect((await running).code).toBe('interrupted');
    expect((await failureOf(client.exchange(get(server.origin)))).code).toBe('interrupted');
  });

  it('shows no header value and no credentials of a URL in any error', async () => {
    const client = startClient();
    const headers = [['Authorization', 'Bearer s3cret']] as const;
    const refused = await failureOf(client.exchange(get('http://hugo:s3cret@127.0.0.1:1/', { headers })));
    expect(refused.code).toBe('connection-failed');
    const badValue = await failureOf(
      client.exchange(get('http://127.0.0.1:1/', { headers: [['X', 's3cret\r\nY: 1']] })),
    );
    expect(badValue.code).toBe('usage');
    const badName = await failureOf(
      client.exchange(get('http://127.0.0.1:1/', { headers: [['Authorization Bearer s3cret', 'b']] })),
    );
    for (const error of [refused, badValue, badName]) expect(everythingIn(error)).not.toMatch(/s3cret|hugo/);
  });

  it('sends what proves who asks to a responder that the operator named only', async () => {
    const server = await startServer((_request, response) => response.end('ok'));
    const client = startClient({ allowPrivate: true });
    const headers = [
      ['AUTHORIZATION', 'Bearer s3cret'],
      ['cookie', 'session=s3cret'],
      ['X-Other', 'kept'],
    ] as const;
    for (const origin of ['operator', 'certificate'] as const)
      await client.exchange(get(server.origin, { headers, origin }));
    const [named, other] = server.seen.map((seen) => seen.headers);
    expect(named).toMatchObject({ authorization: 'Bearer s3cret', cookie: 'session=s3cret', 'x-other': 'kept' });
    expect(other).toMatchObject({ 'x-other': 'kept' });
    expect(other).not.toHaveProperty('authorization');
    expect(other).not.toHaveProperty('cookie');
  });

  it.each(['Content-Length', 'transfer-encoding', 'Connection', 'Proxy-Authorization', 'bad name', ''])(
    'is a usage error for the header "%s"',
    async (name) => {
      const error = await failureOf(startClient().exchange(get('http://127.0.0.1:1/', { headers: [[name, '1']] })));
      expect(error.code).toBe('usage');
    },
  );
});

describe('redirects', () => {
  const redirectTo = (location: string, status = 302) =>
    startServer((_request, response) => response.writeHead(status, { Location: location }).end());

  it.each([301, 302, 307, 308])('repeat a POST as a POST with its body: %s', async (status) => {
    const server = await startServer((_request, response, { url }) => {
      if (url === '/end') response.end('ok');
      else response.writeHead(status, { Location: '/end' }).end();
    });
    const reply = await startClient().exchange(post(`${server.origin}/start`, 'DER'));
    expect(reply).toMatchObject({ status: 200, url: `${server.origin}/end`, redirects: 1 });
    expect(server.seen[1]).toMatchObject({ method: 'POST', url: '/end', body: 'DER' });
    expect(server.seen[1]?.headers['content-type']).toBe('application/ocsp-request');
  });

  it('become a GET without body on 303', async () => {
    const server = await startServer((_request, response, { url }) => {
      if (url === '/end') response.end('ok');
      else response.writeHead(303, { Location: '/end' }).end();
    });
    await startClient().exchange(post(`${server.origin}/start`, 'DER'));
    expect(server.seen[1]).toMatchObject({ method: 'GET', body: '' });
    expect(server.seen[1]?.headers).not.toHaveProperty('content-type');
  });

  it('are followed three times and no more', async () => {
    const server = await startServer((_request, response, { url }) => {
      const left = Number(url.slice(1));
      if (left === 0) response.end('ok');
      else response.writeHead(302, { Location: `/${left - 1}` }).end();
    });
    const client = startClient();
    expect(await client.exchange(get(`${server.origin}/3`))).toMatchObject({ status: 200, redirects: 3 });
    const error = await failureOf(client.exchange(get(`${server.origin}/4`)));
    expect(error.code).toBe('too-many-redirects');
    expect(server.seen.at(-1)?.url).toBe('/1');
  });

  it('without a Location are an answer like any other', async () => {
    const server = await startServer((_request, response) => response.writeHead(302).end('nowhere'));
    expect((await startClient().exchange(get(server.origin))).status).toBe(302);
  });

  it.each([
    ['ldap://127.0.0.1/', 'unsupported-scheme'],
    ['file:///etc/passwd', 'unsupported-scheme'],
    ['http://user:pass@127.0.0.1/', 'malformed-uri'],
    ['http://[::1', 'malformed-uri'],
    ['http:///x', 'malformed-uri'],
  ])('to %s end as %s', async (location, code) => {
    const server = await redirectTo(location);
    const error = await failureOf(startClient().exchange(get(server.origin)));
    expect(error.code).toBe(code);
    expect(error.message).toContain(`redirected there by 127.0.0.1:${server.port}`);
  });

  it('take the operator’s headers along to the same origin only', async () => {
    const headers = [
      ['X-Token', 'abc'],
      ['Host', 'ocsp.example.test'],
    ] as const;
    const other = await startServer((_request, response) => response.end('ok'));
    const server = await startServer((_request, response, { url }) => {
      response.writeHead(307, { Location: url === '/1' ? '/2' : `${other.origin}/3` }).end();
    });
    const client = startClient({ allowPrivate: true });
    await client.exchange(post(`${server.origin}/1`.replace('//', '//hugo:pw@'), 'DER', { headers }));
    for (const seen of server.seen) {
      expect(seen.headers).toMatchObject({
        'x-token': 'abc',
        host: 'ocsp.example.test',
        authorization: `Basic ${Buffer.from('hugo:pw').toString('base64')}`,
      });
    }
    expect(server.seen).toHaveLength(2);
    expect(other.seen[0]).toMatchObject({ method: 'POST', body: 'DER' });
    expect(other.seen[0]?.headers).not.toHaveProperty('x-token');
    expect(other.seen[0]?.headers).not.toHaveProperty('authorization');
    expect(other.seen[0]?.headers.host).toBe(`127.0.0.1:${other.port}`);
  });
});
