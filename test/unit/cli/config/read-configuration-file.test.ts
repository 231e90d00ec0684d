import { chmodSync, chownSync, lchownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { isConfigurationThere, readConfigurationFile } from '../../../../src/cli/config/read-configuration-file.js';
import { createTemporaryFolder, type TemporaryFolder } from '../../../support/temporary-folder.js';

const own = process.geteuid!();
const stranger = 54_321;
const isRoot = own === 0;

let folder: TemporaryFolder;
beforeEach(() => {
  folder = createTemporaryFolder();
});
afterEach(() => folder.remove());

function refusal(path: string, user = own): { code: string; message: string; hint: string } {
  try {
    readConfigurationFile(path, user);
  } catch (error) {
    return error as { code: string; message: string; hint: string };
  }
  throw new Error(`${path} was read`);
}

describe('the configuration file', () => {
  it('is read where root or the user of the run owns it and nobody else may write it', () => {
    expect(readConfigurationFile(folder.write('a.yaml', 'a: 1\n', 0o644), own)).toBe('a: 1\n');
    expect(readConfigurationFile(folder.write('b.yaml', '\u{feff}b: 1\n', 0o400), own)).toBe('b: 1\n');
  });

  it.each([0o664, 0o646, 0o666, 0o620, 0o602])('is refused with mode %o', (mode) => {
    const path = folder.write('a.yaml', 'a: 1\n', mode);
    const { code, message, hint } = refusal(path);
    expect(code).toBe('usage');
    expect(message).toBe(
      `the configuration file ${path} is writable by group or others (mode 0${mode.toString(8)}), and it names commands that this user runs`,
    );
    expect(hint).toBe(`read it, then: chmod go-w ${path}`);
  });

  it('is refused for a user who is neither its owner nor root’s heir', () => {
    // The owner of the test's own files stands for the other user, so that this needs no root.
    const path = folder.write('a.yaml', 'a: 1\n');
    if (isRoot) chownSync(path, stranger, stranger);
    const { message } = refusal(path, isRoot ? own : own + 1);
    expect(message).toMatch(/belongs to user \d+, neither root nor the user of this run/);
  });

  it.runIf(isRoot)('of root is read by everybody, of another user by nobody else', () => {
    const path = folder.write('a.yaml', 'a: 1\n');
    expect(readConfigurationFile(path, stranger)).toBe('a: 1\n');
    chownSync(path, stranger, stranger);
    expect(readConfigurationFile(path, stranger)).toBe('a: 1\n');
    expect(refusal(path).message).toContain(`belongs to user ${stranger}, neither root nor the user`);
    expect(refusal(path, stranger + 1).message).toContain(`belongs to user ${stranger}`);
  });

  it('is refused in a folder that others may write, unless that is sticky', () => {
    const path = folder.write('open/a.yaml', 'a: 1\n');
    for (const mode of [0o775, 0o757, 0o777]) {
      chmodSync(folder.at('open'), mode);
      const { message, hint } = refusal(path);
      expect(message).toContain(`the folder ${folder.at('open')} of the configuration file ${path} is writable`);
      expect(hint).toMatch(/^chmod go-w /);
    }
    chmodSync(folder.at('open'), 0o1777);
    expect(readConfigurationFile(path, own)).toBe('a: 1\n');
  });

  it.runIf(isRoot)('is refused in the folder of another user', () => {
    const path = folder.write('theirs/a.yaml', 'a: 1\n');
    chownSync(folder.at('theirs'), stranger, stranger);
    expect(refusal(path).message).toContain(`the folder ${folder.at('theirs')}`);
  });

  it('may be a chain of links, absolute and relative, each judged with its folder', () => {
    const path = folder.write('real/a.yaml', 'a: 1\n');
    mkdirSync(folder.at('alternatives'));
    symlinkSync(path, folder.at('alternatives', 'restaple'));
    symlinkSync('alternatives/restaple', folder.at('restaple.yaml'));
    expect(readConfigurationFile(folder.at('restaple.yaml'), own)).toBe('a: 1\n');

    chmodSync(folder.at('alternatives'), 0o777);
    expect(refusal(folder.at('restaple.yaml')).message).toContain(`the folder ${folder.at('alternatives')} of`);
    chmodSync(folder.at('alternatives'), 0o755);
    chmodSync(folder.at('real'), 0o777);
    expect(refusal(folder.at('restaple.yaml')).message).toContain(`the folder ${folder.at('real')} of`);
    chmodSync(folder.at('real'), 0o755);
    chmodSync(path, 0o666);
    expect(refusal(folder.at('restaple.yaml')).message).toContain('is writable by group or others (mode 0666)');
  });

  it.runIf(isRoot)('is refused behind a link of another user', () => {
    const path = folder.write('a.yaml', 'a: 1\n');
    symlinkSync(path, folder.at('link.yaml'));
    lchownSync(folder.at('link.yaml'), stranger, stranger);
    expect(refusal(folder.at('link.yaml')).message).toContain('is a link that belongs to user');
  });

  it('is not a folder, pipe or circle, and is never waited for', () => {
    mkdirSync(folder.at('d'));
    expect(refusal(folder.at('d')).message).toMatch(/is a folder$/);
    execFileSync('mkfifo', ['-m', '600', folder.at('pipe')]);
    expect(refusal(folder.at('pipe')).message).toMatch(/is not a regular file$/);
    symlinkSync('b', folder.at('a'));
    symlinkSync('a', folder.at('b'));
    expect(refusal(folder.at('a')).message).toMatch(/loop of links$/);
    expect(refusal('').message).toContain('not a file name');
    expect(refusal('a\0b').message).toContain('not a file name');
  });

  it('that is missing is a mistake, a link that leads nowhere too', () => {
    expect(refusal(folder.at('none.yaml'))).toMatchObject({
      code: 'usage',
      message: `the configuration file ${folder.at('none.yaml')} cannot be read: it does not exist`,
      hint: 'check the path after --config, and RESTAPLE_CONFIG',
    });
    symlinkSync('nowhere', folder.at('dangling'));
    expect(refusal(folder.at('dangling')).message).toMatch(/it does not exist$/);
    expect(isConfigurationThere(folder.at('dangling'))).toBe(true);
    expect(isConfigurationThere(folder.at('none.yaml'))).toBe(false);
  });

  it('has a size that is bounded', () => {
    const path = folder.at('large.yaml');
    writeFileSync(path, Buffer.alloc(4 * 1024 * 1024 + 1, '#'), { mode: 0o600 });
    expect(refusal(path).message).toMatch(/is larger than 4194304 octets$/);
    writeFileSync(path, Buffer.alloc(4 * 1024 * 1024, '#'), { mode: 0o600 });
    expect(readConfigurationFile(path, own)).toHaveLength(4 * 1024 * 1024);
  });

  it('is UTF-8, and the line that is not is named', () => {
    const path = folder.write('a.yaml', Buffer.from('a: 1\nb: \u00e4\nc: \xe4\nd: 1\n', 'latin1'));
    expect(refusal(path).message).toMatch(/a\.yaml:2: the line is not UTF-8/);
    expect(refusal(folder.write('b.yaml', Buffer.from('a: \xe4', 'latin1'))).message).toMatch(/b\.yaml:1: /);
  });
});
