import { distinguishedNameToString } from '../../core/index.js';
import { toHex } from '../../core/bytes.js';
import { DerReader, contextTag, objectIdentifierOf, readerOf, type DerElement } from '../../core/der/der.js';
import { readDistinguishedName, textOf } from '../../core/distinguished-name.js';
import { objectName } from './object-name.js';

/** GeneralNames (RFC 5280 §4.2.1.6), each with its kind before it. Throws DerError. */
export function describeGeneralNames(names: DerReader): string[] {
  const described: string[] = [];
  while (!names.isAtEnd) described.push(describeGeneralName(names.any('general name')));
  return described;
}

/** A GeneralName as `DNS:…`, `IP:…`, `URI:…`, `email:…`, `dirName:…`; the rest with its octets. Throws DerError. */
export function describeGeneralName(element: DerElement): string {
  switch (element.tag) {
    case contextTag(1, 'primitive'):
      return `email:${latin1(element.contents)}`;
    case contextTag(2, 'primitive'):
      return `DNS:${latin1(element.contents)}`;
    case contextTag(6, 'primitive'):
      return `URI:${latin1(element.contents)}`;
    case contextTag(7, 'primitive'):
      return `IP:${describeAddress(element.contents)}`;
    case contextTag(8, 'primitive'):
      return `registeredID:${objectName(objectIdentifierOf(element, 'registeredID'))}`;
    case contextTag(4):
      return `dirName:${describeDirectoryName(element)}`;
    case contextTag(0):
      return describeOtherName(element);
    default:
      return `#${toHex(element.raw)}`;
  }
}

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
  switch (octets.length) {
    case 4:
      return octets.join('.');
    case 16:
      return describeIpv6(octets);
    case 8:
      return `${octets.subarray(0, 4).join('.')}/${octets.subarray(4).join('.')}`;
    case 32:
      return `${describeIpv6(octets.subarray(0, 16))}/${describeIpv6(octets.subarray(16))}`;
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
