import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { proxyFromFlag } from '../../../src/transport/proxy.js';
import { failureOf, fakeLookup, get, post, startClient, startServer, startTcpServer } from './loopback.js';

const folded =
  'HTTP/1.1 200 OK\r\nX-Policy: a;\r\n b\r\nContent-Type: application/ocsp-response\r\nContent-Length: 4\r\n\r\nDER!';

/** A server that gives these octets to every request, and the requests that it had. */
async function startRaw(answer: string, requestLength = 1) {
  const requests: string[] = [];
  const server = await startTcpServer((socket) => {
    let got = '';
    socket.on('data', (chunk) => {
      got += chunk.toString('latin1');
      if (!got.includes('\r\n\r\n') || got.length < requestLength) return;
      requests.push(got);
      got = '';
      socket.write(Buffer.from(answer, 'latin1'));
    });
  });
  return { ...server, requests };
}

describe('an answer that breaks the rules of HTTP', () => {
  it('is asked for once more on a connection of its own, with a warning', async () => {
    const server = await startRaw(folded);
    const request = post(`${server.origin}/ocsp?a=b`, 'BODY\u00ff', {
      accept: 'application/ocsp-response',
      headers: [
        ['X-Token', 'one'],
        ['X-Token', 'two'],
      ],
    });
    const reply = await startClient().exchange(request);
    expect(Buffer.from(reply.body).toString()).toBe('DER!');
    expect(reply).toMatchObject({ status: 200, url: `${server.origin}/ocsp?a=b`, address: '127.0.0.1' });
    expect(reply.headers).toMatchObject({ 'content-type': 'application/ocsp-response' });
    expect(reply.warnings).toEqual([
      expect.stringMatching(/127\.0\.0\.1:\d+ breaks the rules of HTTP .*: a header is folded$/),
    ]);
    expect(server.connections()).toBe(2);
    const [first = '', second = ''] = server.requests.map((text) => text.toLowerCase().split('\r\n').sort().join('\n'));
    expect(second).toBe(first.replace('connection: keep-alive', 'connection: close'));
    expect(server.requests[1]).toMatch(/^POST \/ocsp\?a=b HTTP\/1\.1\r\n[^]*\r\n\r\nBODY\u00ff$/);
    await expect.poll(server.openSockets).toBe(0);
  });

  it('may be followed by octets of nobody', async () => {
    const server = await startRaw('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nDER!and more');
    const reply = await startClient().exchange(get(server.origin));
    expect(Buffer.from(reply.body).toString()).toBe('DER!');
    expect(reply.warnings).toEqual([expect.stringContaining('octets follow it')]);
  });

  it('may be packed, and may be a redirect', async () => {
    const packed = gzipSync('DER!').toString('latin1');
    const target = await startRaw(
      `HTTP/1.1 200 OK\nContent-Encoding: gzip\nContent-Length: ${packed.length}\n\n${packed}`,
    );
    const server = await startRaw(`HTTP/1.1 302 Found\nLocation: ${target.origin}/x\nContent-Length: 0\n\n`);
    const reply = await startClient({ allowPrivate: true }).exchange(get(server.origin));
    expect(Buffer.from(reply.body).toString()).toBe('DER!');
    expect(reply).toMatchObject({ redirects: 1, url: `${target.origin}/x` });
    expect(reply.warnings).toHaveLength(2);
  });

  it.each([
    ['lengths that differ', 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nDER!!', 'differ'],
    [
      'a length beside chunked',
      'HTTP/1.1 200 OK\r\nContent-Length: 14\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nDER!\r\n0\r\n\r\n',
      'beside',
    ],
  ])('is connection-failed for %s', async (_title, text, words) => {
    const server = await startRaw(text);
    const error = await failureOf(startClient().exchange(get(server.origin)));
    expect(error.code).toBe('connection-failed');
    expect(error.message).toMatch(new RegExp(`^the answer of 127\\.0\\.0\\.1:\\d+ .*is not HTTP: .*${words}`));
    await expect.poll(server.openSockets).toBe(0);
  });

  it('has the limits of any other', async () => {
    const large = await startRaw(`HTTP/1.1 200 OK\n\n${'x'.repeat(1000)}`);
    const request = get(large.origin, { maximumBodyBytes: 100 });
    expect((await failureOf(startClient().exchange(request))).code).toBe('body-too-large');
    const endless = await startRaw('HTTP/1.1 200 OK\n\nx');
    const late = await failureOf(startClient().exchange(get(endless.origin, { timeoutMilliseconds: 700 })));
    expect(late).toMatchObject({ code: 'timeout', message: expect.stringContaining('reading the answer') as unknown });
    await expect.poll(endless.openSockets).toBe(0);
  });

  it('is interrupted with the client', async () => {
    const server = await startRaw('HTTP/1.1 200 OK\n\nx');
    const client = startClient();
    const exchange = failureOf(client.exchange(get(server.origin)));
    await expect.poll(server.connections).toBe(2);
    client.close();
    expect((await exchange).code).toBe('interrupted');
    await expect.poll(server.openSockets).toBe(0);
  });

  it('is asked for under the address guard', async () => {
    const server = await startRaw(folded);
    // The name leads elsewhere by the second lookup.
    const lookup = fakeLookup(['127.0.0.1'], ['169.254.169.254']);
    const client = startClient({ allowPrivate: true, lookup });
    const url = `http://ocsp.example.test:${server.port}/`;
    const error = await failureOf(client.exchange(get(url, { origin: 'certificate' })));
    expect(error.code).toBe('address-blocked');
    expect(server.connections()).toBe(1);
  });

  it('comes through a proxy too', async () => {
    const proxy = await startRaw(folded);
    const client = startClient({ proxy: proxyFromFlag(`http://hugo:s3cret@127.0.0.1:${proxy.port}`, {}) });
    const reply = await client.exchange(post('http://ocsp.example.test:81/x', 'BODY'));
    expect(Buffer.from(reply.body).toString()).toBe('DER!');
    expect(reply.warnings).toHaveLength(1);
    expect(proxy.connections()).toBe(2);
    const credentials = `proxy-authorization: Basic ${Buffer.from('hugo:s3cret').toString('base64')}`;
    expect(proxy.requests[1]).toMatch(
      /^POST http:\/\/ocsp\.example\.test:81\/x HTTP\/1\.1\r\nhost: ocsp\.example\.test:81\r\n/,
    );
    expect(proxy.requests[1]).toContain(credentials);
  });

  it('is proxy-failed where a sloppy proxy asks for credentials', async () => {
    const proxy = await startRaw('HTTP/1.1 407 No\nContent-Length: 0\n\n');
    const client = startClient({ proxy: proxyFromFlag(proxy.origin, {}) });
    const error = await failureOf(client.exchange(get('http://ocsp.example.test/')));
    expect(error).toMatchObject({ code: 'proxy-failed', status: 407 });
  });

  it('is asked for once where it is not sloppy', async () => {
    const server = await startServer((_request, response) => response.end('DER!'));
    const reply = await startClient().exchange(get(server.origin));
    expect(reply.warnings).toEqual([]);
    expect(server.seen).toHaveLength(1);
  });
});
