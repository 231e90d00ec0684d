import { DerError, type DerElement } from './der-element.js';

/** A time at the resolution DER carries, whole seconds, in milliseconds since 1970. */
type Milliseconds = number;

/**
 * The contents octets of an INTEGER. Leading zero octets beyond the sign octet are accepted where `redundantZeros` is
 * set, because certificates with such serial numbers are deployed; they are kept as they are.
 */
export function integerContentsOf(
  element: DerElement,
  what: string,
  options: { redundantZeros: boolean } = { redundantZeros: false },
): Uint8Array {
  checkInteger(element, what, options.redundantZeros);
  return element.contents;
}

function checkInteger({ input, contentStart, end, offset }: DerElement, what: string, zeros: boolean): void {
  const contentLength = end - contentStart;
  if (contentLength === 0) throw new DerError('empty-integer', `${what} is an empty INTEGER`, offset);
  if (contentLength === 1) return;
  const first = input[contentStart];
  const isHigh = (input[contentStart + 1] ?? 0) >= 0x80;
  const redundant = (first === 0x00 && !isHigh) || (first === 0xff && isHigh);
  if (redundant && !(zeros && first === 0x00)) {
    throw new DerError('integer-not-minimal', `${what} is not encoded minimally`, offset);
  }
}

/** The value of a small non-negative INTEGER or ENUMERATED. */
export function smallIntegerOf(element: DerElement, what: string): number {
  checkInteger(element, what, false);
  const { input, contentStart, end, offset } = element;
  if (end - contentStart > 4 || (input[contentStart] ?? 0) >= 0x80) {
    throw new DerError('integer-out-of-range', `${what} is negative or too large`, offset);
  }
  let value = 0;
  for (let at = contentStart; at < end; at += 1) value = value * 256 + (input[at] ?? 0);
  return value;
}

/** An arc of 128 bits, as in OIDs made from UUIDs (X.667 §8), takes 19 octets; a bound on work for all others. */
const maximumArcOctets = 19;

/** The next seven bits of an arc: a number as long as that is exact, a bigint from there on. */
function appendToArc(value: number | bigint, bits: number): number | bigint {
  if (typeof value === 'number' && value <= (Number.MAX_SAFE_INTEGER - bits) / 128) return value * 128 + bits;
  return BigInt(value) * 128n + BigInt(bits);
}

/** The dotted form of an OBJECT IDENTIFIER element (X.690 §8.19). */
export function objectIdentifierOf(element: DerElement, what: string): string {
  const { input, contentStart, end } = element;
  if (end - contentStart > longestMet) return readObjectIdentifier(element, what);
  const key = keyOfOctets(input, contentStart, end);
  const met = objectIdentifiersMet.get(key);
  if (met !== undefined && isEncodedAs(met.encoding, input, contentStart, end)) return met.dotted;
  const dotted = readObjectIdentifier(element, what);
  // A copy: the input may be a large file, or a buffer that is filled again.
  if (objectIdentifiersMet.size < metAtMost) {
    objectIdentifiersMet.set(key, { encoding: Uint8Array.from(input.subarray(contentStart, end)), dotted });
  }
  return dotted;
}

interface MetObjectIdentifier {
  readonly encoding: Uint8Array;
  readonly dotted: string;
}

/** Certificates and responses name the same few over and over, some twenty each; bounded, since hostile ones need not. */
const objectIdentifiersMet = new Map<number, MetObjectIdentifier>();
const metAtMost = 256;
const longestMet = 32;

/** FNV-1a over the octets: two may have the same, and are compared. */
function keyOfOctets(input: Uint8Array, start: number, end: number): number {
  let key = 0x811c9dc5;
  for (let at = start; at < end; at += 1) key = Math.imul(key ^ (input[at] ?? 0), 0x01000193);
  return key;
}

function isEncodedAs(encoding: Uint8Array, input: Uint8Array, start: number, end: number): boolean {
  if (encoding.length !== end - start) return false;
  for (let at = start; at < end; at += 1) if (input[at] !== encoding[at - start]) return false;
  return true;
}

