// Builds the Debian package of the single executable: `npm run build:deb [-- --arch amd64|arm64] [--best]`
import { chmod, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compressed, packageInformation, putBytes, report, root, run, sourceTime, writeTree } from '../tree.mjs';

const here = join(root, 'packaging', 'debian');
const scripts = ['postinst', 'prerm', 'postrm'];

await report(async ({ arch, best, maintainer }) => {
  const { version } = await packageInformation();
  const seconds = await sourceTime();
  const tree = join(root, 'build', 'deb', arch);
  await writeTree(tree, { arch, zshFolder: 'usr/share/zsh/vendor-completions' });
  const changelog = [
    `restaple (${version}-1) unstable; urgency=medium`,
    '  * What changed is in changelog.gz.',
    ` -- ${maintainer}  ${new Date(seconds * 1000).toUTCString().replace('GMT', '+0000')}`,
  ].join('\n\n');
  await putBytes(join(tree, 'usr/share/doc/restaple/changelog.Debian.gz'), compressed(`${changelog}\n`));
  await putBytes(join(tree, 'usr/share/lintian/overrides/restaple'), await readFile(join(here, 'lintian-overrides')));

  const control = (await readFile(join(here, 'control'), 'utf8'))
    .replace('@VERSION@', `${version}-1`)
    .replace('@ARCHITECTURE@', arch)
    .replace('@MAINTAINER@', maintainer)
    .replace('@SIZE@', (await run('du', ['-sk', '--apparent-size', tree])).stdout.split('\t')[0]);
  await mkdir(join(tree, 'DEBIAN'));
  await writeFile(join(tree, 'DEBIAN', 'control'), control);
  await writeFile(join(tree, 'DEBIAN', 'conffiles'), '/etc/default/restaple\n');
  const sums = 'find usr -type f | LC_ALL=C sort | xargs -d "\\n" md5sum > DEBIAN/md5sums';
  await run('sh', ['-c', sums], { cwd: tree });
  for (const name of scripts) {
    await copyFile(join(here, name), join(tree, 'DEBIAN', name));
    await chmod(join(tree, 'DEBIAN', name), 0o755);
  }
  const path = join(root, 'build', `restaple_${version}-1_${arch}.deb`);
  const compression = best ? ['-Zxz', '-z9'] : ['-Zgzip', '-z1'];
  await run('dpkg-deb', ['--root-owner-group', ...compression, '--build', tree, path], {
    env: { ...process.env, SOURCE_DATE_EPOCH: String(seconds) },
  });
  return path;
});
