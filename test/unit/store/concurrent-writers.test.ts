import { existsSync, readFileSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { readStaple } from '../../../src/store/staple-file.js';
import { replaceStaple } from '../../../src/store/write-staple.js';
import { startChild } from './start-child.js';
import {
  deadProcessId,
  dotFilesIn,
  lockText,
  makeFolder,
  optionsFor,
  pretendedResponse,
  removeFolder,
} from './support.js';

const fresh = pretendedResponse('fresh');
const impatient = { lockWaitMilliseconds: 50 };

let folder = '';
let staple = '';
let lock = '';
beforeEach(() => {
  folder = makeFolder();
  staple = join(folder, 'a.ocsp');
  lock = join(folder, '.a.ocsp.restaple-lock');
});
afterEach(() => removeFolder(folder));

/** Makes the lock look as old as one of a run that ended long ago. */
function age(seconds: number): void {
  const time = Date.now() / 1000 - seconds;
  utimesSync(lock, time, time);
}

async function expectTakenOver(): Promise<void> {
  expect(await replaceStaple(optionsFor(staple, fresh, impatient))).toMatchObject({ written: true });
  expect(readdirSync(folder)).toEqual(['a.ocsp']);
}

describe('writers at the same time', () => {
  it('in one process exclude each other', async () => {
    const jobs = Array.from({ length: 20 }, () => {
      const bytes = pretendedResponse('');
      const decide = (current: Uint8Array | null) => {
        const count = current === null ? 0 : Number.parseInt(Buffer.from(current).toString().slice(1), 10);
        bytes.set(pretendedResponse(`${count + 1} `));
        return 'write' as const;
      };
      return replaceStaple(optionsFor(staple, bytes, { decide, lockWaitMilliseconds: 30_000 }));
    });
    await Promise.all(jobs);
    expect(readFileSync(staple, 'utf8')).toMatch(/^020 /);
    expect(dotFilesIn(folder)).toEqual([]);
  });

  it('in two processes never put an older number over a newer one', async () => {
    const writers = [1, 2].map((first) =>
      startChild({ work: 'increasing', path: staple, numbers: { first, step: 2, count: 200 } }),
    );
    const state = { running: true };
    const ended = Promise.all(writers.map((writer) => writer.ended)).finally(() => (state.running = false));
    const seen: number[] = [];
    while (state.running) {
      const found = await readStaple(staple);
      if (found.state === 'present') seen.push(Number.parseInt(Buffer.from(found.bytes).toString().slice(1), 10));
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect((await ended).map((end) => end.output)).toEqual(['{"written":true}\n', '{"written":true}\n']);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(new Set(seen).size).toBeGreaterThan(5);
    expect(readFileSync(staple, 'utf8')).toMatch(/^0400 /);
    expect(readdirSync(folder)).toEqual(['a.ocsp']);
  }, 60_000);

  it('in four processes that keep finding dead locks lose no write', async () => {
    const deadLock = join(folder, 'dead');
    writeFileSync(deadLock, lockText({ pid: deadProcessId() }));
    writeFileSync(lock, readFileSync(deadLock));
    const numbers = { first: 0, step: 1, count: 50 };
    const writers = [1, 2, 3, 4].map(() => startChild({ work: 'count', path: staple, numbers, deadLock }));
    const outputs = (await Promise.all(writers.map((writer) => writer.ended))).map((end) => end.output);
    expect(outputs).toEqual(Array<string>(4).fill('{"written":true}\n'));
    expect(readFileSync(staple, 'utf8')).toMatch(/^0200 /);
    await replaceStaple(optionsFor(staple, fresh));
    expect(readdirSync(folder).sort()).toEqual(['a.ocsp', 'dead']);
  }, 60_000);

  it('leave the old staple or the new one, whole, when they are killed', async () => {
    for (const wait of [0, 1, 2, 3, 5, 8, 13, 21]) {
      const writer = startChild({ work: 'forever', path: staple });
      expect(await writer.firstLine).toBe('writing');
      await new Promise((resolve) => setTimeout(resolve, wait));
      writer.kill();
      await writer.ended;
      expect(readFileSync(staple, 'utf8')).toMatch(/^0(a{60000}|b{60000})$/);
      // Killed between the creation of its lock and the writing of its name: only age can tell.
      if (existsSync(lock) && readFileSync(lock).length === 0) age(90);
      await expectTakenOver();
    }
  }, 60_000);
});
