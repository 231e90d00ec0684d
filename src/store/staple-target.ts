import { lstatSync, readlinkSync, realpathSync, statSync, type Stats } from 'node:fs';

import type { OcspError } from '../core/ocsp-error.js';
import type { OwnProcess } from './lock-holder.js';
import { asPath, containsNul, folderOf, joinPath, nameOf, shownPath, type FilePath } from '../core/file-path.js';
import { systemErrorCode, unsafe, unwritable, unwritableBecause } from './store-error.js';

/** The file that is really replaced, and the link that led to it. */
export interface StapleTarget {
  readonly path: FilePath;
  readonly link?: FilePath;
}

const writableByOthers = 0o022;

/**
 * Finds the file that a write to `path` replaces: the path itself, or the target of the symbolic link there. A link is
 * followed one step only, and only where nobody but root and the effective user could have made or moved it.
 *
 * @throws OcspError `staple-unsafe` for a link that fails one of these rules; `staple-unwritable` for a folder, a special
 *   file, or a path that cannot be examined.
 */
export function locateTarget(path: FilePath, own: OwnProcess): StapleTarget {
  if (containsNul(path)) throw unwritableBecause(path, 'the name contains a NUL byte', 'correct the path');
  const found = examine(path, path);
  // A name must be there: with an empty one the dot files would be no one's.
  if (nameOf(path).length === 0) throw unwritableBecause(path, 'it names a folder', 'name a file with --out');
  if (found === undefined || found.isFile()) return { path };
  if (found.isSymbolicLink()) return followLink(path, found, own);
  throw notRegular(path, found);
}

/** The error for a staple path that holds something else than a file. */
export function notRegular(path: FilePath, found: Stats): OcspError {
  const what = found.isDirectory() ? 'it is a folder' : 'it is no regular file';
  return unwritableBecause(path, what, `name another file with --out, or remove ${shownPath(path)}`);
}

function followLink(link: FilePath, linkStatus: Stats, own: OwnProcess): StapleTarget {
  requireTrustedOwner(link, 'the link itself', linkStatus, own);
  requireTrustedFolder(link, 'the folder of the link', folderOf(link), own);
  const named = joinPath(folderOf(link), readLink(link));
  const target = examine(link, named);
  if (target === undefined) {
    throw unsafe(
      link,
      `it is a dangling link to ${shownPath(named)}`,
      `create an empty file there (touch), or remove the link`,
    );
  }
  if (target.isSymbolicLink()) {
    throw unsafe(
      link,
      `it links to ${shownPath(named)}, which is a link again`,
      'link to the file itself, or name it with --out',
    );
  }
  if (!target.isFile()) {
    throw unsafe(link, `it links to ${shownPath(named)}, which is no regular file`, 'remove the link');
  }
  const path = realPath(link, named);
  requireTrustedFolder(link, 'the folder of its target', folderOf(path), own);
  return { path, link };
}

function requireTrustedFolder(link: FilePath, role: string, folder: FilePath, own: OwnProcess): void {
  let status: Stats;
  try {
    status = statSync(folder);
  } catch (error) {
    throw unwritable(link, error);
  }
  requireTrustedOwner(link, `${role}, ${shownPath(folder)},`, status, own);
  if ((status.mode & writableByOthers) !== 0) {
    throw unsafe(
      link,
      `it is a symbolic link and ${role}, ${shownPath(folder)}, is writable by group or others`,
      `chmod go-w ${shownPath(folder)}, or name the file itself with --out`,
    );
  }
}

function requireTrustedOwner(link: FilePath, what: string, status: Stats, own: OwnProcess): void {
  if (status.uid === 0 || status.uid === own.effectiveUserId) return;
  throw unsafe(
    link,
    `it is a symbolic link and ${what} belongs to user ${status.uid}, neither root nor the user of this run`,
    'make it belong to root, or name the file itself with --out',
  );
}

function readLink(link: FilePath): FilePath {
  try {
    return asPath(readlinkSync(link, { encoding: 'buffer' }));
  } catch (error) {
    throw unwritable(link, error);
  }
}

function realPath(link: FilePath, named: FilePath): FilePath {
  try {
    return asPath(realpathSync.native(named, { encoding: 'buffer' }));
  } catch (error) {
    throw unwritable(link, error);
  }
}

function examine(staple: FilePath, path: FilePath): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw unwritable(staple, error);
  }
}
