import { statSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { globSync } from 'tinyglobby';

/**
 * The paths that match, sorted, absolute where the pattern is; `*` matches neither `/` nor a leading dot. Folders are none
 * of them, but a link that leads nowhere or to where nobody may look is: whoever reads it says so.
 */
export function expandGlob(pattern: string): string[] {
  const absolute = isAbsolute(pattern);
  const found = globSync(pattern, { absolute, onlyFiles: false, expandDirectories: false, followSymbolicLinks: true });
  return found.filter((path) => !isFolder(path)).sort();
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
