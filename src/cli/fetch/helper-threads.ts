import { availableParallelism } from 'node:os';
import { getAsset, isSea } from 'node:sea';
import { Worker } from 'node:worker_threads';
import type { HelperThreads } from '../../pipeline/fleet/threads/crew.js';
import type { ThreadSetting } from '../../pipeline/fleet/threads/thread-message.js';
import type { HttpClientOptions } from '../../transport/http-client.js';

/** More have nothing to do, since the first thread has to hear about every outcome; and each costs 20 MB. */
const mostThreads = 2;

/** One that grows beyond this ends: the first thread then does its work. */
const resourceLimits = { maxYoungGenerationSizeMb: 12, maxOldGenerationSizeMb: 64 };

/** What is the same for all threads of a run: plain data, since it is copied there. */
export interface ThreadSurroundings {
  readonly client: HttpClientOptions;
  /** In place of the clock's time. */
  readonly at: Date | undefined;
}

/** What a thread is started with. */
export interface ThreadData extends ThreadSurroundings {
  readonly setting: ThreadSetting;
}

/** The threads that may help with a fleet beside this one: one per processor. */
export function helperThreads({ client, at }: ThreadSurroundings): HelperThreads {
  return {
    count: Math.min(availableParallelism() - 1, mostThreads),
    start: (setting) => startThread({ setting, client, at }),
  };
}

const refusals: ReadonlySet<string | undefined> = new Set(['ERR_WORKER_INIT_FAILED', 'ERR_ACCESS_DENIED']);

function startThread(workerData: ThreadData): Worker | undefined {
  try {
    // The single executable has the code in itself.
    return isSea()
      ? new Worker(getAsset('fetch-thread', 'utf8'), { workerData, resourceLimits, eval: true })
      : new Worker(new URL('fetch-thread.cjs', import.meta.url), { workerData, resourceLimits });
  } catch (error) {
    // A limit on tasks, as of a service or a container, or Node's own permissions: this thread does it without helpers.
    if (refusals.has((error as NodeJS.ErrnoException).code)) return undefined;
    throw error;
  }
}
