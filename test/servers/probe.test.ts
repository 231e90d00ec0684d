import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createSecureContext, createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { OcspError } from '../../src/core/index.js';
import { compareStaple } from '../../src/probe/compare-staple.js';
import type { ProbeRequest } from '../../src/probe/probe-request.js';
import { probeServer } from '../../src/probe/tls-probe.js';
import { isSince } from '../support/programs.js';
import { startNginx } from '../support/servers/nginx.js';
import type { Daemon } from '../support/servers/daemon.js';
import { freePort } from '../support/servers/free-port.js';
import {
  authority,
  issueServerCertificate,
  probe,
  replaceFile,
  stapleFor,
  type ServerCertificate,
} from '../support/servers/stapling-scene.js';
import { createTemporaryFolder } from '../support/temporary-folder.js';

/** What servers do with a response for another certificate than the one that they send. */
const dropsForeign = isSince('openssl', '3.6');

const folder = createTemporaryFolder();
const rsa = issueServerCertificate(folder, { keyType: 'rsa-2048' });
const ecdsa = issueServerCertificate(folder);
const other = issueServerCertificate(folder, { name: 'other.example' });
const ecdsaStaple = stapleFor(ecdsa, 3);
const otherStaple = stapleFor(other, 3);

afterAll(() => folder.remove());

const servers: Server[] = [];
const sockets = new Set<Socket>();

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  for (const server of servers.splice(0)) {
    server.close();
    await once(server, 'close');
  }
});

/** Listens on a free port of 127.0.0.1 until the end of the test. */
async function listen(server: Server): Promise<number> {
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  servers.push(server);
  return (server.address() as AddressInfo).port;
}

function certificateOf({ issued }: ServerCertificate): { cert: string; key: string } {
  return { cert: issued.certificate.pem + authority.certificate.pem, key: issued.keyPem };
}

/** A TLS server that staples these bytes, or nothing. */
function stapling(staple: Uint8Array | null, options: TlsOptions = {}): Server {
  return createTlsServer({ ...certificateOf(ecdsa), ...options }).on(
    'OCSPRequest',
    (_certificate: Buffer, _issuer: Buffer, callback: (error: Error | null, response: Buffer | null) => void) =>
      callback(null, staple === null ? null : Buffer.from(staple)),
  );
}

async function failure(port: number, options: Partial<ProbeRequest> = {}): Promise<OcspError> {
  try {
    await probe(port, options);
  } catch (error) {
    if (error instanceof OcspError) return error;
    throw error;
  }
  throw new Error('the probe succeeded');
}

describe('a probe of nginx', { tags: 'nginx' }, () => {
  let nginx: Daemon;
  let port: number;

  beforeAll(async () => {
    port = await freePort();
    replaceFile(folder, ecdsa.staplePath, ecdsaStaple);
    replaceFile(folder, other.staplePath, otherStaple);
    nginx = await startNginx({
      folder: folder.path,
      pidFile: folder.at('nginx.pid'),
      servers: [
        { port, serverName: 'server.example', certificates: [rsa, ecdsa], staple: ecdsa.staplePath },
        { port, serverName: 'other.example', certificates: [other], staple: other.staplePath },
      ],
      protocols: 'TLSv1.2 TLSv1.3',
    });
  });
  afterAll(() => nginx.stop());

  describe.each(['TLSv1.2', 'TLSv1.3'] as const)('over %s', (tlsVersion) => {
    it.each([
      ['rsa', rsa],
      ['ecdsa', ecdsa],
    ] as const)('gets the certificate with the %s key that it asks for', async (keyType, expected) => {
      const result = await probe(port, { tlsVersion, keyType });
      expect(result.protocol).toBe(tlsVersion);
      expect(result.cipher).toMatch(/^TLS_/);
      expect(result.certificates[0]).toEqual(new Uint8Array(expected.issued.certificate.der));
      expect(result.staple).toEqual(keyType === 'rsa' && dropsForeign ? undefined : ecdsaStaple);
    });

    it('gets the certificate and the staple of the name it asks for', async () => {
      const result = await probe(port, { tlsVersion, serverName: 'other.example' });
      expect(result.serverName).toBe('other.example');
      expect(result.certificates[0]).toEqual(new Uint8Array(other.issued.certificate.der));
      expect(result.staple).toEqual(otherStaple);
    });
  });

  it('finds the one staple file of nginx wrong for the second of two certificates', async () => {
    const { certificates, staple } = await probe(port, { keyType: 'rsa' });
    const fault = compareStaple({
      sentCertificates: certificates,
      sentStaple: staple,
      expectedCertificate: rsa.certificate,
      expectedStaple: stapleFor(rsa, 3),
      now: new Date(),
    });
    const hint = expect.stringContaining(dropsForeign ? 'for another certificate' : 'nginx') as string;
    expect(fault).toMatchObject({ code: dropsForeign ? 'nothing-stapled' : 'other-staple', hint });
  });

  it('says which key type the server does not have', async () => {
    const error = await failure(port, { serverName: 'other.example', keyType: 'rsa' });
    expect(error).toMatchObject({ code: 'tls-failed', hint: expect.stringContaining('only RSA') as string });
  });
});

