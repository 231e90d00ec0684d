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

import { nameOf, pathKey, type FilePath } from '../core/file-path.js';
import type { PinnedFile } from '../system/pinned-folder.js';
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
  readonly text: string;
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
 * Creates a lock's file with its holder in it. System errors are thrown as they are, EEXIST where something is at the path.
 *
 * @returns undefined where another took the file away while it was still empty, as after a run that stood still just there
 */
export function createLockFile(at: PinnedFile, own: OwnProcess): LockFile | undefined {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const descriptor = openSync(at.reach, flags, 0o600);
  try {
    const text = JSON.stringify(holderOf(own));
    writeFileSync(descriptor, text);
    const created = fstatSync(descriptor, { bigint: true });
    if (created.nlink === 0n) {
      closeSync(descriptor);
      return undefined;
    }
    return hold(at, created, { descriptor, own, text, files: new Set(), writtenAt: performance.now() });
  } catch (error) {
    closeSync(descriptor);
    unlinkQuietly(at.reach);
    throw error;
  }
}

/**
 * Makes a lock's file as one more name of a lock that this process holds in the same folder: a fleet writes thousands of
 * staples at once, and a file made and removed for each cost a quarter of all its time on some file systems. The new name
 * has its holder in it from the start.
 *
 * @returns `taken` where something is at the path; `impossible` where a file has to be created
 */
export function linkLockFile(at: PinnedFile, own: OwnProcess): LockFile | 'taken' | 'impossible' {
  const inode = inodesByFolder.get(at.folder.key);
  const [companion] = inode?.files ?? [];
  if (inode === undefined || companion === undefined || inode.own !== own) return 'impossible';
  try {
    writeAgain(inode);
    linkSync(companion.at.reach, at.reach);
  } catch (error) {
    // Whatever else it is, such as a file system without links, shows when the file is created.
    return (error as NodeJS.ErrnoException).code === 'EEXIST' ? 'taken' : 'impossible';
  }
  const file = hold(at, companion.created, inode);
  if (isAtItsPath(file)) return file;
  // The companion's name led to a lock that another run has put there.
  unlinkQuietly(at.reach);
  forget(file);
  return 'impossible';
}

/** Whether this very lock is at its path, and not one that was taken there since. */
export function isAtItsPath(file: LockFile): boolean {
  const found = lstatSync(file.at.reach, { bigint: true, throwIfNoEntry: false });
  const isSame = found?.ino === file.created.ino && found.dev === file.created.dev;
  return isSame && heldFiles.get(keyOf(file.at)) === file;
}

/** Removes a lock's file if it is still one's own. Never throws. */
export function releaseLockFile(file: LockFile): void {
  try {
    if (isAtItsPath(file)) unlinkSync(file.at.reach);
  } catch {
    // A folder that became read-only: the next run finds the holder dead and removes the file.
  } finally {
    forget(file);
  }
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
  writeSync(inode.descriptor, inode.text, 0);
  inode.writtenAt = now;
}

function keyOf({ path, folder }: PinnedFile): string {
  return `${folder.key}/${pathKey(nameOf(path))}`;
}

function unlinkQuietly(path: FilePath): void {
  try {
    unlinkSync(path);
  } catch {
    // Whoever comes next finds it again.
  }
}
