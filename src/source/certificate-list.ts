import { resolve } from 'node:path';
import { lstatSync, readdirSync, statSync } from 'node:fs';
import { OcspError, type OcspErrorCode } from '../core/index.js';
import { joinPath, pathKey, shownPath, type FilePath } from '../core/file-path.js';
import {
  certificateFoldersIn,
  certificateOfLineage,
  isCertbotLive,
  lineagesIn,
  mayHaveLinkedLineages,
  namesOfLego,
} from './client-trees.js';
import { readCrtList } from './crt-list.js';
import type { NamedSource, SourceTraits } from './named-source.js';
import { unlistable } from './input-file.js';
import { packSorted, pathOfName, type PackedNames } from './packed-names.js';
import { namesIn } from '../system/folder-names.js';
import { realPathOf } from '../system/real-path.js';
import { definedOnly } from '../core/defined-only.js';

/** A file that may hold a certificate, and what its source says of it. */
export interface ListedCertificate extends SourceTraits {
  readonly path: FilePath;
  /** The user named this very file; a file that merely lies in a named folder may turn out to be none of ours. */
  readonly named: boolean;
  /** Why there is nothing to read: the path is then that of a source which leads to no file. */
  readonly failure?: SourceFailure;
}

/** Why a source leads to no file: an {@link OcspError} as plain data, since it is told to threads too. */
export interface SourceFailure {
  readonly code: OcspErrorCode;
  readonly message: string;
  readonly hint: string;
}

