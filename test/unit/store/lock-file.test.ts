import { existsSync, lstatSync, mkdirSync, readFileSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { isAtItsPath, releaseLockFile } from '../../../src/store/lock-file.js';
import { acquireLock, acquireLockNow } from '../../../src/store/staple-lock.js';
import { dotFilesIn, errorOf, lockText, makeFolder, ownProcess, pinned, removeFolder } from './support.js';

let folder = '';
beforeEach(() => (folder = makeFolder()));
afterEach(() => removeFolder(folder));

const staple = (name: string): string => join(folder, `${name}.ocsp`);
const lockOf = (name: string): string => join(folder, `.${name}.ocsp.restaple-lock`);
const inodeOf = (path: string): number => lstatSync(path).ino;

describe('locks of one folder that are held at once', () => {
  it('are names of one file, each gone with its own release', async () => {
    const locks = await Promise.all(['a', 'b', 'c'].map((name) => acquireLock(pinned(staple(name)), ownProcess, 50)));
    expect(new Set(['a', 'b', 'c'].map((name) => inodeOf(lockOf(name)))).size).toBe(1);
    expect(JSON.parse(readFileSync(lockOf('c'), 'utf8'))).toMatchObject({ pid: process.pid });
    releaseLockFile(locks[0]!);
    expect(dotFilesIn(folder)).toEqual(['.b.ocsp.restaple-lock', '.c.ocsp.restaple-lock']);
    expect(isAtItsPath(locks[0]!)).toBe(false);
    expect(isAtItsPath(locks[1]!)).toBe(true);
    releaseLockFile(locks[1]!);
    releaseLockFile(locks[2]!);
    expect(dotFilesIn(folder)).toEqual([]);
  });

  it('exclude each other as ever', async () => {
    const lock = await acquireLock(pinned(staple('a')), ownProcess, 50);
    expect(acquireLockNow(pinned(staple('a')), ownProcess)).toBeUndefined();
    expect((await errorOf(acquireLock(pinned(staple('a')), ownProcess, 20))).code).toBe('staple-locked');
    releaseLockFile(lock);
    const next = acquireLockNow(pinned(staple('a')), ownProcess);
    expect(next).toBeDefined();
    releaseLockFile(next!);
  });

  it('are not shared with another folder or another process', () => {
    mkdirSync(join(folder, 'sub'));
    const other = { ...ownProcess, hostName: 'elsewhere' };
    const locks = [
      acquireLockNow(pinned(staple('a')), ownProcess),
      acquireLockNow(pinned(join(folder, 'sub', 'a.ocsp')), ownProcess),
      acquireLockNow(pinned(staple('b')), other),
    ];
    const paths = [lockOf('a'), join(folder, 'sub', '.a.ocsp.restaple-lock'), lockOf('b')];
    expect(new Set(paths.map(inodeOf)).size).toBe(3);
    for (const lock of locks) releaseLockFile(lock!);
  });

  it('become young again, so that a long run does not look like one that stands still', async () => {
    const first = await acquireLock(pinned(staple('a')), ownProcess, 50);
    utimesSync(lockOf('a'), 1000, 1000);
    // The file is written again once a second at the most.
    await expect
      .poll(
        () => {
          const lock = acquireLockNow(pinned(staple('b')), ownProcess)!;
          const { mtimeMs } = lstatSync(lockOf('b'));
          releaseLockFile(lock);
          return mtimeMs;
        },
        { timeout: 20_000 },
      )
      .toBeGreaterThan(2_000_000);
    releaseLockFile(first);
  });
});

describe('a lock that another run took away meanwhile', () => {
  it('is not a companion: the next lock gets a file of its own', async () => {
    const first = await acquireLock(pinned(staple('a')), ownProcess, 50);
    writeFileSync(join(folder, 'other'), lockText({ pid: 1 }));
    renameSync(join(folder, 'other'), lockOf('a'));
    const second = acquireLockNow(pinned(staple('b')), ownProcess)!;
    expect(isAtItsPath(first)).toBe(false);
    expect(isAtItsPath(second)).toBe(true);
    expect(inodeOf(lockOf('b'))).not.toBe(inodeOf(lockOf('a')));
    expect(JSON.parse(readFileSync(lockOf('b'), 'utf8'))).toMatchObject({ pid: process.pid });
    releaseLockFile(first);
    releaseLockFile(second);
    expect(existsSync(lockOf('b'))).toBe(false);
    expect(readFileSync(lockOf('a'), 'utf8')).toBe(lockText({ pid: 1 }));
  });

  it('is not taken for held because this process has taken it once more', async () => {
    const companion = await acquireLock(pinned(staple('a')), ownProcess, 50);
    const first = await acquireLock(pinned(staple('b')), ownProcess, 50);
    renameSync(lockOf('b'), join(folder, 'taken-away'));
    const second = acquireLockNow(pinned(staple('b')), ownProcess)!;
    expect(inodeOf(lockOf('b'))).toBe(inodeOf(lockOf('a')));
    expect([isAtItsPath(first), isAtItsPath(second)]).toEqual([false, true]);
    releaseLockFile(first);
    expect(isAtItsPath(second)).toBe(true);
    releaseLockFile(second);
    releaseLockFile(companion);
    expect(dotFilesIn(folder)).toEqual([]);
  });
});
