// Loads the program. Compiling it is half of a start, so V8's code cache of it, which the build made, is read where it is for this Node.js.
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { Script } = require('node:vm');

const folder = join(__dirname, '..');
const path = join(folder, 'dist', 'restaple.cjs');

/** Where the code cache for this Node.js is, in the package: no other folder may hold what is run. */
function cachePath() {
  return join(folder, 'dist', 'code-cache', `${process.version}-${process.arch}`);
}

/** The program as V8 compiles it, in the cache as well as here. */
function wrapped(source) {
  return `(function(exports,require,module,__filename,importFile){${source}\n})`;
}

/** The code cache; undefined where there is none for this Node.js, or none that can be read. */
function cached() {
  try {
    return readFileSync(cachePath());
  } catch {
    return undefined;
  }
}

function load() {
  const cachedData = cached();
  if (cachedData === undefined) return require(path);
  // V8 looks at version, flags and length, and compiles where one is another.
  const script = new Script(wrapped(readFileSync(path, 'latin1')), { filename: path, cachedData });
  const module = { exports: {} };
  script.runInThisContext()(module.exports, require, module, path, (url) => import(url));
  return module.exports;
}

/** Runs a command line to its end. Throws MODULE_NOT_FOUND where the program was not built. */
exports.main = (args) => load().run(args, folder);
exports.cachePath = cachePath;
exports.wrapped = wrapped;
