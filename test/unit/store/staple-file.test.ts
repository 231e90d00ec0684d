import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { readStaple } from '../../../src/store/staple-file.js';
import { readableModule } from '../../support/readable-copy.js';
import { errorOf, makeFolder, removeFolder, runsAsRoot } from './support.js';

let folder = '';
beforeEach(() => {
  folder = makeFolder();
});
afterEach(() => removeFolder(folder));

describe('readStaple', () => {
  it('gives the bytes and the path of a file', async () => {
    const path = join(folder, 'a.ocsp');
    writeFileSync(path, 'bytes');
    expect(await readStaple(path)).toEqual({ state: 'present', bytes: new Uint8Array(Buffer.from('bytes')), path });
  });

  it('gives no bytes for an empty file', async () => {
    const path = join(folder, 'a.ocsp');
    writeFileSync(path, '');
    expect(await readStaple(path)).toEqual({ state: 'present', bytes: new Uint8Array(0), path });
  });

  it('says missing for a missing file, a missing folder, a file in the place of the folder and a dangling link', async () => {
    writeFileSync(join(folder, 'file'), '');
    symlinkSync('nowhere', join(folder, 'link'));
    for (const name of ['a.ocsp', 'none/a.ocsp', 'file/a.ocsp', 'link']) {
      expect(await readStaple(join(folder, name))).toEqual({ state: 'missing' });
    }
  });

  it('gives the real path of a link', async () => {
    const path = join(folder, 'real.ocsp');
    writeFileSync(path, 'bytes');
    symlinkSync('real.ocsp', join(folder, 'link.ocsp'));
    expect(await readStaple(join(folder, 'link.ocsp'))).toMatchObject({ state: 'present', path });
  });

  it('reads names that are not UTF-8, also through a link', async () => {
    const path = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xff, 0xfe])]);
    const link = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xfd])]);
    writeFileSync(path, 'bytes');
    symlinkSync(path, link);
    expect(await readStaple(path)).toMatchObject({ state: 'present', path });
    expect(await readStaple(link)).toMatchObject({ state: 'present', path });
  });

  it('takes 64 KiB and finds one byte more unusable', async () => {
    const path = join(folder, 'a.ocsp');
    writeFileSync(path, Buffer.alloc(64 * 1024));
    expect(await readStaple(path)).toMatchObject({ state: 'present' });
    writeFileSync(path, Buffer.alloc(64 * 1024 + 1));
    expect(await readStaple(path)).toEqual({ state: 'unusable', reason: 'too-large', path });
  });

  it('finds a folder unusable', async () => {
    mkdirSync(join(folder, 'a.ocsp'));
    expect(await readStaple(join(folder, 'a.ocsp'))).toMatchObject({ state: 'unusable', reason: 'folder' });
  });

  it('does not wait on a pipe, reached by name or through a link', async () => {
    const path = join(folder, 'pipe');
    expect(spawnSync('mkfifo', [path]).status).toBe(0);
    symlinkSync('pipe', join(folder, 'link'));
    expect(await readStaple(path)).toEqual({ state: 'unusable', reason: 'special-file', path });
    expect(await readStaple(join(folder, 'link'))).toEqual({ state: 'unusable', reason: 'special-file', path });
  });

  it('fails on links in a circle', async () => {
    symlinkSync('b', join(folder, 'a'));
    symlinkSync('a', join(folder, 'b'));
    expect((await errorOf(readStaple(join(folder, 'a')))).code).toBe('file-unreadable');
  });

  it('fails on a name with a NUL byte', async () => {
    expect((await errorOf(readStaple(`${folder}/a\0b`))).code).toBe('file-unreadable');
    expect((await errorOf(readStaple(Buffer.from(`${folder}/a\0b`)))).code).toBe('file-unreadable');
  });

  it.runIf(runsAsRoot)('fails on a file that this user may not read', () => {
    const path = join(folder, 'a.ocsp');
    writeFileSync(path, 'secret', { mode: 0o600 });
    const module = readableModule(fileURLToPath(new URL('../../../src/store/staple-file.ts', import.meta.url)));
    const script = `import(process.argv[1]).then((m) => m.readStaple(process.argv[2]))
      .then(() => console.log('read'), (error) => console.log(error.code, error.message))`;
    const child = spawnSync(process.execPath, ['-e', script, module, path], {
      uid: 65534,
      gid: 65534,
      encoding: 'utf8',
    });
    expect(child.stdout).toBe(`file-unreadable cannot read ${path}: permission denied\n`);
  });
});
