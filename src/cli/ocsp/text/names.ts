import { toHex } from '../../../core/bytes.js';
import { relativeNames, textOf, type AttributeTypeAndValue } from '../../../core/certificate/distinguished-name.js';
import { Tag, contextTag, objectIdentifierOf, readerOf, type DerElement } from '../../../core/der/der.js';
import { objectText, printableText } from './values.js';

/** What openssl calls the attributes of a name for short. */
const attributeNames: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.4': 'SN',
  '2.5.4.5': 'serialNumber',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.9': 'street',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '2.5.4.12': 'title',
  '2.5.4.13': 'description',
  '2.5.4.15': 'businessCategory',
  '2.5.4.16': 'postalAddress',
  '2.5.4.17': 'postalCode',
  '2.5.4.18': 'postOfficeBox',
  '2.5.4.20': 'telephoneNumber',
  '2.5.4.41': 'name',
  '2.5.4.42': 'GN',
  '2.5.4.43': 'initials',
  '2.5.4.44': 'generationQualifier',
  '2.5.4.45': 'x500UniqueIdentifier',
  '2.5.4.46': 'dnQualifier',
  '2.5.4.65': 'pseudonym',
  '2.5.4.97': 'organizationIdentifier',
  '0.9.2342.19200300.100.1.1': 'UID',
  '0.9.2342.19200300.100.1.25': 'DC',
  '1.2.840.113549.1.9.1': 'emailAddress',
  '1.2.840.113549.1.9.2': 'unstructuredName',
  '1.3.6.1.4.1.311.60.2.1.1': 'jurisdictionL',
  '1.3.6.1.4.1.311.60.2.1.2': 'jurisdictionST',
  '1.3.6.1.4.1.311.60.2.1.3': 'jurisdictionC',
};

/** A name as openssl prints a responder's: `C = DE, O = "A, B", CN = ocsp`. */
export function nameText(name: Uint8Array): string {
  return relativeNames(name)
    .map((attributes) => attributes.map(attributeText).join(' + '))
    .join(', ');
}

/** A name as openssl prints it in a certificate: `C=DE, O=A, B, CN=ca/emailAddress=a@b.example`. */
export function certificateNameText(name: Uint8Array): string {
  // openssl puts a comma only before attributes whose names are one or two capitals.
  return slashedNameText(name)
    .slice(1)
    .replace(/\/(?=[A-Z]{1,2}=)/g, ', ');
}

/** A name as openssl prints it among other names: `/C=DE/CN=ca`. */
export function slashedNameText(name: Uint8Array): string {
  const relative = relativeNames(name).map((attributes) =>
    attributes.map(({ type, value }) => `${attributeNames[type] ?? type}=${escapedOctets(value.contents)}`).join('+'),
  );
  return relative.map((text) => `/${text}`).join('');
}

function escapedOctets(octets: Uint8Array): string {
  return Buffer.from(octets)
    .toString('latin1')
    .replace(/[^\x20-\x7e]/g, (character) => `\\x${hexOf(character.charCodeAt(0))}`);
}

function attributeText({ type, value }: AttributeTypeAndValue): string {
  const text = value.tag === Tag.utcTime || value.tag === Tag.generalizedTime ? latin1(value) : textOf(value);
  const shown = text === undefined ? `#${toHex(value.raw).toUpperCase()}` : quotedText(text);
  return `${attributeNames[type] ?? type} = ${shown}`;
}

/** RFC 2253 with quotation marks in place of most backslashes, and the octets of what is not printable ASCII. */
function quotedText(text: string): string {
  const needsQuotes = /[+,;<>]|^[ #]| $/.test(text);
  const escaped = [...Buffer.from(text, 'utf8')]
    .map((octet) => {
      if (octet < 0x20 || octet > 0x7e) return `\\${hexOf(octet)}`;
      const character = String.fromCharCode(octet);
      return character === '"' || character === '\\' ? `\\${character}` : character;
    })
    .join('');
  return needsQuotes ? `"${escaped}"` : escaped;
}

/** A GeneralName as openssl prints it: `DNS:a.example`, `IP Address:192.0.2.1`; undefined for kinds that are not told here. */
export function generalNameText(
  element: DerElement,
  directoryName: (name: Uint8Array) => string = nameText,
): string | undefined {
  switch (element.tag) {
    case contextTag(1, 'primitive'):
      return `email:${printableText(element.contents)}`;
    case contextTag(2, 'primitive'):
      return `DNS:${printableText(element.contents)}`;
    case contextTag(4):
      return `DirName:${directoryName(readerOf(element).element(Tag.sequence, 'directory name').raw)}`;
    case contextTag(6, 'primitive'):
      return `URI:${printableText(element.contents)}`;
    case contextTag(7, 'primitive'):
      return `IP Address:${addressText(element.contents)}`;
    case contextTag(8, 'primitive'):
      return `Registered ID:${objectText(objectIdentifierOf(element, 'registered ID'))}`;
    default:
      return undefined;
  }
}

function addressText(octets: Uint8Array): string {
  if (octets.length === 4) return octets.join('.');
  if (octets.length !== 16) return '<invalid>';
  const groups = Array.from({ length: 8 }, (_, at) => (octets[2 * at] ?? 0) * 256 + (octets[2 * at + 1] ?? 0));
  return groups.map((group) => group.toString(16).toUpperCase()).join(':');
}

function latin1({ contents }: DerElement): string {
  return Buffer.from(contents).toString('latin1');
}

function hexOf(octet: number): string {
  return octet.toString(16).toUpperCase().padStart(2, '0');
}
