import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { OcspError } from '../../../src/core/ocsp-error.js';
import { acquireRunLock, releaseRunLock, type RunLockOptions } from '../../../src/store/run-lock.js';
import { readableModule } from '../../support/readable-copy.js';
import { runLockOptions, type RunLockJob } from './run-lock-support.js';
import {
  deadProcessId,
  errorOf,
  lockText,
  makeFolder,
  nobody,
  ownProcess,
  removeFolder,
  runsAsRoot,
} from './support.js';

const childScript = fileURLToPath(new URL('run-lock-child.ts', import.meta.url));

/** Long enough for any machine; what ends in time does not wait for it. */
const patience = 20_000;

interface LockChild {
  readonly pid: number;
  readonly process: ChildProcess;
  /** The next line of output; `''` at its end. */
  line(): Promise<string>;
  readonly ended: Promise<string>;
}

let folder = '';
let path = '';
const started: ChildProcess[] = [];
beforeEach(() => {
  folder = makeFolder();
  path = join(folder, 'run.lock');
});
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
  removeFolder(folder);
});

function startLockChild(job: Omit<RunLockJob, 'path'>, before: readonly string[] = []): LockChild {
  const [program, ...words] = [...before, process.execPath, readableModule(childScript)];
  const child = spawn(program, [...words, JSON.stringify({ path, ...job })], { stdio: ['ignore', 'pipe', 'pipe'] });
  started.push(child);
  let output = '';
  let isAtEnd = false;
  let taken = 0;
  const wakers: (() => void)[] = [];
  const wake = (): void => {
    for (const waker of wakers.splice(0)) waker();
  };
  const add = (chunk: Buffer): void => {
    output += chunk.toString();
    wake();
  };
  child.stdout.on('data', add);
  child.stderr.on('data', add);
  const ended = new Promise<string>((resolve) => {
    child.on('close', () => {
      isAtEnd = true;
      wake();
      resolve(output);
    });
  });
  const line = async (): Promise<string> => {
    for (;;) {
      const lines = output.split('\n').slice(0, -1);
      if (taken < lines.length) return lines[taken++] ?? '';
      if (isAtEnd) return '';
      await new Promise<void>((resolve) => wakers.push(resolve));
    }
  };
  return { pid: child.pid ?? 0, process: child, line, ended };
}

async function startHolder(before: readonly string[] = []): Promise<LockChild> {
  const holder = startLockChild({ work: 'hold' }, before);
  expect(await holder.line()).toBe('holding');
  return holder;
}

const take = (changes: Partial<RunLockOptions> = {}) => acquireRunLock(runLockOptions(path, changes));
const refusal = (changes: Partial<RunLockOptions> = {}): Promise<OcspError> => errorOf(take(changes));

async function expectFree(changes: Partial<RunLockOptions> = {}): Promise<void> {
  releaseRunLock(await take(changes));
}

function plant(text: string): void {
  writeFileSync(path, text, { mode: 0o600 });
}

