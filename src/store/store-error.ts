import { OcspError } from '../core/ocsp-error.js';
import { folderOf, shownPath, type FilePath } from '../core/file-path.js';
import { UntrustedPathError } from '../system/pinned-folder.js';
import { systemErrorCode, systemErrorText } from '../system/system-error.js';

/** The next step after a failed write; FOLDER and FILE stand for the names. */
const hints: Readonly<Record<string, string>> = {
  ENOSPC: 'free space or inodes (df and df -i FOLDER)',
  EDQUOT: 'raise the quota of this user or free space in FOLDER',
  EROFS: 'remount FOLDER writable, list it in ReadWritePaths= of the systemd unit, or choose another place with --out',
  EACCES: 'run as a user that may write in FOLDER, or choose another place with --out',
  EPERM:
    'look for a sticky folder, an immutable flag or a security policy (ls -ld and lsattr -d of FOLDER), or choose another place with --out',
  ENOENT: 'create FOLDER, or choose another place with --out',
  ENOTDIR: 'correct the path FILE',
  EISDIR: 'name a file with --out, or move the folder FILE away',
  ELOOP: 'name the file itself instead of a link to it',
  ENAMETOOLONG: 'choose a shorter name with --out',
  EBUSY: 'mount the folder into the container instead of the single file',
  EIO: 'look for disk errors in the kernel log (dmesg)',
  EMFILE: 'raise the limit (ulimit -n), or lower --concurrency',
  ENFILE: 'raise fs.file-max, or lower --concurrency',
};

/** The `staple-unwritable` error for a failed system call while the staple at `path` was to be replaced. */
export function unwritable(path: FilePath, cause: unknown): OcspError {
  const code = systemErrorCode(cause) ?? '';
  // A new file was to be made: what is not there is its folder.
  const why = code === 'ENOENT' ? 'its folder does not exist' : systemErrorText(cause);
  const hint = hints[code] ?? 'check FOLDER and its file system';
  // Functions as replacements: a `$&` in a file name must stay what it is.
  const named = hint.replace('FOLDER', () => shownPath(folderOf(path))).replace('FILE', () => shownPath(path));
  return unwritableBecause(path, why, named, cause);
}

/** A `staple-unwritable` error in one's own words. */
export function unwritableBecause(path: FilePath, why: string, hint: string, cause?: unknown): OcspError {
  const message = `cannot write ${shownPath(path)}: ${why}; what was stored is untouched`;
  return new OcspError('staple-unwritable', message, hint, { cause });
}

/** A `staple-unsafe` error: something at or beside the staple may be another user's trap. */
export function unsafe(path: FilePath, why: string, hint: string): OcspError {
  return new OcspError('staple-unsafe', `refused to write ${shownPath(path)}: ${why}`, hint);
}

/** The `file-unreadable` error for a staple that cannot be read. */
export function unreadable(path: FilePath, cause: unknown): OcspError {
  const isForbidden = systemErrorCode(cause) === 'EACCES';
  const hint = isForbidden ? `run as a user that may read ${shownPath(path)}` : 'check the file and its folder';
  return new OcspError('file-unreadable', `cannot read ${shownPath(path)}: ${systemErrorText(cause)}`, hint, { cause });
}

/** Does it, and says in the store's words what went wrong with the system or the owners of the path. */
export function inStoreWords<Result>(path: FilePath, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw storeError(path, error);
  }
}

/** As {@link inStoreWords}; undefined where what it needs is gone. */
export function whereThere<Result>(path: FilePath, work: () => Result, gone = ['ENOENT']): Result | undefined {
  try {
    return work();
  } catch (error) {
    if (gone.includes(systemErrorCode(error) ?? '')) return undefined;
    throw storeError(path, error);
  }
}

/** An error of the system or of an untrusted path in the store's words; any other as it is. */
export function storeError(path: FilePath, error: unknown): unknown {
  if (error instanceof UntrustedPathError) return unsafe(path, error.message, error.hint);
  return systemErrorCode(error) === undefined ? error : unwritable(path, error);
}
