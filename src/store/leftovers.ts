import { folderOf, nameOf, pathKey, type FilePath } from '../core/file-path.js';
import { namesIn } from '../system/folder-names.js';
import { lockPath, temporaryPath } from './staple-path.js';

/** Tells which staples have left-over files beside them, by listing each folder once. */
export interface Leftovers {
  /** Whether a lock or a temporary file was beside the staple when its folder was listed; true where that could not be. */
  mayBeBeside(staple: FilePath): boolean;
}

/**
 * For a scan of many staples in few folders: what is in a folder is found at once, instead of two lstat for each staple. A
 * run that dies after its folder was listed leaves its files to the next scan.
 */
export function createLeftovers(): Leftovers {
  const namesByFolder = new Map<string, ReadonlySet<string> | undefined>();
  const ownNames = (folder: FilePath): ReadonlySet<string> | undefined => {
    const key = pathKey(folder);
    if (!namesByFolder.has(key)) namesByFolder.set(key, ownNamesIn(folder));
    return namesByFolder.get(key);
  };
  return {
    mayBeBeside(staple) {
      const names = ownNames(folderOf(staple));
      if (names === undefined) return true;
      if (names.size === 0) return false;
      return [lockPath(staple), temporaryPath(staple)].some((path) => names.has(pathKey(nameOf(path))));
    },
  };
}

function ownNamesIn(folder: FilePath): ReadonlySet<string> | undefined {
  const names = new Set<string>();
  try {
    for (const name of namesIn(folder)) {
      if (name.endsWith('.restaple-lock') || name.endsWith('.restaple-tmp')) names.add(name);
    }
    return names;
  } catch {
    return undefined;
  }
}
