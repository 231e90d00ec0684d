// @module-tag chroot, lintian
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

import { projectFolder, runCommand } from '../../support/run-program.js';
import { withTemporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.js';
import { smoke } from '../smoke.js';
import { librariesAlone, prepareForRuns, unpackDebian } from './debian-root.js';

const run = promisify(execFile);
const build = join(projectFolder, 'build');
const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';
const deb = join(build, readdirSync(build).find((name) => name.endsWith(`_${architecture}.deb`)) ?? 'restaple.deb');

/** What dpkg and the package's scripts start. */
const forScripts = ['dash', 'coreutils', 'util-linux'];

describe('the Debian package', () => {
  it('has nothing of which lintian complains, but for what is explained', async () => {
    const checked = await runCommand('lintian', ['--allow-root', '--fail-on', 'error,warning', deb], {
      timeoutMilliseconds: 400_000,
    });
    expect(checked, checked.stdout).toMatchObject({ exitCode: 0, stdout: '' });
  });

  it('has the executable, manuals, completions, units, settings, an example and every licence', async () => {
    const { stdout } = await run('dpkg-deb', ['--fsys-tarfile', deb], { encoding: 'buffer', maxBuffer: 2 ** 28 }).then(
      (archive) => listed(archive.stdout),
    );
    const documents = './usr/share/doc/restaple';
    for (const path of [
      './usr/bin/restaple',
      './usr/share/man/man1/restaple.1.gz',
      './usr/share/man/man5/restaple.yaml.5.gz',
      './usr/share/bash-completion/completions/restaple',
      './usr/share/zsh/vendor-completions/_restaple',
      './usr/share/fish/vendor_completions.d/restaple.fish',
      './usr/lib/systemd/system/restaple.timer',
      './etc/default/restaple',
      `${documents}/copyright`,
      `${documents}/examples/restaple.yaml`,
      `${documents}/README.md`,
      `${documents}/docs/binary.md`,
    ]) {
      expect(stdout.split('\n')).toContain(path);
    }
    const { stdout: copyright } = await run('sh', [
      '-c',
      'dpkg-deb --fsys-tarfile "$1" | tar --extract --to-stdout ./usr/share/doc/restaple/copyright',
      'sh',
      deb,
    ]);
    for (const part of ['The restaple authors', '@oclif/core', 'Node.js contributors', 'V8', 'OpenSSL', 'ICU']) {
      expect(copyright).toContain(part);
    }
  });

  it('is installed, upgraded over a configured system, removed and purged', async () => {
    await withTemporaryFolder(async (root) => {
      await unpackDebian('bookworm', [...librariesAlone, ...forScripts], root.path);
      prepareForRuns(root);
      if (!existsSync(root.at('bin', 'sh'))) symlinkSync('dash', root.at('bin', 'sh'));
      for (const name of ['status', 'available', 'info/format', 'updates/.keep'])
        root.write(`var/lib/dpkg/${name}`, '');
      root.write('var/lib/dpkg/info/format', '1\n');
      const dpkg = async (...words: string[]): Promise<void> => {
        await run('dpkg', ['--force-depends', '--force-confold', '--log=/dev/null', `--root=${root.path}`, ...words]);
      };

      await dpkg('--install', deb);
      await smoke(['chroot', root.path, '/usr/bin/restaple'], { folder: root });
      expect(existsSync(root.at('etc', 'systemd'))).toBe(false);

      const configuration = root.write('etc/restaple.yaml', 'certificates: [/site.pem]\n');
      const settings = root.write('etc/default/restaple', 'RESTAPLE_CONCURRENCY=4\n');
      const enabled = 'etc/systemd/system/timers.target.wants';
      root.write(`${enabled}/other.timer`, '');
      symlinkSync('/usr/lib/systemd/system/restaple.timer', root.at(enabled, 'restaple.timer'));
      await dpkg('--install', await nextVersion(root));
      expect(readFileSync(settings, 'utf8')).toBe('RESTAPLE_CONCURRENCY=4\n');
      expect(readFileSync(configuration, 'utf8')).toContain('/site.pem');

      await dpkg('--remove', 'restaple');
      expect(existsSync(root.at('usr', 'bin', 'restaple'))).toBe(false);
      expect(existsSync(root.at('usr', 'share', 'doc', 'restaple'))).toBe(false);
      expect(readFileSync(settings, 'utf8')).toBe('RESTAPLE_CONCURRENCY=4\n');

      await dpkg('--purge', 'restaple');
      expect(existsSync(settings)).toBe(false);
      expect(readdirSync(root.at(enabled))).toEqual(['other.timer']);
      expect(existsSync(configuration)).toBe(true);
      expect(existsSync(root.at('site.pem.ocsp'))).toBe(true);
    });
  });
});

/** The same package as a later version. */
async function nextVersion(folder: TemporaryFolder): Promise<string> {
  const unpacked = folder.at('next');
  await run('dpkg-deb', ['--raw-extract', deb, unpacked]);
  const control = readFileSync(join(unpacked, 'DEBIAN', 'control'), 'utf8');
  folder.write('next/DEBIAN/control', control.replace(/^Version: .*$/m, 'Version: 999.0-1'));
  await run('dpkg-deb', ['--root-owner-group', '-Zgzip', '-z1', '--build', unpacked, folder.at('next.deb')]);
  return folder.at('next.deb');
}

async function listed(archive: Buffer): Promise<{ stdout: string }> {
  return await withTemporaryFolder((folder) => run('tar', ['--list', '--file', folder.write('data.tar', archive)]));
}
