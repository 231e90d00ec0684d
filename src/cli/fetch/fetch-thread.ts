// A thread of `fetch` that helps the first one with a fleet, until that is through.
import { randomBytes } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { serveCrew } from '../../pipeline/fleet/threads/serve-crew.js';
import type { ToThread } from '../../pipeline/fleet/threads/thread-message.js';
import { createHttpClient } from '../../transport/http-client.js';
import type { ThreadData } from './helper-threads.js';
import { ownProcess } from '../../library/own-process.js';

const { setting, at, client } = workerData as ThreadData;

const hear = serveCrew(setting, {
  client: createHttpClient(client),
  ownProcess: ownProcess(),
  now: () => at ?? new Date(),
  randomBytes: (count) => randomBytes(count),
  post: (messages) => parentPort?.postMessage(messages),
  end: () => parentPort?.close(),
});

parentPort?.on('message', (messages: readonly ToThread[]) => hear(messages));
