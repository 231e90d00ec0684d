import { distinguishedNameToString, type Certificate } from '../../core/index.js';
import { definedOnly } from '../../core/defined-only.js';
import type { FilePath } from '../../core/file-path.js';
import { readCertificateFile } from '../../source/certificate-file.js';
import { errorOfSource } from '../../source/certificate-list.js';
import type { CertificatePath } from '../../source/certificate-paths.js';
import { paddingWarnings, responderUrls } from '../fetch/fetch-job.js';
import { troubleOfError, type Trouble } from '../trouble.js';
import { explainMissingResponder, isShortLived, type MissingResponder } from '../fetch/missing-responder.js';

/** What is reported as {@link Certificate} has it: the serial number as lower-case hex of the exact INTEGER contents. */
type ReportedField =
  'serialNumber' | 'notBefore' | 'notAfter' | 'ocspUris' | 'caIssuersUris' | 'crlUris' | 'mustStaple';

/** What a certificate says about its status services, for `restaple uri`. */
export interface CertificateReport extends Pick<Certificate, ReportedField> {
  /** RFC 4514 strings. */
  readonly subject: string;
  readonly issuer: string;
  readonly shortLived: boolean;
  /** Why there is no responder that HTTP reaches, where there is none. */
  readonly missingResponder?: MissingResponder;
}

/** Describes a certificate's responder, issuer and CRL URIs and what stapling means for it. */
export function reportCertificate(certificate: Certificate): CertificateReport {
  const { serialNumber, notBefore, notAfter, ocspUris, caIssuersUris, crlUris, mustStaple } = certificate;
  const needsReason = responderUrls(certificate, undefined).length === 0;
  return definedOnly({
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
    missingResponder: needsReason ? explainMissingResponder(certificate) : undefined,
  });
}

/** What was found of one file: a report, or why there is none. */
export type CertificateFileReport =
  | {
      readonly path: FilePath;
      readonly report: CertificateReport;
      /** What is odd in the file and its certificate, for people. */
      readonly warnings: readonly string[];
    }
  | { readonly path: FilePath; readonly trouble: Trouble };

/** Reads and describes one certificate file; what goes wrong with it is in the result and never thrown. */
export async function reportCertificateFile({ path, failure }: CertificatePath): Promise<CertificateFileReport> {
  try {
    if (failure !== undefined) throw errorOfSource(failure);
    const { certificate, warnings } = await readCertificateFile(path);
    const padding = paddingWarnings(certificate, certificate.paddedUris);
    return { path, report: reportCertificate(certificate), warnings: [...warnings, ...padding] };
  } catch (error) {
    return { path, trouble: troubleOfError(error) };
  }
}
