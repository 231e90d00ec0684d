import type { Stats } from 'node:fs';
import { readRegularFile, type FoundFile } from '../../system/read-file.js';
import { isTrustedOwner, mayOthersWrite, modeText } from '../../system/owner-and-mode.js';
import { unlessRefused } from '../../system/system-error.js';
import { TargetFailure } from '../reload-result.js';

/** A pid and a line end, with room for blanks. */
const maximumOctets = 64;

/** The largest pid_max that Linux allows (proc_sys_kernel(5)). */
const maximumPid = 4_194_304;

/**
 * The process id in a server's pid file. The file must be a regular one, belong to root or the effective user, and be writable
 * by nobody else: who can write it chooses which process is signalled.
 *
 * @param program should have written it, for the hints
 * @throws TargetFailure `not-running` (no file), `permission-denied`, `pid-file-unsafe`
 */
export function readPidFile(path: string, program: string, effectiveUserId: number): number {
  const { bytes, status } = openPidFile(path, program);
  if (status.isSymbolicLink()) throw unsafe(`the pid file ${path} is a symbolic link`, program);
  if (bytes === undefined) throw unsafe(`the pid file ${path} is ${kindOf(status)}, not a file`, program);
  if (!isTrustedOwner(status.uid, effectiveUserId)) {
    throw unsafe(`the pid file ${path} belongs to user ${status.uid}, neither root nor this user`, program);
  }
  if (mayOthersWrite(status)) {
    const message = `the pid file ${path} can be written by others (mode ${modeText(status)})`;
    throw new TargetFailure(
      'pid-file-unsafe',
      message,
      `chmod go-w ${path}, and find out why it was writable: another user could have put any process there`,
    );
  }
  return pidIn(Buffer.from(bytes).toString('latin1'), path, program);
}

/** The pid file of this process among those of the usual packages; the first where none has it, or nothing runs. */
export function pidFileAmong(usual: readonly [string, ...string[]], pid: number | undefined): string {
  const textIn = (path: string): string =>
    unlessRefused(
      () => Buffer.from(readRegularFile(path, { limit: maximumOctets }).bytes ?? []).toString('latin1'),
      '',
    );
  return usual.find((path) => textIn(path).trim() === String(pid)) ?? usual[0];
}

function kindOf(status: Stats): string {
  if (status.isDirectory()) return 'a folder';
  return status.isSocket() ? 'a socket' : status.isFIFO() ? 'a pipe' : 'a device';
}

function openPidFile(path: string, program: string): FoundFile {
  try {
    return readRegularFile(path, { limit: maximumOctets + 1, onlyBeginning: true, followLinks: false });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new TargetFailure(
        'not-running',
        `${program} does not run, or writes another pid file: ${path} does not exist`,
        `start it, or name the pid file that its configuration has: ${program}:PIDFILE`,
        { cause: error },
      );
    }
    if (code === 'EACCES' || code === 'EPERM') {
      throw new TargetFailure(
        'permission-denied',
        `the pid file ${path} may not be read by this user`,
        'run as root or as the user that the server runs as',
        { cause: error },
      );
    }
    if (code === 'ELOOP') throw unsafe(`the pid file ${path} is a symbolic link`, program);
    throw unsafe(`the pid file ${path} could not be read: ${code}`, program);
  }
}

function pidIn(text: string, path: string, program: string): number {
  if (text.length <= maximumOctets && text.trim() === '') {
    throw new TargetFailure(
      'not-running',
      `the pid file ${path} is empty: ${program} is starting, or ended halfway`,
      `check with: systemctl status ${program}`,
    );
  }
  const digits = /^\s*([1-9]\d{0,6})\s*$/.exec(text)?.[1];
  const pid = Number(digits);
  if (digits === undefined || text.length > maximumOctets || pid > maximumPid) {
    throw unsafe(`the pid file ${path} does not hold one process id`, program);
  }
  return pid;
}

function unsafe(message: string, program: string): TargetFailure {
  return new TargetFailure(
    'pid-file-unsafe',
    message,
    `name the file that ${program} itself writes, as in its configuration`,
  );
}
