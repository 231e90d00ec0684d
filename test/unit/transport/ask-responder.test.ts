import { describe, expect, it } from 'vitest';
import { type ResponderQuery, askResponder } from '../../../src/transport/ask-responder.js';
import { downloadIssuer } from '../../../src/transport/download.js';
import { isRetriable } from '../../../src/transport/retry.js';
import { StatusError } from '../../../src/transport/status-error.js';
import { isUnanswered } from '../../../src/transport/unanswered.js';
import { proxyFromFlag } from '../../../src/transport/proxy.js';
import { failureOf, startClient, startServer, startTcpServer } from './loopback.js';

const requestDer = Uint8Array.from([0x30, 0x00, 0xfb, 0xff, 0xbe, 0xef]);

const limits = { timeoutMilliseconds: 20_000, connectTimeoutMilliseconds: 15_000 };

function query(url: string, changes: Partial<ResponderQuery> = {}): ResponderQuery {
  return { url, origin: 'operator', method: 'post', requestDer, ...limits, ...changes };
}

const ocspResponse = { 'Content-Type': 'application/ocsp-response', ETag: '"1"', 'Cache-Control': 'max-age=60' };

describe('asking a responder', () => {
  it('posts the request and returns what came', async () => {
    const server = await startServer((_request, response) => response.writeHead(200, ocspResponse).end('DER'));
    const answer = await askResponder(startClient(), query(`${server.origin}/ca1`));
    expect(server.seen[0]).toMatchObject({
      method: 'POST',
      url: '/ca1',
      body: Buffer.from(requestDer).toString('latin1'),
    });
    expect(server.seen[0]?.headers).toMatchObject({
      'content-type': 'application/ocsp-request',
      accept: 'application/ocsp-response',
    });
    expect(Buffer.from(answer.body).toString()).toBe('DER');
    expect(answer).toMatchObject({ method: 'post', url: `${server.origin}/ca1`, warnings: [] });
    expect(answer.headers).toMatchObject({ etag: '"1"', 'cache-control': 'max-age=60' });
    expect(answer.milliseconds).toBeGreaterThanOrEqual(0);
  });

  it('gets with the request in the path, its percent-encoding untouched on the way', async () => {
    const server = await startServer((_request, response) => response.writeHead(200, ocspResponse).end('DER'));
    const answer = await askResponder(startClient(), query(`${server.origin}/ca1/`, { method: 'get' }));
    expect(server.seen[0]).toMatchObject({ method: 'GET', url: '/ca1/MAD7%2F77v', body: '' });
    expect(answer).toMatchObject({ method: 'get', url: `${server.origin}/ca1/MAD7%2F77v` });
  });

  it.each([
    ['text/html; charset=utf-8', 'has the content type "text/html; charset=utf-8"'],
    [undefined, 'has no content type'],
  ])('warns of the content type %s and returns the body all the same', async (type, warning) => {
    const server = await startServer((_request, response) => {
      response.writeHead(200, type === undefined ? {} : { 'Content-Type': type }).end('<html>');
    });
    const answer = await askResponder(startClient(), query(server.origin));
    expect(answer.warnings).toHaveLength(1);
    expect(answer.warnings[0]).toContain(warning);
    expect(answer.body).toHaveLength(6);
  });

  it('takes the content type in any case and with parameters', async () => {
    const server = await startServer((_request, response) => {
      response.writeHead(200, { 'Content-Type': 'Application/OCSP-Response; x=y' }).end('DER');
    });
    expect((await askResponder(startClient(), query(server.origin))).warnings).toEqual([]);
  });

  it.each([
    [404, false],
    [405, false],
    [429, true],
    [500, true],
    [503, true],
    [204, false],
  ])('fails with http-status for %s, with a next step', async (status, retriable) => {
    const server = await startServer((_request, response) => {
      response.writeHead(status, { ...ocspResponse, 'Retry-After': '30' }).end();
    });
    const error = await failureOf(askResponder(startClient(), query(server.origin)));
    expect(error).toBeInstanceOf(StatusError);
    expect(error).toMatchObject({ code: 'http-status', status, retryAfter: '30' });
    expect(error.message).toBe(`127.0.0.1:${server.port} answered with HTTP status ${status}`);
    expect(error.hint).not.toBe('');
    expect(isRetriable(error)).toBe(retriable);
  });

  it('takes 64 KiB and no more', async () => {
    const server = await startServer((_request, response, { url }) => {
      response.writeHead(200, ocspResponse).end('x'.repeat(65_536 + (url === '/more' ? 1 : 0)));
    });
    const client = startClient();
    expect((await askResponder(client, query(server.origin))).body).toHaveLength(65_536);
    expect((await failureOf(askResponder(client, query(`${server.origin}/more`)))).code).toBe('body-too-large');
  });
});

