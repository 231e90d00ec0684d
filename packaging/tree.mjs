// The files of a package as they are installed: the single executable and what belongs to it. deb and rpm are made of them.
import { execFile } from 'node:child_process';
import { chmod, copyFile, cp, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { gzipSync } from 'node:zlib';

export const run = promisify(execFile);
export const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * The options of a build: `--arch amd64|arm64`, `--best` for the smallest file in place of the fastest build, and
 * `--maintainer 'Name <address>'`.
 */
export function buildOptions() {
  const { values } = parseArgs({
    options: {
      arch: { type: 'string', default: process.arch === 'arm64' ? 'arm64' : 'amd64' },
      best: { type: 'boolean', default: false },
      maintainer: { type: 'string', default: 'The restaple authors <maintainers@restaple.invalid>' },
    },
  });
  return values;
}

export async function packageInformation() {
  return JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
}

/** SOURCE_DATE_EPOCH, otherwise the time of the last commit: the same source makes the same package. Unix seconds. */
export async function sourceTime() {
  const given = process.env.SOURCE_DATE_EPOCH;
  return Number(given ?? (await run('git', ['log', '-1', '--format=%ct'], { cwd: root })).stdout);
}

/**
 * Writes the files below `folder`, which is emptied first.
 *
 * @param zshFolder where the system's zsh looks for completions of packages
 */
export async function writeTree(folder, { arch, zshFolder }) {
  await rm(folder, { recursive: true, force: true });
  const put = async (from, to, mode = 0o644) => {
    const path = join(folder, to);
    await mkdir(dirname(path), { recursive: true });
    await copyFile(await built(from), path);
    await chmod(path, mode);
  };
  const documents = 'usr/share/doc/restaple';
  await put(`build/binary/${arch}/restaple`, 'usr/bin/restaple', 0o755);
  for (const name of await manuals()) {
    const page = await readFile(join(root, 'dist/man', name));
    await putBytes(join(folder, 'usr/share/man', `man${name.at(-1)}`, `${name}.gz`), compressed(page));
  }
  await put('dist/completion/restaple.bash', 'usr/share/bash-completion/completions/restaple');
  await put('dist/completion/_restaple', `${zshFolder}/_restaple`);
  await put('dist/completion/restaple.fish', 'usr/share/fish/vendor_completions.d/restaple.fish');
  for (const name of await readdir(join(root, 'packaging/systemd'))) {
    await put(`packaging/systemd/${name}`, `usr/lib/systemd/system/${name}`);
  }
  await put('packaging/default', 'etc/default/restaple');
  await put('README.md', `${documents}/README.md`);
  await cp(join(root, 'docs'), join(folder, documents, 'docs'), { recursive: true });
  await put('packaging/restaple.yaml', `${documents}/examples/restaple.yaml`);
  for (const name of ['certbot', 'cron', 'grafana', 'kubernetes', 'prometheus']) {
    await cp(join(root, 'packaging', name), join(folder, documents, 'examples', name), { recursive: true });
  }
  await putBytes(join(folder, documents, 'changelog.gz'), compressed(await readFile(join(root, 'CHANGELOG.md'))));
  await put(`build/binary/${arch}/copyright`, `${documents}/copyright`);
  await run('chmod', ['-R', 'u=rwX,go=rX', folder]);
}

export async function putBytes(path, bytes) {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
}

/** Without a name and a time in it, as gzip -9n. */
export function compressed(bytes) {
  return gzipSync(bytes, { level: 9 });
}

async function manuals() {
  const names = await readdir(await built('dist/man'));
  return names.filter((name) => /\.[15]$/.test(name));
}

async function built(path) {
  const whole = join(root, path);
  await readFile(whole).catch((error) => {
    if (error.code === 'ENOENT') throw new Error(`${path} is missing: run npm run build:binary first`);
    if (error.code !== 'EISDIR') throw error;
  });
  return whole;
}

/** Runs a build, and says what it wrote or, in one line, why it could not. */
export async function report(build) {
  try {
    console.log(await build(buildOptions()));
  } catch (error) {
    const isMissing = error.code === 'ENOENT' && error.syscall?.startsWith('spawn');
    console.error(isMissing ? `the program ${error.path} is not installed` : (error.stderr ?? error));
    process.exitCode = 1;
  }
}
