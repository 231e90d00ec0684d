// @module-tag haproxy
import { cpSync, symlinkSync } from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';

import type { HaproxyPlace } from '../../src/servers/haproxy/place.js';
import { parseReloadTarget, tellTarget } from '../../src/servers/reload-target.js';
import type { PushResult, ReloadLimits, StapleToPush, TargetResult } from '../../src/servers/reload-result.js';
import type { IssuedCertificate } from '../support/certificate.js';
import { buildErrorResponse, buildOcspResponse, type SingleResponseOptions } from '../support/ocsp-response.js';
import { createCertificateAuthority } from '../support/pki.js';
import { isSince } from '../support/programs.js';
import { freePort } from '../support/servers/free-port.js';
import { askHaproxy, haproxyConfig, startHaproxy } from '../support/servers/haproxy.js';
import { isStapleInHaproxy } from '../support/servers/haproxy-staples.js';
import { probeStaple } from '../support/servers/probe-staple.js';
import type { Daemon } from '../support/servers/daemon.js';
import type { HashName } from '../support/signatures.js';
import { serverTools } from '../support/server-tools.js';
import { stapleToPush } from '../support/staple-to-push.js';
import { createTemporaryFolder } from '../support/temporary-folder.js';

const authority = createCertificateAuthority();
const folder = createTemporaryFolder();
const at = (name: string): string => folder.at(name);
const hour = 3_600_000;

interface Site {
  readonly name: string;
  readonly path: string;
  readonly issued: IssuedCertificate;
}

/** Issues a certificate and writes it as haproxy wants it; an empty `.ocsp` beside it is what activates OCSP. */
function site(
  name: string,
  options: { file?: string; hasOcspFile?: boolean; hasChain?: boolean; keyType?: 'rsa-2048' | 'ec-p256' } = {},
): Site {
  const { file = `certs/${name}.pem`, hasOcspFile = true, hasChain = true, keyType = 'ec-p256' } = options;
  const issued = authority.issue({ commonName: name, subjectAltNames: [name], keyType });
  const chain = hasChain ? authority.certificate.pem : '';
  const path = folder.write(file, issued.certificate.pem + chain + issued.keyPem, 0o600);
  if (hasOcspFile) folder.write(`${file}.ocsp`, '');
  return { name, path, issued };
}

interface StapleOptions {
  readonly hoursAgo?: number;
  readonly hoursLeft?: number;
  readonly single?: Partial<SingleResponseOptions>;
  readonly hash?: HashName;
  readonly padding?: number;
  readonly statements?: number;
  readonly path?: string;
}

/** A staple as the pipeline hands it over; haproxy judges by the real clock. */
function stapleOf({ path: ownPath, issued }: Site, options: StapleOptions = {}): StapleToPush {
  const { hoursAgo = 1, hoursLeft = 24, single = {}, hash = 'sha1', padding = 0, statements = 1 } = options;
  const now = Math.floor(Date.now() / 1000) * 1000;
  const nextUpdate = new Date(now + hoursLeft * hour);
  const statement: SingleResponseOptions = {
    certId: { issuer: authority, serialNumber: issued.serialNumber, hash },
    thisUpdate: new Date(now - hoursAgo * hour),
    nextUpdate,
    ...single,
  };
  const bytes = buildOcspResponse({
    signer: authority,
    producedAt: new Date(now - hoursAgo * hour),
    responses: Array.from({ length: statements }, () => statement),
    ...(padding === 0 ? {} : { certificates: Array.from({ length: padding }, () => authority.certificate.der) }),
  });
  return stapleToPush({ certificatePath: options.path ?? ownPath, issued, issuer: authority, bytes, nextUpdate, hash });
}

const limits: ReloadLimits = { timeoutMilliseconds: 10_000, signal: new AbortController().signal };

const isHeld = (text: string, staple: StapleToPush): Promise<boolean> =>
  isStapleInHaproxy(parseReloadTarget(text).place as HaproxyPlace, staple, limits);

const pushWithin = (within: ReloadLimits, text: string, ...staples: readonly StapleToPush[]): Promise<TargetResult> =>
  tellTarget(parseReloadTarget(text), staples, serverTools({ limits: within }));
