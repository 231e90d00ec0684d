import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { packSorted } from '../../../src/source/packed-names.js';

function unpacked(names: readonly string[]): string[] {
  const packed = packSorted(names);
  return Array.from({ length: packed.length }, (_, index) => packed.at(index));
}

describe('packed names', () => {
  it('come back in the order of their bytes', () => {
    const name = fc.array(fc.integer({ min: 1, max: 255 }), { maxLength: 40 });
    const names = fc.array(name.map((bytes) => Buffer.from(bytes).toString('latin1')));
    fc.assert(
      fc.property(names, (given) => {
        const expected = [...given].sort((a, b) => Buffer.compare(Buffer.from(a, 'latin1'), Buffer.from(b, 'latin1')));
        expect(unpacked(given)).toEqual(expected);
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  it('may be as many and as long as they like', () => {
    const given = Array.from({ length: 3000 }, (_, index) => `${'x'.repeat(index % 255)}${3000 - index}`);
    expect(unpacked(given)).toEqual([...given].sort());
  });

  it('may be none, and there is none behind the last', () => {
    expect(unpacked([])).toEqual([]);
    expect(() => packSorted(['a']).at(1)).toThrow(RangeError);
  });
});
