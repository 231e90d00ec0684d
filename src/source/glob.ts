import { globSync } from 'tinyglobby';

/** The paths that match, sorted; `*` matches neither `/` nor a leading dot. */
export function expandGlob(pattern: string): string[] {
  return globSync(pattern, { onlyFiles: true, expandDirectories: false, followSymbolicLinks: true }).sort();
}
