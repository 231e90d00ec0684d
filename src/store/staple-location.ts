import { realpathSync, statSync } from 'node:fs';
import { OcspError, type Certificate } from '../core/index.js';
import { toHex } from '../core/bytes.js';
import { digest } from '../core/hash.js';
import {
  appendToPath,
  asPath,
  folderOf,
  joinPath,
  nameByAcmeSh,
  nameOf,
  pathKey,
  type FilePath,
} from '../core/file-path.js';
import { folderName } from '../system/folder-names.js';

/** What a placeholder of an --out template stands for. */
type Placeholder = (path: FilePath, certificate: Certificate) => FilePath;

/** By their names. Nothing comes from the subject, which the certificate's owner chose. */
const placeholders: ReadonlyMap<string, Placeholder> = new Map<string, Placeholder>([
  ['dir', folderOf],
  ['base', nameOf],
  ['name', nameWithoutEnding],
  ['lineage', lineageName],
  ['serial', (_path, { serialNumber }) => serialNumber],
  ['fingerprint', (_path, { der }) => toHex(digest('sha256', der))],
]);

function nameWithoutEnding(path: FilePath): Buffer {
  const base = nameOf(path);
  return base.includes('.', 1) ? base.subarray(0, base.lastIndexOf('.')) : base;
}

/** The folder's name in the trees of certbot, dehydrated and acme.sh, where the file's own says nothing; elsewhere the file's. */
function lineageName(path: FilePath): Buffer {
  const folder = folderOf(path);
  const base = nameOf(path).toString('latin1');
  const own = folderName(folder);
  const isOwn =
    ['fullchain.pem', 'fullchain.cer'].includes(base) ||
    (base === 'cert.pem' && ['live', 'certs'].includes(folderName(joinPath(folder, '..')).toString('latin1'))) ||
    base === Buffer.from(nameByAcmeSh(own)).toString('latin1');
  return isOwn && own.length > 0 ? own : nameWithoutEnding(path);
}

/** The first placeholder that has another value for each of these certificates; {fingerprint} for different ones at the latest. */
export function placeholderApart(
  files: readonly { readonly path: FilePath; readonly certificate: Certificate }[],
): string {
  const isApart = (name: string): boolean => {
    const values = files.map(({ path, certificate }) => pathKey(placeholderNamed(name)(path, certificate)));
    return new Set(values).size === values.length;
  };
  return `{${['name', 'lineage', 'base', 'serial'].find(isApart) ?? 'fingerprint'}}`;
}

/**
 * Where the staple of a certificate is: `CERT.ocsp` as haproxy looks for it, or what `--out` says. `out` is a template
 * with {dir} {base} {name} {lineage} {serial} {fingerprint}, a folder (existing, or with a slash at its end: `{base}.ocsp` in it),
 * or a file.
 *
 * @throws OcspError `usage` for a placeholder that does not exist
 */
export function staplePathFor(certificatePath: FilePath, certificate: Certificate, out?: string): FilePath {
  if (out === undefined) return stapleBeside(certificatePath);
  if (/\{[^{}]*\}/.test(out)) return fillTemplate(out, certificatePath, certificate);
  return isFolder(out) ? appendToPath(joinPath(out, asPath(nameOf(certificatePath))), '.ocsp') : out;
}

/** One text for each place a staple can be, however its folder is spelt or linked to. */
export function staplePlace(staple: FilePath): string {
  const folder = folderOf(staple);
  try {
    const real = asPath(realpathSync.native(folder, { encoding: 'buffer' }));
    return Buffer.from(joinPath(real, asPath(nameOf(staple)))).toString('hex');
  } catch {
    // A folder that is not there: the write will say so.
    return Buffer.from(staple).toString('hex');
  }
}

/** Throws OcspError `usage` for a placeholder that does not exist. */
export function checkStapleTemplate(out: string): void {
  for (const [, placeholder = ''] of out.matchAll(/\{([^{}]*)\}/g)) placeholderNamed(placeholder);
}

function fillTemplate(template: string, path: FilePath, certificate: Certificate): FilePath {
  const parts = template
    .split(/\{([^{}]*)\}/)
    .map((part, index) => (index % 2 === 0 ? part : placeholderNamed(part)(path, certificate)));
  return asPath(Buffer.concat(parts.map((part) => Buffer.from(part))));
}

function placeholderNamed(name: string): Placeholder {
  const placeholder = placeholders.get(name);
  if (placeholder !== undefined) return placeholder;
  const known = [...placeholders.keys()].map((one) => `{${one}}`).join(' ');
  throw new OcspError('usage', `--out: there is no placeholder {${name}}`, `use ${known}`);
}

/**
 * Where the response for a serial number goes when there is no certificate file: `{serial}.ocsp` in a folder, a template
 * with {serial}, or a file.
 *
 * @throws OcspError `usage` without `--out`, or for a placeholder that needs a certificate
 */
export function staplePathForSerialNumber(serialNumber: string, out: string | undefined): FilePath {
  if (out === undefined) {
    const hint = 'say with --out where the response goes';
    throw new OcspError('usage', 'a serial number names no file to put the response beside', hint);
  }
  const filled = out.replaceAll('{serial}', serialNumber);
  const placeholder = /\{[^{}]*\}/.exec(filled)?.[0];
  if (placeholder !== undefined) {
    throw new OcspError('usage', `--out: ${placeholder} needs a certificate file`, 'with --serial use only {serial}');
  }
  return isFolder(filled) ? joinPath(filled, `${serialNumber}.ocsp`) : filled;
}

function isFolder(out: string): boolean {
  return out.endsWith('/') || statSync(out, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** `CERT.ocsp`, where haproxy looks for the staple of CERT. */
function stapleBeside(certificatePath: FilePath): FilePath {
  return appendToPath(certificatePath, '.ocsp');
}

/** Whether a staple is where haproxy looks for that of the certificate. */
export function isStapleBeside(staple: FilePath, certificatePath: FilePath): boolean {
  return pathKey(staple) === pathKey(stapleBeside(certificatePath));
}
