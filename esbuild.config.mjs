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

/** What oclif loads at every start and needs at few: for other versions of plug-ins, templates of help, globs, spinners. */
const oclifNeedsSeldom = ['cli-spinners', 'ejs', 'lilconfig', 'minimatch', 'semver', 'tinyglobby'];

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
      // Asked for __esModule by what TypeScript makes of an import, which is not a use yet.
      contents: `let loaded;
        module.exports = new Proxy({}, {
          get: (_, name) => name === '__esModule' ? undefined : (loaded ??= require('#on-demand/${path}'))[name],
        });`,
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
  const files = await readdir(new URL('src/commands', import.meta.url), { recursive: true });
  const commands = files.filter((file) => file.endsWith('.ts')).map((file) => `src/commands/${file}`);
  const program = [
    ...Object.keys(shared),
    'src/cli/main.ts',
    'src/cli/help.ts',
    'src/cli/fetch/fetch-thread.ts',
    ...commands,
  ];
  const parts = await Promise.all([
    bundlePart(['src/index.ts', 'src/core/index.ts'], [withoutUnusedOptions]),
    ...program.map((entry) => bundlePart([entry], [withoutUnusedOptions, withoutVersionCheck, onDemand, sharedParts])),
  ]);
  await bundleOnDemand();
  return new Set(parts.flatMap(({ metafile }) => Object.keys(metafile.outputs)));
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
  await Promise.all(builds);
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

try {
  const [outputs] = await Promise.all([bundle(), types()]);
  await manifest();
  await documents();
  await removeStale(outputs);
  await chmod(new URL('bin/run.js', import.meta.url), 0o755);
} catch (error) {
  console.error(error instanceof Error && 'stdout' in error ? String(error.stdout) : error);
  process.exitCode = 1;
}
