/**
 * The lines of a file with their numbers from 1, without CR and LF. Each character stands for one byte, since files of names
 * have any bytes in them.
 */
export function* numberedLines(bytes: Uint8Array): Generator<readonly [number, string]> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let start = 0, number = 1; start < buffer.length; number += 1) {
    const newline = buffer.indexOf(0x0a, start);
    const end = newline < 0 ? buffer.length : newline;
    yield [number, buffer.toString('latin1', start, buffer[end - 1] === 0x0d && end > start ? end - 1 : end)];
    start = end + 1;
  }
}
