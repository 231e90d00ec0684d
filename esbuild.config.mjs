// Builds dist/: the program as one script with its code cache, the library, its types, manuals and completions.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { build } from 'esbuild';
import { noticesOf } from './packaging/notices.mjs';

const root = fileURLToPath(new URL('.', import.meta.url));
const require = createRequire(import.meta.url);
const run = promisify(execFile);

const { values } = parseArgs({
  options: {
    // For debugging: stacks and breakpoints by the source. What is shipped has none.
    'source-maps': { type: 'boolean', default: false },
    // The path of another Node.js whose starts shall be as fast as those of the one that builds.
    'code-cache-for': { type: 'string', multiple: true, default: [] },
  },
  // packaging/binary/build.mjs, which imports this, has arguments of its own.
  strict: false,
});
const sourceMaps = values['source-maps'] === true;

/** oclif names it for plug-ins written in it: never loaded from here, and too large to be carried along. */
const external = ['typescript'];

/**
 * got loads packages at import for options that are never set here: http2-wrapper, which opens a TLS context for `http2`,
 * cacheable-request for `cache` and cacheable-lookup for `dnsCache`. In the bundle they are empty: a fifth of a request
 * through a proxy, and 100 kB.
 */
const withoutUnusedOptions = {
  name: 'without-unused-options',
  setup(pluginBuild) {
    const unused = /^(?:http2-wrapper|cacheable-request|cacheable-lookup)$/;
    pluginBuild.onResolve({ filter: unused }, ({ path }) => ({ path, namespace: 'empty' }));
    pluginBuild.onLoad({ filter: /.*/, namespace: 'empty' }, () => ({
      contents: 'export default {}; export class CacheError extends Error {}',
    }));
  },
};

/**
 * What oclif does at each start for nothing: it looks whether its own package.json, which is not in the bundle, likes this Node
 * (7 % of a start), looks for a theme in a file of the user's, and reads its configuration again, which main.ts has read.
 */
const withoutVainWork = {
  name: 'without-vain-work',
  setup(pluginBuild) {
    const instead = {
      'index.js': ['\ncheckNodeVersion();\n', '\n'],
      'config/config.js': ['this.theme = await this.loadTheme();', ''],
      'main.js': ['await config_1.Config.load(options ?? require.main?.filename ?? __dirname)', 'options'],
    };
    pluginBuild.onLoad({ filter: /@oclif\/core\/lib\/(?:index|config\/config|main)\.js$/ }, async ({ path }) => {
      const [call, other] = instead[path.split('/core/lib/')[1]];
      const source = await readFile(path, 'utf8');
      if (!source.includes(call)) throw new Error(`${path} no longer has ${call.trim()}`);
      return { contents: source.replace(call, other) };
    });
  },
};

/**
 * oclif asks at each start for the user's shell and whether this is Windows' Linux, for nothing that is used here, and throws
 * for a user without a line in passwd, as containers have.
 */
const withoutShell = {
  name: 'without-shell',
  setup(pluginBuild) {
    pluginBuild.onLoad({ filter: /@oclif\/core\/lib\/util\/os\.js$/ }, () => ({
      contents: `
        const { homedir, platform } = require('node:os');
        exports.getHomeDir = () => { try { return homedir(); } catch { return '/nonexistent'; } };
        exports.getPlatform = async () => platform();
        exports.getShell = async () => 'unknown';`,
    }));
    // It looks for the home as well, to shorten the stacks of oclif's own errors, which are never shown here.
    pluginBuild.onLoad({ filter: /clean-stack\/index\.js$/ }, () => ({
      contents: 'module.exports = (stack) => stack;',
    }));
  },
};

/** The help is in the bundle, where oclif looks for a file. Files are for plug-ins: a script out of a code cache cannot import them itself. */
const withOwnHelp = {
  name: 'with-own-help',
  setup(pluginBuild) {
    pluginBuild.onLoad({ filter: /@oclif\/core\/lib\/module-loader\.js$/ }, async ({ path }) => ({
      contents: `${(await readFile(path, 'utf8')).replaceAll('await import(', 'await loadFile(')}
        const loadFile = typeof importFile === 'function' ? importFile : new Function('url', 'return import(url)');
        exports.load = (config, file) =>
          file.endsWith('/src/cli/help.ts') ? import('${root}src/cli/help.ts') : load(config, file);`,
    }));
  },
};