const push = (text: string, ...staples: readonly StapleToPush[]): Promise<TargetResult> =>
  pushWithin(limits, text, ...staples);

async function pushOne(staple: StapleToPush, text = `haproxy:${at('admin.sock')}`): Promise<PushResult> {
  const result = await push(text, staple);
  expect(result.ok).toBe(result.certificates[0]!.ok);
  return result.certificates[0]!;
}

/** What haproxy staples for this name in a handshake. */
const stapled = (name: string, port = frontendPort, sigalgs?: string): Promise<Buffer | null> =>
  probeStaple({ port, serverName: name, ...(sigalgs === undefined ? {} : { sigalgs }) });

let haproxy: Daemon | undefined;
let frontendPort = 0;
let bundlePort = 0;
let consolePort = 0;

const main = site('main.example');
const second = site('second.example');
const bare = site('bare.example', { hasOcspFile: false });
const bareOther = site('bare-other.example', { hasOcspFile: false });
const bareThird = site('bare-third.example', { hasOcspFile: false });
const odd = site('odd.example', { file: 'certs/odd name;here\\now.pem', hasOcspFile: false });
const linked = site('linked.example', { file: 'elsewhere/linked.pem', hasOcspFile: false });
const withoutIssuer = site('no-issuer.example', { hasOcspFile: false, hasChain: false });
const renewed = site('renewed.example');
const bundleRsa = site('bundle.example', { file: 'bundle/same.pem.rsa', keyType: 'rsa-2048' });
const bundleEcdsa = site('bundle.example', { file: 'bundle/same.pem.ecdsa', hasOcspFile: false });
symlinkSync(linked.path, at('certs/link.pem'));

/** Up to 3.3 every socket took a staple for a certificate that was loaded with one. */
const needsAdmin = isSince('haproxy', '3.4');
const notAdmin = {
  ok: false,
  code: 'permission-denied',
  message: expect.stringContaining('no "level admin"') as string,
  hint: expect.stringContaining('add "level admin"') as string,
};

const config = (ports: { frontend: number; bundle: number; console: number }, more = ''): string => `global
    stats socket ${at('admin.sock')} mode 600 level admin
    stats socket ${at('operator.sock')} mode 600
    stats socket ${at('user.sock')} mode 600 level user
    stats socket ${at('numbered.sock')} mode 600 level admin severity-output number
    stats socket ipv4@127.0.0.1:${ports.console} level admin
    nbthread 1
    ${more}
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend tls
    bind 127.0.0.1:${ports.frontend} ssl crt ${at('certs')}
    bind 127.0.0.1:${ports.bundle} ssl crt ${at('bundle/same.pem')}
    http-request return status 200
`;

beforeAll(async () => {
  [frontendPort, bundlePort, consolePort] = [await freePort(), await freePort(), await freePort()];
  haproxy = await startHaproxy({
    config: config({ frontend: frontendPort, bundle: bundlePort, console: consolePort }),
    folder: folder.path,
    ports: [frontendPort, bundlePort, consolePort],
    masterSocket: at('master.sock'),
  });
});

afterAll(async () => {
  await haproxy?.stop();
  folder.remove();
});

