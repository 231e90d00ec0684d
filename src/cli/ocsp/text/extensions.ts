import { toHex } from '../../../core/bytes.js';
import { keyUsageBits } from '../../../core/certificate/certificate-extensions.js';
import type { Extension } from '../../../core/certificate/extension.js';
import { DerReader, Tag, contextTag, readWhole } from '../../../core/der/der.js';
import { unlessMalformed } from '../../../core/der/malformed.js';
import { Oid } from '../../../core/oid.js';
import { generalNameText, slashedNameText } from './names.js';
import { brokenHex, objectText, printableText, timeText } from './values.js';

/** A heading at this depth, and below it each extension with what it says; nothing where there are none. */
export function extensionsText(heading: string, extensions: readonly Extension[], depth: number): string {
  if (extensions.length === 0) return '';
  const indent = ' '.repeat(depth);
  return `${indent}${heading}:\n${extensions.map((extension) => extensionText(extension, depth + 4)).join('')}`;
}

function extensionText({ oid, critical, value }: Extension, depth: number): string {
  const indent = ' '.repeat(depth + 4);
  const known = unlessMalformed(() => valueTexts[oid]?.(value, indent));
  return `${' '.repeat(depth)}${objectText(oid)}: ${critical ? 'critical' : ''}\n${known ?? indent + printableText(value)}\n`;
}

/** What openssl prints of the extension's contents; undefined where that is not told here. Throws DerError. */
type ValueText = (value: Uint8Array, indent: string) => string | undefined;

const valueTexts: Readonly<Record<string, ValueText>> = {
  // openssl prints the whole contents of the extension, so that the nonce has its tag and length before it.
  [Oid.ocspNonce]: (value, indent) => indent + brokenHex(toHex(value)),
  [Oid.ocspNoCheck]: () => '',
  [Oid.ocspArchiveCutoff]: timeLine,
  [Oid.invalidityDate]: timeLine,
  [Oid.ocspCrlReferences]: crlReferenceLines,
  [Oid.subjectKeyIdentifier]: (value, indent) =>
    indent + colonHex(new DerReader(value).octetString('subjectKeyIdentifier')),
  [Oid.keyUsage]: keyUsageLine,
  [Oid.basicConstraints]: basicConstraintsLine,
  [Oid.subjectAlternativeName]: namesLine,
  [Oid.issuerAlternativeName]: namesLine,
  [Oid.crlDistributionPoints]: distributionPointLines,
  [Oid.certificatePolicies]: policyLines,
  [Oid.authorityKeyIdentifier]: authorityKeyLines,
  [Oid.extendedKeyUsage]: (value, indent) =>
    indent +
    sequenceIn(value)
      .all((list) => objectText(list.objectIdentifier('key purpose')))
      .join(', '),
  [Oid.authorityInformationAccess]: accessLines,
  [Oid.tlsFeature]: (value, indent) =>
    indent +
    sequenceIn(value)
      .all((list) => tlsFeatureText(list.smallInteger('TLS feature')))
      .join(', '),
};

function sequenceIn(value: Uint8Array): DerReader {
  return readWhole(value, Tag.sequence, 'extension');
}

function timeLine(value: Uint8Array, indent: string): string {
  return indent + timeText(new DerReader(value).generalizedTime('time'));
}

/** CrlID (RFC 6960 §4.4.2). */
function crlReferenceLines(value: Uint8Array, indent: string): string {
  const reader = sequenceIn(value);
  const url = reader.explicit(
    contextTag(0),
    'crlUrl',
    (explicit) => explicit.element(Tag.ia5String, 'crlUrl').contents,
  );
  const number = reader.explicit(contextTag(1), 'crlNum', (explicit) => explicit.integer('crlNum'));
  const time = reader.explicit(contextTag(2), 'crlTime', (explicit) => explicit.generalizedTime('crlTime'));
  return [
    url === undefined ? '' : `${indent}crlUrl: ${printableText(url)}\n`,
    number === undefined ? '' : `${indent}crlNum: ${brokenHex(toHex(number))}\n`,
    time === undefined ? '' : `${indent}crlTime: ${timeText(time)}\n`,
  ].join('');
}

/** keyUsage in openssl's words, in the order of its bits (RFC 5280 §4.2.1.3). */
const keyUsageTexts: Readonly<Record<(typeof keyUsageBits)[number], string>> = {
  digitalSignature: 'Digital Signature',
  nonRepudiation: 'Non Repudiation',
  keyEncipherment: 'Key Encipherment',
  dataEncipherment: 'Data Encipherment',
  keyAgreement: 'Key Agreement',
  keyCertSign: 'Certificate Sign',
  cRLSign: 'CRL Sign',
  encipherOnly: 'Encipher Only',
  decipherOnly: 'Decipher Only',
};