/** What oclif loads from files are its commands, the help and plug-ins: here the first two are in the bundle, and nothing else is code. */
const withoutFiles = {
  name: 'without-files',
  setup(pluginBuild) {
    const instead = {
      'module-loader.js': `exports.load = () => import('${root}src/cli/help.ts');`,
      'config/ts-path.js': 'exports.tsPath = async (root, path) => path;',
      'config/plugin.js': 'exports.Plugin = class {};',
    };
    pluginBuild.onLoad(
      { filter: /@oclif\/core\/lib\/(?:module-loader|config\/ts-path|config\/plugin)\.js$/ },
      ({ path }) => ({
        contents: instead[path.split('/core/lib/')[1]],
      }),
    );
  },
};

/** Modules of Node that most commands import and few use. */
const lateBuiltins =
  /\brequire\("(?:node:)?(?:fs\/promises|timers\/promises|perf_hooks|readline|child_process|crypto|dns|https|tls|v8|vm|worker_threads)"\)/g;

/** What stands for a module until something of it is asked for, which is when it is loaded. */
const atFirstUse = `var atFirstUse=(load)=>{
  let loaded;
  const real=()=>loaded??=load();
  return new Proxy(()=>{},{
    get:(_,key)=>key==='__esModule'?undefined:real()[key],
    has:(_,key)=>key in real(),
    apply:(_,self,args)=>Reflect.apply(real(),self,args),
    ownKeys:()=>Reflect.ownKeys(real()),
    getOwnPropertyDescriptor:(_,key)=>{
      const own=Reflect.getOwnPropertyDescriptor(real(),key);
      return own&&{...own,configurable:true};
    },
  });
};`;

/** The same for packages that oclif uses for its own texts and for plug-ins. */
const withLatePackages = {
  name: 'with-late-packages',
  setup(pluginBuild) {
    pluginBuild.onResolve({ filter: /^(?:wrap-ansi|lilconfig|tinyglobby)$/ }, ({ path, resolveDir, namespace }) =>
      namespace === 'late' ? undefined : { path, namespace: 'late', pluginData: resolveDir },
    );
    pluginBuild.onLoad({ filter: /.*/, namespace: 'late' }, ({ path, pluginData }) => ({
      contents: `module.exports = atFirstUse(() => require('${path}'));`,
      resolveDir: pluginData,
    }));
  },
};

/**
 * The whole program as one CommonJS module that reads no file of its own, and the code of a thread that helps it.
 *
 * @param manual the folder that the help names for its pages
 * @param takesPlugIns whether oclif may load code from files beside it; default: not
 * @param keepsNames for the stack of a bug; `isReadable`: for a debugger, as it is written and with a map
 * @returns a script that exports `run`, which may be given another folder, and the thread's; both only of ASCII
 */
export async function bundleWhole({ target, manual, takesPlugIns = false, keepsNames = false, isReadable = false }) {
  const { name, version, description, oclif } = JSON.parse(
    await readFile(new URL('package.json', import.meta.url), 'utf8'),
  );
  const { commands } = JSON.parse(await readFile(new URL('oclif.manifest.json', import.meta.url), 'utf8'));
  const load = (await commandFiles()).map((file) => {
    const id = relative('src/commands', file).replace(/\.ts$/, '').replaceAll('/', ':');
    return `'${id}': () => import('./${file}'),`;
  });
  const contents = `
    import { main } from './src/cli/main.ts';
    import { selfContained } from './src/cli/self-contained.ts';
    const pjson = ${JSON.stringify({ name, version, description, oclif })};
    const manifest = JSON.parse(${JSON.stringify(JSON.stringify(commands))});
    const load = { ${load.join('\n')} };
    export const run = (args, folder = ${JSON.stringify(manual)}) =>
      main(args, selfContained(folder, { pjson, manifest, load }), ${takesPlugIns});
  `;
  const options = { target, keepsNames, isReadable, oclif: takesPlugIns ? [withOwnHelp] : [withoutFiles] };
  const [program, thread] = await Promise.all([
    bundleScript({ stdin: { contents, resolveDir: root, loader: 'js', sourcefile: 'restaple.js' } }, options),
    bundleScript({ entryPoints: ['src/cli/fetch/fetch-thread.ts'] }, options),
  ]);
  return { program, thread };
}

