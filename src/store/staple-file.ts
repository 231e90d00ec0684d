import { lstatSync, realpathSync, type Stats } from 'node:fs';

import { asPath, containsNul, type FilePath } from '../core/file-path.js';
import { readRegularFile } from '../system/read-file.js';
import { systemErrorCode } from '../system/system-error.js';
import { unreadable } from './store-error.js';

/** The largest staple that is read or written, in bytes; servers take far less (some 10 KiB). */
export const largestStaple = 64 * 1024;

/**
 * What is at a staple's path. `path` is the real path where the staple is a symbolic link, else the path as given.
 * `unusable` is something that can be no staple: a folder, a device, socket or pipe, or more than 64 KiB.
 */
export type StapleOnDisk =
  | { readonly state: 'missing' }
  | { readonly state: 'present'; readonly bytes: Uint8Array; readonly path: FilePath }
  | {
      readonly state: 'unusable';
      readonly reason: 'folder' | 'special-file' | 'too-large';
      readonly path: FilePath;
    };

/**
 * Reads the staple at `path`, following symbolic links; a dangling link counts as missing (a write refuses it).
 * Never blocks on a pipe and never reads more than 64 KiB.
 *
 * @throws OcspError `file-unreadable` when the file is there and cannot be read.
 */
export function readStaple(path: FilePath): Promise<StapleOnDisk> {
  return new Promise((resolve) => {
    resolve(readStapleNow(path));
  });
}

/** As {@link readStaple}, at once: for files this small the thread pool's round trips cost ten times as much. */
export function readStapleNow(path: FilePath): StapleOnDisk {
  if (containsNul(path)) throw unreadable(path, new Error('the name contains a NUL byte'));
  try {
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found === undefined) return { state: 'missing' };
    if (!found.isSymbolicLink()) return readFound(path, found);
    const target = asPath(realpathSync.native(path, { encoding: 'buffer' }));
    return readFound(target, lstatSync(target));
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return { state: 'missing' };
    throw unreadable(path, error);
  }
}

function readFound(path: FilePath, found: Stats): StapleOnDisk {
  if (found.isDirectory()) return { state: 'unusable', reason: 'folder', path };
  if (!found.isFile()) return { state: 'unusable', reason: 'special-file', path };
  const { bytes, status } = readRegularFile(path, { limit: largestStaple, followLinks: false });
  if (!status.isFile()) return { state: 'unusable', reason: 'special-file', path };
  if (bytes === undefined) return { state: 'unusable', reason: 'too-large', path };
  return { state: 'present', bytes, path };
}
