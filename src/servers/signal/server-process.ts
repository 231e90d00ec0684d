import { readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { TargetFailure } from '../whole-target.js';

/** A process that was looked at: a pid alone may belong to another one a moment later. */
export interface ServerProcess {
  readonly pid: number;
  /** In clock ticks since the start of the system (proc_pid_stat(5), field 22). */
  readonly startTime: string;
  /** The file that runs. */
  readonly executable: string;
  /** The effective user id. */
  readonly userId: number;
  /** The effective group and the supplementary ones. */
  readonly groupIds: ReadonlySet<number>;
}

/**
 * What runs under a process id, by /proc.
 *
 * @throws TargetFailure `not-running`, `permission-denied`
 */
export function inspectProcess(pid: number): ServerProcess {
  const startTime = startTimeOf(pid);
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    const userId = Number(/^Uid:\t\d+\t(\d+)/m.exec(status)?.[1] ?? NaN);
    const executable = readlinkSync(`/proc/${pid}/exe`);
    const groupId = /^Gid:\t\d+\t(\d+)/m.exec(status)?.[1] ?? '';
    const others = /^Groups:\t(.*)$/m.exec(status)?.[1] ?? '';
    const groupIds = new Set(`${groupId} ${others}`.trim().split(/\s+/).map(Number));
    return { pid, startTime, executable, userId, groupIds };
  } catch (error) {
    throw describe(pid, error);
  }
}

/** Whether the process still is the one that was looked at. A process id is used again, a start time with it is not. */
export function isStillRunning({ pid, startTime }: ServerProcess): boolean {
  try {
    return startTimeOf(pid) === startTime;
  } catch (error) {
    if (error instanceof TargetFailure) return false;
    throw error;
  }
}

/** The file's name, without what the kernel adds once an upgrade has replaced the file. */
export function programOf({ executable }: ServerProcess): string {
  return basename(executable.replace(/ \(deleted\)$/, ''));
}

function startTimeOf(pid: number): string {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch (error) {
    throw describe(pid, error);
  }
  // Field 2 is a name in parentheses, which may hold blanks and parentheses itself; state is field 3.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, startTime] = [fields[0], fields[19]];
  if (state === undefined || startTime === undefined) throw gone(pid);
  if (state === 'Z' || state === 'X') throw gone(pid);
  return startTime;
}

function describe(pid: number, error: unknown): TargetFailure {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT' || code === 'ESRCH') return gone(pid, error);
  if (code === 'EACCES' || code === 'EPERM') {
    return new TargetFailure(
      'permission-denied',
      `process ${pid} may not be looked at by this user`,
      'run as root or as the user that the server runs as',
      { cause: error },
    );
  }
  throw error;
}

function gone(pid: number, cause?: unknown): TargetFailure {
  return new TargetFailure(
    'not-running',
    `there is no process ${pid}: the pid file is left over`,
    'start the server; if it runs, name the pid file that it writes',
    { cause },
  );
}
