import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { shownPath, type FilePath } from '../core/file-path.js';
import { systemErrorText } from './system-error.js';

/** What is at a path, links followed, with its article: for messages. Undefined where nothing is, or where nobody may look. */
export function fileKindAt(path: FilePath): 'a file' | 'a folder' | 'a socket' | 'a pipe' | 'a device' | undefined {
  try {
    const status = statSync(path);
    if (status.isFile()) return 'a file';
    if (status.isDirectory()) return 'a folder';
    if (status.isSocket()) return 'a socket';
    return status.isFIFO() ? 'a pipe' : 'a device';
  } catch {
    return undefined;
  }
}

/**
 * Why a program cannot be started, a sentence; undefined where it can, as far as its file tells.
 *
 * @param name a path, or a name to be found in `searchPath`
 */
export function programProblem(name: string, searchPath = ''): string | undefined {
  if (name.includes('/')) return runProblem(name);
  const places = searchPath.split(delimiter).map((folder) => join(folder === '' ? '.' : folder, name));
  return places.some((place) => runProblem(place) === undefined) ? undefined : `${name} was not found in PATH`;
}

function runProblem(path: FilePath): string | undefined {
  const name = shownPath(path);
  try {
    const kind = statSync(path).isFile() ? 'a file' : fileKindAt(path);
    if (kind !== 'a file') return `${name} is ${kind ?? 'of an unknown kind'}, not a program`;
    accessSync(path, constants.X_OK);
    return undefined;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') return `${name} does not exist`;
    return code === 'EACCES' ? `${name} may not be run by this user (chmod +x)` : `${name}: ${systemErrorText(error)}`;
  }
}
