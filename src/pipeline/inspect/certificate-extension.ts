import type { Extension } from '../../core/index.js';
import { toHex } from '../../core/bytes.js';
import {
  DerReader,
  Tag,
  contextTag,
  readWhole,
  readerOf,
  smallIntegerOf,
  type DerElement,
} from '../../core/der/der.js';
import { textOf } from '../../core/distinguished-name.js';
import { Oid } from '../../core/oid.js';
import { describeGeneralName, describeGeneralNames } from './general-name.js';
import { objectName, objectNameWithOid } from './object-name.js';

/** What a certificate extension says, a line each; undefined for those that are not known here. Throws DerError. */
export function describeCertificateExtension({ oid, value }: Extension): string[] | undefined {
  const describe = describers[oid];
  return describe?.(value);
}

/** RFC 5280 §4.2 where nothing else is said. */
const describers: Readonly<Record<string, (value: Uint8Array) => string[] | undefined>> = {
  [Oid.subjectKeyIdentifier]: (value) => [toHex(new DerReader(value).octetString('subjectKeyIdentifier'))],
  [Oid.authorityKeyIdentifier]: describeAuthorityKeyIdentifier,
  [Oid.keyUsage]: (value) => [keyUsagesIn(value).join(', ')],
  [Oid.extendedKeyUsage]: (value) => objectIdentifiersIn(value).map(objectNameWithOid),
  [Oid.basicConstraints]: describeBasicConstraints,
  [Oid.subjectAlternativeName]: (value) => describeGeneralNames(readWhole(value, Tag.sequence, 'names')),
  [Oid.issuerAlternativeName]: (value) => describeGeneralNames(readWhole(value, Tag.sequence, 'names')),
  [Oid.nameConstraints]: describeNameConstraints,
  [Oid.crlDistributionPoints]: describeDistributionPoints,
  '2.5.29.46': describeDistributionPoints,
  [Oid.certificatePolicies]: describePolicies,
  [Oid.policyMappings]: describePolicyMappings,
  [Oid.policyConstraints]: describePolicyConstraints,
  [Oid.inhibitAnyPolicy]: (value) => [String(new DerReader(value).smallInteger('inhibitAnyPolicy'))],
  [Oid.authorityInformationAccess]: describeAccess,
  '1.3.6.1.5.5.7.1.11': describeAccess,
  // RFC 7633 §4
  [Oid.tlsFeature]: describeTlsFeatures,
  // RFC 6962 §3.1
  '1.3.6.1.4.1.11129.2.4.3': () => ['present'],
  '2.16.840.1.113730.1.13': describeText,
};

/** The bits of keyUsage in their order (RFC 5280 §4.2.1.3). */
const keyUsages = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const;

