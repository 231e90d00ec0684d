import { distinguishedNameToString, type Certificate } from '../../core/index.js';
import type { FilePath } from '../../core/file-path.js';
import { readCertificateFile } from '../../source/certificate-file.js';
import { responderUrls } from '../fetch/fetch-job.js';
import { troubleOfError, type Trouble } from '../trouble.js';
import { explainMissingResponder, isShortLived, type MissingResponder } from '../fetch/missing-responder.js';

/** What a certificate says about its status services, for `restaple uri`. */
export interface CertificateReport {
  /** RFC 4514 strings. */
  readonly subject: string;
  readonly issuer: string;
  /** Lower-case hex of the exact INTEGER contents. */
  readonly serialNumber: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly ocspUris: readonly string[];
  readonly caIssuersUris: readonly string[];
  readonly crlUris: readonly string[];
  readonly mustStaple: boolean;
  readonly shortLived: boolean;
  /** Why there is no responder that HTTP reaches, where there is none. */
  readonly missingResponder?: MissingResponder;
}

/** Describes a certificate's responder, issuer and CRL URIs and what stapling means for it. */
export function reportCertificate(certificate: Certificate): CertificateReport {
  const { serialNumber, notBefore, notAfter, ocspUris, caIssuersUris, crlUris, mustStaple } = certificate;
  return {
    subject: distinguishedNameToString(certificate.subject),
    issuer: distinguishedNameToString(certificate.issuer),
    serialNumber,
    notBefore,
    notAfter,
    ocspUris,
    caIssuersUris,
    crlUris,
    mustStaple,
    shortLived: isShortLived(certificate),
    ...(responderUrls(certificate, undefined).length === 0
      ? { missingResponder: explainMissingResponder(certificate) }
      : {}),
  };
}

/** What was found of one file: a report, or why there is none. */
export type CertificateFileReport =
  | { readonly path: FilePath; readonly report: CertificateReport }
  | { readonly path: FilePath; readonly trouble: Trouble };

/** Reads and describes one certificate file; what goes wrong with it is in the result and never thrown. */
export async function reportCertificateFile(path: FilePath): Promise<CertificateFileReport> {
  try {
    const { certificate } = await readCertificateFile(path);
    return { path, report: reportCertificate(certificate) };
  } catch (error) {
    return { path, trouble: troubleOfError(error) };
  }
}
