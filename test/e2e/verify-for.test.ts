import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { buildOcspResponse, type SingleResponseOptions } from '../support/ocsp-response.js';
import { runRestaple } from '../support/run-program.js';
import type { Daemon } from '../support/servers/daemon.js';
import { dnsdistConfig, startDnsdist } from '../support/servers/dnsdist.js';
import { createServerScene, fromNow, type ServerScene, type Site } from '../support/servers/server-scene.js';
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

/** Whether a server that starts with these bytes staples them; one that refuses to start does not. */
async function isServed(server: Server, bytes: Uint8Array): Promise<boolean> {
  const port = await freePort();
  let daemon: Daemon;
  try {
    daemon = await servers[server](port);
  } catch (error) {
    if (!String(error).includes(`${server} ended with`)) throw error;
    return false;
  }
  try {
    const { staple } = await probe(port, { serverName: 'site.example' });
    if (staple === undefined) return false;
    expect(Buffer.from(staple)).toEqual(bytes);
    return true;
  } finally {
    await daemon.stop();
  }
}

interface Judged {
  readonly exitCode: number | null;
  readonly code: string | undefined;
  readonly rules: readonly string[];
}

async function judge(flags: readonly string[]): Promise<Judged> {
  const result = await runRestaple(['verify', '--json', ...flags, site.certificate]);
  const [record] = result.lines();
  const { failure, findings = [] } = record as { failure?: { code: string }; findings?: { rule: string }[] };
  return { exitCode: result.exitCode, code: failure?.code, rules: findings.map(({ rule }) => rule) };
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

describe.each(Object.keys(servers) as Server[])('verify --for %s', (server) => {
  it.each(Object.entries(variants))('judges as the server does: %s', async (name, make) => {
    const bytes = make();
    writeFileSync(site.staple, bytes);
    const served = await isServed(server, bytes);
    // Skew is for clients; no server gets the benefit of it.
    const plain = await judge(name === 'expired by 100 s' ? ['--skew', '0s'] : []);
    const judged = await judge(['--for', server]);
    const refusal = refusals[server][name];
    if (refusal !== undefined) {
      expect({ served, plain: plain.exitCode, code: judged.code }).toEqual({ served: false, plain: 0, code: refusal });
      expect(judged.exitCode).not.toBe(0);
    } else {
      expect({ exitCode: judged.exitCode, code: judged.code }).toEqual({ exitCode: plain.exitCode, code: plain.code });
    }
    // It says yes only to what is served, and no to what is served only where no client would take that.
    if (judged.exitCode === 0) expect(served).toBe(true);
    else if (served) expect(plain.exitCode).not.toBe(0);
  });
});

describe('verify --for', () => {
  const large = variants['15 kB']!;
  it('warns of what is too large for the socket of haproxy, which loads it from the file', async () => {
    writeFileSync(site.staple, large());
    expect(await judge(['--for', 'haproxy'])).toMatchObject({ exitCode: 0, rules: ['too-large-for-socket'] });
    expect(await judge(['--for', 'dnsdist'])).toMatchObject({ exitCode: 0, rules: [] });
  });

  it('says of nginx and lighttpd that they do not look', async () => {
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
