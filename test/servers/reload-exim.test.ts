// @module-tag exim4
import { chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { exim as eximRecord } from '../../src/servers/exim/server.js';
import type { BadFile } from '../../src/servers/server.js';
import { runRestaple } from '../support/run-program.js';
import type { Daemon } from '../support/servers/daemon.js';
import { startExim } from '../support/servers/exim.js';
import { freePort } from '../support/servers/free-port.js';
import {
  createServerScene,
  fetchAndReload,
  fromNow,
  responseFor,
  responseOfSize,
  type ServerScene,
  type Site,
} from '../support/servers/server-scene.js';
import { probe, untilWritten } from '../support/servers/stapling-scene.js';

/** Exim starts as root and takes a configuration of root's only. */
const runsAsRoot = process.geteuid?.() === 0;
const minute = 60_000;

let scene: ServerScene;
let site: Site;
let port: number;
let pidFile: string;
let exim: Daemon | undefined;

beforeEach(async () => {
  scene = await createServerScene();
  site = scene.issue('site');
  port = await freePort();
  pidFile = scene.folder.at('exim.pid');
});

afterEach(async () => {
  await exim?.stop();
  exim = undefined;
  await scene.clear();
});

const askingFirst = ({ staple }: Site): string => `\${if exists{${staple}}{${staple}}}`;

async function start(tlsOcspFile = askingFirst(site), args: readonly string[] = []): Promise<void> {
  const { certificate, key } = site;
  const folder = scene.folder.path;
  exim = await startExim({ folder, pidFile, port, chain: certificate, key, staple: tlsOcspFile, args });
  await untilWritten(pidFile);
}

const handshake = () => probe(port, { serverName: 'site.example', starttls: 'smtp' });
const words = (): string[] => ['--reload', `exim:${pidFile}`, '--confirm', `127.0.0.1:${port}`, '--starttls', 'smtp'];

function nearlyOver(one: Site, left: number): void {
  writeFileSync(one.staple, responseFor(scene, one, { thisUpdate: fromNow(-60 * minute), nextUpdate: fromNow(left) }));
}

describe.runIf(runsAsRoot)('Exim', () => {
  it('reads a new staple by itself, which the handshake proves', async () => {
    await start(site.staple);
    const result = await fetchAndReload([...words(), site.certificate]);
    expect({ exitCode: result.exitCode, stderr: result.stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(result.reload).toMatchObject([
      { target: `exim:${pidFile}`, ok: true, findings: [{ rule: 'server-reads-by-itself' }] },
      { target: `confirm:127.0.0.1:${port}`, ok: true, certificates: [{ ok: true }] },
    ]);
    expect((await handshake()).staple).toEqual(new Uint8Array(scene.staple(site)));
  });

  it('is not told of a staple that its user may not read', async () => {
    await start();
    chmodSync(site.staple, 0o600);
    const result = await runRestaple(['reload', '--json', `exim:${pidFile}`, site.certificate]);
    expect(result.exitCode).toBe(10);
    expect(result.lines()[0]).toMatchObject({ ok: false, error: { code: 'staple-unreadable-by-server' } });
    await expect(handshake()).rejects.toThrow();
  });

  it('does with a bad file what its record and --for say', async () => {
    await start();
    const other = scene.issue('other');
    const deed = (): Promise<string> =>
      handshake().then(
        ({ staple }) => (staple === undefined ? 'staples nothing' : 'serves it'),
        (error: unknown) =>
          String(error).includes('a larger message than clients of TLS take')
            ? 'serves it'
            : 'fails every TLS handshake',
      );
    const files: Readonly<Record<BadFile, () => void>> = {
      foreign: () => writeFileSync(site.staple, responseFor(scene, other)),
      expired: () => nearlyOver(site, -minute),
      oversized: () => writeFileSync(site.staple, responseOfSize(scene, site, 20_000)),
      missing: () => rmSync(site.staple),
    };
    for (const [kind, put] of Object.entries(files) as [BadFile, () => void][]) {
      put();
      const words = eximRecord.rules.withBadFile[kind];
      expect(words).toContain(await deed());
      const { exitCode, stdout, stderr } = await runRestaple(['verify', '--for', 'exim', site.certificate]);
      expect(exitCode).not.toBe(0);
      if (kind !== 'oversized') expect(stdout + stderr).toContain(words);
    }
    const large = responseOfSize(scene, site, 16_380);
    writeFileSync(site.staple, large);
    expect((await handshake()).staple).toEqual(new Uint8Array(large));
  });

  it('fails every handshake where the file is missing and tls_ocsp_file does not ask for it', async () => {
    rmSync(site.staple);
    await start(site.staple);
    await expect(handshake()).rejects.toThrow();
  });

  it('goes on without its staple where a failed fetch leaves too little of it', async () => {
    await start();
    nearlyOver(site, 30 * minute);
    await scene.responder.close();
    const result = await fetchAndReload([...words().slice(0, 2), '--withdraw', '1h', site.certificate]);
    expect(result).toMatchObject({ exitCode: 7, outcomes: ['withdrawn'] });
    expect(result.lines()[0]).toMatchObject({ verdict: null, nextUpdate: null, error: { code: 'connection-failed' } });
    expect(result.lines()[0]).not.toHaveProperty('warnings');
    expect(existsSync(site.staple)).toBe(false);
    expect((await handshake()).staple).toBeUndefined();
  });

  it('keeps its staple where handshakes would fail without the file', async () => {
    await start(site.staple);
    nearlyOver(site, 10 * minute);
    await scene.responder.close();
    const result = await fetchAndReload([...words().slice(0, 2), '--withdraw', '1h', site.certificate]);
    expect(result).toMatchObject({ exitCode: 7, outcomes: ['unavailable'] });
    expect(result.stderr).toContain(`write \${if exists{${site.staple}}{${site.staple}}} into tls_ocsp_file`);
    expect(existsSync(site.staple)).toBe(true);
  });

  it('keeps its staple where tls_ocsp_file asks for one file and names another without', async () => {
    await start(`\${if exists{/nowhere}{/nowhere}} : ${site.staple}`);
    nearlyOver(site, 10 * minute);
    await scene.responder.close();
    const result = await fetchAndReload([...words().slice(0, 2), '--withdraw', '1h', site.certificate]);
    expect(result).toMatchObject({ exitCode: 7, outcomes: ['unavailable'] });
    expect(existsSync(site.staple)).toBe(true);
  });

  it.each([
    ['another file is asked for', ({ staple }: Site) => `\${if exists{/nowhere}{/nowhere}{${staple}}}`, []],
    ['the command line sets macros', askingFirst, ['-DNOTHING=1']],
  ])('says that it was not checked what happens without the staple where %s', async (_case, valueFor, args) => {
    await start(valueFor(site), args);
    nearlyOver(site, 10 * minute);
    await scene.responder.close();
    const result = await fetchAndReload([...words().slice(0, 2), '--withdraw', '1h', site.certificate]);
    expect(result.outcomes).toEqual(['withdrawn']);
    expect(result.stderr).toContain('whether handshakes succeed without the staple was not checked');
  });
});

describe('--withdraw', () => {
  const withdraw = (...more: string[]) =>
    runRestaple([
      ...['fetch', '--json', '--allow-private', '--retries', '0', '--reload', `exim:${pidFile}`, '--withdraw', '1h'],
      ...more,
    ]);

  it('is refused where a server is not one whose handshakes fail', async () => {
    for (const target of [['--reload', 'nginx'], ['--reload', 'exim', '--reload', 'exec:true'], []]) {
      const result = await runRestaple(['fetch', '--withdraw', '1h', ...target, site.certificate]);
      expect(result.exitCode).toBe(2);
      expect(result.stderr).toContain(
        '--withdraw is for servers whose TLS handshakes fail on an expired staple (exim)',
      );
    }
    expect(scene.responder.requests).toEqual([]);
  });

  it('leaves Must-Staple certificates alone, and staples with more left than it says', async () => {
    const must = scene.issue('must', { mustStaple: true });
    nearlyOver(must, 30 * minute);
    nearlyOver(site, 90 * minute);
    await scene.responder.close();
    const result = await withdraw(must.certificate, site.certificate);
    // The staples that stay are told to an Exim that does not run.
    expect(result.exitCode).toBe(10);
    expect([must, site].every(({ staple }) => existsSync(staple))).toBe(true);
  });

  it('stops once a tenth of the fleet has no staple, the first to expire going first, and says what a dry run would do', async () => {
    const sites = Array.from({ length: 21 }, (_, index) => scene.issue(`fleet-${index}`));
    sites.forEach((one, index) => nearlyOver(one, (50 - index) * minute));
    rmSync(sites[0]!.staple);
    await scene.responder.close();
    const all = sites.map(({ certificate }) => certificate);
    const outcomesOf = (lines: Record<string, unknown>[]): unknown[] =>
      lines.filter(({ outcome }) => outcome === 'withdrawn').map(({ certificate }) => certificate);

    const dry = await withdraw('--dry-run', ...all);
    expect(outcomesOf(dry.lines())).toEqual([sites[20]!.certificate]);
    expect(existsSync(sites[20]!.staple)).toBe(true);

    const result = await withdraw(...all);
    expect(result.exitCode).toBe(10);
    expect(outcomesOf(result.lines())).toEqual([sites[20]!.certificate]);
    expect(sites.filter(({ staple }) => existsSync(staple))).toHaveLength(19);
    expect(result.stderr).toContain('2 certificates are without already, a tenth of the fleet');
    expect(outcomesOf((await withdraw(...all)).lines())).toEqual([]);
  });

  it('never softens an answer that is not believed', async () => {
    nearlyOver(site, 30 * minute);
    scene.responder.behaviour = ({ response }) => void response.end('no response');
    const result = await withdraw(site.certificate);
    expect(result.exitCode).toBe(5);
    expect(result.lines()[0]).toMatchObject({ outcome: 'withdrawn' });
  });
});
