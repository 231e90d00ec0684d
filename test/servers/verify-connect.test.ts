import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls';
import { unlinkSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { isSince } from '../support/programs.js';
import { runRestaple, type RunResult } from '../support/run-program.js';
import type { Daemon } from '../support/servers/daemon.js';
import {
  createServerScene,
  fromNow,
  responseFor,
  responseOfSize,
  startSceneHaproxy,
  type ServerScene,
  type Site,
  type TargetServer,
} from '../support/servers/server-scene.js';
import { freePort } from '../support/servers/free-port.js';
import { startNginx, type NginxServer } from '../support/servers/nginx.js';

/** What servers do with a response for another certificate than the one that they send. */
const dropsForeign = isSince('openssl', '3.6');

const hour = 3_600_000;
const anyText = expect.stringMatching(/\S/) as string;

let scene: ServerScene;
let ca: string;

beforeAll(async () => {
  scene = await createServerScene();
  ca = scene.folder.write('ca.pem', scene.authority.certificate.pem);
});

afterAll(() => scene.clear());

interface ConnectRecord {
  readonly certificate?: string;
  readonly connection: Readonly<Record<string, unknown>>;
  readonly verdict: string | null;
  readonly failure?: { readonly code: string };
  readonly error?: { readonly code: string; readonly message: string; readonly hint: string };
  readonly outcome?: string;
  readonly findings?: readonly { readonly rule: string }[];
}

async function connect(words: readonly string[]): Promise<RunResult & { records: ConnectRecord[] }> {
  const result = await runRestaple(['verify', '--json', '--connect', ...words]);
  return { ...result, records: result.lines() as unknown as ConnectRecord[] };
}

describe('verify --connect of one nginx with several names', { tags: 'nginx' }, () => {
  let nginx: Daemon;
  let place: string;
  const sites: Record<string, Site> = {};
  const site = (name: string): Site => sites[name]!;

  beforeAll(async () => {
    const port = await freePort();
    place = `127.0.0.1:${port}`;
    for (const name of ['good', 'foreign', 'stale', 'expired', 'damaged', 'bare', 'renewed', 'revoked', 'long']) {
      sites[name] = scene.issue(name);
    }
    sites['must'] = scene.issue('must', { mustStaple: true });
    sites['plain'] = scene.issue('plain', { ocspUris: [] });
    const revokedAt = new Date('2026-01-01T00:00:00Z');
    const expired = responseFor(scene, site('expired'), { thisUpdate: fromNow(-9 * hour), nextUpdate: fromNow(-hour) });
    writeFileSync(site('expired').staple, expired);
    writeFileSync(site('revoked').staple, responseFor(scene, site('revoked'), { status: { revokedAt } }));
    writeFileSync(site('long').staple, responseFor(scene, site('long'), { nextUpdate: fromNow(9 * 24 * hour) }));
    // nginx takes whatever is an OCSPResponse: here a bare tryLater.
    writeFileSync(site('damaged').staple, Buffer.from('30030a0103', 'hex'));
    const staples: Record<string, string> = {
      foreign: site('good').staple,
      stale: scene.folder.write('stale.der', scene.staple(site('stale'))),
    };
    const servers = Object.entries(sites).map(([name, { key, staple }]): NginxServer => ({
      port,
      serverName: `${name}.example`,
      certificates: [{ chain: scene.folder.write(`${name}.chain`, chainOf(site(name))), key }],
      ...(['bare', 'must', 'plain'].includes(name) ? {} : { staple: staples[name] ?? staple }),
    }));
    // Sends its certificate alone.
    const lone = scene.issue('lone');
    sites['lone'] = lone;
    const chain = scene.folder.write('lone.crt', lone.issued.certificate.pem);
    servers.push({ port, serverName: 'lone.example', certificates: [{ chain, key: lone.key }], staple: lone.staple });
    const protocols = 'TLSv1.2 TLSv1.3';
    nginx = await startNginx({ folder: scene.folder.path, pidFile: scene.folder.at('nginx.pid'), protocols, servers });
  });
  afterAll(() => nginx.stop());

  const chainOf = ({ issued }: Site): string => issued.certificate.pem + scene.authority.certificate.pem;

  it('finds the staple of the file in the handshake', async () => {
    const { exitCode, stderr, records } = await connect([place, site('good').certificate]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(records).toMatchObject([
      {
        certificate: site('good').certificate,
        connection: {
          host: '127.0.0.1',
          port: Number(place.split(':')[1]),
          serialNumber: site('good').issued.serialNumber,
          protocol: 'TLSv1.3',
          serverName: 'good.example',
          stapleOctets: scene.staple(site('good')).length,
        },
        verdict: 'good',
        certId: { serialNumber: site('good').issued.serialNumber },
      },
    ]);
    expect(records[0]).not.toHaveProperty('error');
  });

  it('says the same in words', async () => {
    const result = await runRestaple(['verify', '--connect', place, site('good').certificate]);
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    expect(result.stdout).toMatch(new RegExp(`^${site('good').certificate}: good\n {2}responder`));
  });

  it.each([
    ['nothing stapled', 'bare', 10, null, 'nothing-stapled', /staples nothing$/],
    ['nothing stapled for Must-Staple', 'must', 10, null, 'nothing-stapled', /Must-Staple: clients refuse it/],
    dropsForeign
      ? ["another certificate's staple in the file", 'foreign', 10, null, 'nothing-stapled', /staples nothing$/]
      : ["another certificate's staple", 'foreign', 5, 'invalid', 'other-staple', /response of another certificate/],
    ['a refusal', 'damaged', 7, 'refused', undefined, undefined],
    ['an expired staple', 'expired', 6, 'invalid', undefined, undefined],
    ['a revoked certificate', 'revoked', 3, 'revoked', undefined, undefined],
  ] as const)('finds out %s', async (_what, name, exitCode, verdict, code, message) => {
    const result = await connect([place, site(name).certificate]);
    expect(result.exitCode).toBe(exitCode);
    expect(result.records).toMatchObject([{ certificate: site(name).certificate, verdict }]);
    expect(result.records[0]?.error?.code).toBe(code);
    if (message === undefined) return;
    expect(result.records[0]?.error?.message).toMatch(message);
    expect(result.records[0]?.error?.hint).toMatch(/\S/);
    expect(result.stderr).toMatch(/^restaple: .*\n {2}hint: \S/m);
  });

  it('finds out that the server was not reloaded, and that both staples are good', async () => {
    writeFileSync(site('stale').staple, responseFor(scene, site('stale')));
    const { exitCode, records, stderr } = await connect([place, site('stale').certificate]);
    expect(exitCode).toBe(10);
    expect(records).toMatchObject([{ verdict: 'good', error: { code: 'other-staple' } }]);
    expect(stderr).toMatch(/still staples an older response.*\n {2}hint: reload the server/);
  });

  it('finds out that the stale one is over', async () => {
    const sent = scene.staple(site('good'));
    writeFileSync(site('good').staple, responseFor(scene, site('good')));
    const { exitCode, records } = await connect([
      place,
      site('good').certificate,
      '--at',
      fromNow(5 * 24 * hour).toISOString(),
    ]);
    writeFileSync(site('good').staple, sent);
    expect(exitCode).toBe(6);
    expect(records).toMatchObject([
      { verdict: 'invalid', failure: { code: 'expired' }, error: { code: 'other-staple' } },
    ]);
    expect(records[0]?.error?.message).toContain('an expired response');
  });

  it('needs no staple for a certificate without a responder', async () => {
    unlinkSync(site('plain').staple);
    const result = await connect([place, site('plain').certificate]);
    expect(result.exitCode).toBe(0);
    expect(result.records).toMatchObject([{ verdict: null, outcome: 'no-responder', error: { code: 'no-responder' } }]);
    const spoken = await runRestaple(['verify', '--verbose', '--connect', place, site('plain').certificate]);
    expect(spoken).toMatchObject({ exitCode: 0, stdout: `${site('plain').certificate}: no responder\n` });
    expect(spoken.stderr).toContain('no OCSP responder');
  });

  it('does not take a stranger without staple for a server that needs none', async () => {
    const stranger = await connect([place, '--servername', 'plain.example']);
    expect(stranger.exitCode).toBe(5);
    expect(stranger.records).toMatchObject([{ verdict: 'invalid', failure: { code: 'issuer-not-anchored' } }]);
    expect(stranger.records[0]).not.toHaveProperty('outcome');
    expect(await connect([place, '--servername', 'plain.example', '--ca', ca])).toMatchObject({
      exitCode: 0,
      records: [{ outcome: 'no-responder' }],
    });
  });

  it('says of a good staple that the certificate itself is over', async () => {
    const past = scene.issue('past', { notAfter: fromNow(-hour) });
    const port = await freePort();
    const chain = scene.folder.write('past.chain', chainOf(past));
    const servers = [
      { port, serverName: 'past.example', certificates: [{ chain, key: past.key }], staple: past.staple },
    ];
    const pidFile = scene.folder.at('past.pid');
    const other = await startNginx({ folder: scene.folder.path, pidFile, protocols: 'TLSv1.3', servers });
    try {
      const { records } = await connect([`127.0.0.1:${port}`, past.certificate]);
      expect(records).toMatchObject([
        { verdict: 'good', findings: [{ rule: 'certificate-expired', severity: 'error' }] },
      ]);
      const check = await runRestaple(['verify', '--nagios', '--connect', `127.0.0.1:${port}`, '--ca', ca]);
      expect(check.exitCode).toBe(2);
      expect(check.stdout).toMatch(/^OCSP CRITICAL - 1 certificate expired \(127\.0\.0\.1:\d+\)/);
    } finally {
      await other.stop();
    }
  });

  it('answers a monitoring system: what is served, what is not, and the end of the certificate', async () => {
    const check = async (...words: string[]): Promise<RunResult> =>
      await runRestaple(['verify', '--nagios', '--connect', ...words]);
    const good = await check(place, site('good').certificate);
    expect(good).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^OCSP OK - 1 staple good/) as string });
    const alone = await check(place, '--servername', 'bare.example', '--ca', ca);
    expect(alone.exitCode).toBe(2);
    expect(alone.stdout).toMatch(/^OCSP CRITICAL - 1 missing \(127\.0\.0\.1:\d+\)/);
    const bare = await check(place, site('bare').certificate);
    expect(bare).toMatchObject({ exitCode: 2, stdout: expect.stringMatching(/^OCSP CRITICAL - 1 missing/) as string });
    const foreign = await check(place, '--servername', 'bare.example', site('good').certificate);
    expect(foreign).toMatchObject({
      exitCode: 2,
      stdout: expect.stringMatching(/^OCSP CRITICAL - 1 invalid/) as string,
    });
    const down = await check('127.0.0.1:1', site('good').certificate);
    expect(down).toMatchObject({
      exitCode: 2,
      stdout: expect.stringMatching(/^OCSP CRITICAL - 1 unreachable/) as string,
    });
    const sixth = await check('[::1]:1');
    expect(sixth.stdout).toMatch(/^OCSP CRITICAL - 1 unreachable \(\[::1\]:1\)/);
  });

  it('finds out that the server runs the certificate of before a renewal', async () => {
    const before = site('renewed').issued.serialNumber;
    sites['renewed'] = scene.issue('renewed', { notBefore: new Date('2025-01-01T00:00:00Z') });
    const { exitCode, records } = await connect([place, site('renewed').certificate]);
    expect(exitCode).toBe(10);
    expect(records).toMatchObject([
      { connection: { serialNumber: before }, verdict: null, error: { code: 'other-certificate' } },
    ]);
    expect(records[0]?.error?.message).toContain('older certificate');
  });

  it('asks for --servername, with a certificate and without', async () => {
    const other = await connect([place, '--servername', 'bare.example', site('good').certificate]);
    expect(other).toMatchObject({ exitCode: 10, records: [{ error: { code: 'other-certificate' } }] });
    const alone = await connect([place, '--servername', 'good.example', '--ca', ca]);
    expect(alone).toMatchObject({
      exitCode: 0,
      records: [{ connection: { serverName: 'good.example' }, verdict: 'good' }],
    });
    expect(alone.records).toHaveLength(1);
    expect(alone.records[0]).not.toHaveProperty('findings');
  });

  it.each([
    ['the name that was asked for', ['--servername', 'nowhere.example'], 'nowhere.example'],
    ['that name in its ASCII form', ['--servername', 'bücher.example'], 'xn--bcher-kva.example'],
    ['a label before its own name', ['--servername', 'www.good.example'], 'www.good.example'],
    ['the address, where no name was asked for', [], '127.0.0.1'],
    ['an address in place of a name', ['--servername', '192.0.2.7'], '192.0.2.7'],
  ])('says that the certificate does not name %s', async (_what, words, asked) => {
    const { records, exitCode } = await connect([place, ...words, '--ca', ca]);
    const [first] = sites['good']!.issued.serialNumber === records[0]?.connection['serialNumber'] ? records : [];
    expect(first).toMatchObject({ verdict: 'good', findings: [{ rule: 'name-mismatch', severity: 'warning' }] });
    expect(exitCode).toBe(0);
    const message = `the certificate that the server sends does not name ${asked} (it names good.example)`;
    expect(first).toMatchObject({ findings: [{ message }] });
  });

  it('says so where nothing is stapled, and of the certificate that was named', async () => {
    const words = [place, '--servername', 'plain.example', '--ca', ca];
    expect((await connect(words)).records[0]).not.toHaveProperty('findings');
    const bare = ['--servername', '192.0.2.7', site('good').certificate];
    expect((await connect([place, ...bare])).records).toMatchObject([
      { verdict: 'good', findings: [{ rule: 'name-mismatch' }] },
    ]);
    const spoken = await runRestaple(['verify', '--connect', place, ...bare]);
    expect(spoken).toMatchObject({ exitCode: 0 });
    expect(spoken.stdout).toMatch(/^ {2}warning +the certificate that .* does not name 192\.0\.2\.7 .*$/m);
  });

  it("judges another certificate's staple without a file too", async () => {
    const result = await connect([place, '--servername', 'foreign.example', '--ca', ca]);
    const expected = dropsForeign
      ? { exitCode: 10, records: [{ verdict: null, error: { code: 'nothing-stapled' } }] }
      : { exitCode: 5, records: [{ verdict: 'invalid', failure: { code: 'cert-id-mismatch' } }] };
    expect(result).toMatchObject(expected);
  });

  it('compares with --response', async () => {
    const words = [place, site('good').certificate, '--response'];
    expect((await connect([...words, site('good').staple])).exitCode).toBe(0);
    const other = scene.folder.write('other.der', responseFor(scene, site('good')));
    expect(await connect([...words, other])).toMatchObject({
      exitCode: 10,
      records: [{ error: { code: 'other-staple' } }],
    });
  });

  it('trusts the issuer at hand, or --ca, and else the roots of the system alone', async () => {
    const leaf = scene.folder.write('leaf-only.pem', site('good').issued.certificate.pem);
    scene.folder.write('leaf-only.pem.ocsp', scene.staple(site('good')));
    const stranger = await connect([place, leaf]);
    expect(stranger.exitCode).toBe(5);
    expect(stranger.records).toMatchObject([{ verdict: 'invalid', failure: { code: 'issuer-not-anchored' } }]);
    expect(await connect([place, '--servername', 'good.example'])).toMatchObject({
      exitCode: 5,
      records: [{ failure: { code: 'issuer-not-anchored' } }],
    });
    expect((await connect([place, leaf, '--ca', ca])).exitCode).toBe(0);
    expect((await connect([place, leaf, '--issuer', ca])).exitCode).toBe(0);
    const foreign = (await createServerScene()).authority.certificate.pem;
    const words = [place, site('good').certificate, '--ca', scene.folder.write('foreign-ca.pem', foreign)];
    expect(await connect(words)).toMatchObject({
      exitCode: 5,
      records: [{ failure: { code: 'issuer-not-anchored' } }],
    });
  });

  it('misses the issuer that the server does not send, and tells what it saw all the same', async () => {
    const leaf = scene.folder.write('lone-leaf.pem', site('lone').issued.certificate.pem);
    const result = await connect([place, leaf]);
    expect(result.exitCode).toBe(8);
    expect(result.records).toMatchObject([
      {
        connection: { serialNumber: site('lone').issued.serialNumber },
        verdict: null,
        error: { code: 'issuer-not-found' },
      },
    ]);
    expect((await connect([place, leaf, '--ca', ca])).exitCode).toBe(0);
    expect((await connect([place, site('lone').certificate])).exitCode).toBe(0);
  });

  it('judges each of several certificates, and ends with the gravest', async () => {
    const result = await connect([
      place,
      site('good').certificate,
      site('bare').certificate,
      site('expired').certificate,
    ]);
    expect(result.exitCode).toBe(6);
    expect(result.records.map(({ verdict }) => verdict)).toEqual(['good', null, 'invalid']);
  });

  it('holds what the server sends to rules with --lint', async () => {
    const { records, exitCode } = await connect([place, '--lint', '--profile', 'web', site('long').certificate]);
    expect(exitCode).toBe(0);
    expect(records.map(({ findings = [] }) => findings.map(({ rule }) => rule))).toEqual([['window-over-7-days']]);
  });

  it('asks what a server would take with --for', async () => {
    expect((await connect([place, '--for', 'haproxy', site('good').certificate])).exitCode).toBe(0);
  });
});