describe('the run lock', { tags: 'flock' }, () => {
  it('names its holder while it is held; afterwards the file is there and empty, for nobody else to read', async () => {
    const lock = await take();
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({
      ...(JSON.parse(lockText()) as object),
      since: '2026-03-01T12:00:00Z',
    });
    releaseRunLock(lock);
    expect(readFileSync(path, 'utf8')).toBe('');
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it(
    'is a flock of this process: other programs see it, and the flock program that took it has ended',
    { tags: 'ps' },
    async () => {
      const lock = await take();
      const other = (): number | null => spawnSync('flock', ['-n', path, 'true']).status;
      expect(other()).toBe(1);
      expect(readFileSync('/proc/locks', 'latin1')).toMatch(new RegExp(`FLOCK .*:${statSync(path).ino} `));
      const children = spawnSync('ps', ['-o', 'comm=', '--ppid', String(process.pid)], { encoding: 'utf8' }).stdout;
      expect(children).not.toContain('flock');
      releaseRunLock(lock);
      expect(other()).toBe(0);
    },
  );

  it('excludes a second taker of the same process too', async () => {
    const lock = await take();
    expect((await refusal()).code).toBe('run-locked');
    releaseRunLock(lock);
    await expectFree();
  });

  it('has one holder at a time, however many take it at once', async () => {
    const counter = join(folder, 'counter');
    writeFileSync(counter, '0');
    const job = { work: 'count', counter, times: 10, waitMilliseconds: 60_000 } as const;
    const takers = Array.from({ length: 6 }, () => startLockChild(job));
    expect(await Promise.all(takers.map(({ ended }) => ended))).toEqual(takers.map(() => 'counted\n'));
    expect(readFileSync(counter, 'utf8')).toBe('60');
  });

  it('names the owner once the wait is over', async () => {
    const { pid } = await startHolder();
    const { code, kind, message, hint } = await refusal({ waitMilliseconds: 50 });
    expect({ code, kind }).toEqual({ code: 'run-locked', kind: 'locked' });
    expect(message).toBe(
      `another run holds the lock ${path}: process ${pid} on ${hostname()} since 2026-03-01T12:00:00Z; waited 0s`,
    );
    expect(hint).toContain(`ps -fp ${pid}`);
    expect(hint).toContain('--lock-wait');
  });

  it('is not lost by a taker that gave up', async () => {
    const { pid } = await startHolder();
    await refusal({ waitMilliseconds: 50 });
    await refusal();
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ pid });
    expect((await refusal()).code).toBe('run-locked');
  });

  it('is taken as soon as the holder lets go', async () => {
    const lock = await take();
    const waiter = startLockChild({ work: 'take', waitMilliseconds: patience });
    await seenWaiting();
    releaseRunLock(lock);
    expect(await waiter.line()).toBe('taken');
  });

  it('is free at once when its holder is killed', async () => {
    const holder = await startHolder();
    holder.process.kill('SIGKILL');
    await holder.ended;
    expect(readFileSync(path, 'utf8')).toContain(`"pid":${holder.pid},`);
    await expectFree();
  });

  it('goes to a waiter when its holder is killed', async () => {
    const holder = await startHolder();
    const waiting = take({ waitMilliseconds: patience });
    await seenWaiting();
    holder.process.kill('SIGKILL');
    releaseRunLock(await waiting);
  });

  it('is not kept by a command that the holder started and that outlives it', async () => {
    const holder = startLockChild({ work: 'hold-with-hook' });
    const hook = Number(/^hook (\d+)$/.exec(await holder.line())?.[1]);
    try {
      expect(await holder.line()).toBe('holding');
      holder.process.kill('SIGKILL');
      await holder.ended;
      expect(ownProcess.isProcessAlive(hook)).toBe(true);
      await expectFree();
    } finally {
      process.kill(hook, 'SIGKILL');
    }
  });

  it('is not kept by a waiter that was killed while it waited', async () => {
    const lock = await take();
    const waiter = startLockChild({ work: 'take', waitMilliseconds: patience });
    await seenWaiting();
    waiter.process.kill('SIGKILL');
    await waiter.ended;
    releaseRunLock(lock);
    await expectFree({ waitMilliseconds: patience });
  });

  it('is no longer waited for after an interrupt, and no flock program stays', async () => {
    const holder = await startHolder();
    const controller = new AbortController();
    const waiting = refusal({ waitMilliseconds: patience, signal: controller.signal });
    await seenWaiting();
    controller.abort();
    expect((await waiting).code).toBe('interrupted');
    expect(waitersOf()).toBe(0);
    holder.process.kill('SIGKILL');
    await holder.ended;
    await expectFree();
  });

  it('is not taken by a run that was interrupted before', async () => {
    const controller = new AbortController();
    controller.abort();
    expect((await refusal({ signal: controller.signal })).code).toBe('interrupted');
    await expectFree();
  });

  it('is taken anew where the file was removed while a run waited', async () => {
    const holder = await startHolder();
    const waiting = take({ waitMilliseconds: patience });
    await seenWaiting();
    unlinkSync(path);
    holder.process.kill('SIGKILL');
    const lock = await waiting;
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ pid: process.pid });
    expect((await refusal()).code).toBe('run-locked');
    releaseRunLock(lock);
  });
});

