// @module-tag exim4
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { runRestaple } from '../support/run-program.js';
import type { Daemon } from '../support/servers/daemon.js';
import { follow, runDoctor, type DoctorLine } from '../support/servers/doctor-scene.js';
import { startExim } from '../support/servers/exim.js';
import { freePort } from '../support/servers/free-port.js';
import {
  createServerScene,
  fromNow,
  responseFor,
  type ServerScene,
  type Site,
} from '../support/servers/server-scene.js';
import { untilWritten } from '../support/servers/stapling-scene.js';

/** Exim starts as root and takes a configuration of root's only. */
const runsAsRoot = process.geteuid?.() === 0;
const hour = 3_600_000;

let scene: ServerScene;
let site: Site;
let exim: Daemon | undefined;
let server: string;
let [port, tlsPort] = [0, 0];

beforeEach(async () => {
  scene = await createServerScene();
  site = scene.issue('site');
  server = `exim:${scene.folder.at('exim.conf')}`;
  [port, tlsPort] = [await freePort(), await freePort()];
});

afterEach(async () => {
  await exim?.stop();
  exim = undefined;
  await scene.clear();
});

async function start(staple?: string): Promise<void> {
  const { certificate: chain, key } = site;
  const [folder, pidFile] = [scene.folder.path, scene.folder.at('exim.pid')];
  const tlsOcspFile = staple === undefined ? {} : { staple };
  exim = await startExim({ folder, pidFile, port, tlsPort, chain, key, ...tlsOcspFile });
  await untilWritten(pidFile);
}

const askingFirst = (): string => `\${if exists{${site.staple}}{${site.staple}}}`;

/** Its advice, up to the command that restarts a unit, which no Exim of a test is, and from there on. */
function adviceAround({
  findings: [finding],
}: DoctorLine): readonly [DoctorLine['findings'][0]['advice'], string, DoctorLine['findings'][0]['advice']] {
  const advice = finding?.advice ?? [];
  const index = advice.findIndex((step) => step.do === 'run' && step.command.includes('systemctl'));
  const step = advice[index];
  return [advice.slice(0, index), step?.do === 'run' ? step.command : '', advice.slice(index + 1)];
}

describe.runIf(runsAsRoot)('doctor on Exim', () => {
  it('sees its staple by STARTTLS and on the port that speaks TLS at once', async () => {
    await start(askingFirst());
    const run = await runDoctor([server]);
    expect(run).toMatchObject({
      exitCode: 0,
      remarks: [],
      certificates: [
        {
          certificate: site.certificate,
          server: 'exim',
          state: 'unrefreshed',
          target: `exim:${scene.folder.at('exim.pid')}`,
          staple: { file: site.staple, verdict: 'good' },
          handshakes: [
            { outcome: 'served', place: { host: '127.0.0.1', port, starttls: 'smtp' } },
            { outcome: 'served', place: { host: '127.0.0.1', port: tlsPort } },
          ],
          findings: [{ code: 'nobody-refreshes' }],
        },
      ],
    });
  });

  it('leads from no tls_ocsp_file to a staple that is served', async () => {
    rmSync(site.staple);
    await start();
    const { certificates, exitCode } = await runDoctor([server]);
    expect(certificates).toMatchObject([{ state: 'not-served', findings: [{ code: 'not-configured' }] }]);
    expect(exitCode).toBe(10);

    const [before, apply, after] = adviceAround(certificates[0]!);
    await follow(before, scene.folder);
    expect(apply).toBe(`exim4 -C ${scene.folder.at('exim.conf')} -bV && systemctl restart exim4`);
    const config = readFileSync(scene.folder.at('exim.conf'), 'utf8');
    const staple = scene.folder.at('ocsp/site.der');
    expect(config).toContain(`tls_ocsp_file = \${if exists{${staple}}{${staple}}}\n`);
    await exim?.stop();
    await start(`\${if exists{${staple}}{${staple}}}`);
    await follow(after, scene.folder);
    expect(await runDoctor([server])).toMatchObject({ exitCode: 0, certificates: [{ state: 'unrefreshed' }] });
  });

  it('finds an expired staple, on which every handshake fails, and its advice mends that', async () => {
    await start(askingFirst());
    writeFileSync(
      site.staple,
      responseFor(scene, site, { thisUpdate: fromNow(-9 * hour), nextUpdate: fromNow(-hour) }),
    );
    const { certificates, exitCode } = await runDoctor([server]);
    expect(certificates).toMatchObject([
      {
        state: 'broken',
        handshakes: [{ outcome: 'tls-refused' }, { outcome: 'other-certificate' }],
        findings: [{ code: 'expired' }, { code: 'tls-refused', advice: [] }, { code: 'nobody-refreshes' }],
      },
    ]);
    expect(certificates[0]?.reason).toContain('fails every TLS handshake');
    expect(exitCode).toBe(6);
    await follow(certificates[0]!.findings[0]!.advice, scene.folder);
    expect(await runDoctor([server])).toMatchObject({ exitCode: 0, certificates: [{ state: 'unrefreshed' }] });
  });

  it('says whose right is missing where its user may not read the staple', async () => {
    await start(askingFirst());
    chmodSync(site.staple, 0o600);
    const { certificates, exitCode } = await runDoctor([server]);
    expect(certificates).toMatchObject([
      {
        state: 'not-served',
        reason: `127.0.0.1:${port}: exim may not read ${site.staple}: ${site.staple} has mode 0600`,
        findings: [
          { code: 'tls-refused', advice: [{ command: `chmod a+r ${site.staple}` }, {}, {}] },
          { code: 'nobody-refreshes' },
        ],
      },
    ]);
    expect(exitCode).toBe(10);
  });

  it('judges by handshake where tls_ocsp_file would have to be expanded', async () => {
    await start(`\${if eq{$tls_in_sni}{none}{/none}{${site.staple}}}`);
    const served = await runDoctor([server]);
    expect(served).toMatchObject({
      exitCode: 0,
      certificates: [{ state: 'fine' }],
      remarks: [{ code: 'not-understood' }],
    });
    await exim?.stop();
    rmSync(site.staple);
    await start(`\${if eq{$tls_in_sni}{none}{/none}{}}`);
    const { certificates, exitCode } = await runDoctor([server]);
    expect(certificates).toMatchObject([{ state: 'not-served', findings: [{ code: 'nothing-stapled' }] }]);
    expect(exitCode).toBe(10);
    const { stdout } = await runRestaple(['config', 'init', server]);
    expect(stdout).toMatch(/# - .*site\.pem \(exim\): doctor knows no file from which its server takes a staple/);
  });

  it('has its staples in the configuration that config init writes', async () => {
    await start(askingFirst());
    const file = scene.folder.at('restaple.yaml');
    await runRestaple(['config', 'init', '--out', file, server]);
    expect(readFileSync(file, 'utf8')).toContain(`reload: ["exim:${scene.folder.at('exim.pid')}"]`);
    expect(await runRestaple(['config', 'check', '--config', file])).toMatchObject({ exitCode: 0, stderr: '' });
  });
});
