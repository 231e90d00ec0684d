import { OcspError } from '../core/index.js';
import { Tag, contextTag, objectIdentifierOf, wholeElement } from '../core/der/der.js';
import { unlessMalformed } from '../core/der/malformed.js';
import { Oid } from '../core/oid.js';

/** An element of BER as far as its header says; `end` is behind its contents, `next` behind the element itself. */
interface BerElement {
  readonly tag: number;
  readonly start: number;
  readonly contentStart: number;
  readonly end: number;
  readonly next: number;
}

/** Whether these bytes are a PKCS#7 SignedData by their type, where a certificate has a SEQUENCE. */
export function isPkcs7(bytes: Uint8Array): boolean {
  const first = bytes[1] ?? 0;
  if (bytes[0] !== Tag.sequence) return false;
  const contentStart = first > 0x80 ? 2 + (first & 0x7f) : 2;
  if (bytes[contentStart] !== Tag.objectIdentifier) return false;
  const type = bytes.subarray(contentStart, contentStart + 2 + (bytes[contentStart + 1] ?? 0));
  const oid = unlessMalformed(() =>
    objectIdentifierOf(wholeElement(type, Tag.objectIdentifier, 'contentType'), 'contentType'),
  );
  return oid === Oid.pkcs7SignedData;
}

/**
 * The DER of each certificate in a PKCS#7 SignedData (RFC 5652 §5.1), in its order. Only the frame is read, which CAs
 * write in BER: what is broken inside one certificate harms no other. Nothing is verified.
 *
 * @throws OcspError `malformed-certificate`
 */
export function readPkcs7Certificates(bytes: Uint8Array): Uint8Array[] {
  const contentInfo = elementAt(bytes, 0, bytes.length, 0);
  const [type, explicit] = childrenOf(bytes, contentInfo, 2);
  if (type?.tag !== Tag.objectIdentifier || explicit?.tag !== contextTag(0))
    throw malformed('there is no content in it');
  const [signedData] = childrenOf(bytes, explicit, 1);
  if (signedData?.tag !== Tag.sequence) throw malformed('its content is not a SignedData');
  // version, digestAlgorithms and encapContentInfo stand before the certificates; nothing stands between.
  const certificates = childrenOf(bytes, signedData, 4)[3];
  if (certificates?.tag !== contextTag(0)) return [];
  return childrenOf(bytes, certificates)
    .filter(({ tag }) => tag === Tag.sequence)
    .map(({ start, next }) => bytes.subarray(start, next));
}

function childrenOf(bytes: Uint8Array, { contentStart, end }: BerElement, atMost = Infinity): BerElement[] {
  const children: BerElement[] = [];
  for (let at = contentStart; at < end && children.length < atMost;) {
    const child = elementAt(bytes, at, end, 0);
    children.push(child);
    at = child.next;
  }
  return children;
}

/** Of real files none is deeper; a bound on recursion. */
const deepest = 32;

function elementAt(bytes: Uint8Array, start: number, limit: number, depth: number): BerElement {
  const tag = bytes[start];
  const first = bytes[start + 1];
  if (tag === undefined || first === undefined || start + 2 > limit) throw malformed('it is cut short');
  if ((tag & 0x1f) === 0x1f) throw malformed('it has a tag number above 30');
  let contentStart = start + 2;
  if (first === 0x80) {
    const end = endOfContents(bytes, contentStart, limit, depth + 1);
    return { tag, start, contentStart, end, next: end + 2 };
  }
  let length = first;
  if (first > 0x80) {
    const count = first & 0x7f;
    if (count > 4) throw malformed(`it claims a length of ${count} octets`);
    length = 0;
    for (let index = 0; index < count; index += 1) length = length * 256 + (bytes[contentStart + index] ?? 0);
    contentStart += count;
  }
  const end = contentStart + length;
  if (end > limit) throw malformed('it is cut short');
  return { tag, start, contentStart, end, next: end };
}

/** Where the two zero octets stand that end contents of indefinite length (X.690 §8.1.5). */
function endOfContents(bytes: Uint8Array, start: number, limit: number, depth: number): number {
  if (depth > deepest) throw malformed('it is nested too deeply');
  let at = start;
  while (at + 2 <= limit && (bytes[at] !== 0 || bytes[at + 1] !== 0)) at = elementAt(bytes, at, limit, depth).next;
  if (at + 2 > limit) throw malformed('it is cut short');
  return at;
}

function malformed(why: string): OcspError {
  return new OcspError(
    'malformed-certificate',
    `the PKCS#7 cannot be read: ${why}`,
    'copy the file again, or ask the CA for PEM',
  );
}
