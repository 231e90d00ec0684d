import { isUtf8 } from 'node:buffer';

/** A file name as the system has it: a Buffer where its bytes are not UTF-8. */
export type FilePath = string | Buffer;

const slash = 0x2f;

/** The folder that holds the file, `.` for a bare name. */
export function folderOf(path: FilePath): FilePath {
  if (typeof path === 'string') {
    const length = path.lastIndexOf('/');
    return length < 0 ? '.' : path.slice(0, Math.max(length, 1));
  }
  const bytes = Buffer.from(path);
  const end = bytes.lastIndexOf(slash);
  return end < 0 ? '.' : asPath(bytes.subarray(0, Math.max(end, 1)));
}

/** The file's name in its folder; empty when the path ends with a slash. */
export function nameOf(path: FilePath): Buffer {
  const bytes = Buffer.from(path);
  return bytes.subarray(bytes.lastIndexOf(slash) + 1);
}

/** What acme.sh calls the certificate in this folder: NAME.cer in NAME, and in NAME_ecc, where it keeps the one with an ECDSA key. */
export function nameByAcmeSh(folderName: Buffer): FilePath {
  const name = folderName.toString('latin1').replace(/_ecc$/, '');
  return asPath(Buffer.from(`${name}.cer`, 'latin1'));
}

/** Joins a folder and what is relative to it; an absolute second part stands for itself. */
export function joinPath(folder: FilePath, relative: FilePath): FilePath {
  if (typeof folder === 'string' && typeof relative === 'string') {
    if (relative.startsWith('/')) return relative;
    return folder.endsWith('/') ? folder + relative : `${folder}/${relative}`;
  }
  const head = Buffer.from(folder);
  const tail = Buffer.from(relative);
  if (tail[0] === slash) return asPath(tail);
  const separator = head[head.length - 1] === slash ? Buffer.alloc(0) : Buffer.of(slash);
  return asPath(Buffer.concat([head, separator, tail]));
}

/** The path with something after its last character. */
export function appendToPath(path: FilePath, suffix: string): FilePath {
  return typeof path === 'string' ? path + suffix : asPath(Buffer.concat([path, Buffer.from(suffix)]));
}

/** A string where the bytes are UTF-8, else the bytes themselves. */
export function asPath(bytes: Buffer): FilePath {
  return isUtf8(bytes) ? bytes.toString('utf8') : Buffer.from(bytes);
}

/**
 * The path for a message or JSON; bytes that are not UTF-8 show as U+FFFD. The text of a file that was given instead of
 * its path, which may be a private key, is not shown.
 */
export function shownPath(path: FilePath): string {
  const text = path.toString();
  return text.length > longestPath || text.includes('-----BEGIN ') ? `${text.slice(0, 10)}… (no path)` : text;
}

/** PATH_MAX of Linux. */
const longestPath = 4096;

/** A text for each path, one character per byte: different for different paths, even if they are not UTF-8. */
export function pathKey(path: FilePath): string {
  return Buffer.from(path).toString('latin1');
}

/** True for a path that no system call takes. */
export function containsNul(path: FilePath): boolean {
  return typeof path === 'string' ? path.includes('\0') : path.includes(0);
}
