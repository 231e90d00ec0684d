import { describe, expect, it } from 'vitest';
import { DerError, distinguishedNameToString, distinguishedNamesEqual } from '../../../../src/core/index.js';
import { sequence, setOf } from '../../../support/der-writer.js';
import { commonName, distinguishedName } from '../../../support/names.js';

describe('distinguishedNameToString', () => {
  it('prints the most specific name first, several attributes of one joined by a plus', () => {
    const name = distinguishedName([
      { type: 'C', value: 'DE', encoding: 'printable' },
      { type: 'O', value: 'Example' },
      [
        { type: 'CN', value: 'server' },
        { type: 'serialNumber', value: '7', encoding: 'printable' },
      ],
    ]);
    expect(distinguishedNameToString(name)).toBe('serialNumber=7+CN=server,O=Example,C=DE');
  });

  it.each([
    ['a,b+c"d\\e<f>g;h', 'CN=a\\,b\\+c\\"d\\\\e\\<f\\>g\\;h'],
    ['#hash', 'CN=\\#hash'],
    ['a#b', 'CN=a#b'],
    [' both ', 'CN=\\ both\\ '],
    [' ', 'CN=\\ '],
    ['  ', 'CN=\\ \\ '],
    ['\\ ', 'CN=\\\\\\ '],
    ['', 'CN='],
    ['a=b', 'CN=a=b'],
    ['nul\0', 'CN=nul\\00'],
    ['two\r\nlines', 'CN=two\\0D\\0Alines'],
    ['\x1b[31mred', 'CN=\\1B[31mred'],
    ['\u0085', 'CN=\\C2\\85'],
    ['right\u202eleft', 'CN=right\\E2\\80\\AEleft'],
    ['\u2028', 'CN=\\E2\\80\\A8'],
    ['Größe 😀', 'CN=Größe 😀'],
  ])('escapes %j by RFC 4514', (text, expected) => {
    expect(distinguishedNameToString(commonName(text))).toBe(expected);
  });

  it('prints text of every string type', () => {
    const name = distinguishedName([
      { type: 'O', value: 'Größe', encoding: 'teletex' },
      { type: 'OU', value: 'Größe', encoding: 'bmp' },
      { type: 'emailAddress', value: 'a@b', encoding: 'ia5' },
    ]);
    expect(distinguishedNameToString(name)).toBe('emailAddress=a@b,OU=Größe,O=Größe');
  });

  it('prints what is not text as hexadecimal of the element', () => {
    expect(distinguishedNameToString(distinguishedName([{ type: 'CN', value: Buffer.from('ff', 'hex') }]))).toBe(
      'CN=#0c01ff',
    );
    const odd = distinguishedName([{ type: 'CN', value: Buffer.from('414243', 'hex'), encoding: 'bmp' }]);
    expect(distinguishedNameToString(odd)).toBe('CN=#1e03414243');
    const surrogate = distinguishedName([{ type: 'CN', value: Buffer.from('eda080', 'hex') }]);
    expect(distinguishedNameToString(surrogate)).toBe('CN=#0c03eda080');
  });

  it('escapes a lone surrogate of a BMPString', () => {
    const name = distinguishedName([{ type: 'CN', value: Buffer.from('d800', 'hex'), encoding: 'bmp' }]);
    expect(distinguishedNameToString(name)).toBe('CN=\\EF\\BF\\BD');
  });

  it('prints a type without a short name by its number', () => {
    expect(distinguishedNameToString(distinguishedName([{ type: '1.2.3', value: 'x' }]))).toBe('1.2.3=#0c0178');
  });

  it('prints the empty name as nothing', () => {
    expect(distinguishedNameToString(sequence())).toBe('');
  });

  it('refuses what is not a name', () => {
    expect(() => distinguishedNameToString(Buffer.from('0500', 'hex'))).toThrow(DerError);
    expect(() => distinguishedNameToString(sequence(setOf(sequence())))).toThrow(DerError);
  });
});

