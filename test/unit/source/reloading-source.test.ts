import { mkdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';

import { createReloadingSource, type ReloadingSource } from '../../../src/source/reloading-source.js';
import { createTemporaryFolder } from '../../support/temporary-folder.js';

const folder = createTemporaryFolder();
afterAll(folder.remove);

const start = new Date('2026-03-01T12:00:00Z');
const after = (milliseconds: number): Date => new Date(start.getTime() + milliseconds);

let file = '';
let reads = 0;
let errors: unknown[] = [];
let reloads = 0;

beforeEach(() => {
  file = folder.write('source', 'one');
  reads = 0;
  errors = [];
  reloads = 0;
});

/** Replaces the file as programs do, so that no change depends on the clock's resolution. */
function replace(contents: string): void {
  writeFileSync(`${file}.new`, contents);
  renameSync(`${file}.new`, file);
}

function create(read?: (now: Date) => string | Promise<string>, paths = [file]): Promise<ReloadingSource<string>> {
  return createReloadingSource(
    paths,
    (now) => {
      reads += 1;
      if (read !== undefined) return read(now);
      const text = readFileSync(file, 'utf8');
      if (text === 'bad') throw new Error('malformed');
      return text;
    },
    {
      now: start,
      checkEveryMilliseconds: 1000,
      onError: (error) => errors.push(error),
      onReload: () => {
        reloads += 1;
      },
    },
  );
}

describe('a reloading source', () => {
  it('is read once while nothing changes', async () => {
    const source = await create();
    for (const milliseconds of [0, 500, 1000, 5000, 100_000]) {
      expect(await source.current(after(milliseconds))).toBe('one');
    }
    expect([reads, reloads, source.generation]).toEqual([1, 0, 1]);
  });

  it('is read again after a change, once its time has come', async () => {
    const source = await create();
    replace('two');
    expect(await source.current(after(999))).toBe('one');
    expect(await source.current(after(1000))).toBe('two');
    expect(await source.current(after(5000))).toBe('two');
    expect([reads, reloads, source.generation]).toEqual([2, 1, 2]);
  });

  it('is read again when size or time of the same file change', async () => {
    const source = await create();
    writeFileSync(file, 'longer');
    expect(await source.current(after(1000))).toBe('longer');
    utimesSync(file, 1, 1);
    await source.current(after(2000));
    expect(reads).toBe(3);
  });

  it('is read again when a folder gets another file', async () => {
    mkdirSync(folder.at('issued'));
    const source = await create(undefined, [file, folder.at('issued')]);
    folder.write('issued/01.pem', 'x');
    await source.current(after(1000));
    expect(reads).toBe(2);
  });

  it('keeps the last good value and says so once a change', async () => {
    const source = await create();
    replace('bad');
    expect(await source.current(after(1000))).toBe('one');
    expect(await source.current(after(2000))).toBe('one');
    expect(errors).toHaveLength(1);
    expect(source.generation).toBe(1);
    replace('two');
    expect(await source.current(after(3000))).toBe('two');
    expect([errors.length, source.generation]).toEqual([1, 2]);
  });

  it('reads a change that could not be read again, less and less often, until it can', async () => {
    let isBroken = false;
    const source = await create(() => {
      if (isBroken) throw new Error('too many open files');
      return readFileSync(file, 'utf8');
    });
    replace('two');
    isBroken = true;
    for (let second = 1; second <= 1000; second += 1) await source.current(after(second * 1000));
    expect(reads).toBeLessThan(30);
    expect(errors).toHaveLength(1);
    isBroken = false;
    expect(await source.current(after(1_100_000))).toBe('two');
    expect([reloads, source.generation]).toEqual([1, 2]);
  });

  it('keeps the last good value while the file is gone', async () => {
    const source = await create();
    rmSync(file);
    expect(await source.current(after(1000))).toBe('one');
    expect(errors).toHaveLength(1);
    writeFileSync(file, 'back');
    expect(await source.current(after(2000))).toBe('back');
  });

  it('finds a change that was made while it was read', async () => {
    let made = '';
    const source = await create(() => {
      made = readFileSync(file, 'utf8');
      if (made === 'one') replace('two');
      return made;
    });
    expect(await source.current(after(0))).toBe('one');
    expect(await source.current(after(1000))).toBe('two');
  });

  it('gives what it has while it is read', async () => {
    let release: (text: string) => void = () => undefined;
    const gate = new Promise<string>((resolve) => {
      release = resolve;
    });
    const source = await create((now) => (now === start ? 'one' : gate));
    replace('two');
    const waiting = source.current(after(1000));
    expect(await source.current(after(3000))).toBe('one');
    release('two');
    expect(await waiting).toBe('two');
    expect(await source.current(after(3000))).toBe('two');
    expect(reads).toBe(2);
  });

  it('goes on checking when the clock was set back', async () => {
    const source = await create();
    replace('two');
    expect(await source.current(after(-1_000_000))).toBe('two');
  });

  it('tells the reader the time', async () => {
    const source = await create((now) => now.toISOString());
    replace('two');
    expect(await source.current(after(1000))).toBe(after(1000).toISOString());
  });

  it('fails when the first reading fails', async () => {
    replace('bad');
    await expect(create()).rejects.toThrow('malformed');
    expect(errors).toEqual([]);
  });
});
