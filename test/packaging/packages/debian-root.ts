import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { createTemporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.js';

const run = promisify(execFile);

/** What the executable needs of a system. */
export const librariesAlone = ['libc6', 'libstdc++6'];

/**
 * Unpacks these packages of a Debian release, with all that they depend on, into a folder for chroot. Nothing is configured:
 * there are neither users nor a shell unless a package brings them as files.
 */
export async function unpackDebian(
  release: 'bookworm' | 'trixie',
  packages: readonly string[],
  root: string,
): Promise<void> {
  const apt = createTemporaryFolder('restaple-apt-');
  try {
    apt.write(
      'sources.list',
      `deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${mirrorOfHost()} ${release} main\n`,
    );
    apt.write('status', '');
    for (const name of ['lists/partial', 'archives/partial', 'parts']) mkdirSync(apt.at(name), { recursive: true });
    const options = [
      `Dir::Etc::SourceList=${apt.at('sources.list')}`,
      `Dir::Etc::SourceParts=${apt.at('parts')}`,
      `Dir::State::Lists=${apt.at('lists')}`,
      `Dir::State::Status=${apt.at('status')}`,
      `Dir::Cache=${apt.path}`,
      `Dir::Cache::Archives=${apt.at('archives')}`,
      'APT::Sandbox::User=root',
      'APT::Install-Recommends=false',
      'Acquire::Languages=none',
      'pkgCacheGen::Essential=none',
    ].flatMap((option) => ['-o', option]);
    await run('apt-get', [...options, 'update']);
    await run('apt-get', [...options, 'install', '--yes', '--download-only', ...packages]);
    // As in a merged /usr, whatever way a package names its files.
    for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
      mkdirSync(join(root, 'usr', name), { recursive: true });
      if (!existsSync(join(root, name))) symlinkSync(`usr/${name}`, join(root, name));
    }
    for (const name of readdirSync(apt.at('archives')).filter((file) => file.endsWith('.deb'))) {
      const unpack = 'dpkg-deb --fsys-tarfile "$1" | tar --extract --keep-directory-symlink --directory "$2"';
      await run('sh', ['-c', unpack, 'sh', apt.at('archives', name), root]);
    }
  } finally {
    apt.remove();
  }
}

/** Where this machine has its Debian from. */
function mirrorOfHost(): string {
  const files = ['/etc/apt/sources.list', '/etc/apt/sources.list.d/debian.sources'].filter((file) => existsSync(file));
  const text = files.map((file) => readFileSync(file, 'utf8')).join('\n');
  const [, mirror] = /^(?:URIs:|deb)\s+(?:\[[^\]]*\]\s+)?(https?:\S+)/m.exec(text) ?? [];
  if (mirror === undefined) throw new Error(`no Debian mirror is named in ${files.join(' or ')}`);
  return mirror;
}

/** The folder of the run lock, and the device without which no program can be started. */
export function prepareForRuns(root: TemporaryFolder): void {
  mkdirSync(root.at('run', 'restaple'), { recursive: true });
  mkdirSync(root.at('dev'), { recursive: true });
  if (!existsSync(root.at('dev', 'null'))) execFileSync('mknod', ['-m', '666', root.at('dev', 'null'), 'c', '1', '3']);
}
