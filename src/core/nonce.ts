import { Tag, wholeElement } from './der/der.js';
import { unlessMalformed } from './der/malformed.js';
import { derElement, derObjectIdentifier, derOctetString, derSequence } from './der/der-writer.js';
import type { Extension } from './certificate/extension.js';
import { Oid } from './oid.js';

/**
 * The nonce of an extension (RFC 9654 §2.1): the octets inside the inner OCTET STRING; where there is none, as from
 * software older than RFC 8954, the contents of extnValue as they stand.
 */
export function nonceOf(extension: Extension): Uint8Array {
  return unlessMalformed(() => wholeElement(extension.value, Tag.octetString, 'nonce').contents) ?? extension.value;
}

/** The nonce as an extension (RFC 9654 §2.1), whose extnValue holds an OCTET STRING of its own. */
export function encodeNonceExtension(nonce: Uint8Array): Uint8Array {
  return derSequence(derObjectIdentifier(Oid.ocspNonce), derOctetString(derOctetString(nonce)));
}

/** The explicit list of extensions with a nonce alone; nothing without one. */
export function encodeNonce(tag: number, nonce: Uint8Array | undefined): Uint8Array[] {
  if (nonce === undefined) return [];
  return [derElement(tag, derSequence(encodeNonceExtension(nonce)))];
}
