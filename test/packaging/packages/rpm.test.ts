// @module-tag rpm
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

import { projectFolder } from '../../support/run-program.js';
import { withTemporaryFolder } from '../../support/temporary-folder.js';
import { smoke } from '../smoke.js';

const run = promisify(execFile);
const build = join(projectFolder, 'build');
const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';
const names = { amd64: 'x86_64', arm64: 'aarch64' };
const rpm = join(
  build,
  readdirSync(build).find((name) => name.endsWith(`.${names[architecture]}.rpm`)) ?? 'restaple.rpm',
);

const asked = async (...words: string[]): Promise<string[]> =>
  (await run('rpm', ['--query', ...words, '--package', rpm])).stdout.trim().split('\n');

describe('the RPM', () => {
  it('has every file that the Debian package has, but for what is of Debian alone', async () => {
    const tree = async (folder: string): Promise<string[]> =>
      (await run('find', [folder, '-type', 'f', '-not', '-path', '*/DEBIAN/*', '-printf', '/%P\n'])).stdout
        .trim()
        .split('\n');
    const ofDebian = (await tree(join(build, 'deb', architecture)))
      .filter((path) => !/lintian|changelog\.Debian/.test(path))
      .map((path) => path.replace('zsh/vendor-completions', 'zsh/site-functions'));
    const files = await asked('--queryformat', '[%{FILEMODES:perms} %{FILENAMES}\n]');
    expect(files.flatMap((line) => (line.startsWith('-') ? [line.slice(11)] : [])).sort()).toEqual(ofDebian.sort());
    expect(files).toContain('-rwxr-xr-x /usr/bin/restaple');
    expect(await asked('--configfiles')).toEqual(['/etc/default/restaple']);
    expect(await asked('--requires')).toEqual(expect.arrayContaining(['glibc >= 2.28', 'libstdc++', 'util-linux']));
  });

  it('does the whole work when it is unpacked', async () => {
    await withTemporaryFolder(async (folder) => {
      await run('sh', [
        '-c',
        'cd "$1" && rpm2cpio "$2" | cpio --extract --make-directories --quiet',
        'sh',
        folder.path,
        rpm,
      ]);
      await smoke([folder.at('usr', 'bin', 'restaple')]);
    });
  });
});
