import { DerError, DerReader, Tag } from './der/der.js';
import type { Extension } from './extension.js';

/**
 * The nonce of an extension (RFC 9654 §2.1): the octets inside the inner OCTET STRING; where there is none, as from
 * software older than RFC 8954, the contents of extnValue as they stand.
 */
export function nonceOf(extension: Extension): Uint8Array {
  try {
    const reader = new DerReader(extension.value);
    const inner = reader.element(Tag.octetString, 'nonce').contents;
    reader.end('nonce');
    return inner;
  } catch (error) {
    if (error instanceof DerError) return extension.value;
    throw error;
  }
}
