import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createLeftovers } from '../../../src/store/leftovers.js';
import { makeFolder, removeFolder } from './support.js';

let folder = '';
beforeEach(() => (folder = makeFolder()));
afterEach(() => removeFolder(folder));

describe('what dead runs left in a folder', () => {
  it('is a lock or a temporary file, beside its own staple alone', () => {
    for (const name of [
      '.a.ocsp.restaple-lock',
      '.b.ocsp.restaple-tmp',
      '.c.ocsp.restaple-revoked',
      'd.restaple-tmp',
    ]) {
      writeFileSync(join(folder, name), '');
    }
    const leftovers = createLeftovers();
    const found = ['a', 'b', 'c', 'd'].map((name) => leftovers.mayBeBeside(join(folder, `${name}.ocsp`)));
    expect(found).toEqual([true, true, false, false]);
  });

  it('is found by the bytes of a name that is not UTF-8, and by the hash of one that is too long', () => {
    const odd = Buffer.from([0x61, 0xff]);
    writeFileSync(Buffer.concat([Buffer.from(`${folder}/.`), odd, Buffer.from('.ocsp.restaple-tmp')]), '');
    const leftovers = createLeftovers();
    expect(leftovers.mayBeBeside(Buffer.concat([Buffer.from(`${folder}/`), odd, Buffer.from('.ocsp')]))).toBe(true);
    expect(leftovers.mayBeBeside(join(folder, `${'x'.repeat(250)}.ocsp`))).toBe(false);
  });

  it('may be there where the folder cannot be listed, as it may only be entered, or is none', () => {
    const leftovers = createLeftovers();
    expect(leftovers.mayBeBeside(join(folder, 'gone', 'a.ocsp'))).toBe(true);
  });

  it('is listed once a folder: what comes later is for the next scan', () => {
    const sub = join(folder, 'sub');
    mkdirSync(sub);
    const leftovers = createLeftovers();
    expect(leftovers.mayBeBeside(join(sub, 'a.ocsp'))).toBe(false);
    writeFileSync(join(folder, 'lock'), '');
    renameSync(join(folder, 'lock'), join(sub, '.a.ocsp.restaple-lock'));
    expect(leftovers.mayBeBeside(join(sub, 'a.ocsp'))).toBe(false);
    expect(createLeftovers().mayBeBeside(join(sub, 'a.ocsp'))).toBe(true);
  });
});