describe('a staple pushed into haproxy', () => {
  it.each([
    ['its unix socket', () => `haproxy:${at('admin.sock')}`],
    ['its TCP socket', () => `haproxy:127.0.0.1:${consolePort}`],
    ['the socket of its master', () => `haproxy:@1:${at('master.sock')}`],
    ...(needsAdmin ? [] : [['a socket of the level operator', () => `haproxy:${at('operator.sock')}`] as const]),
    ['a socket that numbers its severities', () => `haproxy:${at('numbered.sock')}`],
  ] as const)('through %s is what it then staples', async (what, text) => {
    // Each row pushes another one.
    const staple = stapleOf(main, { hoursAgo: what.length });
    expect(await isHeld(text(), staple)).toBe(false);

    expect(await push(text(), staple)).toEqual({
      target: text(),
      ok: true,
      certificates: [{ certificatePath: main.path, ok: true }],
      milliseconds: expect.any(Number) as number,
    });

    expect(await stapled(main.name)).toEqual(staple.bytes);
    expect(await isHeld(text(), staple)).toBe(true);
  });

  if (needsAdmin) {
    it('through a socket of the level operator is refused, which says what to do', async () => {
      const before = await stapled(main.name);
      const failed = await push(`haproxy:${at('operator.sock')}`, stapleOf(main, { hoursAgo: 1 }));
      expect(failed).toMatchObject({ ok: false, certificates: [notAdmin] });
      expect(await stapled(main.name)).toEqual(before);
    });
  }

  it('goes over one connection with all others', async () => {
    const staples = [stapleOf(main, { hoursAgo: 3 }), stapleOf(second, { hoursAgo: 3 })];
    const text = `haproxy:${at('admin.sock')}`;
    expect(await push(text, ...staples)).toMatchObject({ ok: true, certificates: [{ ok: true }, { ok: true }] });
    expect(await stapled(main.name)).toEqual(staples[0]!.bytes);
    expect(await stapled(second.name)).toEqual(staples[1]!.bytes);
    const newer = stapleOf(second, { hoursAgo: 2 });
    expect([await isHeld(text, staples[0]!), await isHeld(text, newer)]).toEqual([true, false]);
  });

  it('goes into each half of a bundle', async () => {
    const [rsa, ecdsa] = [stapleOf(bundleRsa), stapleOf(bundleEcdsa)];
    expect(await push(`haproxy:${at('admin.sock')}`, rsa, ecdsa)).toMatchObject({ ok: true });
    expect(await stapled(bundleRsa.name, bundlePort, 'RSA-PSS+SHA256:RSA+SHA256')).toEqual(rsa.bytes);
    expect(await stapled(bundleRsa.name, bundlePort, 'ECDSA+SHA256')).toEqual(ecdsa.bytes);
  });

  it('may be as long as one command may be', async () => {
    const staple = stapleOf(main, { padding: 29 });
    expect(staple.bytes.length).toBeGreaterThan(10_000);
    expect(await pushOne(staple)).toEqual({ certificatePath: main.path, ok: true });
    expect(await stapled(main.name)).toEqual(staple.bytes);
  });
});

describe('a haproxy with several threads', () => {
  it('is named where it cannot set a staple that a handshake reads, unless nothing is to be set', async () => {
    const threaded = createTemporaryFolder();
    const port = await freePort();
    const socket = threaded.at('admin.sock');
    const certificates = threaded.at('certs');
    cpSync(at('certs'), certificates, { recursive: true });
    const text = haproxyConfig({ port, certificate: certificates, adminSocket: socket });
    const running = await startHaproxy({
      config: text.replace('nbthread 1', 'nbthread 2'),
      folder: threaded.path,
      ports: [port],
    });
    onTestFinished(async () => {
      await running.stop();
      threaded.remove();
    });
    const version = /^Version: ([\d.]+)/m.exec(await askHaproxy(socket, 'show info'))![1]!;
    const isMended = /^(?:3\.2\.(?:2[2-9]|[3-9]\d)|3\.4\.(?:[3-9]|\d\d)|3\.[5-9]|[4-9])/.test(version);
    const finding = { rule: 'staple-race', severity: 'info', message: expect.stringContaining(version) as string };

    const staple = stapleOf(main);
    const first = await push(`haproxy:${socket}`, staple);
    expect(first).toMatchObject({ ok: true, certificates: [{ ok: true }] });
    expect(first.findings).toEqual(isMended ? undefined : [expect.objectContaining(finding)]);
    expect(await stapled(main.name, port)).toEqual(staple.bytes);

    const again = await push(`haproxy:${socket}`, { ...staple, isChanged: false });
    expect(again).toMatchObject({ ok: true, certificates: [{ ok: true }] });
    expect(again.findings).toBeUndefined();
  });
});