describe('a probe', () => {
  it('gives the certificates in the order in which they were sent, whoever issued whom', async () => {
    const stranger = issueServerCertificate(folder, { name: 'stranger.example' });
    const { cert, key } = certificateOf(ecdsa);
    const port = await listen(stapling(ecdsaStaple, { cert: cert + stranger.issued.certificate.pem, key }));
    const { certificates, milliseconds } = await probe(port);
    const sent = [ecdsa.issued, authority, stranger.issued].map(({ certificate }) => new Uint8Array(certificate.der));
    expect(certificates).toEqual(sent);
    expect(milliseconds).toBeGreaterThan(0);
  });

  it('says that nothing is stapled', async () => {
    expect((await probe(await listen(stapling(null)))).staple).toBeUndefined();
  });

  it.each([
    ['TLSv1.2', 16_000, 17_000],
    ['TLSv1.3', 64_000, 70_000],
  ] as const)('over %s takes a staple of %i octets and none of %i', async (tlsVersion, most, tooMuch) => {
    const large = new Uint8Array(most).fill(1);
    expect((await probe(await listen(stapling(large)), { tlsVersion })).staple).toEqual(large);
    const error = await failure(await listen(stapling(new Uint8Array(tooMuch))), { tlsVersion });
    expect(error.code).toBe('tls-failed');
    if (tlsVersion === 'TLSv1.2') expect(error.hint).toContain('more than 16380 octets');
  });

  describe.each(['TLSv1.2', 'TLSv1.3'] as const)('of a server that wants a client certificate, over %s', (version) => {
    const ca = authority.certificate.pem;
    const requiring = { ca, requestCert: true, minVersion: version, maxVersion: version } as const;
    const sent = [ecdsa.issued, authority].map(({ certificate }) => new Uint8Array(certificate.der));

    it('gets what came before one is missed', async () => {
      const result = await probe(await listen(stapling(ecdsaStaple, requiring)));
      expect(result).toMatchObject({ certificates: sent, staple: ecdsaStaple, protocol: version });
      // In TLS 1.3 the client is through before the server looks.
      expect(result.clientCertificate).toBe(version === 'TLSv1.2' ? 'required' : 'asked');
    });

    it('says that nothing is stapled', async () => {
      const result = await probe(await listen(stapling(null, requiring)));
      expect(result).toMatchObject({ certificates: sent, staple: undefined });
    });

    it('is through where it is only asked for one', async () => {
      const options = { ...requiring, rejectUnauthorized: false };
      const result = await probe(await listen(stapling(ecdsaStaple, options)));
      expect(result).toMatchObject({ certificates: sent, staple: ecdsaStaple, clientCertificate: 'asked' });
      expect(result.cipher).toMatch(/^TLS_/);
    });
  });

  it('of a server that wants none says so', async () => {
    expect((await probe(await listen(stapling(ecdsaStaple)))).clientCertificate).toBeUndefined();
  });

  const names = 'of %s with the server name %s sends the name %s';
  const expectName = async (host: string, serverName: string | undefined, sent: string | undefined): Promise<void> => {
    const seen: (string | undefined)[] = [];
    const port = await listen(
      createTlsServer({
        ...certificateOf(ecdsa),
        SNICallback: (name, callback) => {
          seen.push(name);
          callback(null, createSecureContext(certificateOf(ecdsa)));
        },
      }),
    );
    const signal = new AbortController().signal;
    const request = { host, port, timeoutMilliseconds: 10_000, signal };
    const result = await probeServer(serverName === undefined ? request : { ...request, serverName });
    expect(result.serverName).toBe(sent);
    expect(seen).toEqual(sent === undefined ? [] : [sent]);
  };
  it.each([
    ['127.0.0.1', undefined, undefined],
    ['127.0.0.1', 'server.example.', 'server.example'],
    ['127.0.0.1', '192.0.2.1', undefined],
    ['127.0.0.1', '::1', undefined],
  ])(names, expectName);
  it.each([['localhost', undefined, 'localhost']])(names, { tags: 'localhost' }, expectName);

  it('says that nobody listens', async () => {
    const error = await failure(await freePort());
    expect(error).toMatchObject({ code: 'connection-failed', kind: 'unavailable' });
    expect(error.message).toContain('connection refused');
    expect(error.hint).not.toBe('');
  });

  it('says that the name does not exist', async () => {
    expect((await failure(443, { host: 'a..example' })).code).toBe('name-not-resolved');
  });

  it('gives up a silent server after its time, and says where it was', async () => {
    const port = await listen(createServer());
    const error = await failure(port, { timeoutMilliseconds: 300 });
    expect(error).toMatchObject({ code: 'timeout' });
    expect(error.message).toContain('0.3 s, while in the TLS handshake');
  });

  it('ends when the run is interrupted, before and during the handshake', async () => {
    const port = await listen(createServer());
    expect((await failure(port, { signal: AbortSignal.abort() })).code).toBe('interrupted');
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 100);
    expect((await failure(port, { signal: controller.signal })).code).toBe('interrupted');
  });

  it.each([
    ['an HTTP server', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
    ['an SSH server', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['zeros', '\0'.repeat(64)],
  ])('says that %s does not speak TLS', async (_, greeting) => {
    const port = await listen(createServer((socket) => socket.write(greeting)));
    const error = await failure(port);
    expect(error).toMatchObject({ code: 'tls-failed', message: expect.stringContaining('not TLS') as string });
    expect(error.hint).toContain('--starttls');
  });

  it('says that the server hung up', async () => {
    const port = await listen(createServer((socket) => socket.once('data', () => socket.end())));
    const error = await failure(port);
    expect(error).toMatchObject({ code: 'tls-failed' });
    expect(error.message).toContain('closed the connection');
  });

  it('says that a version was refused', async () => {
    const port = await listen(stapling(ecdsaStaple, { maxVersion: 'TLSv1.2' }));
    const error = await failure(port, { tlsVersion: 'TLSv1.3' });
    expect(error).toMatchObject({ code: 'tls-failed', hint: expect.stringContaining('only TLSv1.3') as string });
  });
});

describe('STARTTLS', () => {
  /**
   * A mail server by its script: what it sends at once, then its answer to each line by the line's beginning; where
   * the answer has `upgrade`, TLS starts after it.
   */
  function mailServer(
    greeting: string,
    answers: Readonly<Record<string, string | { readonly upgrade: string }>>,
  ): Promise<number> {
    const tlsServer = stapling(ecdsaStaple).on('tlsClientError', () => undefined);
    return listen(
      createServer((socket) => {
        socket.write(greeting);
        const receive = (chunk: Buffer): void => {
          const line = chunk.toString('latin1');
          const answer = Object.entries(answers).find(([start]) => line.startsWith(start))?.[1];
          if (answer === undefined) return;
          if (typeof answer === 'string') {
            socket.write(answer);
            return;
          }
          socket.off('data', receive);
          socket.write(answer.upgrade);
          tlsServer.emit('connection', socket);
        };
        socket.on('data', receive);
      }),
    );
  }

  it.each([
    [
      'smtp',
      '220-mail.example\r\n220 ready\r\n',
      {
        'EHLO [127.0.0.1]\r\n': '250-mail.example\r\n250-SIZE 1\r\n250-starttls\r\n250 HELP\r\n',
        'STARTTLS\r\n': { upgrade: '220 go ahead\r\n' },
      },
    ],
    [
      'imap',
      '* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n',
      { 'a STARTTLS\r\n': { upgrade: '* 1 EXISTS\r\na OK begin TLS\r\n' } },
    ],
  ] as const)('of %s leads to the staple', async (starttls, greeting, answers) => {
    const result = await probe(await mailServer(greeting, answers), { starttls });
    expect(result.staple).toEqual(ecdsaStaple);
    expect(result.certificates[0]).toEqual(new Uint8Array(ecdsa.issued.certificate.der));
  });

  const ehlo = '250-mail.example\r\n250 STARTTLS\r\n';
  it.each([
    ['smtp', 'another greeting', '554 go away\r\n', {}, 'instead of the greeting'],
    ['smtp', 'an IMAP server', '* OK ready\r\n', {}, 'instead of the greeting of an SMTP server'],
    ['smtp', 'no STARTTLS', '220 ok\r\n', { EHLO: '250-mail.example\r\n250 HELP\r\n' }, 'does not offer STARTTLS'],
    ['smtp', 'a refusal', '220 ok\r\n', { EHLO: ehlo, STARTTLS: '454 not now\r\n' }, '"454 not now"'],
    [
      'smtp',
      'text after the consent',
      '220 ok\r\n',
      { EHLO: ehlo, STARTTLS: '220 go\r\n250 injected\r\n' },
      'after it agreed',
    ],
    ['smtp', 'endless lines', '220-x\r\n'.repeat(200), {}, 'more than 100 lines'],
    ['smtp', 'an endless line', 'x'.repeat(20_000), {}, 'a line of more than 8192 octets'],
    ['imap', 'a login before TLS', '* PREAUTH welcome\r\n', {}, 'instead of the greeting of an IMAP server'],
    ['imap', 'no STARTTLS', '* OK ready\r\n', { 'a ': 'a BAD unknown command\r\n' }, 'does not offer STARTTLS'],
    ['imap', 'nonsense', '* OK ready\r\n', { 'a ': 'b OK\r\n' }, 'instead of consent'],
  ] as const)('of %s fails for %s', async (starttls, _, greeting, answers, words) => {
    const error = await failure(await mailServer(greeting, answers), { starttls });
    expect(error).toMatchObject({ code: 'starttls-failed', kind: 'unavailable' });
    expect(error.message).toContain(words);
    expect(error.hint).not.toBe('');
  });

  it('fails for a server that hangs up', async () => {
    const port = await listen(createServer((socket) => socket.end('220-wait\r\n')));
    const error = await failure(port, { starttls: 'smtp' });
    expect(error).toMatchObject({ code: 'starttls-failed' });
    expect(error.message).toContain('closed the connection before TLS');
  });

  it('fails in time for a server that speaks TLS at once and so waits', async () => {
    const error = await failure(await listen(stapling(null)), { starttls: 'imap', timeoutMilliseconds: 300 });
    expect(error).toMatchObject({
      code: 'timeout',
      message: expect.stringContaining('waiting for STARTTLS') as string,
    });
  });
});
