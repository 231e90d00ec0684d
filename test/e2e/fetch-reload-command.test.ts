import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { answer } from '../support/answer.js';
import { httpStatus } from '../support/behaviours.js';
import { runRestaple, startRestaple } from '../support/run-program.js';
import {
  createServerScene,
  fetchAndReload,
  fromNow,
  recordingCommand,
  responseFor,
  type Recorder,
  type ServerScene,
  type Site,
} from '../support/servers/server-scene.js';

let scene: ServerScene;
let site: Site;
let recorder: Recorder;

beforeEach(async () => {
  scene = await createServerScene();
  site = scene.issue('site');
  recorder = recordingCommand(scene);
});

afterEach(async () => await scene.clear());

const reload = (): string[] => ['--reload', recorder.target];

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('it did not come to pass');
    await wait(20);
  }
}

describe('a command as reload target', () => {
  it('is run once with a JSON line for each changed staple, and not at all when nothing changed', async () => {
    const other = scene.issue('other');
    const result = await fetchAndReload([...reload(), site.certificate, other.certificate]);
    expect(result).toMatchObject({ exitCode: 0, stderr: '', reload: [{ target: recorder.target, ok: true }] });
    expect(recorder.runs()).toBe(1);
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) as string;
    expect(recorder.lines()).toEqual(
      [site, other].map(({ certificate, staple, issued }) => ({
        certificate,
        staple,
        serialNumber: issued.serialNumber,
        thisUpdate: time,
        nextUpdate: time,
      })),
    );

    const fresh = await fetchAndReload([...reload(), site.certificate, other.certificate]);
    expect(fresh).toMatchObject({
      exitCode: 0,
      outcomes: ['fresh', 'fresh'],
      reload: [{ ok: true, certificates: [] }],
    });
    expect(recorder.runs()).toBe(1);

    scene.age(other);
    await fetchAndReload([...reload(), site.certificate, other.certificate]);
    expect(recorder.runs()).toBe(2);
    expect(recorder.lines().at(-1)?.['certificate']).toBe(other.certificate);
    expect(recorder.lines()).toHaveLength(3);
  });

  it('that fails ends in 10 with its words, and is run again by the next run until it succeeds', async () => {
    const script = scene.folder.write('fail.sh', '#!/bin/sh\necho "no route to the fleet" >&2\nexit 3\n', 0o755);
    const words = ['--reload', `exec:${script}`, ...reload(), site.certificate];
    const first = await fetchAndReload(words);
    expect(first).toMatchObject({ exitCode: 10, outcomes: ['updated'] });
    expect(first.reload[0]).toMatchObject({ ok: false, error: { code: 'command-failed' } });
    expect(first.stderr).toContain('ended with 3: no route to the fleet');
    expect(recorder.runs()).toBe(1);
    const again = await fetchAndReload(words);
    expect(again).toMatchObject({ exitCode: 10, outcomes: ['fresh'] });
    writeFileSync(script, '#!/bin/sh\nexit 0\n');
    expect(await fetchAndReload(words)).toMatchObject({ exitCode: 0, reload: [{ ok: true }, { certificates: [] }] });
    writeFileSync(script, '#!/bin/sh\nexit 3\n');
    expect(await fetchAndReload(words)).toMatchObject({ exitCode: 0 });
    expect(recorder.runs()).toBe(1);
  });

  it('gets its words by the quoting rules of the shell, and no shell', async () => {
    const script = scene.folder.write(
      'words.sh',
      `#!/bin/sh\nprintf '%s\\n' "$@" > ${scene.folder.at('words')}\n`,
      0o755,
    );
    const target = `exec:${script} 'two words' "\\$(id)" \`id\` a\\ b ; rm`;
    expect(await fetchAndReload(['--reload', target, site.certificate])).toMatchObject({ exitCode: 0 });
    expect(readFileSync(scene.folder.at('words'), 'utf8')).toBe('two words\n$(id)\n`id`\na b\n;\nrm\n');
  });

  it('that hangs is ended after --reload-timeout', async () => {
    const words = ['--reload', 'exec:sleep 600', '--reload-timeout', '300ms', site.certificate];
    const result = await fetchAndReload(words);
    expect(result).toMatchObject({ exitCode: 10, timedOut: false, reload: [{ error: { code: 'timeout' } }] });
  });

  it('given twice is run once', async () => {
    const result = await fetchAndReload([...reload(), ...reload(), site.certificate]);
    expect(result.exitCode).toBe(0);
    expect(result.reload).toHaveLength(1);
    expect(recorder.runs()).toBe(1);
  });

  it('that is new is told once of a staple that is fresh', async () => {
    await fetchAndReload([...reload(), site.certificate]);
    const added = recordingCommand(scene, 'added');
    const words = [...reload(), '--reload', added.target, site.certificate];
    expect(await fetchAndReload(words)).toMatchObject({ exitCode: 0, outcomes: ['fresh'] });
    expect([recorder.runs(), added.runs()]).toEqual([1, 1]);
    await fetchAndReload(words);
    expect([recorder.runs(), added.runs()]).toEqual([1, 1]);
  });

  it('is told of a staple that somebody else replaced', async () => {
    await fetchAndReload([...reload(), site.certificate]);
    writeFileSync(site.staple, responseFor(scene, site));
    expect(await fetchAndReload([...reload(), site.certificate])).toMatchObject({ exitCode: 0, outcomes: ['fresh'] });
    expect(recorder.runs()).toBe(2);
  });

  it('without its name is a usage error before any traffic', async () => {
    for (const target of ['exec:', 'exec:"unclosed', 'nosuch:place', 'systemd:-flag', 'haproxy:', 'dnsdist']) {
      const result = await runRestaple(['fetch', '--allow-private', '--reload', target, site.certificate]);
      expect({ target, exitCode: result.exitCode }).toEqual({ target, exitCode: 2 });
    }
    expect(scene.responder.requests).toHaveLength(0);
  });
});

