import { distinguishedNameToString, signatureAlgorithmName, type Extension } from '../../core/index.js';
import { readAlgorithmIdentifier } from '../../core/keys/algorithm-identifier.js';
import { toHex } from '../../core/bytes.js';
import { DerReader, Tag, contextTag, integerContentsOf, readWhole } from '../../core/der/der.js';
import { readDistinguishedName } from '../../core/distinguished-name.js';
import { nonceOf } from '../../core/nonce.js';
import { Oid } from '../../core/oid.js';
import { formatTime } from '../../core/time.js';
import { attempt } from './algorithm.js';
import { describeCertificateExtension } from './certificate-extension.js';
import { describeGeneralName, describeGeneralNames } from './general-name.js';
import { extensionName, objectNameWithOid } from './object-name.js';
import type { ExtensionRecord } from './record.js';
import { describeTimestamps } from './timestamps.js';
import { definedOnly } from '../../core/defined-only.js';

/** An extension of a request, a response or a certificate, as readable as it is known. */
export function describeExtension(extension: Extension): ExtensionRecord {
  const { oid, critical, value } = extension;
  const name = extensionName(oid);
  const text = attempt(() => describeOcspExtension(extension) ?? describeCertificateExtension(extension));
  return definedOnly({
    oid,
    name,
    critical,
    value: toHex(value),
    text,
  });
}

/** The extensions of RFC 6960 §4.4 and the CRL entry extensions of RFC 5280 §5.3. */
function describeOcspExtension(extension: Extension): string[] | undefined {
  const { oid, value } = extension;
  switch (oid) {
    case Oid.ocspNonce:
      return describeNonce(nonceOf(extension));
    case Oid.ocspArchiveCutoff:
    case Oid.invalidityDate:
      return [formatTime(new DerReader(value).generalizedTime('time'))];
    case Oid.ocspCrlReferences:
      return describeCrlReference(value);
    case Oid.ocspAcceptableResponses:
      return describeResponseTypes(value);
    case Oid.ocspServiceLocator:
      return describeServiceLocator(value);
    case Oid.ocspPreferredSignatureAlgorithms:
      return describePreferredAlgorithms(value);
    case Oid.ocspNoCheck:
    case Oid.ocspExtendedRevoke:
      return value.length === 2 && value[0] === Tag.null ? ['present'] : undefined;
    case Oid.reasonCode:
      return [describeReason(value)];
    case Oid.certificateIssuer:
      return describeGeneralNames(readWhole(value, Tag.sequence, 'certificateIssuer'));
    case Oid.signedCertificateTimestamps:
    case '1.3.6.1.4.1.11129.2.4.2':
      return describeTimestamps(value);
    default:
      return undefined;
  }
}

function describeNonce(nonce: Uint8Array): string[] {
  return [`${toHex(nonce)} (${nonce.length} octets)`];
}

/** CrlID (RFC 6960 §4.4.2). */
function describeCrlReference(value: Uint8Array): string[] {
  const reader = readWhole(value, Tag.sequence, 'CrlID');
  const lines: string[] = [];
  const uri = reader.enterOptional(contextTag(0), 'crlUrl')?.element(Tag.ia5String, 'crlUrl').contents;
  if (uri !== undefined) lines.push(`URI:${Buffer.from(uri).toString('latin1')}`);
  const number = reader.enterOptional(contextTag(1), 'crlNum')?.element(Tag.integer, 'crlNum');
  if (number !== undefined) lines.push(`CRL number ${toHex(integerContentsOf(number, 'crlNum'))} (hex)`);
  const time = reader.enterOptional(contextTag(2), 'crlTime')?.generalizedTime('crlTime');
  if (time !== undefined) lines.push(`CRL of ${formatTime(time)}`);
  reader.end('CrlID');
  return lines;
}

/** AcceptableResponses (RFC 6960 §4.4.3). */
function describeResponseTypes(value: Uint8Array): string[] {
  const list = readWhole(value, Tag.sequence, 'AcceptableResponses');
  const types: string[] = [];
  while (!list.isAtEnd) types.push(objectNameWithOid(list.objectIdentifier('response type')));
  return types;
}

/** ServiceLocator (RFC 6960 §4.4.6). */
function describeServiceLocator(value: Uint8Array): string[] {
  const reader = readWhole(value, Tag.sequence, 'ServiceLocator');
  const lines = [`issuer ${distinguishedNameToString(readDistinguishedName(reader, 'issuer'))}`];
  const locator = reader.isAtEnd ? undefined : reader.sequence('locator');
  while (locator !== undefined && !locator.isAtEnd) {
    const description = locator.sequence('access description');
    const method = objectNameWithOid(description.objectIdentifier('access method'));
    lines.push(`${method} ${describeGeneralName(description.any('access location'))}`);
  }
  return lines;
}

/** PreferredSignatureAlgorithms (RFC 6960 §4.4.7.1). */
function describePreferredAlgorithms(value: Uint8Array): string[] {
  const list = readWhole(value, Tag.sequence, 'PreferredSignatureAlgorithms');
  const names: string[] = [];
  while (!list.isAtEnd) {
    const preferred = list.sequence('PreferredSignatureAlgorithm');
    names.push(signatureAlgorithmName(readAlgorithmIdentifier(preferred, 'sigIdentifier')));
  }
  return names;
}

/** CRLReason by number (RFC 5280 §5.3.1); 7 is not used. */
const reasons: Readonly<Record<number, string>> = {
  0: 'unspecified',
  1: 'keyCompromise',
  2: 'cACompromise',
  3: 'affiliationChanged',
  4: 'superseded',
  5: 'cessationOfOperation',
  6: 'certificateHold',
  8: 'removeFromCRL',
  9: 'privilegeWithdrawn',
  10: 'aACompromise',
};

function describeReason(value: Uint8Array): string {
  const contents = new DerReader(value).element(Tag.enumerated, 'cRLReason').contents;
  const number = contents.length === 1 ? contents[0] : undefined;
  return (number === undefined ? undefined : reasons[number]) ?? `undefined reason ${toHex(contents)} (hex)`;
}
