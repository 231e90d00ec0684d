/** One element as it was found: its tag octet, its contents and its whole encoding. */
export interface DerElement {
  readonly tag: number;
  readonly contents: Uint8Array;
  readonly der: Uint8Array;
}

/** Reads bytes that are exactly one element; throws an Error for anything else. */
export function readElement(bytes: Uint8Array): DerElement {
  const [element, ...others] = readElements(bytes);
  if (element === undefined || others.length > 0) throw new Error('expected exactly one DER element');
  return element;
}

/** Reads the elements that follow one another, such as the contents of a SEQUENCE. */
export function readElements(bytes: Uint8Array): DerElement[] {
  const elements: DerElement[] = [];
  for (let offset = 0; offset < bytes.length;) {
    const element = readElementAt(bytes, offset);
    elements.push(element);
    offset += element.der.length;
  }
  return elements;
}

/** Reads the elements inside a SEQUENCE (or another constructed element with this tag). */
export function readSequence(bytes: Uint8Array, tag = 0x30): DerElement[] {
  const element = readElement(bytes);
  if (element.tag !== tag) throw new Error(`expected tag ${tag}, found ${element.tag}`);
  return readElements(element.contents);
}

/** The dotted form of an OBJECT IDENTIFIER's contents. */
export function readObjectIdentifier(contents: Uint8Array): string {
  const arcs: bigint[] = [];
  let arc = 0n;
  for (const byte of contents) {
    arc = (arc << 7n) | BigInt(byte & 0x7f);
    if (byte >= 0x80) continue;
    arcs.push(arc);
    arc = 0n;
  }
  const [head = 0n, ...rest] = arcs;
  const first = head >= 80n ? 2n : head / 40n;
  return [first, head - first * 40n, ...rest].join('.');
}

function readElementAt(bytes: Uint8Array, offset: number): DerElement {
  const tag = bytes[offset];
  const lengthOctet = bytes[offset + 1];
  if (tag === undefined || lengthOctet === undefined) throw new Error('truncated DER');
  let start = offset + 2;
  let length = lengthOctet;
  if (lengthOctet >= 0x80) {
    const count = lengthOctet & 0x7f;
    if (count === 0 || count > 4) throw new Error('unusable DER length');
    length = 0;
    for (const byte of bytes.subarray(start, start + count)) length = length * 256 + byte;
    start += count;
  }
  if (start + length > bytes.length) throw new Error('truncated DER');
  return { tag, contents: bytes.subarray(start, start + length), der: bytes.subarray(offset, start + length) };
}
