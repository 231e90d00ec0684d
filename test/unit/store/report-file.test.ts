import { chownSync, lstatSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { OcspError } from '../../../src/core/ocsp-error.js';
import { replaceReport } from '../../../src/store/report-file.js';
import { createTemporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.js';
import { ownProcess as own } from './support.js';

const text = '# HELP restaple_run_exit_code x\n# TYPE restaple_run_exit_code gauge\nrestaple_run_exit_code 0\n';
const olderText = text.replace('code 0', 'code 7');

let folder: TemporaryFolder;
let file: string;

beforeEach(() => {
  folder = createTemporaryFolder();
  file = folder.at('restaple.prom');
});
afterEach(() => folder.remove());

async function refusal(path: string, pieces: Iterable<string> = [text]): Promise<{ message: string; hint: string }> {
  const error: unknown = await replaceReport({ path: path, kind: 'metrics', pieces: pieces }, own).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof OcspError)) throw new Error(`refused with ${String(error)}`);
  expect({ code: error.code, kind: error.kind }).toEqual({ code: 'metrics-unwritable', kind: 'store' });
  return error;
}

describe('a metrics file', () => {
  it('is written from its pieces, readable by all whatever the umask, with nothing beside it', async () => {
    const before = process.umask(0o077);
    try {
      await replaceReport({ path: file, kind: 'metrics', pieces: [text.slice(0, 40), text.slice(40)] }, own);
    } finally {
      process.umask(before);
    }
    expect(readFileSync(file, 'utf8')).toBe(text);
    expect(lstatSync(file).mode & 0o777).toBe(0o644);
    expect(readdirSync(folder.path)).toEqual(['restaple.prom']);
  });

  it('replaces older metrics, an empty file, and what a crash or full disk left of one', async () => {
    for (const old of [olderText, '', olderText.slice(0, 20), 'garbage\n']) {
      writeFileSync(file, old, { mode: 0o600 });
      await replaceReport({ path: file, kind: 'metrics', pieces: [text] }, own);
      expect(readFileSync(file, 'utf8')).toBe(text);
      expect(lstatSync(file).mode & 0o777).toBe(0o644);
    }
  });

  it('removes what a killed run left at its temporary name', async () => {
    folder.write('.restaple.prom.restaple-tmp', 'half a file', 0o600);
    await replaceReport({ path: file, kind: 'metrics', pieces: [text] }, own);
    expect(readdirSync(folder.path)).toEqual(['restaple.prom']);
  });

  it('stays as it was when the text cannot be made', async () => {
    writeFileSync(file, olderText);
    function* failing(): Generator<string> {
      yield text;
      throw new TypeError('half way');
    }
    await expect(replaceReport({ path: file, kind: 'metrics', pieces: failing() }, own)).rejects.toThrow('half way');
    expect(readFileSync(file, 'utf8')).toBe(olderText);
    expect(readdirSync(folder.path)).toEqual(['restaple.prom']);
  });

  it('does not replace a file that is none of ours, such as a certificate', async () => {
    for (const [text, words] of [
      ['-----BEGIN CERTIFICATE-----\n', 'it is PEM with a CERTIFICATE'],
      ['# HELP node_load1 1m load average.\n', 'it is metrics of another program'],
      ['# nightly\nbackup_last_success_seconds 1764000000\n', 'it is metrics of another program'],
      ['backup_ok{host="a"} 1\n', 'it is metrics of another program'],
    ] as const) {
      writeFileSync(file, text);
      const { message, hint } = await refusal(file);
      expect(message).toContain(words);
      expect(hint).toBe(`name another file with --metrics, or move ${file} away`);
      expect(readFileSync(file, 'utf8')).toBe(text);
    }
  });

  it('follows a link of ours to a file of ours', async () => {
    const target = folder.write('real/figures.prom', olderText);
    symlinkSync(target, file);
    await replaceReport({ path: file, kind: 'metrics', pieces: [text] }, own);
    expect(readFileSync(target, 'utf8')).toBe(text);
    expect(lstatSync(file).isSymbolicLink()).toBe(true);
  });

  it.runIf(own.effectiveUserId === 0)(
    'follows no link to a file of another user, and no link of another user',
    async () => {
      const target = folder.write('real/figures.prom', olderText);
      chownSync(target, 65_534, 65_534);
      symlinkSync(target, file);
      expect((await refusal(file)).message).toContain('which belongs to user 65534');
      chownSync(target, 0, 0);
      chownSync(folder.path, 65_534, 65_534);
      expect((await refusal(file)).message).toContain('it is a symbolic link');
      expect(readFileSync(target, 'utf8')).toBe(olderText);
    },
  );

  it.each<[string, (path: string) => unknown, RegExp]>([
    ['a folder', (path) => mkdirSync(path), /it is a folder/],
    ['a link into nowhere', (path) => symlinkSync('/nowhere/at/all', path), /dangling link|does not exist/],
    ['a device', (path) => symlinkSync('/dev/null', path), /not a regular file/],
  ])('is refused in the place of %s', async (_what, arrange, message) => {
    arrange(file);
    const error = await refusal(file);
    expect(error.message).toMatch(message);
    expect(error.hint).not.toContain('--out');
  });

  it('says why it cannot be written and names its own flag', async () => {
    const error = await refusal(folder.at('nowhere', 'restaple.prom'));
    expect(error.message).toContain('its folder does not exist');
    expect(error.hint).toBe(`create ${folder.at('nowhere')}, or choose another place with --metrics`);
  });
});
