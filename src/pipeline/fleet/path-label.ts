import { isUtf8 } from 'node:buffer';
import type { FilePath } from '../../core/file-path.js';

/** What no display takes as it is: control, format and separator characters, and the backslash that marks them. */
const unprintable = /[\\\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * A path as the label of a metric or a figure: printable UTF-8, and different for different paths, since a monitoring
 * system takes two series of one name for a mistake. Bytes that are not UTF-8 and control characters are written as
 * `\xNN` or `\u{NNNN}`, a backslash as two.
 */
export function pathLabel(path: FilePath): string {
  return typeof path === 'string' ? printable(path) : decoded(path).join('');
}

/** Nearly every path, in one quick look. */
const plainText = /^[ -[\]-~]*$/;

function printable(text: string): string {
  if (plainText.test(text)) return text;
  return text.replace(unprintable, (character) => {
    const codePoint = character.codePointAt(0) ?? 0;
    if (character === '\\') return '\\\\';
    return codePoint < 0x80 ? hexByte(codePoint) : `\\u{${codePoint.toString(16)}}`;
  });
}

/** Character by character, so that the bytes between two valid ones are seen. */
function decoded(bytes: Buffer): string[] {
  const parts: string[] = [];
  for (let start = 0; start < bytes.length;) {
    const length = [1, 2, 3, 4].find(
      (count) => start + count <= bytes.length && isUtf8(bytes.subarray(start, start + count)),
    );
    if (length === undefined) parts.push(hexByte(bytes[start] ?? 0));
    else parts.push(printable(bytes.toString('utf8', start, start + length)));
    start += length ?? 1;
  }
  return parts;
}

function hexByte(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, '0')}`;
}
