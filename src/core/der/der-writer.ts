import { Tag } from './der.js';

/** One DER element: tag, minimal definite length, contents (X.690 §10.1). */
export function derElement(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const length = contents.reduce((sum, part) => sum + part.length, 0);
  const header = [tag, ...lengthOctets(length)];
  const element = new Uint8Array(header.length + length);
  element.set(header, 0);
  let position = header.length;
  for (const part of contents) {
    element.set(part, position);
    position += part.length;
  }
  return element;
}

export function derSequence(...elements: readonly Uint8Array[]): Uint8Array {
  return derElement(Tag.sequence, ...elements);
}

export function derOctetString(contents: Uint8Array): Uint8Array {
  return derElement(Tag.octetString, contents);
}

/** An OBJECT IDENTIFIER from its dotted form (X.690 §8.19). */
export function derObjectIdentifier(dotted: string): Uint8Array {
  const [root = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const octets = [root * 40 + second, ...rest].flatMap((arc) => {
    const groups = [arc % 128];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) groups.unshift((left % 128) + 128);
    return groups;
  });
  return derElement(Tag.objectIdentifier, Uint8Array.from(octets));
}

export const derNull: Uint8Array = Uint8Array.of(Tag.null, 0x00);

function lengthOctets(length: number): number[] {
  if (length < 0x80) return [length];
  const octets: number[] = [];
  for (let left = length; left > 0; left = Math.floor(left / 256)) octets.unshift(left % 256);
  return [0x80 | octets.length, ...octets];
}
