// @module-tag dnsdist
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { openDnsdistConsole } from '../../src/servers/dnsdist/console.js';
import { findReaders } from '../../src/servers/dnsdist/readers.js';
import { reloadDnsdist } from '../../src/servers/dnsdist/reload.js';
import { resultOf, type StapleToPush, type TargetResult } from '../../src/servers/reload-result.js';
import { askedByHandshake } from '../../src/pipeline/reload/prove-by-handshake.js';
import { isSince } from '../support/programs.js';
import { buildErrorResponse, buildOcspResponse } from '../support/ocsp-response.js';
import { createCertificateAuthority } from '../support/pki.js';
import type { Daemon } from '../support/servers/daemon.js';
import { startDnsdist } from '../support/servers/dnsdist.js';
import { freePort } from '../support/servers/free-port.js';
import { probeStaple } from '../support/servers/probe-staple.js';
import { stapleFor, stapleInFile } from '../support/dnsdist-staple.js';
import { createTemporaryFolder } from '../support/temporary-folder.js';

// The server judges by its own clock, so these staples are made for the moment of the run, whenever that is.
const now = new Date(Math.floor(Date.now() / 1000) * 1000);
const hour = 3_600_000;
const later = (hours: number): Date => new Date(now.getTime() + hours * hour);

const folder = createTemporaryFolder();
const issuer = createCertificateAuthority();
const key = randomBytes(32);
const encodedKey = key.toString('base64');
const limits = { timeoutMilliseconds: 10_000, signal: new AbortController().signal };

/** One certificate on DNS over TLS, one on DNS over HTTPS, each with its staple. */
const names = ['dot', 'doh'] as const;
type Name = (typeof names)[number];
const issued = (name: Name) => issuer.issue({ commonName: name, subjectAltNames: [`${name}.example`] });
// From 2.0 on dnsdist chooses among its certificates by their names.
const certificates = { dot: issued('dot'), doh: issued('doh') };
const file = (name: Name, ending: string): string => folder.at(`${name}.${ending}`);

let serial = 0;
/** A staple that differs from all before, put in place as restaple does. */
function renew(name: Name): StapleToPush {
  serial += 1;
  const bytes = stapleFor(certificates[name], issuer, now, { producedAt: new Date(now.getTime() - serial * 1000) });
  put(name, bytes);
  return stapleInFile(
    certificates[name],
    issuer,
    { certificatePath: file(name, 'pem'), staplePath: file(name, 'ocsp') },
    bytes,
    now,
  );
}

function put(name: Name, bytes: Uint8Array): void {
  rmSync(file(name, 'ocsp'), { force: true, recursive: true });
  writeFileSync(file(name, 'new'), bytes);
  renameSync(file(name, 'new'), file(name, 'ocsp'));
}

interface Running extends Daemon {
  readonly console: number;
  readonly port: Record<Name, number>;
}

async function start(
  options: { lua?: string; user?: string; frontends?: boolean; more?: readonly number[] } = {},
): Promise<Running> {
  const { lua = `setKey("${encodedKey}")`, frontends = true } = options;
  const console = await freePort();
  const port = { dot: await freePort(), doh: await freePort() };
  const files = (name: Name): string =>
    `"${file(name, 'pem')}", "${file(name, 'key')}"` + (name === 'doh' ? ', "/dns-query"' : '');
  const config = [
    'setSecurityPollSuffix("")',
    `addLocal("127.0.0.1:${await freePort()}")`,
    'newServer({address="127.0.0.1:9", healthCheckMode="up"})',
    ...(frontends
      ? [
          `addTLSLocal("127.0.0.1:${port.dot}", ${files('dot')}, {ocspResponses={"${file('dot', 'ocsp')}"}})`,
          `addDOHLocal("127.0.0.1:${port.doh}", ${files('doh')}, {ocspResponses={"${file('doh', 'ocsp')}"}})`,
        ]
      : []),
    `controlSocket("127.0.0.1:${console}")`,
    lua,
  ].join('\n');
  const { user, more = [] } = options;
  const ports = frontends ? [console, port.dot, port.doh, ...more] : [console];
  const daemon = await startDnsdist({ config, folder: folder.path, ports, ...(user === undefined ? {} : { user }) });
  // Its ports are open a moment before it gives up root.
  while (user !== undefined && effectiveUser(daemon.pid) === process.geteuid?.()) await pause(10);
  return { ...daemon, console, port };
}

