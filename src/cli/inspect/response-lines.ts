import type { BasicResponseRecord, ResponseRecord, SingleResponseRecord } from '../../pipeline/inspect/record.js';
import { embeddedCertificateLines } from './certificate-lines.js';
import { certIdLines, extensionLines, nameWithOid, signatureLines } from './common-lines.js';
import { field, section, type Line } from './line.js';

const names: Readonly<Record<string, string>> = { '1.3.6.1.5.5.7.48.1.1': 'id-pkix-ocsp-basic' };

export function responseLines(record: ResponseRecord): Line[] {
  const { responseStatus, responseType } = record;
  return [
    field('response status', responseStatus),
    ...(responseType === undefined ? [] : [field('response type', nameWithOid(names[responseType], responseType))]),
    ...('responses' in record ? basicLines(record) : []),
  ];
}

function basicLines(basic: BasicResponseRecord): Line[] {
  const { responderId, responses } = basic;
  return [
    field('version', basic.version),
    'byName' in responderId
      ? field('responder by name', responderId.byName)
      : field('responder by key hash', responderId.byKey),
    field('produced at', basic.producedAt),
    ...(responses.length === 0 ? [field('responses', 'none')] : []),
    ...responses.flatMap((statement, index) =>
      section(`response ${index + 1} of ${responses.length}`, statementLines(statement)),
    ),
    field('nonce', basic.nonce ?? 'none'),
    ...extensionLines('response extensions', basic.extensions),
    ...signatureLines(basic),
    ...(basic.certificates.length === 0 ? [field('certificates', 'none')] : []),
    ...embeddedCertificateLines(basic.certificates),
  ];
}

function statementLines(statement: SingleResponseRecord): Line[] {
  const { status, revocationTime, revocationReason } = statement;
  return [
    ...certIdLines(statement.certId),
    field('status', status),
    ...(revocationTime === null ? [] : [field('revocation time', revocationTime)]),
    ...(status === 'revoked'
      ? [field('revocation reason', revocationReason ?? 'none, or one that RFC 5280 does not define')]
      : []),
    field('this update', statement.thisUpdate),
    field('next update', statement.nextUpdate ?? 'none'),
    ...extensionLines('extensions', statement.extensions),
  ];
}
