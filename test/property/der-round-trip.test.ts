import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DerError, DerReader, Tag } from '../../src/core/der/der.js';
import { derElement, derObjectIdentifier, derOctetString, derSequence } from '../../src/core/der/der-writer.js';
import { createRequest, decodeRequest, parseSerialNumber, serialNumbersEqual } from '../../src/core/index.js';
import { generalizedTime, objectIdentifier } from '../support/der-writer.js';

const runs = { seed: 20_260_102, numRuns: 300 };

const hex = (length: number): fc.Arbitrary<string> =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => Buffer.from(bytes).toString('hex'));

/** The contents of a positive INTEGER. */
const serialNumber = fc
  .uint8Array({ minLength: 1, maxLength: 20 })
  .map(([first = 0, ...rest]) => Buffer.from([(first & 0x3f) | 0x40, ...rest]).toString('hex'));

describe('what the writer writes, the reader reads', () => {
  it('for octets of any length', () => {
    const lengths = fc.oneof(fc.nat(300), fc.constantFrom(127, 128, 255, 256, 65_535, 65_536));
    fc.assert(
      fc.property(lengths, fc.nat(255), (length, octet) => {
        const contents = new Uint8Array(length).fill(octet);
        const reader = new DerReader(derSequence(derOctetString(contents), derElement(Tag.null)));
        const inner = reader.sequence('x');
        expect(Buffer.from(inner.octetString('x')).equals(contents)).toBe(true);
        expect(inner.element(Tag.null, 'x').contents).toHaveLength(0);
        expect(inner.isAtEnd && reader.isAtEnd).toBe(true);
      }),
      runs,
    );
  });

  it('for object identifiers, as an independent encoder writes them', () => {
    const root = fc.oneof(fc.tuple(fc.nat(1), fc.nat(39)), fc.tuple(fc.constant(2), fc.nat(10_000)));
    const dotted = fc
      .tuple(root, fc.array(fc.nat(2 ** 31 - 1), { maxLength: 8 }))
      .map(([head, rest]) => [...head, ...rest].join('.'));
    fc.assert(
      fc.property(dotted, (text) => {
        expect(Buffer.from(derObjectIdentifier(text)).equals(objectIdentifier(text))).toBe(true);
        expect(new DerReader(derObjectIdentifier(text)).objectIdentifier('x')).toBe(text);
      }),
      runs,
    );
  });

  it('for object identifiers with arcs of up to 128 bits', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }), (arc) => {
        const text = `2.25.${arc.toString()}`;
        expect(new DerReader(objectIdentifier(text)).objectIdentifier('x')).toBe(text);
      }),
      runs,
    );
  });

  it('for times to the second', () => {
    const time = fc.date({
      min: new Date('0000-01-01T00:00:00Z'),
      max: new Date('9999-12-31T23:59:59Z'),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(time, (date) => {
        const whole = new Date(Math.floor(date.getTime() / 1000) * 1000);
        expect(new DerReader(generalizedTime(whole)).generalizedTime('x')).toEqual(whole);
      }),
      runs,
    );
  });

  it('for requests', () => {
    const certId = fc.record({
      hashAlgorithm: fc.constantFrom('sha1', 'sha256', 'sha384', 'sha512'),
      issuerNameHash: hex(20),
      issuerKeyHash: hex(20),
      serialNumber,
    });
    const nonce = fc.option(fc.uint8Array({ minLength: 1, maxLength: 128 }), { nil: undefined });
    fc.assert(
      fc.property(fc.array(certId, { minLength: 1, maxLength: 5 }), nonce, (certIds, octets) => {
        const decoded = decodeRequest(createRequest({ certIds, ...(octets === undefined ? {} : { nonce: octets }) }));
        expect(decoded.requests.map((one) => one.certId)).toEqual(certIds);
        expect(decoded.nonce).toBe(octets === undefined ? undefined : Buffer.from(octets).toString('hex'));
      }),
      runs,
    );
  });
});

it('any octets are read as an element or refused by a named rule', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      try {
        const element = new DerReader(bytes).any('x');
        expect(element.raw.length).toBeLessThanOrEqual(bytes.length);
        // One value has one encoding: what was read is what would be written.
        expect(Buffer.from(derElement(element.tag, element.contents)).equals(element.raw)).toBe(true);
      } catch (error) {
        expect(error).toBeInstanceOf(DerError);
      }
    }),
    { ...runs, numRuns: 2000 },
  );
});

it('a serial number is the same with zeros or colons put in', () => {
  fc.assert(
    fc.property(serialNumber, fc.nat(4), (contents, zeros) => {
      expect(serialNumbersEqual('00'.repeat(zeros) + contents, contents)).toBe(true);
      expect(parseSerialNumber(`0x${'0'.repeat(zeros)}${contents}`)).toBe(contents);
      expect(parseSerialNumber(contents.replace(/..(?=.)/g, '$&:').toUpperCase())).toBe(contents);
    }),
    runs,
  );
});
