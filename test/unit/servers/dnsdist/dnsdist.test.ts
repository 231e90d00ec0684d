import { randomBytes } from 'node:crypto';
import { chmodSync, symlinkSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';

import { askedByHandshake } from '../../../../src/pipeline/reload/prove-by-handshake.js';
import { listenersSeenFrom, reloadDnsdist, type DnsdistTools } from '../../../../src/servers/dnsdist/reload.js';
import { resultOf, type StapleToPush, type TargetResult } from '../../../../src/servers/reload-result.js';
import { startFakeDnsdist, type FakeDnsdist, type FakeDnsdistOptions } from '../../../support/fake-dnsdist.js';
import { createCertificateAuthority } from '../../../support/pki.js';
import { stapleFor, stapleInFile } from '../../../support/dnsdist-staple.js';
import { createTemporaryFolder } from '../../../support/temporary-folder.js';

const now = new Date('2026-03-01T12:00:00Z');
const key = Uint8Array.from(randomBytes(32));
const issuer = createCertificateAuthority();
const folder = createTemporaryFolder();
const leaf = issuer.issue();
const root = [{ name: 'root', userId: 0, groupIds: new Set<number>() }];
const stranger = [{ name: '_dnsdist', userId: 64_123, groupIds: new Set<number>() }];

let staples: StapleToPush[];
let fake: FakeDnsdist | undefined;

beforeEach(() => {
  staples = ['a', 'b'].map((name) => {
    const bytes = stapleFor(leaf, issuer, now);
    const staplePath = folder.write(`${name}.ocsp`, bytes);
    return stapleInFile(leaf, issuer, { certificatePath: folder.at(`${name}.pem`), staplePath }, bytes, now);
  });
});

afterEach(async () => {
  await fake?.stop();
  fake = undefined;
});

afterAll(() => folder.remove());

async function reload(options: FakeDnsdistOptions, change: Partial<DnsdistTools> = {}): Promise<TargetResult> {
  fake = await startFakeDnsdist({ key, ...options });
  const { host, port } = fake.address;
  const limits = { timeoutMilliseconds: 10_000, signal: new AbortController().signal };
  const tools = { limits, dnsdistKey: () => key, now: () => now, randomBytes, readers: () => root, ...change };
  return resultOf(`dnsdist:${host}:${port}`, staples, () => reloadDnsdist({ host, port }, staples, tools));
}

/** Answers as a version does, `reload` to whatever reloads. */
const dnsdist =
  (version: string, reload = '') =>
  (command: string): string =>
    command === 'showVersion()' ? `dnsdist ${version}\n` : reload;

// DoQ and DoH3 are in no build of Debian.
it('reads what frontends of DNS over QUIC say', async () => {
  const result = await reload({
    reply: dnsdist('2.1.3', 'DoT 0 ok\nDoQ 0 ok\nDoH3 0 failed: Caught exception: no key\n'),
  });
  expect(fake!.commands[2]).toContain('getDOQFrontend');
  expect(result.ok).toBe(false);
  expect(result.error).toMatchObject({
    code: 'command-failed',
    message: expect.stringMatching(/^DoH3 frontend 0 refused/) as string,
  });
});

it('is asked at no loopback address where its console is on another machine', () => {
  const listeners = ['127.0.0.1', '::1', '0.0.0.0', '192.0.2.7'].map((host) => ({ host, port: 853 }));
  const seenFrom = (host: string): string[] => listenersSeenFrom(host, listeners).map((one) => one.host);
  expect(seenFrom('192.0.2.7')).toEqual(['192.0.2.7', '192.0.2.7']);
  expect(seenFrom('127.0.0.1')).toEqual(['127.0.0.1', '::1', '127.0.0.1', '192.0.2.7']);
});

it.each([
  ['told', { ok: true }],
  ['undecided', { ok: false, code: 'command-failed', isUndecided: true }],
] as const)(
  'is asked for no further %s staple where a frontend does not answer the first handshake',
  async (_, one) => {
    let connections = 0;
    const silent = createServer((socket) => {
      connections += 1;
      socket.on('error', () => undefined);
    });
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = silent.address() as AddressInfo;
      const certificates = staples.map(({ certificatePath }) => ({ certificatePath, ...one }));
      const told = {
        target: 'dnsdist',
        ok: one.ok,
        certificates,
        milliseconds: 0,
        listeners: [{ host: '127.0.0.1', port }],
      };
      const limits = { timeoutMilliseconds: 100, signal: new AbortController().signal };
      expect(await askedByHandshake(told, staples, { limits, now: () => now })).toMatchObject({
        ok: one.ok,
        certificates: certificates.map(() => ({ ok: one.ok })),
      });
      expect(connections).toBe(1);
    } finally {
      silent.close();
    }
  },
);

it('takes a build from git for a new one', async () => {
  const result = await reload({ reply: dnsdist('0.0.12345g0123456789', 'DoT 0 ok\n') });
  expect(result.certificates[0]!.message).toContain('only --confirm proves it');
});

it('names the doubt where an access list alone could let dnsdist read a staple', async () => {
  chmodSync(folder.path, 0o755);
  staples = [{ ...staples[0]!, staplePath: folder.write('c.ocsp', staples[0]!.bytes, 0o640) }];
  const result = await reload({ reply: dnsdist('2.1.3', 'DoT 0 ok\n') }, { readers: () => stranger });
  expect(result.ok).toBe(true);
  expect(result.certificates[0]!.message).toMatch(/unless an access list allows it, .*c\.ocsp may not be read/);
});

