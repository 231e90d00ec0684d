// Builds the container's image, for the processor and from the Debian of this machine: `npm run build:container`
import { chmod, copyFile, mkdir, realpath, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { packageInformation, report, root, run } from '../tree.mjs';

const certificates = '/etc/ssl/certs/ca-certificates.crt';

await report(async ({ arch }) => {
  const { version } = await packageInformation();
  const context = join(root, 'build', 'container');
  const image = join(context, 'root');
  await rm(context, { recursive: true, force: true });
  const put = async (from, to, mode) => {
    await mkdir(dirname(join(image, to)), { recursive: true });
    await copyFile(from, join(image, to));
    await chmod(join(image, to), mode);
  };
  const executable = join(root, 'build', 'binary', arch, 'restaple');
  const { stdout: flock } = await run('sh', ['-c', 'command -v flock']);
  await put(executable, 'usr/bin/restaple', 0o755);
  // For the run lock.
  await put(flock.trim(), 'usr/bin/flock', 0o755);
  for (const library of await librariesOf([executable, flock.trim()]))
    await put(await realpath(library), library, 0o755);
  await put(certificates, certificates, 0o644);
  await put(join(root, 'build', 'binary', arch, 'copyright'), 'usr/share/doc/restaple/copyright', 0o644);
  await writeFile(join(image, 'etc', 'passwd'), 'restaple:x:65532:65532::/:/nonexistent\n');
  // A pod mounts a volume there.
  await mkdir(join(image, 'run', 'user'), { recursive: true });
  await copyFile(join(root, 'packaging', 'container', 'Containerfile'), join(context, 'Containerfile'));

  const archive = join(root, 'build', `restaple-${version}-${arch}.oci.tar`);
  const name = `localhost/restaple:${version}`;
  const buildah = (...words) => run('buildah', ['--storage-driver', 'vfs', ...words], { cwd: context });
  await buildah('build', '--isolation', 'chroot', '--tag', name, '--file', 'Containerfile', '.');
  await rm(archive, { force: true });
  await buildah('push', name, `oci-archive:${archive}`);
  return `${archive}, as ${name}`;
});

/** As ld.so finds them. */
async function librariesOf(programs) {
  const { stdout } = await run('ldd', programs);
  return new Set([...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path));
}
