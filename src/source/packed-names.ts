import { asPath, type FilePath } from '../core/file-path.js';

/** Many file names in two blocks of memory, since one string per name takes three times as much and the garbage collector's time. */
export interface PackedNames {
  readonly length: number;
  /** The name with one character for each of its bytes. */
  at(index: number): string;
}

const bytesAtFirst = 4096;

/** Packs names, each with one character per byte, and puts them in the order of their bytes. */
export function packSorted(names: Iterable<string>): PackedNames {
  let bytes = Buffer.alloc(bytesAtFirst);
  /** Where each name begins, and the end of the last. */
  const starts = [0];
  let filled = 0;
  for (const name of names) {
    if (filled + name.length > bytes.length) bytes = Buffer.concat([bytes], 2 * (filled + name.length));
    filled += bytes.write(name, filled, 'latin1');
    starts.push(filled);
  }
  bytes = Buffer.from(bytes.subarray(0, filled));
  const startOf = (name: number): number => starts[name] ?? filled;
  const order = Uint32Array.from({ length: starts.length - 1 }, (_, name) => name).sort((a, b) =>
    compareRanges(bytes, startOf(a), startOf(a + 1), startOf(b), startOf(b + 1)),
  );
  return {
    length: order.length,
    at(index) {
      const name = order[index];
      if (name === undefined) throw new RangeError(`there is no name ${index}`);
      return bytes.toString('latin1', startOf(name), startOf(name + 1));
    },
  };
}

function compareRanges(bytes: Uint8Array, a: number, endOfA: number, b: number, endOfB: number): number {
  const common = Math.min(endOfA - a, endOfB - b);
  for (let offset = 0; offset < common; offset += 1) {
    const difference = (bytes[a + offset] ?? 0) - (bytes[b + offset] ?? 0);
    if (difference !== 0) return difference;
  }
  return endOfA - a - (endOfB - b);
}

/** A name with one character per byte, as a path. */
export function pathOfName(name: string): FilePath {
  // eslint-disable-next-line no-control-regex -- the characters that are one byte in UTF-8 too
  return /^[\x01-\x7f]*$/.test(name) ? name : asPath(Buffer.from(name, 'latin1'));
}
