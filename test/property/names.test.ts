import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DerError, distinguishedNameToString, distinguishedNamesEqual } from '../../src/core/index.js';
import { sequence } from '../support/der-writer.js';
import { distinguishedName, type NameAttribute } from '../support/names.js';

const runs = { seed: 20_260_103, numRuns: 1000 };

const attribute: fc.Arbitrary<NameAttribute> = fc.record({
  type: fc.constantFrom('CN' as const, 'O' as const, 'OU' as const, '1.2.3' as const),
  value: fc.oneof(
    fc.string({ unit: 'binary', maxLength: 30 }),
    fc.string({
      unit: fc.constantFrom('\0', '\n', '\x1b', '\u0085', '\u202e', '\u2066', '\ufeff', ' ', '#', '\\', ',', '+'),
    }),
    fc.uint8Array({ maxLength: 30 }),
  ),
  encoding: fc.constantFrom('utf8' as const, 'printable' as const, 'teletex' as const, 'ia5' as const, 'bmp' as const),
});
const name = fc.array(fc.array(attribute, { minLength: 1, maxLength: 2 }), { maxLength: 4 }).map(distinguishedName);

describe('a distinguished name of any text', () => {
  it('is printed without control characters, direction marks or lone surrogates', () => {
    fc.assert(
      fc.property(name, (der) => {
        expect(distinguishedNameToString(der)).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      }),
      runs,
    );
  });

  it('is printed so that no text can pass for another attribute', () => {
    const text = fc.string({ unit: 'binary-ascii', maxLength: 20 });
    fc.assert(
      fc.property(text, text, (common, organization) => {
        const der = distinguishedName([
          { type: 'O', value: organization },
          { type: 'CN', value: common },
        ]);
        expect(parse(distinguishedNameToString(der))).toEqual([`CN=${common}`, `O=${organization}`]);
      }),
      runs,
    );
  });

  it('equals itself', () => {
    fc.assert(
      fc.property(name, (der) => {
        expect(distinguishedNamesEqual(der, Uint8Array.from(der))).toBe(true);
      }),
      runs,
    );
  });
});

it('bytes that are not a name are refused by a named rule', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      try {
        expect(distinguishedNameToString(sequence(bytes))).not.toMatch(/\p{Cc}/u);
      } catch (error) {
        expect(error).toBeInstanceOf(DerError);
      }
    }),
    runs,
  );
});

/** Takes an RFC 4514 string apart again: at commas that are not escaped, escapes undone. */
function parse(text: string): string[] {
  const parts = text.match(/(?:\\.|[^\\,])+/g) ?? [];
  return parts.map((part) =>
    part.replace(/\\([0-9A-F]{2})|\\(.)/g, (_, code: string | undefined, character: string | undefined) =>
      code === undefined ? (character ?? '') : String.fromCharCode(parseInt(code, 16)),
    ),
  );
}