/** The failure of a source, to be thrown or told. */
export function errorOfSource({ code, message, hint }: SourceFailure): OcspError {
  return new OcspError(code, message, hint);
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

/**
 * The list, each certificate with what the first of these sources that has it too says of it, by its absolute path, else by
 * where links lead; a source that leads nowhere says nothing.
 */
export async function withTraitsOf(list: CertificateList, sources: readonly NamedSource[]): Promise<CertificateList> {
  const listed = new Set(pathsOf(list).map(absoluteKey));
  const traits = new Map<string, SourceTraits>();
  const others = new Map<string, SourceTraits>();
  const known = await listCertificates(sources);
  for (let index = 0; index < known.length && traits.size < listed.size; index += 1) {
    const { path, out, reload, confirm } = known.at(index);
    const isListed = listed.has(absoluteKey(path));
    const [own, key] = isListed ? [traits, absoluteKey(path)] : [others, realKey(path)];
    if (!own.has(key)) own.set(key, definedOnly({ out, reload, confirm }));
  }
  const traitsOf = (path: FilePath): SourceTraits | undefined =>
    traits.get(absoluteKey(path)) ?? (others.size === 0 ? undefined : others.get(realKey(path)));
  const at = (index: number): ListedCertificate => {
    const one = list.at(index);
    return { ...one, ...traitsOf(one.path) };
  };
  const hasOwnPlaces = list.hasOwnPlaces || pathsOf(list).some((path) => traitsOf(path)?.out !== undefined);
  return { length: list.length, hasOwnPlaces, at };
}

function absoluteKey(path: FilePath): string {
  return pathKey(typeof path === 'string' ? resolve(path) : path);
}

function realKey(path: FilePath): string {
  return pathKey(realPathOf(path));
}

/** These files as a list, as they are. */
export function listOfFiles(files: readonly ListedCertificate[]): CertificateList {
  return {
    length: files.length,
    hasOwnPlaces: files.some(({ out }) => out !== undefined),
    at(index) {
      const listed = files[index];
      if (listed === undefined) throw new RangeError(`there is no certificate ${index}`);
      return listed;
    },
  };
}

/**
 * Lists what these sources mean, each file once, in their order; no certificate is read. Files, folders (not deeper,
 * without keys, staples, issuers and dot files), trees of ACME clients (one file per lineage), quoted globs, and haproxy's
 * crt-lists. A source that leads nowhere stops no other: it stands in the list with its failure, which is `file-not-found`
 * for a glob that matches nothing or a missing crt-list, `file-unreadable` for a folder that cannot be listed, or
 * `malformed-crt-list`.
 */
export async function listCertificates(sources: readonly NamedSource[]): Promise<CertificateList> {
  const groups: Group[] = [];
  for (const source of sources) for (const group of await groupsOf(source)) addGroup(groups, group);
  const isOneFolder = groups.length === 1 && !Array.isArray(groups[0]?.files);
  return listOf(isOneFolder ? groups : withoutRepetitions(groups));
}

/** Files of one source. */
interface Group extends Omit<ListedCertificate, 'path'> {
  readonly files: FilePath[] | FolderFiles;
}

/** Those of a folder, by their packed names. */
interface FolderFiles {
  readonly length: number;
  at(index: number): FilePath | undefined;
}

/** Files named one by one, as on stdin, become one group. */
function addGroup(groups: Group[], group: Group): void {
  const last = groups.at(-1);
  const joins =
    last !== undefined &&
    (['named', 'out', 'reload', 'confirm', 'failure'] as const).every((key) => last[key] === group[key]);
  if (joins && Array.isArray(last.files) && Array.isArray(group.files)) {
    for (const file of group.files) last.files.push(file);
  } else {
    groups.push(group);
  }
}

async function groupsOf(source: NamedSource): Promise<Group[]> {
  const { out, reload, confirm } = source;
  const groups =
    'crtList' in source
      ? orFailure(source.crtList, () => [named(readCrtList(source.crtList, source.base))])
      : await groupsOfArgument(source.path);
  return groups.map((group) => ({ ...group, ...definedOnly({ out, reload, confirm }) }));
}

async function groupsOfArgument(argument: FilePath): Promise<Group[]> {
  const matches = await expandArgument(argument);
  if (matches.length === 0) return [failed(argument, noMatch(argument))];
  return matches.flatMap((path) => (isFolder(path) ? groupsOfFolder(path) : [named([path])]));
}

function named(files: FilePath[]): Group {
  return { files, named: true };
}

function failed(path: FilePath, { code, message, hint }: OcspError): Group {
  return { files: [path], named: true, failure: { code, message, hint } };
}

function orFailure(path: FilePath, list: () => Group[]): Group[] {
  try {
    return list();
  } catch (error) {
    if (error instanceof OcspError) return [failed(path, error)];
    throw error;
  }
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
      const { named: isNamed, out, reload, confirm, failure } = group;
      return definedOnly({ path, named: isNamed, out, reload, confirm, failure });
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

/** The paths that a word stands for; none for a pattern that matches nothing. */
async function expandArgument(argument: FilePath): Promise<FilePath[]> {
  if (typeof argument !== 'string' || !/[*?[{]/.test(argument)) return [argument];
  // A file whose own name has such characters is that file.
  if (lstatSync(argument, { throwIfNoEntry: false }) !== undefined) return [argument];
  const { expandGlob } = await import('../system/glob.js');
  return expandGlob(argument);
}

function noMatch(pattern: FilePath): OcspError {
  const hint = 'check the pattern; * matches neither / nor a leading dot';
  return new OcspError('file-not-found', `${shownPath(pattern)}: no file matches`, hint);
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

function groupsOfFolder(folder: FilePath): Group[] {
  return orFailure(folder, () => {
    const lineage = certificateOfLineage(folder);
    if (lineage !== undefined) return [named([lineage])];
    const inner = { folders: [] as string[], links: [] as string[] };
    const names = namesOfLego(folder, visibleNames(folder, inner));
    const lineages = lineagesIn(folder, inner);
    if (lineages.length > 0 && isCertbotLive(folder)) return [named(lineages)];
    return [
      { files: filesIn(folder, names.others), named: false },
      ...(names.lineages.length > 0 ? [{ files: filesIn(folder, names.lineages), named: true }] : []),
      ...(lineages.length > 0 ? [named(lineages)] : []),
      ...certificateFoldersIn(folder, inner).flatMap(groupsOfFolder),
    ];
  });
}

function filesIn(folder: FilePath, names: PackedNames): FolderFiles {
  return { length: names.length, at: (index) => joinPath(folder, pathOfName(names.at(index))) };
}

/** The visible names of a folder without companions, in the order of their bytes, each with one character per byte; its folders and links are noted. */
function visibleNames(folder: FilePath, inner: { readonly folders: string[]; readonly links: string[] }): PackedNames {
  const isTaken = (name: string): boolean =>
    !name.startsWith('.') && !companionEndings.some((ending) => name.endsWith(ending));
  const wantsLinks = mayHaveLinkedLineages(folder);
  const note = (name: string, kind: 'folder' | 'link'): void => {
    if (name.startsWith('.')) return;
    if (kind === 'folder') inner.folders.push(name);
    else if (wantsLinks) inner.links.push(name);
  };
  try {
    return packSorted(taken(namesIn(folder, note), isTaken));
  } catch {
    // Node looks for the kind of each entry, by a name that is not spelt so, where the file system does not tell it.
    const names = namesAtOnce(folder);
    inner.folders.length = 0;
    for (const name of names) note(name, 'folder');
    return packSorted(taken(names, isTaken));
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
