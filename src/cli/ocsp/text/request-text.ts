import { DerReader } from '../../../core/der/der.js';
import { unlessMalformed } from '../../../core/der/malformed.js';
import { decodeRequest } from '../../../core/request.js';
import { readRequestSignature } from '../../../pipeline/inspect/request.js';
import { certIdText } from './cert-id-text.js';
import { embeddedCertificatesText, signatureText } from './certificate-text.js';
import { extensionsText } from './extensions.js';
import { generalNameText } from './names.js';

/**
 * An OCSPRequest as `openssl ocsp -req_text` prints it, byte for byte, with a line feed at its end.
 *
 * @throws OcspError `malformed-der`
 */
export function requestText(der: Uint8Array): string {
  const { version, requestorName, requests, extensions, signed } = decodeRequest(der);
  return [
    `OCSP Request Data:\n    Version: ${version} (0x${version - 1})\n`,
    requestorName === undefined ? '' : `    Requestor Name: ${requestorText(requestorName)}\n`,
    '    Requestor List:\n',
    ...requests.map(
      (request) => certIdText(request.certId, 8) + extensionsText('Request Single Extensions', request.extensions, 8),
    ),
    extensionsText('Request Extensions', extensions, 4),
    signed ? requestSignatureText(der) : '',
  ].join('');
}

function requestorText(name: Uint8Array): string {
  return unlessMalformed(() => generalNameText(new DerReader(name).any('requestorName'))) ?? '<unsupported>';
}

function requestSignatureText(der: Uint8Array): string {
  const { algorithm, signature, certificates } = readRequestSignature(der);
  return signatureText(algorithm, signature) + embeddedCertificatesText(certificates);
}
