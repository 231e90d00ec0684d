import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export interface TemporaryFolder {
  /** The real path, no symlink in it. */
  readonly path: string;
  /** The path of a name in the folder. */
  readonly at: (...names: readonly string[]) => string;
  /** Writes a file (and the folders above it) and returns its path. */
  readonly write: (name: string, contents: string | Uint8Array, mode?: number) => string;
  /** Removes the folder and everything in it. */
  readonly remove: () => void;
}

/** A new folder under the system's one for temporary files. */
export function createTemporaryFolder(prefix = 'restaple-test-'): TemporaryFolder {
  const path = realpathSync(mkdtempSync(join(tmpdir(), prefix)));
  const at = (...names: readonly string[]): string => join(path, ...names);
  return {
    path,
    at,
    write: (name, contents, mode = 0o644) => {
      const file = at(name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, contents);
      chmodSync(file, mode);
      return file;
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}

/** Lends a folder to `use` and removes it afterwards, whatever happened. */
export async function withTemporaryFolder<T>(use: (folder: TemporaryFolder) => T | Promise<T>): Promise<T> {
  const folder = createTemporaryFolder();
  try {
    return await use(folder);
  } finally {
    folder.remove();
  }
}
