// @module-tag lighttpd
import { chmodSync, chownSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { inspectProcess, isStillRunning } from '../../src/system/running-process.js';
import type { Daemon } from '../support/servers/daemon.js';
import { freePort } from '../support/servers/free-port.js';
import { startLighttpd } from '../support/servers/lighttpd.js';
import { changedStaple, expectRefusedPidFiles, reloadServer } from '../support/servers/signals.js';
import {
  issueServerCertificate,
  probe,
  replaceFile,
  stapleFor,
  stapleOnceItIs,
  untilWritten,
  type ServerCertificate,
} from '../support/servers/stapling-scene.js';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.js';

/** Giving up root takes root. */
const runsAsRoot = process.geteuid?.() === 0;
const unprivileged = 'www-data';
const nobody = 65_534;

let folder: TemporaryFolder;
let server: ServerCertificate;
let lighttpd: Daemon;
let port: number;
let pidFile: string;
let before: Uint8Array;
let after: Uint8Array;

async function start(user?: string): Promise<void> {
  lighttpd = await startLighttpd({
    folder: folder.path,
    pidFile,
    port,
    chain: server.chain,
    key: server.key,
    staple: server.staplePath,
    ...(user === undefined ? {} : { user }),
  });
  await untilWritten(pidFile);
}

beforeEach(async () => {
  folder = createTemporaryFolder();
  chmodSync(folder.path, 0o755);
  server = issueServerCertificate(folder);
  before = stapleFor(server, 5);
  after = stapleFor(server, 2);
  replaceFile(folder, server.staplePath, before);
  port = await freePort();
  pidFile = folder.at('lighttpd.pid');
});

afterEach(async () => {
  await lighttpd.stop();
  folder.remove();
});

describe('lighttpd', () => {
  it('staples the file it started with until it is told, and then the new bytes', async () => {
    await start();
    expect((await probe(port)).staple).toEqual(before);
    replaceFile(folder, server.staplePath, after);
    expect((await probe(port)).staple).toEqual(before);

    const result = await reloadServer('lighttpd', pidFile, [changedStaple(server, after)]);
    expect(result).toMatchObject({ ok: true, certificates: [{ ok: true }] });
    expect(result.findings).toBeUndefined();
    expect(await stapleOnceItIs(port, after)).toEqual(after);
    expect(isStillRunning(inspectProcess(lighttpd.pid)!)).toBe(true);
  });

  it.runIf(runsAsRoot)('does the same as another user who can read its key', async () => {
    chmodSync(server.key, 0o644);
    await start(unprivileged);
    replaceFile(folder, server.staplePath, after);
    expect((await reloadServer('lighttpd', pidFile, [changedStaple(server, after)])).ok).toBe(true);
    expect(await stapleOnceItIs(port, after)).toEqual(after);
  });

  it.runIf(runsAsRoot)(
    'is left running with the old staple where the reload would end it, since it gave up root',
    async () => {
      await start(unprivileged);
      replaceFile(folder, server.staplePath, after);
      const result = await reloadServer('lighttpd', pidFile, [changedStaple(server, after)]);
      expect(result).toMatchObject({ ok: false, error: { code: 'staple-unreadable-by-server' } });
      expect((await probe(port)).staple).toEqual(before);
    },
  );

  it.runIf(runsAsRoot)(
    'is reported as down where it could not start again for a reason that nobody saw before',
    async () => {
      chmodSync(server.key, 0o644);
      await start(unprivileged);
      folder.write('lighttpd.conf', 'this is not a configuration\n');
      // Of another user, it is not tested.
      chownSync(folder.at('lighttpd.conf'), nobody, 0);
      // The watch ends as soon as the server does, however long that takes the machine.
      const patient = { watchMilliseconds: 25_000 };
      const result = await reloadServer('lighttpd', pidFile, [changedStaple(server, after)], patient);
      expect(result).toMatchObject({ ok: false, error: { code: 'not-running' } });
    },
  );

  it.runIf(runsAsRoot)(
    'gets no signal where it could load its configuration only as root, which it gave up',
    async () => {
      const { key } = server;
      server = { ...server, key: folder.write('elsewhere.pem', readFileSync(key, 'utf8'), 0o600) };
      chmodSync(key, 0o644);
      await start(unprivileged);
      const unreadableKey = await reloadServer('lighttpd', pidFile, [changedStaple(server, after)]);
      expect(unreadableKey).toMatchObject({ ok: false, error: { code: 'configuration-broken' } });
      expect(unreadableKey.error?.hint).toMatch(/^mend it, then try as user \d+: /);

      chmodSync(server.key, 0o644);
      chmodSync(folder.at('lighttpd.conf'), 0o600);
      const unreadable = await reloadServer('lighttpd', pidFile, [changedStaple(server, after)]);
      expect(unreadable).toMatchObject({ ok: false, error: { code: 'configuration-broken' } });
      expect(isStillRunning(inspectProcess(lighttpd.pid)!)).toBe(true);
      expect((await probe(port)).staple).toEqual(before);
    },
  );

  it('gets no signal, which would end it, where it could not load its configuration', async () => {
    await start();
    const configuration = folder.at('lighttpd.conf');
    for (const text of [
      'this is not a configuration\n',
      readFileSync(configuration, 'utf8').replace(server.key, '/none'),
    ]) {
      writeFileSync(configuration, text);
      const result = await reloadServer('lighttpd', pidFile, [changedStaple(server, after)]);
      expect(result).toMatchObject({ ok: false, error: { code: 'configuration-broken' } });
      expect(result.error?.message).toContain(configuration);
    }
    expect(isStillRunning(inspectProcess(lighttpd.pid)!)).toBe(true);
    expect((await probe(port)).staple).toEqual(before);
  });

  it('gets no signal by a pid file that is stale, of another program or open to others', async () => {
    await start();
    await expectRefusedPidFiles('lighttpd', {
      pid: lighttpd.pid,
      folder: folder.path,
      staple: changedStaple(server, after),
    });
    expect(lighttpd.log()).not.toContain('graceful');
  });
});