describe('a run that is killed between the new staple and the reload', () => {
  it('leaves the next run to tell the target although the staple is fresh', async () => {
    const before = scene.staple(site);
    const mark = scene.folder.at('started');
    const script = scene.folder.write('hang.sh', `#!/bin/sh\necho $$ > ${mark}\nexec sleep 600\n`, 0o755);
    const words = [
      'fetch',
      '--allow-private',
      '--reload',
      `exec:${script}`,
      '--reload-timeout',
      '10m',
      site.certificate,
    ];
    const run = startRestaple(words);
    await until(() => existsSync(mark) && readFileSync(mark, 'utf8') !== '');
    run.process.kill('SIGKILL');
    expect((await run.result).signal).toBe('SIGKILL');
    process.kill(Number(readFileSync(mark, 'utf8')), 'SIGKILL');
    const stored = scene.staple(site);
    expect(stored.equals(before)).toBe(false);

    writeFileSync(script, `#!/bin/sh\ncat > ${scene.folder.at('heard')}\n`);
    const next = await fetchAndReload(words.slice(2));
    expect(next).toMatchObject({
      exitCode: 0,
      outcomes: ['fresh'],
      reload: [{ ok: true, certificates: [{ ok: true }] }],
    });
    expect(readFileSync(scene.folder.at('heard'), 'utf8')).toContain(site.certificate);
    expect(scene.staple(site)).toEqual(stored);
  });

  it('politely ends with 143, its command ended too, the summary told, and the target still to be told', async () => {
    const mark = scene.folder.at('started');
    const script = scene.folder.write('hang.sh', `#!/bin/sh\necho $$ > ${mark}\nexec sleep 600\n`, 0o755);
    const words = ['--reload', `exec:${script}`, '--reload-timeout', '10m', site.certificate];
    const run = startRestaple(['fetch', '--json', '--allow-private', ...words]);
    await until(() => existsSync(mark) && readFileSync(mark, 'utf8') !== '');
    run.process.kill('SIGTERM');
    const result = await run.result;
    expect(result.exitCode).toBe(143);
    expect(result.lines().at(-1)).toMatchObject({ summary: { total: 1, updated: 1, reload: [] } });
    expect(existsSync(`/proc/${readFileSync(mark, 'utf8').trim()}`)).toBe(false);
    writeFileSync(script, '#!/bin/sh\nexit 0\n');
    expect((await fetchAndReload(words)).reload[0]?.certificates).toHaveLength(1);
  });
});