describe('a server of TLS 1.2 that requires a client certificate', { tags: 'haproxy' }, () => {
  let haproxy: TargetServer;
  let site: Site;
  let bare: Site;

  beforeAll(async () => {
    const [name, bareName] = ['site.requiring.example', 'bare.requiring.example'];
    site = scene.issue('requiring/site', { commonName: name, subjectAltNames: [name] });
    bare = scene.issue('requiring/bare', { commonName: bareName, subjectAltNames: [bareName] });
    unlinkSync(bare.staple);
    for (const { key } of [site, bare]) unlinkSync(key);
    const certificates = `${scene.folder.at('requiring')}/`;
    const crt = `${certificates} ssl-max-ver TLSv1.2 ca-file ${ca} verify required`;
    haproxy = await startSceneHaproxy(scene, crt, 'requiring.sock');
  });
  afterAll(() => haproxy.stop());

  it('is judged by what came before the handshake failed, with a line that says so', async () => {
    for (const words of [[site.certificate], ['--servername', 'site.requiring.example', '--ca', ca]]) {
      const { exitCode, records } = await connect([haproxy.place, ...words]);
      expect(exitCode).toBe(0);
      expect(records).toMatchObject([
        {
          verdict: 'good',
          connection: { protocol: 'TLSv1.2', clientCertificate: 'required', stapleOctets: scene.staple(site).length },
          findings: [{ rule: 'client-certificate-required', severity: 'info' }],
        },
      ]);
    }
  });

  it('is told that it staples nothing, and another staple than the file', async () => {
    expect(await connect([haproxy.place, bare.certificate])).toMatchObject({
      exitCode: 10,
      records: [{ verdict: null, error: { code: 'nothing-stapled' }, findings: [{ severity: 'info' }] }],
    });
    const served = scene.staple(site);
    scene.age(site);
    expect(await connect([haproxy.place, site.certificate])).toMatchObject({
      exitCode: 10,
      records: [{ verdict: 'good', error: { code: 'other-staple' } }],
    });
    writeFileSync(site.staple, served);
  });

  it('is proof enough for --confirm', async () => {
    const words = ['reload', haproxy.target, '--confirm', haproxy.place, site.certificate];
    const { exitCode, stderr } = await runRestaple([...words, '--verbose']);
    expect(exitCode).toBe(0);
    expect(stderr).toContain('the server requires a client certificate');
  });
});

