import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { ScanSetting } from '../pipeline/scan/scan-message.js';
import type { ScanHelpers } from '../pipeline/scan/scan-threads.js';

/** More have nothing to do, since this thread has to hear of every outcome; and each costs 20 MB. */
const mostThreads = 2;

/** It judges one certificate at a time, and one that grows beyond this ends: the first thread then does its work. */
const resourceLimits = { maxYoungGenerationSizeMb: 12, maxOldGenerationSizeMb: 64 };

/** The threads that may judge the files of a fleet beside this one: a processor each. */
export function scanHelpers(): ScanHelpers {
  return {
    count: Math.min(availableParallelism() - 1, mostThreads),
    start: startThread,
  };
}

function startThread(workerData: ScanSetting): Worker | undefined {
  try {
    return new Worker(new URL(import.meta.resolve('#scan-thread')), { workerData, resourceLimits });
  } catch (error) {
    // A limit on tasks, as of a service or a container: this thread does it alone.
    if ((error as NodeJS.ErrnoException).code === 'ERR_WORKER_INIT_FAILED') return undefined;
    throw error;
  }
}
