import { lstatSync, readdirSync, statSync } from 'node:fs';
import { OcspError } from '../core/index.js';
import { asPath, joinPath, pathKey, shownPath, type FilePath } from '../core/file-path.js';
import { readCrtList } from './crt-list.js';
import type { NamedSource } from './named-source.js';
import { unlistable } from './input-file.js';
import { packSorted, type PackedNames } from './packed-names.js';
import { namesIn } from '../system/folder-names.js';
import { isRegularFile } from '../system/regular-file.js';
import { definedOnly } from '../core/defined-only.js';

/** A file that may hold a certificate, and where its staple goes if its source says so. */
export interface ListedCertificate {
  readonly path: FilePath;
  /** The user named this very file; a file that merely lies in a named folder may turn out to be none of ours. */
  readonly named: boolean;
  readonly out?: string;
}

/** Certificate files in their order. Of a folder only the names are kept: 100,000 files are a few megabytes. */
export interface CertificateList {
  readonly length: number;
  /** Whether any source says where its staples go. */
  readonly hasOwnPlaces: boolean;
  at(index: number): ListedCertificate;
}

/** All paths of a list, for what is done with few. */
export function pathsOf(list: CertificateList): FilePath[] {
  return Array.from({ length: list.length }, (_, index) => list.at(index).path);
}

/** These files as a list, as they are. */
export function listOfFiles(paths: readonly FilePath[]): CertificateList {
  return listOf([{ files: [...paths], named: true, out: undefined }]);
}

/**
 * Lists what these sources mean, each file once, in their order; no certificate is read. Files, folders (not deeper,
 * without keys, staples, issuers and dot files), a certbot `live` tree (one `fullchain.pem` a lineage), quoted globs, and
 * haproxy's crt-lists.
 *
 * @throws OcspError `file-not-found` for a glob that matches nothing or a missing crt-list, `file-unreadable` for a
 *   folder that cannot be listed, `malformed-crt-list`
 */
export async function listCertificates(sources: readonly NamedSource[]): Promise<CertificateList> {
  const groups: Group[] = [];
  for (const source of sources) for (const group of await groupsOf(source)) addGroup(groups, group);
  const isOneFolder = groups.length === 1 && !Array.isArray(groups[0]?.files);
  return listOf(isOneFolder ? groups : withoutRepetitions(groups));
}

/** Files of one source. */
interface Group {
  readonly files: FilePath[] | FolderFiles;
  readonly named: boolean;
  readonly out: string | undefined;
}

/** Those of a folder, by their packed names. */
interface FolderFiles {
  readonly length: number;
  at(index: number): FilePath | undefined;
}

/** Files named one by one, as on stdin, become one group. */
function addGroup(groups: Group[], group: Group): void {
  const last = groups.at(-1);
  const joins = last?.named === group.named && last.out === group.out;
  if (joins && Array.isArray(last.files) && Array.isArray(group.files)) {
    for (const file of group.files) last.files.push(file);
  } else {
    groups.push(group);
  }
}

async function groupsOf(source: NamedSource): Promise<Group[]> {
  const { out } = source;
  if ('crtList' in source) {
    return [{ files: readCrtList(source.crtList, source.base), named: true, out }];
  }
  return (await expandArgument(source.path)).map((path) =>
    isFolder(path) ? { ...groupOfFolder(path), out } : { files: [path], named: true, out },
  );
}

function listOf(groups: readonly Group[]): CertificateList {
  const starts: number[] = [];
  let length = 0;
  for (const { files } of groups) {
    starts.push(length);
    length += files.length;
  }
  return {
    length,
    hasOwnPlaces: groups.some(({ out }) => out !== undefined),
    at(index) {
      const number = starts.findLastIndex((start) => start <= index);
      const group = groups[number];
      const path = group?.files.at(index - (starts[number] ?? 0));
      if (group === undefined || path === undefined) throw new RangeError(`there is no certificate ${index}`);
      return definedOnly({ path, named: group.named, out: group.out });
    },
  };
}