function keyUsageLine(value: Uint8Array, indent: string): string {
  const [, ...octets] = new DerReader(value).element(Tag.bitString, 'keyUsage').contents;
  const used = keyUsageBits.filter((_, bit) => (((octets[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1) === 1);
  return indent + used.map((usage) => keyUsageTexts[usage]).join(', ');
}

function basicConstraintsLine(value: Uint8Array, indent: string): string {
  const reader = sequenceIn(value);
  const isCa = reader.peekTag() === Tag.boolean && reader.boolean('cA');
  const pathLength = reader.peekTag() === Tag.integer ? `, pathlen:${reader.smallInteger('pathLenConstraint')}` : '';
  return `${indent}CA:${isCa ? 'TRUE' : 'FALSE'}${pathLength}`;
}

function namesLine(value: Uint8Array, indent: string): string | undefined {
  const names = sequenceIn(value).all((list) => generalNameText(list.any('general name'), slashedNameText));
  return names.includes(undefined) ? undefined : `${indent}${names.join(', ')}`;
}

function authorityKeyLines(value: Uint8Array, indent: string): string | undefined {
  const reader = sequenceIn(value);
  const key = reader.optional(contextTag(0, 'primitive'), 'keyIdentifier');
  const issuer = reader.enterOptional(contextTag(1), 'authorityCertIssuer');
  const names = issuer?.all((list) => generalNameText(list.any('general name'), slashedNameText)) ?? [];
  const serial = reader.optional(contextTag(2, 'primitive'), 'authorityCertSerialNumber');
  if (names.includes(undefined)) return undefined;
  const isAlone = issuer === undefined && serial === undefined;
  const lines = [
    ...(key === undefined ? [] : [`${isAlone ? '' : 'keyid:'}${colonHex(key.contents)}`]),
    ...names,
    ...(serial === undefined ? [] : [`serial:${colonHex(serial.contents)}`]),
  ];
  return lines.length === 0 ? undefined : lines.map((line) => `${indent}${line}`).join('\n');
}

function accessLines(value: Uint8Array, indent: string): string | undefined {
  const lines = sequenceIn(value).all((list) => {
    const description = list.sequence('access description');
    const method = objectText(description.objectIdentifier('access method'));
    const location = generalNameText(description.any('access location'), slashedNameText);
    return location === undefined ? undefined : `${indent}${method} - ${location}`;
  });
  return lines.length === 0 || lines.includes(undefined) ? undefined : lines.join('\n');
}

/** Points with a full name and nothing else, which is what CAs write. */
function distributionPointLines(value: Uint8Array, indent: string): string | undefined {
  const points = sequenceIn(value).all((list) => {
    const point = list.sequence('distribution point');
    const name = point.enterOptional(contextTag(0), 'point name')?.enterOptional(contextTag(0), 'full name');
    const texts = name?.all((names) => generalNameText(names.any('general name')));
    if (texts === undefined || texts.includes(undefined) || !point.isAtEnd) return undefined;
    return `${indent}Full Name:\n${texts.map((text) => `${indent}  ${text}`).join('\n')}`;
  });
  return points.includes(undefined) ? undefined : points.join('\n');
}

/** Policies, those of a CPS with its address; other qualifiers are not told here. */
function policyLines(value: Uint8Array, indent: string): string | undefined {
  const policies = sequenceIn(value).all((list) => {
    const policy = list.sequence('policy');
    const line = `${indent}Policy: ${objectText(policy.objectIdentifier('policy'))}`;
    if (policy.isAtEnd) return line;
    const qualifiers = policy.sequence('qualifiers').all((each) => {
      const qualifier = each.sequence('qualifier');
      const type = qualifier.objectIdentifier('qualifier type');
      const content = qualifier.any('qualifier');
      const isCps = type === '1.3.6.1.5.5.7.2.1' && content.tag === Tag.ia5String;
      return isCps ? `\n${indent}  CPS: ${printableText(content.contents)}` : undefined;
    });
    return qualifiers.includes(undefined) ? undefined : `${line}${qualifiers.join('')}`;
  });
  return policies.includes(undefined) ? undefined : policies.join('\n');
}

function tlsFeatureText(feature: number): string {
  if (feature === 5) return 'status_request';
  return feature === 17 ? 'status_request_v2' : String(feature);
}

function colonHex(octets: Uint8Array): string {
  return (toHex(octets).toUpperCase().match(/../g) ?? []).join(':');
}
