import { statSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { globSync } from 'tinyglobby';
import { definedOnly } from '../core/defined-only.js';

/** No path is that long, and the library throws on more than twice as much. */
const longestPattern = 32_768;

/**
 * The paths that match, sorted, absolute where the pattern is; `*` matches neither `/` nor a leading dot. Folders are none
 * of them, but a link that leads nowhere or to where nobody may look is: whoever reads it says so.
 *
 * @param folder where a relative pattern begins, whatever signs are in its name; its paths are absolute then
 */
export function expandGlob(pattern: string, folder?: string): string[] {
  if (pattern.length > longestPattern) return [];
  const absolute = folder !== undefined || isAbsolute(pattern);
  const rules = { absolute, onlyFiles: false, expandDirectories: false, followSymbolicLinks: true };
  const found = globSync(pattern, definedOnly({ ...rules, cwd: folder }));
  return found.filter((path) => !isFolder(path)).sort();
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
