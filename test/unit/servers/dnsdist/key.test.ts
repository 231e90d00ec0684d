import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { OcspError } from '../../../../src/core/index.js';
import { parseConsoleKey, readConsoleKeyFile } from '../../../../src/servers/dnsdist/key.js';
import { createTemporaryFolder, type TemporaryFolder } from '../../../support/temporary-folder.js';

const key = Uint8Array.from(randomBytes(32));
const encoded = Buffer.from(key).toString('base64');

function errorOf(action: () => unknown): OcspError {
  try {
    action();
  } catch (error) {
    if (error instanceof OcspError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('a console key', () => {
  it.each([
    ['alone', encoded],
    ['with blanks and a line end around it', ` ${encoded}\r\n`],
    ['in a setKey line', `setKey("${encoded}")\n`],
    ['in a setKey line with other quotes', `  setKey( '${encoded}' )`],
    [
      'in the last setKey line of a dnsdist.conf',
      `addLocal("0.0.0.0")\nsetKey("QQ==")\n setKey("${encoded}")\n-- setKey("QUJD")\n`,
    ],
  ])('is read %s', (_where, text) => {
    expect(parseConsoleKey(text)).toEqual(key);
  });

  it.each([
    ['nothing', '', 'is empty'],
    ['blanks', ' \n', 'is empty'],
    ['an empty setKey', 'setKey("")', 'is empty'],
    ['31 bytes', Buffer.alloc(31, 7).toString('base64'), 'decodes to 31 bytes, not to 32'],
    ['33 bytes', Buffer.alloc(33, 7).toString('base64'), 'decodes to 33 bytes, not to 32'],
    ['hex', '07'.repeat(32), 'decodes to 48 bytes, not to 32'],
    ['what is not base64', 'hunter2 is my secret', 'is not base64'],
    ['a dnsdist.conf without setKey', 'addLocal("0.0.0.0")\n', 'is not base64'],
  ])('is refused for %s without a word of it', (_what, text, why) => {
    const error = errorOf(() => parseConsoleKey(text));
    expect(error.code).toBe('usage');
    expect(error.message).toContain(why);
    expect(error.hint).toContain('setKey');
    for (const part of text.match(/[A-Za-z0-9+/]{5,}/g) ?? []) {
      if (part !== 'setKey') expect(`${error.message} ${error.hint}`).not.toContain(part);
    }
  });
});

describe('a key file', () => {
  let folder: TemporaryFolder;
  beforeEach(() => {
    folder = createTemporaryFolder();
  });
  afterEach(() => folder.remove());

  it.each([0o600, 0o640, 0o400])('of mode %o is read without a warning', (mode) => {
    expect(readConsoleKeyFile(folder.write('key', `${encoded}\n`, mode))).toEqual({ key, warnings: [] });
  });

  it('that others may read is read with a warning', () => {
    const path = folder.write('key', encoded, 0o644);
    const { key: read, warnings } = readConsoleKeyFile(path);
    expect(read).toEqual(key);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('every user of this machine (mode 0644)');
    expect(warnings.join()).not.toContain(encoded);
  });

  it('that its group may write is read with a warning', () => {
    expect(readConsoleKeyFile(folder.write('key', encoded, 0o660)).warnings).toEqual([
      `the dnsdist key file ${folder.at('key')} can be changed by its group (mode 0660): chmod g-w ${folder.at('key')}`,
    ]);
  });

  it.each([
    ['file-not-found', () => folder.at('nowhere')],
    ['file-unreadable', () => folder.path],
    ['file-too-large', () => folder.write('key', 'A'.repeat(64 * 1024 + 1))],
    ['usage', () => folder.write('key', 'QUJD')],
  ] as const)('is %s where it is that', (code, path) => {
    const error = errorOf(() => readConsoleKeyFile(path()));
    expect(error.code).toBe(code);
    expect(error.hint).not.toBe('');
    expect(error.message).not.toContain('QUJD');
  });
});
