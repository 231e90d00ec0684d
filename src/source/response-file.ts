import { OcspError } from '../core/index.js';
import type { FilePath } from '../core/file-path.js';
import { readInputFile } from './read-file.js';

/** As much as is ever stored or taken from a responder. */
const largestResponse = 64 * 1024;

/**
 * The bytes of a response file; empty for an empty one, which is no OCSPResponse, and undefined when there is no file.
 *
 * @param options.isNamed false for the staple beside a certificate, which must be a regular file; a named one may be a pipe
 * @throws OcspError `file-unreadable`, `file-too-large`
 */
export function readResponseFile(
  path: FilePath,
  { isNamed = true }: { readonly isNamed?: boolean } = {},
): Uint8Array | undefined {
  try {
    return readInputFile(path, largestResponse, undefined, { regularOnly: !isNamed });
  } catch (error) {
    if (error instanceof OcspError && error.code === 'file-empty') return new Uint8Array(0);
    if (error instanceof OcspError && error.code === 'file-not-found') return undefined;
    throw error;
  }
}
