import type * as FileSystem from 'node:fs';
import { existsSync, readFileSync, readdirSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { replaceStaple } from '../../../src/store/write-staple.js';
import { errorOf, makeFolder, optionsFor, pretendedResponse, removeFolder } from './support.js';

/** What the store asked of the system, in order, and how the next calls fail. */
const disk = vi.hoisted(() => ({
  calls: [] as string[],
  fsyncFailures: [] as (string | undefined)[],
  bytesAtOnce: Infinity,
  writeFailure: undefined as string | undefined,
  /** Called before the text of a lock is written. */
  onLockText: undefined as (() => void) | undefined,
}));

vi.mock('node:fs', async (importOriginal) => {
  const real = await importOriginal<typeof FileSystem>();
  const failure = (code: string, syscall: string) => Object.assign(new Error(code), { code, syscall });
  return {
    ...real,
    fsync(descriptor: number, done: (error: Error | null) => void) {
      disk.calls.push(real.fstatSync(descriptor).isDirectory() ? 'fsync folder' : 'fsync file');
      const code = disk.fsyncFailures.shift();
      if (code === undefined) real.fsync(descriptor, done);
      else done(failure(code, 'fsync'));
    },
    renameSync(from: string, to: string) {
      disk.calls.push('rename');
      real.renameSync(from, to);
    },
    writeFileSync(file: string | number, text: string) {
      if (typeof file === 'number') disk.onLockText?.();
      real.writeFileSync(file, text);
    },
    writeSync(descriptor: number, bytes: Uint8Array, offset = 0) {
      if (disk.writeFailure !== undefined) throw failure(disk.writeFailure, 'write');
      return real.writeSync(descriptor, bytes, offset, Math.min(disk.bytesAtOnce, bytes.length - offset));
    },
  };
});

const old = pretendedResponse('old');
const fresh = pretendedResponse('fresh', 5000);

let folder = '';
let staple = '';
beforeEach(() => {
  folder = makeFolder();
  staple = join(folder, 'a.ocsp');
  writeFileSync(staple, old);
  Object.assign(disk, {
    calls: [],
    fsyncFailures: [],
    bytesAtOnce: Infinity,
    writeFailure: undefined,
    onLockText: undefined,
  });
});
afterEach(() => removeFolder(folder));

describe('a staple on its way to the disk', () => {
  it('is flushed before the rename, and its folder after it', async () => {
    await replaceStaple(optionsFor(staple, fresh));
    expect(disk.calls).toEqual(['fsync file', 'rename', 'fsync folder']);
  });

  it('is not written under a lock that was taken away before it had its text', async () => {
    const lock = join(folder, '.a.ocsp.restaple-lock');
    const other = JSON.stringify({ pid: 1 });
    disk.onLockText = () => {
      disk.onLockText = undefined;
      unlinkSync(lock);
      writeFileSync(lock, other);
    };
    const error = await errorOf(replaceStaple(optionsFor(staple, fresh, { lockWaitMilliseconds: 50 })));
    expect(error.code).toBe('staple-locked');
    expect(readFileSync(lock, 'utf8')).toBe(other);
    expect(readFileSync(staple)).toEqual(old);
  });

  it('is only renamed where durability is not asked', async () => {
    await replaceStaple(optionsFor(staple, fresh, { durable: false }));
    expect(disk.calls).toEqual(['rename']);
  });

  it('is written whole when the system takes a few bytes at once', async () => {
    disk.bytesAtOnce = 7;
    await replaceStaple(optionsFor(staple, fresh));
    expect(readFileSync(staple)).toEqual(fresh);
  });

  it.each([
    ['EIO', 'the disk failed'],
    ['EDQUOT', 'the disk quota is used up'],
    ['ENOSPC', 'no space left'],
    ['EFBIG', 'EFBIG'],
  ])('leaves the old one when a write ends in %s', async (code, words) => {
    disk.writeFailure = code;
    const error = await errorOf(replaceStaple(optionsFor(staple, fresh)));
    expect(error.code).toBe('staple-unwritable');
    expect(error.message).toContain(words);
    expect(error.hint).not.toBe('');
    expect(readFileSync(staple)).toEqual(old);
    expect(readdirSync(folder)).toEqual(['a.ocsp']);
  });

  it('leaves the old one when the flush of the file fails', async () => {
    disk.fsyncFailures = ['EIO'];
    const error = await errorOf(replaceStaple(optionsFor(staple, fresh)));
    expect(error.message).toContain('the disk failed; what was stored is untouched');
    expect(disk.calls).toEqual(['fsync file']);
    expect(readFileSync(staple)).toEqual(old);
    expect(readdirSync(folder)).toEqual(['a.ocsp']);
  });

  it('is in place, and the error says so, when only the flush of the folder fails', async () => {
    disk.fsyncFailures = [undefined, 'EIO'];
    const error = await errorOf(replaceStaple(optionsFor(staple, fresh)));
    expect(error.code).toBe('staple-unwritable');
    expect(error.message).toContain('was replaced, but its folder could not be flushed to disk: EIO');
    expect(readFileSync(staple)).toEqual(fresh);
    expect(existsSync(join(folder, '.a.ocsp.restaple-lock'))).toBe(false);
  });

  it('does without the flush of the folder where the file system knows none', async () => {
    disk.fsyncFailures = [undefined, 'EINVAL'];
    expect(await replaceStaple(optionsFor(staple, fresh))).toMatchObject({ written: true });
  });
});
