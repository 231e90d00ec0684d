import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { runRestaple } from '../support/run-program.js';
import type { Daemon } from '../support/servers/daemon.js';
import { createServerScene, fetchAndReload, type ServerScene, type Site } from '../support/servers/server-scene.js';
import { freePort } from '../support/servers/free-port.js';
import { startHitch } from '../support/servers/hitch.js';
import { startLighttpd } from '../support/servers/lighttpd.js';
import { startNginx } from '../support/servers/nginx.js';
import { probe, untilWritten } from '../support/servers/stapling-scene.js';

let scene: ServerScene;
let site: Site;
let port: number;
let pidFile: string;
let server: Daemon | undefined;

beforeEach(async () => {
  scene = await createServerScene();
  site = scene.issue('site');
  port = await freePort();
  pidFile = scene.folder.at('server.pid');
});

afterEach(async () => {
  await server?.stop();
  await scene.clear();
});

const kinds = ['nginx', 'hitch', 'lighttpd'] as const;

async function start(kind: (typeof kinds)[number]): Promise<void> {
  const { path: folder } = scene.folder;
  const { certificate, key, staple } = site;
  const files = { folder, pidFile, port, staple };
  switch (kind) {
    case 'nginx':
      server = await startNginx({
        folder,
        pidFile,
        servers: [{ port, certificates: [{ chain: certificate, key }], staple }],
      });
      break;
    case 'hitch':
      server = await startHitch({ ...files, certificate });
      break;
    case 'lighttpd':
      server = await startLighttpd({ ...files, chain: certificate, key });
      break;
  }
  await untilWritten(pidFile);
}

const served = async (): Promise<Uint8Array | undefined> => (await probe(port, { serverName: 'site.example' })).staple;
const expectServed = async (kind: (typeof kinds)[number], staple: Buffer): Promise<void> => {
  const expected = new Uint8Array(staple);
  // It alone has no workers, of which an old one may take a connection after the one that proved the new staple.
  if (kind === 'lighttpd') expect(await served()).toEqual(expected);
  else await expect.poll(served, { timeout: 15_000 }).toEqual(expected);
};
const words = (kind: string): string[] => [
  ...['--reload', `${kind}:${pidFile}`, '--confirm', `127.0.0.1:${port}`],
  site.certificate,
];

for (const kind of kinds) {
  describe(kind, { tags: kind }, () => {
    it('is reloaded by fetch, which waits until the handshake shows the new staple', async () => {
      await start(kind);
      const result = await fetchAndReload(words(kind));
      expect({ exitCode: result.exitCode, stderr: result.stderr }).toEqual({ exitCode: 0, stderr: '' });
      expect(result.reload).toMatchObject([
        { target: `${kind}:${pidFile}`, ok: true, certificates: [{ ok: true }] },
        { target: `confirm:127.0.0.1:${port}`, ok: true, certificates: [{ ok: true }] },
      ]);
      await expectServed(kind, scene.staple(site));
      const pid = readFileSync(pidFile, 'utf8');
      const second = await fetchAndReload(words(kind));
      expect(second).toMatchObject({ exitCode: 0, outcomes: ['fresh'], reload: [{ certificates: [] }, { ok: true }] });
      expect(readFileSync(pidFile, 'utf8')).toBe(pid);
    });

    it('is reloaded and confirmed by reload', async () => {
      await start(kind);
      const bytes = scene.age(site);
      const args = ['reload', '--json', `${kind}:${pidFile}`, '--confirm', `127.0.0.1:${port}`, site.certificate];
      const result = await runRestaple(args);
      expect({ exitCode: result.exitCode, stderr: result.stderr }).toEqual({ exitCode: 0, stderr: '' });
      expect(result.lines()).toMatchObject([
        { target: `${kind}:${pidFile}`, ok: true, certificates: [{ certificate: site.certificate, ok: true }] },
        { target: `confirm:127.0.0.1:${port}`, ok: true },
      ]);
      await expectServed(kind, bytes);
    });

    it('that does not run ends in 10 with the repair, and is told by a later run', async () => {
      const target = ['--reload', `${kind}:${pidFile}`, site.certificate];
      const first = await fetchAndReload(target);
      expect(first).toMatchObject({
        exitCode: 10,
        outcomes: ['updated'],
        reload: [{ error: { code: 'not-running' } }],
      });
      expect(first.stderr).toMatch(/^restaple: reload failed .*does not run.*\n {2}hint: start it/m);
      await start(kind);
      const later = await fetchAndReload(target);
      expect(later).toMatchObject({ exitCode: 0, outcomes: ['fresh'], reload: [{ certificates: [{ ok: true }] }] });
    });
  });
}

describe('a pid file that another user could write', { tags: 'nginx' }, () => {
  it('leads to no signal and to 10', async () => {
    await start('nginx');
    chmodSync(pidFile, 0o666);
    const result = await runRestaple(['reload', '--json', `nginx:${pidFile}`, site.certificate]);
    expect(result.exitCode).toBe(10);
    expect(result.lines()[0]).toMatchObject({ ok: false, error: { code: 'pid-file-unsafe' } });
    expect(server?.log()).not.toContain('SIGHUP');
  });
});

describe('a server with a broken configuration', { tags: 'nginx' }, () => {
  it('is not told, ends in 10 with the reason, and is told by a later run', async () => {
    await start('nginx');
    const config = scene.folder.at('nginx.conf');
    const text = readFileSync(config, 'utf8');
    writeFileSync(config, text.replace('ssl_stapling_file', 'no_such_directive'));
    const first = await fetchAndReload(words('nginx'));
    expect(first).toMatchObject({ exitCode: 10, outcomes: ['updated'] });
    expect(first.reload).toMatchObject([
      { ok: false, error: { code: 'configuration-broken' } },
      { ok: false, certificates: [{ code: 'other-staple' }] },
    ]);
    expect(first.stderr).toContain('unknown directive "no_such_directive"');
    expect(first.stderr).toContain('the server still staples an older response');
    expect(server?.log()).not.toContain('SIGHUP');
    writeFileSync(config, text);
    const second = await fetchAndReload(words('nginx'));
    expect(second).toMatchObject({
      exitCode: 0,
      outcomes: ['fresh'],
      reload: [{ certificates: [{ ok: true }] }, { ok: true }],
    });
    rmSync(pidFile);
  });

  it('is told with a line that says "not checked" where its configuration is not only root\'s', async () => {
    await start('nginx');
    chmodSync(scene.folder.at('nginx.conf'), 0o666);
    const result = await runRestaple(['reload', '--verbose', `nginx:${pidFile}`, site.certificate]);
    expect(result.exitCode).toBe(0);
    expect(result.stderr).toMatch(/told nginx:.*: 1 staple in \d+ ms; configuration not checked: others may write /);
  });
});
