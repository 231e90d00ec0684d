import { chownSync, existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { removeLeftoverTemporaryFile, removeOwnFile } from '../../../src/store/remove-file.js';
import { lockPath, revokedMarkPath, temporaryPath } from '../../../src/store/staple-path.js';
import { runChild } from './start-child.js';
import {
  deadProcessId,
  errorOf,
  lockText,
  makeFolder,
  nobody,
  ownProcess,
  removeFolder,
  runsAsRoot,
} from './support.js';

let folder = '';
let staple = '';
let mark = '';
beforeEach(() => {
  folder = makeFolder();
  staple = join(folder, 'a.ocsp');
  mark = revokedMarkPath(staple).toString();
});
afterEach(() => removeFolder(folder));

describe('removeOwnFile', () => {
  it('removes a file, and finds nothing the second time', async () => {
    writeFileSync(mark, 'x');
    expect(await removeOwnFile(mark, ownProcess)).toBe(true);
    expect(existsSync(mark)).toBe(false);
    expect(await removeOwnFile(mark, ownProcess)).toBe(false);
    expect(await removeOwnFile(join(folder, 'none', 'x'), ownProcess)).toBe(false);
  });

  it('refuses a link and a folder', async () => {
    writeFileSync(staple, 'x');
    symlinkSync('a.ocsp', mark);
    expect((await errorOf(removeOwnFile(mark, ownProcess))).code).toBe('staple-unsafe');
    expect(readdirSync(folder)).toHaveLength(2);
    mkdirSync(join(folder, 'd'));
    expect((await errorOf(removeOwnFile(join(folder, 'd'), ownProcess))).code).toBe('staple-unsafe');
  });

  it.runIf(runsAsRoot)("refuses another user's file, and fails where the folder may not be written", async () => {
    writeFileSync(mark, 'x');
    chownSync(mark, nobody, nobody);
    expect(await runChild({ work: 'remove-own', path: mark }, nobody)).toMatchObject({ code: 'staple-unwritable' });
    chownSync(folder, nobody, nobody);
    chownSync(mark, 1234, 1234);
    expect(await runChild({ work: 'remove-own', path: mark }, nobody)).toMatchObject({ code: 'staple-unsafe' });
    expect(existsSync(mark)).toBe(true);
    expect(await removeOwnFile(mark, ownProcess)).toBe(true);
  });
});

describe('removeLeftoverTemporaryFile', () => {
  it('finds nothing beside a staple without one, in a missing folder too', async () => {
    expect(await removeLeftoverTemporaryFile(staple, ownProcess)).toBe(false);
    expect(await removeLeftoverTemporaryFile(join(folder, 'none', 'a'), ownProcess)).toBe(false);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('removes what a killed run left, its lock too', async () => {
    writeFileSync(staple, 'old');
    writeFileSync(temporaryPath(staple), 'half');
    writeFileSync(lockPath(staple), lockText({ pid: deadProcessId() }));
    expect(await removeLeftoverTemporaryFile(staple, ownProcess)).toBe(true);
    expect(readdirSync(folder)).toEqual(['a.ocsp']);
    expect(readFileSync(staple, 'utf8')).toBe('old');
  });

  it('removes the lock alone that a run left which was killed after the rename', async () => {
    writeFileSync(staple, 'new');
    writeFileSync(lockPath(staple), lockText({ pid: deadProcessId() }));
    expect(await removeLeftoverTemporaryFile(staple, ownProcess)).toBe(true);
    expect(readdirSync(folder)).toEqual(['a.ocsp']);
  });

  it('leaves the file of a run that is writing now', async () => {
    writeFileSync(temporaryPath(staple), 'half');
    writeFileSync(lockPath(staple), lockText());
    expect(await removeLeftoverTemporaryFile(staple, ownProcess)).toBe(false);
    expect(readdirSync(folder)).toHaveLength(2);
  });

  it('refuses a planted link', async () => {
    writeFileSync(staple, 'old');
    symlinkSync('a.ocsp', temporaryPath(staple));
    expect((await errorOf(removeLeftoverTemporaryFile(staple, ownProcess))).code).toBe('staple-unsafe');
    expect(readFileSync(staple, 'utf8')).toBe('old');
    expect(existsSync(lockPath(staple))).toBe(false);
  });
});
