import { shownPath, type FilePath } from '../core/file-path.js';
import { runCommand, type CommandResult } from '../system/run-command.js';
import { lockUnusable } from './run-lock-error.js';

/** How the flock program is run. */
export interface KernelLockTools {
  /** Where programs are looked for, as in PATH; undefined for the system's own default. */
  readonly searchPath: string | undefined;
  readonly signal: AbortSignal;
}

/** `busy`: another open file holds it, and still did so after the time; `interrupted` by the signal. */
export type KernelLockOutcome = 'locked' | 'busy' | 'interrupted';

/** flock(1): what it exits with where -n finds the lock taken; util-linux and busybox agree. */
const conflict = 1;

/** What setTimeout takes at most, 24 days. */
const longestTimer = 0x7fff_ffff;

/**
 * Takes the exclusive flock(2) of an open file: at once or not at all, or waiting in the kernel's queue for at most
 * `waitMilliseconds`.
 *
 * Node has no flock, so flock(1) is started with the descriptor as its own number 3 and locks the open file
 * description that both share (flock(2): "duplicate file descriptors refer to the same lock"). It ends at once, and
 * the lock stays with this process until the descriptor is closed, by us or by the kernel at our end, however we end.
 *
 * @throws OcspError `lock-unusable` where there is no flock program or the file system takes no locks
 */
export async function takeKernelLock(
  path: FilePath,
  descriptor: number,
  { searchPath, signal }: KernelLockTools,
  waitMilliseconds?: number,
): Promise<KernelLockOutcome> {
  const waits = waitMilliseconds !== undefined;
  const ended = await runCommand(['flock', ...(waits ? [] : ['-n']), '3'], {
    // Nothing else of our environment: it may hold secrets.
    env: { LC_ALL: 'C', PATH: searchPath },
    descriptor,
    // A Ctrl-C is for us, who then end it: at once, since it has nothing to clean up and may have SIGTERM ignored.
    detached: true,
    graceMilliseconds: 0,
    // Not by its option -w, which busybox lacks.
    timeoutMilliseconds: Math.min(waitMilliseconds ?? longestTimer, longestTimer),
    signal,
  });
  if (ended.startError !== undefined) throw cannotStart(path, ended.startError);
  if (ended.exitCode === 0) return 'locked';
  if (ended.interrupted) return 'interrupted';
  if (ended.timedOut || (ended.exitCode === conflict && !waits)) return 'busy';
  throw failed(path, ended);
}

function cannotStart(path: FilePath, code: string): Error {
  if (code !== 'ENOENT') {
    return lockUnusable(path, `the program flock could not be started: ${code}`, 'try by hand: flock --version');
  }
  const hint = 'install util-linux, or add the folder of flock to PATH';
  return lockUnusable(path, 'the program flock was not found in PATH', hint);
}

function failed(path: FilePath, { exitCode, signal = 'a signal', stderr }: CommandResult): Error {
  const said = stderr.slice(0, 1024).trim().split('\n')[0] ?? '';
  const how = exitCode === undefined ? `was ended by ${signal}` : `ended with ${exitCode}`;
  return lockUnusable(
    path,
    `the program flock ${how}${said === '' ? '' : ` and said: ${said}`}`,
    `try by hand: flock -n ${shownPath(path)} true; a file system without locks needs another place by --lock`,
  );
}
