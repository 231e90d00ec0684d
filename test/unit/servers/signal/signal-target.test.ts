import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, copyFileSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { afterAll, afterEach, describe, expect, it } from 'vitest';

import type { StapleToPush, TargetResult } from '../../../../src/servers/reload-result.js';
import { daemon } from '../../../../src/servers/nginx/daemon.js';
import { parseReloadTarget, tellTarget } from '../../../../src/servers/reload-target.js';
import { pidFileAmong } from '../../../../src/servers/signal/pid-file.js';
import { findServer, signalServer } from '../../../../src/servers/signal/reload-by-signal.js';
import { inspectProcess } from '../../../../src/system/running-process.js';
import { serverTools } from '../../../support/server-tools.js';
import { createTemporaryFolder } from '../../../support/temporary-folder.js';
import { runCommand } from '../../../support/run-program.js';
import { stapleToPush } from '../scene.js';

const effectiveUserId = process.geteuid?.() ?? -1;
const isRoot = effectiveUserId === 0;
const nobody = 65_534;

const folder = createTemporaryFolder();
chmodSync(folder.path, 0o755);
const children: ChildProcess[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) await end(child);
});
afterAll(() => folder.remove());

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** A process whose executable has this name: a copy of sleep. */
async function pretend(program: string, options: { readonly uid?: number } = {}): Promise<ChildProcess> {
  const path = folder.at(`bin-${String(options.uid ?? 'own')}`, program);
  mkdirSync(folder.at(`bin-${String(options.uid ?? 'own')}`), { recursive: true });
  rmSync(path, { force: true });
  copyFileSync('/bin/sleep', path);
  chmodSync(path, 0o755);
  const { uid } = options;
  const child = spawn(path, ['60'], { stdio: 'ignore', ...(uid === undefined ? {} : { uid, gid: uid }) });
  await once(child, 'spawn');
  children.push(child);
  return child;
}

function pidOf(child: ChildProcess): number {
  return child.pid!;
}

function pidFile(contents: string | number, mode = 0o644): string {
  const path = folder.at('server.pid');
  rmSync(path, { force: true, recursive: true });
  return folder.write('server.pid', `${String(contents)}\n`, mode);
}

/** Reloads and notes the signals instead of sending them. */
async function reload(
  kind: 'nginx' | 'hitch' | 'lighttpd',
  path: string,
  options: { readonly userId?: number; readonly staples?: StapleToPush[]; readonly failWith?: string } = {},
): Promise<TargetResult & { readonly sent: readonly string[] }> {
  const sent: string[] = [];
  const tools = serverTools({
    effectiveUserId: options.userId ?? effectiveUserId,
    sendSignal: (pid, signal) => {
      if (options.failWith !== undefined) throw Object.assign(new Error('no'), { code: options.failWith });
      sent.push(`${pid} ${signal}`);
    },
  });
  const result = await tellTarget(parseReloadTarget(`${kind}:${path}`), options.staples ?? [stapleToPush()], tools);
  return { ...result, sent };
}

describe('a server with a pid file', () => {
  it.each([
    ['nginx', 'nginx', 'SIGHUP'],
    ['nginx', 'nginx-debug', 'SIGHUP'],
    ['nginx', 'nginx-1.26.2', 'SIGHUP'],
    ['hitch', 'hitch', 'SIGHUP'],
    ['lighttpd', 'lighttpd', 'SIGUSR1'],
  ] as const)('%s as %s gets %s', async (kind, program, signal) => {
    const pid = pidOf(await pretend(program));
    const result = await reload(kind, pidFile(pid));
    expect(result.sent).toEqual([`${pid} ${signal}`]);
    expect(result).toMatchObject({ target: `${kind}:${folder.at('server.pid')}`, ok: true });
    expect(result.certificates).toEqual([{ certificatePath: '/etc/certificates/server.pem', ok: true }]);
  });

  it('is known after an upgrade has replaced its executable', async () => {
    const pid = pidOf(await pretend('nginx'));
    rmSync(folder.at('bin-own', 'nginx'));
    expect(inspectProcess(pid)!.executable).toMatch(/ \(deleted\)$/);
    expect((await reload('nginx', pidFile(pid))).sent).toEqual([`${pid} SIGHUP`]);
  });

  it('does not run where there is no pid file', async () => {
    const result = await reload('nginx', folder.at('none.pid'));
    expect(result).toMatchObject({ ok: false, sent: [], error: { code: 'not-running' } });
    expect(result.certificates).toMatchObject([{ ok: false, code: 'not-running' }]);
  });

  it.each(['', '   \n'])('does not run where the pid file is empty: %j', async (contents) => {
    expect(await reload('nginx', pidFile(contents))).toMatchObject({ sent: [], error: { code: 'not-running' } });
  });

  it('does not run where the process of the pid file has ended', async () => {
    const child = await pretend('nginx');
    await end(child);
    const result = await reload('nginx', pidFile(pidOf(child)));
    expect(result).toMatchObject({ sent: [], error: { code: 'not-running' } });
    expect(result.error?.message).toContain('left over');
  });

  it.each(['sleep', 'nginx-prometheus-exporter', 'xnginx', 'nginx.sh', 'hitch'])(
    'is not taken for nginx when its program is %s',
    async (program) => {
      const pid = pidOf(await pretend(program));
      const result = await reload('nginx', pidFile(pid));
      expect(result).toMatchObject({ ok: false, sent: [], error: { code: 'wrong-process' } });
      expect(result.error?.message).toContain(program);
    },
  );

  it('is not signalled when another process has its id by then', async () => {
    const pid = pidOf(await pretend('nginx'));
    const found = findServer(daemon, pidFile(pid), effectiveUserId);
    const sent: number[] = [];
    const surroundings = { effectiveUserId, sendSignal: (to: number): void => void sent.push(to) };
    const signal = (startTime: string): void => signalServer(daemon, { ...found, startTime }, surroundings);
    expect(() => signal(String(Number(found.startTime) - 1))).toThrow(expect.objectContaining({ code: 'not-running' }));
    expect(sent).toEqual([]);
    signal(found.startTime);
    expect(sent).toEqual([pid]);
  });

  it.each([
    ['EPERM', 'permission-denied'],
    ['ESRCH', 'not-running'],
  ])('reports %s of the signal as %s', async (failWith, code) => {
    const pid = pidOf(await pretend('nginx'));
    expect(await reload('nginx', pidFile(pid), { failWith })).toMatchObject({ ok: false, error: { code } });
  });
});

