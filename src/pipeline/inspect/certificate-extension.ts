import type { Extension } from '../../core/index.js';
import { toHex } from '../../core/bytes.js';
import { keyUsageBits } from '../../core/certificate/certificate-extensions.js';
import {
  DerReader,
  Tag,
  contextTag,
  readWhole,
  readerOf,
  smallIntegerOf,
  type DerElement,
} from '../../core/der/der.js';
import { textOf } from '../../core/certificate/distinguished-name.js';
import { Oid } from '../../core/oid.js';
import { describeGeneralName, describeGeneralNames } from './general-name.js';
import { objectName, objectNameWithOid } from './object-name.js';
import { lineIfThere, readEach } from './reading.js';

/** An extension as the RFCs' modules name it, and what it says, one line each; undefined where that is not known. Throws DerError. */
export type KnownExtension = readonly [name: string, describe?: (extension: Extension) => string[] | undefined];

/** Extensions of certificates, and of CRLs beside them (RFC 5280 §4.2 where nothing else is said). */
export const certificateExtensions: Readonly<Record<string, KnownExtension>> = {
  [Oid.subjectKeyIdentifier]: ['subjectKeyIdentifier', describeKeyIdentifier],
  [Oid.keyUsage]: ['keyUsage', describeKeyUsage],
  '2.5.29.16': ['privateKeyUsagePeriod'],
  [Oid.subjectAlternativeName]: ['subjectAltName', describeNames],
  [Oid.issuerAlternativeName]: ['issuerAltName', describeNames],
  [Oid.basicConstraints]: ['basicConstraints', describeBasicConstraints],
  [Oid.crlNumber]: ['cRLNumber', describeNumber],
  [Oid.deltaCrlIndicator]: ['deltaCRLIndicator', describeNumber],
  [Oid.issuingDistributionPoint]: ['issuingDistributionPoint', describeIssuingDistributionPoint],
  [Oid.nameConstraints]: ['nameConstraints', describeNameConstraints],
  [Oid.crlDistributionPoints]: ['cRLDistributionPoints', describeDistributionPoints],
  [Oid.certificatePolicies]: ['certificatePolicies', describePolicies],
  [Oid.policyMappings]: ['policyMappings', describePolicyMappings],
  [Oid.authorityKeyIdentifier]: ['authorityKeyIdentifier', describeAuthorityKeyIdentifier],
  [Oid.policyConstraints]: ['policyConstraints', describePolicyConstraints],
  [Oid.extendedKeyUsage]: ['extKeyUsage', describeIdentifiers],
  [Oid.freshestCrl]: ['freshestCRL', describeDistributionPoints],
  [Oid.inhibitAnyPolicy]: ['inhibitAnyPolicy', ({ value }) => [String(new DerReader(value).smallInteger('skipCerts'))]],
  [Oid.authorityInformationAccess]: ['authorityInfoAccess', describeInformationAccess],
  '1.3.6.1.5.5.7.1.3': ['qcStatements'],
  '1.3.6.1.5.5.7.1.11': ['subjectInfoAccess', describeInformationAccess],
  // RFC 7633 §4
  [Oid.tlsFeature]: ['tlsfeature', describeTlsFeatures],
  // RFC 6962 §3.1
  '1.3.6.1.4.1.11129.2.4.3': ['precertificatePoison', () => ['present']],
  '2.16.840.1.113730.1.1': ['netscapeCertType'],
  '2.16.840.1.113730.1.13': ['netscapeComment', describeText],
};

/** A SEQUENCE OF object identifiers. */
export function describeIdentifiers({ value }: Extension): string[] {
  return readEach(sequenceIn(value), (list) => objectNameWithOid(list.objectIdentifier('member')));
}

/** GeneralNames. */
export function describeNames({ value }: Extension): string[] {
  return describeGeneralNames(sequenceIn(value));
}

/** A SEQUENCE OF AccessDescription. */
export function describeAccess(list: DerReader | undefined, nameOf: (oid: string) => string): string[] {
  return readEach(list, (descriptions) => {
    const description = descriptions.sequence('access description');
    const method = nameOf(description.objectIdentifier('access method'));
    return `${method} ${describeGeneralName(description.any('access location'))}`;
  });
}

function sequenceIn(value: Uint8Array): DerReader {
  return readWhole(value, Tag.sequence, 'extension');
}

function describeKeyIdentifier({ value }: Extension): string[] {
  return [toHex(new DerReader(value).octetString('subjectKeyIdentifier'))];
}