describe('a run lock left behind', { tags: 'flock' }, () => {
  const otherBoot = { bootId: '00000000-0000-4000-8000-000000000000' };

  it.each([
    ['by a process that is gone', { pid: deadProcessId() }],
    ['by a process whose pid belongs to another one now', { pid: process.pid, processStart: '1' }],
    ['by this very process id, as in a container that was started again', {}],
    ['before this host was restarted', otherBoot],
    ['by another container of this kernel', { host: 'other-container', pidNamespace: 'pid:[1]' }],
  ])('%s is taken: the kernel holds no lock', async (_, changes) => {
    plant(lockText(changes));
    await expectFree();
    expect(readFileSync(path, 'utf8')).toBe('');
  });

  it.each([
    ['another host', { ...otherBoot, host: 'elsewhere.example' }, 'elsewhere.example'],
    ['a host without a name', { ...otherBoot, host: '' }, 'a host without a name'],
  ])('by %s is never taken over', async (_, changes, named) => {
    const text = lockText({ ...changes, pid: 4711, since: '2026-02-28T01:00:00Z' });
    plant(text);
    const { code, message, hint } = await refusal({ waitMilliseconds: 300 });
    expect(code).toBe('run-locked');
    expect(message).toContain(`held from another host: process 4711 on ${named} since 2026-02-28T01:00:00Z`);
    expect(hint).toContain(`truncate -s 0 ${path}`);
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  it('by another host is taken once that host has let go, and the waiting for it can be interrupted', async () => {
    plant(lockText({ ...otherBoot, host: 'elsewhere.example' }));
    const controller = new AbortController();
    const interrupted = refusal({ waitMilliseconds: patience, signal: controller.signal });
    const waiting = take({ waitMilliseconds: patience });
    setTimeout(() => controller.abort(), 100);
    expect((await interrupted).code).toBe('interrupted');
    writeFileSync(path, '');
    releaseRunLock(await waiting);
  });

  it('as zeros, as a power cut leaves them, is taken', async () => {
    plant('\0'.repeat(100));
    await expectFree();
  });
});

describe('a path that cannot be the run lock', () => {
  const expectUnusable = async (why: string, hint: string, changes: Partial<RunLockOptions> = {}): Promise<void> => {
    const error = await refusal(changes);
    expect({ code: error.code, kind: error.kind }).toEqual({ code: 'lock-unusable', kind: 'usage' });
    expect(error.message).toContain(`cannot use the run lock ${changes.path?.toString() ?? path}: `);
    expect(error.message).toContain(why);
    expect(error.hint).toContain(hint);
  };

  it('is a file with something else in it, which stays as it is', { tags: 'flock' }, async () => {
    for (const text of ['-----BEGIN CERTIFICATE-----\n', '{"pid":12', '{}']) {
      plant(text);
      await expectUnusable('it holds something other than a lock', '--lock');
      expect(readFileSync(path, 'utf8')).toBe(text);
    }
  });

  it('is a symbolic link, dangling or not', async () => {
    const target = join(folder, 'target');
    symlinkSync(target, path);
    await expectUnusable('it is a symbolic link', `remove ${path}`);
    expect(existsSync(target)).toBe(false);
    writeFileSync(target, '');
    await expectUnusable('it is a symbolic link', `remove ${path}`);
  });

  it('is a folder', async () => {
    mkdirSync(path);
    await expectUnusable('it is a folder', '--lock');
  });

  it('is a pipe, on which nothing hangs', async () => {
    expect(spawnSync('mkfifo', ['-m', '600', path]).status).toBe(0);
    await expectUnusable('it is not a regular file', '--lock');
  });

  it('is a file that others may open, and so hold', async () => {
    plant('');
    chmodSync(path, 0o644);
    await expectUnusable('group or others could hold it too (mode 0644)', `chmod 600 ${path}`);
  });

  it.each([0o1777, 0o777, 0o775])('is in a folder of mode %o', async (mode) => {
    chmodSync(folder, mode);
    await expectUnusable('group or others may write in its folder', '/run/restaple');
    expect(existsSync(path)).toBe(false);
  });

  it('is in /tmp', async () => {
    await expectUnusable('group or others may write in its folder /tmp', '--lock', { path: '/tmp/restaple-test.lock' });
    expect(existsSync('/tmp/restaple-test.lock')).toBe(false);
  });

  it('is in a folder that is not there', async () => {
    await expectUnusable('it does not exist', `create the folder ${join(folder, 'no')}`, {
      path: join(folder, 'no', 'a.lock'),
    });
  });

  it.runIf(runsAsRoot)('belongs to another user, or its folder does', async () => {
    plant('');
    chownSync(path, nobody, nobody);
    await expectUnusable(`it belongs to user ${nobody}`, 'run as that user');
    unlinkSync(path);
    chownSync(folder, nobody, nobody);
    await expectUnusable(`its folder ${folder} belongs to user ${nobody}`, 'run as that user');
  });

  it('is any, where the flock program is missing or fails', async () => {
    await expectUnusable('the program flock was not found in PATH', 'util-linux', { searchPath: join(folder, 'no') });
    writeFileSync(join(folder, 'flock'), '#!/bin/sh\necho "flock: 3: No locks available" >&2\nexit 71\n', {
      mode: 0o755,
    });
    const said = 'the program flock ended with 71 and said: flock: 3: No locks available';
    await expectUnusable(said, 'flock -n', { searchPath: folder });
    writeFileSync(join(folder, 'flock'), '#!/bin/sh\nkill -KILL $$\n', { mode: 0o755 });
    await expectUnusable('the program flock was ended by SIGKILL', 'flock -n', { searchPath: folder });
  });
});

describe('the folder of a run lock', { tags: 'flock' }, () => {
  it('is made where that is asked for, one level', async () => {
    const made = join(folder, 'restaple');
    await expectFree({ path: join(made, 'a.lock'), makesFolder: true });
    expect(statSync(made).mode & 0o722).toBe(0o700);
    await expectFree({ path: join(made, 'a.lock'), makesFolder: true });
    const error = await refusal({ path: join(folder, 'a', 'b', 'c.lock'), makesFolder: true });
    expect(error.code).toBe('lock-unusable');
  });
});

describe('the run lock and containers', { tags: ['flock', 'unshare'] }, () => {
  // A pid namespace of its own is what matters of a container; without root it needs a user namespace around it.
  const container = [
    'unshare',
    ...(runsAsRoot ? [] : ['--user', '--map-root-user']),
    ...['--pid', '--fork', '--kill-child=SIGKILL', '--mount-proc'],
  ];

  it('are one kernel: a holder in a container blocks, is named as such, and frees the lock when it is killed', async () => {
    const holder = await startHolder(container);
    const { message, hint } = await refusal();
    expect(message).toMatch(/: process \d of another container on /);
    expect(hint).toContain(`fuser -v ${path}`);
    holder.process.kill('SIGKILL');
    await holder.ended;
    await expectFree({ waitMilliseconds: patience });
  });

  it('work the other way round too', async () => {
    const lock = await take();
    const inside = startLockChild({ work: 'take' }, container);
    expect(await inside.line()).toContain('"code":"run-locked"');
    releaseRunLock(lock);
    expect(await startLockChild({ work: 'take' }, container).line()).toBe('taken');
  });
});

/** How many wait in the kernel's queue for the lock: lines with an arrow in /proc/locks (proc(5)). */
function waitersOf(): number {
  const { ino } = statSync(path);
  return readFileSync('/proc/locks', 'latin1')
    .split('\n')
    .filter((line) => line.includes('->') && line.includes(`:${ino} `)).length;
}

async function seenWaiting(): Promise<void> {
  await expect.poll(waitersOf, { timeout: patience, interval: 5 }).toBe(1);
}
