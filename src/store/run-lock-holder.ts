import { ftruncateSync, readSync, writeSync } from 'node:fs';

import { formatTime } from '../core/time.js';
import { quietly } from '../system/quietly.js';
import { holderOf, parseHolder, type LockHolder, type OwnProcess } from './lock-holder.js';

const largestContents = 4096;

/** Who an open lock file names; `empty` where it says nothing, `foreign` where it is something that restaple never wrote. Throws system errors. */
export function readRunLock(descriptor: number): LockHolder | 'empty' | 'foreign' {
  const buffer = Buffer.alloc(largestContents);
  const bytes = buffer.subarray(0, readSync(descriptor, buffer, 0, largestContents, 0));
  // Zeros are what some file systems leave of a write that a power cut ended.
  if (bytes.every((byte) => byte === 0)) return 'empty';
  return parseHolder(bytes) ?? 'foreign';
}

/** Names this process in an open lock file that it holds. */
export function writeRunLockHolder(descriptor: number, own: OwnProcess, now: Date): void {
  const holder: LockHolder = { ...holderOf(own), since: formatTime(now) };
  const bytes = Buffer.from(`${JSON.stringify(holder)}\n`);
  try {
    ftruncateSync(descriptor, 0);
    if (writeSync(descriptor, bytes, 0, bytes.length, 0) === bytes.length) return;
  } catch {
    // A full disk. The lock is the kernel's and it is held; only its name for people is missing.
  }
  clearRunLockHolder(descriptor);
}

/**
 * Empties a lock file. Never throws: the lock ends with the descriptor, whatever the file says, and a name that stays is
 * that of a process that has ended on this host.
 */
export function clearRunLockHolder(descriptor: number): void {
  quietly(() => ftruncateSync(descriptor, 0));
}

/**
 * Was the lock left by a host other than this one? The same boot is the same kernel, in whatever container; another
 * boot is another host, or this one before a restart, which its name tells.
 */
export function isOfAnotherHost(holder: LockHolder, own: OwnProcess): boolean {
  const self = holderOf(own);
  if (holder.bootId !== '' && holder.bootId === self.bootId) return false;
  return holder.host === '' || holder.host !== self.host;
}

/** Does the holder's pid mean the same process here? */
export function isInSight(holder: LockHolder, own: OwnProcess): boolean {
  const self = holderOf(own);
  return holder.bootId === self.bootId && holder.pidNamespace === self.pidNamespace;
}

/** `process 123 on HOST since TIME`. */
export function describeRunLockHolder(holder: LockHolder, own: OwnProcess): string {
  const self = holderOf(own);
  const container = holder.bootId === self.bootId && holder.pidNamespace !== self.pidNamespace;
  const where = holder.host === '' ? 'a host without a name' : holder.host;
  const since = (holder.since ?? '') === '' ? '' : ` since ${holder.since}`;
  return `process ${holder.pid} ${container ? 'of another container ' : ''}on ${where}${since}`;
}
