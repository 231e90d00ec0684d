// @module-tag hitch
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { compareStaple } from '../../src/probe/compare-staple.js';
import type { Daemon } from '../support/servers/daemon.js';
import { freePort } from '../support/servers/free-port.js';
import { startHitch } from '../support/servers/hitch.js';
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

let folder: TemporaryFolder;
let server: ServerCertificate;
let hitch: Daemon;
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
  pidFile = folder.at('hitch.pid');
  hitch = await startHitch({
    folder: folder.path,
    pidFile,
    port,
    certificate: server.full,
    staple: server.staplePath,
  });
  await untilWritten(pidFile);
});

afterEach(async () => {
  await hitch.stop();
  folder.remove();
});

describe('hitch', () => {
  it('staples the file it started with until it is told, and then the new bytes', async () => {
    expect((await probe(port)).staple).toEqual(before);
    replaceFile(folder, server.staplePath, after);
    expect((await probe(port)).staple).toEqual(before);

    const result = await reloadServer('hitch', pidFile, [changedStaple(server, after)]);
    expect(result).toMatchObject({ ok: true, certificates: [{ ok: true }] });
    expect(await stapleOnceItIs(port, after)).toEqual(after);
  });

  it('keeps the old staple where the new file is of another certificate, and the handshake says so', async () => {
    const foreign = stapleFor(issueServerCertificate(folder, { name: 'other.example' }), 2);
    replaceFile(folder, server.staplePath, foreign);
    expect((await reloadServer('hitch', pidFile, [changedStaple(server, foreign)])).ok).toBe(true);
    await expect.poll(() => hitch.log(), { timeout: 15_000 }).toContain('SIGHUP');
    const sent = await probe(port);
    const fault = compareStaple({
      sentCertificates: sent.certificates,
      sentStaple: sent.staple,
      expectedCertificate: server.certificate,
      expectedStaple: foreign,
      now: new Date(),
    });
    expect(sent.staple).toEqual(before);
    expect(fault).toMatchObject({ code: 'other-staple' });
    expect(fault?.message).toContain('the file holds none for it');
  });

  it('gets no signal by a pid file that is stale, of another program or open to others', async () => {
    await expectRefusedPidFiles('hitch', {
      pid: hitch.pid,
      folder: folder.path,
      staple: changedStaple(server, after),
    });
    expect(hitch.log()).not.toContain('SIGHUP');
  });
});
