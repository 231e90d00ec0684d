/** The rules of DER (X.690 §8 and §10) that {@link DerReader} enforces; a {@link DerError} names the one that was broken. */
export type DerRule =
  | 'truncated'
  | 'trailing-data'
  | 'indefinite-length'
  | 'length-not-minimal'
  | 'length-too-large'
  | 'high-tag-number'
  | 'unexpected-tag'
  | 'empty-integer'
  | 'integer-not-minimal'
  | 'integer-out-of-range'
  | 'boolean-value'
  | 'bit-string-padding'
  | 'object-identifier'
  | 'null-value'
  | 'time-syntax'
  | 'duplicate'
  | 'value';

/** Bytes that are not the DER that was expected: `rule` is stable, the message is for people, `offset` counts octets from the start of the input. */
export class DerError extends Error {
  readonly rule: DerRule;
  readonly offset: number;

  constructor(rule: DerRule, message: string, offset: number) {
    super(`${message} at octet ${offset}`);
    this.name = 'DerError';
    this.rule = rule;
    this.offset = offset;
  }
}

/** Identifier octets used in X.509 and OCSP (X.690 §8.1.2; context tags as in the RFCs' modules). */
export const Tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  universalString: 0x1c,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

/** The identifier octet of a context-specific tag, e.g. `[0]`; constructed unless said otherwise. */
export function contextTag(number: number, form: 'constructed' | 'primitive' = 'constructed'): number {
  return (form === 'constructed' ? 0xa0 : 0x80) | number;
}

/** One element as it stands in the input: `raw` is the exact slice with its header, `contents` the slice without. No bytes are copied. */
export interface DerElement {
  readonly tag: number;
  readonly raw: Uint8Array;
  readonly contents: Uint8Array;
  /** Where the element starts, in octets from the start of the outermost input. */
  readonly offset: number;
}

/** A time at the resolution DER carries, whole seconds, in milliseconds since 1970. */
type Milliseconds = number;

/**
 * Reads a run of DER elements strictly: definite, minimal lengths and nothing left over. Every method throws a
 * {@link DerError}. The reader never recurses by itself, so depth is bounded by the caller's schema.
 */
export class DerReader {
  readonly #input: Uint8Array;
  readonly #base: number;
  #position = 0;

  constructor(input: Uint8Array, base = 0) {
    this.#input = input;
    this.#base = base;
  }

  get offset(): number {
    return this.#base + this.#position;
  }

  get isAtEnd(): boolean {
    return this.#position === this.#input.length;
  }

  /** The identifier octet that comes next, or undefined at the end. */
  peekTag(): number | undefined {
    return this.#input[this.#position];
  }

  /** Refuses anything after the last element. */
  end(what: string): void {
    if (!this.isAtEnd) throw new DerError('trailing-data', `data after the end of ${what}`, this.offset);
  }

  /** The next element, whatever its tag. */
  any(what: string): DerElement {
    const input = this.#input;
    const start = this.#position;
    const tag = input[start];
    const first = input[start + 1];
    if (tag === undefined || first === undefined) throw new DerError('truncated', `${what} is cut short`, this.offset);
    if ((tag & 0x1f) === 0x1f) throw new DerError('high-tag-number', `${what} has a tag number above 30`, this.offset);
    let contentStart = start + 2;
    let length = first;
    if (first === 0x80) throw new DerError('indefinite-length', `${what} has an indefinite length`, this.offset);
    if (first > 0x80) {
      const count = first & 0x7f;
      if (count > 4) throw new DerError('length-too-large', `${what} claims a length of ${count} octets`, this.offset);
      length = 0;
      for (let index = 0; index < count; index += 1) {
        const octet = input[contentStart + index];
        if (octet === undefined) throw new DerError('truncated', `${what} is cut short`, this.offset);
        length = length * 256 + octet;
      }
      if (length < 0x80 || input[contentStart] === 0) {
        throw new DerError('length-not-minimal', `${what} has a length that is not encoded minimally`, this.offset);
      }
      contentStart += count;
    }
    const end = contentStart + length;
    if (end > input.length) {
      throw new DerError('truncated', `${what} is cut short: ${end - input.length} octets are missing`, this.offset);
    }
    this.#position = end;
    return {
      tag,
      raw: input.subarray(start, end),
      contents: input.subarray(contentStart, end),
      offset: this.#base + start,
    };
  }

  /** The next element, which must have this tag. */
  element(tag: number, what: string): DerElement {
    const found = this.peekTag();
    if (found === undefined) throw new DerError('truncated', `${what} is missing`, this.offset);
    if (found !== tag) {
      throw new DerError(
        'unexpected-tag',
        `${what} has tag 0x${hexOctet(found)} instead of 0x${hexOctet(tag)}`,
        this.offset,
      );
    }
    return this.any(what);
  }

  /** The next element if it has this tag, else undefined and nothing is consumed. */
  optional(tag: number, what: string): DerElement | undefined {
    return this.peekTag() === tag ? this.any(what) : undefined;
  }

  /** A reader over the contents of the next constructed element. */
  enter(tag: number, what: string): DerReader {
    return readerOf(this.element(tag, what));
  }

