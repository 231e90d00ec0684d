import { closeSync, fchmodSync, fsync, renameSync, type Stats } from 'node:fs';
import { promisify } from 'node:util';

import type { OcspError } from '../core/ocsp-error.js';
import { shownPath, type FilePath } from '../core/file-path.js';
import { readRegularFile } from '../system/read-file.js';
import { quietly } from '../system/quietly.js';
import { systemErrorCode } from '../system/system-error.js';
import { requireOwnKind, type CurrentFile, type WrittenKind } from './written-kind.js';
import type { OwnProcess } from './lock-holder.js';
import { largestStaple } from './staple-file.js';
import { isAtItsPath, releaseLockFile, type LockFile } from './lock-file.js';
import { acquireLock, lockedError } from './staple-lock.js';
import { locateTarget, notRegular, type StapleTarget } from './staple-target.js';
import { storeError, unsafe, unwritable, unwritableBecause } from './store-error.js';
import { synchronizeFolder } from './synchronize-folder.js';
import {
  createTemporaryFile,
  discardTemporaryFile,
  takeOverAttributes,
  writeAll,
  type TemporaryFile,
} from './temporary-file.js';

export interface ReplaceFileOptions {
  /** Where the file is; a Buffer for a name that is not UTF-8. */
  readonly path: FilePath;
  readonly kind: WrittenKind;
  /** The new contents. */
  readonly pieces: Iterable<Uint8Array | string>;
  readonly ownProcess: OwnProcess;
  /**
   * Called under the lock with the bytes now on disk: null where there is no file, empty where it is larger than 64 KiB.
   * Called once more when the lock was lost meanwhile. An error it throws passes through and leaves everything untouched.
   */
  decide(current: Uint8Array | null): 'write' | 'keep';
  /** Judges what a symbolic link leads to, before it is replaced; throws to refuse it. */
  judgeLinked?(target: StapleTarget, current: CurrentFile): void;
  /** The mode of the file, whatever it was before; when absent that of the old file is kept, and a new one gets 0644. */
  readonly mode?: number;
  /** Whether file and folder are on disk before this resolves (two fsync); default true. */
  readonly durable?: boolean;
  /** How long to wait for another run that holds this file's lock, in milliseconds; default 5000. */
  readonly lockWaitMilliseconds?: number;
}

export interface ReplacedFile {
  /** False when `decide` said to keep what is there. */
  readonly written: boolean;
  /** The file itself, where the path is a symbolic link; else the path as given. */
  readonly path: FilePath;
}

const defaultLockWait = 5000;
/** How often a write starts over because its lock was taken away, which needs a run that stood still for a minute. */
const startsAtMost = 3;

const synchronize = promisify(fsync);

/**
 * Replaces a file in one step: readers see the old bytes or the new ones, whole, also after a crash. All of it happens in
 * one folder that is held open. Owner and mode of the old file are kept; a new file gets 0644. Compare (`decide`) and
 * rename happen under the file's lock.
 *
 * @returns whether it was written, and the real path.
 * @throws OcspError `staple-unwritable`, `staple-unsafe`, `staple-locked`, `overwrite-refused`; in each case what was
 *   stored is untouched, save where the message says that only the folder could not be flushed to disk.
 */
export async function replaceFile(options: ReplaceFileOptions): Promise<ReplacedFile> {
  const target = locateTarget(options.path, options.ownProcess);
  try {
    return await replaceTarget(target, options);
  } finally {
    target.folder.close();
  }
}

async function replaceTarget(target: StapleTarget, options: ReplaceFileOptions): Promise<ReplacedFile> {
  const lockWait = options.lockWaitMilliseconds ?? defaultLockWait;
  for (let start = 0; start < startsAtMost; start++) {
    const lock = await acquireLock(target, options.ownProcess, lockWait);
    const outcome = await replaceUnderLock(lock, target, options).finally(() => releaseLockFile(lock));
    if (outcome === 'written' && (options.durable ?? true)) await synchronizeFolder(target);
    if (outcome !== 'lock-lost') return { written: outcome === 'written', path: target.path };
  }
  throw lockedError(target.path, target.path, undefined);
}

async function replaceUnderLock(
  lock: LockFile,
  target: StapleTarget,
  options: ReplaceFileOptions,
): Promise<'written' | 'kept' | 'lock-lost'> {
  const current = readCurrent(target);
  if (target.link !== undefined) options.judgeLinked?.(target, current);
  requireOwnKind(target, current, options.kind);
  if (options.decide(current.bytes) === 'keep') return 'kept';
  const temporary = createTemporaryFile(target, options.ownProcess, current.status);
  try {
    await fillTemporaryFile(temporary, target.path, current.status, options);
    if (isAtItsPath(lock)) {
      renameSync(temporary.at.reach, target.reach);
      return 'written';
    }
  } catch (error) {
    discardTemporaryFile(temporary);
    throw storeError(target.path, error);
  }
  discardTemporaryFile(temporary);
  return 'lock-lost';
}

async function fillTemporaryFile(
  temporary: TemporaryFile,
  path: FilePath,
  old: Stats | undefined,
  { pieces, mode, durable = true }: ReplaceFileOptions,
): Promise<void> {
  try {
    for (const piece of pieces) writeAll(temporary.descriptor, typeof piece === 'string' ? Buffer.from(piece) : piece);
    if (mode === undefined) takeOverAttributes(path, temporary, old);
    else fchmodSync(temporary.descriptor, mode);
    if (durable) await synchronize(temporary.descriptor);
  } catch (error) {
    // The error of a close counts only where there is no earlier one.
    quietly(() => closeSync(temporary.descriptor));
    throw error;
  }
  // A late write error of a network file system shows here.
  closeSync(temporary.descriptor);
}

function readCurrent({ path, reach }: StapleTarget): CurrentFile {
  try {
    const { bytes, status } = readRegularFile(reach, { limit: largestStaple, followLinks: false });
    if (status.isSymbolicLink()) throw becameALink(path);
    if (!status.isFile()) throw notRegular(path, status);
    return { bytes: bytes ?? new Uint8Array(0), status };
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === undefined) throw error;
    if (code === 'ENOENT') return { bytes: null, status: undefined };
    if (code === 'ELOOP') throw becameALink(path);
    if (code !== 'EACCES') throw unwritable(path, error);
    const hint = `run as root or as the owner of ${shownPath(path)}`;
    throw unwritableBecause(path, 'the file there may not be read by this user', hint, error);
  }
}

function becameALink(path: FilePath): OcspError {
  return unsafe(path, 'it became a symbolic link during this run', 'find out who writes there');
}
