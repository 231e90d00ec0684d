import { closeSync, fsync, renameSync, type Stats } from 'node:fs';
import { promisify } from 'node:util';

import type { OwnProcess } from './lock-holder.js';
import { largestStaple, readRegularFile } from './staple-file.js';
import { synchronizeFolder } from './synchronize-folder.js';
import { acquireLock, holdsLock, lockedError, releaseLock, type StapleLock } from './staple-lock.js';
import { shownPath, type FilePath } from '../core/file-path.js';
import { locateTarget, notRegular, type StapleTarget } from './staple-target.js';
import { systemErrorCode, unsafe, unwritable, unwritableBecause } from './store-error.js';
import {
  closeTemporaryFile,
  createTemporaryFile,
  discardTemporaryFile,
  takeOverAttributes,
  writeAll,
  type TemporaryFile,
} from './temporary-file.js';

export interface ReplaceStapleOptions {
  /** Where the staple is; a Buffer for a name that is no UTF-8. */
  readonly path: FilePath;
  /** The new contents, 1 byte to 64 KiB, already verified. */
  readonly bytes: Uint8Array;
  readonly ownProcess: OwnProcess;
  /**
   * Called under the lock with the bytes now on disk: null where there is no file, empty where it is larger than 64 KiB.
   * Called once more when the lock was lost meanwhile. An error it throws passes through and leaves everything untouched.
   */
  decide(current: Uint8Array | null): 'write' | 'keep';
  /** Is this the DER of an OCSPResponse? Asked before the target of a symbolic link is replaced. */
  isOcspResponse(bytes: Uint8Array): boolean;
  /** Whether file and folder are on disk before this resolves (two fsync); default true. */
  readonly durable?: boolean;
  /** How long to wait for another run that holds this staple's lock, in milliseconds; default 5000. */
  readonly lockWaitMilliseconds?: number;
}

export interface ReplacedStaple {
  /** False when `decide` said to keep what is there. */
  readonly written: boolean;
  /** The file itself, where the staple is a symbolic link; else the path as given. */
  readonly path: FilePath;
}

interface CurrentStaple {
  readonly bytes: Uint8Array | null;
  readonly status: Stats | undefined;
}

const defaultLockWait = 5000;
/** How often a write starts over because its lock was taken away, which needs a run that stood still for a minute. */
const startsAtMost = 3;

const synchronize = promisify(fsync);

/**
 * Replaces a staple in one step: readers see the old bytes or the new ones, whole, also after a crash. Owner and mode of
 * the old file are kept; a new file gets 0644. Compare (`decide`) and rename happen under the staple's lock.
 *
 * @returns whether it was written, and the real path.
 * @throws OcspError `staple-unwritable`, `staple-unsafe`, `staple-locked`; in each case what was stored is untouched,
 *   save where the message says that only the folder could not be flushed to disk.
 */
export async function replaceStaple(options: ReplaceStapleOptions): Promise<ReplacedStaple> {
  requireStorable(options.bytes);
  const target = locateTarget(options.path, options.ownProcess);
  const lockWait = options.lockWaitMilliseconds ?? defaultLockWait;
  for (let start = 0; start < startsAtMost; start++) {
    const lock = await acquireLock(target.path, options.ownProcess, lockWait);
    let outcome: Awaited<ReturnType<typeof replaceUnderLock>>;
    try {
      outcome = await replaceUnderLock(lock, target, options);
    } finally {
      releaseLock(lock);
    }
    if (outcome === 'written' && (options.durable ?? true)) await synchronizeFolder(target.path);
    if (outcome !== 'lock-lost') return { written: outcome === 'written', path: target.path };
  }
  throw lockedError(target.path, target.path, undefined);
}

async function replaceUnderLock(
  lock: StapleLock,
  target: StapleTarget,
  options: ReplaceStapleOptions,
): Promise<'written' | 'kept' | 'lock-lost'> {
  const current = readCurrent(target.path);
  requireReplaceable(target, current, options);
  if (options.decide(current.bytes) === 'keep') return 'kept';
  const durable = options.durable ?? true;
  const temporary = createTemporaryFile(target.path, options.ownProcess, current.status);
  let renamed = false;
  try {
    await fillTemporaryFile(temporary, target.path, options.bytes, current.status, durable);
    if (!holdsLock(lock)) return 'lock-lost';
    renameSync(temporary.path, target.path);
    renamed = true;
  } catch (error) {
    throw systemErrorCode(error) === undefined ? error : unwritable(target.path, error);
  } finally {
    if (!renamed) discardTemporaryFile(temporary);
  }
  return 'written';
}

async function fillTemporaryFile(
  temporary: TemporaryFile,
  staple: FilePath,
  bytes: Uint8Array,
  old: Stats | undefined,
  durable: boolean,
): Promise<void> {
  let complete = false;
  try {
    writeAll(temporary.descriptor, bytes);
    takeOverAttributes(staple, temporary, old);
    if (durable) await synchronize(temporary.descriptor);
    complete = true;
  } finally {
    // The error of a close counts only where there is no earlier one.
    if (complete) closeTemporaryFile(temporary);
    else closeQuietly(temporary.descriptor);
  }
}

function readCurrent(path: FilePath): CurrentStaple {
  try {
    const { bytes, status } = readRegularFile(path);
    if (!status.isFile()) throw notRegular(path, status);
    return { bytes: bytes ?? new Uint8Array(0), status };
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === undefined) throw error;
    if (code === 'ENOENT') return { bytes: null, status: undefined };
    if (code === 'ELOOP') throw unsafe(path, 'it became a symbolic link during this run', 'look who writes there');
    if (code !== 'EACCES') throw unwritable(path, error);
    throw unwritableBecause(
      path,
      'the file there may not be read by this user',
      `run as root or as the owner of ${shownPath(path)}`,
      error,
    );
  }
}

function requireReplaceable(target: StapleTarget, current: CurrentStaple, options: ReplaceStapleOptions): void {
  const { link, path } = target;
  if (link === undefined) return;
  if (current.bytes === null || current.status === undefined) {
    throw unsafe(link, `it is a dangling link to ${shownPath(path)}`, 'remove the link');
  }
  if (current.status.size === 0) return;
  if (current.status.size <= largestStaple && options.isOcspResponse(current.bytes)) return;
  throw unsafe(
    link,
    `it is a symbolic link to ${shownPath(path)}, which is neither empty nor an OCSP response`,
    'correct or remove the link; if it is meant, empty that file first',
  );
}

function closeQuietly(descriptor: number): void {
  try {
    closeSync(descriptor);
  } catch {
    // The error that led here says more.
  }
}

function requireStorable(bytes: Uint8Array): void {
  if (bytes.length === 0 || bytes.length > largestStaple) {
    throw new TypeError(`a staple has 1 to ${largestStaple} bytes, not ${bytes.length}`);
  }
}
