import { DerElement, DerError, Tag } from './der-element.js';
import { generalizedTimeOf, integerContentsOf, objectIdentifierOf, smallIntegerOf, utcTimeOf } from './der-values.js';

export { DerError, Tag, contextTag, type DerElement, type DerRule } from './der-element.js';
export { integerContentsOf, objectIdentifierOf, smallIntegerOf } from './der-values.js';

/**
 * Reads a run of DER elements strictly: definite, minimal lengths and nothing left over. Every method throws a
 * {@link DerError}. The reader never recurses, so depth is bounded by the caller's schema.
 */
export class DerReader {
  readonly #input: Uint8Array;
  /** What has to be added to a place in the input for one in the outermost input. */
  readonly #base: number;
  #position: number;
  readonly #end: number;
  /** The contents of the element that was passed last. */
  #contentStart = 0;

  constructor(input: Uint8Array, base = 0, start = 0, end = input.length) {
    this.#input = input;
    this.#base = base;
    this.#position = start;
    this.#end = end;
  }

  get offset(): number {
    return this.#base + this.#position;
  }

  get isAtEnd(): boolean {
    return this.#position === this.#end;
  }

  /** The identifier octet that comes next, or undefined at the end. */
  peekTag(): number | undefined {
    return this.#position < this.#end ? this.#input[this.#position] : undefined;
  }

  /** Refuses data after the last element. */
  end(what: string): void {
    if (!this.isAtEnd) throw new DerError('trailing-data', `data after the end of ${what}`, this.offset);
  }

