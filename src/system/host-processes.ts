import { readFileSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { rightsIn, type ProcessRights } from './running-process.js';
import { unlessRefused } from './system-error.js';

/** A process of this host, as /proc shows it to this user. */
export interface HostProcess extends ProcessRights {
  readonly pid: number;
  readonly parentPid: number;
  /** The file name of the executable; what the process calls itself where its executable is hidden from this user. */
  readonly program: string;
  /** The path of the executable; absent where it is hidden from this user. */
  readonly executable?: string;
  /** As they are now: a process may have rewritten them into one. */
  readonly arguments: readonly string[];
  /** Absent where it is hidden from this user. */
  readonly workingFolder?: string;
  /** The service of systemd that it is part of, as `NAME.service`. */
  readonly unit?: string;
  /** It runs in a root folder of its own, as in a container, where paths mean something else. */
  readonly hasOwnRoot: boolean;
}

/**
 * The processes of this host without those of the kernel, by /proc. One that ends meanwhile is left out.
 *
 * @throws the system's error where there is no such folder
 */
export function hostProcesses(procRoot = '/proc'): HostProcess[] {
  const ids = readdirSync(procRoot).filter((name) => /^[1-9]\d*$/.test(name));
  return ids.flatMap((id) => unlessRefused(() => processAt(join(procRoot, id), Number(id)), undefined) ?? []);
}

function processAt(folder: string, pid: number): HostProcess | undefined {
  const words = readFileSync(join(folder, 'cmdline'), 'utf8');
  const status = readFileSync(join(folder, 'status'), 'latin1');
  if (words === '') return undefined;
  const executable = unlessRefused(() => readlinkSync(join(folder, 'exe')).replace(/ \(deleted\)$/, ''), undefined);
  const workingFolder = unlessRefused(() => readlinkSync(join(folder, 'cwd')), undefined);
  const unit = unitIn(unlessRefused(() => readFileSync(join(folder, 'cgroup'), 'utf8'), ''));
  return {
    pid,
    parentPid: Number(/^PPid:\t(\d+)/m.exec(status)?.[1] ?? 0),
    program: executable === undefined ? (/^Name:\t(.*)/.exec(status)?.[1] ?? '') : basename(executable),
    ...(executable === undefined ? {} : { executable }),
    arguments: words.replace(/\0+$/, '').split('\0'),
    ...(workingFolder === undefined ? {} : { workingFolder }),
    ...(unit === undefined ? {} : { unit }),
    hasOwnRoot: unlessRefused(() => !isRootFolder(join(folder, 'root')), undefined) ?? false,
    ...rightsIn(status),
  };
}

/** The service among the control groups of a process (proc_pid_cgroup(5)); one of a user's own systemd is none. */
function unitIn(groups: string): string | undefined {
  return /:\/system\.slice\/(?:[^/\n]+\.slice\/)*([A-Za-z0-9:_.@\\-]+\.service)(?:\/|$)/m.exec(groups)?.[1];
}

function isRootFolder(root: string): boolean {
  const [ours, theirs] = [statSync('/'), statSync(`${root}/`)];
  return ours.dev === theirs.dev && ours.ino === theirs.ino;
}
