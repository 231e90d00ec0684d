import { existsSync } from 'node:fs';
import { OcspError } from '../../core/index.js';
import { asPath, type FilePath } from '../../core/file-path.js';
import { certificatePaths, type CertificatePath } from '../../source/certificate-paths.js';
import type { Output } from '../output.js';

/** A list of 100,000 paths of 4 KiB is far beyond any fleet. */
const longestList = 64 * 1024 * 1024;

/**
 * Arguments as paths. `-` stands for the paths that stdin lists, one per line or with NUL between them, as bytes, so that
 * names that are not UTF-8 arrive whole.
 *
 * @throws OcspError `usage` when there is no path at all, or stdin lists too much or something other than paths; what came
 *   there, which may be a private key, is in no message
 */
export async function readPathArguments(
  words: readonly string[],
  flags: { readonly null: boolean },
): Promise<FilePath[]> {
  const separator = flags.null ? '\0' : '\n';
  const paths: FilePath[] = [];
  for (const word of words) {
    if (word === '-') paths.push(...(await readList(separator)));
    else paths.push(word);
  }
  if (paths.length > 0) return paths;
  const hint = 'name certificate files, a folder of them, or - to read paths from stdin';
  throw new OcspError('usage', 'no certificate was named', hint);
}

/**
 * The certificates that these arguments lead to. A folder without certificates is not an error, but whoever named it should
 * hear that nothing was done. Throws as {@link readPathArguments}.
 */
export async function namedCertificates(
  words: readonly string[],
  flags: { readonly null: boolean },
  output: Pick<Output, 'warn'>,
): Promise<CertificatePath[]> {
  const found = await certificatePaths(await readPathArguments(words, flags));
  if (found.length === 0) {
    output.warn(`there is no certificate in ${words.join(', ')} (subfolders are not searched)`);
  }
  return found;
}

async function readList(separator: '\n' | '\0'): Promise<FilePath[]> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > longestList)
      throw new OcspError('usage', 'the list of paths on stdin is too long', 'name folders instead');
    chunks.push(chunk);
  }
  const list = Buffer.concat(chunks);
  refuseContents(list, separator);
  // A list written on another system may end its lines with CR LF.
  const names = list.toString('latin1').split(separator === '\n' ? /\r?\n|\r$/ : separator);
  return names.filter((name) => name !== '').map((name) => listedPath(Buffer.from(name, 'latin1')));
}

function listedPath(name: Buffer): FilePath {
  if (name.length > longestPath) throw notPaths('a name in it is longer than a path can be');
  const path = asPath(name);
  if (looksLikeBase64(path) && !existsSync(path)) throw notPaths('base64 came, like the contents of a PEM file');
  if (looksLikeOctets(path) && !existsSync(path)) throw notPaths('octets came that no file name there has');
  return path;
}

/** The file itself on stdin instead of its path: none of it may be repeated, since a private key may be in it. */
function refuseContents(list: Buffer, separator: '\n' | '\0'): void {
  // NUL between the letters: the UTF-16 of another system.
  const text = list.toString('latin1').replaceAll('\0', '');
  if (/-----(?:BEGIN|END) /.test(text)) throw notPaths('the contents of a PEM file came');
  if (startsWithDer(list)) throw notPaths('the contents of a DER file came');
  if (separator === '\n' && list.includes(0))
    throw notPaths('there is a NUL in it, which -0 reads as the end of a path');
}

/** A whole DER or BER structure first: its length fits, and its first element has a tag that no file name goes on with. */
function startsWithDer(list: Buffer): boolean {
  const [tag, first = 0] = list;
  if (tag !== 0x30) return false;
  const lengthOctets = first > 0x80 && first <= 0x84 ? first - 0x80 : 0;
  const start = 2 + lengthOctets;
  if (!elementTags.has(list[start] ?? 0)) return false;
  if (first === 0x80) return true;
  const length = lengthOctets === 0 ? first : list.subarray(2, start).reduce((sum, octet) => sum * 256 + octet, 0);
  const end = start + length;
  return end === list.length || [0x30, 0x0d, 0x0a].includes(list[end] ?? 0);
}

/** INTEGER, ENUMERATED, OBJECT IDENTIFIER, SEQUENCE, [0]. */
const elementTags: ReadonlySet<number> = new Set([0x02, 0x0a, 0x06, 0x30, 0xa0]);

/** PATH_MAX of Linux, in bytes. */
const longestPath = 4096;

/** A line of a PEM block that has lost its first and last: long, of these letters only, and of all their kinds. */
function looksLikeBase64(path: FilePath): boolean {
  return typeof path === 'string' && base64Line.test(path);
}

const base64Line = /^\s*(?=\S*[A-Z])(?=\S*[a-z])(?=\S*[0-9])[A-Za-z0-9+][A-Za-z0-9+/]{27,}={0,2}\s*$/m;

/** Control characters, or what is not UTF-8, are in hardly any name: only a file that is there is called by such a one. */
function looksLikeOctets(path: FilePath): boolean {
  // eslint-disable-next-line no-control-regex -- that is what is looked for
  return typeof path !== 'string' || /[\x00-\x1f\x7f]/.test(path);
}

function notPaths(what: string): OcspError {
  return new OcspError(
    'usage',
    `stdin does not list paths: ${what}`,
    'name the file as an argument instead of -, and a pipe as /dev/stdin; - takes paths, one per line',
  );
}