describe('asking only for something newer', () => {
  const known = { modifiedAt: new Date('2026-03-01T12:00:00Z') };
  const notModified = () => startServer((_request, response) => response.writeHead(304, { ETag: '"2"' }).end());

  it.each(['post', 'get'] as const)(
    'names the thisUpdate of what is stored, and takes 304 for an answer: %s',
    async (method) => {
      const server = await notModified();
      const answer = await askResponder(startClient(), query(server.origin, { method, known }));
      expect(answer).toMatchObject({ isNotModified: true, warnings: [], method });
      expect(answer.headers).toMatchObject({ etag: '"2"' });
      expect(server.seen[0]?.headers).toMatchObject({ 'if-modified-since': 'Sun, 01 Mar 2026 12:00:00 GMT' });
      expect(server.seen[0]?.headers).not.toHaveProperty('if-none-match');
    },
  );

  it('names the entity tag too where it is known', async () => {
    const server = await notModified();
    await askResponder(startClient(), query(server.origin, { known: { ...known, entityTag: 'W/"1"' } }));
    expect(server.seen[0]?.headers).toMatchObject({ 'if-none-match': 'W/"1"' });
    expect(server.seen[0]?.headers).toHaveProperty('if-modified-since');
  });

  it('takes a whole response all the same', async () => {
    const server = await startServer((_request, response) => response.writeHead(200, ocspResponse).end('DER'));
    const answer = await askResponder(startClient(), query(server.origin, { known }));
    expect(answer.isNotModified).toBe(false);
    expect(Buffer.from(answer.body).toString()).toBe('DER');
  });

  it('is left to the operator who sets a condition', async () => {
    const server = await notModified();
    const headers = [['if-none-match', '"mine"']] as const;
    await askResponder(startClient(), query(server.origin, { known: { ...known, entityTag: '"1"' }, headers }));
    expect(server.seen[0]?.headers).toMatchObject({ 'if-none-match': '"mine"' });
    expect(server.seen[0]?.headers).not.toHaveProperty('if-modified-since');
  });

  it('is not what a responder may answer who was not asked so: 304 is an error then', async () => {
    const server = await notModified();
    const error = await failureOf(askResponder(startClient(), query(server.origin)));
    expect(error).toMatchObject({ code: 'http-status', status: 304 });
    expect(server.seen[0]?.headers).not.toHaveProperty('if-modified-since');
  });
});

describe('an exchange that failed', () => {
  it.each([
    ['before any HTTP status counts as unanswered', '', true],
    ['in the middle of the body does not', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf', false],
  ])('%s', async (_title, text, isCounted) => {
    const server = await startTcpServer((socket) => socket.once('data', () => socket.end(text)));
    for (const proxy of [{}, { proxy: proxyFromFlag(server.origin, {}) }]) {
      const error = await failureOf(askResponder(startClient(proxy), query(server.origin)));
      expect(isUnanswered(error)).toBe(isCounted);
    }
  });

  it('by its status does not', async () => {
    const server = await startServer((_request, response) => response.writeHead(503).end());
    expect(isUnanswered(await failureOf(askResponder(startClient(), query(server.origin))))).toBe(false);
  });

  it('at an address that may not be asked does not: that says nothing of the responder', async () => {
    const blocked = query('http://127.0.0.1/', { origin: 'certificate' });
    expect(isUnanswered(await failureOf(askResponder(startClient(), blocked)))).toBe(false);
  });
});

describe('downloading an issuer', () => {
  const issuer = (url: string, origin: 'operator' | 'certificate' = 'operator') => ({ url, origin, ...limits });

  it('returns the bytes and the URL that gave them', async () => {
    const server = await startServer((_request, response, { url }) => {
      if (url === '/ca.p7c') response.end('bytes');
      else response.writeHead(301, { Location: '/ca.p7c' }).end();
    });
    const file = await downloadIssuer(startClient(), issuer(`${server.origin}/ca.crt`));
    expect(Buffer.from(file.bytes).toString()).toBe('bytes');
    expect(file.url).toBe(`${server.origin}/ca.p7c`);
    expect(server.seen[0]?.headers.accept).toContain('application/pkix-cert');
  });

  it('is under the address guard', async () => {
    const server = await startServer((_request, response) => response.end('bytes'));
    const error = await failureOf(downloadIssuer(startClient(), issuer(server.origin, 'certificate')));
    expect(error.code).toBe('address-blocked');
  });

  it.each([
    ['ldap://ldap.example/cn=CA?cACertificate;binary', 'unsupported-scheme'],
    ['http://ca.example/\u0007', 'malformed-uri'],
  ])('refuses %j', async (url, code) => {
    expect((await failureOf(downloadIssuer(startClient(), issuer(url, 'certificate')))).code).toBe(code);
  });

  it('fails with http-status and points to --issuer', async () => {
    const server = await startServer((_request, response) => response.writeHead(404).end());
    const error = await failureOf(downloadIssuer(startClient(), issuer(server.origin)));
    expect(error).toMatchObject({ code: 'http-status', status: 404 });
    expect(error.hint).toContain('--issuer');
  });

  it('takes 256 KiB and no more', async () => {
    const server = await startServer((_request, response) => response.end('x'.repeat(262_145)));
    expect((await failureOf(downloadIssuer(startClient(), issuer(server.origin)))).code).toBe('body-too-large');
  });
});
