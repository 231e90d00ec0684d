import { closeSync, constants, fsync, openSync } from 'node:fs';
import { promisify } from 'node:util';

import { OcspError } from '../core/ocsp-error.js';
import { shownPath, type FilePath } from '../core/file-path.js';
import type { PinnedFile, PinnedFolder } from '../system/pinned-folder.js';
import { systemErrorCode } from '../system/system-error.js';

const synchronize = promisify(fsync);

interface Flushes {
  /** The flush that is under way. */
  readonly running: Promise<void>;
  /** The one after it, for all that was renamed meanwhile. */
  next?: Promise<void>;
}

const flushesByFolder = new Map<string, Flushes>();

/**
 * Makes the renames in a staple's folder durable. One flush serves everybody who waits: what is renamed while one is under
 * way shares the next, so that a fleet in one folder does not flush it once per staple.
 *
 * @throws OcspError `staple-unwritable`: the staple is replaced, but may be the old one again after a crash
 */
export async function synchronizeFolder({ path, folder }: PinnedFile): Promise<void> {
  const { key } = folder;
  const known = flushesByFolder.get(key);
  try {
    if (known === undefined) await begin(key, folder);
    else await (known.next ??= known.running.catch(() => undefined).then(() => begin(key, folder)));
  } catch (error) {
    throw unflushed(path, error);
  }
}

function begin(key: string, folder: PinnedFolder): Promise<void> {
  const flushes: Flushes = { running: flush(folder).finally(() => end(key, flushes)) };
  flushesByFolder.set(key, flushes);
  return flushes.running;
}

/** The next one takes over. */
function end(key: string, flushes: Flushes): void {
  if (flushes.next === undefined) flushesByFolder.delete(key);
}

async function flush(folder: PinnedFolder): Promise<void> {
  let descriptor: number;
  try {
    descriptor = openSync(folder.at('.'), constants.O_RDONLY | constants.O_DIRECTORY);
  } catch {
    // A folder that may be written but not read cannot be flushed by its user.
    return;
  }
  try {
    await synchronize(descriptor);
  } catch (error) {
    const code = systemErrorCode(error);
    // Some network file systems know no fsync of a folder.
    if (code !== 'EINVAL' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP') throw error;
  } finally {
    closeSync(descriptor);
  }
}

function unflushed(staple: FilePath, error: unknown): OcspError {
  return new OcspError(
    'staple-unwritable',
    `${shownPath(staple)} was replaced, but its folder could not be flushed to disk: ${systemErrorCode(error) ?? String(error)}`,
    'look for disk errors in the kernel log (dmesg) and run again',
    { cause: error },
  );
}
