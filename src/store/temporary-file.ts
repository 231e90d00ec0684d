import {
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  lstatSync,
  openSync,
  unlinkSync,
  writeSync,
  type Stats,
} from 'node:fs';

import type { OwnProcess } from './lock-holder.js';
import { shownPath, type FilePath } from '../core/file-path.js';
import { besidePinned, type PinnedFile } from '../system/pinned-folder.js';
import { quietly } from '../system/quietly.js';
import { systemErrorCode } from '../system/system-error.js';
import { temporaryPath } from './staple-path.js';
import { inStoreWords, unsafe, unwritableBecause, whereThere } from './store-error.js';

/** The file that will become the staple; its lock is held for as long as it exists. */
export interface TemporaryFile {
  readonly at: PinnedFile;
  readonly descriptor: number;
  readonly created: Stats;
}

const permissionBits = 0o777;

/**
 * Creates the temporary file beside the staple, mode 0600, following no link. The staple's lock must be held: whatever
 * is already at that name was left by a dead run, and is removed if it is a regular file of ours.
 *
 * @throws OcspError `staple-unsafe` when something else is at that name; `staple-unwritable` for a failed system call.
 */
export function createTemporaryFile(staple: PinnedFile, own: OwnProcess, old: Stats | undefined): TemporaryFile {
  const at = besidePinned(staple, temporaryPath);
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const open = (): TemporaryFile => {
    const descriptor = openSync(at.reach, flags, 0o600);
    return { at, descriptor, created: fstatSync(descriptor) };
  };
  return inStoreWords(staple.path, () => {
    try {
      return open();
    } catch (error) {
      if (systemErrorCode(error) !== 'EEXIST') throw error;
    }
    removeLeftover(staple, own, old);
    return open();
  });
}

/**
 * Removes what a dead run left at the temporary name; the staple's lock must be held. False when nothing is there.
 * Ours is a regular file of the effective user, and for root one of the old staple's owner too: a run that was killed
 * after it had restored the owner leaves that.
 *
 * @throws OcspError `staple-unsafe`, `staple-unwritable`.
 */
export function removeLeftover(staple: PinnedFile, own: OwnProcess, old: Stats | undefined): boolean {
  const { path, reach } = besidePinned(staple, temporaryPath);
  const removed = whereThere(staple.path, () => {
    const found = lstatSync(reach);
    const ours = found.uid === own.effectiveUserId || (own.effectiveUserId === 0 && found.uid === old?.uid);
    if (!found.isFile() || !ours) {
      const what = found.isFile() ? `belongs to user ${found.uid}` : 'is not a regular file';
      throw unsafe(
        staple.path,
        `what is at the name of its temporary file, ${shownPath(path)}, ${what}`,
        'find out who made it, remove it, and let nobody else write in that folder',
      );
    }
    unlinkSync(reach);
    return true;
  });
  return removed === true;
}

/** Writes all bytes, also where the system takes them in parts. System errors are thrown as they are. */
export function writeAll(descriptor: number, bytes: Uint8Array): void {
  let written = 0;
  while (written < bytes.length) written += writeSync(descriptor, bytes, written);
}

/**
 * Gives the temporary file the old staple's owner, group and permissions, whatever the umask; 0644 for a new staple.
 *
 * @throws OcspError `staple-unwritable` when this user may not give the file to the old owner.
 */
export function takeOverAttributes(staple: FilePath, temporary: TemporaryFile, old: Stats | undefined): void {
  if (old === undefined) {
    fchmodSync(temporary.descriptor, 0o644);
    return;
  }
  const { created } = temporary;
  if (old.uid !== created.uid || old.gid !== created.gid) restoreOwner(staple, temporary, old);
  // After the owner: a change of owner may clear bits.
  fchmodSync(temporary.descriptor, old.mode & permissionBits);
}

function restoreOwner(staple: FilePath, temporary: TemporaryFile, old: Stats): void {
  try {
    fchownSync(temporary.descriptor, old.uid, old.gid);
  } catch (error) {
    if (systemErrorCode(error) !== 'EPERM') throw error;
    throw unwritableBecause(
      staple,
      `it belongs to user ${old.uid} and group ${old.gid}, and user ${temporary.created.uid} of this run may not restore that`,
      `run as root or as user ${old.uid}, or chown ${shownPath(staple)} to the user of this run`,
      error,
    );
  }
}

/** Removes the temporary file of a failed write if it is still the one created. Never throws: the next run removes it. */
export function discardTemporaryFile({ at, created }: TemporaryFile): void {
  quietly(() => {
    const found = lstatSync(at.reach, { throwIfNoEntry: false });
    if (found?.ino === created.ino && found.dev === created.dev) unlinkSync(at.reach);
  });
}
