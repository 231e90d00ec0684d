import {
  chmodSync,
  chownSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { replaceStaple } from '../../../src/store/write-staple.js';
import {
  errorOf,
  isPretendedResponse,
  lockText,
  makeFolder,
  modeOf,
  optionsFor,
  ownProcess,
  pretendedResponse,
  removeFolder,
  runsAsRoot,
} from './support.js';

const old = pretendedResponse('old');
const fresh = pretendedResponse('fresh');

let folder = '';
let link = '';
let target = '';
beforeEach(() => {
  folder = makeFolder();
  mkdirSync(join(folder, 'links'), { mode: 0o755 });
  mkdirSync(join(folder, 'files'), { mode: 0o755 });
  link = join(folder, 'links', 'site.ocsp');
  target = join(folder, 'files', 'real.ocsp');
  writeFileSync(target, old);
  symlinkSync('../files/real.ocsp', link);
});
afterEach(() => removeFolder(folder));

async function expectRefused(words: string): Promise<void> {
  const before = readFileSync(target);
  const error = await errorOf(replaceStaple(optionsFor(link, fresh)));
  expect(error.code).toBe('staple-unsafe');
  expect(error.message).toContain(words);
  expect(error.hint).not.toBe('');
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  expect(readFileSync(target)).toEqual(before);
  expect(readdirSync(join(folder, 'links'))).toEqual(['site.ocsp']);
  expect(readdirSync(join(folder, 'files')).filter((name) => name.startsWith('.'))).toEqual([]);
}

describe('a symlinked staple', () => {
  it('has its target replaced and stays a link', async () => {
    chmodSync(target, 0o640);
    expect(await replaceStaple(optionsFor(link, fresh))).toEqual({ written: true, path: target });
    expect(readlinkSync(link)).toBe('../files/real.ocsp');
    expect(readFileSync(target)).toEqual(fresh);
    expect(modeOf(target)).toBe(0o640);
    expect(readdirSync(join(folder, 'links'))).toEqual(['site.ocsp']);
    expect(readdirSync(join(folder, 'files'))).toEqual(['real.ocsp']);
  });

  it('is resolved through an absolute link and through linked folders', async () => {
    symlinkSync(join(folder, 'files'), join(folder, 'alias'));
    unlinkSync(link);
    symlinkSync(join(folder, 'alias', 'real.ocsp'), link);
    expect(await replaceStaple(optionsFor(link, fresh))).toEqual({ written: true, path: target });
    expect(readFileSync(target)).toEqual(fresh);
  });

  it('may have an empty target', async () => {
    writeFileSync(target, '');
    await replaceStaple(optionsFor(link, fresh));
    expect(readFileSync(target)).toEqual(fresh);
  });

  it('may be named in bytes that are not UTF-8, and so may its target', async () => {
    const odd = (name: string) =>
      Buffer.concat([Buffer.from(`${folder}/${name}/`), Buffer.from([0xff]), Buffer.from('.ocsp')]);
    writeFileSync(odd('files'), old);
    symlinkSync(odd('files'), odd('links'));
    expect(await replaceStaple(optionsFor(odd('links'), fresh))).toEqual({ written: true, path: odd('files') });
    expect(readFileSync(odd('files'))).toEqual(fresh);
  });

  it('excludes a write to the target by its own name', async () => {
    let inside = '';
    const decide = () => {
      inside = readdirSync(join(folder, 'files')).join();
      return 'keep' as const;
    };
    await replaceStaple(optionsFor(link, fresh, { decide }));
    expect(inside).toContain('.real.ocsp.restaple-lock');
  });
});

describe('a symlinked staple is refused', () => {
  it('when it dangles', async () => {
    unlinkSync(link);
    symlinkSync('../files/none.ocsp', link);
    await expectRefused('dangling link');
  });

  it('when its target disappears during the wait for the lock', async () => {
    const lock = join(folder, 'files', '.real.ocsp.restaple-lock');
    writeFileSync(lock, lockText());
    setTimeout(() => {
      unlinkSync(target);
      unlinkSync(lock);
    }, 60);
    const error = await errorOf(replaceStaple(optionsFor(link, fresh)));
    expect(error.code).toBe('staple-unsafe');
    expect(error.message).toContain('dangling link');
    expect(readdirSync(join(folder, 'files'))).toEqual([]);
  });

  it('when its target is neither empty nor an OCSP response', async () => {
    writeFileSync(target, 'root:x:0:0::/root:/bin/sh\n');
    await expectRefused('neither empty nor an OCSP response');
  });

  it('when its target is larger than a staple', async () => {
    writeFileSync(target, Buffer.alloc(70_000, '0'));
    expect(isPretendedResponse(readFileSync(target))).toBe(true);
    await expectRefused('neither empty nor an OCSP response');
  });

  it('when it links to another link', async () => {
    symlinkSync('real.ocsp', join(folder, 'files', 'hop.ocsp'));
    unlinkSync(link);
    symlinkSync('../files/hop.ocsp', link);
    await expectRefused('which is a link again');
  });

  it('when it links to a folder or a device', async () => {
    for (const place of ['../files', '/dev/null']) {
      unlinkSync(link);
      symlinkSync(place, link);
      await expectRefused('not a regular file');
    }
  });

  it('when the folder of the link is writable by others', async () => {
    for (const mode of [0o775, 0o757, 0o1777]) {
      chmodSync(join(folder, 'links'), mode);
      await expectRefused('the folder of the link');
    }
  });

  it('when the folder of the target is writable by others', async () => {
    for (const mode of [0o775, 0o757, 0o1777]) {
      chmodSync(join(folder, 'files'), mode);
      await expectRefused('the folder of its target');
    }
  });

  it.runIf(runsAsRoot)('when the link belongs to another user', async () => {
    lchownSync(link, 1234, 1234);
    await expectRefused('the link itself belongs to user 1234');
  });

  it.runIf(runsAsRoot)('when one of the folders belongs to another user', async () => {
    for (const [name, words] of [
      ['links', 'the folder of the link'],
      ['files', 'the folder of its target'],
    ] as const) {
      chownSync(join(folder, name), 1234, 1234);
      await expectRefused(words);
      chownSync(join(folder, name), 0, 0);
    }
  });

  it.runIf(runsAsRoot)('not when all of it belongs to the effective user', async () => {
    lchownSync(link, 1234, 1234);
    chownSync(join(folder, 'links'), 1234, 1234);
    const own = { ...ownProcess, effectiveUserId: 1234 };
    expect(await replaceStaple(optionsFor(link, fresh, { ownProcess: own }))).toMatchObject({ written: true });
  });
});
