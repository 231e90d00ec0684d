import type { CrlRecord } from '../../pipeline/inspect/record.js';
import { extensionLines, signatureLines } from './common-lines.js';
import { field, section, type Line } from './line.js';

export function crlLines(crl: CrlRecord): Line[] {
  const { entries } = crl;
  return [
    field('version', crl.version),
    field('issuer', crl.issuer),
    field('this update', crl.thisUpdate),
    field('next update', crl.nextUpdate ?? 'none'),
    ...extensionLines('extensions', crl.extensions),
    ...(entries.length === 0 ? [field('revoked certificates', 'none')] : []),
    ...entries.flatMap(({ serialNumber, revocationTime, extensions }, index) =>
      section(`revoked certificate ${index + 1} of ${entries.length}`, [
        field('serial number', serialNumber),
        field('revocation time', revocationTime),
        ...extensionLines('extensions', extensions),
      ]),
    ),
    ...signatureLines(crl),
  ];
}
