import { lstatSync, statSync } from 'node:fs';
import { joinPath, nameByAcmeSh, type FilePath } from '../core/file-path.js';
import { folderName } from '../system/folder-names.js';
import { systemErrorCode } from '../system/system-error.js';
import { pathOfName } from './packed-names.js';

/** The folders and links in a folder, by name, with one character for each byte. */
export interface InnerFolders {
  readonly folders: readonly string[];
  readonly links: readonly string[];
}

/** How a client names the certificate file in the folder of a lineage. */
interface Layout {
  /** Where it is there; undefined where the folder is not a lineage. */
  find(lineage: FilePath): FilePath | undefined;
  /** Where it is expected in a folder that may not be entered. */
  usual(lineage: FilePath): FilePath;
}

/** certbot, and dehydrated, which has its own chain.pem too. A lineage that lost its fullchain.pem is one all the same. */
const pemLayout: Layout = {
  find: (lineage) =>
    has(lineage, 'fullchain.pem') || (has(lineage, 'privkey.pem') && has(lineage, 'cert.pem'))
      ? pemLayout.usual(lineage)
      : undefined,
  usual: (lineage) => joinPath(lineage, 'fullchain.pem'),
};

const acmeShLayout: Layout = {
  find(lineage) {
    const own = acmeShLayout.usual(lineage);
    const chain = joinPath(lineage, 'fullchain.cer');
    if (isThere(chain)) return chain;
    return isThere(own) ? own : undefined;
  },
  usual: (lineage) => joinPath(lineage, nameByAcmeSh(folderName(lineage))),
};

/** The certificate file of a folder that is one lineage: its other files are the same certificate, its chain and its key. */
export function certificateOfLineage(folder: FilePath): FilePath | undefined {
  const isPem = ['privkey.pem', 'fullchain.pem', 'cert.pem'].every((name) => has(folder, name));
  return isPem ? pemLayout.usual(folder) : acmeShLayout.find(folder);
}

/**
 * The certificate file of each lineage in a folder that an ACME client keeps, those that cannot be read too: certbot's
 * `live` and dehydrated's `certs` (`NAME/fullchain.pem`), and acme.sh's (`NAME/NAME.cer` or `fullchain.cer`, `NAME_ecc/`).
 */
export function lineagesIn(folder: FilePath, { folders, links }: InnerFolders): FilePath[] {
  const ofPem = (isSurelyTree: () => boolean): FilePath[] =>
    lineagesOf(folder, [...folders, ...links], pemLayout, isSurelyTree);
  if (isCertbotLive(folder)) return ofPem(() => true);
  const ofDehydrated = isFolder(folder, 'certs') ? ofPem(() => has(folder, '../accounts')) : [];
  return [...ofDehydrated, ...lineagesOf(folder, folders, acmeShLayout, () => has(folder, 'account.conf'))];
}

/** Whether a link in it may be a lineage: of any other folder they are not looked at, since a fleet may have one per certificate. */
export function mayHaveLinkedLineages(folder: FilePath): boolean {
  return isCertbotLive(folder) || isFolder(folder, 'certs');
}

/** certbot's `live` has nothing else in it. */
export function isCertbotLive(folder: FilePath): boolean {
  return isFolder(folder, 'live');
}

/** lego's `certificates` has `NAME.pem` beside `NAME.crt` for the same certificate. */
export function isFolderOfLego(folder: FilePath): boolean {
  return isFolder(folder, 'certificates');
}

/** The folders in the home of an ACME client that have its certificates: of certbot, dehydrated and lego. */
export function certificateFoldersIn(home: FilePath, { folders }: InnerFolders): FilePath[] {
  const isIn = (name: string): boolean => folders.includes(name);
  const found = [
    ...(isIn('live') && (isIn('archive') || isIn('renewal')) ? ['live'] : []),
    ...(isIn('accounts') ? ['certs', 'certificates'].filter(isIn) : []),
  ];
  return found.map((name) => joinPath(home, name));
}

/** `isSurelyTree`: whether a folder that may not be entered is a lineage, where none is seen to be one. */
function lineagesOf(
  folder: FilePath,
  names: readonly string[],
  layout: Layout,
  isSurelyTree: () => boolean,
): FilePath[] {
  const lineages: FilePath[] = [];
  const closed: FilePath[] = [];
  for (const name of names.toSorted()) {
    const lineage = joinPath(folder, pathOfName(name));
    const certificate = layout.find(lineage);
    if (certificate !== undefined) lineages.push(certificate);
    else if (isClosed(lineage)) closed.push(layout.usual(lineage));
  }
  return closed.length > 0 && (lineages.length > 0 || isSurelyTree()) ? [...lineages, ...closed] : lineages;
}

/** A folder that may not be entered, or a link to one that is gone. */
function isClosed(lineage: FilePath): boolean {
  try {
    statSync(joinPath(lineage, '.'));
    return false;
  } catch (error) {
    const code = systemErrorCode(error);
    return code === 'ENOENT' ? isThere(lineage) : code !== 'ENOTDIR';
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
