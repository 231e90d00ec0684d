import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { unpack } from '../../../src/transport/content-coding.js';

const text = Buffer.from('a response '.repeat(50));

describe('a packed body', () => {
  it.each([
    ['gzip', gzipSync(text)],
    ['x-gzip', gzipSync(text)],
    [' GZIP ', gzipSync(text)],
    ['deflate', deflateSync(text)],
    ['deflate', deflateRawSync(text)],
    ['br', brotliCompressSync(text)],
  ])('is unpacked up to the limit: %s', async (coding, packed) => {
    expect(await unpack(packed, coding, text.length)).toEqual(text);
    expect(await unpack(packed, coding, text.length - 1)).toBe('too large');
  });

  it.each([
    ['gzip', gzipSync(text)],
    ['deflate', deflateSync(text)],
    ['deflate', deflateRawSync(text)],
    ['br', brotliCompressSync(text)],
  ])('that ends too soon is known as such: %s', async (coding, packed) => {
    for (const length of [1, 5, packed.length - 1]) {
      expect(await unpack(packed.subarray(0, length), coding, text.length)).toBe('cut short');
    }
  });

  it('is not a bomb', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    expect(await unpack(bomb, 'gzip', 65_536)).toBe('too large');
  });

  it.each([
    ['gzip', text],
    ['gzip', new Uint8Array(0)],
    ['deflate', text],
    ['identity', text],
    ['compress', text],
    ['constructor', text],
    ['gzip, gzip', gzipSync(gzipSync(text))],
  ])('is left as it is where it cannot be unpacked: %s', async (coding, body) => {
    expect(await unpack(body, coding, 65_536)).toBeUndefined();
  });
});
