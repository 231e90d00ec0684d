import { once } from 'node:events';
import { symlinkSync } from 'node:fs';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { basename } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { describe, expect, it } from 'vitest';

import { examineHost, type DoctorOptions } from '../../../../src/pipeline/doctor/examine-host.js';
import { createIssuerFinder } from '../../../../src/source/issuer-finder.js';
import { freePort } from '../../../support/servers/free-port.js';
import { buildOcspResponse } from '../../../support/ocsp-response.js';
import { createCertificateAuthority } from '../../../support/pki.js';
import { withTemporaryFolder, type TemporaryFolder } from '../../../support/temporary-folder.js';

function examine(
  folder: TemporaryFolder,
  {
    timeoutMilliseconds = 10_000,
    signal = new AbortController().signal,
    certificatesOfRun = () => Promise.resolve([]),
  }: Partial<DoctorOptions['discovery']['limits'] & Pick<DoctorOptions, 'certificatesOfRun'>> = {},
) {
  return examineHost({
    wanted: [],
    discovery: {
      limits: { timeoutMilliseconds, signal },
      environment: {},
      randomBytes: (count) => new Uint8Array(count),
    },
    issuers: createIssuerFinder([]),
    certificatesOfRun,
    now: new Date(),
    skewMilliseconds: 300_000,
    procRoot: folder.path,
    root: folder.path,
  });
}

