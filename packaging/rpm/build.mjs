// Builds the RPM of the single executable: `npm run build:rpm [-- --arch amd64|arm64] [--best]`
import { copyFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { packageInformation, report, root, run, sourceTime, writeTree } from '../tree.mjs';

/** rpm's names. */
const architectures = { amd64: 'x86_64', arm64: 'aarch64' };

await report(async ({ arch, best }) => {
  const { version } = await packageInformation();
  const tree = join(root, 'build', 'rpm', arch, 'tree');
  await writeTree(tree, { arch, zshFolder: 'usr/share/zsh/site-functions' });
  const top = join(root, 'build', 'rpm', arch, 'rpmbuild');
  const macros = {
    _topdir: top,
    restaple_version: version,
    restaple_tree: tree,
    _binary_payload: best ? 'w19.zstdio' : 'w3.zstdio',
    // The same source makes the same package.
    use_source_date_epoch_as_buildtime: '1',
    clamp_mtime_to_source_date_epoch: '1',
    _buildhost: 'localhost',
  };
  const defined = Object.entries(macros).flatMap(([name, value]) => ['--define', `${name} ${value}`]);
  const spec = join(root, 'packaging', 'rpm', 'restaple.spec');
  await run('rpmbuild', ['-bb', '--nodeps', '--target', `${architectures[arch]}-linux`, ...defined, spec], {
    env: { ...process.env, SOURCE_DATE_EPOCH: String(await sourceTime()) },
  });
  const folder = join(top, 'RPMS', architectures[arch]);
  const name = (await readdir(folder)).find((file) => file.startsWith(`restaple-${version}-`));
  const path = join(root, 'build', name);
  await copyFile(join(folder, name), path);
  return path;
});
