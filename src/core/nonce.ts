import { Tag, wholeElement } from './der/der.js';
import { unlessMalformed } from './der/malformed.js';
import type { Extension } from './extension.js';

/**
 * The nonce of an extension (RFC 9654 §2.1): the octets inside the inner OCTET STRING; where there is none, as from
 * software older than RFC 8954, the contents of extnValue as they stand.
 */
export function nonceOf(extension: Extension): Uint8Array {
  return unlessMalformed(() => wholeElement(extension.value, Tag.octetString, 'nonce').contents) ?? extension.value;
}
