// The project may lie in a folder that only its owner enters; what another user is to run is copied to where it can.
import { execFileSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { createTemporaryFolder } from './temporary-folder.js';

const copies = new Map<string, string>();

/** A copy of the built program that any user may run; made once a process. Returns the path of its bin/run.js. */
export function readableProgram(projectFolder: string): string {
  return copyOnce(projectFolder, (folder) => {
    for (const part of ['bin', 'dist', 'package.json', 'oclif.manifest.json']) {
      cpSync(join(projectFolder, part), join(folder, part), { recursive: true });
    }
    return join(folder, 'bin', 'run.js');
  });
}

/** A TypeScript module of this tree bundled into one script that any user may load; made once a process. */
export function readableModule(path: string): string {
  return copyOnce(path, (folder) => {
    const outfile = join(folder, 'module.mjs');
    // The CommonJS packages in it call require for node's own modules.
    const banner = {
      js: "import { createRequire as createModuleRequire } from 'node:module'; const require = createModuleRequire(import.meta.url);",
    };
    buildSync({
      entryPoints: [path],
      bundle: true,
      platform: 'node',
      format: 'esm',
      banner,
      outfile,
      logLevel: 'error',
    });
    return outfile;
  });
}

function copyOnce(key: string, copyTo: (folder: string) => string): string {
  const known = copies.get(key);
  if (known !== undefined) return known;
  const folder = createTemporaryFolder('restaple-readable-');
  const copy = copyTo(folder.path);
  execFileSync('chmod', ['-R', 'a+rX', folder.path]);
  process.on('exit', () => folder.remove());
  copies.set(key, copy);
  return copy;
}
