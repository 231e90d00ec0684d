import { DerError, Tag, type DerElement } from './der-element.js';
import { generalizedTimeOf, objectIdentifierOf, smallIntegerOf, utcTimeOf } from './der-values.js';

export { DerError, Tag, contextTag, type DerElement, type DerRule } from './der-element.js';
export { integerContentsOf, objectIdentifierOf, smallIntegerOf } from './der-values.js';

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

  /** A small INTEGER in an explicit tag, and nothing beside it there; undefined when the next element has another tag. */
  explicitSmallInteger(tag: number, what: string): number | undefined {
    const explicit = this.enterOptional(tag, what);
    const value = explicit?.smallInteger(what);
    explicit?.end(what);
    return value;
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
export function readWhole(input: Uint8Array, tag: number, what: string, base = 0): DerReader {
  const reader = new DerReader(input, base);
  const contents = reader.enter(tag, what);
  reader.end(what);
  return contents;
}

/** A reader over the contents of an element. */
export function readerOf(element: DerElement): DerReader {
  return new DerReader(element.contents, element.offset + (element.raw.length - element.contents.length));
}

function hexOctet(octet: number): string {
  return octet.toString(16).padStart(2, '0');
}
