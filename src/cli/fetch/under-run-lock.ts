import { ownProcess } from '../../library/own-process.js';
import type { FetchOrder } from './fetch-order.js';
import { acquireRunLock, releaseRunLock } from '../../store/run-lock.js';
import { runLockPlace } from './run-lock-place.js';

/**
 * Does the work while holding the run lock, where there is one: by --lock, or by a configuration file. What writes nothing
 * needs none.
 *
 * @throws OcspError `run-locked` naming the owner, `lock-unusable`, `interrupted`, and what the work throws
 */
export async function underRunLock<Result>(
  { flags, configurationFile: configPath }: FetchOrder,
  signal: AbortSignal,
  work: () => Promise<Result>,
): Promise<Result> {
  const place = flags['dry-run']
    ? undefined
    : runLockPlace({ lock: flags.lock, configPath }, process.env, process.geteuid?.() ?? 0);
  if (place === undefined) return await work();
  const lock = await acquireRunLock({
    ...place,
    waitMilliseconds: flags['lock-wait'],
    ownProcess: ownProcess(),
    now: () => new Date(),
    searchPath: process.env['PATH'],
    signal,
  });
  try {
    return await work();
  } finally {
    releaseRunLock(lock);
  }
}
