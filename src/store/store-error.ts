import { OcspError } from '../core/ocsp-error.js';
import { folderOf, shownPath, type FilePath } from '../core/file-path.js';
import { UntrustedPathError } from '../system/pinned-folder.js';
import { systemErrorCode } from '../system/system-error.js';

interface Explanation {
  readonly why: string;
  /** The next step; FOLDER and FILE stand for the names. */
  readonly hint: string;
}

const explanations: Readonly<Record<string, Explanation>> = {
  ENOSPC: { why: 'no space left on its file system', hint: 'free space or inodes (df and df -i FOLDER)' },
  EDQUOT: { why: 'the disk quota is used up', hint: 'raise the quota of this user or free space in FOLDER' },
  EROFS: {
    why: 'its file system is mounted read-only',
    hint: 'remount FOLDER writable, list it in ReadWritePaths= of the systemd unit, or choose another place with --out',
  },
  EACCES: {
    why: 'permission denied',
    hint: 'run as a user that may write in FOLDER, or choose another place with --out',
  },
  EPERM: {
    why: 'the system does not permit it (sticky folder, immutable flag or security policy)',
    hint: 'see ls -ld and lsattr -d of FOLDER, or choose another place with --out',
  },
  ENOENT: { why: 'its folder does not exist', hint: 'create FOLDER, or choose another place with --out' },
  ENOTDIR: { why: 'part of its path is not a folder', hint: 'correct the path FILE' },
  EISDIR: { why: 'it is a folder', hint: 'name a file with --out, or remove the folder FILE' },
  ELOOP: { why: 'its path has too many symbolic links', hint: 'name the file itself instead of a link to it' },
  ENAMETOOLONG: { why: 'its name is too long for the file system', hint: 'choose a shorter name with --out' },
  EBUSY: {
    why: 'it is a mount point of its own',
    hint: 'mount the folder into the container instead of the single file',
  },
  EIO: { why: 'the disk failed', hint: 'look for disk errors in the kernel log (dmesg)' },
  EMFILE: { why: 'too many files are open', hint: 'raise the limit (ulimit -n), or lower --concurrency' },
  ENFILE: { why: 'too many files are open on this system', hint: 'raise fs.file-max, or lower --concurrency' },
};

/** The `staple-unwritable` error for a failed system call while the staple at `path` was to be replaced. */
export function unwritable(path: FilePath, cause: unknown): OcspError {
  const { why, hint = 'check FOLDER and its file system' } = explain(cause);
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
  return new OcspError('file-unreadable', `cannot read ${shownPath(path)}: ${explain(cause).why}`, hint, { cause });
}

function explain(cause: unknown): Partial<Explanation> & Pick<Explanation, 'why'> {
  const known = explanations[systemErrorCode(cause) ?? ''];
  return known ?? { why: cause instanceof Error ? cause.message : String(cause) };
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