  /** As {@link enter}, or undefined when the next element has another tag. */
  enterOptional(tag: number, what: string): DerReader | undefined {
    const element = this.optional(tag, what);
    return element === undefined ? undefined : readerOf(element);
  }

  sequence(what: string): DerReader {
    return this.enter(Tag.sequence, what);
  }

  /** A small non-negative INTEGER such as a version. */
  smallInteger(what: string): number {
    return smallIntegerOf(this.element(Tag.integer, what), what);
  }

  boolean(what: string): boolean {
    const element = this.element(Tag.boolean, what);
    const value = element.contents[0];
    if (element.contents.length !== 1 || (value !== 0x00 && value !== 0xff)) {
      throw new DerError('boolean-value', `${what} is no DER BOOLEAN`, element.offset);
    }
    return value === 0xff;
  }

  /** An OBJECT IDENTIFIER in dotted form. */
  objectIdentifier(what: string): string {
    const element = this.element(Tag.objectIdentifier, what);
    return objectIdentifierOf(element, what);
  }

  octetString(what: string): Uint8Array {
    return this.element(Tag.octetString, what).contents;
  }

  /** The octets of a BIT STRING without unused bits, such as a signature or a public key. */
  bitStringOctets(what: string): Uint8Array {
    const element = this.element(Tag.bitString, what);
    if (element.contents[0] !== 0) {
      throw new DerError('bit-string-padding', `${what} is no BIT STRING of whole octets`, element.offset);
    }
    return element.contents.subarray(1);
  }

  generalizedTime(what: string): Date {
    const element = this.element(Tag.generalizedTime, what);
    return new Date(generalizedTimeOf(element, what));
  }

  /** UTCTime or GeneralizedTime as RFC 5280 §4.1.2.5 writes them: to the second, in Z. */
  time(what: string): Date {
    const element = this.any(what);
    if (element.tag === Tag.generalizedTime) return new Date(generalizedTimeOf(element, what));
    if (element.tag === Tag.utcTime) return new Date(utcTimeOf(element, what));
    throw new DerError('unexpected-tag', `${what} is neither UTCTime nor GeneralizedTime`, element.offset);
  }
}

/** Reads the whole input as one element of this tag, with nothing after it, and returns a reader over its contents. */
export function readWhole(input: Uint8Array, tag: number, what: string): DerReader {
  const reader = new DerReader(input);
  const contents = reader.enter(tag, what);
  reader.end(what);
  return contents;
}

/** A reader over the contents of an element. */
export function readerOf(element: DerElement): DerReader {
  return new DerReader(element.contents, element.offset + (element.raw.length - element.contents.length));
}

/**
 * The contents octets of an INTEGER. Leading zero octets beyond the sign octet are accepted where `redundantZeros` is
 * set, because certificates with such serial numbers are deployed; they are kept as they are.
 */
export function integerContentsOf(
  element: DerElement,
  what: string,
  options: { redundantZeros: boolean } = { redundantZeros: false },
): Uint8Array {
  const [first, second] = element.contents;
  if (first === undefined) throw new DerError('empty-integer', `${what} is an empty INTEGER`, element.offset);
  if (second === undefined) return element.contents;
  const redundant = (first === 0x00 && second < 0x80) || (first === 0xff && second >= 0x80);
  if (redundant && !(options.redundantZeros && first === 0x00)) {
    throw new DerError('integer-not-minimal', `${what} is not encoded minimally`, element.offset);
  }
  return element.contents;
}

/** The value of a small non-negative INTEGER or ENUMERATED. */
export function smallIntegerOf(element: DerElement, what: string): number {
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
export function objectIdentifierOf(element: DerElement, what: string): string {
  const bytes = element.contents;
  const malformed = (): DerError =>
    new DerError('object-identifier', `${what} is no OBJECT IDENTIFIER`, element.offset);
  if (bytes.length === 0 || (bytes[bytes.length - 1] ?? 0x80) >= 0x80) throw malformed();
  const arcs: (number | bigint)[] = [];
  let value: number | bigint = 0;
  let arcOctets = 0;
  for (const octet of bytes) {
    if (arcOctets === 0 && octet === 0x80) throw malformed();
    arcOctets += 1;
    if (arcOctets > maximumArcOctets) throw malformed();
    value = appendToArc(value, octet & 0x7f);
    if (octet >= 0x80) continue;
    if (arcs.length === 0) {
      const root = value < 40 ? 0 : value < 80 ? 1 : 2;
      arcs.push(root, typeof value === 'bigint' ? value - 80n : value - root * 40);
    } else {
      arcs.push(value);
    }
    value = 0;
    arcOctets = 0;
  }
  return arcs.join('.');
}

function generalizedTimeOf(element: DerElement, what: string): Milliseconds {
  return timeFromDigits(element, 4, what);
}

function utcTimeOf(element: DerElement, what: string): Milliseconds {
  return timeFromDigits(element, 2, what);
}

function timeFromDigits(element: DerElement, yearDigits: 2 | 4, what: string): Milliseconds {
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

function hexOctet(octet: number): string {
  return octet.toString(16).padStart(2, '0');
}
