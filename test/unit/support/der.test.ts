import { describe, expect, it } from 'vitest';

import { readElement, readElements, readObjectIdentifier } from '../../support/der-reader.js';
import * as der from '../../support/der-writer.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('the DER writer of the tests', () => {
  it.each([
    [0n, '020100'],
    [127n, '02017f'],
    [128n, '02020080'],
    [256n, '02020100'],
    [-1n, '0201ff'],
    [-129n, '0202ff7f'],
  ])('writes the integer %s minimally', (value, expected) => {
    expect(hex(der.integer(value))).toBe(expected);
  });

  it.each([
    [127, '047f'],
    [128, '048180'],
    [65_536, '0483010000'],
  ])('writes the length of %i octets minimally', (length, head) => {
    expect(hex(der.octetString(new Uint8Array(length))).slice(0, head.length)).toBe(head);
  });

  it.each(['1.3.6.1.5.5.7.48.1.1', '2.16.840.1.101.3.4.2.1', '2.999.1', '1.2.840.113549.1.1.11'])(
    'reads the object identifier %s as it was written',
    (dotted) => {
      expect(readObjectIdentifier(readElement(der.objectIdentifier(dotted)).contents)).toBe(dotted);
    },
  );

  it('removes trailing zero bits of named bits', () => {
    expect(hex(der.namedBits([5, 6]))).toBe('03020106');
    expect(hex(der.namedBits([0]))).toBe('03020780');
  });

  it('writes times without fractions', () => {
    const time = new Date('2049-12-31T23:59:59.987Z');
    expect(der.utcTime(time).subarray(2).toString()).toBe('491231235959Z');
    expect(der.generalizedTime(time).subarray(2).toString()).toBe('20491231235959Z');
  });

  it('writes a certificate time from 2050 on as GeneralizedTime', () => {
    expect(der.certificateTime(new Date('2049-12-31T00:00:00Z'))[0]).toBe(0x17);
    expect(der.certificateTime(new Date('2050-01-01T00:00:00Z'))[0]).toBe(0x18);
  });

  it('sorts the elements of a SET OF', () => {
    expect(hex(der.setOf(der.integer(2), der.integer(1)))).toBe('3106020101020102');
  });
});

describe('the DER reader of the tests', () => {
  it.each([['30'], ['3002ff'], ['3080'], ['30850000000001'], ['300002']])('refuses %s', (bytes) => {
    expect(() => readElement(Buffer.from(bytes, 'hex'))).toThrow();
  });

  it('keeps the slices of what it reads', () => {
    const elements = readElements(Buffer.from('0201010500', 'hex'));
    expect(elements.map((element) => hex(element.der))).toEqual(['020101', '0500']);
  });
});
