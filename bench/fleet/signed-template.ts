import { sign, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { bitString, sequence } from '../../test/support/der-writer.js';
import { defaultSignatureAlgorithm, signatureAlgorithmIdentifier } from '../../test/support/signatures.js';

const signLater = promisify(sign);

/** What stands in the template, and what shall stand there instead: of the same length, so that no DER length changes. */
export type Replacement = readonly [placeholder: Uint8Array, value: Uint8Array];

/**
 * Signed structures that differ from one another in a few octets only: `body` with the replacements made, signed by an RSA
 * key with SHA-256, as SEQUENCE { body, algorithm, signature }. The signing runs on Node's own threads, so that many at once
 * use every core.
 */
export function signedTemplate(
  body: Uint8Array,
  key: KeyObject,
): (replacements: readonly Replacement[]) => Promise<Buffer> {
  const algorithm = signatureAlgorithmIdentifier(defaultSignatureAlgorithm(key));
  return async (replacements) => {
    const stamped = Buffer.from(body);
    for (const [placeholder, value] of replacements) replaceEach(stamped, placeholder, value);
    return sequence(stamped, algorithm, bitString(await signLater('sha256', stamped, key)));
  };
}

function replaceEach(bytes: Buffer, placeholder: Uint8Array, value: Uint8Array): void {
  if (value.length !== placeholder.length) throw new Error('a replacement has another length than its placeholder');
  let found = bytes.indexOf(placeholder);
  if (found < 0) throw new Error('the placeholder is not in the template');
  for (; found >= 0; found = bytes.indexOf(placeholder, found + value.length)) bytes.set(value, found);
}
