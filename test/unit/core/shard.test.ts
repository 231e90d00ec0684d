import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';

import type { Certificate } from '../../../src/core/index.js';
import { spreadOf } from '../../../src/core/schedule.js';
import { isInShard, shardOf } from '../../../src/core/shard.js';
import { certificate } from './scene.js';

/** Only the DER counts. */
const fleet = Array.from({ length: 10_000 }, (_, number): Certificate => ({
  ...certificate,
  der: Buffer.from(`${number}`),
}));

function countsOf(certificates: readonly Certificate[], count: number): number[] {
  const counts = new Array<number>(count).fill(0);
  for (const one of certificates) counts[shardOf(one, count)]! += 1;
  return counts;
}

/** Pearson's chi-squared against an even spread; its mean is count - 1, its deviation the root of twice that. */
function unevenness(counts: readonly number[]): number {
  const expected = counts.reduce((sum, one) => sum + one) / counts.length;
  return counts.reduce((sum, one) => sum + (one - expected) ** 2 / expected, 0);
}

describe('shardOf', () => {
  it('follows from octets 4 to 9 of the SHA-256 of the certificate', () => {
    const hash = createHash('sha256').update(certificate.der).digest();
    const number = BigInt(`0x${hash.subarray(4, 10).toString('hex')}`);
    for (const count of [1, 2, 3, 7, 64, 9999, 10_000]) {
      expect(shardOf(certificate, count)).toBe(Number(number % BigInt(count)));
    }
  });

  it('is 0 of one', () => {
    expect(countsOf(fleet, 1)).toEqual([10_000]);
  });

  it.each([2, 3, 4, 10, 100])('spreads a fleet evenly over %i', (count) => {
    const counts = countsOf(fleet, count);
    expect(Math.min(...counts)).toBeGreaterThan(0);
    expect(unevenness(counts)).toBeLessThan(count - 1 + 4 * Math.sqrt(2 * count));
  });

  it('leaves the due times of each shard spread over the whole time', () => {
    for (let index = 0; index < 4; index++) {
      const tenths = new Array<number>(10).fill(0);
      for (const one of fleet) if (isInShard(one, { index, count: 4 })) tenths[Math.floor(spreadOf(one) * 10)]! += 1;
      expect(unevenness(tenths), `shard ${index}`).toBeLessThan(9 + 4 * Math.sqrt(20));
    }
  });
});

describe('isInShard', () => {
  it('holds for exactly one shard of each certificate', () => {
    for (const one of fleet.slice(0, 200)) {
      const shards = [0, 1, 2, 3, 4].filter((index) => isInShard(one, { index, count: 5 }));
      expect(shards).toEqual([shardOf(one, 5)]);
    }
  });
});