describe('a staple that is not good', () => {
  it('of a revoked certificate is told to nobody, the old good one neither', async () => {
    scene.responder.behaviour = answer(scene.authority, { revokedAt: new Date('2026-01-01T00:00:00Z') });
    const result = await fetchAndReload([...reload(), site.certificate]);
    expect(result).toMatchObject({ exitCode: 3, outcomes: ['revoked'], reload: [{ ok: true, certificates: [] }] });
    const accepted = await fetchAndReload([...reload(), '--accept-status', 'good,revoked', site.certificate]);
    expect(accepted.exitCode).toBe(3);
    expect(recorder.runs()).toBe(0);
  });

  it('of an unknown certificate is told to nobody', async () => {
    scene.responder.behaviour = answer(scene.authority, 'unknown');
    const result = await fetchAndReload([...reload(), site.certificate]);
    expect(result).toMatchObject({ exitCode: 4, outcomes: ['unknown'], reload: [{ certificates: [] }] });
    expect(recorder.runs()).toBe(0);
  });

  it('and was kept because the responder is down is told once when it never was', async () => {
    const kept = responseFor(scene, site, { thisUpdate: fromNow(-86_400_000 * 4) });
    writeFileSync(site.staple, kept);
    scene.responder.behaviour = httpStatus(500);
    const words = [...reload(), '--force', site.certificate];
    expect(await fetchAndReload(words)).toMatchObject({ exitCode: 0, outcomes: ['kept'] });
    expect(recorder.runs()).toBe(1);
    await fetchAndReload(words);
    expect(recorder.runs()).toBe(1);
  });

  it('keeps its own graver code when a target fails too', async () => {
    const bad = scene.issue('bad');
    rmSync(bad.staple);
    scene.responder.behaviour = answer(
      scene.authority,
      new Map([[bad.issued.serialNumber.replace(/^0+/, ''), { revokedAt: new Date('2026-01-01T00:00:00Z') }]]),
      { otherwise: 'good' },
    );
    const result = await fetchAndReload(['--reload', 'exec:false', bad.certificate, site.certificate]);
    expect(result).toMatchObject({ exitCode: 3, outcomes: ['revoked', 'updated'], reload: [{ ok: false }] });
  });
});

describe('systemd', () => {
  it('that is not there ends in 10 and names the other ways', async () => {
    const words = ['--reload', 'systemd:nginx.service', site.certificate];
    const result = await fetchAndReload(words, { env: { PATH: scene.folder.path } });
    expect(result).toMatchObject({ exitCode: 10, outcomes: ['updated'] });
    expect(result.reload[0]?.error).toMatchObject({
      code: 'command-failed',
      message: 'systemctl was not found',
      hint: expect.stringContaining('nginx:/run/nginx.pid') as string,
    });
  });

  it('that refuses ends in 10 with what systemctl said', async () => {
    const script = '#!/bin/sh\necho "Failed to reload $4: Unit $4 not found." >&2\nexit 5\n';
    scene.folder.write('bin/systemctl', script, 0o755);
    const words = ['--reload', 'systemd:no-such.service', site.certificate];
    const result = await fetchAndReload(words, {
      env: { PATH: `${scene.folder.at('bin')}:${process.env['PATH'] ?? ''}` },
    });
    expect(result.exitCode).toBe(10);
    expect(result.stderr).toContain('Unit no-such.service not found.');
    expect(result.stderr).toContain('hint: check the name with: systemctl list-units');
  });
});

describe('generate --reload', () => {
  const words = (): string[] => [
    ...['generate', '--json'],
    ...['--ca-cert', scene.folder.write('ca.pem', scene.authority.certificate.pem)],
    ...['--ca-key', scene.folder.write('ca.key', scene.authority.keyPem, 0o600)],
  ];

  it('tells the target of what was signed, and of a failure with 10', async () => {
    const result = await runRestaple([...words(), ...reload(), '--reload', 'exec:false', site.certificate]);
    expect(result.exitCode).toBe(10);
    expect(result.lines()).toMatchObject([
      { certificate: site.certificate, status: 'good' },
      { reload: { target: recorder.target, ok: true, certificates: [{ certificate: site.certificate, ok: true }] } },
      { reload: { target: 'exec:false', ok: false } },
    ]);
    expect(recorder.lines()).toMatchObject([{ certificate: site.certificate, staple: site.staple }]);
  });

  it('tells nobody of a revoked status', async () => {
    const result = await runRestaple([...words(), '--status', 'revoked', ...reload(), site.certificate]);
    expect(result.exitCode).toBe(0);
    expect(recorder.runs()).toBe(0);
  });

  it('wants a certificate and not a serial number alone', async () => {
    const out = scene.folder.at('serial.ocsp');
    const result = await runRestaple([...words(), '--serial', '0a', '--out', out, ...reload()]);
    expect(result.exitCode).toBe(2);
    expect(existsSync(out)).toBe(false);
  });
});