function effectiveUser(pid: number): number {
  return Number(/^Uid:\t\d+\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

function readersOf(server: Running): ReturnType<typeof findReaders> {
  const own = findReaders().filter(({ root }) => root === `/proc/${server.pid}/root`);
  return own.length > 0 ? own : findReaders();
}

function reload(
  server: Running,
  staples: readonly StapleToPush[],
  change: { key?: Uint8Array; now?: Date; timeoutMilliseconds?: number } = {},
): Promise<TargetResult> {
  const tools = {
    limits: { ...limits, timeoutMilliseconds: change.timeoutMilliseconds ?? limits.timeoutMilliseconds },
    dnsdistKey: () => change.key ?? key,
    now: () => change.now ?? now,
    randomBytes,
    // Other tests may run a dnsdist of their own on this machine, under another account.
    readers: () => readersOf(server),
  };
  const place = { host: '127.0.0.1', port: server.console };
  const told = resultOf(`dnsdist:127.0.0.1:${server.console}`, staples, () => reloadDnsdist(place, staples, tools));
  return told.then((result) => askedByHandshake(result, staples, tools));
}

/** From 1.8 on dnsdist drops a bad staple without a word; before it refuses all files of that frontend, and says so. */
const dropsBadStaples = isSince('dnsdist', '1.8');

const served = (server: Running, name: Name): Promise<Buffer | null> => probeStaple({ port: server.port[name] });

beforeAll(() => {
  // dnsdist under its own account has to get here.
  chmodSync(folder.path, 0o755);
  for (const name of names) {
    writeFileSync(file(name, 'pem'), certificates[name].certificate.pem);
    writeFileSync(file(name, 'key'), certificates[name].keyPem);
    renew(name);
  }
});

afterAll(() => folder.remove());

describe('a running dnsdist', () => {
  let server: Running;
  let before: Record<Name, StapleToPush>;

  beforeAll(async () => {
    server = await start();
  });

  afterAll(() => server.stop());

  beforeEach(async () => {
    before = { dot: renew('dot'), doh: renew('doh') };
    expect((await reload(server, [before.dot, before.doh])).ok).toBe(true);
  });

  it('staples the new bytes on every frontend once the reload is back', async () => {
    const staples = [renew('dot'), renew('doh')];
    expect(await served(server, 'dot')).toEqual(before.dot.bytes);
    const result = await reload(server, staples);
    expect(await served(server, 'dot')).toEqual(staples[0]!.bytes);
    expect(await served(server, 'doh')).toEqual(staples[1]!.bytes);
    expect(result).toEqual({
      target: `dnsdist:127.0.0.1:${server.console}`,
      ok: true,
      certificates: staples.map(({ certificatePath }) => ({ certificatePath, ok: true })),
      milliseconds: expect.any(Number) as number,
    });
  });

  it('is reloaded for certificates that are not named', async () => {
    const renewed = renew('dot');
    expect(await reload(server, [])).toMatchObject({ ok: true, certificates: [] });
    expect(await served(server, 'dot')).toEqual(renewed.bytes);
  });

  const certId = { issuer, serialNumber: certificates.dot.serialNumber };
  const answer = (change: Parameters<typeof stapleFor>[3]): Buffer => stapleFor(certificates.dot, issuer, now, change);
  const badFiles: [what: string, bytes: Buffer, byUs: RegExp, byServer: RegExp][] = [
    ['garbage', Buffer.from('garbage'), /is not an OCSP response/, /no OCSP response/],
    ['an empty file', Buffer.alloc(0), /is not an OCSP response/, /no OCSP response/],
    ['a cut staple', answer({}).subarray(0, 100), /is not an OCSP response/, /no OCSP response/],
    ['base64', Buffer.from(answer({}).toString('base64')), /is not an OCSP response/, /no OCSP response/],
    ['unauthorized', buildErrorResponse('unauthorized'), /says unauthorized/, /did not give a status/],
    ['revoked', answer({ status: { revokedAt: later(-2) } }), /says revoked/, /says revoked/],
    ['unknown', answer({ status: 'unknown' }), /says unknown/, /says unknown/],
    ['no nextUpdate', answer({ nextUpdate: null }), /no nextUpdate/, /no nextUpdate/],
    ['expired', answer({ thisUpdate: later(-9), nextUpdate: later(-1) }), /no longer valid/, /no longer, valid/],
    ['from tomorrow', answer({ thisUpdate: later(24) }), /not valid yet/, /not yet, or no longer, valid/],
    [
      'two statements',
      buildOcspResponse({
        signer: issuer,
        responses: [1, 2].map(() => ({ certId, thisUpdate: later(-1), nextUpdate: later(9) })),
      }),
      /is about 2 certificates/,
      /more than one certificate/,
    ],
  ];

  it.each(badFiles)('keeps the old staple for %s, and is known to', async (_what, bytes, byUs, byServer) => {
    put('dot', bytes);
    const other = renew('doh');

    const named = await reload(server, [before.dot, other]);
    expect(named.ok).toBe(false);
    expect(named.certificates[0]).toMatchObject({ ok: false, code: 'staple-refused' });
    expect(named.certificates[0]!.message).toMatch(byUs);
    if (dropsBadStaples) {
      expect(named.error!.message).toContain('not reloaded, because');
      expect(await served(server, 'dot')).toEqual(before.dot.bytes);
      expect(await served(server, 'doh')).toEqual(before.doh.bytes);
      return;
    }

    // Without that staple among ours, only dnsdist itself can tell.
    const unnamed = await reload(server, [other]);
    expect(unnamed.ok).toBe(false);
    expect(unnamed.error).toMatchObject({ code: 'staple-refused' });
    expect(unnamed.error!.message).toMatch(byServer);
    expect(unnamed.error!.message).toContain(file('dot', 'ocsp'));
    expect(unnamed.error!.hint).not.toBe('');
    expect(unnamed.certificates[0]).toMatchObject({ ok: true });

    expect(await served(server, 'dot')).toEqual(before.dot.bytes);
    expect(await served(server, 'doh')).toEqual(other.bytes);
  });

  it('whose clock alone is against a staple is known to have lost or refused it', async () => {
    put('dot', answer({ thisUpdate: later(-9), nextUpdate: later(-1) }));
    // By a clock of five hours ago nothing is wrong with it: what is said here, dnsdist said.
    const result = await reload(server, [before.dot], { now: later(-5) });
    expect(result.error).toBeUndefined();
    if (dropsBadStaples) {
      expect(result.ok).toBe(false);
      expect(result.certificates[0]).toMatchObject({ ok: false, code: 'nothing-stapled' });
      expect(result.certificates[0]!.message).toContain(`after the reload, at 127.0.0.1:${server.port.dot}: `);
      return;
    }
    expect(result.certificates[0]).toMatchObject({ ok: false, code: 'staple-refused' });
    expect(result.certificates[0]!.message).toMatch(/^DoT frontend 0 refused .*by the clock of dnsdist$/);
  });

  it('keeps the old staple when the file is gone, and is known to', async () => {
    rmSync(file('dot', 'ocsp'));
    const result = await reload(server, [before.dot]);
    expect(result.certificates[0]).toMatchObject({ ok: false, code: 'staple-unreadable-by-server' });
    expect(result.certificates[0]!.message).toContain('does not exist');
    expect(await served(server, 'dot')).toEqual(before.dot.bytes);
    const unnamed = await reload(server, []);
    if (dropsBadStaples) return;
    expect(unnamed.error).toMatchObject({ code: 'staple-refused' });
    expect(await served(server, 'dot')).toEqual(before.dot.bytes);
  });

  it('keeps the old staple when a folder stands in its place, and is known to', async () => {
    rmSync(file('dot', 'ocsp'));
    mkdirSync(file('dot', 'ocsp'));
    expect((await reload(server, [before.dot])).certificates[0]).toMatchObject({ ok: false, code: 'staple-refused' });
    expect(await served(server, 'dot')).toEqual(before.dot.bytes);
    if (dropsBadStaples) return;
    expect((await reload(server, [])).error).toMatchObject({ code: 'staple-refused' });
    expect(await served(server, 'dot')).toEqual(before.dot.bytes);
  });

  it('is known to keep everything when a certificate is what it cannot load', async () => {
    writeFileSync(file('dot', 'pem'), 'no certificate');
    try {
      const result = await reload(server, [renew('dot')]);
      expect(result.error).toMatchObject({ code: 'command-failed' });
      expect(await served(server, 'dot')).toEqual(before.dot.bytes);
    } finally {
      writeFileSync(file('dot', 'pem'), certificates.dot.certificate.pem);
    }
  });

  it.each(names)('is known to keep everything when the key of %s is broken, and to take the other', async (name) => {
    writeFileSync(file(name, 'key'), 'no key');
    try {
      const [renewed, other] = [renew(name), renew(name === 'dot' ? 'doh' : 'dot')];
      const result = await reload(server, [renewed, other]);
      expect(result).toMatchObject({ ok: false, certificates: [{ ok: false, code: 'command-failed' }, { ok: true }] });
      expect(result.certificates[0]!.message).toContain(`after the reload, at 127.0.0.1:${server.port[name]}: `);
      expect(result.error).toMatchObject({ code: 'command-failed' });
      expect(result.error!.message).toMatch(name === 'dot' ? /^DoT frontend 0 refused/ : /^DoH frontend 0 refused/);
      expect(await served(server, name)).toEqual(before[name].bytes);
    } finally {
      writeFileSync(file(name, 'key'), certificates[name].keyPem);
    }
  });

  it('with another key is authentication-failed, and nothing is reloaded', async () => {
    const result = await reload(server, [renew('dot')], { key: randomBytes(32) });
    expect(result).toMatchObject({ ok: false, error: { code: 'authentication-failed' } });
    expect(result.certificates[0]).toMatchObject({ ok: false, code: 'authentication-failed' });
    expect(await served(server, 'dot')).toEqual(before.dot.bytes);
    expect(JSON.stringify(result)).not.toContain(encodedKey);
  });

  it('that is stopped in its tracks is timeout', async () => {
    server.signal('SIGSTOP');
    try {
      const result = await reload(server, [renew('dot')], { timeoutMilliseconds: 500 });
      expect(result).toMatchObject({ ok: false, error: { code: 'timeout' } });
    } finally {
      server.signal('SIGCONT');
    }
  });

  it('answers several commands over one connection', async () => {
    const address = { host: '127.0.0.1', port: server.console };
    const connection = await openDnsdistConsole(address, key, limits, randomBytes);
    expect(connection.build).toBe('libsodium');
    expect(await connection.run('showVersion()')).toMatch(/^dnsdist \d+\.\d+/);
    expect(await connection.run('nosuch()')).toMatch(/^Error: /);
    expect(await connection.run('getTLSFrontendCount()')).toBe('1\n');
    connection.close();
  });
});

describe('a dnsdist', () => {
  it('whose account may not read the staple keeps the old one, and is known to', async () => {
    const old = renew('dot');
    const isRoot = process.getuid?.() === 0;
    const server = await start(isRoot ? { user: '_dnsdist' } : {});
    try {
      const renewed = renew('dot');
      chmodSync(file('dot', 'ocsp'), 0o000);
      const result = await reload(server, [renewed]);
      expect(result.certificates[0]).toMatchObject({ ok: false, code: 'staple-unreadable-by-server' });
      expect(result.certificates[0]!.message).toContain('has mode 0000');
      expect(await served(server, 'dot')).toEqual(old.bytes);
      if (!dropsBadStaples) {
        expect((await reload(server, [])).error).toMatchObject({ code: 'staple-refused' });
        expect(await served(server, 'dot')).toEqual(old.bytes);
      }

      chmodSync(file('dot', 'ocsp'), 0o644);
      expect(await reload(server, [renewed])).toMatchObject({ ok: true });
      expect(await served(server, 'dot')).toEqual(renewed.bytes);
    } finally {
      await server.stop();
    }
  });

  it.each([
    ['that allows other machines only', `setKey("${encodedKey}")\nsetConsoleACL("192.0.2.0/24")`],
    ['that has no console key', ''],
  ])('%s is permission-denied', async (_what, lua) => {
    const server = await start({ lua });
    try {
      const old = await served(server, 'dot');
      const result = await reload(server, [renew('dot')]);
      expect(result).toMatchObject({ ok: false, error: { code: 'permission-denied' } });
      expect(await served(server, 'dot')).toEqual(old);
    } finally {
      await server.stop();
    }
  });

  /** One frontend more, on DNS over TLS. */
  async function startWith(ofNames: readonly Name[], staples: string): Promise<Running & { readonly other: number }> {
    const other = await freePort();
    const list = (ending: string): string => `{${ofNames.map((name) => `"${file(name, ending)}"`).join(', ')}}`;
    const lua = `setKey("${encodedKey}")\naddTLSLocal("127.0.0.1:${other}", ${list('pem')}, ${list('key')}${staples})`;
    return { ...(await start({ lua, more: [other] })), other };
  }

  it('that sends the staple of one certificate with another is known to', async () => {
    const [dot, doh] = [renew('dot'), renew('doh')];
    // Of two certificates with keys of one type it sends the first staple, with both or with the first alone.
    const server = await startWith(names, `, {ocspResponses={"${file('dot', 'ocsp')}", "${file('doh', 'ocsp')}"}}`);
    try {
      const result = await reload(server, [dot, doh]);
      const sent = await probeStaple({ port: server.other, serverName: 'doh.example' });
      if (sent === null) expect(result.certificates[1]!.message).toContain('sends this certificate without it');
      else
        expect(result).toMatchObject({ ok: false, certificates: [{ ok: true }, { ok: false, code: 'other-staple' }] });
    } finally {
      await server.stop();
    }
  });

  it('that sends a certificate with its staple in one place and without in another took it, with a word on that', async () => {
    const dot = renew('dot');
    const server = await startWith(['dot'], '');
    try {
      const result = await reload(server, [dot]);
      expect(result).toMatchObject({ ok: true, certificates: [{ ok: true }] });
      expect(result.certificates[0]!.message).toBe(`127.0.0.1:${server.other} sends this certificate without it`);
    } finally {
      await server.stop();
    }
  });

  it('that is gone is target-unreachable', async () => {
    const server = await start();
    await server.stop();
    expect(await reload(server, [renew('dot')])).toMatchObject({ ok: false, error: { code: 'target-unreachable' } });
  });

  it('without a TLS frontend is no-slot, and one that fails in Lua is command-failed', async () => {
    const server = await start({ frontends: false });
    try {
      expect(await reload(server, [renew('dot')])).toMatchObject({ ok: false, error: { code: 'no-slot' } });
      const address = { host: '127.0.0.1', port: server.console };
      const connection = await openDnsdistConsole(address, key, limits, randomBytes);
      await connection.run('getTLSFrontendCount = function() error("boom") end');
      connection.close();
      const result = await reload(server, [renew('dot')]);
      expect(result).toMatchObject({ ok: false, error: { code: 'command-failed' } });
      expect(result.error!.message).toMatch(/boom$/);
    } finally {
      await server.stop();
    }
  });
});
