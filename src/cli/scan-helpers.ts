import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { ScanHelpers } from '../pipeline/scan/scan-threads.js';

/** More have nothing to do, since this thread has to hear of every outcome; and each costs 20 MB. */
const mostThreads = 2;

/** The threads that may judge the files of a fleet beside this one: a processor each. */
export function scanHelpers(): ScanHelpers {
  return {
    count: Math.min(availableParallelism() - 1, mostThreads),
    start: (setting) => new Worker(new URL(import.meta.resolve('#scan-thread')), { workerData: setting }),
  };
}
