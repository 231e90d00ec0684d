import {
  closeSync,
  constants,
  fstatSync,
  linkSync,
  lstatSync,
  openSync,
  unlinkSync,
  writeFileSync,
  writeSync,
  type BigIntStats,
} from 'node:fs';

import { nameOf, pathKey } from '../core/file-path.js';
import type { PinnedFile } from '../system/pinned-folder.js';
import { quietly } from '../system/quietly.js';
import { systemErrorCode } from '../system/system-error.js';
import { holderOf, type OwnProcess } from './lock-holder.js';

/** A lock's file that this process made: the name in a folder that stays open as long, and what it is a name of. */
export interface LockFile {
  readonly at: PinnedFile;
  readonly created: BigIntStats;
  readonly inode: LockInode;
}

/** What one or more lock files of a folder are names of. Its descriptor stays open, so that its number goes to no other file. */
interface LockInode {
  readonly descriptor: number;
  readonly own: OwnProcess;
  readonly files: Set<LockFile>;
  /** By the monotonic clock, in milliseconds. */
  writtenAt: number;
}

/** The lock files that this process holds: by folder and name, and one inode for each folder. */
const heldFiles = new Map<string, LockFile>();
const inodesByFolder = new Map<string, LockInode>();

/** The age of a lock that cannot be judged otherwise is its time of change, so that has to be nearly that of its taking. */
const writtenAgainAfterMilliseconds = 1000;

/**
 * Makes a lock's file, as one more name of a lock that this process holds in the same folder where that may be: a fleet
 * writes thousands of staples at once, and a file made and removed for each cost a quarter of all its time on some file
 * systems. System errors are thrown as they are.
 *
 * @returns undefined where something is at the path, and where another took the file away while it was still empty, as
 *   after a run that stood still just there
 */
export function takeLockFile(at: PinnedFile, own: OwnProcess, mayBeLink: boolean): LockFile | undefined {
  try {
    return (mayBeLink ? linkLockFile(at, own) : undefined) ?? createLockFile(at, own);
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') return undefined;
    throw error;
  }
}

function createLockFile(at: PinnedFile, own: OwnProcess): LockFile | undefined {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const descriptor = openSync(at.reach, flags, 0o600);
  try {
    writeFileSync(descriptor, JSON.stringify(holderOf(own)));
    const created = fstatSync(descriptor, { bigint: true });
    if (created.nlink > 0n) {
      return hold(at, created, { descriptor, own, files: new Set(), writtenAt: performance.now() });
    }
  } catch (error) {
    closeSync(descriptor);
    quietly(() => unlinkSync(at.reach));
    throw error;
  }
  closeSync(descriptor);
  return undefined;
}

/** The new name has its holder in it from the start. Undefined where a file has to be created. */
function linkLockFile(at: PinnedFile, own: OwnProcess): LockFile | undefined {
  const inode = inodesByFolder.get(at.folder.key);
  const [companion] = inode?.files ?? [];
  if (inode === undefined || companion === undefined || inode.own !== own) return undefined;
  try {
    writeAgain(inode);
    linkSync(companion.at.reach, at.reach);
  } catch {
    // Whatever it is, such as a file system without links or a lock that is there, shows when the file is created.
    return undefined;
  }
  const file = hold(at, companion.created, inode);
  if (isAtItsPath(file)) return file;
  // The companion's name led to a lock that another run has put there.
  quietly(() => unlinkSync(at.reach));
  forget(file);
  return undefined;
}

/** Whether this very lock is at its path, and not one that was taken there since. */
export function isAtItsPath(file: LockFile): boolean {
  const found = lstatSync(file.at.reach, { bigint: true, throwIfNoEntry: false });
  const isSame = found?.ino === file.created.ino && found.dev === file.created.dev;
  return isSame && heldFiles.get(keyOf(file.at)) === file;
}

/** Removes a lock's file if it is still one's own. Never throws: the next run finds the holder of one that stays dead. */
export function releaseLockFile(file: LockFile): void {
  quietly(() => {
    if (isAtItsPath(file)) unlinkSync(file.at.reach);
  });
  forget(file);
}

function hold(at: PinnedFile, created: BigIntStats, inode: LockInode): LockFile {
  const file = { at, created, inode };
  inode.files.add(file);
  heldFiles.set(keyOf(at), file);
  inodesByFolder.set(at.folder.key, inode);
  return file;
}

function forget(file: LockFile): void {
  const { inode, at } = file;
  if (!inode.files.delete(file)) return;
  if (heldFiles.get(keyOf(at)) === file) heldFiles.delete(keyOf(at));
  if (inode.files.size > 0) return;
  if (inodesByFolder.get(at.folder.key) === inode) inodesByFolder.delete(at.folder.key);
  closeSync(inode.descriptor);
}

function writeAgain(inode: LockInode): void {
  const now = performance.now();
  if (now - inode.writtenAt < writtenAgainAfterMilliseconds) return;
  writeSync(inode.descriptor, JSON.stringify(holderOf(inode.own)), 0);
  inode.writtenAt = now;
}

function keyOf({ path, folder }: PinnedFile): string {
  return `${folder.key}/${pathKey(nameOf(path))}`;
}
