import { statSync } from 'node:fs';
import { asPath, joinPath, pathKey, type FilePath } from '../../core/file-path.js';
import { numberedLines } from '../../system/numbered-lines.js';
import { readRegularFile } from '../../system/read-file.js';
import { realPathOf } from '../../system/real-path.js';
import type { StapleToPush } from '../reload-result.js';

/** A staple file that the list of certificates (ssl_multicert.config) names, and where. */
export interface ListedStaple {
  readonly path: FilePath;
  readonly line: number;
}

/** Far beyond any list, in octets. */
const largestList = 64 * 1024 * 1024;

/**
 * The staples that Traffic Server reads with its list, by the names that stand there.
 *
 * @throws the system's error for a list that cannot be read
 */
export function staplesOfList(list: FilePath): ListedStaple[] {
  const { bytes = new Uint8Array() } = readRegularFile(list, { limit: largestList });
  const staples: ListedStaple[] = [];
  for (const [line, text] of numberedLines(bytes)) {
    if (/^\s*#/.test(text)) continue;
    const [, quoted, plain = ''] = /(?:^|\s)ssl_ocsp_name=(?:"([^"]*)"|(\S*))/.exec(text) ?? [];
    const names = (quoted ?? plain).split(',').map((name) => name.trim());
    for (const name of names.filter((one) => one !== '')) {
      staples.push({ path: asPath(Buffer.from(name, 'latin1')), line });
    }
  }
  return staples;
}

/** The same with relative names in a folder. */
export function inFolder(staples: readonly ListedStaple[], folder: string): ListedStaple[] {
  return staples.map(({ path, line }) => ({ path: joinPath(folder, path), line }));
}

export function isWholePath({ path }: ListedStaple): boolean {
  return path.toString().startsWith('/');
}

/** The octets of a staple; none where there is no such file, or it cannot be looked at. */
export function octetsOf({ path }: ListedStaple): number {
  try {
    const status = statSync(path);
    return status.isFile() ? status.size : 0;
  } catch {
    return 0;
  }
}

/** The staples that are none of the list's, whatever links lead to them. */
export function unlisted(staples: readonly StapleToPush[], listed: readonly ListedStaple[]): Set<StapleToPush> {
  const files = new Set(listed.map(({ path }) => pathKey(realPathOf(path))));
  return new Set(staples.filter(({ staplePath }) => !files.has(pathKey(realPathOf(staplePath)))));
}
