import { lstatSync, unlinkSync, type Stats } from 'node:fs';

import { OcspError } from '../core/ocsp-error.js';
import type { OwnProcess } from './lock-holder.js';
import { releaseLockFile } from './lock-file.js';
import { acquireLockNow } from './staple-lock.js';
import { shownPath, type FilePath } from '../core/file-path.js';
import { besidePinned, type PinnedFile } from '../system/pinned-folder.js';
import { systemErrorCode } from '../system/system-error.js';
import { lockPath, temporaryPath } from './staple-path.js';
import { pinStaple } from './staple-target.js';
import { unwritable } from './store-error.js';
import { removeLeftover } from './temporary-file.js';

/**
 * Removes a dot file that restaple keeps beside a staple, such as {@link revokedMarkPath}: only a regular file of the
 * effective user (root: of any user). Resolves to false when nothing is there.
 *
 * @throws OcspError `staple-unsafe` when it is something else; `staple-unwritable` when it cannot be removed.
 */
export function removeOwnFile(path: FilePath, own: OwnProcess): Promise<boolean> {
  return whereItsFolderIs(path, own, removeFrom);
}

function removeFrom({ path, reach }: PinnedFile, own: OwnProcess): boolean {
  const found = examine(path, reach);
  if (found === undefined) return false;
  const ours = found.isFile() && (own.effectiveUserId === 0 || found.uid === own.effectiveUserId);
  if (!ours) {
    throw new OcspError(
      'staple-unsafe',
      `refused to remove ${shownPath(path)}: ${found.isFile() ? `it belongs to user ${found.uid}` : 'it is no regular file'}`,
      'find out who made it and remove it by hand',
    );
  }
  try {
    unlinkSync(reach);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return false;
    throw unwritable(path, error);
  }
}

/**
 * Removes the temporary file and the lock that a killed run left beside the staple; two lstat when there are
 * none. False when nothing was removed, also when another run is writing at this moment. `staple` is the file itself, not a link to it.
 *
 * @throws OcspError `staple-unsafe`, `staple-unwritable`.
 */
export function removeLeftoverTemporaryFile(staple: FilePath, own: OwnProcess): Promise<boolean> {
  return whereItsFolderIs(staple, own, removeLeftoverOf);
}

function removeLeftoverOf(staple: PinnedFile, own: OwnProcess): boolean {
  const isThere = (place: (path: FilePath) => FilePath): boolean =>
    examine(staple.path, besidePinned(staple, place).reach) !== undefined;
  const hasLock = isThere(lockPath);
  if (!hasLock && !isThere(temporaryPath)) return false;
  // Without the lock it would be the file of a run that is writing now; a dead run's lock is taken over, and let go.
  const lock = acquireLockNow(staple, own);
  if (lock === undefined) return false;
  try {
    return removeLeftover(staple, own, examine(staple.path, staple.reach)) || hasLock;
  } finally {
    releaseLockFile(lock);
  }
}

/** Works on a file in its folder held open; false where there is no such folder. */
function whereItsFolderIs(
  path: FilePath,
  own: OwnProcess,
  work: (file: PinnedFile, own: OwnProcess) => boolean,
): Promise<boolean> {
  return new Promise((resolve) => {
    const file = pinIfThere(path, own);
    try {
      resolve(file !== undefined && work(file, own));
    } finally {
      file?.folder.close();
    }
  });
}

function pinIfThere(path: FilePath, own: OwnProcess): PinnedFile | undefined {
  try {
    return pinStaple(path, own);
  } catch (error) {
    const cause = error instanceof OcspError ? systemErrorCode(error.cause) : undefined;
    if (cause === 'ENOENT' || cause === 'ENOTDIR') return undefined;
    throw error;
  }
}

function examine(staple: FilePath, reach: FilePath): Stats | undefined {
  try {
    return lstatSync(reach, { throwIfNoEntry: false });
  } catch (error) {
    throw unwritable(staple, error);
  }
}
