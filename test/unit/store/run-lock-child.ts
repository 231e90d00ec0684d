// Run as a process of its own by the tests of the run lock: one job, its results as lines.
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, unlinkSync, writeFileSync, writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

import { OcspError } from '../../../src/core/ocsp-error.js';
import { acquireRunLock, releaseRunLock } from '../../../src/store/run-lock.js';
import { runLockOptions, type RunLockJob } from './run-lock-support.js';

const job = JSON.parse(process.argv[2] ?? '') as RunLockJob;

try {
  await run();
} catch (error) {
  if (!(error instanceof OcspError)) throw error;
  say(JSON.stringify({ code: error.code, message: error.message, hint: error.hint }));
}

async function run(): Promise<void> {
  switch (job.work) {
    case 'take':
      releaseRunLock(await take());
      say('taken');
      return;
    case 'hold':
      await take();
      holdForever();
      return;
    case 'hold-with-hook': {
      await take();
      const hook = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
      say(`hook ${String(hook.pid)}`);
      holdForever();
      return;
    }
    case 'count':
      for (let index = 0; index < (job.times ?? 1); index++) await countOnce(job.counter ?? '');
      say('counted');
      return;
  }
}

function take(): ReturnType<typeof acquireRunLock> {
  return acquireRunLock(runLockOptions(job.path, { waitMilliseconds: job.waitMilliseconds ?? 0 }));
}

/** Read, pause, add one, write, with a mark that only one may set: whoever is not alone fails or loses a count. */
async function countOnce(counter: string): Promise<void> {
  const lock = await take();
  closeSync(openSync(`${counter}.alone`, 'wx'));
  const number = Number(readFileSync(counter, 'utf8'));
  await delay(1);
  writeFileSync(counter, String(number + 1));
  unlinkSync(`${counter}.alone`);
  releaseRunLock(lock);
}

function holdForever(): void {
  say('holding');
  setInterval(() => undefined, 60_000);
}

function say(line: string): void {
  writeSync(1, `${line}\n`);
}
