import { closeSync, constants, fstatSync, lstatSync, openSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { asPath, folderOf, joinPath, nameOf, pathKey, shownPath, type FilePath } from '../core/file-path.js';
import { isSticky, isTrustedOwner, mayOthersPutInto, mayOthersWrite } from './owner-and-mode.js';
import { systemErrorCode } from './system-error.js';

/**
 * A folder that is held open until `close`: whatever is put at its path meanwhile, a name in it stays a name in this very
 * folder.
 */
export interface PinnedFolder {
  /** As it was named, for messages. */
  readonly path: FilePath;
  /** Without links, as the system has it. */
  readonly realPath: FilePath;
  /** Tells one folder from every other, however each is spelt. */
  readonly key: string;
  readonly status: Stats;
  /** The path by which system calls reach a name in it. */
  at(name: FilePath): FilePath;
  close(): void;
}

/** A path that another user can bend: `message` says why, `hint` what to do. */
export class UntrustedPathError extends Error {
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}

/** As many links as Linux follows (path_resolution(7)). */
export const maximumLinks = 40;

/** O_PATH of every architecture that Node runs on: needs no permission to list the folder. */
const openForItsPath = 0o10000000;

/**
 * Opens a folder for all that is to be done in it. Links and `..` on the way count only where nobody but root and the
 * effective user could have made or moved them; in another user's folder they may lead only to that user's own folders.
 * System errors are thrown as they are.
 *
 * @param from the folder that a relative path starts from; the working folder when absent
 * @throws UntrustedPathError for a link that another user could have put there, and without /proc for a folder that
 *   other users may write
 */
export function pinFolder(path: FilePath, effectiveUserId: number, from?: PinnedFolder): PinnedFolder {
  if (!hasDescriptorPaths()) return folderOfTrustedPath(path, effectiveUserId, from);
  if (from === undefined) {
    const spelt = withoutEmptySteps(path);
    const descriptor = openFolder(path);
    // The kernel's own name of the opened folder is the one that was given: no link was on the way.
    if (realPathOf(descriptor) === spelt) return pinned(path, descriptor);
    closeSync(descriptor);
  }
  return pinned(path, walk(path, effectiveUserId, from));
}

function pinned(path: FilePath, descriptor: number): PinnedFolder {
  const { dev, ino } = fstatSync(descriptor, { bigint: true });
  const reach = `/proc/self/fd/${descriptor}`;
  return {
    path,
    get realPath() {
      return pathOf(descriptor);
    },
    key: `${dev}:${ino}`,
    status: fstatSync(descriptor),
    at: (name) => joinPath(reach, name),
    close: () => closeSync(descriptor),
  };
}

/** Opens step by step what the path names, and judges each link. */
function walk(path: FilePath, effectiveUserId: number, from: PinnedFolder | undefined): number {
  const steps = stepsOf(path);
  let descriptor = openFolder(isAbsolute(path) ? '/' : (from?.at('.') ?? '.'));
  const enter = (next: number): void => {
    closeSync(descriptor);
    descriptor = next;
  };
  const suspects = new Map<number, FilePath>();
  const suspectAll = (users: readonly number[], place: FilePath): void => {
    for (const user of users) {
      if (!isTrustedOwner(user, effectiveUserId) && !suspects.has(user)) suspects.set(user, place);
    }
  };
  let links = 0;
  try {
    for (let step = steps.shift(); step !== undefined; step = steps.shift()) {
      const name = asPath(Buffer.from(step, 'latin1'));
      const here = joinPath(`/proc/self/fd/${descriptor}`, name);
      const found = lstatSync(here);
      if (!found.isSymbolicLink()) {
        const next = openSync(here, openForItsPath | constants.O_DIRECTORY | constants.O_NOFOLLOW);
        if (step === '..') suspectAll(movers(descriptor, next, effectiveUserId), joinPath(pathOf(descriptor), name));
        enter(next);
        continue;
      }
      links += 1;
      if (links > maximumLinks) throw Object.assign(new Error('ELOOP'), { code: 'ELOOP', syscall: 'open' });
      const link = joinPath(pathOf(descriptor), name);
      refuseLinkOfMany(link, fstatSync(descriptor), effectiveUserId);
      suspectAll([fstatSync(descriptor).uid], link);
      const target = asPath(readlinkSync(here, { encoding: 'buffer' }));
      if (isAbsolute(target)) enter(openFolder('/'));
      steps.unshift(...stepsOf(target));
    }
    refuseLinksOfOthers(suspects, fstatSync(descriptor));
    return descriptor;
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

/** A link may have been moved from elsewhere into a folder that others may write, sticky or not, whoever made it. */
function refuseLinkOfMany(link: FilePath, folder: Stats, effectiveUserId: number): void {
  if (!mayOthersPutInto(folder, effectiveUserId)) return;
  throw new UntrustedPathError(
    `${shownPath(link)} on the way to it is a symbolic link in a folder that group or others may write`,
    `chmod go-w ${shownPath(folderOf(link))}, or name the folder that the link leads to`,
  );
}

/** Who can have moved a folder, so that its `..` is another folder. */
function movers(folder: number, parent: number, effectiveUserId: number): number[] {
  const above = fstatSync(parent);
  if (mayOthersPutInto(above, effectiveUserId) && !isSticky(above)) {
    const name = shownPath(pathOf(folder));
    throw new UntrustedPathError(`others may move ${name}, so its .. can be any folder`, 'name the folder without ..');
  }
  return [fstatSync(folder).uid, above.uid];
}

function refuseLinksOfOthers(suspects: ReadonlyMap<number, FilePath>, reached: Stats): void {
  for (const [userId, place] of suspects) {
    if (reached.uid === userId) continue;
    throw new UntrustedPathError(
      `user ${userId} can change where ${shownPath(place)} on the way to it leads, and it leads to a folder of user ${reached.uid}`,
      'name the real folder, without links and .., or find out who made the link',
    );
  }
}

/** Where there is no /proc: the folder by its real path, if nobody else can put anything in the place of a part of it. */
function folderOfTrustedPath(path: FilePath, effectiveUserId: number, from: PinnedFolder | undefined): PinnedFolder {
  const named = from === undefined || isAbsolute(path) ? path : joinPath(from.realPath, path);
  const realPath = asPath(realpathSync.native(named, { encoding: 'buffer' }));
  const status = statSync(realPath);
  if (!status.isDirectory()) throw Object.assign(new Error('ENOTDIR'), { code: 'ENOTDIR', syscall: 'open' });
  for (let folder = realPath; ; folder = folderOf(folder)) {
    const found = statSync(folder);
    const isOpen = mayOthersWrite(found) && (folder === realPath || !isSticky(found));
    if (isOpen || !isTrustedOwner(found.uid, effectiveUserId)) {
      throw new UntrustedPathError(
        `other users may write ${shownPath(folder)}, and without /proc this run cannot hold on to a folder`,
        `mount /proc, or: chown root ${shownPath(folder)} && chmod go-w ${shownPath(folder)}`,
      );
    }
    if (folder.length <= 1) break;
  }
  const { dev, ino } = statSync(realPath, { bigint: true });
  return {
    path,
    realPath,
    key: `${dev}:${ino}`,
    status,
    at: (name) => joinPath(realPath, name),
    close: () => undefined,
  };
}

let descriptorPaths: boolean | undefined;

/** Whether an open folder can be reached by its descriptor (proc_pid_fd(5)). */
function hasDescriptorPaths(): boolean {
  if (descriptorPaths !== undefined) return descriptorPaths;
  const descriptor = openSync('/', constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const root = fstatSync(descriptor);
    const reached = statSync(`/proc/self/fd/${descriptor}/.`);
    descriptorPaths = reached.ino === root.ino && reached.dev === root.dev;
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    descriptorPaths = false;
  } finally {
    closeSync(descriptor);
  }
  return descriptorPaths;
}

function openFolder(path: FilePath): number {
  return openSync(path, openForItsPath | constants.O_DIRECTORY);
}

function pathOf(descriptor: number): FilePath {
  return asPath(Buffer.from(realPathOf(descriptor), 'latin1'));
}

/** One character for each byte. */
function realPathOf(descriptor: number): string {
  return readlinkSync(`/proc/self/fd/${descriptor}`, { encoding: 'latin1' });
}

/** The absolute path without `.` and doubled slashes, one character for each byte; `..` stays, it may follow a link. */
function withoutEmptySteps(path: FilePath): string {
  const start = isAbsolute(path) ? [] : stepsOf(readlinkSync('/proc/self/cwd', { encoding: 'buffer' }));
  return `/${[...start, ...stepsOf(path)].join('/')}`;
}

/** The names in a path, one character for each byte. */
function stepsOf(path: FilePath): string[] {
  return pathKey(path)
    .split('/')
    .filter((step) => step !== '' && step !== '.');
}

function isAbsolute(path: FilePath): boolean {
  return path[0] === '/' || path[0] === 0x2f;
}

/** A name in a folder that is held open. Who pins it closes `folder`. */
export interface PinnedFile {
  /** For messages. */
  readonly path: FilePath;
  /** For system calls. */
  readonly reach: FilePath;
  readonly folder: PinnedFolder;
}

/** The file at this path, in its folder held open. Throws as {@link pinFolder} does. */
export function pinFile(path: FilePath, effectiveUserId: number): PinnedFile {
  const folder = pinFolder(folderOf(path), effectiveUserId);
  return { path, reach: folder.at(asPath(nameOf(path))), folder };
}

/** A file beside it, in the same folder: `place` turns the path of the one into that of the other. */
export function besidePinned(file: PinnedFile, place: (path: FilePath) => FilePath): PinnedFile {
  return { path: place(file.path), reach: place(file.reach), folder: file.folder };
}
