import { closeSync } from 'node:fs';

import { shownPath, type FilePath } from '../core/file-path.js';
import { OcspError } from '../core/ocsp-error.js';
import { pause } from '../system/pause.js';
import { takeKernelLock, type KernelLockTools } from './kernel-lock.js';
import type { LockHolder, OwnProcess } from './lock-holder.js';
import { lockUnusable, runLocked } from './run-lock-error.js';
import { isStillAt, makeRunLockFolder, openRunLockFile, unusableFor } from './run-lock-file.js';
import { clearRunLockHolder, isOfAnotherHost, readRunLock, writeRunLockHolder } from './run-lock-holder.js';

/** A held run lock: the flock(2) of an open file, which ends with this process if it is not released before. */
export interface RunLock {
  readonly path: FilePath;
  readonly descriptor: number;
}

export interface RunLockOptions extends KernelLockTools {
  readonly path: FilePath;
  /** Makes the lock's folder where it is missing; the folder above it must be there. */
  readonly makesFolder: boolean;
  /** How long another run is waited for; 0 asks once. */
  readonly waitMilliseconds: number;
  readonly ownProcess: OwnProcess;
  readonly now: () => Date;
}

/** How often a lock is looked at that a run of another host holds: its end is nothing that this kernel tells. */
const pauseMilliseconds = 250;

/** A path that names another file each time is not an accident. */
const mostReplacements = 100;

/**
 * Takes the run lock, waiting for another run to end. The kernel holds it, so that it dies with its owner: a crash, a
 * reboot or a reused pid leaves a file with a name in it, and no lock. What a run of another host holds or left is
 * never taken over.
 *
 * @throws OcspError `run-locked` naming the owner, when it is held beyond the time; `lock-unusable` when what is at the
 *   path cannot serve as a lock; `interrupted`
 */
export async function acquireRunLock(options: RunLockOptions): Promise<RunLock> {
  if (options.makesFolder) makeRunLockFolder(options.path, options.ownProcess);
  const deadline = performance.now() + options.waitMilliseconds;
  for (let replaced = 0; replaced < mostReplacements;) {
    const found = await tryOnce(deadline, options);
    if (found === 'replaced') replaced++;
    else if ('descriptor' in found) return found;
    else await awaitAnotherHost(found, deadline, options);
  }
  const hint = `find out what removes or replaces ${shownPath(options.path)}, or name another file with --lock`;
  throw lockUnusable(options.path, 'the file there is replaced again and again', hint);
}

/**
 * Ends the lock. The file stays: whoever waits has it open, and with the file gone the next run would make and hold
 * another one beside them.
 */
export function releaseRunLock({ descriptor }: RunLock): void {
  clearRunLockHolder(descriptor);
  closeSync(descriptor);
}

/** The lock; or `replaced`, where the path names another file by now; or the run of another host that is in the way. */
async function tryOnce(deadline: number, options: RunLockOptions): Promise<RunLock | 'replaced' | LockHolder> {
  const { path } = options;
  const descriptor = openRunLockFile(path, options.ownProcess);
  let isHeld = false;
  try {
    await awaitKernelLock(descriptor, deadline, options);
    const outcome = settle(descriptor, options);
    isHeld = outcome === 'held';
    return outcome === 'held' ? { path, descriptor } : outcome;
  } catch (error) {
    throw unusableFor(path, error);
  } finally {
    if (!isHeld) closeSync(descriptor);
  }
}

/** Returns with the flock held, or throws. */
async function awaitKernelLock(descriptor: number, deadline: number, options: RunLockOptions): Promise<void> {
  const { path, ownProcess, waitMilliseconds } = options;
  let outcome = await takeKernelLock(path, descriptor, options);
  const left = deadline - performance.now();
  if (outcome === 'busy' && left > 0) outcome = await takeKernelLock(path, descriptor, options, left);
  if (outcome === 'interrupted' || options.signal.aborted)
    throw new OcspError('interrupted', 'interrupted while waiting for the run lock');
  if (outcome !== 'locked') throw runLocked(path, readRunLock(descriptor), ownProcess, waitMilliseconds);
}

/** Looks at what was locked, and names this run in it. Another host's run is returned, and left as it is. */
function settle(descriptor: number, { path, ownProcess, now }: RunLockOptions): 'held' | 'replaced' | LockHolder {
  if (!isStillAt(path, descriptor)) return 'replaced';
  const contents = readRunLock(descriptor);
  if (contents === 'foreign') {
    // `--lock site.pem` would cost the certificate.
    const hint = `name a file of its own with --lock; if restaple wrote it: truncate -s 0 ${shownPath(path)}`;
    throw lockUnusable(path, 'it holds something other than a lock', hint);
  }
  if (contents !== 'empty' && isOfAnotherHost(contents, ownProcess)) return contents;
  writeRunLockHolder(descriptor, ownProcess, now());
  return 'held';
}

async function awaitAnotherHost(holder: LockHolder, deadline: number, options: RunLockOptions): Promise<void> {
  const left = deadline - performance.now();
  if (left <= 0) throw runLocked(options.path, holder, options.ownProcess, options.waitMilliseconds);
  await pause(Math.min(pauseMilliseconds, left), options.signal, 'the run lock');
}
