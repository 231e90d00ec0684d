import { isUtf8 } from 'node:buffer';
import { lstatSync, readlinkSync, statSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { OcspError } from '../../core/index.js';
import { folderOf, joinPath, shownPath, type FilePath } from '../../core/file-path.js';
import { isSticky, mayOthersWrite, modeText, strangerAsOwner } from '../../system/owner-and-mode.js';
import { maximumLinks } from '../../system/pinned-folder.js';
import { readRegularFile } from '../../system/read-file.js';
import { systemErrorText } from '../../system/system-error.js';
import { ConfigurationError } from './configuration-error.js';

/** Enough for 50,000 certificates named one by one. */
const largestFile = 4 * 1024 * 1024;

/** Permissions are shown with the sticky and set-id bits. */
const allBits = 0o7777;

/** Why all this: said in each refusal. */
const reason = 'and it names commands that this user runs';

/**
 * The text of a configuration file. Since it names commands to run, nobody but root and the user of this run may have
 * written it, nor have put it there: the opened file is judged, each link that leads to it, and the folder of each. A
 * folder with the sticky bit is taken, for in it nobody replaces what is another's.
 *
 * @param effectiveUserId the user of this run
 * @throws OcspError `usage`, also for a file that cannot be read, is too large or is no UTF-8
 */
export function readConfigurationFile(path: string, effectiveUserId: number): string {
  if (path === '' || path.includes('\0')) throw new OcspError('usage', '--config: that is no file name', 'name a file');
  const file = withoutLinks(path, effectiveUserId);
  // What has become a link by now is not followed.
  const { bytes, status } = attempt(path, () => readRegularFile(file, { limit: largestFile, followLinks: false }));
  judgeFile(path, status, effectiveUserId);
  if (bytes !== undefined) return textOf(path, bytes);
  const message = `the configuration file ${path} is larger than ${largestFile} octets`;
  throw new OcspError('usage', message, 'name folders in place of files');
}

/** Whether something is there, be it a link that leads nowhere. */
export function isConfigurationThere(path: string): boolean {
  return attempt(path, () => lstatSync(path, { throwIfNoEntry: false })) !== undefined;
}

function withoutLinks(path: string, effectiveUserId: number): FilePath {
  let current: FilePath = path;
  for (let links = 0; links <= maximumLinks; links += 1) {
    const folder = folderOf(current);
    const folderStatus = attempt(path, () => statSync(folder));
    judgeFolder(path, folder, folderStatus, effectiveUserId);
    const here: FilePath = current;
    const status = attempt(path, () => lstatSync(here));
    if (!status.isSymbolicLink()) return current;
    const stranger = strangerAsOwner(status, effectiveUserId);
    if (stranger !== undefined) {
      const hint = 'name the file itself with --config, or make the link again as root';
      throw refused(`${shownPath(current)} is a link that ${stranger}`, hint);
    }
    current = joinPath(
      folder,
      attempt(path, () => readlinkSync(here, { encoding: 'buffer' })),
    );
  }
  throw new OcspError('usage', `the configuration file ${path} is a circle of links`, 'name the file itself');
}

function judgeFolder(path: string, folder: FilePath, status: Stats, effectiveUserId: number): void {
  const name = shownPath(folder);
  const what = `the folder ${name} of the configuration file ${path}`;
  const stranger = strangerAsOwner(status, effectiveUserId);
  if (stranger !== undefined) {
    throw refused(`${what} ${stranger}`, `chown root ${name}, or move the file into a folder of root's`);
  }
  if (mayOthersWrite(status) && !isSticky(status)) {
    const message = `${what} is writable by group or others (mode ${modeText(status, allBits)})`;
    throw refused(message, `chmod go-w ${name}, or move the file into a folder of root's`);
  }
}

function judgeFile(path: string, status: Stats, effectiveUserId: number): void {
  if (!status.isFile()) {
    const what = status.isDirectory() ? 'a folder' : 'no regular file';
    throw new OcspError('usage', `the configuration file ${path} is ${what}`, 'name a file with --config');
  }
  const stranger = strangerAsOwner(status, effectiveUserId);
  if (stranger !== undefined) {
    throw refused(`the configuration file ${path} ${stranger}`, `read it, then: chown root ${path}`);
  }
  if (mayOthersWrite(status)) {
    const mode = modeText(status, allBits);
    const message = `the configuration file ${path} is writable by group or others (mode ${mode})`;
    throw refused(message, `read it, then: chmod go-w ${path}`);
  }
}

function refused(message: string, hint: string): OcspError {
  return new OcspError('usage', `${message}, ${reason}`, hint);
}

function textOf(path: string, bytes: Uint8Array): string {
  if (isUtf8(bytes))
    return Buffer.from(bytes)
      .toString('utf8')
      .replace(/^\u{feff}/u, '');
  let line = 1;
  for (let start = 0; ; line += 1) {
    const end = bytes.indexOf(0x0a, start);
    if (end < 0 || !isUtf8(bytes.subarray(start, end))) break;
    start = end + 1;
  }
  const text = 'the line is no UTF-8, expected UTF-8 text; a file whose name is none is named by its folder';
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
