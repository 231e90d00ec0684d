import { closeSync, constants, fstatSync, lstatSync, openSync, readSync, statSync, type Stats } from 'node:fs';
import type { FilePath } from '../core/file-path.js';

/** What is at a path: no bytes for anything but a regular file, and for one that is larger than asked for. */
export interface FoundFile {
  readonly bytes: Uint8Array | undefined;
  readonly status: Stats;
}

export interface ReadFileRules {
  /** The largest file that is read, in octets. */
  readonly limit: number;
  /** Reads so many octets of a file of any size. */
  readonly onlyBeginning?: boolean;
  /** Whether a symbolic link at the path is followed; default true. */
  readonly followLinks?: boolean;
}

/**
 * Reads a regular file, and never waits: not for whoever writes into a pipe, nor for a device, which is not even opened.
 * Synchronous: for small files this costs a tenth of the thread pool's round trips, and there are many of them. System
 * errors are thrown as they are.
 */
export function readRegularFile(path: FilePath, rules: ReadFileRules): FoundFile {
  const { limit, onlyBeginning = false, followLinks = true } = rules;
  // Before the open too: to open a device can have effects of its own.
  const seen = followLinks ? statSync(path) : lstatSync(path);
  if (!seen.isFile()) return { bytes: undefined, status: seen };
  const { O_RDONLY, O_NONBLOCK, O_NOCTTY, O_NOFOLLOW } = constants;
  const descriptor = openSync(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | (followLinks ? 0 : O_NOFOLLOW));
  try {
    const status = fstatSync(descriptor);
    if (!status.isFile()) return { bytes: undefined, status };
    if (status.size > limit && !onlyBeginning) return { bytes: undefined, status };
    return { bytes: readUpTo(descriptor, Math.min(status.size, limit)), status };
  } finally {
    closeSync(descriptor);
  }
}

/** A regular file has as much as its size says; what is appended meanwhile makes it another version. */
function readUpTo(descriptor: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let filled = 0;
  while (filled < size) {
    const count = readSync(descriptor, bytes, filled, size - filled, null);
    if (count === 0) break;
    filled += count;
  }
  return bytes.subarray(0, filled);
}
