import { lstatSync, readlinkSync, type Stats } from 'node:fs';

import type { OcspError } from '../core/ocsp-error.js';
import { asPath, containsNul, folderOf, joinPath, nameOf, shownPath, type FilePath } from '../core/file-path.js';
import { isDescriptorPath } from '../system/handed-over-pipe.js';
import { mayOthersWrite, strangerAsOwner } from '../system/owner-and-mode.js';
import { pinFile, pinFolder, type PinnedFile, type PinnedFolder } from '../system/pinned-folder.js';
import type { OwnProcess } from './lock-holder.js';
import { inStoreWords, unsafe, unwritableBecause, whereThere } from './store-error.js';

/** The file that is really replaced, in its folder held open, and the link that led to it. Who located it closes `folder`. */
export interface StapleTarget extends PinnedFile {
  readonly link?: FilePath;
}

/**
 * Finds the file that a write to `path` replaces: the path itself, or the target of the symbolic link there. That link is
 * followed one step only, and only where nobody but root and the effective user could have made or moved it.
 *
 * @throws OcspError `staple-unsafe` for a link that fails one of these rules; `staple-unwritable` for a folder, a special
 *   file, or a path that cannot be examined.
 */
export function locateTarget(path: FilePath, own: OwnProcess): StapleTarget {
  if (containsNul(path)) throw unwritableBecause(path, 'the name contains a NUL byte', 'correct the path');
  if (isDescriptorPath(withoutEnding(path))) {
    throw unwritableBecause(
      path,
      'a certificate from a pipe has no file to put the staple beside',
      'name a file with --out',
    );
  }
  const file = pinStaple(path, own);
  let target: StapleTarget | undefined;
  try {
    target = targetOf(file, own);
    return target;
  } finally {
    if (target?.folder !== file.folder) file.folder.close();
  }
}

/** The certificate's path, where the staple stands beside it. */
function withoutEnding(path: FilePath): string {
  return shownPath(path).replace(/\.ocsp$/, '');
}

/** The staple's name in its folder held open. Throws OcspError `staple-unsafe`, `staple-unwritable`. */
function pinStaple(path: FilePath, own: OwnProcess): PinnedFile {
  return inStoreWords(path, () => pinFile(path, own.effectiveUserId));
}

function targetOf(file: PinnedFile, own: OwnProcess): StapleTarget {
  const { path, reach } = file;
  const found = inStoreWords(path, () => lstatSync(reach, { throwIfNoEntry: false }));
  // A name must be there: with an empty one the dot files would belong to nobody.
  if (nameOf(path).length === 0) throw unwritableBecause(path, 'it names a folder', 'name a file with --out');
  if (found === undefined || found.isFile()) return file;
  if (found.isSymbolicLink()) return followLink(file, found, own);
  throw notRegular(path, found);
}

/** The error for a staple path that holds something other than a file. */
export function notRegular(path: FilePath, found: Stats): OcspError {
  const hint = 'name another file with --out';
  if (!found.isDirectory()) return unwritableBecause(path, 'it is not a regular file', hint);
  return unwritableBecause(path, 'it is a folder', `${hint}, or move ${shownPath(path)} away`);
}

function followLink({ path: link, reach, folder }: PinnedFile, linkStatus: Stats, own: OwnProcess): StapleTarget {
  requireTrustedOwner(link, 'the link itself', linkStatus, own);
  requireTrustedFolder(link, 'the folder of the link', folder, own);
  const step = inStoreWords(link, () => asPath(readlinkSync(reach, { encoding: 'buffer' })));
  const named = joinPath(folderOf(link), step);
  const targetFolder = whereThere(link, () => pinFolder(folderOf(step), own.effectiveUserId, folder));
  if (targetFolder === undefined) throw dangling(link, named);
  try {
    const at = targetFolder.at(asPath(nameOf(step)));
    const found = inStoreWords(link, () => lstatSync(at, { throwIfNoEntry: false }));
    requireFile(link, named, found);
    requireTrustedFolder(link, 'the folder of its target', targetFolder, own);
    return { path: joinPath(targetFolder.realPath, asPath(nameOf(step))), reach: at, folder: targetFolder, link };
  } catch (error) {
    targetFolder.close();
    throw error;
  }
}

function requireFile(link: FilePath, named: FilePath, target: Stats | undefined): void {
  if (target === undefined) throw dangling(link, named);
  if (target.isSymbolicLink()) {
    const why = `it links to ${shownPath(named)}, which is a link again`;
    throw unsafe(link, why, 'link to the file itself, or name it with --out');
  }
  if (!target.isFile()) {
    throw unsafe(link, `it links to ${shownPath(named)}, which is not a regular file`, 'remove the link');
  }
}

function dangling(link: FilePath, named: FilePath): OcspError {
  const hint = 'create an empty file there (touch), or remove the link';
  return unsafe(link, `it is a dangling link to ${shownPath(named)}`, hint);
}

function requireTrustedFolder(link: FilePath, role: string, folder: PinnedFolder, own: OwnProcess): void {
  const { realPath: path, status } = folder;
  requireTrustedOwner(link, `${role}, ${shownPath(path)},`, status, own);
  if (mayOthersWrite(status)) {
    throw unsafe(
      link,
      `it is a symbolic link and ${role}, ${shownPath(path)}, is writable by group or others`,
      `chmod go-w ${shownPath(path)}, or name the file itself with --out`,
    );
  }
}

function requireTrustedOwner(link: FilePath, what: string, status: Stats, own: OwnProcess): void {
  const stranger = strangerAsOwner(status, own.effectiveUserId);
  if (stranger === undefined) return;
  const hint = 'make it belong to root, or name the file itself with --out';
  throw unsafe(link, `it is a symbolic link and ${what} ${stranger}`, hint);
}
