import { shownPath } from '../../core/file-path.js';
import type { CertificateFileReport } from '../../pipeline/verify/certificate-report.js';
import { escapeText } from './escape-text.js';
import { exitCodeOfTrouble } from '../exit/exit-code-of.js';
import { exitCodes, type ExitCode } from '../exit/exit-code.js';
import type { Output } from '../output.js';
import { errorRecord, sayTrouble, warningsField } from './trouble.js';

/** Prints what `uri` found of one certificate and returns its exit code. */
export function renderCertificate(
  found: CertificateFileReport,
  output: Output,
  options: { readonly isOneOfSeveral: boolean; readonly issuerUris: boolean; readonly requireOcsp: boolean },
): ExitCode {
  const certificate = shownPath(found.path);
  if ('trouble' in found) {
    if (output.json) output.record({ certificate, error: errorRecord(found.trouble) });
    sayTrouble(output, '', found.trouble);
    return exitCodeOfTrouble(found.trouble);
  }
  const { missingResponder, ...fields } = found.report;
  if (output.json) {
    const { notBefore, notAfter, ...more } = fields;
    output.record({ certificate, ...more, notBefore, notAfter, ...warningsField(found.warnings) });
  } else {
    const uris = options.issuerUris ? fields.caIssuersUris : fields.ocspUris;
    const prefix = options.isOneOfSeveral ? `${escapeText(certificate)}\t` : '';
    for (const uri of uris) output.data(prefix + escapeText(uri));
  }
  for (const warning of found.warnings) output.warn(`${certificate}: ${warning}`);
  if (options.issuerUris && fields.caIssuersUris.length === 0) {
    const message = 'the certificate names no caIssuers URI';
    sayTrouble(output, `${certificate}: `, {
      message,
      hint: 'name the CA certificate: restaple fetch --issuer FILE CERT',
    });
  }
  if (missingResponder === undefined) return exitCodes.success;
  const exitCode = options.requireOcsp || fields.mustStaple ? exitCodes.noResponder : exitCodes.success;
  // With --issuer-uri, a missing responder is worth a line only where it decides the exit code.
  if (!options.issuerUris || exitCode !== exitCodes.success) {
    sayTrouble(output, `${certificate}: `, missingResponder);
  }
  return exitCode;
}
