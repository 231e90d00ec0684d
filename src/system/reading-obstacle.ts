import { realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { FilePath } from '../core/file-path.js';
import { mayByMode, modeText } from './owner-and-mode.js';
import type { ProcessRights } from './running-process.js';

/**
 * The file or the folder above it that keeps a user from reading a file, with its mode; undefined where none does, and where
 * there is no such file. An access list cannot be seen from here.
 */
export function readingObstacle(path: FilePath, reader: ProcessRights): string | undefined {
  let place: string;
  try {
    place = realpathSync(path);
  } catch {
    return undefined;
  }
  if (reader.userId === 0) return undefined;
  for (let bit = 0o4; ; bit = 0o1) {
    const status = statSync(place);
    if (!mayByMode(reader, bit, status)) return `${place} has mode ${modeText(status)}`;
    if (place === '/') return undefined;
    place = dirname(place);
  }
}
