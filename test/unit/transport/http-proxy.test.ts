import { request as httpRequest } from 'node:http';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { proxyFromFlag } from '../../../src/transport/proxy.js';
import { StatusError } from '../../../src/transport/status-error.js';
import { everythingIn, failureOf, get, post, startClient, startServer, startTcpServer } from './loopback.js';

const throughProxy = (url: string, options = {}) => startClient({ proxy: proxyFromFlag(url, {}), ...options });

/** A forwarding proxy for http: it asks whatever the absolute form names. */
const forwardingProxy = () =>
  startServer((request, response, seen) => {
    const onward = httpRequest(seen.url, { method: seen.method, headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.writeHead(502).end());
    onward.end(Buffer.from(seen.body, 'latin1'));
  });

describe('http through a proxy', () => {
  it('asks in absolute form, with the credentials as a header and Host kept', async () => {
    const responder = await startServer((_request, response) => response.end('answer'));
    const proxy = await forwardingProxy();
    const client = throughProxy(`http://hugo:s3cret@127.0.0.1:${proxy.port}`);
    const reply = await client.exchange(post(`${responder.origin}/ocsp?a=b`, 'DER'));
    expect(Buffer.from(reply.body).toString()).toBe('answer');
    // What the proxy connected to, it alone knows.
    expect(reply.address).toBeUndefined();
    expect(proxy.seen[0]).toMatchObject({ method: 'POST', url: `${responder.origin}/ocsp?a=b`, body: 'DER' });
    expect(proxy.seen).toHaveLength(1);
    expect(proxy.seen[0]?.headers).toMatchObject({
      host: `127.0.0.1:${responder.port}`,
      'proxy-authorization': `Basic ${Buffer.from('hugo:s3cret').toString('base64')}`,
    });
  });

  it('connects where the URL says, whatever Host header the operator adds', async () => {
    const responder = await startServer((_request, response) => response.end('answer'));
    const proxy = await forwardingProxy();
    const headers = [
      ['Host', 'elsewhere.test'],
      ['X-Token', 'a'],
    ] as const;
    await throughProxy(proxy.origin).exchange(get(`${responder.origin}/x`, { headers }));
    expect(proxy.seen[0]?.url).toBe(`${responder.origin}/x`);
    expect(proxy.seen[0]?.headers['x-token']).toBe('a');
  });

  it('keeps the connection to the proxy, one for the operator and one for certificates', async () => {
    const proxy = await startServer((_request, response) => response.end('answer'));
    const client = throughProxy(proxy.origin);
    for (const origin of ['operator', 'certificate', 'operator', 'certificate'] as const) {
      await client.exchange(post('http://ocsp.example.test/', 'DER', { origin }));
      await client.exchange(post('http://other.example.test/', 'DER', { origin }));
    }
    expect(proxy.seen.map(({ body, headers }) => `${headers.host ?? ''} ${body}`)).toEqual(
      Array.from({ length: 8 }, (_, index) => `${index % 2 === 0 ? 'ocsp' : 'other'}.example.test DER`),
    );
    expect(proxy.connections()).toBe(2);
  });

  it('leaves names to the proxy but judges literals and local names as written', async () => {
    const proxy = await startServer((_request, response) => response.end('answer'));
    const client = throughProxy(proxy.origin);
    const certificate = (url: string) => get(url, { origin: 'certificate' });
    expect((await client.exchange(certificate('http://ocsp.example.test/x'))).status).toBe(200);
    expect(proxy.seen[0]?.url).toBe('http://ocsp.example.test/x');
    for (const host of [
      '127.0.0.1',
      '0x7f.1',
      '169.254.169.254',
      '[::1]',
      'localhost',
      'a.localhost.',
      'ca.internal',
      'ca',
      'OCSP.',
      'metadata',
      'Metadata.Example.com.',
      'metadata.google.internal',
      'router.home.arpa.',
      'home.arpa',
      'ocsp.pki.svc',
      'ocsp.pki.SVC.cluster.local.',
      'cluster.local',
    ]) {
      for (const scheme of ['http', 'https']) {
        const error = await failureOf(client.exchange(certificate(`${scheme}://${host}/`)));
        expect([host, error.code]).toEqual([host, 'address-blocked']);
      }
    }
    expect(proxy.seen).toHaveLength(1);
  });

  it('lets --allow-private open local names, but not those of metadata services', async () => {
    const proxy = await startServer((_request, response) => response.end('answer'));
    const client = throughProxy(proxy.origin, { allowPrivate: true });
    const ask = (host: string) => client.exchange(get(`http://${host}/`, { origin: 'certificate' }));
    for (const host of ['ca', 'ca.local', 'router.home.arpa', 'ocsp.pki.svc', 'ocsp.pki.svc.cluster.local.']) {
      expect([host, (await ask(host)).status]).toEqual([host, 200]);
    }
    for (const host of ['metadata', 'metadata.google.internal', 'METADATA.example.com', 'instance-data.']) {
      expect([host, (await failureOf(ask(host))).code]).toEqual([host, 'address-blocked']);
    }
  });

  it('asks public names that only look like local ones', async () => {
    const proxy = await startServer((_request, response) => response.end('answer'));
    for (const host of ['metadata-ca.example', 'svc.example', 'mysvc.com', 'cluster.local.example', 'xhome.arpa']) {
      const reply = await throughProxy(proxy.origin).exchange(get(`http://${host}/`, { origin: 'certificate' }));
      expect([host, reply.status]).toEqual([host, 200]);
    }
  });

  it('judges redirects too', async () => {
    const proxy = await startServer((_request, response) => {
      response.writeHead(302, { Location: 'http://169.254.169.254/' }).end();
    });
    const error = await failureOf(throughProxy(proxy.origin).exchange(get('http://ocsp.example.test/')));
    expect(error.code).toBe('address-blocked');
    expect(proxy.seen).toHaveLength(1);
  });

  it('goes directly where NO_PROXY says so', async () => {
    const responder = await startServer((_request, response) => response.end('answer'));
    const client = startClient({ proxy: proxyFromFlag('http://127.0.0.1:1', { NO_PROXY: '127.0.0.0/8' }) });
    expect((await client.exchange(get(responder.origin))).status).toBe(200);
  });

  it('is proxy-failed when the proxy refuses the connection', async () => {
    for (const scheme of ['http', 'https']) {
      const client = throughProxy('http://hugo:s3cret@127.0.0.1:1');
      const error = await failureOf(client.exchange(get(`${scheme}://ocsp.example.test/`)));
      expect(error.code).toBe('proxy-failed');
      expect(error.message).toContain('http://127.0.0.1:1');
      expect(error.message).toContain('connection refused');
      expect(everythingIn(error)).not.toMatch(/hugo|s3cret|aHVnbzpzM2NyZXQ/);
    }
  });

  it('is proxy-failed on 407, without a word of the credentials', async () => {
    const proxy = await startServer((_request, response) => response.writeHead(407).end('no'));
    const client = throughProxy(`http://hugo:s3cret@127.0.0.1:${proxy.port}`);
    const error = await failureOf(client.exchange(get('http://ocsp.example.test/')));
    expect(error).toBeInstanceOf(StatusError);
    expect(error).toMatchObject({ code: 'proxy-failed', status: 407 });
    expect(everythingIn(error)).not.toMatch(/hugo|s3cret|aHVnbzpzM2NyZXQ/);
  });

  it.each(['http', 'https'])('ends a silent proxy at the limits and leaves no connection to it: %s', async (scheme) => {
    const proxy = await startTcpServer(() => undefined);
    const client = throughProxy(proxy.origin);
    const url = `${scheme}://ocsp.example.test/`;
    const deadline = await failureOf(client.exchange(get(url, { timeoutMilliseconds: 300 })));
    expect(deadline.code).toBe('timeout');
    await expect.poll(proxy.openSockets).toBe(0);
    const connecting = await failureOf(
      client.exchange(get(url, { timeoutMilliseconds: 600, connectTimeoutMilliseconds: 200 })),
    );
    expect(connecting.code).toBe('timeout');
    await expect.poll(proxy.openSockets).toBe(0);
  });

  it.each([
    ['announced', 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n', 'announces 1000 bytes'],
    ['that goes on', `HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(1000)}`, 'goes on'],
  ])('ends a body %s beyond the maximum', async (_title, text, words) => {
    const proxy = await startTcpServer((socket) => socket.once('data', () => socket.write(text)));
    const request = get('http://ocsp.example.test/', { maximumBodyBytes: 100 });
    const error = await failureOf(throughProxy(proxy.origin).exchange(request));
    expect(error).toMatchObject({ code: 'body-too-large', message: expect.stringContaining(words) as unknown });
    await expect.poll(proxy.openSockets).toBe(0);
  });

  it('names the stage that a slow answer had reached', async () => {
    const proxy = await startTcpServer((socket) => socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\n\r\nx')));
    const request = get('http://ocsp.example.test/', { timeoutMilliseconds: 1500 });
    const error = await failureOf(throughProxy(proxy.origin).exchange(request));
    expect(error).toMatchObject({ code: 'timeout', message: expect.stringContaining('reading the answer') as unknown });
  });

  it('replaces a kept-alive connection that the proxy has closed meanwhile', async () => {
    let count = 0;
    const proxy = await startTcpServer((socket) => {
      count += 1;
      const isFirst = count === 1;
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok');
        if (isFirst) socket.once('data', () => socket.destroy());
      });
    });
    const client = throughProxy(proxy.origin);
    for (let exchange = 0; exchange < 2; exchange += 1) {
      expect((await client.exchange(get('http://ocsp.example.test/'))).status).toBe(200);
    }
    expect(count).toBe(2);
  });

  it('is interrupted by the signal of the caller', async () => {
    const proxy = await startTcpServer(() => undefined);
    const controller = new AbortController();
    const exchange = failureOf(
      throughProxy(proxy.origin).exchange(get('http://ocsp.example.test/', { signal: controller.signal })),
    );
    await expect.poll(proxy.openSockets).toBe(1);
    controller.abort();
    expect((await exchange).code).toBe('interrupted');
    await expect.poll(proxy.openSockets).toBe(0);
  });

  it('unpacks what came compressed within the limit, and returns any status', async () => {
    const proxy = await startServer((_request, response) => {
      response.writeHead(503, { 'Content-Encoding': 'gzip', 'Retry-After': '7' }).end(gzipSync('x'.repeat(1000)));
    });
    const client = throughProxy(proxy.origin);
    const reply = await client.exchange(get('http://ocsp.example.test/'));
    expect(reply).toMatchObject({ status: 503, headers: { 'retry-after': '7' } });
    expect(Buffer.from(reply.body).toString()).toBe('x'.repeat(1000));
    const error = await failureOf(client.exchange(get('http://ocsp.example.test/', { maximumBodyBytes: 999 })));
    expect(error.code).toBe('body-too-large');
  });
});

describe('https through a proxy', () => {
  it('asks with CONNECT, credentials in that request only', async () => {
    let tunnelled = '';
    const proxy = await startTcpServer((socket) => {
      socket.once('data', () => {
        socket.on('data', (chunk) => {
          tunnelled += chunk.toString('latin1');
          if (tunnelled.includes('ocsp.example.test') && !socket.writableEnded) socket.end('this is not TLS');
        });
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      });
    });
    const client = throughProxy(`http://hugo:s3cret@127.0.0.1:${proxy.port}`);
    const error = await failureOf(client.exchange(get('https://ocsp.example.test:8443/x')));
    const [head = ''] = proxy.received().split('\r\n\r\n');
    expect(head).toMatch(/^CONNECT ocsp\.example\.test:8443 HTTP\/1\.1\r\n/);
    expect(head).toContain(`Proxy-Authorization: Basic ${Buffer.from('hugo:s3cret').toString('base64')}`);
    // A TLS handshake record follows, for the name in the URL.
    expect(tunnelled.charCodeAt(0)).toBe(22);
    expect(tunnelled).toContain('ocsp.example.test');
    expect(error.code).toBe('tls-failed');
    expect(everythingIn(error)).not.toMatch(/hugo|s3cret|aHVnbzpzM2NyZXQ/);
  });

  it.each([403, 407, 502])('is proxy-failed when CONNECT is answered with %s', async (status) => {
    const proxy = await startTcpServer((socket) => {
      socket.once('data', () => socket.end(`HTTP/1.1 ${status} No\r\nContent-Length: 5\r\n\r\nproxy`));
    });
    const error = await failureOf(throughProxy(proxy.origin).exchange(get('https://ocsp.example.test/')));
    expect(error).toMatchObject({ code: 'proxy-failed', status });
  });

  it('is proxy-failed when the proxy hangs up', async () => {
    const proxy = await startTcpServer((socket) => socket.once('data', () => socket.end()));
    const error = await failureOf(throughProxy(proxy.origin).exchange(get('https://ocsp.example.test/')));
    expect(error.code).toBe('proxy-failed');
  });
});
