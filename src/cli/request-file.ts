import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { OcspError } from '../core/index.js';
import { systemErrorText } from '../core/system-error.js';

/**
 * Writes a request where --request-out says, whole or not at all.
 *
 * @throws OcspError `staple-unwritable`
 */
export function writeRequestFile(file: string, request: Uint8Array): void {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, request, { flag: 'wx', mode: 0o644 });
    renameSync(temporary, file);
  } catch (error) {
    removeIfThere(temporary);
    throw new OcspError(
      'staple-unwritable',
      `the request could not be written to ${file}: ${reason(error)}`,
      'name a file in a folder where this user may write with --request-out',
      { cause: error },
    );
  }
}

function reason(error: unknown): string {
  return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'its folder does not exist' : systemErrorText(error);
}

function removeIfThere(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // Where it may not be removed it could not be written either.
  }
}
