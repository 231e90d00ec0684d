// Builds the single executable: Node.js with the whole program inside. `npm run build:binary [-- --arch amd64|arm64]`
import { execFile } from 'node:child_process';
import { chmod, copyFile, cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { bundleWhole } from '../../esbuild.config.mjs';
import { noticesOf } from '../notices.mjs';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const here = fileURLToPath(new URL('.', import.meta.url));

/** By Debian's name: npm's name, and what strips its executables. */
const architectures = {
  amd64: { npm: 'x64', strip: ['strip', 'x86_64-linux-gnu-strip'] },
  arm64: { npm: 'arm64', strip: ['aarch64-linux-gnu-strip', 'strip'] },
};
const ownArchitecture = Object.keys(architectures).find((name) => architectures[name].npm === process.arch);

/** What postject's manual tells for Node.js. */
const fuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

/** Where the pages of the help are once the program is installed. */
const manual = '/usr/share/doc/restaple';

async function buildExecutable(arch) {
  const work = join(root, 'build', 'binary', arch);
  await rm(work, { recursive: true, force: true });
  await mkdir(work, { recursive: true });
  const node = await nodeFor(arch);
  // What makes the code cache and the blob has to run here: the same Node, but for another processor.
  const builder = arch === ownArchitecture ? node : await nodeFor(ownArchitecture);

  const metafiles = await writeProgram(work);
  await writeCopyright(work, metafiles, node);
  await writeCodeCache(work, arch === ownArchitecture ? builder : undefined);
  const blob = await writeBlob(work, builder, arch === ownArchitecture);
  const executable = join(work, 'restaple.new');
  await copyFile(node, executable);
  await chmod(executable, 0o755);
  await strip(executable, arch);
  const { inject } = createRequire(join(toolsFor(ownArchitecture), 'package.json'))('postject');
  await inject(executable, 'NODE_SEA_BLOB', await readFile(blob), { sentinelFuse: fuse });
  await rename(executable, join(work, 'restaple'));
  return join(work, 'restaple');
}

const toolsFor = (arch) => join(root, 'build', 'tools', arch);

/** Node.js for a processor, out of its npm package, which the lock file pins. */
async function nodeFor(arch) {
  const { npm } = architectures[arch];
  const tools = toolsFor(arch);
  const lock = await readFile(join(here, 'package-lock.json'), 'utf8');
  const stamp = join(tools, 'installed.json');
  if ((await readFile(stamp, 'utf8').catch(() => '')) !== lock) {
    await rm(tools, { recursive: true, force: true });
    await mkdir(tools, { recursive: true });
    for (const name of ['package.json', 'package-lock.json']) await cp(join(here, name), join(tools, name));
    await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--os=linux', `--cpu=${npm}`], {
      cwd: tools,
    });
    await writeFile(stamp, lock);
  }
  return join(tools, 'node_modules', `node-linux-${npm}`, 'bin', 'node');
}

async function writeProgram(work) {
  const { program, thread } = await bundleWhole({ target: 'node24', manual });
  const wrapped = `(function(exports,require,module){${program.text}\n})`;
  // The shortest form in which V8 takes it, and the one that main.cjs reads.
  if (/[^\0-\xff]/.test(wrapped)) throw new Error('the program has characters beyond Latin-1');
  await writeFile(join(work, 'program.cjs'), wrapped, 'latin1');
  await writeFile(join(work, 'fetch-thread.cjs'), thread.text);
  await writeFile(join(work, 'program.cjs.map'), program.map);
  return [program.metafile, thread.metafile];
}

/** The licences of all that is in the executable: ours, the packages', and those of Node.js with its parts. */
async function writeCopyright(work, metafiles, node) {
  const own = await readFile(join(root, 'LICENSE'), 'utf8');
  const ofNode = await readFile(join(node, '..', '..', 'LICENSE'), 'utf8');
  const parts = [own, await noticesOf(metafiles, root), `The executable contains Node.js.\n\n${ofNode}`];
  await writeFile(join(work, 'copyright'), parts.join(`\n${'='.repeat(100)}\n\n`));
}

/** An empty one, which V8 ignores, where the Node that will read it does not run here. */
async function writeCodeCache(work, node) {
  const path = join(work, 'code-cache');
  if (node === undefined) return writeFile(path, '');
  const words = [join(here, 'warm.cjs'), join(work, 'program.cjs'), join(root, 'fixtures'), path];
  // Predictable: the same octets in every build.
  await run(node, ['--predictable', ...words], { env: { PATH: process.env.PATH, HOME: work } });
}

async function writeBlob(work, node, isForItself) {
  const configuration = {
    main: join(here, 'main.cjs'),
    output: join(work, 'blob'),
    disableExperimentalSEAWarning: true,
    // NODE_OPTIONS of whoever starts it does not change what it runs.
    execArgvExtension: 'none',
    // Without one of its own for main.cjs, Node.js would take a code cache out of the folder that NODE_COMPILE_CACHE names.
    useCodeCache: isForItself,
    assets: {
      program: join(work, 'program.cjs'),
      'code-cache': join(work, 'code-cache'),
      'fetch-thread': join(work, 'fetch-thread.cjs'),
    },
  };
  await writeFile(join(work, 'sea.json'), JSON.stringify(configuration));
  await run(node, ['--predictable', '--experimental-sea-config', join(work, 'sea.json')]);
  return configuration.output;
}

/** A seventh smaller; without binutils for its processor it is left as it is. */
async function strip(executable, arch) {
  for (const program of architectures[arch].strip) {
    const isDone = await run(program, [executable]).then(
      () => true,
      () => false,
    );
    if (isDone) return;
  }
  console.error(`binutils for ${arch} are not installed: the executable is not stripped`);
}

const { values } = parseArgs({ options: { arch: { type: 'string', default: ownArchitecture } } });
if (values.arch === undefined || !(values.arch in architectures)) {
  console.error(`--arch is one of ${Object.keys(architectures).join(', ')}`);
  process.exitCode = 2;
} else {
  const started = performance.now();
  const path = await buildExecutable(values.arch);
  console.log(`${path} (${((performance.now() - started) / 1000).toFixed(0)} s)`);
}
