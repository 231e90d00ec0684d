import { OcspError } from '../core/index.js';
import { asPath, appendToPath, folderOf, joinPath, pathKey, shownPath, type FilePath } from '../core/file-path.js';
import { isRegularFile } from '../system/regular-file.js';
import { readInputFile } from './input-file.js';
import { numberedLines } from '../system/numbered-lines.js';

/** One line per certificate: far beyond any fleet. */
const largestCrtList = 64 * 1024 * 1024;

/** haproxy joins the files of one certificate in several key types under one name (ssl-load-extra-files bundle). */
const bundleEndings = ['.rsa', '.ecdsa', '.dsa'];

/**
 * The certificate files of a haproxy crt-list (configuration manual, "crt-list"): the first word of each line, without
 * comments, each once. A relative name is relative to `base` (haproxy's crt-base), else to the folder of the list. A name
 * that is not a file while `NAME.rsa` or `NAME.ecdsa` is stands for those.
 *
 * @throws OcspError `malformed-crt-list` with the line, and what reading the file can throw
 */
export function readCrtList(path: FilePath, base?: FilePath): FilePath[] {
  const hints = { empty: 'name the file after "crt-list" in haproxy.cfg', tooLarge: 'name a crt-list of haproxy' };
  const bytes = readInputFile(path, largestCrtList, hints);
  const folder = base ?? folderOf(path);
  const seen = new Set<string>();
  const files: FilePath[] = [];
  for (const [number, line] of numberedLines(bytes)) {
    const word = firstWord.exec(line)?.[1];
    if (word === undefined || word.startsWith('#')) continue;
    const name = asPath(Buffer.from(word, 'latin1'));
    refuseOtherSyntax(word, shownPath(name), `${shownPath(path)}:${number}`);
    const file = joinPath(folder, name);
    const key = pathKey(file);
    if (seen.has(key)) continue;
    seen.add(key);
    files.push(...bundleOf(file));
  }
  return files;
}

/** A bracket opens the options, with a blank before it or without; one that begins the line is left to be refused. */
const firstWord = /^[ \t\r]*([^ \t\r][^ \t\r[]*)/;

/** What haproxy takes here and is not a file: a certificate of a crt-store; or a file that is not a crt-list at all. */
function refuseOtherSyntax(word: string, name: string, where: string): void {
  if (word.startsWith('@')) {
    throw new OcspError(
      'malformed-crt-list',
      `${where}: ${name} names a certificate of a crt-store, which is not looked up`,
      'name the certificate file itself beside the crt-list',
    );
  }
  if (/^(?:-----|\[)/.test(word) || word.includes('\0')) {
    throw new OcspError(
      'malformed-crt-list',
      `${where}: this is not a line of a crt-list`,
      'a crt-list has the path of a certificate file on each line; name certificates without --crt-list',
    );
  }
}

function bundleOf(file: FilePath): FilePath[] {
  if (isRegularFile(file)) return [file];
  const members = bundleEndings.map((ending) => appendToPath(file, ending)).filter(isRegularFile);
  return members.length > 0 ? members : [file];
}
