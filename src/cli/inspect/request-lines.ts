import type { RequestRecord } from '../../pipeline/inspect/record.js';
import { embeddedCertificateLines } from './certificate-lines.js';
import { certIdLines, extensionLines, signatureLines } from './common-lines.js';
import { field, section, type Line } from './line.js';

export function requestLines(record: RequestRecord): Line[] {
  const { requests, requestorName, certificates = [] } = record;
  return [
    field('version', record.version),
    ...(requestorName === undefined ? [] : [field('requestor', requestorName)]),
    ...(requests.length === 0 ? [field('requests', 'none')] : []),
    ...requests.flatMap(({ certId, extensions }, index) =>
      section(`request ${index + 1} of ${requests.length}`, [
        ...certIdLines(certId),
        ...extensionLines('extensions', extensions),
      ]),
    ),
    field('nonce', record.nonce ?? 'none'),
    ...extensionLines('request extensions', record.extensions),
    field('signed', record.signed ? 'yes' : 'no'),
    ...signatureLines(record),
    ...embeddedCertificateLines(certificates),
  ];
}
