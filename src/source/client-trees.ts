import { lstatSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { asPath, joinPath, nameByAcmeSh, type FilePath } from '../core/file-path.js';
import { folderName } from '../system/folder-names.js';
import { systemErrorCode } from '../system/system-error.js';
import { packSorted, pathOfName, type PackedNames } from './packed-names.js';

/** The folders and links in a folder, by name, with one character for each byte. */
export interface InnerFolders {
  readonly folders: readonly string[];
  readonly links: readonly string[];
}

/** How a client names the certificate file in the folder of a lineage. */
interface Layout {
  /** Where it is there; undefined where the folder is not a lineage by itself. */
  find(lineage: FilePath): FilePath | undefined;
  /** Whether the client left something in a folder without it, which is a lineage where its neighbours are. */
  hasTraces(lineage: FilePath): boolean;
  /** Where it is expected in a folder that lacks it or may not be entered. */
  usual(lineage: FilePath): FilePath;
}

/** certbot, and dehydrated, which has its own chain.pem too. A lineage that lost its fullchain.pem is one all the same. */
const pemLayout: Layout = {
  find: (lineage) =>
    has(lineage, 'fullchain.pem') || (has(lineage, 'privkey.pem') && has(lineage, 'cert.pem'))
      ? pemLayout.usual(lineage)
      : undefined,
  hasTraces: (lineage) => ['privkey.pem', 'cert.pem', 'chain.pem'].some((name) => has(lineage, name)),
  usual: (lineage) => joinPath(lineage, 'fullchain.pem'),
};

const acmeShLayout: Layout = {
  find(lineage) {
    const own = acmeShLayout.usual(lineage);
    const chain = joinPath(lineage, 'fullchain.cer');
    if (isThere(chain)) return chain;
    return isThere(own) ? own : undefined;
  },
  hasTraces(lineage) {
    const own = acmeShLayout.usual(lineage).toString('latin1');
    return ['.conf', '.key', '.csr'].some((ending) =>
      isThere(asPath(Buffer.from(own.replace(/\.cer$/, ending), 'latin1'))),
    );
  },
  usual: (lineage) => joinPath(lineage, nameByAcmeSh(folderName(lineage))),
};

/** The certificate file of a folder that is one lineage: its other files are the same certificate, its chain and its key. */
export function certificateOfLineage(folder: FilePath): FilePath | undefined {
  const isPem = ['privkey.pem', 'fullchain.pem', 'cert.pem'].every((name) => has(folder, name));
  if (isPem || isInOwnTree(folder)) return pemLayout.usual(folder);
  return acmeShLayout.find(folder);
}

/** Whether its parent is surely a tree of certbot or dehydrated, where a folder is a lineage whatever it lacks. */
function isInOwnTree(folder: FilePath): boolean {
  const parent = typeof folder === 'string' ? dirname(resolve(folder)) : joinPath(folder, '..');
  return isCertbotLive(parent) ? isSurelyCertbot(parent) : isFolder(parent, 'certs') && isSurelyDehydrated(parent);
}

/**
 * The certificate file of each lineage in a folder that an ACME client keeps, those that cannot be read too: certbot's
 * `live` and dehydrated's `certs` (`NAME/fullchain.pem`), and acme.sh's (`NAME/NAME.cer` or `fullchain.cer`, `NAME_ecc/`).
 */
export function lineagesIn(folder: FilePath, { folders, links }: InnerFolders): FilePath[] {
  const names = [...folders, ...links];
  if (isCertbotLive(folder)) {
    // Nothing but lineages has folders there.
    const kinds = kindsOf(folder, names, pemLayout);
    const isTree = kinds.some(({ kind }) => kind !== 'other') || isSurelyCertbot(folder);
    return isTree ? kinds.map(({ certificate }) => certificate) : [];
  }
  const ofDehydrated = isFolder(folder, 'certs')
    ? lineagesOf(folder, names, pemLayout, { isSurelyTree: isSurelyDehydrated(folder), hasOthers: false })
    : [];
  const isAcmeSh = { isSurelyTree: has(folder, 'account.conf'), hasOthers: true };
  return [...ofDehydrated, ...lineagesOf(folder, folders, acmeShLayout, isAcmeSh)];
}

function isSurelyCertbot(live: FilePath): boolean {
  return ['README', '../archive', '../renewal'].some((name) => has(live, name));
}

function isSurelyDehydrated(certs: FilePath): boolean {
  return has(certs, '../accounts');
}

/** Whether a link in it may be a lineage: of any other folder they are not looked at, since a fleet may have one per certificate. */
export function mayHaveLinkedLineages(folder: FilePath): boolean {
  return isCertbotLive(folder) || isFolder(folder, 'certs');
}

/** certbot's `live` has nothing else in it. */
export function isCertbotLive(folder: FilePath): boolean {
  return isFolder(folder, 'live');
}

/** The names in a folder of certificates: those of lineages, and the others without what belongs to a lineage. */
export interface LegoNames {
  readonly lineages: PackedNames;
  readonly others: PackedNames;
}

/**
 * lego's files: the issuer of NAME.crt is NAME.issuer.crt, and is found as such. In its own `certificates` each NAME.crt is
 * a lineage, also where only NAME.json or the issuer is left of it, and NAME.pem is the same certificate with its key.
 */
export function namesOfLego(folder: FilePath, names: PackedNames): LegoNames {
  const all = function* (): Generator<string> {
    for (let index = 0; index < names.length; index += 1) yield names.at(index);
  };
  const stemsOf = (ending: string): Set<string> => {
    const stems = new Set<string>();
    for (const name of all()) if (name.endsWith(ending)) stems.add(name.slice(0, -ending.length));
    return stems;
  };
  const without = (stems: ReadonlySet<string>, endings: readonly string[]): PackedNames =>
    packSorted(
      [...all()].filter((name) => !endings.some((one) => name.endsWith(one) && stems.has(name.slice(0, -one.length)))),
    );
  const issued = stemsOf('.issuer.crt');
  const isNamedByLego = isFolder(folder, 'certificates');
  if (issued.size === 0 && !isNamedByLego) return { lineages: noNames, others: names };
  const stems = stemsOf('.crt');
  for (const stem of issued) stems.delete(`${stem}.issuer`);
  const pairs = new Set([...issued].filter((stem) => stems.has(stem)));
  const isLego = isNamedByLego && (pairs.size > 0 || has(folder, '../accounts'));
  if (!isLego) return { lineages: noNames, others: pairs.size === 0 ? names : without(pairs, ['.issuer.crt']) };
  const bundled = stemsOf('.pem');
  for (const stem of [...issued, ...stemsOf('.json')]) if (!bundled.has(stem)) stems.add(stem);
  const lineages = packSorted([...stems].map((stem) => `${stem}.crt`));
  return { lineages, others: without(stems, ['.crt', '.issuer.crt', '.pem', '.json']) };
}

const noNames = packSorted([]);

/** The folders in the home of an ACME client that have its certificates: of certbot, dehydrated and lego. */
export function certificateFoldersIn(home: FilePath, { folders }: InnerFolders): FilePath[] {
  const isIn = (name: string): boolean => folders.includes(name);
  const found = [
    ...(isIn('live') && (isIn('archive') || isIn('renewal')) ? ['live'] : []),
    ...(isIn('accounts') ? ['certs', 'certificates'].filter(isIn) : []),
  ];
  return found.map((name) => joinPath(home, name));
}

/** What a client is known by: whether this is surely its tree, and whether other folders are in it that are no lineages. */
interface Tree {
  readonly isSurelyTree: boolean;
  readonly hasOthers: boolean;
}

/** Those that have their certificate, and where this is a tree those that lack it or may not be entered. */
function lineagesOf(folder: FilePath, names: readonly string[], layout: Layout, tree: Tree): FilePath[] {
  const kinds = kindsOf(folder, names, layout);
  const isTree = tree.isSurelyTree || kinds.some(({ kind }) => kind === 'whole');
  const isLineage = (kind: FolderKind): boolean =>
    kind === 'whole' || (isTree && (kind !== 'other' || (tree.isSurelyTree && !tree.hasOthers)));
  return kinds.filter(({ kind }) => isLineage(kind)).map(({ certificate }) => certificate);
}

/** Of a folder that may be a lineage: it has its certificate, it has other files of its client, it may not be entered, or it has none. */
type FolderKind = 'whole' | 'traces' | 'closed' | 'other';

interface FoundFolder {
  readonly kind: FolderKind;
  readonly certificate: FilePath;
}

/** The folders of these names, each with where its certificate is or should be. */
function kindsOf(folder: FilePath, names: readonly string[], layout: Layout): FoundFolder[] {
  return names.toSorted().flatMap((name): FoundFolder[] => {
    const lineage = joinPath(folder, pathOfName(name));
    const found = layout.find(lineage);
    if (found !== undefined) return [{ kind: 'whole', certificate: found }];
    const state = stateOf(lineage);
    if (state === 'no-folder') return [];
    const kind = state === 'closed' ? 'closed' : layout.hasTraces(lineage) ? 'traces' : 'other';
    return [{ kind, certificate: layout.usual(lineage) }];
  });
}

/** `closed`: a folder that may not be entered, or a link to one that is gone. */
function stateOf(lineage: FilePath): 'open' | 'closed' | 'no-folder' {
  try {
    statSync(joinPath(lineage, '.'));
    return 'open';
  } catch (error) {
    const code = systemErrorCode(error);
    const isClosed = code === 'ENOENT' ? isThere(lineage) : code !== 'ENOTDIR';
    return isClosed ? 'closed' : 'no-folder';
  }
}

function has(folder: FilePath, name: string): boolean {
  return isThere(joinPath(folder, name));
}

/** Whether there is anything of this name, be it a link that leads nowhere. */
function isThere(path: FilePath): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
}

function isFolder(folder: FilePath, name: string): boolean {
  return folderName(folder).equals(Buffer.from(name));
}
