// @module-tag apache2
import { readFileSync, rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { runRestaple } from '../support/run-program.js';
import { startApache, type ApacheHost } from '../support/servers/apache.js';
import type { Daemon } from '../support/servers/daemon.js';
import { follow, runDoctor } from '../support/servers/doctor-scene.js';
import { freePort } from '../support/servers/free-port.js';
import { createServerScene, type ServerScene } from '../support/servers/server-scene.js';
import type { CertificateOptions } from '../support/certificate.js';

let scene: ServerScene;
let apache: Daemon | undefined;
let server: string;

beforeEach(async () => {
  scene = await createServerScene();
  server = `apache:${scene.folder.at('apache2.conf')}`;
});

afterEach(async () => {
  await apache?.stop();
  apache = undefined;
  await scene.clear();
});

/** A virtual host with a certificate of its own, and no file that has a staple. */
function host(name: string, lines: readonly string[], options?: CertificateOptions): ApacheHost {
  const { certificate, key, staple } = scene.issue(name, options);
  rmSync(staple);
  return { serverName: `${name}.example`, chain: certificate, key, lines };
}

interface More {
  readonly lines?: readonly string[];
  readonly modules?: readonly string[];
}

async function start(hosts: readonly ApacheHost[], more: More = {}): Promise<void> {
  apache = await startApache({ folder: scene.folder.path, port: await freePort(), hosts, ...more });
}

const cache = 'SSLStaplingCache shmcb:cache(128000)';
const on = 'SSLUseStapling on';

describe('doctor on Apache', () => {
  it('is content where it serves what it fetches, and sees that others do not', async () => {
    await start([host('served', [on]), host('off', []), host('strict', [], { mustStaple: true })], { lines: [cache] });
    const { certificates, remarks, exitCode, stderr } = await runDoctor([server, '--strict']);
    expect(certificates).toMatchObject([
      {
        certificate: scene.folder.at('strict.pem'),
        state: 'must-staple-broken',
        findings: [{ code: 'own-fetching-off' }],
      },
      {
        certificate: scene.folder.at('off.pem'),
        state: 'not-served',
        handshakes: [{ outcome: 'nothing-stapled', place: { serverName: 'off.example' } }],
        refreshedBy: [],
      },
      {
        certificate: scene.folder.at('served.pem'),
        server: 'apache',
        state: 'fine',
        reason: 'served, refreshed by mod_ssl (SSLUseStapling on)',
        handshakes: [{ outcome: 'served' }],
        refreshedBy: [{ by: 'mod_ssl', where: 'SSLUseStapling on' }],
        findings: [],
      },
    ]);
    expect({ remarks, stderr, exitCode }).toEqual({ remarks: [], stderr: '', exitCode: 10 });
  });

  it('leads from a virtual host without stapling to one that staples, word for word', async () => {
    await start([host('site', ['SSLUseStapling off', 'ServerAlias www.site.example'])]);
    const { certificates, exitCode } = await runDoctor([server]);
    expect(certificates).toMatchObject([{ state: 'not-served', findings: [{ code: 'own-fetching-off' }] }]);
    expect(exitCode).toBe(10);

    await follow(certificates[0]!.findings[0]!.advice, scene.folder);
    const text = readFileSync(scene.folder.at('apache2.conf'), 'utf8');
    expect(text).toMatch(/\n<\/VirtualHost>\n+SSLStaplingCache shmcb:ssl_stapling\(128000\)\n/);
    expect(await runDoctor([server, '--strict'])).toMatchObject({ exitCode: 0, certificates: [{ state: 'fine' }] });
  });

  it('says where to look where stapling is on and nothing is sent', async () => {
    const one = host('site', [on]);
    const leaf = scene.folder.write(
      'leaf.pem',
      readFileSync(one.chain, 'utf8').split(/(?<=-----END CERTIFICATE-----\n)/)[0]!,
    );
    await start([{ ...one, chain: leaf }], { lines: [cache] });
    const { certificates, exitCode } = await runDoctor([server]);
    expect(certificates).toMatchObject([
      {
        state: 'not-served',
        reason: expect.stringMatching(/the server staples nothing; it has to know the issuer/) as string,
        findings: [{ code: 'nothing-stapled' }, { code: 'issuer-not-found' }],
      },
    ]);
    expect(exitCode).toBe(10);
    const chain = scene.folder.write('chain-of-its-own.pem', scene.authority.certificate.pem);
    await apache?.stop();
    await start([{ ...one, chain: leaf, lines: [on, `SSLCertificateChainFile ${chain}`] }], { lines: [cache] });
    expect(await runDoctor([server])).toMatchObject({ exitCode: 0, certificates: [{ state: 'fine', findings: [] }] });
  });

  it('knows that a responder out of reach leads to a staple of no use', async () => {
    const quiet = host('quiet', [on, 'SSLStaplingFakeTryLater off']);
    await start([host('site', [on]), quiet], { lines: [cache] });
    await scene.responder.close();
    const { certificates, exitCode } = await runDoctor([server]);
    expect(certificates).toMatchObject([
      { certificate: scene.folder.at('quiet.pem'), state: 'not-served', findings: [{ code: 'nothing-stapled' }] },
      { certificate: scene.folder.at('site.pem'), state: 'not-served', findings: [{ code: 'other-staple' }] },
    ]);
    expect(exitCode).toBe(10);
  });

  it('knows what mod_md fetches for certificates that it does not manage', async () => {
    await start([host('site', [])], { modules: ['md'], lines: ['MDStapling on'] });
    const { certificates } = await runDoctor([server]);
    expect(certificates).toMatchObject([{ state: 'fine', refreshedBy: [{ by: 'mod_md', where: 'MDStapling on' }] }]);
  });

  it('is told to restaple by nobody: config init leaves its certificates out', async () => {
    await start([host('served', [on]), host('off', [])], { lines: [cache] });
    const { stdout, exitCode } = await runRestaple(['config', 'init', server]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('certificates: []');
    expect(stdout).toMatch(/# - .*off\.pem \(apache\): doctor knows no file from which its server takes a staple/);
    expect(stdout).toMatch(/# - .*served\.pem \(apache\): its server fetches it: SSLUseStapling on/);
    expect((await runRestaple(['doctor', server])).stdout).not.toContain('config init');
  });
});
