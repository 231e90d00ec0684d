import { Tag, contextTag } from './der/der-element.js';

/** What DER bytes are by their first few tags, damaged and cut-off ones too. */
export type DerKind =
  | 'response'
  | 'request'
  | 'certificate'
  | 'pkcs7'
  | 'private key'
  | 'public key'
  | 'certificate request'
  | 'certificate revocation list';

interface Header {
  readonly tag: number;
  readonly start: number;
  /** Not beyond the end of the input. */
  readonly end: number;
}

/**
 * Tells the kinds of DER apart that lie in an administrator's folders, only by their first tags: lengths are not
 * believed, so that the decoder of the right kind can say what is broken. Undefined for what is none of them.
 */
export function kindOfDer(bytes: Uint8Array): DerKind | undefined {
  const outer = headerAt(bytes, 0);
  if (outer?.tag !== Tag.sequence) return undefined;
  const [first, second] = children(bytes, outer, 2);
  switch (first?.tag) {
    case Tag.enumerated:
      return 'response';
    case Tag.objectIdentifier:
      return 'pkcs7';
    case Tag.integer:
      return 'private key';
    case Tag.sequence:
      return kindOfSigned(bytes, first, second);
    default:
      return undefined;
  }
}

/** A first part that is a SEQUENCE: certificates, both kinds of requests, CRLs, and encrypted keys. */
function kindOfSigned(bytes: Uint8Array, body: Header, next: Header | undefined): DerKind | undefined {
  const [first, second, third, fourth] = children(bytes, body, 4);
  switch (first?.tag) {
    case contextTag(0):
      // Both begin with a version: a serial number follows in a certificate, the requests or the requestor in a request.
      return second?.tag === Tag.integer ? 'certificate' : 'request';
    case contextTag(1):
      return 'request';
    case Tag.sequence:
      // A CRL of version 1 begins with its AlgorithmIdentifier, a request with the CertID of its first Request.
      return children(bytes, first, 1)[0]?.tag === Tag.objectIdentifier ? 'certificate revocation list' : 'request';
    case Tag.objectIdentifier:
      // PKCS#8 that is encrypted, and a SubjectPublicKeyInfo.
      return next?.tag === Tag.octetString ? 'private key' : next?.tag === Tag.bitString ? 'public key' : undefined;
    case Tag.integer:
      if (third?.tag === Tag.sequence && (fourth?.tag === Tag.utcTime || fourth?.tag === Tag.generalizedTime)) {
        return 'certificate revocation list';
      }
      return second !== undefined && isName(bytes, second) ? 'certificate request' : 'certificate';
    default:
      return undefined;
  }
}

/** A Name holds sets, an AlgorithmIdentifier begins with an OID. */
function isName(bytes: Uint8Array, header: Header): boolean {
  const [first] = children(bytes, header, 1);
  return header.tag === Tag.sequence && (first === undefined || first.tag === Tag.set);
}

function children(bytes: Uint8Array, parent: Header, count: number): Header[] {
  const found: Header[] = [];
  for (let position = parent.start; found.length < count && position < parent.end;) {
    const header = headerAt(bytes, position);
    if (header === undefined) break;
    found.push(header);
    position = header.end;
  }
  return found;
}

function headerAt(bytes: Uint8Array, position: number): Header | undefined {
  const tag = bytes[position];
  const first = bytes[position + 1];
  if (tag === undefined || first === undefined) return undefined;
  let start = position + 2;
  let length = first;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count > 4) return undefined;
    length = 0;
    for (let index = 0; index < count; index += 1) length = length * 256 + (bytes[start + index] ?? 0);
    start += count;
    // An indefinite length, as PKCS#7 files have it.
    if (count === 0) length = bytes.length;
  }
  return { tag, start, end: Math.min(start + length, bytes.length) };
}