function keyUsagesIn(value: Uint8Array): string[] {
  const [, ...octets] = new DerReader(value).element(Tag.bitString, 'keyUsage').contents;
  return keyUsages.filter((_, bit) => (((octets[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1) === 1);
}

function objectIdentifiersIn(value: Uint8Array): string[] {
  const list = readWhole(value, Tag.sequence, 'list');
  const identifiers: string[] = [];
  while (!list.isAtEnd) identifiers.push(list.objectIdentifier('member'));
  return identifiers;
}

function describeAuthorityKeyIdentifier(value: Uint8Array): string[] {
  const reader = readWhole(value, Tag.sequence, 'authorityKeyIdentifier');
  const lines: string[] = [];
  const keyIdentifier = reader.optional(contextTag(0, 'primitive'), 'keyIdentifier');
  if (keyIdentifier !== undefined) lines.push(`key identifier ${toHex(keyIdentifier.contents)}`);
  const issuer = reader.enterOptional(contextTag(1), 'authorityCertIssuer');
  for (const name of issuer === undefined ? [] : describeGeneralNames(issuer)) lines.push(`issuer ${name}`);
  const serialNumber = reader.optional(contextTag(2, 'primitive'), 'authorityCertSerialNumber');
  if (serialNumber !== undefined) lines.push(`serial number ${toHex(serialNumber.contents)}`);
  return lines;
}

function describeBasicConstraints(value: Uint8Array): string[] {
  const reader = readWhole(value, Tag.sequence, 'basicConstraints');
  const isCa = reader.peekTag() === Tag.boolean && reader.boolean('cA');
  const pathLength = reader.peekTag() === Tag.integer ? reader.smallInteger('pathLenConstraint') : undefined;
  return [`CA: ${isCa ? 'yes' : 'no'}${pathLength === undefined ? '' : `, path length ${pathLength}`}`];
}

function describeNameConstraints(value: Uint8Array): string[] {
  const reader = readWhole(value, Tag.sequence, 'nameConstraints');
  return [...describeSubtrees(reader, 0, 'permitted'), ...describeSubtrees(reader, 1, 'excluded')];
}

function describeSubtrees(reader: DerReader, tag: number, word: string): string[] {
  const subtrees = reader.enterOptional(contextTag(tag), 'subtrees');
  const lines: string[] = [];
  while (subtrees !== undefined && !subtrees.isAtEnd) {
    lines.push(`${word} ${describeGeneralName(subtrees.sequence('subtree').any('base'))}`);
  }
  return lines;
}

function describeDistributionPoints(value: Uint8Array): string[] {
  const points = readWhole(value, Tag.sequence, 'cRLDistributionPoints');
  const lines: string[] = [];
  while (!points.isAtEnd) {
    const point = points.sequence('distribution point');
    const fullName = point.enterOptional(contextTag(0), 'point name')?.enterOptional(contextTag(0), 'full name');
    for (const name of fullName === undefined ? [] : describeGeneralNames(fullName)) lines.push(name);
    const reasons = point.optional(contextTag(1, 'primitive'), 'reasons');
    if (reasons !== undefined) lines.push(`only for reasons ${toHex(reasons.contents)} (hex)`);
    const issuer = point.enterOptional(contextTag(2), 'cRLIssuer');
    for (const name of issuer === undefined ? [] : describeGeneralNames(issuer)) lines.push(`CRL issuer ${name}`);
  }
  return lines;
}

function describePolicies(value: Uint8Array): string[] {
  const list = readWhole(value, Tag.sequence, 'certificatePolicies');
  const lines: string[] = [];
  while (!list.isAtEnd) {
    const policy = list.sequence('policy');
    lines.push(objectNameWithOid(policy.objectIdentifier('policy')));
    const qualifiers = policy.isAtEnd ? undefined : policy.sequence('qualifiers');
    while (qualifiers !== undefined && !qualifiers.isAtEnd) lines.push(describeQualifier(qualifiers));
  }
  return lines;
}

function describeQualifier(qualifiers: DerReader): string {
  const reader = qualifiers.sequence('qualifier');
  const type = reader.objectIdentifier('qualifier type');
  const value = reader.any('qualifier');
  if (type === '1.3.6.1.5.5.7.2.1') return `CPS ${textOf(value) ?? `#${toHex(value.raw)}`}`;
  if (type === '1.3.6.1.5.5.7.2.2' && value.tag === Tag.sequence) return `user notice ${describeNotice(value)}`;
  return `${type} #${toHex(value.raw)}`;
}

/** UserNotice: a reference to some text, the text itself, or both. */
function describeNotice(notice: DerElement): string {
  const reader = readerOf(notice);
  reader.optional(Tag.sequence, 'noticeRef');
  const text = reader.isAtEnd ? undefined : textOf(reader.any('explicitText'));
  return text ?? `#${toHex(notice.raw)}`;
}

function describePolicyMappings(value: Uint8Array): string[] {
  const list = readWhole(value, Tag.sequence, 'policyMappings');
  const lines: string[] = [];
  while (!list.isAtEnd) {
    const mapping = list.sequence('mapping');
    const issuerPolicy = objectName(mapping.objectIdentifier('issuerDomainPolicy'));
    lines.push(`${issuerPolicy} is ${objectName(mapping.objectIdentifier('subjectDomainPolicy'))}`);
  }
  return lines;
}

function describePolicyConstraints(value: Uint8Array): string[] {
  const reader = readWhole(value, Tag.sequence, 'policyConstraints');
  const lines: string[] = [];
  const words = ['require explicit policy after', 'inhibit policy mapping after'];
  for (const [number, word] of words.entries()) {
    const element = reader.optional(contextTag(number, 'primitive'), word);
    if (element !== undefined) lines.push(`${word} ${smallIntegerOf(element, word)} certificates`);
  }
  return lines;
}

function describeAccess(value: Uint8Array): string[] {
  const list = readWhole(value, Tag.sequence, 'access descriptions');
  const lines: string[] = [];
  while (!list.isAtEnd) {
    const description = list.sequence('access description');
    const method = objectName(description.objectIdentifier('access method'));
    lines.push(`${method} ${describeGeneralName(description.any('access location'))}`);
  }
  return lines;
}

/** TLS extensions by number (RFC 6066 §8, RFC 6961 §2.2). */
const tlsFeatures: Readonly<Record<number, string>> = {
  5: 'status_request (Must-Staple)',
  17: 'status_request_v2',
};

function describeTlsFeatures(value: Uint8Array): string[] {
  const list = readWhole(value, Tag.sequence, 'TLS features');
  const lines: string[] = [];
  while (!list.isAtEnd) {
    const feature = list.smallInteger('TLS feature');
    lines.push(tlsFeatures[feature] ?? String(feature));
  }
  return lines;
}

function describeText(value: Uint8Array): string[] | undefined {
  const text = textOf(new DerReader(value).any('text'));
  return text === undefined ? undefined : [text];
}
