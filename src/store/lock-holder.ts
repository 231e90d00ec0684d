import { readFileSync, readlinkSync } from 'node:fs';

import { definedOnly } from '../core/defined-only.js';
import { processStatus, userOf } from '../system/running-process.js';
import { jsonFieldsIn } from './json-fields.js';

/** What the store must know about the process it runs in; the command-line floor fills it in. */
export interface OwnProcess {
  readonly pid: number;
  readonly effectiveUserId: number;
  readonly hostName: string;
  /** `kill(pid, 0)`: true also where the signal would not be permitted. */
  isProcessAlive(pid: number): boolean;
  /** The number of the thread that this is, where it is not the process's first. */
  readonly thread?: number;
  /** Threads of this process that have ended, whose locks are dead. */
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
  /** When a run lock was taken, ISO 8601. */
  readonly since?: string;
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
    processStart: readable(() => processStatus(own.pid)?.start) ?? '',
    bootId: readable(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()) ?? '',
    pidNamespace: readable(() => readlinkSync('/proc/self/ns/pid')) ?? '',
    host: own.hostName,
    thread: own.thread,
  });
  knownHolders.set(own, holder);
  return holder;
}

/** Reads a lock file's contents; undefined when they are not what restaple writes. */
export function parseHolder(bytes: Uint8Array): LockHolder | undefined {
  const { pid, processStart, bootId, pidNamespace, host, thread, since } = jsonFieldsIn(bytes);
  // 0 and negative numbers would ask kill(2) about whole process groups.
  if (typeof pid !== 'number' || !Number.isInteger(pid) || pid <= 0 || pid > 0x7fffffff) return undefined;
  if (!isText(processStart) || !isText(bootId) || !isText(pidNamespace) || !isText(host)) return undefined;
  return {
    ...{ pid, processStart, bootId, pidNamespace, host },
    ...(typeof thread === 'number' ? { thread } : {}),
    ...(isText(since, 64) ? { since } : {}),
  };
}

/**
 * Does the process that wrote a lock still run?
 *
 * @param owner the user whose file it is, where only a process of that user can have written it: anybody may name any process
 */
export function stateOfHolder(holder: LockHolder | undefined, own: OwnProcess, owner?: number): HolderState {
  if (holder === undefined) return 'unknowable';
  const self = holderOf(own);
  const bothBooted = holder.bootId !== '' && self.bootId !== '';
  if (bothBooted && holder.bootId !== self.bootId) {
    return holder.host === self.host && self.host !== '' ? 'dead' : 'unknowable';
  }
  const sameKernel = bothBooted || (holder.bootId === self.bootId && holder.host === self.host);
  if (!sameKernel || holder.pidNamespace !== self.pidNamespace) return 'unknowable';
  if (!isSameProcessRunning(holder, own)) return 'dead';
  if (owner !== undefined && (readable(() => userOf(holder.pid)) ?? owner) !== owner) return 'dead';
  const isOwn = holder.pid === self.pid && holder.processStart === self.processStart;
  return isOwn && holder.thread !== undefined && own.lostThreads?.has(holder.thread) === true ? 'dead' : 'alive';
}

function isSameProcessRunning(holder: LockHolder, own: OwnProcess): boolean {
  // kill(2) and not /proc decides that a pid is gone: hidepid hides living processes from /proc.
  if (!own.isProcessAlive(holder.pid)) return false;
  const status = readable(() => processStatus(holder.pid));
  if (status === undefined) return true;
  return !status.hasEnded && (holder.processStart === '' || holder.processStart === status.start);
}

/** What /proc says; undefined where it says nothing. */
function readable<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function isText(value: unknown, longest = 256): value is string {
  return typeof value === 'string' && value.length <= longest;
}
