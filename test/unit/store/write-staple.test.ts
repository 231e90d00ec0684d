import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { replaceStaple } from '../../../src/store/write-staple.js';
import { runChild } from './start-child.js';
import {
  dotFilesIn,
  errorOf,
  makeFolder,
  modeOf,
  nobody,
  optionsFor,
  pretendedResponse,
  removeFolder,
  runsAsRoot,
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

function contents(path = staple): string {
  return readFileSync(path, 'latin1');
}

describe('replaceStaple', () => {
  it('writes a new staple and leaves nothing else behind', async () => {
    expect(await replaceStaple(optionsFor(staple, fresh))).toEqual({ written: true, path: staple });
    expect(readFileSync(staple)).toEqual(fresh);
    expect(readdirSync(folder)).toEqual(['site.pem.ocsp']);
  });

  it('shows the bytes on disk to the decision, null where there are none', async () => {
    const seen: (Uint8Array | null)[] = [];
    const decide = (current: Uint8Array | null) => {
      seen.push(current);
      return 'write' as const;
    };
    await replaceStaple(optionsFor(staple, old, { decide }));
    await replaceStaple(optionsFor(staple, fresh, { decide }));
    expect(seen).toEqual([null, new Uint8Array(old)]);
  });

  it('shows no bytes to the decision where the file is larger than a staple, and replaces it', async () => {
    writeFileSync(staple, Buffer.alloc(100_000, '0'));
    let seen: Uint8Array | null = null;
    const decide = (current: Uint8Array | null) => {
      seen = current;
      return 'write' as const;
    };
    await replaceStaple(optionsFor(staple, fresh, { decide }));
    expect(seen).toEqual(new Uint8Array(0));
    expect(readFileSync(staple)).toEqual(fresh);
  });

  it('leaves the very same file when the decision is to keep it', async () => {
    writeFileSync(staple, old);
    const before = statSync(staple);
    expect(await replaceStaple(optionsFor(staple, fresh, { decide: () => 'keep' }))).toEqual({
      written: false,
      path: staple,
    });
    expect(statSync(staple)).toMatchObject({ ino: before.ino, mtimeMs: before.mtimeMs });
    expect(dotFilesIn(folder)).toEqual([]);
  });

  it('passes on what the decision throws, with everything untouched', async () => {
    writeFileSync(staple, old);
    const trouble = new Error('older than stored');
    const decide = () => {
      throw trouble;
    };
    await expect(replaceStaple(optionsFor(staple, fresh, { decide }))).rejects.toBe(trouble);
    expect(readFileSync(staple)).toEqual(old);
    expect(dotFilesIn(folder)).toEqual([]);
  });

  it('writes without waiting for the disk where that is asked', async () => {
    await replaceStaple(optionsFor(staple, fresh, { durable: false }));
    expect(readFileSync(staple)).toEqual(fresh);
    expect(dotFilesIn(folder)).toEqual([]);
  });

  it('refuses to store nothing and to store more than 64 KiB', async () => {
    await expect(replaceStaple(optionsFor(staple, new Uint8Array(0)))).rejects.toThrow(TypeError);
    await expect(replaceStaple(optionsFor(staple, new Uint8Array(65_537)))).rejects.toThrow(TypeError);
    await replaceStaple(optionsFor(staple, new Uint8Array(65_536)));
    expect(statSync(staple).size).toBe(65_536);
  });

  it('keeps the mode of the old file, without set-user-id and its like', async () => {
    for (const [before, after] of [
      [0o640, 0o640],
      [0o600, 0o600],
      [0o666, 0o666],
      [0o4755, 0o755],
      [0o444, 0o444],
    ] as const) {
      writeFileSync(staple, old, { mode: 0o600 });
      chmodSync(staple, before);
      await replaceStaple(optionsFor(staple, fresh));
      expect(modeOf(staple)).toBe(after);
      chmodSync(staple, 0o600);
    }
  });

  it('gives a new file 0644 whatever the umask', async () => {
    expect(await runChild({ work: 'replace', path: staple, umask: 0o077 })).toMatchObject({ written: true });
    expect(modeOf(staple)).toBe(0o644);
  });

  it.runIf(runsAsRoot)('keeps owner and group of the old file', async () => {
    writeFileSync(staple, old, { mode: 0o640 });
    chownSync(staple, 1234, 4321);
    await replaceStaple(optionsFor(staple, fresh));
    expect(lstatSync(staple)).toMatchObject({ uid: 1234, gid: 4321 });
    expect(modeOf(staple)).toBe(0o640);
  });

  it.runIf(runsAsRoot)('writes nothing where the old owner cannot be restored', async () => {
    chownSync(folder, nobody, nobody);
    writeFileSync(staple, old, { mode: 0o644 });
    const result = await runChild({ work: 'replace', path: staple }, nobody);
    expect(result.code).toBe('staple-unwritable');
    expect(result.message).toContain(
      'it belongs to user 0 and group 0, and user 65534 of this run may not restore that',
    );
    expect(result.hint).toContain('run as root or as user 0');
    expect(readFileSync(staple)).toEqual(old);
    expect(dotFilesIn(folder)).toEqual([]);
  });

  it.runIf(runsAsRoot)('writes nothing where the old group cannot be restored', async () => {
    chownSync(folder, nobody, nobody);
    writeFileSync(staple, old);
    chownSync(staple, nobody, 0);
    expect((await runChild({ work: 'replace', path: staple }, nobody)).code).toBe('staple-unwritable');
    expect(readFileSync(staple)).toEqual(old);
    expect(dotFilesIn(folder)).toEqual([]);
  });

  it.runIf(runsAsRoot)('says who may read an old staple that this run may not', async () => {
    chownSync(folder, nobody, nobody);
    writeFileSync(staple, old, { mode: 0o600 });
    const result = await runChild({ work: 'replace', path: staple }, nobody);
    expect(result).toMatchObject({ code: 'staple-unwritable', hint: `run as root or as the owner of ${staple}` });
    expect(dotFilesIn(folder)).toEqual([]);
  });

  it('replaces names that are not UTF-8', async () => {
    const path = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xff, 0xfe, 0x2e])]);
    expect(await replaceStaple(optionsFor(path, fresh))).toEqual({ written: true, path });
    expect(readFileSync(path)).toEqual(fresh);
    expect(readdirSync(folder)).toHaveLength(1);
  });

  it('replaces names of 255 bytes', async () => {
    const path = join(folder, `${'n'.repeat(250)}.ocsp`);
    await replaceStaple(optionsFor(path, old));
    await replaceStaple(optionsFor(path, fresh));
    expect(readFileSync(path)).toEqual(fresh);
    expect(readdirSync(folder)).toHaveLength(1);
  });

  it('takes a bare name for one in the current folder', async () => {
    const result = await runChild({ work: 'replace', path: 'a.ocsp', folder });
    expect(result).toEqual({ written: true, path: 'a.ocsp' });
    expect(readdirSync(folder)).toEqual(['a.ocsp']);
  });
});

