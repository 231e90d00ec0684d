import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { toldServers as records } from '../../src/servers/reload-target.js';
import type { BadFile } from '../../src/servers/server.js';
import { buildOcspResponse, type SingleResponseOptions } from '../support/ocsp-response.js';
import { runRestaple } from '../support/run-program.js';
import type { Daemon } from '../support/servers/daemon.js';
import { dnsdistConfig, startDnsdist } from '../support/servers/dnsdist.js';
import {
  createServerScene,
  fromNow,
  responseOfSize,
  type ServerScene,
  type Site,
} from '../support/servers/server-scene.js';
import { freePort } from '../support/servers/free-port.js';
import { haproxyConfig, startHaproxy } from '../support/servers/haproxy.js';
import { startHitch } from '../support/servers/hitch.js';
import { startLighttpd } from '../support/servers/lighttpd.js';
import { startNginx } from '../support/servers/nginx.js';
import { probe } from '../support/servers/stapling-scene.js';

const hour = 3_600_000;

let scene: ServerScene;
let site: Site;
let other: Site;

beforeAll(async () => {
  scene = await createServerScene();
  site = scene.issue('site');
  other = scene.issue('other');
});

afterAll(() => scene.clear());

function response(options: Partial<SingleResponseOptions> = {}, ...more: Partial<SingleResponseOptions>[]): Buffer {
  const of = (one: Partial<SingleResponseOptions>): SingleResponseOptions => ({
    certId: { issuer: scene.authority, serialNumber: site.issued.serialNumber },
    thisUpdate: fromNow(-2 * hour),
    nextUpdate: fromNow(100 * hour),
    ...one,
  });
  const producedAt = fromNow(-2 * hour);
  return buildOcspResponse({ signer: scene.authority, producedAt, responses: [options, ...more].map(of) });
}

const variants: Readonly<Record<string, () => Buffer>> = {
  'a good one': () => response(),
  'a SHA-256 CertID': () =>
    response({ certId: { issuer: scene.authority, serialNumber: site.issued.serialNumber, hash: 'sha256' } }),
  'two statements, ours first': () =>
    response({}, { certId: { issuer: scene.authority, serialNumber: other.issued.serialNumber } }),
  'two statements, ours second': () =>
    response({ certId: { issuer: scene.authority, serialNumber: other.issued.serialNumber } }, {}),
  'no nextUpdate': () => response({ nextUpdate: null }),
  '200 s left': () => response({ nextUpdate: fromNow(200_000) }),
  '400 s left': () => response({ nextUpdate: fromNow(400_000) }),
  'expired by 100 s': () => response({ nextUpdate: fromNow(-100_000) }),
  'expired by 1 h': () => response({ nextUpdate: fromNow(-hour) }),
  'from in 100 s': () => response({ thisUpdate: fromNow(100_000) }),
  'from tomorrow': () => response({ thisUpdate: fromNow(24 * hour) }),
  revoked: () => response({ status: { revokedAt: new Date('2026-01-01T00:00:00Z') } }),
  unknown: () => response({ status: 'unknown' }),
  'about another certificate': () =>
    response({ certId: { issuer: scene.authority, serialNumber: other.issued.serialNumber } }),
  garbage: () => Buffer.from('garbage'),
  refusal: () => Buffer.from('30030a0103', 'hex'),
  '15 kB': () =>
    buildOcspResponse({
      signer: scene.authority,
      producedAt: fromNow(-2 * hour),
      certificates: Array.from({ length: 38 }, () => scene.authority.certificate.der),
      responses: [
        {
          certId: { issuer: scene.authority, serialNumber: site.issued.serialNumber },
          thisUpdate: fromNow(-2 * hour),
          nextUpdate: fromNow(100 * hour),
        },
      ],
    }),
};

