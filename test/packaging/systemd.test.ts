import { spawn } from 'node:child_process';
import { chownSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { withScene } from '../e2e/support/fetch-scene.js';
import { programPath, runCommand, type RunResult } from '../support/run-program.js';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.js';
import { packagingFile } from './packaging-files.js';

const names = readdirSync(packagingFile('systemd'));
const services = names.filter((name) => name.endsWith('.service'));

let folder: TemporaryFolder;
beforeEach(() => {
  folder = createTemporaryFolder();
});
afterEach(() => folder.remove());

const textOf = (name: string): string => readFileSync(packagingFile('systemd', name), 'utf8');

/** The values of a setting, in order. */
function valuesOf(text: string, setting: string): string[] {
  return text.split('\n').flatMap((line) => (line.startsWith(`${setting}=`) ? [line.slice(setting.length + 1)] : []));
}

/** Copies of all units, templates as an instance of theirs, whose program is there. Returns the paths. */
function installUnits(change: (text: string) => string = (text) => text): Map<string, string> {
  const program = folder.write('bin/restaple', '#!/bin/sh\n', 0o755);
  return new Map(
    names.map((name) => {
      const text = change(textOf(name).replaceAll('ExecStart=restaple ', `ExecStart=${program} `));
      return [name, folder.write(`units/${name.replace('@.', '@0-4.')}`, text)];
    }),
  );
}

function analyze(...words: readonly string[]): Promise<RunResult> {
  return runCommand('systemd-analyze', words, { env: { SYSTEMD_LOG_LEVEL: 'info' } });
}

describe('the systemd units', () => {
  it('are pairs of service and timer, for the fleet and for a shard, and a service that watches', () => {
    const pairs = ['restaple.service', 'restaple.timer', 'restaple@.service', 'restaple@.timer'];
    expect([...names].sort()).toEqual(['restaple-watch.service', ...pairs]);
  });

  it('satisfy systemd-analyze verify without a word', { tags: 'systemd-analyze' }, async () => {
    for (const [name, path] of installUnits()) {
      expect(await analyze('verify', '--man=no', path), name).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });
    }
  });

  it('would be told of a misspelt setting', { tags: 'systemd-analyze' }, async () => {
    const units = installUnits((text) => text.replace('\nProtectHome=', '\nProtectHomes='));
    expect((await analyze('verify', '--man=no', units.get('restaple.service')!)).stderr).toContain('ProtectHomes');
  });

  it.each(services)('%s has an exposure of at most 3.2 of 10', { tags: 'systemd-analyze' }, async (name) => {
    const path = installUnits().get(name)!;
    const { stdout, stderr } = await analyze('security', '--offline=true', '--no-pager', '--threshold=32', path);
    expect(stderr).toBe('');
    const exposure = Number(/Overall exposure level for .*: (\d+\.\d)/.exec(stdout)?.[1]);
    expect(exposure).toBeGreaterThan(0);
    expect(exposure).toBeLessThanOrEqual(3.2);
  });

  it('share one sandbox', () => {
    const sandboxOf = (name: string): string[] => {
      const lines = textOf(name).split('\n');
      const end = lines.indexOf('[Install]');
      return lines.slice(lines.indexOf('RuntimeDirectory=restaple'), end < 0 ? lines.length : end).filter(Boolean);
    };
    const [first = '', ...others] = services;
    expect(sandboxOf(first).length).toBeGreaterThan(30);
    for (const other of others) expect(sandboxOf(other), other).toEqual(sandboxOf(first));
  });

  it.each(services)('%s gains no rights, runs as root, and keeps the folder of the lock', (name) => {
    const text = textOf(name);
    for (const [setting, value] of [
      ['DynamicUser', 'no'],
      ['NoNewPrivileges', 'yes'],
      ['ProtectSystem', 'strict'],
      ['RuntimeDirectory', 'restaple'],
      ['RuntimeDirectoryPreserve', 'yes'],
      ['SuccessExitStatus', '143'],
    ] as const) {
      expect(valuesOf(text, setting), setting).toEqual([value]);
    }
  });

  it('let the watching service hear from systemd-notify, and restart it unless its configuration is wrong', () => {
    const text = textOf('restaple-watch.service');
    expect(valuesOf(text, 'Type')).toEqual(['notify']);
    expect(valuesOf(text, 'NotifyAccess')).toEqual(['all']);
    expect(valuesOf(text, 'Restart')).toEqual(['on-failure']);
    expect(valuesOf(text, 'RestartPreventExitStatus')).toEqual(['2']);
    expect(valuesOf(text, 'ExecReload')).toEqual(['/bin/kill -HUP $MAINPID']);
  });

  it('make the instance 0-4 the shard 0/4', { tags: 'systemd-analyze' }, async () => {
    expect(textOf('restaple@.service')).toContain(' --shard %I ');
    const { stdout } = await runCommand('systemd-escape', ['--unescape', '0-4']);
    expect(stdout).toBe('0/4\n');
  });
});

describe('the capabilities of the services', () => {
  const kept = valuesOf(textOf('restaple.service'), 'CapabilityBoundingSet').join(' ').split(' ');
  const nobody = 65_534;
  const runsAsRoot = process.geteuid?.() === 0;

  /** Runs a program with nothing but the unit's capabilities and without a way to more. */
  function confined(words: readonly string[]): Promise<RunResult> {
    const set = ['-all', ...kept.map((name) => `+${name.replace('CAP_', '').toLowerCase()}`)].join(',');
    const flags = [`--bounding-set=${set}`, '--inh-caps=-all', '--no-new-privs'];
    return runCommand('setpriv', [...flags, ...words]);
  }

  it.runIf(runsAsRoot)(
    'replace the staple of another user in a folder of that user, who keeps it',
    { tags: 'setpriv' },
    async () => {
      await withScene(async ({ folder: scene, certificate, staple }) => {
        scene.write('site.pem.ocsp', '');
        for (const path of [staple, certificate, scene.path]) chownSync(path, nobody, nobody);
        const words = [process.execPath, programPath, 'fetch', '--allow-private', certificate];
        expect(await confined(words)).toMatchObject({ exitCode: 0, stderr: '' });
        expect(statSync(staple)).toMatchObject({ uid: nobody, gid: nobody });
        expect(statSync(staple).size).toBeGreaterThan(100);
      });
    },
  );

  it.runIf(runsAsRoot)('recognise and signal the server of another user', { tags: ['setpriv', 'kill'] }, async () => {
    const server = spawn('sleep', ['600'], { uid: nobody, gid: nobody, stdio: 'ignore' });
    const ended = new Promise<string | null>((resolve) => server.once('exit', (_, signal) => resolve(signal)));
    const pid = String(server.pid);
    // The server is itself only once it has been executed.
    await expect.poll(() => readFileSync(`/proc/${pid}/comm`, 'utf8'), { timeout: 20_000 }).toBe('sleep\n');
    expect((await confined(['readlink', `/proc/${pid}/exe`])).stdout).toMatch(/\/(?:sleep|coreutils)\n$/);
    expect((await confined(['/bin/kill', '-HUP', pid])).exitCode).toBe(0);
    expect(await ended).toBe('SIGHUP');
  });

  it('are not more than that: the clock and the network stay as they are', () => {
    expect(kept).toEqual(['CAP_CHOWN', 'CAP_FOWNER', 'CAP_DAC_OVERRIDE', 'CAP_KILL', 'CAP_SYS_PTRACE']);
  });
});
