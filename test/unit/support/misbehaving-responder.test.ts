import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';

import { answer, type AnswerOptions } from '../../support/answer.js';
import * as behaviours from '../../support/behaviours.js';
import {
  startResponder,
  unusedPort,
  type Responder,
  type ResponderOptions,
} from '../../support/misbehaving-responder.js';
import { buildErrorResponse, type CertificateStatus } from '../../support/ocsp-response.js';
import { createCertificateAuthority } from '../../support/pki.js';
import { runOpenssl, type RunResult } from '../../support/run-program.js';
import { withTemporaryFolder } from '../../support/temporary-folder.js';

const started: Responder[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((responder) => responder.close()));
});

async function start(options: ResponderOptions): Promise<Responder> {
  const responder = await startResponder(options);
  started.push(responder);
  return responder;
}

const root = createCertificateAuthority();
const leaf = root.issue();

/** What openssl makes of a responder. */
function ask(url: string, extra: readonly string[] = []): Promise<RunResult> {
  return withTemporaryFolder((folder) => {
    const issuer = folder.write('issuer.pem', root.certificate.pem);
    const certificate = folder.write('certificate.pem', leaf.certificate.pem);
    return runOpenssl(['ocsp', '-issuer', issuer, '-cert', certificate, '-CAfile', issuer, '-url', url, ...extra]);
  });
}

/** A request by hand: openssl's own bytes are asked for elsewhere, here any body will do. */
async function requestBytesFor(): Promise<Buffer> {
  const responder = await start({ behaviour: behaviours.httpStatus(500) });
  await ask(responder.url, ['-no_nonce']);
  return responder.requests[0]!.body;
}

describe('the answering behaviour', () => {
  const behaviourOf = (status: CertificateStatus, options: AnswerOptions = {}): ResponderOptions => ({
    behaviour: answer(root, new Map([[leaf.serialNumber, status]]), options),
  });

  it.each<[string, CertificateStatus]>([
    ['good', 'good'],
    ['unknown', 'unknown'],
    ['revoked', { revokedAt: new Date('2026-01-01T00:00:00Z'), reason: 'superseded' }],
  ])('answers openssl with %s', { tags: 'openssl' }, async (printed, status) => {
    const responder = await start(behaviourOf(status));
    const result = await ask(responder.url);
    expect(result.stderr).toBe('Response verify OK\n');
    expect(result.stdout).toContain(`certificate.pem: ${printed}\n`);
    expect(responder.requests[0]).toMatchObject({ method: 'POST', url: '/' });
  });

  it('signs with a delegate', { tags: 'openssl' }, async () => {
    const responder = await start(behaviourOf('good', { delegate: root.issueResponder() }));
    expect((await ask(responder.url)).stdout).toContain(': good\n');
  });

  it.each([
    ['omit', 'WARNING: no nonce in response'],
    ['wrong', 'Nonce Verify error'],
  ] as const)('can %s the nonce', { tags: 'openssl' }, async (nonce, complaint) => {
    const responder = await start(behaviourOf('good', { nonce }));
    const result = await ask(responder.url, ['-nonce']);
    expect(result.stderr).toContain(complaint);
  });

  it('answers unknown for a serial it was not told', { tags: 'openssl' }, async () => {
    const responder = await start({ behaviour: answer(root, new Map()) });
    expect((await ask(responder.url)).stdout).toContain(': unknown\n');
  });

  it('says unauthorized for the certificate of another authority', { tags: 'openssl' }, async () => {
    const responder = await start({ behaviour: answer(createCertificateAuthority({ name: 'Another' })) });
    const result = await ask(responder.url);
    expect(result.stdout + result.stderr).toContain('unauthorized (6)');
  });

  it('lets a test change the list of statements', { tags: 'openssl' }, async () => {
    const responder = await start(
      behaviourOf('good', {
        responses: (made) => made.map((single) => ({ ...single, certId: { issuer: root, serialNumber: 1n } })),
      }),
    );
    expect((await ask(responder.url)).stdout).toContain('ERROR: No Status found');
  });

  it('reads a GET with any slashes, percent encoding, and padding or none', { tags: 'openssl' }, async () => {
    const responder = await start({ routes: { '/ocsp': answer(root) } });
    const base64 = (await requestBytesFor()).toString('base64');
    for (const path of [
      `/ocsp/${encodeURIComponent(base64)}`,
      `/ocsp//${encodeURIComponent(base64.replace(/=+$/, ''))}`,
      `/ocsp/${base64}`,
    ]) {
      const response = await fetch(responder.url + path);
      const body = Buffer.from(await response.arrayBuffer());
      expect(response.headers.get('content-type')).toBe('application/ocsp-response');
      expect(body.length).toBeGreaterThan(100);
    }
  });

  it.each(['/', '/%', '/%ff%fe', '/AAAA', `/${'A'.repeat(4000)}`])(
    'calls %s malformed and lives on',
    { tags: 'openssl' },
    async (path) => {
      const responder = await start({ behaviour: answer(root) });
      const response = await fetch(responder.url + path);
      expect(Buffer.from(await response.arrayBuffer())).toEqual(buildErrorResponse('malformedRequest'));
      expect((await ask(responder.url)).stdout).toContain(': good\n');
    },
  );
});

