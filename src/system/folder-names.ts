import { opendirSync } from 'node:fs';
import { resolve } from 'node:path';
import { nameOf, type FilePath } from '../core/file-path.js';

/**
 * The names in a folder, one by one, each with one character for each of its bytes: what is not taken needs no memory, and
 * of 200,000 names at once that would be 40 MB. System errors are thrown as they are.
 *
 * @param noteFolder told of those that are folders, or links, before they are yielded
 */
export function* namesIn(
  folder: FilePath,
  noteFolder?: (name: string, kind: 'folder' | 'link') => void,
): Generator<string> {
  const directory = opendirSync(Buffer.from(folder), { encoding: 'latin1', bufferSize: 256 });
  try {
    for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
      if (entry.isDirectory()) noteFolder?.(entry.name, 'folder');
      else if (entry.isSymbolicLink()) noteFolder?.(entry.name, 'link');
      yield entry.name;
    }
  } finally {
    directory.closeSync();
  }
}

/** The folder's own name, also where it was reached by `.` or with a slash at its end; empty for the root. */
export function folderName(folder: FilePath): Buffer {
  if (typeof folder === 'string') return nameOf(resolve(folder));
  let end = folder.length;
  while (end > 1 && folder[end - 1] === 0x2f) end -= 1;
  return nameOf(folder.subarray(0, end));
}
