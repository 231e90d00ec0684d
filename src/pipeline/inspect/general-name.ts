import { distinguishedNameToString } from '../../core/index.js';
import { toHex } from '../../core/bytes.js';
import { DerReader, contextTag, objectIdentifierOf, readerOf, type DerElement } from '../../core/der/der.js';
import { readDistinguishedName, textOf } from '../../core/certificate/distinguished-name.js';
import { uriText } from '../../core/certificate/uniform-resource.js';
import { objectName } from './object-name.js';
import { readEach } from './reading.js';

/** GeneralNames (RFC 5280 §4.2.1.6), each with its kind before it, and this before that. Throws DerError. */
export function describeGeneralNames(names: DerReader | undefined, prefix = ''): string[] {
  return readEach(names, (list) => prefix + describeGeneralName(list.any('general name')));
}

/** A GeneralName as `DNS:…`, `IP:…`, `URI:…`, `email:…`, `dirName:…`; the rest with its octets. Throws DerError. */
export function describeGeneralName(element: DerElement): string {
  return describers[element.tag]?.(element) ?? `#${toHex(element.raw)}`;
}

const describers: Readonly<Record<number, (element: DerElement) => string>> = {
  [contextTag(0)]: describeOtherName,
  [contextTag(1, 'primitive')]: ({ contents }) => `email:${latin1(contents)}`,
  [contextTag(2, 'primitive')]: ({ contents }) => `DNS:${latin1(contents)}`,
  [contextTag(4)]: (element) => `dirName:${describeDirectoryName(element)}`,
  [contextTag(6, 'primitive')]: ({ contents }) => `URI:${uriText(contents)}`,
  [contextTag(7, 'primitive')]: ({ contents }) => `IP:${describeAddress(contents)}`,
  [contextTag(8, 'primitive')]: (element) => `registeredID:${objectName(objectIdentifierOf(element, 'registeredID'))}`,
};

/** The RFC 4514 string of a directoryName. Throws DerError. */
export function describeDirectoryName(element: DerElement): string {
  const reader = readerOf(element);
  const name = readDistinguishedName(reader, 'directory name');
  reader.end('directory name');
  return distinguishedNameToString(name);
}

function describeOtherName(element: DerElement): string {
  const reader = readerOf(element);
  const type = reader.objectIdentifier('type of other name');
  const value = new DerReader(reader.element(contextTag(0), 'other name').contents).any('value of other name');
  return `otherName:${type}:${textOf(value) ?? `#${toHex(value.raw)}`}`;
}

/** An address, or address and mask as nameConstraints has them (RFC 5280 §4.2.1.10). */
function describeAddress(octets: Uint8Array): string {
  const half = octets.length / 2;
  switch (octets.length) {
    case 4:
      return octets.join('.');
    case 16:
      return describeIpv6(octets);
    case 8:
    case 32:
      return `${describeAddress(octets.subarray(0, half))}/${describeAddress(octets.subarray(half))}`;
    default:
      return `#${toHex(octets)}`;
  }
}

function describeIpv6(octets: Uint8Array): string {
  const groups = toHex(octets).match(/.{4}/g) ?? [];
  // The URL parser writes the short form of RFC 5952.
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1);
}

function latin1(octets: Uint8Array): string {
  return Buffer.from(octets).toString('latin1');
}
