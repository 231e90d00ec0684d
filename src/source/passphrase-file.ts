import { OcspError } from '../core/index.js';
import { shownPath, type FilePath } from '../core/file-path.js';
import { exposureOf } from '../system/file-exposure.js';
import { readInputFile } from './input-file.js';

/** A passphrase as the file has it, and what the reader should hear about the file, one sentence each. */
export interface PassphraseFile {
  readonly passphrase: Uint8Array;
  readonly warnings: readonly string[];
}

const largestPassphraseFile = 4 * 1024;

/**
 * Reads a passphrase: the first line of a file without its line end, as openssl's `-passin file:` does.
 *
 * @throws OcspError `key-passphrase` when the first line is empty; what reading a file can throw
 */
export function readPassphraseFile(path: FilePath): PassphraseFile {
  const bytes = readInputFile(path, largestPassphraseFile, {
    empty: 'write the passphrase into its first line',
    tooLarge: 'name the file that holds the passphrase',
  });
  const newline = bytes.indexOf(0x0a);
  const line = bytes.subarray(0, newline < 0 ? bytes.length : newline);
  const passphrase = Uint8Array.from(line[line.length - 1] === 0x0d ? line.subarray(0, -1) : line);
  bytes.fill(0);
  if (passphrase.length === 0) {
    throw new OcspError(
      'key-passphrase',
      `the first line of the passphrase file ${shownPath(path)} is empty`,
      'write the passphrase into its first line',
    );
  }
  return { passphrase, warnings: exposureOf(path, 'the passphrase file') };
}
