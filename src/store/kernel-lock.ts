import { spawn, type ChildProcess } from 'node:child_process';

import { shownPath, type FilePath } from '../core/file-path.js';
import { systemErrorCode } from '../system/system-error.js';
import { lockUnusable } from './run-lock-error.js';
import { definedOnly } from '../core/defined-only.js';

/** How the flock program is run. */
export interface KernelLockTools {
  /** Where programs are looked for, as in PATH; undefined for the system's own default. */
  readonly searchPath: string | undefined;
  readonly signal: AbortSignal;
}

/** `busy`: another open file holds it; `waited-out`: and still did so after the time; `interrupted` by the signal. */
export type KernelLockOutcome = 'locked' | 'busy' | 'waited-out' | 'interrupted';

/** flock(1): what it exits with where -n finds the lock taken; util-linux and busybox agree. */
const conflict = 1;

/** What setTimeout takes at most, 24 days. */
const longestTimer = 0x7fff_ffff;

/**
 * Takes the exclusive flock(2) of an open file, without waiting.
 *
 * Node has no flock, so flock(1) is started with the descriptor as its own number 3 and locks the open file
 * description that both share (flock(2): "duplicate file descriptors refer to the same lock"). It ends at once, and
 * the lock stays with this process until the descriptor is closed, by us or by the kernel at our end, however we end.
 *
 * @returns locked, busy or interrupted
 * @throws OcspError `lock-unusable` where there is no flock program or the file system takes no locks
 */
export function tryKernelLock(path: FilePath, descriptor: number, tools: KernelLockTools): Promise<KernelLockOutcome> {
  return runFlock(path, ['-n', '3'], descriptor, longestTimer, tools);
}

/** As {@link tryKernelLock}, but waits in the kernel's queue for at most `milliseconds`. Returns locked, waited-out or interrupted. */
export function awaitKernelLock(
  path: FilePath,
  descriptor: number,
  milliseconds: number,
  tools: KernelLockTools,
): Promise<KernelLockOutcome> {
  // Not by its option -w, which busybox lacks: our own timer ends it.
  return runFlock(path, ['3'], descriptor, Math.min(milliseconds, longestTimer), tools);
}

function runFlock(
  path: FilePath,
  words: readonly string[],
  descriptor: number,
  milliseconds: number,
  { searchPath, signal }: KernelLockTools,
): Promise<KernelLockOutcome> {
  if (signal.aborted) return Promise.resolve('interrupted');
  const child = startFlock(path, words, descriptor, searchPath);
  let ending: 'waited-out' | 'interrupted' | undefined;
  const end = (why: 'waited-out' | 'interrupted'): void => {
    ending ??= why;
    // It has nothing to clean up, and SIGTERM may be ignored by inheritance.
    child.kill('SIGKILL');
  };
  const interrupt = (): void => end('interrupted');
  const timer = setTimeout(() => end('waited-out'), milliseconds);
  signal.addEventListener('abort', interrupt, { once: true });

  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => (said = (said + chunk.toString('utf8')).slice(0, 1024)));
  return new Promise<KernelLockOutcome>((resolve, reject) => {
    child.once('error', (error) => reject(cannotStart(path, error)));
    child.once('close', (exitCode, killedBy) => {
      if (exitCode === 0) resolve('locked');
      else if (ending !== undefined) resolve(ending);
      else if (exitCode === conflict && words.includes('-n')) resolve('busy');
      else reject(failed(path, said.trim().split('\n')[0] ?? '', exitCode, killedBy));
    });
  }).finally(() => {
    clearTimeout(timer);
    signal.removeEventListener('abort', interrupt);
  });
}

function startFlock(
  path: FilePath,
  words: readonly string[],
  descriptor: number,
  searchPath: string | undefined,
): ChildProcess {
  try {
    return spawn('flock', words, {
      // Nothing else of our environment: it may hold secrets.
      env: definedOnly({ LC_ALL: 'C', PATH: searchPath }),
      stdio: ['ignore', 'ignore', 'pipe', descriptor],
      // A session of its own: a Ctrl-C on the terminal is for us, who then end it.
      detached: true,
    });
  } catch (error) {
    throw cannotStart(path, error);
  }
}

function cannotStart(path: FilePath, error: unknown): Error {
  if (systemErrorCode(error) === 'ENOENT') {
    return lockUnusable(
      path,
      'the program flock was not found in PATH',
      'install util-linux, or add the folder of flock to PATH',
      error,
    );
  }
  const why = `the program flock could not be started: ${systemErrorCode(error) ?? String(error)}`;
  return lockUnusable(path, why, 'try by hand: flock --version', error);
}

function failed(path: FilePath, said: string, exitCode: number | null, killedBy: string | null): Error {
  const how = exitCode === null ? `was ended by ${killedBy ?? 'a signal'}` : `ended with ${exitCode}`;
  return lockUnusable(
    path,
    `the program flock ${how}${said === '' ? '' : ` and said: ${said}`}`,
    `try by hand: flock -n ${shownPath(path)} true; a file system without locks needs another place by --lock`,
  );
}
