import { readPassphraseFile } from '../../source/passphrase-file.js';

/**
 * The passphrase of --passphrase-file, else of RESTAPLE_PASSPHRASE: never of the command line, which every user of the
 * machine can read.
 *
 * @param warn is told what the reader should hear of the file
 * @throws OcspError as `readPassphraseFile`
 */
export function passphraseFrom(
  file: string | undefined,
  warn: (warning: string) => unknown,
): string | Uint8Array | undefined {
  if (file === undefined) return process.env['RESTAPLE_PASSPHRASE'];
  const { passphrase, warnings } = readPassphraseFile(file);
  for (const warning of warnings) warn(warning);
  return passphrase;
}