describe('a pid file', () => {
  it.each(['0', '-1', '1 2', '12x', '0x10', '+5', '4194305', '99999999', '1e3', `${' '.repeat(100)}1`, '١'])(
    'is refused when it holds %j',
    async (contents) => {
      const result = await reload('nginx', pidFile(contents));
      expect(result).toMatchObject({ sent: [], error: { code: 'pid-file-unsafe' } });
    },
  );

  it.each([0o646, 0o666, 0o664])('is refused when others can write it: mode %o', async (mode) => {
    const pid = pidOf(await pretend('nginx'));
    const result = await reload('nginx', pidFile(pid, mode));
    expect(result).toMatchObject({ sent: [], error: { code: 'pid-file-unsafe' } });
    expect(result.error?.message).toContain(mode.toString(8));
  });

  it('is refused when it belongs to neither root nor us', async () => {
    const pid = pidOf(await pretend('nginx'));
    const path = pidFile(pid);
    if (isRoot) chownSync(path, nobody, nobody);
    const result = await reload('nginx', path, isRoot ? {} : { userId: effectiveUserId + 1 });
    expect(result).toMatchObject({ sent: [], error: { code: 'pid-file-unsafe' } });
  });

  it('is refused when it is a link, a folder or a pipe', async () => {
    const pid = pidOf(await pretend('nginx'));
    folder.write('real.pid', String(pid));
    symlinkSync('real.pid', folder.at('link.pid'));
    mkdirSync(folder.at('folder.pid'));
    await runCommand('mkfifo', [folder.at('pipe.pid')]);
    for (const name of ['link.pid', 'folder.pid', 'pipe.pid']) {
      const result = await reload('nginx', folder.at(name));
      expect(result, name).toMatchObject({ sent: [], error: { code: 'pid-file-unsafe' } });
    }
  });
});

// Other users' processes can only be started by root.
describe.runIf(isRoot)('a server of another user', () => {
  it('is refused where its master keeps its rights', async () => {
    const pid = pidOf(await pretend('nginx', { uid: nobody }));
    const result = await reload('nginx', pidFile(pid));
    expect(result).toMatchObject({ sent: [], error: { code: 'wrong-process' } });
    expect(result.error?.message).toContain(String(nobody));
  });

  it('is signalled where it is the same user', async () => {
    const pid = pidOf(await pretend('hitch', { uid: nobody }));
    expect((await reload('hitch', pidFile(pid), { userId: nobody })).sent).toEqual([`${pid} SIGHUP`]);
  });

  it('is left alone when it is a lighttpd that could not read its certificate again', async () => {
    const pid = pidOf(await pretend('lighttpd', { uid: nobody }));
    const secret = folder.write('secret.pem', 'x', 0o600);
    const result = await reload('lighttpd', pidFile(pid), { staples: [stapleToPush({ certificatePath: secret })] });
    expect(result).toMatchObject({ sent: [], error: { code: 'staple-unreadable-by-server' } });
    expect(result.error?.message).toContain(`${secret} has mode 0600`);
  });

  it.each(['privkey.pem', 'open.key', 'open.pem.key'])(
    'is left alone when it is a lighttpd that could not read %s beside its certificate',
    async (name) => {
      const pid = pidOf(await pretend('lighttpd', { uid: nobody }));
      const certificatePath = folder.write(`${name}-case/open.pem`, 'x');
      const key = folder.write(`${name}-case/${name}`, 'x', 0o640);
      const result = await reload('lighttpd', pidFile(pid), { staples: [stapleToPush({ certificatePath })] });
      expect(result).toMatchObject({ sent: [], error: { code: 'staple-unreadable-by-server' } });
      expect(result.error?.message).toContain(key);
    },
  );

  it('is signalled when it is a lighttpd that can read its files', async () => {
    const pid = pidOf(await pretend('lighttpd', { uid: nobody }));
    const certificatePath = folder.write('readable.pem', 'x');
    const staples = [stapleToPush({ certificatePath, staplePath: certificatePath })];
    expect((await reload('lighttpd', pidFile(pid), { staples })).sent).toEqual([`${pid} SIGUSR1`]);
  });
});

describe('the pid file of a server whose configuration names none', () => {
  it('is the usual one that has its pid, and the first where none has', () => {
    const first = folder.at('first.pid');
    const second = folder.write('second.pid', '4711\n');
    expect(pidFileAmong([first, second], 4711)).toBe(second);
    expect(pidFileAmong([first, second], 4712)).toBe(first);
    expect(pidFileAmong([first, second], undefined)).toBe(first);
  });
});
