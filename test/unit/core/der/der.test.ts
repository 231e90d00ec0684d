import { describe, expect, it } from 'vitest';
import {
  DerError,
  DerReader,
  Tag,
  contextTag,
  integerContentsOf,
  readWhole,
  readerOf,
  type DerRule,
} from '../../../../src/core/der/der.js';
import { decodeResponse } from '../../../../src/core/index.js';
import { contextPrimitive, objectIdentifier, tagged } from '../../../support/der-writer.js';
import { unheardOf } from '../../../support/extensions.js';
import type { OcspResponseOptions } from '../../../support/ocsp-response.js';
import { certId, respond } from '../scene.js';

function reader(hex: string): DerReader {
  return new DerReader(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
}

/** The rule that an action breaks. */
function brokenRule(action: () => unknown): DerRule | 'none' {
  try {
    action();
  } catch (error) {
    if (error instanceof DerError) return error.rule;
    throw error;
  }
  return 'none';
}

const generalizedTime = (text: string): DerReader =>
  new DerReader(Buffer.concat([Buffer.from([0x18, text.length]), Buffer.from(text, 'latin1')]));

const utcTime = (text: string): DerReader =>
  new DerReader(Buffer.concat([Buffer.from([0x17, text.length]), Buffer.from(text, 'latin1')]));

describe('a DER reader refuses', () => {
  it.each<[string, DerRule, () => unknown]>([
    ['an element without a length', 'truncated', () => reader('30').any('x')],
    ['an element whose contents are missing', 'truncated', () => reader('04 03 01 02').any('x')],
    ['a long length whose octets are missing', 'truncated', () => reader('04 82 01').any('x')],
    ['a missing element', 'truncated', () => reader('').element(Tag.integer, 'x')],
    ['data after the end', 'trailing-data', () => readWhole(Buffer.from('300000', 'hex'), Tag.sequence, 'x')],
    ['an indefinite length', 'indefinite-length', () => reader('30 80 00 00').any('x')],
    ['a long form where the short one does', 'length-not-minimal', () => reader('04 81 01 00').any('x')],
    ['the long form of 127', 'length-not-minimal', () => reader(`04 81 7f ${'00'.repeat(127)}`).any('x')],
    ['a length with a leading zero', 'length-not-minimal', () => reader(`04 82 00 80 ${'00'.repeat(128)}`).any('x')],
    ['a length of five octets', 'length-too-large', () => reader('04 85 01 00 00 00 00').any('x')],
    ['the reserved length octet ff', 'length-too-large', () => reader('04 ff 01').any('x')],
    ['a tag number above 30', 'high-tag-number', () => reader('1f 81 01 00').any('x')],
    ['another tag', 'unexpected-tag', () => reader('04 00').element(Tag.integer, 'x')],
    ['a constructed OCTET STRING', 'unexpected-tag', () => reader('24 02 04 00').octetString('x')],
    ['a time that is a string', 'unexpected-tag', () => reader('13 01 41').time('x')],
    ['an INTEGER without contents', 'empty-integer', () => reader('02 00').smallInteger('x')],
    ['a redundant leading 00', 'integer-not-minimal', () => reader('02 02 00 01').smallInteger('x')],
    ['a redundant leading ff', 'integer-not-minimal', () => reader('02 02 ff 80').smallInteger('x')],
    ['a negative version', 'integer-out-of-range', () => reader('02 01 ff').smallInteger('x')],
    ['a version of five octets', 'integer-out-of-range', () => reader('02 05 01 00 00 00 00').smallInteger('x')],
    ['a BOOLEAN of 01', 'boolean-value', () => reader('01 01 01').boolean('x')],
    ['a BOOLEAN of two octets', 'boolean-value', () => reader('01 02 ff ff').boolean('x')],
    ['a BOOLEAN without contents', 'boolean-value', () => reader('01 00').boolean('x')],
    ['unused bits in a signature', 'bit-string-padding', () => reader('03 02 01 00').bitStringOctets('x')],
    ['a BIT STRING without contents', 'bit-string-padding', () => reader('03 00').bitStringOctets('x')],
    ['an OBJECT IDENTIFIER without contents', 'object-identifier', () => reader('06 00').objectIdentifier('x')],
    ['an arc that does not end', 'object-identifier', () => reader('06 02 2a 86').objectIdentifier('x')],
    ['an arc with leading zeros', 'object-identifier', () => reader('06 03 2a 80 01').objectIdentifier('x')],
    [
      'an arc of more than 128 bits',
      'object-identifier',
      () => reader(`06 15 2a ${'ff'.repeat(19)} 7f`).objectIdentifier('x'),
    ],
    ['a fraction of a second', 'time-syntax', () => generalizedTime('20260101000000.5Z').generalizedTime('x')],
    ['a local time', 'time-syntax', () => generalizedTime('20260101000000').generalizedTime('x')],
    ['an offset in place of Z', 'time-syntax', () => generalizedTime('20260101000000+0100').generalizedTime('x')],
    ['a time without seconds', 'time-syntax', () => utcTime('2601010000Z').time('x')],
    ['a month of 00', 'time-syntax', () => generalizedTime('20260001000000Z').generalizedTime('x')],
    ['a month of 13', 'time-syntax', () => generalizedTime('20261301000000Z').generalizedTime('x')],
    ['a day of 00', 'time-syntax', () => generalizedTime('20260100000000Z').generalizedTime('x')],
    ['the 29th of February of a common year', 'time-syntax', () => generalizedTime('20260229000000Z').time('x')],
    ['the 31st of April', 'time-syntax', () => generalizedTime('20260431000000Z').time('x')],
    ['the 29th of February of 1900', 'time-syntax', () => generalizedTime('19000229000000Z').time('x')],
    ['an hour of 24', 'time-syntax', () => generalizedTime('20260101240000Z').generalizedTime('x')],
    ['a minute of 61 seconds', 'time-syntax', () => generalizedTime('20260101000060Z').generalizedTime('x')],
    ['a leap second', 'time-syntax', () => generalizedTime('20261231235960Z').generalizedTime('x')],
    ['letters in a time', 'time-syntax', () => generalizedTime('2026010100000aZ').generalizedTime('x')],
  ])('%s', (_, rule, action) => {
    expect(brokenRule(action)).toBe(rule);
  });
});

describe('decoding a response names the rule', () => {
  it.each<[string, DerRule, Partial<OcspResponseOptions>]>([
    [
      'null-value for a good certStatus with contents',
      'null-value',
      { responses: [{ certId, status: contextPrimitive(0, Buffer.of(0)) }] },
    ],
    [
      'duplicate for an extension that stands there twice',
      'duplicate',
      { extensions: [unheardOf(false), unheardOf(false)] },
    ],
    ['value for a version that does not exist', 'value', { explicitVersion: 1 }],
  ])('%s', (_, rule, options) => {
    expect(decodeResponse(respond(options))).toMatchObject({ code: 'malformed-response', rule });
  });
});

describe('a DER reader', () => {
  it('keeps exact slices and offsets of nested elements', () => {
    const outer = reader('30 05 02 01 07 05 00').element(Tag.sequence, 'x');
    const inner = readerOf(outer);
    const version = inner.element(Tag.integer, 'version');
    expect(Buffer.from(version.raw).toString('hex')).toBe('020107');
    expect(version.offset).toBe(2);
    expect(inner.offset).toBe(5);
    expect(inner.isAtEnd).toBe(false);
  });

  it('reads a list to its end, and an explicit tag with nothing beside what is in it', () => {
    const versionOf = (hex: string): number | undefined =>
      reader(hex).explicit(contextTag(0), 'version', (explicit) => explicit.smallInteger('version'));
    expect(reader('02 01 07 02 01 08').all((list) => list.smallInteger('number'))).toEqual([7, 8]);
    expect(reader('').all((list) => list.smallInteger('number'))).toEqual([]);
    expect(versionOf('a0 03 02 01 07')).toBe(7);
    expect(versionOf('a1 03 02 01 07')).toBeUndefined();
    expect(brokenRule(() => versionOf('a0 05 02 01 07 05 00'))).toBe('trailing-data');
  });

  it('says where the broken rule stands, counted from the start of the input', () => {
    const inner = reader('30 04 02 02 00 01').sequence('x');
    expect(() => inner.smallInteger('version')).toThrow('version is not encoded minimally at octet 2');
  });

  it('leaves an optional element of another tag where it is', () => {
    const list = reader('05 00');
    expect(list.optional(contextTag(0), 'x')).toBeUndefined();
    expect(list.peekTag()).toBe(Tag.null);
  });

  it('reads the shortest long length', () => {
    expect(reader(`04 81 80 ${'00'.repeat(128)}`).octetString('x')).toHaveLength(128);
  });

  it.each([
    ['2b6570', '1.3.101.112'],
    ['00', '0.0'],
    ['27', '0.39'],
    ['28', '1.0'],
    ['4f', '1.39'],
    ['50', '2.0'],
    ['883703', '2.999.3'],
    ['2a864886f70d', '1.2.840.113549'],
  ])('reads the object identifier %s as %s', (contents, dotted) => {
    const element = tagged(Tag.objectIdentifier, Buffer.from(contents, 'hex'));
    expect(new DerReader(element).objectIdentifier('x')).toBe(dotted);
  });

  it.each(['2.25.329800735698586629295641978511506172918', '1.2.9007199254740991', '1.2.9007199254740993'])(
    'reads the object identifier %s to the last digit',
    (dotted) => {
      expect(new DerReader(objectIdentifier(dotted)).objectIdentifier('x')).toBe(dotted);
    },
  );

  it('reads an object identifier anew where the buffer was filled again', () => {
    const [first, second] = ['2.5.60.30.84.49.75', '2.5.73.90.18.72.39'] as const;
    const buffer = Buffer.from(objectIdentifier(first));
    expect(new DerReader(buffer).objectIdentifier('x')).toBe(first);
    objectIdentifier(second).copy(buffer);
    expect(new DerReader(buffer).objectIdentifier('x')).toBe(second);
  });

  it('tells object identifiers apart that have one hash, and reads more than it keeps', () => {
    const read = (dotted: string): string => new DerReader(objectIdentifier(dotted)).objectIdentifier('x');
    const dotted = ['2.5.60.30.84.49.75', '2.5.73.90.18.72.39'];
    for (let number = 0; number < 600; number += 1) dotted.push(`1.3.6.1.4.1.99999.${number}`);
    expect(dotted.map(read)).toEqual(dotted);
    expect(dotted.map(read)).toEqual(dotted);
  });

  it.each([
    ['20000229000000Z', '2000-02-29T00:00:00.000Z'],
    ['20240229000000Z', '2024-02-29T00:00:00.000Z'],
    ['00040229000000Z', '0004-02-29T00:00:00.000Z'],
    ['00000101000000Z', '0000-01-01T00:00:00.000Z'],
    ['00991231235959Z', '0099-12-31T23:59:59.000Z'],
    ['99991231235959Z', '9999-12-31T23:59:59.000Z'],
  ])('reads the generalized time %s', (text, expected) => {
    expect(generalizedTime(text).generalizedTime('x').toISOString()).toBe(expected);
  });

  it.each([
    ['491231235959Z', '2049-12-31T23:59:59.000Z'],
    ['500101000000Z', '1950-01-01T00:00:00.000Z'],
  ])('reads the two-digit year of %s by RFC 5280', (text, expected) => {
    expect(utcTime(text).time('x').toISOString()).toBe(expected);
  });

  it('keeps redundant zeros of an integer only where they are allowed', () => {
    const serial = reader('02 03 00 00 01').element(Tag.integer, 'serial');
    expect(Buffer.from(integerContentsOf(serial, 'serial', { redundantZeros: true })).toString('hex')).toBe('000001');
    expect(brokenRule(() => integerContentsOf(serial, 'serial'))).toBe('integer-not-minimal');
    const negative = reader('02 02 ff 80').element(Tag.integer, 'serial');
    expect(brokenRule(() => integerContentsOf(negative, 'serial', { redundantZeros: true }))).toBe(
      'integer-not-minimal',
    );
  });
});