describe('dnsdist 1.7', () => {
  it('is asked to reload each frontend, and believed', async () => {
    const result = await reload({ reply: dnsdist('1.7.3', 'DoT 0 ok\nDoH 0 ok\n') });
    expect(fake!.commands[2]).toContain('reloadEach("DoT", getTLSFrontendCount, getTLSFrontend)');
    expect(fake!.commands[2]).toContain('reloadEach("DoH", getDOHFrontendCount, getDOHFrontend)');
    expect(result.ok).toBe(true);
    expect(result.certificates[0]).toEqual({ certificatePath: staples[0]!.certificatePath, ok: true });
  });

  const refusal = (file: string): string =>
    `DoT 0 ok\nDoH 0 failed: [string "local lines = {}..."]:4: Caught exception: Error setting up TLS context for DoH listener on '127.0.0.1:8443': Unable to load OCSP responses: Error checking the validity of OCSP response from '${file}': OCSP single response is not yet, or no longer, valid\n`;

  it('gives a refusal to the certificate whose staple it names, over a symlink too', async () => {
    symlinkSync(folder.at('b.ocsp'), folder.at('link.ocsp'));
    for (const name of [folder.at('b.ocsp'), folder.at('link.ocsp'), './b.ocsp']) {
      const result = await reload({ reply: dnsdist('1.7.3', refusal(name)) });
      await fake!.stop();
      fake = undefined;
      expect(result.ok).toBe(false);
      expect(result.error).toBeUndefined();
      expect(result.certificates.map(({ ok, code }) => [ok, code])).toEqual([
        [false, 'command-failed'],
        [false, 'staple-refused'],
      ]);
      expect(result.certificates[1]!.message).toBe(
        `DoH frontend 0 refused its files and keeps what it had, because of ${name}: it is not yet, or no longer, valid by the clock of dnsdist`,
      );
    }
  });

  it('gives a refusal of a foreign file to the target', async () => {
    const result = await reload({ reply: dnsdist('1.7.3', refusal(`/srv/${'x'.repeat(3000)}/it's.ocsp`)) });
    expect(result.error).toMatchObject({ code: 'staple-refused' });
    expect(result.error!.message.length).toBeLessThan(1000);
    expect(result.error!.message).toContain('no longer, valid');
  });

  it('names every frontend that refused its files, up to four', async () => {
    const reply = [0, 1, 2, 3, 4, 5].map((number) => `DoT ${number} failed: cannot load /srv/${number}.key\n`).join('');
    const message = (await reload({ reply: dnsdist('1.7.3', reply) })).error!.message;
    expect(message.match(/DoT frontend \d refused its files/g)).toHaveLength(4);
    expect(message).toContain('/srv/3.key');
    expect(message).toMatch(/; and 2 more$/);
  });

  it('says no-slot where it has no frontend', async () => {
    expect((await reload({ reply: dnsdist('1.7.3', '') })).error).toMatchObject({ code: 'no-slot' });
  });

  it('is not believed when it answers with something else', async () => {
    expect((await reload({ reply: dnsdist('1.7.3', 'hello\n') })).error).toMatchObject({ code: 'unexpected-reply' });
  });
});

describe('what Lua says', () => {
  it.each([
    [
      'Error: [string "return reloadAllCertificates()"]:1: attempt to call global \'reloadAllCertificates\' (a nil value)\nstack traceback:\n\t[string "x"]:1: in main chunk',
      "attempt to call global 'reloadAllCertificates' (a nil value)",
    ],
    ['Error: boom\nstack traceback:\n\t[builtin#19]: at 0x7f99c14907c0', 'boom'],
    ["Command returned an object we can't print: Trying to cast\n", "Command returned an object we can't print"],
  ])('is command-failed for %j', async (reply, shown) => {
    const result = await reload({ reply: dnsdist('1.9.16', reply) });
    expect(result).toMatchObject({ ok: false, error: { code: 'command-failed' } });
    expect(result.error!.message).toContain(shown);
    expect(result.error!.message).not.toContain('traceback');
  });

  it('is bounded', async () => {
    const result = await reload({ reply: dnsdist('1.9.16', `Error: ${'x'.repeat(100_000)}`) });
    expect(result.error!.message.length).toBeLessThan(1000);
  });

  it('is unexpected-reply where the version is none', async () => {
    expect((await reload({ reply: () => 'haproxy\n' })).error).toMatchObject({ code: 'unexpected-reply' });
  });
});

it.each([
  ['closes-at-once', 'permission-denied'],
  ['closes-after-ping', 'connection-lost'],
  ['greets-like-ssh', 'unexpected-reply'],
] as const)('a console that %s makes a result of %s for every certificate', async (mishap, code) => {
  const result = await reload({ mishap });
  expect(result).toMatchObject({ ok: false, error: { code } });
  expect(result.certificates.map((certificate) => certificate.code)).toEqual([code, code]);
});

it('reloads dnsdist built with libcrypto', async () => {
  expect(await reload({ build: 'libcrypto', reply: dnsdist('2.1.3', 'DoT 0 ok\n') })).toMatchObject({ ok: true });
});
