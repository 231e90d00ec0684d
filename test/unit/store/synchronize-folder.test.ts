import type * as FileSystem from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { synchronizeFolder } from '../../../src/store/synchronize-folder.js';
import { errorOf, makeFolder, pinned, removeFolder } from './support.js';

/** The flushes that the system was asked for; each ends when the test says so. */
const disk = vi.hoisted(() => ({ flushes: [] as ((error: Error | null) => void)[] }));

vi.mock('node:fs', async (importOriginal) => ({
  ...(await importOriginal<typeof FileSystem>()),
  fsync: (_descriptor: number, done: (error: Error | null) => void) => void disk.flushes.push(done),
}));

let folder = '';
beforeEach(() => {
  folder = makeFolder();
  disk.flushes = [];
});
afterEach(() => removeFolder(folder));

const turn = () => new Promise((resolve) => setImmediate(resolve));
const failure = Object.assign(new Error('EIO'), { code: 'EIO' });

/** A caller that has just renamed its staple: which flush served it. */
function renamed(name: string, inFolder = folder): { isServed: boolean; promise: Promise<void> } {
  const caller = { isServed: false, promise: synchronizeFolder(pinned(join(inFolder, name))) };
  void caller.promise.then(
    () => (caller.isServed = true),
    () => undefined,
  );
  return caller;
}

async function endFlush(number: number, error: Error | null = null): Promise<void> {
  disk.flushes[number]?.(error);
  await turn();
}

describe('the flush of a folder', () => {
  it('begins after the rename of each caller that it serves', async () => {
    const first = renamed('a');
    await turn();
    const [second, third] = [renamed('b'), renamed('c')];
    await turn();
    expect(disk.flushes).toHaveLength(1);
    await endFlush(0);
    expect([first, second, third].map(({ isServed }) => isServed)).toEqual([true, false, false]);
    expect(disk.flushes).toHaveLength(2);
    const fourth = renamed('d');
    await endFlush(1);
    expect([second, third, fourth].map(({ isServed }) => isServed)).toEqual([true, true, false]);
    expect(disk.flushes).toHaveLength(3);
    await endFlush(2);
    expect(fourth.isServed).toBe(true);
  });

  it('that is over serves nobody who comes in the very next step', async () => {
    const first = renamed('a');
    let late: ReturnType<typeof renamed> | undefined;
    void first.promise.then(() => (late = renamed('b')));
    await turn();
    await endFlush(0);
    expect(late?.isServed).toBe(false);
    await endFlush(1);
    expect(late?.isServed).toBe(true);
  });

  it('is shared by a fleet: a hundred renames meanwhile cost one more', async () => {
    const callers = [renamed('first')];
    for (let number = 0; number < 100; number += 1) callers.push(renamed(`${number}`));
    await endFlush(0);
    await endFlush(1);
    await Promise.all(callers.map(({ promise }) => promise));
    expect(disk.flushes).toHaveLength(2);
  });

  it('of one folder waits for no other', async () => {
    const other = makeFolder();
    renamed('a');
    const elsewhere = renamed('a', other);
    await endFlush(1);
    expect(elsewhere.isServed).toBe(true);
    await endFlush(0);
    removeFolder(other);
  });

  it('that fails tells everybody who shared it, each with the name of its own staple, and nobody else', async () => {
    const first = renamed('a');
    const [second, third] = [renamed('b'), renamed('c')];
    const errors = [second, third].map(({ promise }) => errorOf(promise));
    await endFlush(0);
    await endFlush(1, failure);
    expect(first.isServed).toBe(true);
    for (const [index, name] of ['b', 'c'].entries()) {
      const error = await errors[index]!;
      expect(error.code).toBe('staple-unwritable');
      expect(error.message).toContain(`${join(folder, name)} was replaced, but its folder could not be flushed`);
    }
  });

  it('that fails does not fail the next one', async () => {
    const first = errorOf(renamed('a').promise);
    const second = renamed('b');
    await endFlush(0, failure);
    expect((await first).code).toBe('staple-unwritable');
    await endFlush(1);
    expect(second.isServed).toBe(true);
    const third = renamed('c');
    await endFlush(2);
    expect(third.isServed).toBe(true);
  });
});