const servers = {
  haproxy: async (port: number): Promise<Daemon> =>
    await startHaproxy({
      config: haproxyConfig({ port, certificate: site.certificate }),
      folder: scene.folder.path,
      ports: [port],
    }),
  dnsdist: async (port: number): Promise<Daemon> =>
    await startDnsdist({
      config: dnsdistConfig({
        port: await freePort(),
        tls: { port, certificate: site.certificate, key: site.key, staple: site.staple },
      }),
      folder: scene.folder.path,
      ports: [port],
    }),
  nginx: async (port: number): Promise<Daemon> =>
    await startNginx({
      folder: scene.folder.path,
      pidFile: scene.folder.at('n.pid'),
      servers: [{ port, certificates: [{ chain: site.certificate, key: site.key }], staple: site.staple }],
    }),
  hitch: async (port: number): Promise<Daemon> =>
    await startHitch({
      folder: scene.folder.path,
      pidFile: scene.folder.at('h.pid'),
      port,
      certificate: site.certificate,
      staple: site.staple,
    }),
  lighttpd: async (port: number): Promise<Daemon> =>
    await startLighttpd({
      folder: scene.folder.path,
      pidFile: scene.folder.at('l.pid'),
      port,
      chain: site.certificate,
      key: site.key,
      staple: site.staple,
    }),
};

type Server = keyof typeof servers;

/** What a server does that starts with these bytes as its staple, in words of the table of bad files. */
type Deed = 'serves it' | 'staples nothing' | 'does not start';

/** Whether a server that starts with these bytes staples them. */
async function isServed(server: Server, bytes: Uint8Array): Promise<boolean> {
  return (await deedOf(server, bytes)) === 'serves it';
}

/** @param bytes what its file holds; undefined where it is not there */
async function deedOf(server: Server, bytes: Uint8Array | undefined): Promise<Deed> {
  const port = await freePort();
  let daemon: Daemon;
  try {
    daemon = await servers[server](port);
  } catch (error) {
    const isRefusal = String(error).includes(`${server} ended with`);
    // A port that somebody else has says nothing of the staple.
    if (!isRefusal || /address already in use/i.test(String(error))) throw error;
    return 'does not start';
  }
  try {
    const { staple } = await probe(port, { serverName: 'site.example' });
    if (staple === undefined) return 'staples nothing';
    expect(Buffer.from(staple)).toEqual(bytes);
    return 'serves it';
  } catch (error) {
    if (!String(error).includes('a larger message than clients of TLS take')) throw error;
    return 'serves it';
  } finally {
    await daemon.stop();
  }
}

interface Judged {
  readonly exitCode: number | null;
  readonly verdict: string;
  readonly code: string | undefined;
  readonly rules: readonly string[];
}

async function judge(flags: readonly string[], certificate = site.certificate): Promise<Judged> {
  const result = await runRestaple(['verify', '--json', ...flags, certificate]);
  return { exitCode: result.exitCode, ...judgementIn(result.lines()[0]!) };
}

function judgementIn(record: Record<string, unknown>): Omit<Judged, 'exitCode'> {
  const {
    verdict,
    failure,
    findings = [],
  } = record as {
    verdict: string;
    failure?: { code: string };
    findings?: { rule: string }[];
  };
  return { verdict, code: failure?.code, rules: findings.map(({ rule }) => rule) };
}

/** Writes a response of now as the staple of a copy of the certificate, which is returned. */
function copyWith(name: string): string {
  const place = name.replaceAll(/\W/g, '-');
  scene.folder.write(`copies/${place}.pem.ocsp`, variants[name]!());
  return scene.folder.write(`copies/${place}.pem`, readFileSync(site.certificate));
}

const plainJudgements = new Map<string, Promise<Judged>>();

/** What verify says without --for, in a process of its own; once, for it is the same whatever the server. */
function judgePlain(name: string): Promise<Judged> {
  // Skew is for clients; no server gets the benefit of it.
  const flags = name === 'expired by 100 s' ? ['--skew', '0s'] : [];
  const judgement = plainJudgements.get(name) ?? judge(flags, copyWith(name));
  plainJudgements.set(name, judgement);
  return judgement;
}

const judgementsFor = new Map<Server, Promise<ReadonlyMap<string, Omit<Judged, 'exitCode'>>>>();

