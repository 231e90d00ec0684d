import { statSync, type Stats } from 'node:fs';
import { OcspError } from '../core/index.js';
import { containsNul, shownPath, type FilePath } from '../core/file-path.js';
import { handedOver } from '../system/handed-over-pipe.js';
import { readRegularFile, type FoundFile } from '../system/read-file.js';
import { systemErrorText } from '../system/system-error.js';

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
 * Reads a whole file of at most `limit` octets, or what the caller handed over by a pipe (`/dev/stdin`, `<(command)`). Any
 * other pipe or device is refused: whoever put it there could let this run wait for ever.
 *
 * @throws OcspError `file-not-found`, `file-unreadable`, `file-empty`, `file-too-large`
 */
export function readInputFile(path: FilePath, limit: number, hints: InputHints = certificateHints): Uint8Array {
  return readVersionedFile(path, limit, hints).bytes;
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
): { readonly bytes: Uint8Array; readonly version: FileVersion | undefined } {
  const name = shownPath(path);
  if (containsNul(path)) throw new OcspError('file-unreadable', `${name}: the file name contains a NUL character`);
  const read = readFound(path, limit);
  if (read.bytes?.length === 0) throw new OcspError('file-empty', `${name} is empty`, hints.empty);
  if (read.bytes === undefined || read.bytes.length > limit) {
    throw new OcspError('file-too-large', `${name} is larger than ${limit} octets`, hints.tooLarge);
  }
  return { bytes: read.bytes, version: read.version };
}

/** Whether the file at this path still is the one that was read; false when it is gone or cannot be examined. */
export function isSameVersion(path: FilePath, version: FileVersion): boolean {
  try {
    const now = versionOf(statSync(path));
    return (
      now.inode === version.inode &&
      now.size === version.size &&
      now.changedMilliseconds === version.changedMilliseconds
    );
  } catch {
    return false;
  }
}

function versionOf(status: Stats): FileVersion {
  return { inode: status.ino, size: status.size, changedMilliseconds: status.mtimeMs };
}

/** No version for a pipe: what was read of it is gone. No bytes for a file that is too large. */
function readFound(
  path: FilePath,
  limit: number,
): { readonly bytes: Uint8Array | undefined; readonly version: FileVersion | undefined } {
  const piped = handedOver(path);
  if (piped !== undefined) return { bytes: piped, version: undefined };
  let found: FoundFile;
  try {
    found = readRegularFile(path, { limit });
  } catch (error) {
    throw describeSystemError(shownPath(path), error);
  }
  const { bytes, status } = found;
  if (status.isDirectory()) throw isAFolder(shownPath(path));
  if (!status.isFile()) throw notRegular(path);
  return { bytes, version: versionOf(status) };
}

function isAFolder(name: string, cause?: unknown): OcspError {
  return new OcspError('file-unreadable', `${name} is a folder`, 'name a file in it', { cause });
}

function notRegular(path: FilePath): OcspError {
  const message = `${shownPath(path)} is no regular file`;
  const hint = 'find out who put it there, and remove it; hand a pipe over as /dev/stdin or <(command)';
  return new OcspError('file-unreadable', message, hint);
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
      return isAFolder(name, error);
    default:
      return new OcspError('file-unreadable', `${name} could not be read: ${code}`, '', { cause: error });
  }
}
