import { isAbsolute } from 'node:path';
import { globSync } from 'tinyglobby';

/** The paths that match, sorted, absolute where the pattern is; `*` matches neither `/` nor a leading dot. */
export function expandGlob(pattern: string): string[] {
  const absolute = isAbsolute(pattern);
  return globSync(pattern, { absolute, onlyFiles: true, expandDirectories: false, followSymbolicLinks: true }).sort();
}
