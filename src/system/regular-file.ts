import { statSync } from 'node:fs';
import type { FilePath } from '../core/file-path.js';

/** Whether there is a regular file at this path, links followed. */
export function isRegularFile(path: FilePath): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
