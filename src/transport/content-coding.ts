import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, inflateRaw, type ZlibOptions } from 'node:zlib';

type Unpack = (packed: Uint8Array, options: ZlibOptions) => Promise<Uint8Array>;

/** By content coding (RFC 9110 §8.4.1). Servers send deflate with and without the wrapping of zlib. */
const unpackers: Readonly<Record<string, readonly Unpack[]>> = {
  gzip: [promisify<Uint8Array, ZlibOptions, Buffer>(gunzip)],
  deflate: [
    promisify<Uint8Array, ZlibOptions, Buffer>(inflate),
    promisify<Uint8Array, ZlibOptions, Buffer>(inflateRaw),
  ],
  br: [promisify<Uint8Array, ZlibOptions, Buffer>(brotliDecompress)],
};

/**
 * A body that came packed although nobody asked for it. Never unpacks more than `maximumBytes`.
 *
 * @param codings the value of Content-Encoding
 * @returns `cut short` where the body ends too soon; undefined for a coding that is not known, or that the body is not in: then
 *   the octets are for whoever reads them
 */
export async function unpack(
  body: Uint8Array,
  codings: string,
  maximumBytes: number,
): Promise<Uint8Array | 'too large' | 'cut short' | undefined> {
  const [coding = '', ...others] = codings.toLowerCase().split(',');
  const name = coding.trim().replace(/^x-/, '');
  if (others.length > 0 || !Object.hasOwn(unpackers, name)) return undefined;
  for (const unpackBy of unpackers[name] ?? []) {
    try {
      return await unpackBy(body, { maxOutputLength: maximumBytes });
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code === 'ERR_BUFFER_TOO_LARGE') return 'too large';
      // zlib wants more octets than there are.
      if (code === 'Z_BUF_ERROR') return body.length === 0 ? undefined : 'cut short';
    }
  }
  return undefined;
}