function readObjectIdentifier({ input, contentStart, end, offset }: DerElement, what: string): string {
  const malformed = (): DerError => new DerError('object-identifier', `${what} is not an OBJECT IDENTIFIER`, offset);
  if (contentStart === end || (input[end - 1] ?? 0x80) >= 0x80) throw malformed();
  let dotted = '';
  let value: number | bigint = 0;
  let arcOctets = 0;
  for (let at = contentStart; at < end; at += 1) {
    const octet = input[at] ?? 0;
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
export function generalizedTimeOf(element: DerElement, what: string): Milliseconds {
  return timeFromDigits(element, 4, what);
}

/** The time of a UTCTime element, to the second and in Z (RFC 5280 §4.1.2.5.1). */
export function utcTimeOf(element: DerElement, what: string): Milliseconds {
  return timeFromDigits(element, 2, what);
}

function timeFromDigits(element: DerElement, yearDigits: 2 | 4, what: string): Milliseconds {
  const { input, contentStart, end } = element;
  const isOfForm =
    end - contentStart === yearDigits + 11 && input[end - 1] === 0x5a && areDigits(input, contentStart, end - 1);
  if (!isOfForm) throw noTime(element, yearDigits, what);
  const at = contentStart + yearDigits;
  const year =
    yearDigits === 4
      ? twoDigits(input, contentStart) * 100 + twoDigits(input, at - 2)
      : yearOf(twoDigits(input, contentStart));
  const month = twoDigits(input, at);
  const day = twoDigits(input, at + 2);
  const hour = twoDigits(input, at + 4);
  const minute = twoDigits(input, at + 6);
  const second = twoDigits(input, at + 8);
  if (hour > 23 || minute > 59 || second > 59) throw noTime(element, yearDigits, what);
  if (month < 1 || month > 12 || day < 1 || day > daysIn(month, year)) throw noTime(element, yearDigits, what);
  // Date.UTC takes years below 100 for those of the twentieth century; the calendar repeats after 400 years.
  return Date.UTC(year + 400, month - 1, day, hour, minute, second) - millisecondsIn400Years;
}

const millisecondsIn400Years = 146_097 * 86_400_000;

/** RFC 5280 §4.1.2.5.1: two digits of 50 and above are of the twentieth century. */
function yearOf(digits: number): number {
  return digits >= 50 ? 1900 + digits : 2000 + digits;
}

function daysIn(month: number, year: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

function areDigits(input: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    const octet = input[at] ?? 0;
    if (octet < 0x30 || octet > 0x39) return false;
  }
  return true;
}

function twoDigits(input: Uint8Array, at: number): number {
  return (input[at] ?? 0) * 10 + (input[at + 1] ?? 0) - 0x30 * 11;
}

function noTime(element: DerElement, yearDigits: 2 | 4, what: string): DerError {
  const syntax = yearDigits === 4 ? 'YYYYMMDDHHMMSSZ' : 'YYMMDDHHMMSSZ';
  const { offset } = element;
  return new DerError('time-syntax', `${what} is not of the form ${syntax}${oddityOf(element, yearDigits)}`, offset);
}

/** More than any time takes, with a fraction and an offset. */
const longestTime = 40;

/** What makes a time another form of X.680 §46 and §47, or no time at all. */
function oddityOf({ contents }: DerElement, yearDigits: 2 | 4): string {
  const text = Buffer.from(contents.subarray(0, longestTime + 1)).toString('latin1');
  if (text === '') return ': it is empty';
  if (text.length > longestTime || !/^[\x20-\x7e]*$/.test(text)) return '';
  const [, date = '', fraction = '', zone = ''] = /^(\d*)([.,]\d*)?(Z|[+-]\d*)?$/.exec(text) ?? [];
  const digits = yearDigits + 10;
  const oddities = [
    fraction === '' ? [] : ['has a fraction'],
    date.length === digits - 2 ? ['has no seconds'] : date.length === digits - 4 ? ['has no minutes'] : [],
    zone === '' && date !== '' ? ['has no Z'] : zone === 'Z' || zone === '' ? [] : ['has an offset instead of Z'],
  ].flat();
  if (oddities.length > 0) return `: ${text} ${oddities.join(' and ')}`;
  return date.length === digits ? `: there is no such time as ${text}` : `: it is "${text}"`;
}
