/** A tiny DER writer of the tests' own, so that nothing here shares a mistake with the program under test. */

/** Any tag around any contents: the building block, for encodings that are wrong on purpose too. */
export function tagged(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag]), encodeLength(body.length), body]);
}

export function sequence(...contents: readonly Uint8Array[]): Buffer {
  return tagged(0x30, ...contents);
}

/** SET OF: DER sorts the elements by their encoding. */
export function setOf(...contents: readonly Uint8Array[]): Buffer {
  return tagged(0x31, ...[...contents].sort((left, right) => Buffer.compare(left, right)));
}

/** `[number]` constructed (explicit tags, and implicit ones over SEQUENCE). */
export function contextConstructed(number: number, ...contents: readonly Uint8Array[]): Buffer {
  return tagged(0xa0 | number, ...contents);
}

/** `[number]` primitive (implicit tags over strings and the like). */
export function contextPrimitive(number: number, contents: Uint8Array): Buffer {
  return tagged(0x80 | number, contents);
}

export function integer(value: bigint | number): Buffer {
  return tagged(0x02, integerContents(BigInt(value)));
}

/** INTEGER with exactly these contents octets, minimal or not. */
export function integerOfContents(contents: Uint8Array): Buffer {
  return tagged(0x02, contents);
}

/** The shortest two's complement contents of an INTEGER. */
export function integerContents(value: bigint): Buffer {
  let length = 1;
  while (BigInt.asIntN(length * 8, value) !== value) length += 1;
  const hex = BigInt.asUintN(length * 8, value).toString(16);
  return Buffer.from(hex.padStart(length * 2, '0'), 'hex');
}

export function enumerated(value: number): Buffer {
  return tagged(0x0a, integerContents(BigInt(value)));
}

export function booleanTrue(): Buffer {
  return Buffer.from([0x01, 0x01, 0xff]);
}

export function nullValue(): Buffer {
  return Buffer.from([0x05, 0x00]);
}

export function octetString(contents: Uint8Array): Buffer {
  return tagged(0x04, contents);
}

export function bitString(contents: Uint8Array, unusedBits = 0): Buffer {
  return tagged(0x03, Buffer.from([unusedBits]), contents);
}

/** BIT STRING with named bits: the numbers of the bits that are set, trailing zero bits removed as DER asks. */
export function namedBits(numbers: readonly number[]): Buffer {
  if (numbers.length === 0) return bitString(new Uint8Array());
  const highest = Math.max(...numbers);
  const bytes = Buffer.alloc((highest >> 3) + 1);
  for (const number of numbers) bytes[number >> 3] = (bytes[number >> 3] ?? 0) | (0x80 >> (number & 7));
  return bitString(bytes, 7 - (highest & 7));
}

/** OBJECT IDENTIFIER from its dotted form. */
export function objectIdentifier(dotted: string): Buffer {
  const [first = 0n, second = 0n, ...rest] = dotted.split('.').map((arc) => BigInt(arc));
  return tagged(0x06, Buffer.from([first * 40n + second, ...rest].flatMap(base128)));
}

export function utf8String(text: string): Buffer {
  return tagged(0x0c, Buffer.from(text, 'utf8'));
}

export function printableString(text: string): Buffer {
  return tagged(0x13, Buffer.from(text, 'latin1'));
}

export function ia5String(text: string): Buffer {
  return tagged(0x16, Buffer.from(text, 'latin1'));
}

/** UTCTime, `YYMMDDHHMMSSZ`. */
export function utcTime(time: Date): Buffer {
  return tagged(0x17, Buffer.from(`${compactTime(time).slice(2)}Z`, 'latin1'));
}

/** GeneralizedTime, `YYYYMMDDHHMMSSZ`. */
export function generalizedTime(time: Date): Buffer {
  return generalizedTimeOfText(`${compactTime(time)}Z`);
}

/** GeneralizedTime with exactly this text: fractions, offsets, no Z, anything. */
export function generalizedTimeOfText(text: string): Buffer {
  return tagged(0x18, Buffer.from(text, 'latin1'));
}

/** The Time of a certificate: UTCTime until 2049, GeneralizedTime from then on (RFC 5280 §4.1.2.5). */
export function certificateTime(time: Date): Buffer {
  const year = time.getUTCFullYear();
  return year >= 1950 && year < 2050 ? utcTime(time) : generalizedTime(time);
}

function compactTime(time: Date): string {
  return time.toISOString().slice(0, 19).replace(/[-:T]/g, '');
}

function encodeLength(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return Buffer.from([0x80 | bytes.length, ...bytes]);
}

function base128(arc: bigint): number[] {
  const bytes = [Number(arc & 0x7fn)];
  for (let rest = arc >> 7n; rest > 0n; rest >>= 7n) bytes.unshift(Number(rest & 0x7fn) | 0x80);
  return bytes;
}