describe('a certificate that haproxy loaded without a staple', () => {
  it('stays without one at a socket that is not of the level admin, which says what to do', async () => {
    const staple = stapleOf(bareOther);
    expect(await pushOne(staple, `haproxy:${at('operator.sock')}`)).toMatchObject(notAdmin);
    expect(await pushOne(staple, `haproxy:${at('user.sock')}`)).toMatchObject(notAdmin);
    expect(await stapled(bareOther.name)).toBeNull();
  });

  it('gets its place by a transaction', async () => {
    const staple = stapleOf(bare);
    expect(await stapled(bare.name)).toBeNull();
    expect(await pushOne(staple)).toEqual({ certificatePath: bare.path, ok: true });
    expect(await stapled(bare.name)).toEqual(staple.bytes);
  });

  it('is found under a name with blanks, semicolons and backslashes', async () => {
    const staple = stapleOf(odd);
    expect(await pushOne(staple)).toEqual({ certificatePath: odd.path, ok: true });
    expect(await stapled(odd.name)).toEqual(staple.bytes);
  });

  it('is found where haproxy loaded a link to its file', async () => {
    const staple = stapleOf(linked);
    expect(await pushOne(staple)).toEqual({ certificatePath: linked.path, ok: true });
    expect(await stapled(linked.name)).toEqual(staple.bytes);
  });

  it('is found by its fingerprint where haproxy loaded a copy of its file', async () => {
    const path = at('live/bare-other/fullchain.pem');
    const staple = stapleOf(bareOther, { path });
    expect(await pushOne(staple)).toEqual({ certificatePath: path, ok: true });
    expect(await stapled(bareOther.name)).toEqual(staple.bytes);
  });

  it('stays without one where haproxy does not have the issuer, and no transaction is left behind', async () => {
    expect(await pushOne(stapleOf(withoutIssuer))).toMatchObject({
      ok: false,
      code: 'no-slot',
      message: expect.stringContaining('does not have the issuer') as string,
    });
    expect(await stapled(withoutIssuer.name)).toBeNull();
    expect(await askHaproxy(at('admin.sock'), 'show ssl cert')).not.toContain('# transaction');
  });

  it("is left alone while somebody else's change is under way", async () => {
    const open = await askHaproxy(
      at('admin.sock'),
      `set ssl cert ${bare.path}.ocsp <<\n${Buffer.from(stapleOf(bare).bytes).toString('base64')}\n`,
    );
    expect(open).toContain('Transaction created');
    try {
      expect(await pushOne(stapleOf(bareThird))).toMatchObject({
        ok: false,
        code: 'no-slot',
        message: expect.stringContaining(bare.path) as string,
      });
    } finally {
      await askHaproxy(at('admin.sock'), `abort ssl cert ${bare.path}`);
    }
    expect(await stapled(bareThird.name)).toBeNull();
  });
});

