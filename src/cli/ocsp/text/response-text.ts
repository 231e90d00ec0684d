import {
  numberOfResponseStatus,
  numberOfRevocationReason,
  type BasicResponse,
  type OcspResponse,
  type SingleResponse,
} from '../../../core/response.js';
import { certIdText } from './cert-id-text.js';
import { embeddedCertificatesText, signatureText } from './certificate-text.js';
import { extensionsText } from './extensions.js';
import { nameText } from './names.js';
import { brokenHex, timeText } from './values.js';

/** An OCSPResponse as `openssl ocsp -resp_text` prints it, byte for byte, with a line feed at its end. */
export function responseText(response: OcspResponse): string {
  const status = response.status.toLowerCase();
  const number = numberOfResponseStatus(response.status).toString(16);
  const outer = `OCSP Response Data:\n    OCSP Response Status: ${status} (0x${number})\n`;
  return response.status === 'successful' ? outer + basicText(response.basic) : outer;
}

function basicText(basic: BasicResponse): string {
  const { version, responderId, producedAt, responses, extensions, certificates } = basic;
  return [
    '    Response Type: Basic OCSP Response\n',
    `    Version: ${version} (0x${version - 1})\n`,
    `    Responder Id: ${'byName' in responderId ? nameText(responderId.byName) : brokenHex(responderId.byKey)}\n`,
    `    Produced At: ${timeText(producedAt)}\n`,
    '    Responses:\n',
    ...responses.map(statementText),
    extensionsText('Response Extensions', extensions, 4),
    signatureText(basic.signatureAlgorithm, basic.signature),
    embeddedCertificatesText(certificates),
  ].join('');
}

function statementText(statement: SingleResponse): string {
  const { certId, status, revocationTime, revocationReason, thisUpdate, nextUpdate, extensions } = statement;
  const lines = [`Cert Status: ${status}`];
  if (revocationTime !== undefined) lines.push(`Revocation Time: ${timeText(revocationTime)}`);
  if (revocationReason !== undefined) {
    const number = numberOfRevocationReason(revocationReason).toString(16);
    lines.push(`Revocation Reason: ${revocationReason} (0x${number})`);
  }
  lines.push(`This Update: ${timeText(thisUpdate)}`);
  if (nextUpdate !== undefined) lines.push(`Next Update: ${timeText(nextUpdate)}`);
  const own = lines.map((line) => `    ${line}\n`).join('');
  return `${certIdText(certId, 4)}${own}${extensionsText('Response Single Extensions', extensions, 8)}\n`;
}
