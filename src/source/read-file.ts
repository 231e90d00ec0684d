import { closeSync, constants, fstatSync, openSync, readSync, statSync, type Stats } from 'node:fs';
import { OcspError } from '../core/index.js';
import { containsNul, shownPath, type FilePath } from '../core/file-path.js';
import { systemErrorText } from '../core/system-error.js';

/** The next step for a file that is empty or too large, where it is not about a certificate. */
export interface InputHints {
  readonly empty: string;
  readonly tooLarge: string;
}

const certificateHints: InputHints = {
  empty: 'write the certificate again',
  tooLarge: 'name the file of one certificate',
};

/**
 * Reads a whole file of at most `limit` octets. Synchronous: for small files this costs a tenth of the thread pool's
 * round trips, and there are many of them.
 *
 * @param options.regularOnly for a file that nobody named: a pipe or device there is refused, since whoever put it there
 *   could let this run wait for ever
 * @throws OcspError `file-not-found`, `file-unreadable`, `file-empty`, `file-too-large`
 */
export function readInputFile(
  path: FilePath,
  limit: number,
  hints: InputHints = certificateHints,
  rules: { readonly regularOnly?: boolean } = {},
): Uint8Array {
  return readVersionedFile(path, limit, hints, rules).bytes;
}

/** Which contents of a regular file were read: another inode, size or time of change means that it was replaced since. */
export interface FileVersion {
  readonly inode: number;
  readonly size: number;
  readonly changedMilliseconds: number;
}

/** Reads like {@link readInputFile} and tells the version that was read. Throws the same. */
export function readVersionedFile(
  path: FilePath,
  limit: number,
  hints: InputHints = certificateHints,
  { regularOnly = false }: { readonly regularOnly?: boolean } = {},
): { readonly bytes: Uint8Array; readonly version: FileVersion | undefined } {
  const name = shownPath(path);
  if (containsNul(path)) throw new OcspError('file-unreadable', `${name}: the file name contains a NUL character`);
  let read: { readonly bytes: Uint8Array; readonly version: FileVersion | undefined };
  try {
    read = readUpTo(path, limit, regularOnly);
  } catch (error) {
    throw error instanceof OcspError ? error : describeSystemError(name, error);
  }
  const { length } = read.bytes;
  if (length === 0) throw new OcspError('file-empty', `${name} is empty`, hints.empty);
  if (length > limit) throw new OcspError('file-too-large', `${name} is larger than ${limit} octets`, hints.tooLarge);
  return read;
}

/** Whether the file at this path still is the one that was read; false when it is gone or cannot be examined. */
export function isSameVersion(path: FilePath, version: FileVersion): boolean {
  try {
    const now = versionOf(statSync(path));
    return (
      now?.inode === version.inode &&
      now.size === version.size &&
      now.changedMilliseconds === version.changedMilliseconds
    );
  } catch {
    return false;
  }
}

/** A pipe has none: what was read of it is gone. */
function versionOf(status: Stats): FileVersion | undefined {
  if (!status.isFile()) return undefined;
  return { inode: status.ino, size: status.size, changedMilliseconds: status.mtimeMs };
}

/** At most one octet more than the limit, so that the caller sees that there was more. */
function readUpTo(
  path: FilePath,
  limit: number,
  regularOnly: boolean,
): { readonly bytes: Uint8Array; readonly version: FileVersion | undefined } {
  const descriptor = openSync(path, constants.O_RDONLY | (regularOnly ? constants.O_NONBLOCK : 0));
  try {
    const status = fstatSync(descriptor);
    if (regularOnly && !status.isFile() && !status.isDirectory()) throw notRegular(path);
    const { size } = status;
    const version = versionOf(status);
    // A pipe, as from `<(command)`, has size 0; read until its end.
    let buffer = Buffer.alloc(Math.min(size, limit) + 1);
    let filled = 0;
    for (;;) {
      const count = readSync(descriptor, buffer, filled, buffer.length - filled, null);
      filled += count;
      // A regular file has as much as its size says; what is appended meanwhile makes it another version.
      if (count === 0 || filled > limit || (version !== undefined && filled === size))
        return { bytes: buffer.subarray(0, filled), version };
      if (filled === buffer.length) buffer = Buffer.concat([buffer, Buffer.alloc(Math.min(filled + 4096, limit + 1))]);
    }
  } finally {
    closeSync(descriptor);
  }
}

function notRegular(path: FilePath): OcspError {
  const message = `${shownPath(path)} is no regular file`;
  return new OcspError('file-unreadable', message, 'find out who put it there, and remove it');
}

/** What to say of a folder that cannot be listed. */
export function unlistable(folder: FilePath, error: unknown): OcspError {
  const message = `the folder ${shownPath(folder)} cannot be listed: ${systemErrorText(error)}`;
  return new OcspError('file-unreadable', message, 'run as a user who may, often root', { cause: error });
}

function describeSystemError(name: string, error: unknown): OcspError {
  const code = (error as NodeJS.ErrnoException).code ?? String(error);
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR': {
      const hint = name.includes('\uFFFD')
        ? 'the name is not UTF-8 on the command line: name its folder instead'
        : 'check the path';
      return new OcspError('file-not-found', `${name} does not exist`, hint, { cause: error });
    }
    case 'EACCES':
    case 'EPERM':
      return new OcspError(
        'file-unreadable',
        `${name} may not be read by this user`,
        'run as a user who may, often root',
        {
          cause: error,
        },
      );
    case 'EISDIR':
      return new OcspError('file-unreadable', `${name} is a folder`, 'name a file in it', { cause: error });
    default:
      return new OcspError('file-unreadable', `${name} could not be read: ${code}`, '', { cause: error });
  }
}
