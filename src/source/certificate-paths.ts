import { lstatSync, readdirSync, statSync } from 'node:fs';
import { OcspError } from '../core/index.js';
import { asPath, joinPath, nameOf, shownPath, type FilePath } from '../core/file-path.js';
import { readCertificateFile } from './certificate-file.js';
import { unlistable } from './read-file.js';

/** A path from the command line and whether the user named this very file: only then are its errors reported. */
export interface CertificatePath {
  readonly path: FilePath;
  readonly named: boolean;
}

/**
 * The certificate files that these arguments mean, each once, in their order: files, folders (the end-entity
 * certificates in them, not deeper), a certbot `live` tree (one `fullchain.pem` a lineage) and quoted globs.
 *
 * @throws OcspError `file-not-found` for a glob that matches nothing, `file-unreadable` for a folder that cannot be listed
 */
export async function certificatePaths(argumentsGiven: readonly FilePath[]): Promise<CertificatePath[]> {
  const found: CertificatePath[] = [];
  const seen = new Set<string>();
  const add = (path: FilePath, named: boolean): void => {
    const key = Buffer.from(plainPath(path)).toString('hex');
    if (seen.has(key)) return;
    seen.add(key);
    found.push({ path, named });
  };
  for (const argument of argumentsGiven) {
    for (const path of await expandArgument(argument)) {
      if (!isFolder(path)) add(path, true);
      else for (const member of await certificatesInFolder(path)) add(member, false);
    }
  }
  return found;
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

const withoutCertificate: ReadonlySet<string> = new Set([
  'no-certificate',
  'file-empty',
  'file-too-large',
  'file-not-found',
]);

/** Files that lie beside certificates and are none: keys, staples, issuers, certificate transparency lists. */
const companionEndings = ['.key', '.ocsp', '.issuer', '.sctl'];

async function certificatesInFolder(folder: FilePath): Promise<FilePath[]> {
  const lineages = certbotLineages(folder);
  if (lineages.length > 0) return lineages;
  const members: FilePath[] = [];
  for (const entry of listFolder(folder)) {
    const name = entry.name.toString('latin1');
    if (name.startsWith('.') || companionEndings.some((ending) => name.endsWith(ending))) continue;
    const path = joinPath(folder, asPath(entry.name));
    if (isRegularFile(path) && (await isEndEntityFile(path))) members.push(path);
  }
  return isLineage(folder, members) ? [joinPath(folder, 'fullchain.pem')] : members;
}

/** certbot's `live` folder holds a folder a lineage, each with links named fullchain.pem, cert.pem, chain.pem, privkey.pem. */
function certbotLineages(folder: FilePath): FilePath[] {
  if (!/(?:^|\/)live\/*$/.test(shownPath(folder))) return [];
  return listFolder(folder)
    .filter((entry) => !entry.name.toString('latin1').startsWith('.'))
    .map((entry) => joinPath(joinPath(folder, asPath(entry.name)), 'fullchain.pem'))
    .filter((path) => isRegularFile(path));
}

/** A single lineage named itself: its cert.pem and fullchain.pem are one certificate and one staple. */
function isLineage(folder: FilePath, members: readonly FilePath[]): boolean {
  const names = members.map((path) => nameOf(path).toString('latin1'));
  return (
    names.includes('fullchain.pem') && names.includes('cert.pem') && isRegularFile(joinPath(folder, 'privkey.pem'))
  );
}

function listFolder(folder: FilePath): { readonly name: Buffer }[] {
  try {
    return readdirSync(folder, { encoding: 'buffer' })
      .sort((a, b) => Buffer.compare(a, b))
      .map((name) => ({ name }));
  } catch (error) {
    throw unlistable(folder, error);
  }
}

function isRegularFile(path: FilePath): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** CA certificates and files without a certificate are left out; what is unreadable or damaged stays, so that it is heard of. */
async function isEndEntityFile(path: FilePath): Promise<boolean> {
  try {
    return !(await readCertificateFile(path)).certificate.isCa;
  } catch (error) {
    if (!(error instanceof OcspError)) throw error;
    return !withoutCertificate.has(error.code);
  }
}
