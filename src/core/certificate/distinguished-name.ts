import { toHex, bytesEqual } from '../bytes.js';
import type { DerReader } from '../der/der.js';
import { DerError, Tag, readWhole, readerOf, type DerElement } from '../der/der.js';
import { oncePer } from '../once-per.js';

/** Short names of RFC 4514 §3 and those that CAs use beside them. */
const attributeNames: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.4': 'SN',
  '2.5.4.5': 'serialNumber',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.9': 'STREET',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '2.5.4.12': 'title',
  '2.5.4.15': 'businessCategory',
  '2.5.4.17': 'postalCode',
  '2.5.4.42': 'GN',
  '2.5.4.97': 'organizationIdentifier',
  '0.9.2342.19200300.100.1.1': 'UID',
  '0.9.2342.19200300.100.1.25': 'DC',
  '1.2.840.113549.1.9.1': 'emailAddress',
};

/** One attribute of a name: its type in dotted form. */
export interface AttributeTypeAndValue {
  readonly type: string;
  readonly value: DerElement;
}

/**
 * A distinguished name as an RFC 4514 string, most specific RDN first. Values that are not text of a known string type
 * come as `#` and hexadecimal. Control characters are escaped as `\XX`, so the result is safe to print.
 */
export function distinguishedNameToString(name: Uint8Array): string {
  return relativeNames(name)
    .reverse()
    .map((attributes) => attributes.map(attributeToString).join('+'))
    .join(',');
}

/**
 * Whether two names are the same by RFC 5280 §7.1: equal encodings, or the same attributes whose values differ only in
 * string type, letter case, runs of white space, or characters that stand for nothing (RFC 4518 §2). Names of more than
 * 16 KiB are the same only if their encodings are.
 */
export function distinguishedNamesEqual(a: Uint8Array, b: Uint8Array): boolean {
  return bytesEqual(a, b) || canonicalName(a) === canonicalName(b);
}

/** The one text that equal names share, for use as a key; once for each array of octets, since bundles are compared name by name. */
export const canonicalName = oncePer(canonicalForm);

/** The texts of a name's attributes of this type, in their order; values that are not text are left out. */
export function attributeTexts(name: Uint8Array, type: string): string[] {
  const values = relativeNames(name).flatMap((attributes) => attributes.filter((attribute) => attribute.type === type));
  return values.map(({ value }) => textOf(value)).filter((text) => text !== undefined);
}

/** Reads a Name and makes sure that it can be decoded, so that printing and comparing it later cannot fail. Throws DerError. */
export function readDistinguishedName(reader: DerReader, what: string): Uint8Array {
  const element = reader.element(Tag.sequence, what);
  if (element.end - element.start > largestName) {
    throw new DerError('limit', `${what} is longer than ${largestName} octets`, element.offset);
  }
  readRelativeNames(readerOf(element));
  return element.raw;
}

/** In octets; the longest of real names have some hundred. A bound on work: a CRL's name is read before its signature. */
const largestName = 64 * 1024;

/** The RDNs of a name in their order, each with its attributes. Throws DerError for what {@link readDistinguishedName} refuses. */
export function relativeNames(name: Uint8Array): AttributeTypeAndValue[][] {
  return readRelativeNames(readWhole(name, Tag.sequence, 'name'));
}

function readRelativeNames(sequence: DerReader): AttributeTypeAndValue[][] {
  return sequence.all((names) => names.enter(Tag.set, 'relative distinguished name').all(readAttribute));
}

function readAttribute(set: DerReader): AttributeTypeAndValue {
  const attribute = set.sequence('attribute of a name');
  const type = attribute.objectIdentifier('attribute type');
  const value = attribute.any('attribute value');
  attribute.end('attribute of a name');
  return { type, value };
}

function attributeToString({ type, value }: AttributeTypeAndValue): string {
  const name = attributeNames[type];
  const text = name === undefined ? undefined : textOf(value);
  return `${name ?? type}=${text === undefined ? `#${toHex(value.raw)}` : escapeValue(text)}`;
}

/** The text of a directory string, or undefined for other types and undecodable contents (X.520 §6.1, RFC 5280 §4.1.2.4). */
export function textOf(value: DerElement): string | undefined {
  const buffer = Buffer.from(value.contents);
  switch (value.tag) {
    case Tag.printableString:
    case Tag.ia5String:
    case Tag.numericString:
    case Tag.visibleString:
    case Tag.teletexString:
      // Deployed CAs put Latin-1 into TeletexString, whatever T.61 says.
      return buffer.toString('latin1');
    case Tag.utf8String:
      return buffer.toString('utf8').includes('\uFFFD') ? undefined : buffer.toString('utf8');
    case Tag.bmpString:
      return buffer.length % 2 === 0 ? Buffer.from(buffer).swap16().toString('utf16le') : undefined;
    case Tag.universalString:
      return textOfUniversalString(buffer);
    default:
      return undefined;
  }
}

/** Four octets per character (X.690 §8.23.7). */
function textOfUniversalString(octets: Buffer): string | undefined {
  if (octets.length % 4 !== 0) return undefined;
  const characters: string[] = [];
  for (let at = 0; at < octets.length; at += 4) {
    const codePoint = octets.readUInt32BE(at);
    if (codePoint > 0x10ffff) return undefined;
    characters.push(String.fromCodePoint(codePoint));
  }
  return characters.join('');
}

function escapeValue(text: string): string {
  return (
    text
      .replace(/["+,;<>\\]/g, '\\$&')
      .replace(/^[ #]/, '\\$&')
      // A value of one space has been escaped as the first character already.
      .replace(/(?<!^\\) $/, '\\ ')
      .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (character) =>
        [...Buffer.from(character, 'utf8')]
          .map((octet) => `\\${octet.toString(16).padStart(2, '0').toUpperCase()}`)
          .join(''),
      )
  );
}

/** In octets. Putting many combining characters in order takes time by the square of their number. */
const largestFolded = 16 * 1024;

function canonicalForm(name: Uint8Array): string {
  // No JSON begins so.
  if (name.length > largestFolded) return `#${toHex(name)}`;
  return JSON.stringify(
    relativeNames(name).map((attributes) =>
      attributes
        .map(({ type, value }) => {
          const text = textOf(value);
          // Two signs, so that no text can pass for the hexadecimal of a value that is none.
          return text === undefined ? `${type}#${toHex(value.raw)}` : `${type}=${foldText(text)}`;
        })
        .sort(),
    ),
  );
}

/** RFC 4518 §2.2 to §2.6.1: mapped, case-folded and normalized, white space folded. */
function foldText(text: string): string {
  const mapped = text.replace(/[\t-\r\u0085\p{Z}]/gu, ' ').replace(standsForNothing, '');
  return foldCase(mapped.normalize('NFKC')).normalize('NFKC').trim().replace(/ +/g, ' ');
}

/** Controls, format characters and variation selectors; U+FFFC is neither (RFC 4518 §2.2). */
const standsForNothing = /[\p{Cc}\p{Cf}\u034f\u180b-\u180d\ufe00-\ufe0f\ufffc]/gu;

/** Full case folding (RFC 3454 table B.2) by way of upper case, the only way that takes ß for ss; but no dotless i becomes i. */
function foldCase(text: string): string {
  return text
    .split('\u0131')
    .map((part) => part.toLowerCase().toUpperCase().toLowerCase())
    .join('\u0131');
}