/** What verify says with --for of every variant, in one process; a second one shows that its good ones end with 0. */
function judgeAllFor(server: Server): Promise<ReadonlyMap<string, Omit<Judged, 'exitCode'>>> {
  const judgements = judgementsFor.get(server) ?? runAllFor(server);
  judgementsFor.set(server, judgements);
  return judgements;
}

async function runAllFor(server: Server): Promise<ReadonlyMap<string, Omit<Judged, 'exitCode'>>> {
  const names = new Map(Object.keys(variants).map((name) => [copyWith(name), name]));
  const judgements = new Map<string, Omit<Judged, 'exitCode'>>();
  const all = await runRestaple(['verify', '--json', '--for', server, ...names.keys()]);
  for (const line of all.lines()) judgements.set(names.get(line['certificate'] as string)!, judgementIn(line));
  expect([...judgements.keys()].sort()).toEqual([...names.values()].sort());
  // Revoked is the gravest of them.
  expect(all.exitCode).toBe(3);
  const good = [...names].filter(([, name]) => judgements.get(name)?.verdict === 'good').map(([path]) => path);
  expect(await runRestaple(['verify', '--for', server, ...good])).toMatchObject({ exitCode: 0 });
  return judgements;
}

/** What the server would not take: the failure by --for. Whatever no client believes is judged without the server. */
const refusals: Readonly<Record<Server, Readonly<Partial<Record<keyof typeof variants, string>>>>> = {
  haproxy: {
    'a SHA-256 CertID': 'cert-id-hash-differs',
    'two statements, ours first': 'several-responses',
    'two statements, ours second': 'several-responses',
    'no nextUpdate': 'no-next-update',
    '200 s left': 'too-short',
  },
  dnsdist: {
    'two statements, ours first': 'several-responses',
    'two statements, ours second': 'several-responses',
    'no nextUpdate': 'no-next-update',
  },
  nginx: {},
  hitch: { 'a SHA-256 CertID': 'cert-id-hash-differs' },
  lighttpd: {},
};

for (const server of Object.keys(servers) as Server[]) {
  describe(`verify --for ${server}`, { tags: server }, () => {
    it.each(Object.entries(variants))('judges as the server does: %s', async (name, make) => {
      const plain = await judgePlain(name);
      const judged = (await judgeAllFor(server)).get(name)!;
      // Made anew: what is left of its life must not depend on how long the servers before took.
      const bytes = make();
      writeFileSync(site.staple, bytes);
      const served = await isServed(server, bytes);
      const refusal = refusals[server][name];
      if (refusal !== undefined) {
        expect({ served, plain: plain.exitCode, code: judged.code }).toEqual({
          served: false,
          plain: 0,
          code: refusal,
        });
        const { exitCode, code } = await judge(['--for', server]);
        expect(code).toBe(refusal);
        expect(exitCode).not.toBe(0);
      } else {
        expect({ verdict: judged.verdict, code: judged.code }).toEqual({ verdict: plain.verdict, code: plain.code });
        expect(plain.exitCode === 0).toBe(judged.verdict === 'good');
      }
      // It says yes only to what is served, and no to what is served only where no client would take that.
      if (judged.verdict === 'good') expect(served).toBe(true);
      else if (served) expect(plain.exitCode).not.toBe(0);
    });
  });
}

describe('the table of bad files', () => {
  const files: Readonly<Record<BadFile, () => Buffer | undefined>> = {
    expired: variants['expired by 1 h']!,
    foreign: variants['about another certificate']!,
    missing: () => undefined,
    oversized: () => responseOfSize(scene, site, 20_000),
  };

  for (const server of Object.keys(servers) as Server[]) {
    it.each(Object.keys(files) as BadFile[])(
      `says what this version of ${server} does: %s`,
      { tags: server },
      async (kind) => {
        const bytes = files[kind]();
        if (bytes === undefined) rmSync(site.staple);
        else writeFileSync(site.staple, bytes);
        const { withBadFile } = records.find(({ name }) => name === server)!.rules!;
        expect(withBadFile[kind]).toContain(await deedOf(server, bytes));
        if (kind === 'oversized') return;
        const { stdout, stderr } = await runRestaple(['verify', '--for', server, site.certificate]);
        expect(stdout + stderr).toContain(withBadFile[kind]);
      },
    );
  }
});

