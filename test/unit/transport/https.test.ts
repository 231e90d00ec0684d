import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createProxyServer } from 'node:http';
import { createServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createCertificateAuthority } from '../../support/pki.js';
import { readableModule } from '../../support/readable-copy.js';

const probe = join(import.meta.dirname, 'https-probe.ts');
const folder = mkdtempSync(join(tmpdir(), 'restaple-https-'));
const root = join(folder, 'cert.pem');
const asked: string[] = [];
let connections = 0;
let port = 0;
let proxyPort = 0;
const tunnels: string[] = [];
const tunnelCredentials = `Basic ${Buffer.from('hugo:s3cret').toString('base64')}`;

const proxy = createProxyServer();
const closers: (() => void)[] = [() => rmSync(folder, { recursive: true })];

beforeAll(async () => {
  const authority = createCertificateAuthority();
  const own = authority.issue({ commonName: 'ocsp.example.test', subjectAltNames: ['ocsp.example.test'] });
  writeFileSync(root, authority.certificate.pem);

  const server = createServer({ key: own.keyPem, cert: own.certificate.pem }, (request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      asked.push(`${request.method ?? ''} ${request.url ?? ''} ${request.headers.host ?? ''} ${body}`);
      if (request.url !== '/sloppy') response.end('answer');
      else request.socket.end('HTTP/1.1 200 OK\nX: a\n b\nContent-Length: 6\n\nanswer');
    });
  });
  server.on('secureConnection', () => connections++);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;

  proxy.on('connect', (request, client) => {
    tunnels.push(`${request.url ?? ''} ${request.headers['proxy-authorization'] ?? ''}`);
    const onward = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      onward.pipe(client).pipe(onward);
    });
    for (const socket of [client, onward]) socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  proxyPort = (proxy.address() as AddressInfo).port;
  closers.push(
    () => server.close(),
    () => proxy.close(),
  );
});

afterAll(() => {
  for (const close of closers) close();
});

async function runProbe(trusted: boolean, ...words: string[]): Promise<string[]> {
  const environment = { ...process.env, ...(trusted ? { NODE_EXTRA_CA_CERTS: root } : {}) };
  const options = { env: environment, timeout: 60_000 };
  const { stdout } = await promisify(execFile)(process.execPath, [readableModule(probe), ...words], options);
  return stdout.trim().split('\n');
}

describe('https', () => {
  it('posts over one kept-alive connection when the certificate is trusted', async () => {
    connections = 0;
    asked.length = 0;
    expect(await runProbe(true, `https://ocsp.example.test:${port}/x`)).toEqual(['answer', 'answer']);
    expect(asked).toEqual(new Array(2).fill(`POST /x ocsp.example.test:${port} DER`));
    expect(connections).toBe(1);
  });

  it('posts through a CONNECT tunnel, with credentials for the proxy', async () => {
    asked.length = 0;
    const words = [`https://ocsp.example.test:${port}/x`, `http://hugo:s3cret@127.0.0.1:${proxyPort}`];
    expect(await runProbe(true, ...words)).toEqual(['answer', 'answer']);
    expect(asked).toEqual(new Array(2).fill(`POST /x ocsp.example.test:${port} DER`));
    expect(tunnels).toEqual(new Array(2).fill(`ocsp.example.test:${port} ${tunnelCredentials}`));
  });

  it('reads a sloppy answer over a connection of its own, through a tunnel too', async () => {
    const place = `ocsp.example.test:${port}`;
    for (const words of [[], [`http://hugo:s3cret@127.0.0.1:${proxyPort}`]]) {
      asked.length = 0;
      tunnels.length = 0;
      expect(await runProbe(true, `https://${place}/sloppy`, ...words)).toEqual(['answer', 'answer']);
      expect(asked).toEqual(new Array(4).fill(`POST /sloppy ${place} DER`));
      expect(new Set(tunnels)).toEqual(new Set(words.length === 0 ? [] : [`${place} ${tunnelCredentials}`]));
    }
  });

  it('is tls-failed for a certificate of another name, or one that nobody trusts', async () => {
    asked.length = 0;
    expect(await runProbe(true, `https://other.example.test:${port}/x`)).toEqual(['tls-failed']);
    expect(await runProbe(false, `https://ocsp.example.test:${port}/x`)).toEqual(['tls-failed']);
    expect(asked).toEqual([]);
  });
});