  /** The next element, whatever its tag. */
  any(what: string): DerElement {
    const start = this.#position;
    const tag = this.#pass(what);
    return new DerElement(tag, this.#input, start, this.#contentStart, this.#position, this.#base + start);
  }

  /** The next element, which must have this tag. */
  element(tag: number, what: string): DerElement {
    this.#expect(tag, what);
    return this.any(what);
  }

  /** The next element if it has this tag, else undefined and nothing is consumed. */
  optional(tag: number, what: string): DerElement | undefined {
    return this.peekTag() === tag ? this.any(what) : undefined;
  }

  /** A reader over the contents of the next constructed element. */
  enter(tag: number, what: string): DerReader {
    this.#expect(tag, what);
    this.#pass(what);
    // Over the same input: to cut each level out of the one around it would cost more than all else.
    return new DerReader(this.#input, this.#base, this.#contentStart, this.#position);
  }

  /** As {@link enter}, or undefined when the next element has another tag. */
  enterOptional(tag: number, what: string): DerReader | undefined {
    return this.peekTag() === tag ? this.enter(tag, what) : undefined;
  }

  sequence(what: string): DerReader {
    return this.enter(Tag.sequence, what);
  }

  /** A small non-negative INTEGER such as a version. */
  smallInteger(what: string): number {
    return smallIntegerOf(this.element(Tag.integer, what), what);
  }

  /** What `read` finds in an explicit tag, and nothing beside it there; undefined when the next element has another tag. */
  explicit<Value>(tag: number, what: string, read: (explicit: DerReader) => Value): Value | undefined {
    const explicit = this.enterOptional(tag, what);
    if (explicit === undefined) return undefined;
    const value = read(explicit);
    explicit.end(what);
    return value;
  }

  /** As {@link explicit}, of a small INTEGER. */
  explicitSmallInteger(tag: number, what: string): number | undefined {
    return this.explicit(tag, what, (explicit) => explicit.smallInteger(what));
  }

  /** What `read` finds, again and again up to the end. */
  all<Value>(read: (list: DerReader) => Value): Value[] {
    const values: Value[] = [];
    while (!this.isAtEnd) values.push(read(this));
    return values;
  }

  /**
   * The octets of each element up to the end, whatever it is, and from where they are not DER all that is left as one. For
   * showing only.
   */
  pieces(what: string): Uint8Array[] {
    return this.all(() => {
      const start = this.#position;
      try {
        return this.any(what).raw;
      } catch (error) {
        if (!(error instanceof DerError)) throw error;
        this.#position = this.#end;
        return this.#input.subarray(start, this.#end);
      }
    });
  }

  /** The contents of an INTEGER; see {@link integerContentsOf}. */
  integer(what: string, options?: { redundantZeros: boolean }): Uint8Array {
    return integerContentsOf(this.element(Tag.integer, what), what, options);
  }

  boolean(what: string): boolean {
    const { input, contentStart, end, offset } = this.element(Tag.boolean, what);
    const value = input[contentStart];
    if (end - contentStart !== 1 || (value !== 0x00 && value !== 0xff)) {
      throw new DerError('boolean-value', `${what} is not a DER BOOLEAN`, offset);
    }
    return value === 0xff;
  }

  /** An OBJECT IDENTIFIER in dotted form. */
  objectIdentifier(what: string): string {
    return objectIdentifierOf(this.element(Tag.objectIdentifier, what), what);
  }

  octetString(what: string): Uint8Array {
    return this.element(Tag.octetString, what).contents;
  }

  /** The octets of a BIT STRING without unused bits, such as a signature or a public key. */
  bitStringOctets(what: string): Uint8Array {
    const { input, contentStart, end, offset } = this.element(Tag.bitString, what);
    if (contentStart === end || input[contentStart] !== 0) {
      throw new DerError('bit-string-padding', `${what} is not a BIT STRING of whole octets`, offset);
    }
    return input.subarray(contentStart + 1, end);
  }

  generalizedTime(what: string): Date {
    if (this.peekTag() === Tag.utcTime) {
      throw new DerError('unexpected-tag', `${what} is a UTCTime instead of a GeneralizedTime`, this.offset);
    }
    return new Date(generalizedTimeOf(this.element(Tag.generalizedTime, what), what));
  }

  /** UTCTime or GeneralizedTime as RFC 5280 §4.1.2.5 writes them: to the second, in Z. */
  time(what: string): Date {
    const tag = this.peekTag();
    if (tag === Tag.generalizedTime) return this.generalizedTime(what);
    if (tag === Tag.utcTime) return new Date(utcTimeOf(this.element(tag, what), what));
    const { offset } = this.any(what);
    throw new DerError('unexpected-tag', `${what} is neither UTCTime nor GeneralizedTime`, offset);
  }

  #expect(tag: number, what: string): void {
    const found = this.peekTag();
    if (found === tag) return;
    if (found === undefined) throw new DerError('truncated', `${what} is missing`, this.offset);
    throw new DerError(
      'unexpected-tag',
      `${what} has tag 0x${hexOctet(found)} instead of 0x${hexOctet(tag)}`,
      this.offset,
    );
  }

  /** Goes past the next element, whose tag it returns; nothing moves where it is refused. */
  #pass(what: string): number {
    const input = this.#input;
    const start = this.#position;
    const tag = input[start];
    const first = input[start + 1];
    if (start + 1 >= this.#end || tag === undefined || first === undefined) {
      throw new DerError('truncated', `${what} is cut short`, this.offset);
    }
    if ((tag & 0x1f) === 0x1f) throw new DerError('high-tag-number', `${what} has a tag number above 30`, this.offset);
    let contentStart = start + 2;
    let length = first;
    if (first === 0x80) throw new DerError('indefinite-length', `${what} has an indefinite length`, this.offset);
    if (first > 0x80) {
      const count = first & 0x7f;
      if (count > 4) throw new DerError('length-too-large', `${what} claims a length of ${count} octets`, this.offset);
      if (contentStart + count > this.#end) throw new DerError('truncated', `${what} is cut short`, this.offset);
      length = 0;
      for (let index = 0; index < count; index += 1) length = length * 256 + (input[contentStart + index] ?? 0);
      if (length < 0x80 || input[contentStart] === 0) {
        throw new DerError('length-not-minimal', `${what} has a length that is not encoded minimally`, this.offset);
      }
      contentStart += count;
    }
    const end = contentStart + length;
    if (end > this.#end) {
      throw new DerError('truncated', `${what} is cut short: ${end - this.#end} octets are missing`, this.offset);
    }
    this.#contentStart = contentStart;
    this.#position = end;
    return tag;
  }
}

/** The whole input as one element of this tag, with nothing after it. */
export function wholeElement(input: Uint8Array, tag: number, what: string): DerElement {
  const reader = new DerReader(input);
  const element = reader.element(tag, what);
  reader.end(what);
  return element;
}

/** A reader over the contents of {@link wholeElement}. */
export function readWhole(input: Uint8Array, tag: number, what: string): DerReader {
  return readerOf(wholeElement(input, tag, what));
}

/** A reader over the contents of an element. */
export function readerOf(element: DerElement): DerReader {
  const { input, start, contentStart, end, offset } = element;
  return new DerReader(input, offset - start, contentStart, end);
}

function hexOctet(octet: number): string {
  return octet.toString(16).padStart(2, '0');
}
