import { lstatSync, unlinkSync, type Stats } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

import { OcspError } from '../core/ocsp-error.js';
import { parseHolder, stateOfHolder, type HolderState, type LockHolder, type OwnProcess } from './lock-holder.js';
import { releaseLockFile, takeLockFile, type LockFile } from './lock-file.js';
import { shownPath, type FilePath } from '../core/file-path.js';
import { isTrustedOwner } from '../system/owner-and-mode.js';
import { besidePinned, type PinnedFile } from '../system/pinned-folder.js';
import { readRegularFile } from '../system/read-file.js';
import { quietly } from '../system/quietly.js';
import { systemErrorCode } from '../system/system-error.js';
import { lockPath } from './staple-path.js';
import { inStoreWords, unsafe, whereThere } from './store-error.js';

type Attempt =
  | { readonly state: 'acquired'; readonly lock: LockFile }
  | { readonly state: 'busy'; readonly path: FilePath; readonly holder: LockHolder | undefined };

interface FoundLock {
  readonly holder: LockHolder | undefined;
  readonly state: HolderState;
  readonly isEmpty: boolean;
  readonly modifiedNanoseconds: bigint;
}

/** A lock whose holder cannot be judged is taken over at this age; the longest honest hold is two fsyncs. */
const abandonedAfterNanoseconds = 60_000_000_000n;
/**
 * An empty one much sooner: between its creation and its text there is nothing to wait for. A run that stood still just there
 * finds its lock gone before it renames.
 */
const abandonedEmptyAfterNanoseconds = 2_000_000_000n;
const shortestPause = 10;
const longestPause = 100;
const largestLockFile = 4096;
/** Level 0 is the staple's lock; a dead lock of level n is removed under the lock of level n + 1. */
const highestLevel = 2;

/**
 * Takes the lock of `staple`, waiting at most `waitMilliseconds` for another run or another job of this process.
 * A lock left by a dead run is removed first.
 *
 * @throws OcspError `staple-locked` naming the holder; `staple-unsafe` when something else is at the lock's path;
 *   `staple-unwritable` when the folder takes no lock file.
 */
export async function acquireLock(staple: PinnedFile, own: OwnProcess, waitMilliseconds: number): Promise<LockFile> {
  const deadline = performance.now() + waitMilliseconds;
  for (let pause = shortestPause; ; pause = Math.min(pause * 1.5, longestPause)) {
    const attempt = tryLock(staple, own);
    if (attempt.state === 'acquired') return attempt.lock;
    const left = deadline - performance.now();
    if (left <= 0) throw lockedError(staple.path, attempt.path, attempt.holder);
    await delay(Math.min(pause, left));
  }
}

/** Takes the lock if it is free or its holder is dead, without waiting; undefined when it is held. */
export function acquireLockNow(staple: PinnedFile, own: OwnProcess): LockFile | undefined {
  const attempt = tryLock(staple, own);
  return attempt.state === 'acquired' ? attempt.lock : undefined;
}

/** The error for a lock that others hold. */
export function lockedError(staple: FilePath, path: FilePath, holder: LockHolder | undefined): OcspError {
  const who =
    holder === undefined
      ? 'a run that cannot be named'
      : `process ${holder.pid} on ${holder.host || 'a host without a name'}`;
  return new OcspError(
    'staple-locked',
    `${shownPath(staple)} is locked by ${who}`,
    `wait for that run to end; if there is no such process, remove ${shownPath(path)}`,
  );
}

