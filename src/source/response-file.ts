import { OcspError } from '../core/index.js';
import type { FilePath } from '../core/file-path.js';
import { readInputFile } from './input-file.js';

/** As much as is ever stored or taken from a responder. */
const largestResponse = 64 * 1024;

/**
 * The bytes of a response file; empty for an empty one, which is not an OCSPResponse, and undefined when there is no file.
 *
 * @throws OcspError `file-unreadable`, `file-too-large`
 */
export function readResponseFile(path: FilePath): Uint8Array | undefined {
  try {
    return readInputFile(path, largestResponse, {
      tooLarge: 'name the file of one OCSP response; restaple takes none that is larger',
    });
  } catch (error) {
    if (error instanceof OcspError && error.code === 'file-not-found') return undefined;
    throw error;
  }
}