async function bundleScript(input, { target, keepsNames, isReadable, oclif }) {
  const plugins = [withoutUnusedOptions, withoutVainWork, withoutShell, withLatePackages, ...oclif];
  const { outputFiles, metafile } = await build({
    ...input,
    absWorkingDir: root,
    bundle: true,
    write: false,
    metafile: true,
    minifyWhitespace: !isReadable,
    minifySyntax: !isReadable,
    minifyIdentifiers: !isReadable && !keepsNames,
    // For reading the stack of a bug, beside the build: nothing of it is in the program.
    sourcemap: 'external',
    outdir: 'dist',
    format: 'cjs',
    platform: 'node',
    target,
    // Node's own modules are required: a script out of a code cache cannot import.
    supported: { 'dynamic-import': false },
    external,
    plugins,
    // A program out of an executable has no file name.
    banner: {
      js: `${atFirstUse}var fileUrl=typeof __filename==='string'?require('node:url').pathToFileURL(__filename).href:'file:///';`,
    },
    define: { 'import.meta.url': 'fileUrl' },
    legalComments: 'none',
    logLevel: 'warning',
  });
  const [map, script] = outputFiles;
  // What stands in a regular expression is left as it is by esbuild.
  const late = script.text.replace(lateBuiltins, 'atFirstUse(()=>$&)');
  const text = late.replace(/[^\0-\x7f]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return { text, map: map.text, metafile };
}

async function commandFiles() {
  const files = await readdir(new URL('src/commands', import.meta.url), { recursive: true });
  return files.filter((file) => file.endsWith('.ts')).map((file) => `src/commands/${file}`);
}

/** What npm installs as the program: dist/restaple.cjs, the thread, and the code cache. */
async function program() {
  await manifest();
  const { program, thread } = await bundleWhole({
    target: 'node20.19',
    manual: root,
    takesPlugIns: true,
    keepsNames: true,
    isReadable: sourceMaps,
  });
  // No cache of other code is ever beside it.
  await rm(inDist('code-cache'), { recursive: true, force: true });
  await mkdir(inDist(''), { recursive: true });
  await writeScript('restaple.cjs', program);
  await writeScript('fetch-thread.cjs', thread);
  if (!sourceMaps) await codeCaches(program.text);
  return [program.metafile, thread.metafile];
}

const inDist = (name) => new URL(`dist/${name}`, import.meta.url);

/** In one step, since a program may run meanwhile. */
async function writeScript(name, { text, map }) {
  await writeFile(inDist(`${name}.new`), sourceMaps ? `${text}//# sourceMappingURL=${name}.map\n` : text);
  await rename(inDist(`${name}.new`), inDist(name));
  if (sourceMaps) await writeFile(inDist(`${name}.map`), map);
  else await rm(inDist(`${name}.map`), { force: true });
}

/** V8's code cache of the program, without which half of a start is compiling. bin/program.js reads the one of its Node.js. */
async function codeCaches(text) {
  const { wrapped } = require('./bin/program.js');
  const wrappedPath = `${root}build/npm/program.js`;
  await mkdir(dirname(wrappedPath), { recursive: true });
  await mkdir(inDist('code-cache'), { recursive: true });
  await writeFile(wrappedPath, wrapped(text), 'latin1');
  const environment = { env: { PATH: process.env.PATH, HOME: dirname(wrappedPath) } };
  for (const node of [process.execPath, ...values['code-cache-for']]) {
    const { stdout } = await run(node, ['-p', 'require(process.argv[1]).cachePath()', `${root}bin/program.js`]);
    const words = [`${root}packaging/binary/warm.cjs`, wrappedPath, `${root}fixtures`, stdout.trim()];
    await run(node, words, environment);
  }
}

/** What oclif knows of the commands without loading them. */
async function manifest() {
  const work = `${root}build/manifest`;
  await rm(work, { recursive: true, force: true });
  await build({
    absWorkingDir: root,
    entryPoints: await commandFiles(),
    outdir: `${work}/commands`,
    outbase: 'src/commands',
    bundle: true,
    splitting: true,
    chunkNames: '../chunks/[hash]',
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    packages: 'external',
    logLevel: 'warning',
  });
  const { name, version, oclif } = JSON.parse(await readFile(new URL('package.json', import.meta.url), 'utf8'));
  const commands = { strategy: 'pattern', target: './commands' };
  const pjson = { name, version, type: 'module', oclif: { ...oclif, commands } };
  await writeFile(`${work}/package.json`, JSON.stringify(pjson));
  const { Plugin } = await import('@oclif/core');
  const plugin = new Plugin({ root: work, type: 'core', ignoreManifest: true, errorOnManifestCreate: true });
  await plugin.load();
  await writeFile(new URL('oclif.manifest.json', import.meta.url), `${JSON.stringify(plugin.manifest)}\n`);
}

/** The library: both entries share their code. */
async function library() {
  const { metafile } = await build({
    absWorkingDir: root,
    metafile: true,
    entryPoints: ['src/index.ts', 'src/core/index.ts'],
    outdir: 'dist',
    outbase: 'src',
    bundle: true,
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    plugins: [withoutUnusedOptions],
    sourcemap: sourceMaps ? 'linked' : false,
    legalComments: 'none',
    logLevel: 'warning',
    // The CommonJS packages in the bundle call require for node's own modules.
    banner: {
      js: "import { createRequire as createBundleRequire } from 'node:module'; const require = createBundleRequire(import.meta.url);",
    },
  });
  return metafile;
}

async function types() {
  await run(process.execPath, [require.resolve('typescript/bin/tsc'), '-p', 'tsconfig.build.json'], { cwd: root });
}

/** Manuals and completions, made from the manifest by src/cli/manual/documents.ts, which the program itself does not need. */
async function documents() {
  const outfile = `${root}build/documents.mjs`;
  await build({
    absWorkingDir: root,
    entryPoints: ['src/cli/manual/documents.ts'],
    outfile,
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    logLevel: 'warning',
  });
  const { builtDocuments, documentSources } = await import(outfile);
  const sources = ['oclif.manifest.json', 'package.json', 'CHANGELOG.md', 'README.md'];
  const texts = sources.map((name) => readFile(new URL(name, import.meta.url), 'utf8'));
  const written = builtDocuments(documentSources(...(await Promise.all(texts))));
  for (const folder of ['man', 'completion']) {
    await rm(inDist(folder), { recursive: true, force: true });
    await mkdir(inDist(folder));
  }
  for (const [name, text] of Object.entries(written)) await writeFile(inDist(name), text);
}

/** Removes what an earlier build left; only now, so that a program that runs meanwhile finds its chunks. */
async function removeStale({ outputs }) {
  const kept = new Set(['dist/restaple.cjs', 'dist/fetch-thread.cjs', ...Object.keys(outputs)]);
  for (const name of await readdir(inDist(''), { recursive: true })) {
    const isStale = /\.c?js$/.test(name)
      ? !kept.has(`dist/${name}`)
      : name.endsWith('.map')
        ? !sourceMaps
        : name.endsWith('.d.ts') && !existsSync(new URL(`src/${name.replace(/\.d\.ts$/, '.ts')}`, import.meta.url));
    if (isStale) await rm(inDist(name));
  }
}

async function buildAll() {
  const [ofProgram, ofLibrary] = await Promise.all([program(), library(), types()]);
  await documents();
  await writeFile(inDist('THIRD-PARTY-NOTICES'), await noticesOf([...ofProgram, ofLibrary], root));
  await removeStale(ofLibrary);
  await chmod(new URL('bin/run.js', import.meta.url), 0o755);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await buildAll().catch((error) => {
    console.error(error instanceof Error && 'stdout' in error ? `${error.stdout}${error.stderr}` : error);
    process.exitCode = 1;
  });
}
