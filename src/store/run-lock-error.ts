import { shownPath, type FilePath } from '../core/file-path.js';
import { OcspError } from '../core/ocsp-error.js';
import { formatDuration } from '../core/time.js';
import type { LockHolder, OwnProcess } from './lock-holder.js';
import { describeRunLockHolder, isInSight, isOfAnotherHost } from './run-lock-holder.js';

/** A `lock-unusable` error: nothing at that path can serve as the run lock, and no run goes on without one. */
export function lockUnusable(path: FilePath, why: string, hint: string, cause?: unknown): OcspError {
  return new OcspError('lock-unusable', `cannot use the run lock ${shownPath(path)}: ${why}`, hint, { cause });
}

/** The `run-locked` error for a lock that another run held all the time, as far as its file names one. */
export function runLocked(
  path: FilePath,
  named: LockHolder | 'empty' | 'foreign',
  own: OwnProcess,
  waitedMilliseconds: number,
): OcspError {
  const lock = `the lock ${shownPath(path)}`;
  const waited = `waited ${formatDuration(waitedMilliseconds)}`;
  const holder = typeof named === 'string' ? undefined : named;
  const who = holder === undefined ? 'a run that cannot be named' : describeRunLockHolder(holder, own);
  // No kernel here can speak for a run of another host.
  if (holder !== undefined && isOfAnotherHost(holder, own)) {
    return new OcspError(
      'run-locked',
      `${lock} is held from another host: ${who}; ${waited}`,
      `see there whether process ${holder.pid} still runs; if it does not: truncate -s 0 ${shownPath(path)}; ` +
        `better, give each host a lock of its own with --lock`,
    );
  }
  const isNear = holder !== undefined && isInSight(holder, own);
  const look = isNear ? `ps -fp ${holder.pid}` : `fuser -v ${shownPath(path)} as root`;
  return new OcspError(
    'run-locked',
    `another run holds ${lock}: ${who}; ${waited}`,
    `see what it does: ${look}; wait longer with --lock-wait; the lock ends with that process, the file may stay`,
  );
}
