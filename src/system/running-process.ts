import { readFileSync, readlinkSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { systemErrorCode, unlessRefused } from './system-error.js';

/** A user and the groups that count for what it may do. */
export interface ProcessRights {
  /** The effective user id. */
  readonly userId: number;
  /** The effective group and the supplementary ones. */
  readonly groupIds: ReadonlySet<number>;
}

/** A process that was looked at: the pid may belong to another one a moment later. */
export interface RunningProcess extends ProcessRights {
  readonly pid: number;
  /** In clock ticks since the start of the system (proc_pid_stat(5), field 22). */
  readonly startTime: string;
  /** The file that runs. */
  readonly executable: string;
}

/** The effective user id of a process, by /proc. System errors are thrown as they are. */
export function userOf(pid: number): number {
  return rightsIn(readFileSync(`/proc/${pid}/status`, 'latin1')).userId;
}

/** What runs under a process id, by /proc; undefined where nothing does. System errors are thrown as they are. */
export function inspectProcess(pid: number): RunningProcess | undefined {
  try {
    const startTime = startTimeOf(pid);
    if (startTime === undefined) return undefined;
    const rights = rightsIn(readFileSync(`/proc/${pid}/status`, 'latin1'));
    return { pid, startTime, executable: readlinkSync(`/proc/${pid}/exe`), ...rights };
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** Whether the process still is the one that was looked at. A process id is used again, a start time with it is not. */
export function isStillRunning({ pid, startTime }: RunningProcess): boolean {
  try {
    return startTimeOf(pid) === startTime;
  } catch (error) {
    if (isGone(error)) return false;
    throw error;
  }
}

/** The words that a process was started with, as far as it has not written others over them; none of one that is gone or hidden. */
export function commandLineOf(pid: number): string[] {
  return unlessRefused(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8').replace(/\0+$/, '').split('\0'), []);
}

/** The running children of a process that was looked at, each as its process id and start. System errors are thrown as they are. */
export function childrenOf({ pid }: RunningProcess): string[] {
  const pids = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim();
  return pids
    .split(' ')
    .filter((child) => child !== '')
    .flatMap((child) => {
      try {
        const start = startTimeOf(Number(child));
        return start === undefined ? [] : [`${child} ${start}`];
      } catch (error) {
        if (isGone(error)) return [];
        throw error;
      }
    });
}

/** Whether the process runs the file that is at its path now, and sees the same file system: no upgrade has replaced it, and no container holds it. */
export function runsFileAtItsPath({ pid, executable }: RunningProcess): boolean {
  const [running, found] = [statSync(`/proc/${pid}/exe`), statSync(executable, { throwIfNoEntry: false })];
  return running.ino === found?.ino && running.dev === found.dev && readlinkSync(`/proc/${pid}/root`) === '/';
}

/** The file's name, without what the kernel adds once an upgrade has replaced the file. */
export function programOf({ executable }: RunningProcess): string {
  return basename(executable.replace(/ \(deleted\)$/, ''));
}

/** The rights in the text of /proc/PID/status; NaN for a user id that is not there. */
export function rightsIn(status: string): ProcessRights {
  // The effective ids are the second of the four.
  const idOf = (name: string): string | undefined => new RegExp(`^${name}:\\t\\d+\\t(\\d+)`, 'm').exec(status)?.[1];
  const others = /^Groups:\t(.*)$/m.exec(status)?.[1] ?? '';
  const groups = `${idOf('Gid') ?? ''} ${others}`.trim().split(/\s+/);
  return { userId: Number(idOf('Uid') ?? NaN), groupIds: new Set(groups.map(Number)) };
}

/** Undefined for a process that has ended and was not waited for. */
function startTimeOf(pid: number): string | undefined {
  const status = processStatus(pid);
  return status?.hasEnded === true ? undefined : status?.start;
}

/**
 * Whether a process has ended and only waits for its parent, and its start in clock ticks since the start of the system
 * (proc_pid_stat(5), fields 3 and 22). System errors are thrown as they are.
 */
export function processStatus(pid: number): { readonly hasEnded: boolean; readonly start: string } | undefined {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // Field 2 is a name in parentheses, which may hold blanks and parentheses itself; state is field 3.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const start = fields[19];
  return start === undefined ? undefined : { hasEnded: fields[0] === 'Z' || fields[0] === 'X', start };
}

function isGone(error: unknown): boolean {
  return ['ENOENT', 'ESRCH'].includes(systemErrorCode(error) ?? '');
}
