import { spawnSync } from 'node:child_process';
import { lstatSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { replaceStaple } from '../../../src/store/write-staple.js';
import { runChild } from './start-child.js';
import {
  dotFilesIn,
  errorOf,
  makeFolder,
  mountSmallFileSystem,
  nobody,
  optionsFor,
  pretendedResponse,
  removeFolder,
  runsAsRoot,
  unmount,
} from './support.js';

const old = pretendedResponse('old');
const fresh = pretendedResponse('fresh');

let folder = '';
let staple = '';
beforeEach(() => {
  folder = makeFolder();
  staple = join(folder, 'site.pem.ocsp');
});
afterEach(() => removeFolder(folder));

function mayMount(): boolean {
  const probe = runsAsRoot ? mountSmallFileSystem() : undefined;
  if (probe === undefined) return false;
  unmount(probe);
  removeFolder(dirname(probe));
  return true;
}

describe('what cannot be written', () => {
  it('is a staple in a missing folder', async () => {
    const error = await errorOf(replaceStaple(optionsFor(join(folder, 'none', 'a.ocsp'), fresh)));
    expect(error.code).toBe('staple-unwritable');
    expect(error.message).toContain('its folder does not exist');
    expect(error.hint).toContain(`create ${join(folder, 'none')}`);
  });

  it('is a staple below a file', async () => {
    writeFileSync(staple, old);
    const error = await errorOf(replaceStaple(optionsFor(join(staple, 'a.ocsp'), fresh)));
    expect(error).toMatchObject({ code: 'staple-unwritable' });
    expect(error.message).toContain('not a folder');
  });

  it('is a folder at the path of the staple', async () => {
    mkdirSync(staple);
    for (const path of [staple, `${staple}/`, `${folder}/none/`]) {
      const error = await errorOf(replaceStaple(optionsFor(path, fresh)));
      expect(error.code).toBe('staple-unwritable');
      expect(error.message).toContain('folder');
    }
    expect(statSync(staple).isDirectory()).toBe(true);
    expect(dotFilesIn(folder)).toEqual([]);
  });

  it('is a pipe or a device, without waiting for it', async () => {
    expect(spawnSync('mkfifo', [staple]).status).toBe(0);
    for (const path of [staple, '/dev/null']) {
      const error = await errorOf(replaceStaple(optionsFor(path, fresh)));
      expect(error.code).toBe('staple-unwritable');
      expect(error.message).toContain('not a regular file');
    }
    expect(lstatSync(staple).isFIFO()).toBe(true);
    expect(lstatSync('/dev/null').isCharacterDevice()).toBe(true);
  });

  it('is a name that the file system does not take, or with a NUL byte', async () => {
    const error = await errorOf(replaceStaple(optionsFor(join(folder, 'n'.repeat(256)), fresh)));
    expect(error).toMatchObject({ code: 'staple-unwritable', hint: 'choose a shorter name with --out' });
    expect((await errorOf(replaceStaple(optionsFor(`${staple}\0`, fresh)))).code).toBe('staple-unwritable');
  });

  it('is a staple that became a folder during the decision', async () => {
    const decide = () => {
      mkdirSync(staple);
      return 'write' as const;
    };
    const error = await errorOf(replaceStaple(optionsFor(staple, fresh, { decide })));
    expect(error.code).toBe('staple-unwritable');
    expect(error.message).toContain('it is a folder');
    expect(dotFilesIn(folder)).toEqual([]);
  });

  it('keeps a $& in a file name as it is in the hint', async () => {
    const error = await errorOf(replaceStaple(optionsFor(join(folder, '$&', 'a.ocsp'), fresh)));
    expect(error.hint).toContain(`create ${join(folder, '$&')}`);
  });

  it.runIf(runsAsRoot)('is a staple in a folder that this user may not write', async () => {
    writeFileSync(staple, old);
    const result = await runChild({ work: 'replace', path: staple }, nobody);
    expect(result).toMatchObject({ code: 'staple-unwritable' });
    expect(result.message).toContain('permission denied');
    expect(result.hint).toContain(folder);
    expect(readFileSync(staple)).toEqual(old);
    expect(dotFilesIn(folder)).toEqual([]);
  });
});

describe.runIf(mayMount())('on a file system of 16 KiB', () => {
  let small = '';
  beforeEach(() => {
    small = mountSmallFileSystem() ?? '';
  });
  afterEach(() => {
    unmount(small);
    removeFolder(dirname(small));
  });

  it('a full disk, a read-only mount and a mounted file each leave the old staple and say what to do', async () => {
    const path = join(small, 'a.ocsp');
    writeFileSync(path, old);
    const full = await errorOf(replaceStaple(optionsFor(path, pretendedResponse('big', 30_000))));
    expect(full).toMatchObject({ code: 'staple-unwritable', hint: `free space or inodes (df and df -i ${small})` });
    expect(full.message).toContain('no space left');
    writeFileSync(join(small, 'filler'), Buffer.alloc(3 * 4096));
    const noLock = await errorOf(replaceStaple(optionsFor(path, fresh)));
    expect(noLock.message).toContain('no space left');
    expect(readFileSync(path)).toEqual(old);
    expect(readdirSync(small).sort()).toEqual(['a.ocsp', 'filler']);

    expect(spawnSync('mount', ['-o', 'remount,ro', small]).status).toBe(0);
    const readOnly = await errorOf(replaceStaple(optionsFor(path, fresh)));
    expect(readOnly.message).toContain('mounted read-only');
    expect(readFileSync(path)).toEqual(old);

    writeFileSync(staple, old);
    expect(spawnSync('mount', ['--bind', path, staple]).status).toBe(0);
    const mounted = await errorOf(replaceStaple(optionsFor(staple, fresh))).finally(() => unmount(staple));
    expect(mounted.message).toContain('mount point of its own');
    expect(dotFilesIn(folder)).toEqual([]);
  });
});
