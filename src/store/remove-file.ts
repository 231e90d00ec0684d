import { lstatSync, unlinkSync } from 'node:fs';

import { OcspError } from '../core/ocsp-error.js';
import type { OwnProcess } from './lock-holder.js';
import { releaseLockFile } from './lock-file.js';
import { acquireLockNow } from './staple-lock.js';
import { shownPath, type FilePath } from '../core/file-path.js';
import { besidePinned, pinFile, type PinnedFile } from '../system/pinned-folder.js';
import { readRegularFile } from '../system/read-file.js';
import { largestStaple } from './staple-file.js';
import { lockPath, temporaryPath } from './staple-path.js';
import { whereThere } from './store-error.js';
import { removeLeftover } from './temporary-file.js';
import { requireOwnKind } from './written-kind.js';

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
  const found = lstatSync(reach, { throwIfNoEntry: false });
  if (found === undefined) return false;
  const ours = found.isFile() && (own.effectiveUserId === 0 || found.uid === own.effectiveUserId);
  if (!ours) {
    const why = found.isFile() ? `it belongs to user ${found.uid}` : 'it is not a regular file';
    const message = `refused to remove ${shownPath(path)}: ${why}`;
    throw new OcspError('staple-unsafe', message, 'find out who made it and remove it by hand');
  }
  unlinkSync(reach);
  return true;
}

/**
 * Removes a staple under its lock, unless it has changed since a time: then another run has put it there. Only a regular file of
 * the effective user (root: of any user), and none that is of another kind, such as a key.
 *
 * @returns whether it was removed
 * @throws OcspError `staple-unsafe`, `staple-unwritable`, `staple-locked`, `overwrite-refused`
 */
export function removeStaple(path: FilePath, since: Date, own: OwnProcess): Promise<boolean> {
  return whereItsFolderIs(path, own, (staple) => {
    const lock = acquireLockNow(staple, own);
    if (lock === undefined) return false;
    try {
      const found = lstatSync(staple.reach, { throwIfNoEntry: false });
      if (found === undefined || found.mtimeMs > since.getTime()) return false;
      if (found.isFile()) {
        const current = readRegularFile(staple.reach, { limit: largestStaple, followLinks: false });
        requireOwnKind(staple, { bytes: current.bytes ?? new Uint8Array(0), status: current.status }, 'response');
      }
      return removeFrom(staple, own);
    } finally {
      releaseLockFile(lock);
    }
  });
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
    lstatSync(besidePinned(staple, place).reach, { throwIfNoEntry: false }) !== undefined;
  const hasLock = isThere(lockPath);
  if (!hasLock && !isThere(temporaryPath)) return false;
  // Without the lock it would be the file of a run that is writing now; a dead run's lock is taken over, and let go.
  const lock = acquireLockNow(staple, own);
  if (lock === undefined) return false;
  try {
    return removeLeftover(staple, own, lstatSync(staple.reach, { throwIfNoEntry: false })) || hasLock;
  } finally {
    releaseLockFile(lock);
  }
}

/** Works on a file in its folder held open; false where it or the folder is not there. */
function whereItsFolderIs(
  path: FilePath,
  own: OwnProcess,
  work: (file: PinnedFile, own: OwnProcess) => boolean,
): Promise<boolean> {
  return new Promise((resolve) => {
    const file = whereThere(path, () => pinFile(path, own.effectiveUserId), ['ENOENT', 'ENOTDIR']);
    try {
      resolve(file !== undefined && whereThere(path, () => work(file, own)) === true);
    } finally {
      file?.folder.close();
    }
  });
}