function tryLock(staple: PinnedFile, own: OwnProcess, level = 0): Attempt {
  const file = besidePinned(staple, (path) => lockPath(path, level));
  let holder: LockHolder | undefined;
  // Twice: once more after a dead lock was removed or the holder let go meanwhile.
  for (let round = 0; round < 2; round++) {
    // A taker of a dead lock needs a file of its own, whose time is that of now.
    const lock = inStoreWords(staple.path, () => takeLockFile(file, own, level === 0));
    if (lock !== undefined) return { state: 'acquired', lock };
    const found = inspectLock(staple, file, own, own.effectiveUserId);
    if (found === undefined) continue;
    holder = found.holder;
    if (found.state === 'alive') break;
    if (level === highestLevel) {
      // Three runs died inside of this: nothing guards the last level, and a dead lock there must not stay for ever.
      if (found.state !== 'dead') break;
      quietly(() => unlinkSync(file.reach));
      continue;
    }
    const obstacle = removeDeadLock(staple, file, own, level);
    if (obstacle !== undefined) return obstacle;
  }
  return { state: 'busy', path: file.path, holder };
}

/** Undefined where there is no lock by now. `ownFiles` is whose files this run makes there. */
function inspectLock(staple: PinnedFile, file: PinnedFile, own: OwnProcess, ownFiles: number): FoundLock | undefined {
  return whereThere(staple.path, () => {
    const found = lstatSync(file.reach);
    refuseForeignLock(staple.path, file.path, own, found);
    const { bytes, status } = readLockFile(file, found);
    const holder = bytes === undefined ? undefined : parseHolder(bytes);
    const modifiedNanoseconds = BigInt(Math.round(status.mtimeMs * 1e6));
    // In a tenant's folder the tenant makes what locks it likes, and root waits only for processes of the same user.
    const owner = status.uid === ownFiles ? undefined : status.uid;
    return { holder, state: stateOfHolder(holder, own, owner), isEmpty: bytes?.length === 0, modifiedNanoseconds };
  });
}

function refuseForeignLock(staple: FilePath, path: FilePath, own: OwnProcess, found: Stats): void {
  const isForeign = own.effectiveUserId !== 0 && !isTrustedOwner(found.uid, own.effectiveUserId);
  // Root's lock is waited for: root could do worse than block this run.
  if (found.isFile() && !isForeign) return;
  const what = found.isFile() ? `belongs to user ${found.uid}` : 'is not a regular file';
  const hint = `find out who made ${shownPath(path)}, remove it, and let nobody else write in that folder`;
  throw unsafe(staple, `its lock ${shownPath(path)} ${what}`, hint);
}

function readLockFile({ reach }: PinnedFile, found: Stats): { bytes: Uint8Array | undefined; status: Stats } {
  try {
    return readRegularFile(reach, { limit: largestLockFile, followLinks: false });
  } catch (error) {
    if (systemErrorCode(error) !== 'EACCES') throw error;
    return { bytes: undefined, status: found };
  }
}

/**
 * Removes a lock whose holder is dead, and says what is in the way otherwise. Judge and removal are one step under the
 * lock of the next level: the dead cannot remove theirs, so what is unlinked is what was judged, and never a lock that
 * another taker made in between. That guard is also the fresh file whose time tells the age of a lock that cannot be
 * judged: one file system, one clock.
 */
function removeDeadLock(staple: PinnedFile, file: PinnedFile, own: OwnProcess, level: number): Attempt | undefined {
  const guard = tryLock(staple, own, level + 1);
  if (guard.state === 'busy') return guard;
  try {
    // On some network file systems root's files are another user's, and so are its locks.
    const found = inspectLock(staple, file, own, Number(guard.lock.created.uid));
    if (found === undefined) return undefined;
    const age = guard.lock.created.mtimeNs - found.modifiedNanoseconds;
    const longestHold = found.isEmpty ? abandonedEmptyAfterNanoseconds : abandonedAfterNanoseconds;
    const abandoned = found.state === 'unknowable' && age > longestHold;
    if (found.state !== 'dead' && !abandoned) return { state: 'busy', path: file.path, holder: found.holder };
    whereThere(staple.path, () => unlinkSync(file.reach));
    return undefined;
  } finally {
    releaseLockFile(guard.lock);
  }
}
