import { DerError, type DerContents } from './der-element.js';

/** A time at the resolution DER carries, whole seconds, in milliseconds since 1970. */
type Milliseconds = number;

/**
 * The contents octets of an INTEGER. Leading zero octets beyond the sign octet are accepted where `redundantZeros` is
 * set, because certificates with such serial numbers are deployed; they are kept as they are.
 */
export function integerContentsOf(
  element: DerContents,
  what: string,
  options: { redundantZeros: boolean } = { redundantZeros: false },
): Uint8Array {
  // Not destructured, which would go through an iterator: this is called several times a certificate.
  const first = element.contents[0];
  const second = element.contents[1];
  if (first === undefined) throw new DerError('empty-integer', `${what} is an empty INTEGER`, element.offset);
  if (second === undefined) return element.contents;
  const redundant = (first === 0x00 && second < 0x80) || (first === 0xff && second >= 0x80);
  if (redundant && !(options.redundantZeros && first === 0x00)) {
    throw new DerError('integer-not-minimal', `${what} is not encoded minimally`, element.offset);
  }
  return element.contents;
}

/** The value of a small non-negative INTEGER or ENUMERATED. */
export function smallIntegerOf(element: DerContents, what: string): number {
  const contents = integerContentsOf(element, what);
  if (contents.length > 4 || (contents[0] ?? 0) >= 0x80) {
    throw new DerError('integer-out-of-range', `${what} is negative or too large`, element.offset);
  }
  return contents.reduce((value, octet) => value * 256 + octet, 0);
}

/** An arc of 128 bits, as in OIDs made from UUIDs (X.667 §8), takes 19 octets; a bound on work for all others. */
const maximumArcOctets = 19;

/** The next seven bits of an arc: a number as long as that is exact, a bigint from there on. */
function appendToArc(value: number | bigint, bits: number): number | bigint {
  if (typeof value === 'number' && value <= (Number.MAX_SAFE_INTEGER - bits) / 128) return value * 128 + bits;
  return BigInt(value) * 128n + BigInt(bits);
}

/** The dotted form of an OBJECT IDENTIFIER element (X.690 §8.19). */
export function objectIdentifierOf(element: DerContents, what: string): string {
  const bytes = element.contents;
  const malformed = (): DerError =>
    new DerError('object-identifier', `${what} is no OBJECT IDENTIFIER`, element.offset);
  if (bytes.length === 0 || (bytes[bytes.length - 1] ?? 0x80) >= 0x80) throw malformed();
  let dotted = '';
  let value: number | bigint = 0;
  let arcOctets = 0;
  for (const octet of bytes) {
    if (arcOctets === 0 && octet === 0x80) throw malformed();
    arcOctets += 1;
    if (arcOctets > maximumArcOctets) throw malformed();
    value = appendToArc(value, octet & 0x7f);
    if (octet >= 0x80) continue;
    if (dotted === '') {
      const root = value < 40 ? 0 : value < 80 ? 1 : 2;
      dotted = `${root}.${typeof value === 'bigint' ? value - 80n : value - root * 40}`;
    } else {
      dotted += `.${value}`;
    }
    value = 0;
    arcOctets = 0;
  }
  return dotted;
}

/** The time of a GeneralizedTime element, to the second and in Z (RFC 5280 §4.1.2.5.2). */
export function generalizedTimeOf(element: DerContents, what: string): Milliseconds {
  return timeFromDigits(element, 4, what);
}

/** The time of a UTCTime element, to the second and in Z (RFC 5280 §4.1.2.5.1). */
export function utcTimeOf(element: DerContents, what: string): Milliseconds {
  return timeFromDigits(element, 2, what);
}

function timeFromDigits(element: DerContents, yearDigits: 2 | 4, what: string): Milliseconds {
  const bytes = element.contents;
  const syntax = yearDigits === 4 ? 'YYYYMMDDHHMMSSZ' : 'YYMMDDHHMMSSZ';
  const malformed = (): DerError => new DerError('time-syntax', `${what} is not of the form ${syntax}`, element.offset);
  if (bytes.length !== yearDigits + 11 || bytes[bytes.length - 1] !== 0x5a) throw malformed();
  let position = 0;
  const digits = (count: number): number => {
    let value = 0;
    for (const end = position + count; position < end; position += 1) {
      const digit = (bytes[position] ?? 0) - 0x30;
      if (digit < 0 || digit > 9) throw malformed();
      value = value * 10 + digit;
    }
    return value;
  };
  const written = digits(yearDigits);
  // RFC 5280 §4.1.2.5.1: two digits of 50 and above are of the twentieth century.
  const year = yearDigits === 4 ? written : written >= 50 ? 1900 + written : 2000 + written;
  const [month, day, hour, minute, second] = [digits(2), digits(2), digits(2), digits(2), digits(2)];
  if (hour > 23 || minute > 59 || second > 59) throw malformed();
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  // A day that the month does not have would have rolled over.
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) throw malformed();
  return date.getTime();
}