/** The first mention of a file counts; one that names it before one of its folder, for then it must be a certificate. */
function withoutRepetitions(groups: readonly Group[]): Group[] {
  const seen = new Set<string>();
  const firstMentions = ({ files }: Group): FolderFiles => {
    const kept: number[] = [];
    for (let index = 0; index < files.length; index += 1) {
      const key = pathKey(plainPath(files.at(index) ?? ''));
      if (!seen.has(key)) kept.push(index);
      seen.add(key);
    }
    return { length: kept.length, at: (index) => files.at(kept[index] ?? files.length) };
  };
  const namedFirst = groups.toSorted((one, other) => Number(other.named) - Number(one.named));
  const files = new Map(namedFirst.map((group) => [group, firstMentions(group)]));
  return groups.map((group) => ({ ...group, files: files.get(group) ?? [] }));
}

/** Without `./` and doubled slashes, so that one file under two spellings is one job; `..` stays, it may follow a link. */
function plainPath(path: FilePath): FilePath {
  if (typeof path !== 'string') return path;
  return path.replace(/\/{2,}/g, '/').replace(/(?<=^|\/)(?:\.\/)+/g, '');
}

async function expandArgument(argument: FilePath): Promise<FilePath[]> {
  if (typeof argument !== 'string' || !/[*?[{]/.test(argument)) return [argument];
  // A file whose own name has such characters is that file.
  if (lstatSync(argument, { throwIfNoEntry: false }) !== undefined) return [argument];
  const { expandGlob } = await import('./glob.js');
  const matches = expandGlob(argument);
  if (matches.length > 0) return matches;
  throw new OcspError(
    'file-not-found',
    `no file matches ${argument}`,
    'check the pattern; * matches neither / nor a leading dot',
  );
}

function isFolder(path: FilePath): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** Files that lie beside certificates and are none: keys, staples, issuers, certificate transparency lists. */
const companionEndings = ['.key', '.ocsp', '.issuer', '.sctl'];

function groupOfFolder(folder: FilePath): Omit<Group, 'out'> {
  const lineages = certbotLineages(folder);
  if (lineages.length > 0) return { files: lineages, named: true };
  if (isLineage(folder)) return { files: [joinPath(folder, 'fullchain.pem')], named: true };
  const names = visibleNames(folder, (name) => !companionEndings.some((ending) => name.endsWith(ending)));
  const at = (index: number): FilePath => joinPath(folder, pathOfName(names.at(index)));
  return { files: { length: names.length, at }, named: false };
}

/** certbot's `live` folder holds a folder a lineage, each with links named fullchain.pem, cert.pem, chain.pem, privkey.pem. */
function certbotLineages(folder: FilePath): FilePath[] {
  if (!/(?:^|\/)live\/*$/.test(shownPath(folder))) return [];
  const names = visibleNames(folder);
  return Array.from({ length: names.length }, (_, index) => joinPath(folder, pathOfName(names.at(index))))
    .map((lineage) => joinPath(lineage, 'fullchain.pem'))
    .filter(isRegularFile);
}

/** A single lineage named itself: its cert.pem and fullchain.pem are one certificate and one staple. */
function isLineage(folder: FilePath): boolean {
  return ['privkey.pem', 'fullchain.pem', 'cert.pem'].every((name) => isRegularFile(joinPath(folder, name)));
}

/** The visible names of a folder that `isWanted`, in the order of their bytes, each with one character a byte. */
function visibleNames(folder: FilePath, isWanted: (name: string) => boolean = () => true): PackedNames {
  const isTaken = (name: string): boolean => !name.startsWith('.') && isWanted(name);
  try {
    return packSorted(taken(namesIn(folder), isTaken));
  } catch {
    // Node looks for the kind of each entry, by a name that is not spelt so, where the file system does not tell it.
    return packSorted(taken(namesAtOnce(folder), isTaken));
  }
}

function* taken(names: Iterable<string>, isTaken: (name: string) => boolean): Generator<string> {
  for (const name of names) if (isTaken(name)) yield name;
}

function namesAtOnce(folder: FilePath): string[] {
  try {
    return readdirSync(folder, { encoding: 'latin1' });
  } catch (error) {
    throw unlistable(folder, error);
  }
}

function pathOfName(name: string): FilePath {
  // eslint-disable-next-line no-control-regex -- the characters that are one byte in UTF-8 too
  return /^[\x01-\x7f]*$/.test(name) ? name : asPath(Buffer.from(name, 'latin1'));
}