describe('distinguishedNamesEqual', () => {
  const plain = distinguishedName([{ type: 'O', value: 'Example CA', encoding: 'printable' }]);

  it.each([
    ['string type', distinguishedName([{ type: 'O', value: 'Example CA' }])],
    ['BMPString', distinguishedName([{ type: 'O', value: 'Example CA', encoding: 'bmp' }])],
    ['letter case', distinguishedName([{ type: 'O', value: 'EXAMPLE ca' }])],
    ['white space', distinguishedName([{ type: 'O', value: '  Example   CA ' }])],
    ['TeletexString', distinguishedName([{ type: 'O', value: 'Example CA', encoding: 'teletex' }])],
    ['UniversalString', distinguishedName([{ type: 'O', value: 'Example CA', encoding: 'universal' }])],
    ['IA5String', distinguishedName([{ type: 'O', value: 'Example CA', encoding: 'ia5' }])],
    ['VisibleString', distinguishedName([{ type: 'O', value: 'Example CA', encoding: 'visible' }])],
    ['kind of space', distinguishedName([{ type: 'O', value: '\tExample\u00a0\u2003CA\r\n' }])],
    ['characters that stand for nothing', distinguishedName([{ type: 'O', value: 'Ex\u00adam\u200bple CA\ufeff' }])],
    ['full width', distinguishedName([{ type: 'O', value: 'Ｅｘａｍｐｌｅ ＣＡ' }])],
  ])('overlooks a difference of %s (RFC 5280 §7.1)', (_, other) => {
    expect(distinguishedNamesEqual(plain, other)).toBe(true);
  });

  it.each([
    ['Größe', 'teletex', 'GRÖSSE', 'utf8'],
    ['STRASSE', 'printable', 'Straße', 'bmp'],
    ['ΟΔΟΣ', 'universal', 'οδος', 'utf8'],
    ['οδοσ', 'bmp', 'ΟΔΟΣ', 'utf8'],
    ['e\u0301', 'utf8', 'É', 'teletex'],
    ['😀 ca', 'universal', '😀  CA', 'utf8'],
    ['0123', 'numeric', '0123', 'printable'],
  ] as const)('takes %s (%s) for %s (%s), as RFC 4518 folds them', (value, encoding, other, otherEncoding) => {
    const a = distinguishedName([{ type: 'O', value, encoding }]);
    const b = distinguishedName([{ type: 'O', value: other, encoding: otherEncoding }]);
    expect(distinguishedNamesEqual(a, b)).toBe(true);
  });

  it.each([
    ['a dotless i', 'fatıma', 'fatima'],
    ['an accent', 'Café', 'Cafe'],
    ['a space inside', 'Example CA', 'ExampleCA'],
  ])('sees a difference of %s', (_, one, other) => {
    const named = (value: string): Uint8Array => distinguishedName([{ type: 'O', value }]);
    expect(distinguishedNamesEqual(named(one), named(other))).toBe(false);
  });

  it('compares what is not a UniversalString octet by octet', () => {
    const beyond = Buffer.from('00110000', 'hex');
    for (const value of [beyond, beyond.subarray(1)]) {
      const name = distinguishedName([{ type: 'CN', value, encoding: 'universal' }]);
      expect(distinguishedNameToString(name)).toMatch(/^CN=#1c/);
      expect(distinguishedNamesEqual(name, Buffer.from(name))).toBe(true);
    }
  });

  it.each([
    ['value', distinguishedName([{ type: 'O', value: 'Example CB' }])],
    ['attribute type', distinguishedName([{ type: 'OU', value: 'Example CA' }])],
    [
      'length',
      distinguishedName([
        { type: 'O', value: 'Example CA' },
        { type: 'CN', value: '' },
      ]),
    ],
    ['nothing at all', sequence()],
  ])('sees a difference of %s', (_, other) => {
    expect(distinguishedNamesEqual(plain, other)).toBe(false);
  });

  it('sees the order of relative names, but not of the attributes in one', () => {
    const a = { type: 'O', value: 'a' } as const;
    const b = { type: 'CN', value: 'b' } as const;
    expect(distinguishedNamesEqual(distinguishedName([a, b]), distinguishedName([b, a]))).toBe(false);
    expect(distinguishedNamesEqual(distinguishedName([[a, b]]), distinguishedName([a, b]))).toBe(false);
    const one = distinguishedName([[a, b]]);
    const other = distinguishedName([[{ ...b, encoding: 'bmp' }, a]]);
    expect(distinguishedNamesEqual(one, other)).toBe(true);
  });

  it('compares names of more than 16 KiB by their encoding, which takes no time', () => {
    const text = 'n'.repeat(20_000);
    const [name, same] = [commonName(text), commonName(text)];
    expect(distinguishedNamesEqual(name, same)).toBe(true);
    expect(distinguishedNamesEqual(name, commonName(text.toUpperCase()))).toBe(false);
    expect(distinguishedNamesEqual(commonName('n'.repeat(16_000)), commonName('N'.repeat(16_000)))).toBe(true);
  });

  it('does not take text for the hexadecimal of a value that is not text', () => {
    const bits = distinguishedName([{ type: 'O', value: Buffer.from('ff', 'hex') }]);
    const text = distinguishedName([{ type: 'O', value: '#0c01ff' }]);
    expect(distinguishedNamesEqual(bits, text)).toBe(false);
  });
});
