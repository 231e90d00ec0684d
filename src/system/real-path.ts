import { realpathSync } from 'node:fs';
import { asPath, type FilePath } from '../core/file-path.js';

/** Where links lead in the end; the path itself where they lead nowhere. */
export function realPathOf(path: FilePath): FilePath {
  try {
    return asPath(realpathSync(path, { encoding: 'buffer' }));
  } catch {
    return path;
  }
}