describe('verify --connect of servers', () => {
  it.each(['TLSv1.2', 'TLSv1.3'])('that speak %s alone', { tags: 'nginx' }, async (protocols) => {
    const port = await freePort();
    const ecdsa = scene.issue('ecdsa');
    const rsa = scene.issue('rsa', { keyType: 'rsa-2048' });
    const nginx = await startNginx({
      folder: scene.folder.path,
      pidFile: scene.folder.at('versions.pid'),
      protocols,
      servers: [ecdsa, rsa].map(({ certificate, key, staple }, index) => ({
        port,
        serverName: index === 0 ? 'ecdsa.example' : 'rsa.example',
        certificates: [{ chain: certificate, key }],
        staple,
      })),
    });
    try {
      const { exitCode, records } = await connect([`127.0.0.1:${port}`, ecdsa.certificate, rsa.certificate]);
      expect(exitCode).toBe(0);
      expect(records.map(({ connection }) => connection['protocol'])).toEqual([protocols, protocols]);
      // Without a certificate the server is asked for each key type; of these names it has one only.
      const alone = await connect([`127.0.0.1:${port}`, '--servername', 'rsa.example', '--ca', ca]);
      expect(alone).toMatchObject({
        exitCode: 0,
        records: [{ connection: { serialNumber: rsa.issued.serialNumber } }],
      });
      expect(alone.records).toHaveLength(1);
    } finally {
      await nginx.stop();
    }
  });

  describe('with an RSA and an ECDSA certificate', { tags: 'haproxy' }, () => {
    let haproxy: TargetServer;
    let ecdsa: Site;
    let rsa: Site;

    beforeAll(async () => {
      const names = { commonName: 'both.example', subjectAltNames: ['both.example'] };
      ecdsa = scene.issue('both.pem.ecdsa', names);
      rsa = scene.issue('both.pem.rsa', { ...names, keyType: 'rsa-2048' });
      for (const [type, site] of [
        ['ecdsa', ecdsa],
        ['rsa', rsa],
      ] as const) {
        const { issued } = site;
        const text = issued.certificate.pem + scene.authority.certificate.pem + issued.keyPem;
        scene.folder.write(`bundle.pem.${type}`, text);
        scene.folder.write(`bundle.pem.${type}.ocsp`, scene.staple(site));
      }
      haproxy = await startSceneHaproxy(scene, scene.folder.at('bundle.pem'), 'bundle.sock');
    });
    afterAll(() => haproxy.stop());

    it('shows both without a certificate', async () => {
      const { exitCode, records } = await connect([haproxy.place, '--servername', 'both.example', '--ca', ca]);
      expect(exitCode).toBe(0);
      const serials = [ecdsa, rsa].map(({ issued }) => issued.serialNumber);
      expect(records.map(({ connection }) => connection['serialNumber'])).toEqual(serials);
      expect(records.map(({ verdict }) => verdict)).toEqual(['good', 'good']);
    });

    it('shows the one that is named', async () => {
      for (const site of [ecdsa, rsa]) {
        const { exitCode, records } = await connect([haproxy.place, site.certificate]);
        expect(exitCode).toBe(0);
        expect(records).toMatchObject([{ connection: { serialNumber: site.issued.serialNumber }, verdict: 'good' }]);
      }
    });
  });

  it.each([
    ['smtp', '220 mail.example\r\n', { EHLO: '250-mail.example\r\n250 STARTTLS\r\n', STARTTLS: '220 go ahead\r\n' }],
    ['imap', '* OK ready\r\n', { 'a STARTTLS': 'a OK begin\r\n' }],
  ])('that start TLS in %s', async (protocol, greeting, answers) => {
    const site = scene.issue(protocol);
    const sockets = new Set<Socket>();
    const tls = tlsServer(site);
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.write(greeting);
      socket.on('data', function answerLine(chunk: Buffer) {
        const line = chunk.toString('latin1');
        const found = Object.entries(answers).find(([start]) => line.startsWith(start));
        socket.write(found?.[1] ?? '500 what?\r\n');
        if (!line.includes('STARTTLS')) return;
        socket.off('data', answerLine);
        tls.emit('connection', socket);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const place = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      const { exitCode, records } = await connect([place, '--starttls', protocol, site.certificate]);
      expect(exitCode).toBe(0);
      expect(records).toMatchObject([{ connection: { serverName: `${protocol}.example` }, verdict: 'good' }]);
      const wrong = await connect([place, '--starttls', protocol === 'smtp' ? 'imap' : 'smtp', site.certificate]);
      expect(wrong).toMatchObject({ exitCode: 7, records: [{ verdict: null, error: { code: 'starttls-failed' } }] });
    } finally {
      for (const socket of sockets) socket.destroy();
      server.close();
    }
  });

  /** A TLS server that gets its sockets from elsewhere; only a server is asked for a staple. */
  function tlsServer(site: Site): TlsServer {
    const { issued } = site;
    const cert = issued.certificate.pem + scene.authority.certificate.pem;
    const server = createTlsServer({ cert, key: issued.keyPem });
    server.on('tlsClientError', () => undefined);
    server.on('OCSPRequest', (_certificate, _issuer, answer: (error: null, response: Buffer) => void) =>
      answer(null, scene.staple(site)),
    );
    return server;
  }

  it('that staple more than the server of --for would', async () => {
    const site = scene.issue('large');
    const server = tlsServer(site);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const words = [`127.0.0.1:${(server.address() as AddressInfo).port}`, site.certificate];
    const judge = (octets: number, name: string): ReturnType<typeof connect> => {
      writeFileSync(site.staple, responseOfSize(scene, site, octets));
      return connect([...words, '--for', name]);
    };
    try {
      expect(await judge(16_380, 'haproxy')).toMatchObject({ exitCode: 0, records: [{ verdict: 'good' }] });
      for (const [octets, name, why] of [
        [16_385, 'haproxy', 'haproxy ignores a file of more than 16384 octets'],
        [16_381, 'nginx', 'clients of TLS 1.2 abort the handshake'],
      ] as const) {
        const { exitCode, records } = await judge(octets, name);
        expect(exitCode).toBe(10);
        expect(records).toMatchObject([
          {
            verdict: null,
            connection: { stapleOctets: octets },
            error: { code: 'too-large', message: expect.stringContaining(why) as string },
          },
        ]);
      }
      expect(await connect(words)).toMatchObject({ exitCode: 0, records: [{ verdict: 'good' }] });
    } finally {
      server.close();
    }
  });

  it('that are not there', async () => {
    const result = await connect(['127.0.0.1:1', scene.issue('absent').certificate]);
    expect(result).toMatchObject({
      exitCode: 7,
      records: [{ verdict: null, error: { code: 'connection-failed', hint: anyText } }],
    });
    expect(await connect(['127.0.0.1:1'])).toMatchObject({
      exitCode: 7,
      records: [{ error: { code: 'connection-failed' } }],
    });
  });

  it('that are not servers of TLS', async () => {
    const words = [scene.responder.url.replace('http://', ''), scene.issue('plain-http').certificate];
    expect(await connect(words)).toMatchObject({ exitCode: 7, records: [{ error: { code: 'tls-failed' } }] });
  });

  it.each([
    ['no address', ['--connect', 'a:b:c']],
    ['a server name without a server', ['--servername', 'x.example']],
    ['another protocol', ['--connect', '127.0.0.1:1', '--starttls', 'ftp']],
    ['a response without a certificate', ['--connect', '127.0.0.1:1', '--response', 'x.ocsp']],
  ])('with 2 for %s', async (_what, words) => {
    const result = await runRestaple(['verify', '--json', ...words]);
    expect(result.exitCode).toBe(2);
    expect(result.lines()).toMatchObject([{ error: { code: 'usage' } }]);
  });
});