describe('a staple that haproxy cannot use', () => {
  const notYet = { thisUpdate: new Date(Date.now() + 10 * hour), nextUpdate: new Date(Date.now() + 20 * hour) };
  const past = { thisUpdate: new Date(Date.now() - 20 * hour), nextUpdate: new Date(Date.now() - 10 * hour) };

  it.each<[string, () => StapleToPush, string, RegExp]>([
    [
      'is garbage',
      () => ({ ...stapleOf(main), bytes: Buffer.from('garbage') }),
      'staple-refused',
      /not an OCSP response/,
    ],
    ['is a refusal', () => ({ ...stapleOf(main), bytes: buildErrorResponse(6) }), 'staple-refused', /refusal/],
    ['is not yet valid', () => stapleOf(main, { single: notYet }), 'staple-refused', /not yet valid/],
    ['is expired by its clock alone', () => stapleOf(main, { single: past }), 'staple-refused', /expired/],
    ['is expired', () => stapleOf(main, { hoursLeft: -1 }), 'staple-refused', /less than 300 s/],
    ['ends in four minutes', () => stapleOf(main, { hoursLeft: 4 / 60 }), 'staple-refused', /less than 300 s/],
    ['has no nextUpdate', () => stapleOf(main, { single: { nextUpdate: null } }), 'staple-refused', /no nextUpdate/],
    ['says unknown', () => stapleOf(main, { single: { status: 'unknown' } }), 'staple-refused', /does not know/],
    ['has two statements', () => stapleOf(main, { statements: 2 }), 'staple-refused', /several certificates/],
    ['has a SHA-256 CertID', () => stapleOf(main, { hash: 'sha256' }), 'staple-refused', /sha256/],
    [
      "is another certificate's",
      () => ({ ...stapleOf(second), certId: stapleOf(main).certId }),
      'other-staple',
      /another/,
    ],
    ['is too long', () => stapleOf(main, { padding: 40 }), 'too-large', /haproxy takes 16383/],
  ])('because it %s is refused, and the old one stays', async (_what, make, code, message) => {
    const old = stapleOf(main, { hoursAgo: 5 });
    await pushOne(old);
    const result = await pushOne(make());
    expect(result).toMatchObject({ ok: false, code, message: expect.stringMatching(message) as string });
    expect(result.hint).not.toBe('');
    expect(await stapled(main.name)).toEqual(old.bytes);
  });

  it('is not to be had by a reload where haproxy ignores a file of its size', async () => {
    const [fits, tooLarge] = [stapleOf(main, { padding: 36 }), stapleOf(main, { padding: 60 })];
    expect(fits.bytes.length).toBeLessThan(16_385);
    expect(tooLarge.bytes.length).toBeGreaterThan(16_384);
    expect((await pushOne(fits)).hint).toContain('or reload haproxy: it reads the file itself');
    expect((await pushOne(tooLarge)).hint).toMatch(
      /^ask the CA for a smaller response: haproxy ignores a file of more/,
    );
  });

  it('is too long from the octet on that haproxy does not take', async () => {
    const garbage = (length: number): StapleToPush => ({ ...stapleOf(main), bytes: Buffer.alloc(length, 0x30) });
    // 16383 octets with the command; that it is not a response is haproxy's own answer.
    expect(await pushOne(garbage(12_267))).toMatchObject({ code: 'staple-refused' });
    expect(await pushOne(garbage(12_268))).toMatchObject({ code: 'too-large' });
  });

  it('does not keep those after it from their places', async () => {
    const staple = stapleOf(second, { hoursAgo: 4 });
    const result = await push(`haproxy:${at('admin.sock')}`, stapleOf(main, { padding: 40 }), staple);
    expect(result).toMatchObject({ ok: false, certificates: [{ ok: false, code: 'too-large' }, { ok: true }] });
    expect(result.error).toBeUndefined();
    expect(await stapled(second.name)).toEqual(staple.bytes);
  });

  it('is one of a certificate that is not loaded', async () => {
    const stranger = site('stranger.example', { file: 'elsewhere/stranger.pem' });
    expect(await pushOne(stapleOf(stranger))).toMatchObject({
      ok: false,
      code: 'no-slot',
      message: `haproxy has not loaded the certificate ${stranger.path}`,
    });
  });

  it('is one of a certificate newer than the one that runs', async () => {
    const old = stapleOf(renewed);
    await pushOne(old);
    const replaced = site(renewed.name);
    expect(replaced.path).toBe(renewed.path);
    const result = await pushOne(stapleOf(replaced));
    expect(result).toMatchObject({ ok: false, code: 'server-runs-older-certificate' });
    expect(result.message).toContain(renewed.issued.serialNumber);
    expect(result.hint).toContain('reload haproxy');
    expect(await stapled(renewed.name)).toEqual(old.bytes);
  });
});

