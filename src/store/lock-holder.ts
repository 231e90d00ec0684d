import { readFileSync, readlinkSync } from 'node:fs';
import { definedOnly } from '../core/defined-only.js';

/** What the store must know about the process it runs in; the command-line floor fills it in. */
export interface OwnProcess {
  readonly pid: number;
  readonly effectiveUserId: number;
  readonly hostName: string;
  /** `kill(pid, 0)`: true also where the signal would not be permitted. */
  isProcessAlive(pid: number): boolean;
  /** The number of the thread that this is, where it is not the process's first. */
  readonly thread?: number;
  /** Threads of this process that are no more, whose locks are dead. */
  readonly lostThreads?: Set<number>;
}

/** The contents of a lock file: enough to tell a living holder from a dead one. Empty strings where there is no /proc. */
export interface LockHolder {
  readonly pid: number;
  /** Start time in clock ticks since boot, field 22 of /proc/PID/stat (proc_pid_stat(5)): tells a reused pid. */
  readonly processStart: string;
  readonly bootId: string;
  readonly pidNamespace: string;
  readonly host: string;
  /** The number of the thread, where it is not the process's first. */
  readonly thread?: number;
}

/** `unknowable`: of another host, another container, or unreadable; only its age can speak. */
export type HolderState = 'alive' | 'dead' | 'unknowable';

const knownHolders = new WeakMap<OwnProcess, LockHolder>();

/** This process as a lock holder, read from /proc once. */
export function holderOf(own: OwnProcess): LockHolder {
  const known = knownHolders.get(own);
  if (known !== undefined) return known;
  const holder: LockHolder = definedOnly({
    pid: own.pid,
    processStart: processStatus(own.pid)?.start ?? '',
    bootId: textOf(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')),
    pidNamespace: textOf(() => readlinkSync('/proc/self/ns/pid')),
    host: own.hostName,
    thread: own.thread,
  });
  knownHolders.set(own, holder);
  return holder;
}

/** Reads a lock file's contents; undefined when they are not what restaple writes. */
export function parseHolder(bytes: Uint8Array): LockHolder | undefined {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const fields = value as Readonly<Record<string, unknown>>;
  const pid = fields['pid'];
  // 0 and negative numbers would ask kill(2) about whole process groups.
  if (typeof pid !== 'number' || !Number.isInteger(pid) || pid <= 0 || pid > 0x7fffffff) return undefined;
  const processStart = textField(fields['processStart']);
  const bootId = textField(fields['bootId']);
  const pidNamespace = textField(fields['pidNamespace']);
  const host = textField(fields['host']);
  if (processStart === undefined || bootId === undefined || pidNamespace === undefined || host === undefined) {
    return undefined;
  }
  const { thread } = fields;
  return { pid, processStart, bootId, pidNamespace, host, ...(typeof thread === 'number' ? { thread } : {}) };
}

/** Does the process that wrote a lock still run? */
export function stateOfHolder(holder: LockHolder | undefined, own: OwnProcess): HolderState {
  if (holder === undefined) return 'unknowable';
  const self = holderOf(own);
  const bothBooted = holder.bootId !== '' && self.bootId !== '';
  if (bothBooted && holder.bootId !== self.bootId) {
    return holder.host === self.host && self.host !== '' ? 'dead' : 'unknowable';
  }
  const sameKernel = bothBooted || (holder.bootId === self.bootId && holder.host === self.host);
  if (!sameKernel || holder.pidNamespace !== self.pidNamespace) return 'unknowable';
  if (!isSameProcessRunning(holder, own)) return 'dead';
  const isOwn = holder.pid === self.pid && holder.processStart === self.processStart;
  return isOwn && holder.thread !== undefined && own.lostThreads?.has(holder.thread) === true ? 'dead' : 'alive';
}

function isSameProcessRunning(holder: LockHolder, own: OwnProcess): boolean {
  // kill(2) and not /proc decides that a pid is gone: hidepid hides living processes from /proc.
  if (!own.isProcessAlive(holder.pid)) return false;
  const status = processStatus(holder.pid);
  if (status === undefined) return true;
  // A killed process stays a zombie for as long as its parent does not wait for it.
  if (status.state === 'Z' || status.state === 'X') return false;
  return holder.processStart === '' || holder.processStart === status.start;
}

function processStatus(pid: number): { readonly state: string; readonly start: string } | undefined {
  const text = textOf(() => readFileSync(`/proc/${pid}/stat`, 'latin1'));
  // The command name, field 2, stands in parentheses and may itself contain spaces and parentheses.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, start] = [fields[0], fields[19]];
  return state === undefined || start === undefined ? undefined : { state, start };
}

function textOf(read: () => string): string {
  try {
    return read().trim();
  } catch {
    return '';
  }
}

function textField(value: unknown): string | undefined {
  return typeof value === 'string' && value.length <= 256 ? value : undefined;
}