describe('a leftover temporary file', () => {
  it('of a dead run is removed', async () => {
    const leftover = join(folder, '.site.pem.ocsp.restaple-tmp');
    writeFileSync(leftover, 'half', { mode: 0o600 });
    await replaceStaple(optionsFor(staple, fresh));
    expect(readFileSync(staple)).toEqual(fresh);
    expect(dotFilesIn(folder)).toEqual([]);
  });

  it.runIf(runsAsRoot)('to which the dead run had already given the owner of the staple is removed', async () => {
    const leftover = join(folder, '.site.pem.ocsp.restaple-tmp');
    writeFileSync(leftover, 'half');
    writeFileSync(staple, old);
    chownSync(leftover, 1234, 1234);
    chownSync(staple, 1234, 1234);
    await replaceStaple(optionsFor(staple, fresh));
    expect(lstatSync(staple)).toMatchObject({ uid: 1234, gid: 1234 });
    expect(dotFilesIn(folder)).toEqual([]);
  });

  it('that is a planted link is refused, and neither its target nor the staple is touched', async () => {
    const victim = join(folder, 'victim');
    writeFileSync(victim, 'precious');
    writeFileSync(staple, old);
    symlinkSync(victim, join(folder, '.site.pem.ocsp.restaple-tmp'));
    const error = await errorOf(replaceStaple(optionsFor(staple, fresh)));
    expect(error.code).toBe('staple-unsafe');
    expect(error.message).toContain('not a regular file');
    expect(contents(victim)).toBe('precious');
    expect(readFileSync(staple)).toEqual(old);
    expect(dotFilesIn(folder)).toEqual(['.site.pem.ocsp.restaple-tmp']);
  });

  it('that is a dangling link, a folder or a pipe is refused', async () => {
    const planted = join(folder, '.site.pem.ocsp.restaple-tmp');
    const plants = [
      () => symlinkSync('nowhere', planted),
      () => mkdirSync(planted),
      () => expect(spawnSync('mkfifo', [planted]).status).toBe(0),
    ];
    for (const plant of plants) {
      plant();
      expect((await errorOf(replaceStaple(optionsFor(staple, fresh)))).code).toBe('staple-unsafe');
      expect(existsSync(staple)).toBe(false);
      expect(existsSync(join(folder, 'nowhere'))).toBe(false);
      removeFolder(planted);
    }
  });

  it.runIf(runsAsRoot)('of another user is refused, by root too', async () => {
    const planted = join(folder, '.site.pem.ocsp.restaple-tmp');
    writeFileSync(planted, 'x');
    chownSync(planted, 1234, 1234);
    const error = await errorOf(replaceStaple(optionsFor(staple, fresh)));
    expect(error.code).toBe('staple-unsafe');
    expect(error.message).toContain('belongs to user 1234');
    expect(contents(planted)).toBe('x');
  });
});
