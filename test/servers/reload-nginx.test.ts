// @module-tag nginx
import { execFileSync } from 'node:child_process';
import { appendFileSync, chownSync, rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { compareStaple } from '../../src/probe/compare-staple.js';
import { startNginx } from '../support/servers/nginx.js';
import type { Daemon } from '../support/servers/daemon.js';
import { freePort } from '../support/servers/free-port.js';
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

const runsAsRoot = process.geteuid?.() === 0;
const nobody = 65_534;

let folder: TemporaryFolder;
let server: ServerCertificate;
let nginx: Daemon;
let port: number;
let pidFile: string;
let before: Uint8Array;
let after: Uint8Array;

beforeEach(async () => {
  folder = createTemporaryFolder();
  server = issueServerCertificate(folder);
  before = stapleFor(server, 5);
  after = stapleFor(server, 2);
  replaceFile(folder, server.staplePath, before);
  port = await freePort();
  pidFile = folder.at('nginx.pid');
  nginx = await startNginx({
    folder: folder.path,
    pidFile,
    servers: [{ port, certificates: [server], staple: server.staplePath }],
  });
  await untilWritten(pidFile);
});

afterEach(async () => {
  await nginx.stop();
  folder.remove();
});

describe('nginx', () => {
  it('staples the file it started with until it is told, and then the new bytes', async () => {
    expect((await probe(port)).staple).toEqual(before);
    replaceFile(folder, server.staplePath, after);
    expect((await probe(port)).staple).toEqual(before);

    const result = await reloadServer('nginx', pidFile, [changedStaple(server, after)]);
    expect(result).toMatchObject({ ok: true, certificates: [{ ok: true }] });
    expect(await stapleOnceItIs(port, after)).toEqual(after);
  });

  it('gets no signal where it could not load its configuration, as with a broken staple', async () => {
    replaceFile(folder, server.staplePath, Buffer.from('garbage'));
    const result = await reloadServer('nginx', pidFile, [changedStaple(server, after)]);
    expect(result).toMatchObject({ ok: false, error: { code: 'configuration-broken' } });
    expect(result.error?.message).toContain('d2i_OCSP_RESPONSE_bio');
    expect(nginx.log()).not.toContain('SIGHUP');
    expect((await probe(port)).staple).toEqual(before);
  });

  it('gets no signal where the test of its configuration does not end', async () => {
    execFileSync('mkfifo', [folder.at('fifo')]);
    appendFileSync(folder.at('nginx.conf'), `include ${folder.at('fifo')};\n`);
    const brief = { timeoutMilliseconds: 1000 };
    const result = await reloadServer('nginx', pidFile, [changedStaple(server, after)], brief);
    expect(result).toMatchObject({ ok: false, error: { code: 'timeout' } });
    expect(result.error?.hint).toContain(`-c ${folder.at('nginx.conf')}; or give`);
    expect(nginx.log()).not.toContain('SIGHUP');
  });

  it.runIf(runsAsRoot)(
    'is told untested where another user could change its configuration, and looked at afterwards',
    async () => {
      chownSync(folder.at('nginx.conf'), nobody, 0);
      const told = await reloadServer('nginx', pidFile, [changedStaple(server, after)]);
      expect(told).toMatchObject({ ok: true, findings: [{ rule: 'configuration-not-checked' }] });
      expect(told.findings?.[0]?.message).toContain('nginx.conf belongs to user 65534');

      replaceFile(folder, server.staplePath, Buffer.from('garbage'));
      const result = await reloadServer('nginx', pidFile, [changedStaple(server, after)], {
        timeoutMilliseconds: 2000,
      });
      expect(result).toMatchObject({ ok: false, error: { code: 'not-reloaded' } });
      const sent = await probe(port);
      const fault = compareStaple({
        sentCertificates: sent.certificates,
        sentStaple: sent.staple,
        expectedCertificate: server.certificate,
        expectedStaple: after,
        now: new Date(),
      });
      expect(fault).toMatchObject({ code: 'other-staple', hint: expect.stringContaining('reload') as string });
    },
  );

  it('gets no signal by a pid file that is stale, of another program or open to others', async () => {
    await expectRefusedPidFiles('nginx', {
      pid: nginx.pid,
      folder: folder.path,
      staple: changedStaple(server, after),
    });
    expect(nginx.log()).not.toContain('SIGHUP');
  });

  it('is not running once it has ended', async () => {
    const contents = String(nginx.pid);
    await nginx.stop();
    rmSync(pidFile, { force: true });
    expect((await reloadServer('nginx', pidFile, [])).error?.code).toBe('not-running');
    folder.write('nginx.pid', contents);
    expect((await reloadServer('nginx', pidFile, [])).error?.code).toBe('not-running');
  });
});
