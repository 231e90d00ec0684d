import { statSync } from 'node:fs';
import { shownPath, type FilePath } from '../core/file-path.js';
import { modeText } from './owner-and-mode.js';

/** Bits of a mode: others may read or write; the group may write. A group that may only read is how daemons share a key. */
const others = 0o006;
const groupWrite = 0o020;

/**
 * What is wrong with the permissions of a file that holds a secret, one sentence each; none for pipes, as from
 * `<(command)`, and for files that are gone by now.
 */
export function exposureOf(path: FilePath, what: string): string[] {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status?.isFile() !== true) return [];
  const mode = modeText(status);
  const name = shownPath(path);
  const warnings: string[] = [];
  if ((status.mode & others) !== 0) {
    warnings.push(
      `${what} ${name} can be read or changed by every user of this machine (mode ${mode}): chmod o= ${name}`,
    );
  }
  if ((status.mode & groupWrite) !== 0) {
    warnings.push(`${what} ${name} can be changed by its group (mode ${mode}): chmod g-w ${name}`);
  }
  return warnings;
}
