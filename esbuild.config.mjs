// Builds dist/: the program split by command, the library, its types, manuals and completions; and the manifest that spares
// oclif loading every command.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { noticesOf } from './packaging/notices.mjs';

const root = fileURLToPath(new URL('.', import.meta.url));
const require = createRequire(import.meta.url);
const run = promisify(execFile);

/** For debugging, `npm run build -- --source-maps`: stacks and breakpoints by the source. What is shipped has none. */
const sourcemap = process.argv.includes('--source-maps') ? 'linked' : false;

/** Large, and loaded on demand by few commands or, as TypeScript by oclif, never: these stay packages. */
const external = ['typescript'];

/**
 * got loads packages at import for options that are never set here: http2-wrapper, which opens a TLS context for `http2`
 * (17 ms of every fetch), cacheable-request for `cache` and cacheable-lookup for `dnsCache` (a third of its code). In the
 * bundle they are empty.
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
 * oclif looks at import whether its own package.json, which is not in the bundle, likes this Node: 12 ms of every start for
 * no answer.
 */
const withoutVersionCheck = {
  name: 'without-version-check',
  setup(pluginBuild) {
    pluginBuild.onLoad({ filter: /@oclif\/core\/lib\/index\.js$/ }, async ({ path }) => {
      const call = '\ncheckNodeVersion();\n';
      const source = await readFile(path, 'utf8');
      if (!source.includes(call)) throw new Error(`${path} no longer calls checkNodeVersion`);
      return { contents: source.replace(call, '\n') };
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
  },
};

/** What oclif loads at every start and needs at few: for other versions of plug-ins, templates of help, globs, spinners. */
const oclifNeedsSeldom = ['cli-spinners', 'ejs', 'lilconfig', 'minimatch', 'semver', 'tinyglobby'];

/** Asked for __esModule by what TypeScript makes of an import, which is not a use yet. */
const lazily = (expression) => `
  let loaded;
  module.exports = new Proxy({}, {
    get: (_, name) => name === '__esModule' ? undefined : (loaded ??= ${expression})[name],
  });`;

/** These packages are files of their own, read with their first use: half of oclif's bundle and a tenth of a start. */
const onDemand = {
  name: 'on-demand',
  setup(pluginBuild) {
    const seldom = new RegExp(`^(?:${oclifNeedsSeldom.join('|')})$`);
    pluginBuild.onResolve({ filter: seldom }, ({ path, importer }) =>
      importer.includes('/@oclif/core/') ? { path, namespace: 'on-demand' } : undefined,
    );
    pluginBuild.onResolve({ filter: /^#on-demand\// }, ({ path }) => ({ path, external: true }));
    pluginBuild.onLoad({ filter: /.*/, namespace: 'on-demand' }, ({ path }) => ({
      contents: lazily(`require('#on-demand/${path}')`),
    }));
  },
};

/**
 * What the parts of the program share at run time, by the import of package.json that leads to it: classes that are told
 * apart by instanceof, and oclif.
 */
const shared = {
  'src/cli/oclif.ts': '#oclif',
  'src/core/ocsp-error.ts': '#ocsp-error',
  'src/cli/config/configuration-error.ts': '#configuration-error',
};

const sharedParts = {
  name: 'shared-parts',
  setup(pluginBuild) {
    const own = `${root}${pluginBuild.initialOptions.entryPoints[0]}`;
    const asShared = (name) => ({ path: name, external: true });
    pluginBuild.onResolve({ filter: /^@oclif\/core$/ }, ({ importer }) =>
      importer === `${root}src/cli/oclif.ts` || importer.includes('/node_modules/') ? undefined : asShared('#oclif'),
    );
    pluginBuild.onResolve({ filter: /^\.{1,2}\// }, ({ path, resolveDir }) => {
      const file = join(resolveDir, path.replace(/\.js$/, '.ts'));
      const name = file === own ? undefined : shared[relative(root, file)];
      return name === undefined ? undefined : asShared(name);
    });
  },
};

/**
 * Each entry point is a bundle of its own, with what it loads on demand beside it: code that entry points share would be
 * split into ever smaller files, of which each costs a start a millisecond (66 of them a third of `fetch`).
 */
async function bundle() {
  const program = [
    ...Object.keys(shared),
    'src/cli/main.ts',
    'src/cli/help.ts',
    'src/cli/fetch/fetch-thread.ts',
    ...(await commandFiles()),
  ];
  const parts = await Promise.all([
    bundlePart(['src/index.ts', 'src/core/index.ts'], [withoutUnusedOptions]),
    ...program.map((entry) =>
      bundlePart([entry], [withoutUnusedOptions, withoutVersionCheck, withoutShell, onDemand, sharedParts]),
    ),
  ]);
  const metafiles = [...parts, ...(await bundleOnDemand())].map(({ metafile }) => metafile);
  await writeFile(new URL('dist/THIRD-PARTY-NOTICES', import.meta.url), await noticesOf(metafiles, root));
  return new Set(metafiles.flatMap(({ outputs }) => Object.keys(outputs)));
}

async function commandFiles() {
  const files = await readdir(new URL('src/commands', import.meta.url), { recursive: true });
  return files.filter((file) => file.endsWith('.ts')).map((file) => `src/commands/${file}`);
}

function bundlePart(entryPoints, plugins) {
  return build({
    absWorkingDir: root,
    metafile: true,
    entryPoints,
    outdir: 'dist',
    outbase: 'src',
    bundle: true,
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    external,
    plugins,
    sourcemap,
    legalComments: 'none',
    logLevel: 'warning',
    // The CommonJS packages in the bundle call require for node's own modules.
    banner: {
      js: "import { createRequire as createBundleRequire } from 'node:module'; const require = createBundleRequire(import.meta.url);",
    },
  });
}

/** As CommonJS, since a module of the other kind cannot be loaded in the middle of a call. */
async function bundleOnDemand() {
  const resolveDir = dirname(require.resolve('@oclif/core'));
  const builds = oclifNeedsSeldom.map((name) =>
    build({
      absWorkingDir: root,
      metafile: true,
      stdin: { contents: `module.exports = require(${JSON.stringify(name)});`, resolveDir },
      outfile: `dist/cli/on-demand/${name}.cjs`,
      bundle: true,
      format: 'cjs',
      platform: 'node',
      target: 'node20.19',
      legalComments: 'none',
      logLevel: 'warning',
    }),
  );
  return await Promise.all(builds);
}

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

/** As `onDemand`, but in the bundle, where they are evaluated with their first use. */
const evaluatedOnDemand = {
  name: 'evaluated-on-demand',
  setup(pluginBuild) {
    const seldom = new RegExp(`^(?:${oclifNeedsSeldom.join('|')})$`);
    pluginBuild.onResolve({ filter: seldom }, ({ path, importer, resolveDir }) =>
      importer.includes('/@oclif/core/') ? { path, namespace: 'on-demand', pluginData: resolveDir } : undefined,
    );
    pluginBuild.onLoad({ filter: /.*/, namespace: 'on-demand' }, ({ path, pluginData }) => ({
      contents: lazily(`require('${path}')`),
      resolveDir: pluginData,
    }));
  },
};

/**
 * The whole program as one CommonJS module that reads no file of its own, and the code of a thread that helps it.
 *
 * @param manual the folder that the help names for its pages
 * @returns a script that exports `run`, and the thread's
 */
export async function bundleWhole({ target, manual }) {
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
    export const run = (args) => main(args, selfContained(${JSON.stringify(manual)}, { pjson, manifest, load }));
  `;
  const [program, thread] = await Promise.all([
    bundleScript({ stdin: { contents, resolveDir: root, loader: 'js' } }, target),
    bundleScript({ entryPoints: ['src/cli/fetch/fetch-thread.ts'] }, target),
  ]);
  return { program, thread };
}

async function bundleScript(input, target) {
  const plugins = [withoutUnusedOptions, withoutVersionCheck, withoutShell, withoutFiles, evaluatedOnDemand];
  const { outputFiles, metafile } = await build({
    ...input,
    absWorkingDir: root,
    bundle: true,
    write: false,
    metafile: true,
    minify: true,
    // For reading the stack of a bug, beside the build: nothing of it is in the program.
    sourcemap: 'external',
    outdir: 'dist',
    format: 'cjs',
    platform: 'node',
    target,
    plugins,
    define: { 'import.meta.url': "'file:///'", 'import.meta.resolve': 'undefined' },
    legalComments: 'none',
    logLevel: 'warning',
  });
  const [map, script] = outputFiles;
  return { text: script.text, map: map.text, metafile };
}

async function types() {
  await run(process.execPath, [require.resolve('typescript/bin/tsc'), '-p', 'tsconfig.build.json'], { cwd: root });
}

async function manifest() {
  const { Plugin } = await import('@oclif/core');
  const plugin = new Plugin({ root, type: 'core', ignoreManifest: true, errorOnManifestCreate: true });
  await plugin.load();
  await writeFile(new URL('oclif.manifest.json', import.meta.url), `${JSON.stringify(plugin.manifest)}\n`);
}

/** Manuals and completions, made from the manifest by src/cli/manual/documents.ts, which the program itself does not need. */
async function documents() {
  const outfile = fileURLToPath(new URL('dist/documents.mjs', import.meta.url));
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
  await rm(outfile);
  const sources = ['oclif.manifest.json', 'package.json', 'CHANGELOG.md', 'README.md'];
  const texts = sources.map((name) => readFile(new URL(name, import.meta.url), 'utf8'));
  const written = builtDocuments(documentSources(...(await Promise.all(texts))));
  for (const folder of ['man', 'completion']) {
    await rm(new URL(`dist/${folder}`, import.meta.url), { recursive: true, force: true });
    await mkdir(new URL(`dist/${folder}`, import.meta.url));
  }
  for (const [name, text] of Object.entries(written)) await writeFile(new URL(`dist/${name}`, import.meta.url), text);
}

/** Removes what an earlier build left; only now, so that a program that runs meanwhile finds its chunks. */
async function removeStale(outputs) {
  for (const name of await readdir(new URL('dist', import.meta.url), { recursive: true })) {
    const isStale = /\.js(?:\.map)?$/.test(name)
      ? !outputs.has(`dist/${name}`)
      : name.endsWith('.d.ts') && !existsSync(new URL(`src/${name.replace(/\.d\.ts$/, '.ts')}`, import.meta.url));
    if (isStale) await rm(new URL(`dist/${name}`, import.meta.url));
  }
}

async function buildAll() {
  const [outputs] = await Promise.all([bundle(), types()]);
  await manifest();
  await documents();
  await removeStale(outputs);
  await chmod(new URL('bin/run.js', import.meta.url), 0o755);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await buildAll().catch((error) => {
    console.error(error instanceof Error && 'stdout' in error ? String(error.stdout) : error);
    process.exitCode = 1;
  });
}