describe('a host', () => {
  it('without servers has no certificates', async () => {
    await withTemporaryFolder(async (folder) => {
      expect((await examine(folder)).certificates).toEqual([]);
    });
  });

  it('has few lines about commands of restaple that are wrong, of which any crontab may have thousands', async () => {
    await withTemporaryFolder(async (folder) => {
      folder.write('var/spool/cron/crontabs/user', '* * * * * restaple fetch --wrong\n'.repeat(500));
      const certificatesOfRun = (): Promise<never> => Promise.reject(new Error('wrong'));
      const { remarks } = await examine(folder, { certificatesOfRun });
      expect(remarks).toHaveLength(21);
      expect(remarks.at(-1)?.message).toBe(
        'doctor could not find out which staples 480 more commands of restaple refresh',
      );
    });
  });

  it('is left at once when a signal comes, even though no certificate of a fleet makes anybody wait', async () => {
    await withTemporaryFolder(async (folder) => {
      const lines = Array.from({ length: 5000 }, (_none, index) => `ssl_certificate /none/${index}.pem;\n`);
      folder.write('etc/nginx/nginx.conf', `http { server { listen 1 ssl;\n${lines.join('')}} }`);
      const controller = new AbortController();
      setImmediate(() => controller.abort());
      await expect(examine(folder, { signal: controller.signal })).rejects.toMatchObject({ code: 'interrupted' });
    });
  });

  it('has a certificate on a port that no configuration told of', async () => {
    await withTemporaryFolder(async (folder) => {
      const server = createTlsServer(certificateOf({ mustStaple: true }));
      const port = await freePort();
      const { certificates } = await seen(folder, server, { host: '127.0.0.1', port });
      expect(certificates).toMatchObject([
        {
          server: 'unknown',
          state: 'must-staple-broken',
          handshakes: [{ place: { port }, outcome: 'nothing-stapled' }],
        },
      ]);
    });
  });

  it('says until when a served staple can be used that is in no file', async () => {
    await withTemporaryFolder(async (folder) => {
      const now = Math.floor(Date.now() / 1000) * 1000;
      const [thisUpdate, nextUpdate] = [new Date(now - 3_600_000), new Date(now + 86_400_000)];
      const authority = createCertificateAuthority();
      const { certificate, keyPem, serialNumber } = authority.issue({ ocspUris: ['http://ocsp.example/'] });
      const certId = { issuer: authority, serialNumber };
      const staple = buildOcspResponse({ signer: authority, responses: [{ certId, thisUpdate, nextUpdate }] });
      const server = createTlsServer({ cert: certificate.pem + authority.certificate.pem, key: keyPem });
      server.on('OCSPRequest', (_certificate, _issuer, answer: (error: null, response: Buffer) => void) => {
        answer(null, staple);
      });
      const { certificates } = await seen(folder, server, { host: '127.0.0.1', port: await freePort() });
      expect(certificates).toMatchObject([
        { state: 'fine', handshakes: [{ outcome: 'served', thisUpdate, validUntil: nextUpdate }] },
      ]);
    });
  });

  it.each([
    ['hangs', () => undefined],
    ['fails slowly', (socket: Socket) => void setTimeout(() => socket.end('no TLS'), 250)],
  ])('waits for a server that %s only once, whatever number of certificates it has', async (_, act) => {
    await withTemporaryFolder(async (folder) => {
      let connections = 0;
      const server = createServer((socket) => {
        connections += 1;
        socket.on('error', () => undefined);
        act(socket);
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      const { certificate } = createCertificateAuthority().issue();
      const blocks = Array.from({ length: 40 }, (_, index) => {
        const file = folder.write(`${index}.pem`, certificate.pem);
        return `server { listen 127.0.0.1:${port} ssl; ssl_certificate ${file}; }`;
      });
      const configuration = folder.write('nginx.conf', `http { ${blocks.join('\n')} }`);
      folder.write('42/cmdline', `nginx: master process /usr/sbin/nginx -c ${configuration}\0`);
      folder.write('42/status', 'Name:\tnginx\nPPid:\t1\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nGroups:\t\n');
      symlinkSync('/usr/sbin/nginx', folder.at('42/exe'));
      const { certificates } = await examine(folder, { timeoutMilliseconds: 400 });
      const reached = certificates.filter(({ handshakes }) => handshakes[0]?.outcome !== 'not-reached');
      expect(certificates).toHaveLength(40);
      expect(reached.length).toBeLessThanOrEqual(8);
      // Those that were asked at the same time.
      expect(connections).toBeLessThanOrEqual(8);
      server.close();
    });
  });

  // Ports below 1024 are root's; 127.0.0.77 has no mail server of this machine.
  describe('with a mail server that no configuration told of', { tags: 'chroot' }, () => {
    it.each([
      [587, 'smtp', '220 mail.example\r\n'],
      [25, 'smtp', '220 mail.example\r\n'],
      [143, 'imap', '* OK ready\r\n'],
    ] as const)('is asked on port %i for TLS by %s', async (port, starttls, greeting) => {
      await withTemporaryFolder(async (folder) => {
        const { certificates } = await seen(folder, mailServer(greeting), { host: '127.0.0.77', port });
        expect(certificates).toMatchObject([
          { state: 'not-served', handshakes: [{ place: { port, starttls }, outcome: 'nothing-stapled' }] },
        ]);
      });
    });

    it('needs nothing where that is Postfix or Dovecot, which cannot staple', async () => {
      for (const executable of ['/usr/lib/postfix/sbin/master', '/usr/sbin/dovecot']) {
        await withTemporaryFolder(async (folder) => {
          folder.write('42/cmdline', `${executable}\0`);
          folder.write('42/status', 'Name:\tmail\nPPid:\t1\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nGroups:\t\n');
          folder.write('42/fd/none', '');
          symlinkSync(executable, folder.at('42/exe'));
          symlinkSync('socket:[1]', folder.at('42/fd/3'));
          const mail = mailServer('220 mail.example\r\n');
          const { certificates } = await seen(folder, mail, { host: '127.0.0.77', port: 587 });
          expect(certificates).toMatchObject([
            {
              ...{ server: basename(executable), pid: 42, state: 'needs-nothing', findings: [] },
              reason: expect.stringContaining('cannot staple') as string,
            },
          ]);
        });
      }
    });

    it('passes over one that offers no TLS', async () => {
      await withTemporaryFolder(async (folder) => {
        const plain = createServer((socket) => socket.on('error', () => undefined).end('220 ok\r\n'));
        expect((await seen(folder, plain, { host: '127.0.0.77', port: 25 })).certificates).toEqual([]);
      });
    });
  });
});

function certificateOf({ mustStaple }: { readonly mustStaple: boolean }) {
  const { certificate, keyPem } = createCertificateAuthority().issue({
    ocspUris: ['http://ocsp.example/'],
    mustStaple,
  });
  return { cert: certificate.pem, key: keyPem };
}

/** It agrees to TLS whatever it is told, in the words of both protocols. */
function mailServer(greeting: string): Server {
  const tls = createTlsServer(certificateOf({ mustStaple: false })).on('tlsClientError', () => undefined);
  return createServer((socket) => {
    socket.on('error', () => undefined).write(greeting);
    const receive = (chunk: Buffer): void => {
      const isEhlo = chunk.toString('latin1').startsWith('EHLO');
      socket.write(
        isEhlo ? '250-mail.example\r\n250 STARTTLS\r\n' : greeting.startsWith('220') ? '220 go\r\n' : 'a OK\r\n',
      );
      if (isEhlo) return;
      socket.off('data', receive);
      tls.emit('connection', socket);
    };
    socket.on('data', receive);
  });
}

/** What is said of a host on which only this server listens. */
async function seen(
  folder: TemporaryFolder,
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
) {
  server.listen(port, host);
  await once(server, 'listening');
  const address = Buffer.from(host.split('.').map(Number)).reverse().toString('hex').toUpperCase();
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  folder.write('net/tcp', `title\n 0: ${address}:${hex} 00000000:0000 0A 0:0 0:0 0 0 0 1\n`);
  try {
    return await examine(folder);
  } finally {
    server.close();
  }
}
