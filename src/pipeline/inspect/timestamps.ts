import type { Extension } from '../../core/index.js';
import { toHex } from '../../core/bytes.js';
import { DerReader, Tag } from '../../core/der/der.js';

/** More than any certificate carries; a bound on what is printed. */
const maximumTimestamps = 100;

/**
 * A SignedCertificateTimestampList inside its OCTET STRING (RFC 6962 §3.3): how many, then each with its log and time.
 * Undefined where the list does not add up. Throws DerError.
 */
export function describeTimestamps({ value }: Extension): string[] | undefined {
  const list = Buffer.from(new DerReader(value).element(Tag.octetString, 'SCT list').contents);
  if (list.length < 2 || list.readUInt16BE(0) !== list.length - 2) return undefined;
  const lines: string[] = [];
  for (let position = 2; position < list.length;) {
    if (position + 2 > list.length || lines.length === maximumTimestamps) return undefined;
    const end = position + 2 + list.readUInt16BE(position);
    if (end > list.length) return undefined;
    lines.push(describeTimestamp(list.subarray(position + 2, end)));
    position = end;
  }
  return [`${lines.length} signed certificate timestamps`, ...lines];
}

/** SignedCertificateTimestamp (RFC 6962 §3.2): version, log id of 32 octets, milliseconds since 1970. */
function describeTimestamp(timestamp: Buffer): string {
  if (timestamp[0] !== 0 || timestamp.length < 41) return `#${toHex(timestamp)}`;
  const milliseconds = Number(timestamp.readBigUInt64BE(33));
  const time = new Date(milliseconds);
  const shown = Number.isNaN(time.getTime()) ? `${milliseconds} ms` : time.toISOString();
  return `v1, log ${toHex(timestamp.subarray(1, 33))}, ${shown}`;
}