describe('the misbehaving behaviours', () => {
  const bytes = buildErrorResponse('unauthorized');

  async function body(responder: Responder): Promise<string> {
    const response = await fetch(responder.url);
    return Buffer.from(await response.arrayBuffer()).toString('hex');
  }

  it('sends a web page, another content type, and a status', async () => {
    const responder = await start({ behaviour: behaviours.html() });
    expect(await (await fetch(responder.url)).text()).toContain('<html>');
    responder.behaviour = behaviours.wrongContentType(bytes);
    expect((await fetch(responder.url)).headers.get('content-type')).toBe('text/plain');
    responder.behaviour = behaviours.httpStatus(503, { 'retry-after': '7' }, 'busy');
    const busy = await fetch(responder.url);
    expect([busy.status, busy.headers.get('retry-after'), await busy.text()]).toEqual([503, '7', 'busy']);
  });

  it('sends every byte of a slow answer', async () => {
    expect(await body(await start({ behaviour: behaviours.slow(bytes, 1) }))).toBe(bytes.toString('hex'));
  });

  it('fails so many times and then does better', async () => {
    const responder = await start({ behaviour: behaviours.tryLater(2, behaviours.fixed(bytes), '1') });
    const later = buildErrorResponse('tryLater').toString('hex');
    expect([await body(responder), await body(responder), await body(responder)]).toEqual([
      later,
      later,
      bytes.toString('hex'),
    ]);
  });

  it('compresses unasked', async () => {
    const responder = await start({ behaviour: behaviours.gzip(bytes) });
    const response = await fetch(responder.url);
    expect(response.headers.get('content-encoding')).toBe('gzip');
  });

  it('redirects', async () => {
    const responder = await start({ behaviour: behaviours.redirect('http://169.254.169.254/', 307) });
    const response = await fetch(responder.url, { redirect: 'manual' });
    expect([response.status, response.headers.get('location')]).toEqual([307, 'http://169.254.169.254/']);
  });

  it('resets connections and cuts bodies off', async () => {
    const responder = await start({ behaviour: behaviours.resetConnection() });
    await expect(body(responder)).rejects.toThrow();
    responder.behaviour = behaviours.truncated(bytes, 2);
    await expect(body(responder)).rejects.toThrow();
  });

  it.each([
    ['silent', behaviours.silent()],
    ['silent after the headers', behaviours.silentAfterHeaders()],
    ['endless', behaviours.endless()],
    ['slow', behaviours.slow(new Uint8Array(10_000), 1000)],
    ['delayed', behaviours.delayed(60_000, behaviours.fixed(bytes))],
  ])('closes while it is %s', async (_name, behaviour) => {
    const responder = await startResponder({ behaviour });
    const client = httpRequest(responder.url).end();
    const failed = new Promise<void>((resolve) => {
      client.on('error', () => resolve());
      client.on('response', (response) => {
        response.resume();
        response.on('error', () => resolve());
      });
    });
    await expect.poll(() => responder.requests.length).toBe(1);
    await responder.close();
    await failed;
  });

  it('picks the longest route that ends at a segment', async () => {
    const responder = await start({
      routes: { '/a': behaviours.httpStatus(201), '/a/b': behaviours.httpStatus(202), '/': behaviours.httpStatus(204) },
    });
    const status = async (path: string): Promise<number> => (await fetch(responder.url + path)).status;
    expect([await status('/a'), await status('/a/b/c?d'), await status('/ab'), await status('/a/c')]).toEqual([
      201, 202, 204, 201,
    ]);
  });

  it('survives garbage on the line and a behaviour that throws', async () => {
    const responder = await start({
      behaviour: () => {
        throw new Error('on purpose');
      },
    });
    const socket = connect(responder.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(Buffer.from('\u0000\u0001garbage\r\n\r\n'));
    socket.resume();
    await once(socket, 'close');
    expect((await fetch(responder.url)).status).toBe(500);
    expect(responder.connections()).toBe(2);
  });

  it('knows a port where nobody listens', async () => {
    await expect(fetch(`http://127.0.0.1:${String(await unusedPort())}/`)).rejects.toThrow();
  });

  it('speaks TLS', { tags: 'openssl' }, async () => {
    const authority = createCertificateAuthority();
    const server = authority.issue({ subjectAltNames: ['127.0.0.1'] });
    const responder = await start({
      behaviour: behaviours.fixed(bytes),
      tls: { cert: server.certificate.pem, key: server.keyPem },
    });
    const result = await withTemporaryFolder((folder) =>
      runOpenssl([
        's_client',
        '-connect',
        `127.0.0.1:${String(responder.port)}`,
        '-CAfile',
        folder.write('ca.pem', authority.certificate.pem),
      ]),
    );
    expect(result.stdout).toContain('Verify return code: 0 (ok)');
  });
});
