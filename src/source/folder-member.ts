import { OcspError } from '../core/index.js';
import type { FilePath } from '../core/file-path.js';
import { readCertificateFileNow, type CertificateFile } from './certificate-file.js';
import { isRegularFile } from '../system/regular-file.js';

const withoutCertificate: ReadonlySet<string> = new Set([
  'no-certificate',
  'file-empty',
  'file-too-large',
  'file-not-found',
]);

/**
 * Reads a file that merely lies in a named folder: undefined for what is no regular file, has no certificate, or has one
 * of a CA.
 *
 * @throws OcspError for a file that is unreadable or damaged, so that it is heard of
 */
export function readFolderMember(path: FilePath): CertificateFile | undefined {
  try {
    const file = readCertificateFileNow(path);
    return file.certificate.isCa ? undefined : file;
  } catch (error) {
    if (error instanceof OcspError && (withoutCertificate.has(error.code) || !isRegularFile(path))) return undefined;
    throw error;
  }
}

/** Whether a file of a folder is to be worked on; a damaged one is, for its error has to be heard. */
export function isCertificateOfFolder(path: FilePath): boolean {
  try {
    return readFolderMember(path) !== undefined;
  } catch (error) {
    if (error instanceof OcspError) return true;
    throw error;
  }
}
