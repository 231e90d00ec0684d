import { closeSync, constants, fstatSync, lstatSync, mkdirSync, openSync, type Stats } from 'node:fs';

import { folderOf, shownPath, type FilePath } from '../core/file-path.js';
import { mayOthersWrite, modeText, strangerAsOwner } from '../system/owner-and-mode.js';
import { pinFile, UntrustedPathError, type PinnedFile } from '../system/pinned-folder.js';
import { systemErrorCode, systemErrorText } from '../system/system-error.js';
import type { OwnProcess } from './lock-holder.js';
import { lockUnusable } from './run-lock-error.js';

const usableByOthers = 0o077;

/**
 * Makes the folder of a run lock, where it is missing; the folder above it must be there.
 *
 * @throws OcspError `lock-unusable`
 */
export function makeRunLockFolder(path: FilePath, own: OwnProcess): void {
  whereUsable(path, () => {
    const folder = pinFile(folderOf(path), own.effectiveUserId);
    try {
      mkdirSync(folder.reach, { mode: 0o755 });
    } catch (error) {
      if (systemErrorCode(error) !== 'EEXIST') throw error;
    } finally {
      folder.folder.close();
    }
  });
}

/**
 * Opens the lock file, making it where it is missing. Refused is what another user could replace, hold or have planted:
 * a folder that others may write in (/tmp, /var/tmp and /run/lock are such, sticky or not), a link, anything but a
 * file, and a file or folder that is neither root's nor the effective user's.
 *
 * @returns the descriptor; Node opens with O_CLOEXEC, so that no command which this process starts inherits the lock
 * @throws OcspError `lock-unusable`
 */
export function openRunLockFile(path: FilePath, own: OwnProcess): number {
  return whereUsable(path, () => {
    const file = pinFile(path, own.effectiveUserId);
    try {
      requireTrustedFolder(file, own);
      return openInFolder(file, own);
    } finally {
      file.folder.close();
    }
  });
}

function openInFolder({ path, reach }: PinnedFile, own: OwnProcess): number {
  const { O_RDWR, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  // Judged before the open too: to open a device can have effects of its own.
  const found = lstatSync(reach, { throwIfNoEntry: false });
  if (found !== undefined) requireTrustedFile(path, found, own);
  const descriptor = openSync(reach, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
  try {
    requireTrustedFile(path, fstatSync(descriptor), own);
    return descriptor;
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

function whereUsable<Result>(path: FilePath, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw unusableFor(path, error);
  }
}

/** Is the open file still the one that the path names? */
export function isStillAt(path: FilePath, descriptor: number): boolean {
  const named = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  const opened = fstatSync(descriptor, { bigint: true });
  return named?.ino === opened.ino && named.dev === opened.dev;
}

/** A failed system call as the `lock-unusable` error; any other error as it is. */
export function unusableFor(path: FilePath, error: unknown): unknown {
  if (error instanceof UntrustedPathError) return lockUnusable(path, error.message, error.hint);
  const code = systemErrorCode(error);
  if (code === undefined) return error;
  return lockUnusable(path, systemErrorText(error), hintFor(code, path), error);
}

function hintFor(code: string, path: FilePath): string {
  const folder = shownPath(folderOf(path));
  const steps: Readonly<Record<string, string>> = {
    ENOENT: `create the folder ${folder}, or `,
    EACCES: `run as the user that ${folder} belongs to, or `,
    EPERM: `run as the user that ${folder} belongs to, or `,
    EROFS: 'in a systemd unit set RuntimeDirectory=restaple, or ',
  };
  const isOthers = code === 'EACCES' || code === 'EPERM';
  return `${steps[code] ?? ''}name ${isOthers ? 'a file of your own' : 'another file'} with --lock`;
}

function requireTrustedFolder({ path, folder: { status } }: PinnedFile, own: OwnProcess): void {
  const folder = shownPath(folderOf(path));
  requireTrustedOwner(path, `its folder ${folder}`, status, own);
  if (mayOthersWrite(status)) {
    throw lockUnusable(
      path,
      `group or others may write in its folder ${folder}, and so could hold or replace it`,
      'name a file in a folder of your own with --lock, for example in /run/restaple',
    );
  }
}

function requireTrustedFile(path: FilePath, status: Stats, own: OwnProcess): void {
  const name = shownPath(path);
  if (!status.isFile()) {
    const what = status.isSymbolicLink() ? 'a symbolic link' : status.isDirectory() ? 'a folder' : 'not a regular file';
    throw lockUnusable(path, `it is ${what}`, `remove ${name}, or name another file with --lock`);
  }
  requireTrustedOwner(path, 'it', status, own);
  if ((status.mode & usableByOthers) !== 0) {
    throw lockUnusable(path, `group or others could hold it too (mode ${modeText(status)})`, `chmod 600 ${name}`);
  }
}

function requireTrustedOwner(path: FilePath, what: string, status: Stats, own: OwnProcess): void {
  const stranger = strangerAsOwner(status, own.effectiveUserId);
  if (stranger === undefined) return;
  throw lockUnusable(
    path,
    `${what} ${stranger} (${own.effectiveUserId})`,
    'run as that user, or name a file in a folder of your own with --lock',
  );
}