describe('a haproxy that cannot be asked', () => {
  it.each<[string, () => string, string, RegExp]>([
    ['no socket is there', () => `haproxy:${at('nobody.sock')}`, 'target-unreachable', /there is no socket/],
    ['nobody listens on the port', () => 'haproxy:127.0.0.1:1', 'target-unreachable', /refused/],
    ["the socket is its master's", () => `haproxy:${at('master.sock')}`, 'command-failed', /master/],
    ["the socket is a worker's", () => `haproxy:@1:${at('admin.sock')}`, 'command-failed', /not a master socket/],
    ['the worker is gone', () => `haproxy:@9:${at('master.sock')}`, 'not-running', /no such worker/],
    ['the port speaks HTTP', () => `haproxy:127.0.0.1:${frontendPort}`, 'connection-lost', /closed/],
  ])('because %s is said for the target and each certificate', async (_what, text, code, message) => {
    const trouble = { code, message: expect.stringMatching(message) as string };
    expect(await push(text(), stapleOf(main), stapleOf(second))).toMatchObject({
      ok: false,
      certificates: [
        { ok: false, ...trouble },
        { ok: false, ...trouble },
      ],
      error: trouble,
    });
    expect(await isHeld(text(), stapleOf(main))).toBe(false);
  });

  it('because it is silent takes no longer than the limit', async () => {
    const silent = createServer((socket) => socket.on('error', () => undefined));
    silent.listen(at('silent.sock'));
    await once(silent, 'listening');
    const short = { ...limits, timeoutMilliseconds: 300 };
    const result = await pushWithin(short, `haproxy:${at('silent.sock')}`, stapleOf(main), stapleOf(second));
    silent.close();
    expect(result).toMatchObject({ ok: false, error: { code: 'timeout' } });
    expect(result.milliseconds).toBeLessThan(5000);
  });

  it('because all its sessions are taken, or because it is gone and its socket stayed', async () => {
    const [frontend, bundle, console] = [await freePort(), await freePort(), await freePort()];
    const narrow = createTemporaryFolder();
    const socket = narrow.at('one.sock');
    const other = await startHaproxy({
      config: config({ frontend, bundle, console })
        .replace(/stats socket \/.*/g, '')
        .replace('global', `global\n    stats socket ${socket} level admin maxconn 1 backlog 1`),
      folder: narrow.path,
      ports: [frontend, bundle, console],
    });
    const target = `haproxy:${socket}`;
    const short = { ...limits, timeoutMilliseconds: 500 };
    const holders: Socket[] = [];
    const hold = async (): Promise<string> => {
      const holder = createConnection(socket);
      holders.push(holder);
      return new Promise((resolve) => {
        holder.once('connect', () => resolve('connected'));
        holder.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
      });
    };
    try {
      await hold();
      holders[0]!.write('prompt\n');
      await once(holders[0]!, 'data');
      expect(await pushWithin(short, target, stapleOf(main))).toMatchObject({
        error: { code: 'timeout' },
      });
      // The kernel keeps a few more waiting.
      for (let count = 0; count < 50 && (await hold()) === 'connected'; count += 1);
      expect(await pushWithin(short, target, stapleOf(main))).toMatchObject({
        error: { code: 'target-unreachable', message: `all sessions of ${socket} are taken` },
      });
    } finally {
      for (const holder of holders) holder.destroy();
      await other.stop();
    }
    expect(await pushWithin(limits, target, stapleOf(main))).toMatchObject({
      error: { code: 'target-unreachable', message: expect.stringContaining('left that socket behind') as string },
    });
    narrow.remove();
  });

  it('because the run is interrupted throws', async () => {
    const interrupt = AbortSignal.abort();
    await expect(
      pushWithin({ ...limits, signal: interrupt }, `haproxy:${at('admin.sock')}`, stapleOf(main)),
    ).rejects.toMatchObject({ code: 'interrupted' });
  });
});

describe('a haproxy with a larger tune.bufsize', () => {
  it('takes a staple that others do not', async () => {
    const [frontend, bundle, console] = [await freePort(), await freePort(), await freePort()];
    const wide = createTemporaryFolder();
    const socket = wide.at('wide.sock');
    const other = await startHaproxy({
      config: config({ frontend, bundle, console }, 'tune.bufsize 65536')
        .replace(/stats socket \/.*/g, '')
        .replace('global', `global\n    stats socket ${socket} level admin`),
      folder: wide.path,
      ports: [frontend, bundle, console],
    });
    try {
      const staple = stapleOf(main, { padding: 40 });
      expect(await pushOne(staple, `haproxy:${socket}`)).toMatchObject({ ok: true });
      expect(await stapled(main.name, frontend)).toEqual(staple.bytes);
      const largerThanFile = stapleOf(main, { padding: 60 });
      expect(largerThanFile.bytes.length).toBeGreaterThan(16_384);
      expect(await pushOne(largerThanFile, `haproxy:${socket}`)).toMatchObject({ ok: true, code: 'gone-with-reload' });
    } finally {
      await other.stop();
      wide.remove();
    }
  });
});

/** Asks haproxy with one connection a command, apart from the driver. */
