import { readdirSync, readFileSync, realpathSync, statSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';
import { shownPath, type FilePath } from '../../core/file-path.js';
import { mayByMode, modeText } from '../../system/owner-and-mode.js';
import { rightsIn, type ProcessRights } from '../../system/running-process.js';

/** A user that dnsdist runs as, or would by its package. */
export interface Reader extends ProcessRights {
  readonly name: string;
  /** The process's view of the file system, where there is a process: `/proc/123/root`. */
  readonly root?: string;
}

/** Whether a file can be read by dnsdist; `why` continues a sentence. */
export type FileAccess =
  | { readonly kind: 'readable' }
  /** Permissions that an access list might widen, or a view of the file system that nobody can look into. */
  | { readonly kind: 'unsure'; readonly why?: string }
  | { readonly kind: 'unreadable'; readonly why: string };

/** Folders that Debian's unit hides from dnsdist (ProtectHome, PrivateTmp), readable or not. */
const hiddenFolders = /^\/(?:home|root|tmp|var\/tmp|run\/user)\//;

/**
 * Whether a dnsdist on this machine can read a file. `readers` is asked only where the permissions do not tell.
 * Access lists cannot be seen from here: wherever one might apply, the answer is unsure.
 */
export function accessByDnsdist(path: FilePath, readers: () => readonly Reader[]): FileAccess {
  let real: string;
  try {
    real = realpathSync(path);
  } catch (error) {
    return isMissing(error) ? { kind: 'unreadable', why: 'does not exist' } : { kind: 'unsure' };
  }
  const anybody: Reader = { name: 'anybody', userId: -1, groupIds: new Set() };
  if (!hiddenFolders.test(real) && accessOf(real, anybody).kind === 'readable') return { kind: 'readable' };
  const answers = readers().map((reader) => accessOf(real, reader));
  const mildest =
    answers.find(({ kind }) => kind === 'readable') ?? answers.find(({ kind }) => kind === 'unsure') ?? answers[0];
  return mildest ?? { kind: 'unsure' };
}

function accessOf(path: string, reader: Reader): FileAccess {
  const root = reader.root !== undefined && isSameRoot(reader.root) ? reader.root : '';
  const folders: string[] = [];
  for (let folder = dirname(path); folder !== '/' && folder !== '.'; folder = dirname(folder)) folders.unshift(folder);
  let doubt: FileAccess | undefined;
  for (const place of [...folders, path]) {
    const answer = permission(`${root}${place}`, place, reader, place === path ? 0o4 : 0o1);
    if (answer.kind === 'unreadable') return answer;
    if (answer.kind === 'unsure') doubt ??= answer;
  }
  return doubt ?? { kind: 'readable' };
}

/** One file or folder by its mode; `bit` is read or search, as others have it. */
function permission(seenAs: string, place: string, reader: Reader, bit: number): FileAccess {
  let status: Stats;
  try {
    status = statSync(seenAs);
  } catch (error) {
    if (!isMissing(error)) return { kind: 'unsure' };
    return { kind: 'unreadable', why: `is hidden from dnsdist, whose service does not see ${shownPath(place)}` };
  }
  if (reader.userId === 0 || mayByMode(reader, bit, status)) return { kind: 'readable' };
  const why = `may not be read by ${reader.name}, which dnsdist runs as: ${place} has mode ${modeText(status)}`;
  // The group's bits are the mask of an access list: where they are empty, no list grants anything.
  const isSure = reader.userId === status.uid || (status.mode & 0o070) === 0;
  return { kind: isSure ? 'unreadable' : 'unsure', why };
}

/** A container has a root of its own, where our paths mean nothing; a mere service sandbox shares ours. */
function isSameRoot(root: string): boolean {
  const ours = statSync('/');
  const theirs = whereSeen(() => statSync(`${root}/`), undefined);
  return ours.dev === theirs?.dev && ours.ino === theirs.ino;
}

/** Who runs dnsdist here: the users of its processes, else the account that its packages create. */
export function findReaders(): Reader[] {
  const running = runningReaders();
  return running.length > 0 ? running : packagedReaders(contentsOf('/etc/passwd'), contentsOf('/etc/group'));
}

function runningReaders(): Reader[] {
  const readers: Reader[] = [];
  for (const entry of whereSeen(() => readdirSync('/proc'), [])) {
    if (!/^\d+$/.test(entry)) continue;
    const status = contentsOf(`/proc/${entry}/status`);
    if (!status.startsWith('Name:\tdnsdist')) continue;
    const rights = rightsIn(status);
    readers.push({ name: `user ${rights.userId}`, ...rights, root: `/proc/${entry}/root` });
  }
  return readers;
}

/** The accounts `_dnsdist` and `dnsdist` with their groups, from the text of passwd and group. */
export function packagedReaders(accounts: string, groups: string): Reader[] {
  const readers: Reader[] = [];
  for (const [, name = '', userId, groupId] of accounts.matchAll(/^(_?dnsdist):[^:\n]*:(\d+):(\d+):/gm)) {
    const joined = [...groups.matchAll(/^[^:\n]+:[^:\n]*:(\d+):(.*)$/gm)]
      .filter(([, , members = '']) => members.split(',').includes(name))
      .map(([, id]) => Number(id));
    readers.push({ name, userId: Number(userId), groupIds: new Set([Number(groupId), ...joined]) });
  }
  return readers;
}

function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** Empty where there is no such file, or no longer. */
function contentsOf(path: string): string {
  return whereSeen(() => readFileSync(path, 'utf8'), '');
}

/** What a look shows; `otherwise` where this process may not look, or there is nothing. */
function whereSeen<Value, Otherwise>(look: () => Value, otherwise: Otherwise): Value | Otherwise {
  try {
    return look();
  } catch {
    return otherwise;
  }
}
