import { OcspError } from '../core/index.js';
import { asPath, appendToPath, folderOf, joinPath, pathKey, shownPath, type FilePath } from '../core/file-path.js';
import { isRegularFile } from '../system/regular-file.js';
import { readInputFile } from './input-file.js';

/** A line a certificate: far beyond any fleet. */
const largestCrtList = 64 * 1024 * 1024;

/** haproxy joins the files of one certificate in several key types under one name (ssl-load-extra-files bundle). */
const bundleEndings = ['.rsa', '.ecdsa', '.dsa'];

/**
 * The certificate files of a haproxy crt-list (configuration manual, "crt-list"): the first word of each line, without
 * comments, each once. A relative name is relative to `base` (haproxy's crt-base), else to the folder of the list. A name
 * that is no file while `NAME.rsa` or `NAME.ecdsa` is stands for those.
 *
 * @throws OcspError `malformed-crt-list` with the line, and what reading the file can throw
 */
export function readCrtList(path: FilePath, base?: FilePath): FilePath[] {
  const hints = { empty: 'name the file after "crt-list" in haproxy.cfg', tooLarge: 'name a crt-list of haproxy' };
  const text = readInputFile(path, largestCrtList, hints);
  const folder = base ?? folderOf(path);
  const seen = new Set<string>();
  const files: FilePath[] = [];
  for (const [index, line] of linesOf(Buffer.from(text)).entries()) {
    const name = firstWord(line);
    if (name === undefined) continue;
    refuseOtherSyntax(name, path, index + 1);
    const file = joinPath(folder, asPath(name));
    const key = pathKey(file);
    if (seen.has(key)) continue;
    seen.add(key);
    files.push(...bundleOf(file));
  }
  return files;
}

function linesOf(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let start = 0; start < bytes.length;) {
    const found = bytes.indexOf(lineFeed, start);
    const end = found < 0 ? bytes.length : found;
    lines.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return lines;
}

const lineFeed = 0x0a;
const hash = 0x23;
const openingBracket = 0x5b;
const blanks: ReadonlySet<number> = new Set([0x20, 0x09, 0x0d]);

/** A bracket opens the options, with a blank before it or without; one that begins the line is left to be refused. */
function firstWord(line: Buffer): Buffer | undefined {
  let start = 0;
  while (start < line.length && blanks.has(line[start] ?? 0)) start += 1;
  let end = start;
  while (end < line.length && !blanks.has(line[end] ?? 0) && (end === start || line[end] !== openingBracket)) end += 1;
  return start === end || line[start] === hash ? undefined : line.subarray(start, end);
}

/** What haproxy takes here and is no file: a certificate of a crt-store; or a file that is no crt-list at all. */
function refuseOtherSyntax(name: Buffer, path: FilePath, line: number): void {
  const where = `${shownPath(path)}:${line}`;
  if (name[0] === 0x40) {
    throw new OcspError(
      'malformed-crt-list',
      `${where}: ${shownPath(asPath(name))} names a certificate of a crt-store, which is not looked up`,
      'name the certificate file itself beside the crt-list',
    );
  }
  if (name.toString('latin1').startsWith('-----') || name[0] === openingBracket || name.includes(0)) {
    throw new OcspError(
      'malformed-crt-list',
      `${where}: this is no line of a crt-list`,
      'a crt-list has the path of a certificate file on each line; name certificates without --crt-list',
    );
  }
}

function bundleOf(file: FilePath): FilePath[] {
  if (isRegularFile(file)) return [file];
  const members = bundleEndings.map((ending) => appendToPath(file, ending)).filter(isRegularFile);
  return members.length > 0 ? members : [file];
}
