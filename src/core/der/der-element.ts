/**
 * The rules of DER (X.690 §8 and §10) that the reader enforces; a {@link DerError} names the one that was broken. `limit` is none of
 * them: what is there is longer than restaple reads.
 */
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
  | 'value'
  | 'limit';

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
  numericString: 0x12,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  visibleString: 0x1a,
  universalString: 0x1c,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

/** The identifier octet of a context-specific tag, e.g. `[0]`; constructed unless said otherwise. */
export function contextTag(number: number, form: 'constructed' | 'primitive' = 'constructed'): number {
  return (form === 'constructed' ? 0xa0 : 0x80) | number;
}

/**
 * One element as it stands in the input. `raw` is the exact slice with its header, `contents` the slice without; no bytes
 * are copied, and neither is cut out before it is asked for: most elements are passed over or entered. What is needed to read
 * it stands in plain fields, so that a certificate can be handed to another thread.
 */
export class DerElement {
  readonly tag: number;
  /** What the element is in. */
  readonly input: Uint8Array;
  /** Where it starts in the input, where its contents start, and where both end. */
  readonly start: number;
  readonly contentStart: number;
  readonly end: number;
  /** Where it starts, in octets from the start of the outermost input. */
  readonly offset: number;
  #contents: Uint8Array | undefined;

  constructor(tag: number, input: Uint8Array, start: number, contentStart: number, end: number, offset: number) {
    this.tag = tag;
    this.input = input;
    this.start = start;
    this.contentStart = contentStart;
    this.end = end;
    this.offset = offset;
  }

  get raw(): Uint8Array {
    return this.input.subarray(this.start, this.end);
  }

  get contents(): Uint8Array {
    return (this.#contents ??= this.input.subarray(this.contentStart, this.end));
  }
}
