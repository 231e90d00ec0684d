import type { Readable } from 'node:stream';
import { OcspError } from '../core/index.js';
import { asPath, type FilePath } from '../core/file-path.js';
import type { Output } from './output.js';

/** A list of 100,000 paths of 4 KiB is far beyond any fleet. */
const longestList = 64 * 1024 * 1024;

/**
 * Arguments as paths. `-` stands for the paths that stdin lists, one a line or with NUL between them, as bytes, so that
 * names that are no UTF-8 arrive whole.
 *
 * @throws OcspError `usage` when there is no path at all, or stdin lists too much
 */
export async function readPathArguments(
  words: readonly string[],
  options: { readonly separator: '\n' | '\0'; readonly stdin: Readable },
): Promise<FilePath[]> {
  const paths: FilePath[] = [];
  for (const word of words) {
    if (word === '-') paths.push(...(await readList(options.stdin, options.separator)));
    else paths.push(word);
  }
  if (paths.length > 0) return paths;
  throw new OcspError(
    'usage',
    'no certificate was named',
    'name certificate files, a folder of them, or - to read paths from stdin',
  );
}

/** A folder without certificates is no error, but whoever named it should hear that nothing was done. */
export function warnOfNothing(
  found: readonly unknown[],
  words: readonly unknown[],
  output: Pick<Output, 'warn'>,
): void {
  if (found.length > 0) return;
  output.warn(`there is no certificate in ${words.map(String).join(', ')} (folders in it are not looked into)`);
}

async function readList(stdin: Readable, separator: '\n' | '\0'): Promise<FilePath[]> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stdin as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > longestList)
      throw new OcspError('usage', 'the list of paths on stdin is too long', 'name folders instead');
    chunks.push(chunk);
  }
  const list = Buffer.concat(chunks);
  const paths: FilePath[] = [];
  for (let start = 0; start < list.length;) {
    const found = list.indexOf(separator, start);
    const end = found < 0 ? list.length : found;
    // A list written on another system may end its lines with CR LF.
    const hasReturn = separator === '\n' && list[end - 1] === 0x0d;
    const name = list.subarray(start, hasReturn ? end - 1 : end);
    if (name.length > 0) paths.push(asPath(name));
    start = end + 1;
  }
  return paths;
}
