import type { Certificate } from './certificate/certificate.js';
import { digest } from './hash.js';

/** One part of a fleet: the `index`-th, from 0, of `count`. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/**
 * The shard, from 0 to `count - 1`, that a certificate belongs to: bits 32 to 79 of the SHA-256 of its DER, modulo
 * `count`. The first 32 bits say when it is due ({@link spreadOf} of the schedule); with the same bits here, all
 * certificates of one shard could fall due in the same part of that spread.
 *
 * @param count a positive integer, up to 10,000: against 2^48 the modulo's unevenness is nothing
 */
export function shardOf(certificate: Certificate, count: number): number {
  const hash = digest('sha256', certificate.der);
  const view = new DataView(hash.buffer, hash.byteOffset);
  // 48 bits are an exact number.
  return (view.getUint32(4) * 2 ** 16 + view.getUint16(8)) % count;
}

/** Does the certificate belong to this shard? */
export function isInShard(certificate: Certificate, { index, count }: Shard): boolean {
  return shardOf(certificate, count) === index;
}