describe('verify --for', () => {
  const large = variants['15 kB']!;
  it('warns of what is too large for the socket of haproxy, which loads it from the file', async () => {
    writeFileSync(site.staple, large());
    expect(await judge(['--for', 'haproxy'])).toMatchObject({ exitCode: 0, rules: ['too-large-for-socket'] });
    expect(await judge(['--for', 'dnsdist'])).toMatchObject({ exitCode: 0, rules: [] });
  });

  describe('says no to what is too large', () => {
    const sized = (octets: number): Buffer => responseOfSize(scene, site, octets);

    it.each(Object.keys(servers) as Server[])('for the clients of %s', async (server) => {
      writeFileSync(site.staple, sized(16_380));
      expect(await judge(['--for', server])).toMatchObject({ exitCode: 0, verdict: 'good' });
      writeFileSync(site.staple, sized(16_381));
      const result = await runRestaple(['verify', '--for', server, site.certificate]);
      expect(result).toMatchObject({ exitCode: 10, stdout: `${site.certificate}: not served (too-large)\n` });
      expect(result.stderr).toContain('clients of TLS 1.2 abort the handshake on one of more than 16380');
      expect(result.stderr).not.toContain('tune.bufsize');
    });

    it('for haproxy, which does not read it', { tags: 'haproxy' }, async () => {
      const bytes = sized(16_385);
      writeFileSync(site.staple, bytes);
      const result = await runRestaple(['verify', '--json', '--for', 'haproxy', site.certificate]);
      expect(result.exitCode).toBe(10);
      expect(result.lines()).toMatchObject([{ verdict: null, error: { code: 'too-large' } }]);
      expect(await isServed('haproxy', bytes)).toBe(false);
      const plugin = await runRestaple(['verify', '--nagios', '--for', 'haproxy', site.certificate]);
      expect(plugin).toMatchObject({ exitCode: 2, stdout: expect.stringContaining('CRITICAL') as string });
    });

    it('which breaks the clients of nginx', { tags: 'nginx' }, async () => {
      const [port, fits, breaks] = [await freePort(), sized(16_380), sized(16_381)];
      for (const bytes of [fits, breaks]) {
        writeFileSync(site.staple, bytes);
        const nginx = await servers.nginx(port);
        try {
          const handshake = probe(port, { serverName: 'site.example', tlsVersion: 'TLSv1.2' });
          if (bytes === fits) expect(Buffer.from((await handshake).staple!)).toEqual(fits);
          else await expect(handshake).rejects.toThrow('a larger message than clients of TLS take');
        } finally {
          await nginx.stop();
        }
      }
    });
  });

  it('says of nginx and lighttpd that they do not look', { tags: ['nginx', 'lighttpd'] }, async () => {
    writeFileSync(site.staple, response());
    expect((await judge(['--for', 'nginx'])).rules).toEqual(['server-checks-nothing']);
    expect((await judge(['--for', 'lighttpd'])).rules).toEqual(['server-checks-little']);
    const expired = response({ nextUpdate: fromNow(-hour) });
    writeFileSync(site.staple, expired);
    expect(await isServed('nginx', expired)).toBe(true);
    expect(await isServed('lighttpd', expired)).toBe(false);
  });

  it('has skew never extend nextUpdate', async () => {
    writeFileSync(site.staple, response({ nextUpdate: fromNow(-100_000) }));
    for (const server of Object.keys(servers)) {
      expect(await judge(['--skew', '1h', '--for', server])).toMatchObject({ exitCode: 6, code: 'expired' });
    }
  });

  it('knows no other server', async () => {
    expect((await runRestaple(['verify', '--for', 'apache', site.certificate])).exitCode).toBe(2);
  });
});
