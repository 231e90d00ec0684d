import { isUtf8 } from 'node:buffer';
import { lstatSync, readlinkSync, statSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { OcspError } from '../../core/index.js';
import { folderOf, joinPath, shownPath, type FilePath } from '../../core/file-path.js';
import { handedOver } from '../../system/handed-over-pipe.js';
import { isSticky, mayOthersWrite, modeText, strangerAsOwner } from '../../system/owner-and-mode.js';
import { maximumLinks } from '../../system/pinned-folder.js';
import { readRegularFile } from '../../system/read-file.js';
import { systemErrorText } from '../../system/system-error.js';
import { ConfigurationError } from './configuration-error.js';

/** Enough for 50,000 certificates named one by one. */
const largestFile = 4 * 1024 * 1024;

/** The reason for these rules, part of each refusal. */
const reason = 'and it names commands that this user runs';

/**
 * The text of a configuration file. Since it names commands to run, nobody but root and the user of this run may have
 * written it, nor have put it there: the opened file is judged, each link that leads to it, and the folder of each. A
 * folder with the sticky bit is taken, for in it nobody replaces what is another's.
 *
 * @param effectiveUserId the user of this run
 * @throws OcspError `usage`, also for a file that cannot be read, is too large or is not UTF-8
 */
export function readConfigurationFile(path: string, effectiveUserId: number): string {
  if (path === '' || path.includes('\0'))
    throw new OcspError('usage', '--config: that is not a file name', 'name a file');
  const piped = handedOver(path);
  if (piped !== undefined) return textOf(path, piped);
  const file = withoutLinks(path, effectiveUserId);
  // A file that has become a link meanwhile is not followed.
  const { bytes, status } = attempt(path, () => readRegularFile(file, { limit: largestFile, followLinks: false }));
  if (!status.isFile()) {
    const what = status.isDirectory() ? 'a folder' : 'not a regular file';
    throw new OcspError('usage', `the configuration file ${path} is ${what}`, 'name a file with --config');
  }
  judge(`the configuration file ${path}`, status, effectiveUserId, {
    owner: `read it, then: chown root ${path}`,
    mode: `read it, then: chmod go-w ${path}`,
  });
  if (bytes !== undefined) return textOf(path, bytes);
  const message = `the configuration file ${path} is larger than ${largestFile} octets`;
  throw new OcspError('usage', message, 'name folders instead of files');
}

/** Whether something is there, be it a link that leads nowhere. */
export function isConfigurationThere(path: string): boolean {
  return attempt(path, () => lstatSync(path, { throwIfNoEntry: false })) !== undefined;
}

function withoutLinks(path: string, effectiveUserId: number): FilePath {
  let current: FilePath = path;
  for (let links = 0; links <= maximumLinks; links += 1) {
    const here: FilePath = current;
    const folder = folderOf(here);
    const name = shownPath(folder);
    const folderStatus = attempt(path, () => statSync(folder));
    judge(`the folder ${name} of the configuration file ${path}`, folderStatus, effectiveUserId, {
      owner: `chown root ${name}, or move the file to a folder that belongs to root`,
      mode: isSticky(folderStatus)
        ? undefined
        : `chmod go-w ${name}, or move the file to a folder that belongs to root`,
    });
    const status = attempt(path, () => lstatSync(here));
    if (!status.isSymbolicLink()) return here;
    judge(`${shownPath(here)} is a link that`, status, effectiveUserId, {
      owner: 'name the file itself with --config, or make the link again as root',
    });
    const target = attempt(path, () => readlinkSync(here, { encoding: 'buffer' }));
    current = joinPath(folder, target);
  }
  throw new OcspError('usage', `the configuration file ${path} is a loop of links`, 'name the file itself');
}

/** `hints`: what to do about another owner, and about a mode that lets others write; undefined where the mode may be any. */
function judge(
  what: string,
  status: Stats,
  effectiveUserId: number,
  hints: { readonly owner: string; readonly mode?: string | undefined },
): void {
  const stranger = strangerAsOwner(status, effectiveUserId);
  if (stranger !== undefined) throw new OcspError('usage', `${what} ${stranger}, ${reason}`, hints.owner);
  if (hints.mode === undefined || !mayOthersWrite(status)) return;
  const mode = modeText(status, 0o7777);
  throw new OcspError('usage', `${what} is writable by group or others (mode ${mode}), ${reason}`, hints.mode);
}

function textOf(path: string, bytes: Uint8Array): string {
  if (isUtf8(bytes)) return new TextDecoder().decode(bytes);
  let line = 1;
  for (let start = 0; ; line += 1) {
    const end = bytes.indexOf(0x0a, start);
    if (end < 0 || !isUtf8(bytes.subarray(start, end))) break;
    start = end + 1;
  }
  const text = 'the line is not UTF-8, expected UTF-8 text; if a file name is not UTF-8, name its folder';
  throw new ConfigurationError(path, [{ line, text }]);
}

function attempt<Result>(path: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (error instanceof OcspError) throw error;
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new OcspError(
      'usage',
      `the configuration file ${path} cannot be read: ${systemErrorText(error)}`,
      missing ? 'check the path after --config, and RESTAPLE_CONFIG' : 'run as a user who may read it, often root',
      { cause: error },
    );
  }
}
