import { shownPath, type FilePath } from '../core/file-path.js';
import { OcspError } from '../core/ocsp-error.js';
import { formatDuration } from '../core/time.js';
import type { OwnProcess } from './lock-holder.js';
import { describeRunLockHolder, isInSight, isOfAnotherHost, type RunLockHolder } from './run-lock-holder.js';

/** A `lock-unusable` error: nothing at that path can serve as the run lock, and no run goes on without one. */
export function lockUnusable(path: FilePath, why: string, hint: string, cause?: unknown): OcspError {
  return new OcspError('lock-unusable', `cannot use the run lock ${shownPath(path)}: ${why}`, hint, { cause });
}

/** The `run-locked` error for a lock that another run held all the time. */
export function runLocked(
  path: FilePath,
  holder: RunLockHolder | undefined,
  own: OwnProcess,
  waitedMilliseconds: number,
): OcspError {
  if (holder !== undefined && isOfAnotherHost(holder, own))
    return lockedByAnotherHost(path, holder, own, waitedMilliseconds);
  const who = holder === undefined ? 'a run that cannot be named' : describeRunLockHolder(holder, own);
  const look =
    holder !== undefined && isInSight(holder, own) ? `ps -fp ${holder.pid}` : `fuser -v ${shownPath(path)} as root`;
  return new OcspError(
    'run-locked',
    `another run holds the lock ${shownPath(path)}: ${who}; waited ${formatDuration(waitedMilliseconds)}`,
    `see what it does: ${look}; wait longer with --lock-wait; the lock ends with that process, the file may stay`,
  );
}

/** The `run-locked` error for a lock that names a run of another host, which no kernel here can speak for. */
export function lockedByAnotherHost(
  path: FilePath,
  holder: RunLockHolder,
  own: OwnProcess,
  waitedMilliseconds: number,
): OcspError {
  return new OcspError(
    'run-locked',
    `the lock ${shownPath(path)} is held from another host: ${describeRunLockHolder(holder, own)}; ` +
      `waited ${formatDuration(waitedMilliseconds)}`,
    `see there whether process ${holder.pid} still runs; if it does not: truncate -s 0 ${shownPath(path)}; ` +
      `better, give each host a lock of its own with --lock`,
  );
}