function describeKeyUsage({ value }: Extension): string[] {
  const [, ...octets] = new DerReader(value).element(Tag.bitString, 'keyUsage').contents;
  const usages = keyUsageBits.filter((_, bit) => (((octets[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1) === 1);
  return [usages.join(', ')];
}

function describeAuthorityKeyIdentifier({ value }: Extension): string[] {
  const reader = sequenceIn(value);
  const hexLine = (number: number, label: string): string[] =>
    lineIfThere(
      reader.optional(contextTag(number, 'primitive'), label),
      ({ contents }) => `${label} ${toHex(contents)}`,
    );
  return [
    ...hexLine(0, 'key identifier'),
    ...describeGeneralNames(reader.enterOptional(contextTag(1), 'authorityCertIssuer'), 'issuer '),
    ...hexLine(2, 'serial number'),
  ];
}

function describeBasicConstraints({ value }: Extension): string[] {
  const reader = sequenceIn(value);
  const isCa = reader.peekTag() === Tag.boolean && reader.boolean('cA');
  const pathLength = reader.peekTag() === Tag.integer ? reader.smallInteger('pathLenConstraint') : undefined;
  return [`CA: ${isCa ? 'yes' : 'no'}${pathLength === undefined ? '' : `, path length ${pathLength}`}`];
}

function describeNameConstraints({ value }: Extension): string[] {
  const reader = sequenceIn(value);
  return ['permitted', 'excluded'].flatMap((word, number) =>
    readEach(reader.enterOptional(contextTag(number), word), (subtrees) => {
      return `${word} ${describeGeneralName(subtrees.sequence('subtree').any('base'))}`;
    }),
  );
}

function describeDistributionPoints({ value }: Extension): string[] {
  return readEach(sequenceIn(value), (points) => {
    const point = points.sequence('distribution point');
    const name = point.enterOptional(contextTag(0), 'point name');
    return [
      ...describeGeneralNames(name?.enterOptional(contextTag(0), 'full name')),
      ...lineIfThere(point.optional(contextTag(1, 'primitive'), 'reasons'), describeReasons),
      ...describeGeneralNames(point.enterOptional(contextTag(2), 'cRLIssuer'), 'CRL issuer '),
    ];
  }).flat();
}

/** In hex, as serial numbers are: it may have 20 octets. */
function describeNumber({ value }: Extension): string[] {
  return [`${toHex(new DerReader(value).integer('number'))} (hex)`];
}

function describeIssuingDistributionPoint({ value }: Extension): string[] {
  const reader = sequenceIn(value);
  const name = reader.enterOptional(contextTag(0), 'distribution point');
  const lines = describeGeneralNames(name?.enterOptional(contextTag(0), 'full name'));
  for (const [number, flag] of issuingFlags.entries()) {
    const element = reader.optional(contextTag(number + 1, 'primitive'), flag);
    if (element !== undefined) lines.push(flag === 'onlySomeReasons' ? describeReasons(element) : flag);
  }
  return lines;
}

/** The fields of IssuingDistributionPoint after its name, in the order of their tags (RFC 5280 §5.2.5). */
const issuingFlags = [
  'onlyContainsUserCerts',
  'onlyContainsCACerts',
  'onlySomeReasons',
  'indirectCRL',
  'onlyContainsAttributeCerts',
] as const;

function describeReasons({ contents }: DerElement): string {
  return `only for reasons ${toHex(contents)} (hex)`;
}

function describePolicies({ value }: Extension): string[] {
  return readEach(sequenceIn(value), (list) => {
    const policy = list.sequence('policy');
    const name = objectNameWithOid(policy.objectIdentifier('policy'));
    return [name, ...readEach(policy.isAtEnd ? undefined : policy.sequence('qualifiers'), describeQualifier)];
  }).flat();
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

function describePolicyMappings({ value }: Extension): string[] {
  return readEach(sequenceIn(value), (list) => {
    const mapping = list.sequence('mapping');
    const issuerPolicy = objectName(mapping.objectIdentifier('issuerDomainPolicy'));
    return `${issuerPolicy} is ${objectName(mapping.objectIdentifier('subjectDomainPolicy'))}`;
  });
}

function describePolicyConstraints({ value }: Extension): string[] {
  const reader = sequenceIn(value);
  return ['require explicit policy after', 'inhibit policy mapping after'].flatMap((word, number) => {
    const element = reader.optional(contextTag(number, 'primitive'), word);
    return lineIfThere(element, (count) => `${word} ${smallIntegerOf(count, word)} certificates`);
  });
}

function describeInformationAccess({ value }: Extension): string[] {
  return describeAccess(sequenceIn(value), objectName);
}

/** TLS extensions by number (RFC 6066 §8, RFC 6961 §2.2). */
const tlsFeatures: Readonly<Record<number, string>> = {
  5: 'status_request (Must-Staple)',
  17: 'status_request_v2',
};

function describeTlsFeatures({ value }: Extension): string[] {
  return readEach(sequenceIn(value), (list) => {
    const feature = list.smallInteger('TLS feature');
    return tlsFeatures[feature] ?? String(feature);
  });
}

function describeText({ value }: Extension): string[] | undefined {
  const text = textOf(new DerReader(value).any('text'));
  return text === undefined ? undefined : [text];
}
