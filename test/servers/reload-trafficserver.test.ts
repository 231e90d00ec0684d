// @module-tag traffic_manager
import { appendFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { trafficserver as record } from '../../src/servers/trafficserver/server.js';
import { runRestaple } from '../support/run-program.js';
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
import { probe } from '../support/servers/stapling-scene.js';
import { startTrafficserver, type Trafficserver } from '../support/servers/trafficserver.js';

let scene: ServerScene;
let site: Site;
let port: number;
let server: Trafficserver;

beforeEach(async () => {
  scene = await createServerScene();
  site = scene.issue('site');
  port = await freePort();
  const { certificate: chain, key, staple } = site;
  server = await startTrafficserver({ folder: scene.folder.path, port, chain, key, staple });
});

afterEach(async () => {
  await server.stop();
  await scene.clear();
});

const served = async (): Promise<Uint8Array | undefined> => (await probe(port, { serverName: 'site.example' })).staple;
const environment = () => ({ env: { TS_RUNROOT: server.runRoot } });
const target = (): string => `trafficserver:${server.list}`;

describe('Traffic Server', () => {
  it('reads staples again once its list has changed, which the handshake proves', async () => {
    const result = await fetchAndReload(
      ['--reload', target(), '--confirm', `127.0.0.1:${port}`, '--reload-timeout', '30s', site.certificate],
      environment(),
    );
    expect({ exitCode: result.exitCode, stderr: result.stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(result.reload).toMatchObject([{ target: target(), ok: true }, { ok: true }]);
    expect(await served()).toEqual(new Uint8Array(scene.staple(site)));
  });

  it('does with a bad file what its record and --for say', async () => {
    const saysOf = async (): Promise<string> => {
      const { stdout, stderr } = await runRestaple(['verify', '--for', 'trafficserver', site.certificate]);
      return stdout + stderr;
    };
    const { foreign, expired, missing } = record.rules.withBadFile;
    const times = { thisUpdate: fromNow(-7_200_000), nextUpdate: fromNow(-3_600_000) };
    for (const [bytes, deed] of [
      [responseFor(scene, scene.issue('other')), foreign],
      [responseFor(scene, site, times), expired],
      [responseOfSize(scene, site, 10_240), ''],
    ] as const) {
      writeFileSync(site.staple, bytes);
      await runRestaple(['reload', target()], environment());
      await expect.poll(served, { timeout: 15_000 }).toEqual(new Uint8Array(bytes));
      expect(await saysOf()).toContain(deed);
    }
    rmSync(site.staple);
    await runRestaple(['reload', target()], environment());
    await expect.poll(served, { timeout: 15_000 }).toBeUndefined();
    expect(await saysOf()).toContain(missing);
    writeFileSync(site.staple, responseOfSize(scene, site, 20_000));
    await server.stop();
    const { certificate: chain, key, staple } = site;
    server = await startTrafficserver({ folder: scene.folder.path, port, chain, key, staple });
    // Its manager listens, and starts it in vain.
    await expect.poll(server.log).toMatch(/traffic_server: received signal \d+/);
  });

  it('is not told to read a file that it crashes on', async () => {
    const before = new Uint8Array(scene.staple(site));
    await expect.poll(served, { timeout: 15_000 }).toEqual(before);
    writeFileSync(site.staple, responseOfSize(scene, site, 10_241));
    const judged = await runRestaple(['verify', '--for', 'trafficserver', site.certificate]);
    expect(judged.exitCode).toBe(10);
    expect(judged.stdout + judged.stderr).toContain('trafficserver crashes on a file of more than 10240 octets');
    const result = await runRestaple(['reload', '--json', target(), site.certificate], environment());
    expect(result.exitCode).toBe(10);
    expect(result.lines()[0]).toMatchObject({ ok: false, error: { code: 'too-large' } });
    expect(await served()).toEqual(before);
  });

  it('is not told where its list names another file that it crashes on, whosever that is', async () => {
    const before = new Uint8Array(scene.staple(site));
    await expect.poll(served, { timeout: 15_000 }).toEqual(before);
    const other = scene.issue('other');
    writeFileSync(other.staple, responseOfSize(scene, other, 10_241));
    const names = [other.certificate, other.key, other.staple].map((path) => basename(path));
    appendFileSync(server.list, `ssl_cert_name=${names[0]} ssl_key_name=${names[1]} ssl_ocsp_name="${names[2]}"\n`);
    writeFileSync(site.staple, responseFor(scene, site));
    for (const certificates of [[site.certificate], []]) {
      const result = await runRestaple(['reload', '--json', target(), ...certificates], environment());
      expect(result.exitCode).toBe(10);
      expect(result.lines()[0]).toMatchObject({
        error: {
          code: 'too-large',
          message: expect.stringContaining(`${other.staple} (${server.list}, line 2)`) as string,
        },
      });
    }
    expect(await served()).toEqual(before);
  });

  it('is known not to read a staple that its list does not name', async () => {
    const other = scene.issue('other');
    const result = await runRestaple(
      ['reload', '--json', target(), site.certificate, other.certificate],
      environment(),
    );
    expect(result.exitCode).toBe(10);
    expect(result.lines()[0]).toMatchObject({
      certificates: [
        { ok: true },
        { ok: false, code: 'no-slot', hint: expect.stringContaining(`ssl_ocsp_name=${other.staple}`) as string },
      ],
    });
  });

  it('that staples nothing is said so', async () => {
    await server.stop();
    const { certificate: chain, key, staple } = site;
    server = await startTrafficserver({ folder: scene.folder.path, port, chain, key, staple, staples: false });
    const result = await runRestaple(['reload', '--json', target(), site.certificate], environment());
    expect(result.exitCode).toBe(10);
    expect(result.lines()[0]).toMatchObject({ error: { code: 'nothing-stapled' } });
  });

  it('that does not run, or has its list elsewhere, ends in 10 with the repair', async () => {
    const elsewhere = await runRestaple(['reload', '--json', 'trafficserver:/nowhere/list', site.certificate]);
    expect(elsewhere.exitCode).toBe(10);
    expect(elsewhere.lines()[0]).toMatchObject({ error: { code: 'target-unreachable' } });
    await server.stop();
    const result = await runRestaple(['reload', '--json', target(), site.certificate], environment());
    expect(result.exitCode).toBe(10);
    expect(result.lines()[0]).toMatchObject({ error: { code: 'command-failed' } });
  });
});
