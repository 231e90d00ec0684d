import { lstatSync, unlinkSync, type Stats } from 'node:fs';

import { OcspError } from '../core/ocsp-error.js';
import type { OwnProcess } from './lock-holder.js';
import { acquireLockNow, releaseLock } from './staple-lock.js';
import { shownPath, type FilePath } from '../core/file-path.js';
import { lockPath, temporaryPath } from './staple-path.js';
import { systemErrorCode, unwritable } from './store-error.js';
import { removeLeftover } from './temporary-file.js';

/**
 * Removes a dot file that restaple keeps beside a staple, such as {@link revokedMarkPath}: only a regular file of the
 * effective user (root: of any user). Resolves to false when nothing is there.
 *
 * @throws OcspError `staple-unsafe` when it is something else; `staple-unwritable` when it cannot be removed.
 */
export function removeOwnFile(path: FilePath, own: OwnProcess): Promise<boolean> {
  return new Promise((resolve) => {
    resolve(removeNow(path, own));
  });
}

function removeNow(path: FilePath, own: OwnProcess): boolean {
  const found = examine(path, path);
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
    unlinkSync(path);
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
  return new Promise((resolve) => {
    resolve(removeLeftoverNow(staple, own));
  });
}

function removeLeftoverNow(staple: FilePath, own: OwnProcess): boolean {
  const hasLock = examine(staple, lockPath(staple)) !== undefined;
  if (!hasLock && examine(staple, temporaryPath(staple)) === undefined) return false;
  // Without the lock it would be the file of a run that is writing now; a dead run's lock is taken over, and let go.
  const lock = acquireLockNow(staple, own);
  if (lock === undefined) return false;
  try {
    return removeLeftover(staple, own, examine(staple, staple)) || hasLock;
  } finally {
    releaseLock(lock);
  }
}

function examine(staple: FilePath, path: FilePath): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (systemErrorCode(error) === 'ENOTDIR') return undefined;
    throw unwritable(staple, error);
  }
}
