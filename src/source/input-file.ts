import { lstatSync, readlinkSync, statSync, type Stats } from 'node:fs';
import { OcspError } from '../core/index.js';
import { asPath, containsNul, shownPath, type FilePath } from '../core/file-path.js';
import { handedOver } from '../system/handed-over-pipe.js';
import { readRegularFile, type FoundFile } from '../system/read-file.js';
import { systemErrorCode, systemErrorText } from '../system/system-error.js';

/** The next step for a file that is empty or too large, where it is not about a certificate. */
export interface InputHints {
  /** Absent where the file may be empty. */
  readonly empty?: string;
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

/** What was read, and the version; none for a pipe: what was read of it is gone. */
export interface VersionedFile {
  readonly bytes: Uint8Array;
  readonly version: FileVersion | undefined;
}

/** Reads like {@link readInputFile} and tells the version that was read. Throws the same. */
export function readVersionedFile(path: FilePath, limit: number, hints: InputHints = certificateHints): VersionedFile {
  const name = shownPath(path);
  if (containsNul(path)) throw unreadable(`${name}: the file name contains a NUL character`);
  const { bytes, version } = readFound(path, limit);
  if (bytes?.length === 0 && hints.empty !== undefined) {
    throw new OcspError('file-empty', `${name} is empty`, hints.empty);
  }
  if (bytes === undefined || bytes.length > limit) {
    throw new OcspError('file-too-large', `${name} is larger than ${limit} octets`, hints.tooLarge);
  }
  return { bytes, version };
}

/** Whether the file at this path still is the one that was read; false when it is gone or cannot be examined. */
export function isSameVersion(path: FilePath, version: FileVersion): boolean {
  try {
    const { inode, size, changedMilliseconds } = versionOf(statSync(path));
    return inode === version.inode && size === version.size && changedMilliseconds === version.changedMilliseconds;
  } catch {
    return false;
  }
}

function versionOf(status: Stats): FileVersion {
  return { inode: status.ino, size: status.size, changedMilliseconds: status.mtimeMs };
}

/** No bytes for a file that is too large. */
function readFound(path: FilePath, limit: number): { bytes: Uint8Array | undefined; version: FileVersion | undefined } {
  const piped = handedOver(path);
  if (piped !== undefined) return { bytes: piped, version: undefined };
  const name = shownPath(path);
  let found: FoundFile;
  try {
    found = readRegularFile(path, { limit });
  } catch (error) {
    throw danglingLink(path, name, error) ?? describeSystemError(name, error);
  }
  const { bytes, status } = found;
  if (status.isDirectory()) throw isAFolder(name);
  if (!status.isFile()) {
    const hint = 'name a file; hand a pipe over as /dev/stdin or <(command)';
    throw unreadable(`${name} is not a regular file`, hint);
  }
  return { bytes, version: versionOf(status) };
}

const asAnotherUser = 'run as a user who may, often root';

function unreadable(message: string, hint = '', cause?: unknown): OcspError {
  return new OcspError('file-unreadable', message, hint, { cause });
}

function isAFolder(name: string, cause?: unknown): OcspError {
  return unreadable(`${name} is a folder`, 'name a file in it', cause);
}

/** What to say of a link whose end is not there; undefined for anything else. */
function danglingLink(path: FilePath, name: string, error: unknown): OcspError | undefined {
  if (systemErrorCode(error) !== 'ENOENT') return undefined;
  try {
    if (!lstatSync(path).isSymbolicLink()) return undefined;
    const target = readlinkSync(path, { encoding: 'buffer' });
    const message = `${name} is a dangling link to ${shownPath(asPath(target))}`;
    return new OcspError('file-not-found', message, 'make the file at its end again, or remove the link', {
      cause: error,
    });
  } catch {
    // It changes under the run.
    return undefined;
  }
}

/** What to say of a folder that cannot be listed. */
export function unlistable(folder: FilePath, error: unknown): OcspError {
  const message = `the folder ${shownPath(folder)} cannot be listed: ${systemErrorText(error)}`;
  return unreadable(message, asAnotherUser, error);
}

function describeSystemError(name: string, error: unknown): OcspError {
  const code = (error as NodeJS.ErrnoException).code ?? String(error);
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR': {
      const isBroken = name.includes('\uFFFD');
      const hint = isBroken ? 'the name is not UTF-8 on the command line: name its folder instead' : 'check the path';
      return new OcspError('file-not-found', `${name} does not exist`, hint, { cause: error });
    }
    case 'EACCES':
    case 'EPERM':
      return unreadable(`${name} may not be read by this user`, asAnotherUser, error);
    case 'EISDIR':
      return isAFolder(name, error);
    default:
      return unreadable(`${name} could not be read: ${systemErrorText(error)}`, '', error);
  }
}
