// Run as a process of its own by the store's tests: one job, its result as one JSON line.
import { linkSync, writeSync } from 'node:fs';

import { OcspError } from '../../../src/core/ocsp-error.js';
import { removeOwnFile } from '../../../src/store/remove-file.js';
import { lockPath } from '../../../src/store/staple-path.js';
import { replaceStaple } from '../../../src/store/write-staple.js';
import { optionsFor, ownProcess, pretendedResponse, type ChildJob } from './support.js';

const job = JSON.parse(process.argv[2] ?? '') as ChildJob;
const wait = job.lockWaitMilliseconds === undefined ? {} : { lockWaitMilliseconds: job.lockWaitMilliseconds };
if (job.folder !== undefined) process.chdir(job.folder);
if (job.umask !== undefined) process.umask(job.umask);

try {
  say(await run());
} catch (error) {
  if (!(error instanceof OcspError)) throw error;
  say({ code: error.code, message: error.message, hint: error.hint });
}

async function run(): Promise<object> {
  const bytes = Buffer.from(job.bytes ?? '0new staple', 'latin1');
  switch (job.work) {
    case 'replace':
      return replaceStaple(optionsFor(job.path, bytes, wait));
    case 'remove-own':
      return { written: await removeOwnFile(job.path, ownProcess) };
    case 'increasing':
      return writeIncreasing();
    case 'count':
      return countUp();
    case 'hold':
      return replaceStaple(optionsFor(job.path, bytes, { decide: holdForever }));
    case 'forever':
      return writeForever();
  }
}

async function writeIncreasing(): Promise<object> {
  const { first, step, count } = job.numbers!;
  for (let index = 0; index < count; index++) {
    const number = first + index * step;
    const decide = (current: Uint8Array | null) => (numberIn(current) < number ? 'write' : 'keep');
    await replaceStaple(
      optionsFor(job.path, pretendedResponse(`${number} `), { decide, lockWaitMilliseconds: 60_000 }),
    );
  }
  return { written: true };
}

/** Read, add one, write: a single write that is not alone loses a count. */
async function countUp(): Promise<object> {
  for (let index = 0; index < job.numbers!.count; index++) {
    const bytes = pretendedResponse('');
    const decide = (current: Uint8Array | null) => {
      bytes.set(pretendedResponse(`${numberIn(current) + 1} `));
      return 'write' as const;
    };
    await replaceStaple(
      optionsFor(job.path, bytes, { decide, durable: index % 2 === 0, lockWaitMilliseconds: 60_000 }),
    );
    if (job.deadLock !== undefined) plant(job.deadLock);
  }
  return { written: true };
}

function plant(deadLock: string): void {
  try {
    linkSync(deadLock, lockPath(job.path));
  } catch {
    // Somebody holds it.
  }
}

function holdForever(): 'write' {
  writeSync(1, 'holding\n');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  return 'write';
}

async function writeForever(): Promise<never> {
  for (let index = 0; ; index++) {
    const letter = index % 2 === 0 ? 'a' : 'b';
    const durable = index % 4 < 2;
    await replaceStaple(optionsFor(job.path, Buffer.from(`0${letter.repeat(60_000)}`), { durable }));
    if (index === 0) writeSync(1, 'writing\n');
  }
}

function numberIn(bytes: Uint8Array | null): number {
  return bytes === null ? 0 : Number.parseInt(Buffer.from(bytes).subarray(1).toString(), 10);
}

function say(result: object): void {
  writeSync(1, `${JSON.stringify(result)}\n`);
}
