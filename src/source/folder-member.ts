import { lstatSync, statSync } from 'node:fs';
import { OcspError, isSelfIssued, type Certificate } from '../core/index.js';
import { shownPath, type FilePath } from '../core/file-path.js';
import { systemErrorCode } from '../system/system-error.js';
import { mayHoldCertificate, readCertificateFileNow, type CertificateFile } from './certificate-file.js';
import { errorOfSource, type ListedCertificate } from './certificate-list.js';

/**
 * Reads a certificate of a list: undefined for a file that merely lies in a named folder and is not ours.
 *
 * @throws OcspError what reading it can throw, and the failure of a source that leads to no file
 */
export function readListed({
  path,
  named,
  failure,
}: Pick<ListedCertificate, 'path' | 'named' | 'failure'>): CertificateFile | undefined {
  if (failure !== undefined) throw errorOfSource(failure);
  return named ? readCertificateFileNow(path) : readFolderMember(path);
}

/**
 * Reads a file that merely lies in a named folder: undefined for what is not a regular file, has no certificate (a serial
 * file, a CRL, a key, a request, any text), or has one of a CA.
 *
 * @throws OcspError for a certificate that is unreadable or damaged, so that it is reported
 */
function readFolderMember(path: FilePath): CertificateFile | undefined {
  try {
    const file = readCertificateFileNow(path);
    return isOfAuthority(file.certificate) ? undefined : file;
  } catch (error) {
    if (error instanceof OcspError && isOtherKind(path, error)) return undefined;
    throw error;
  }
}

/** Before version 3 nothing says that a certificate is a CA's; a self-issued one names no responder in any case. */
function isOfAuthority(certificate: Certificate): boolean {
  return certificate.isCa || (certificate.version < 3 && isSelfIssued(certificate));
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

function isOtherKind(path: FilePath, { code }: OcspError): boolean {
  switch (code) {
    case 'no-certificate':
    case 'file-empty':
    case 'file-too-large':
      return true;
    case 'file-not-found':
      return !isLinkOfCertificate(path);
    case 'file-unreadable':
      return isSurelyNotRegular(path);
    default:
      return !mayHoldCertificate(path);
  }
}

/** A link whose certificate is gone; what was removed since the folder was listed is not missed. */
function isLinkOfCertificate(path: FilePath): boolean {
  if (!/\.(?:pem|crt|cer|cert|der|p7b|p7c)$/i.test(shownPath(path))) return false;
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

/** A folder, a device, a socket: not where nobody may look. */
function isSurelyNotRegular(path: FilePath): boolean {
  try {
    return !statSync(path).isFile();
  } catch (error) {
    const code = systemErrorCode(error);
    return code === 'ENOENT' || code === 'ENOTDIR';
  }
}
