// @module-tag hitch
import { chownSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { runRestaple } from '../support/run-program.js';
import type { Daemon } from '../support/servers/daemon.js';
import { freePort } from '../support/servers/free-port.js';
import { startHitch } from '../support/servers/hitch.js';
import { changedStaple, expectRefusedPidFiles, reloadServer } from '../support/servers/signals.js';
import {
  authority,
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

  it('gets no signal where the new file is of another certificate, since it could not load it', async () => {
    const foreign = stapleFor(issueServerCertificate(folder, { name: 'other.example' }), 2);
    replaceFile(folder, server.staplePath, foreign);
    const result = await reloadServer('hitch', pidFile, [changedStaple(server, foreign)]);
    expect(result).toMatchObject({ ok: false, error: { code: 'configuration-broken' } });
    expect(result.error?.message).toContain('Unable to find OCSP response with a matching certificate id');
    expect(hitch.log()).not.toContain('SIGHUP');
    expect((await probe(port)).staple).toEqual(before);
  });

  it('names the test that failed in a form that a shell takes', async () => {
    writeFileSync(folder.at('hitch.conf'), 'no configuration\n');
    const result = await runRestaple(['reload', `hitch:${pidFile}`]);
    expect(result.exitCode).toBe(10);
    expect(result.stderr).toContain(`hitch '--test' '--config' ${folder.at('hitch.conf')}`);
  });

  it.runIf(runsAsRoot)(
    'is told untested where another user could change its configuration, and looked at afterwards',
    async () => {
      chownSync(folder.at('hitch.conf'), nobody, 0);
      const told = await reloadServer('hitch', pidFile, [changedStaple(server, after)]);
      expect(told).toMatchObject({ ok: true, findings: [{ rule: 'configuration-not-checked' }] });
      replaceFile(folder, server.staplePath, Buffer.from('garbage'));
      const result = await reloadServer('hitch', pidFile, [changedStaple(server, after)], {
        timeoutMilliseconds: 2000,
      });
      expect(result).toMatchObject({ ok: false, error: { code: 'not-reloaded' } });
      expect(hitch.log()).toContain('Config reload failed');
    },
  );

  it('does not start with the leaf alone and a response that its issuer signed, as verify --for says', async () => {
    const [leaf = ''] = server.issued.certificate.pem.split(/(?<=-----END CERTIFICATE-----\n)/);
    const alone = folder.write('alone.pem', server.issued.keyPem + leaf, 0o600);
    const issuer = folder.write('issuer.pem', authority.certificate.pem);
    const args = ['verify', '--for', 'hitch', '--json', '--response', server.staplePath];
    const judged = await runRestaple([...args, '--issuer', issuer, alone]);
    expect(judged.exitCode).toBe(10);
    expect(judged.stdout).toContain('signer certificate not found');
    expect((await runRestaple([...args, server.full])).exitCode).toBe(0);

    const files = { folder: folder.path, pidFile: folder.at('alone.pid'), port: await freePort(), certificate: alone };
    await expect(startHitch({ ...files, staple: server.staplePath })).rejects.toThrow(/signer certificate not found/);
  });

  it('is known to fetch by itself where its configuration does not say otherwise', async () => {
    expect((await reloadServer('hitch', pidFile, [])).findings).toBeUndefined();
    const configuration = folder.at('hitch.conf');
    writeFileSync(
      configuration,
      readFileSync(configuration, 'utf8').replace('ocsp-dir = ""', `ocsp-dir = "${folder.path}"`),
    );
    const result = await reloadServer('hitch', pidFile, []);
    expect(result).toMatchObject({ ok: true, findings: [{ rule: 'server-fetches-itself', severity: 'warning' }] });
    expect(result.findings?.[0]?.message).toContain(folder.path);
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
