import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { OcspError } from '../core/index.js';

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
    rmSync(temporary, { force: true });
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new OcspError(
      'staple-unwritable',
      `the request could not be written to ${file}: ${code}`,
      'check --request-out',
      {
        cause: error,
      },
    );
  }
}
