import { realpathSync, statSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { OcspError, type Certificate } from '../core/index.js';
import { appendToPath, asPath, folderOf, joinPath, nameOf, type FilePath } from '../core/file-path.js';

/** The placeholders of an --out template. Nothing comes from the subject, which the certificate's owner chose. */
const placeholders = ['dir', 'base', 'name', 'serial', 'fingerprint'] as const;

type Placeholder = (typeof placeholders)[number];

/**
 * Where the staple of a certificate is: `CERT.ocsp` as haproxy looks for it, or what `--out` says. `out` is a template
 * with {dir} {base} {name} {serial} {fingerprint}, a folder (existing, or with a slash at its end: `{base}.ocsp` in it),
 * or a file.
 *
 * @throws OcspError `usage` for a placeholder that does not exist
 */
export function staplePathFor(certificatePath: FilePath, certificate: Certificate, out?: string): FilePath {
  if (out === undefined) return appendToPath(certificatePath, '.ocsp');
  if (/\{[^{}]*\}/.test(out)) return fillTemplate(out, certificatePath, certificate);
  if (out.endsWith('/') || statSync(out, { throwIfNoEntry: false })?.isDirectory() === true) {
    return appendToPath(joinPath(out, asPath(nameOf(certificatePath))), '.ocsp');
  }
  return out;
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
  for (const [, placeholder = ''] of out.matchAll(/\{([^{}]*)\}/g)) {
    if (!isPlaceholder(placeholder)) throw unknownPlaceholder(placeholder);
  }
}

function fillTemplate(template: string, path: FilePath, certificate: Certificate): FilePath {
  const parts = template.split(/\{([^{}]*)\}/);
  const bytes = parts.map((part, index) => (index % 2 === 0 ? Buffer.from(part) : valueOf(part, path, certificate)));
  return asPath(Buffer.concat(bytes));
}

function valueOf(placeholder: string, path: FilePath, certificate: Certificate): Buffer {
  if (!isPlaceholder(placeholder)) throw unknownPlaceholder(placeholder);
  const base = nameOf(path);
  switch (placeholder) {
    case 'dir':
      return Buffer.from(folderOf(path));
    case 'base':
      return base;
    case 'name':
      return base.includes('.', 1) ? base.subarray(0, base.lastIndexOf('.')) : base;
    case 'serial':
      return Buffer.from(certificate.serialNumber);
    case 'fingerprint':
      return Buffer.from(createHash('sha256').update(certificate.der).digest('hex'));
  }
}

function unknownPlaceholder(placeholder: string): OcspError {
  const known = placeholders.map((name) => `{${name}}`).join(' ');
  return new OcspError('usage', `--out: there is no placeholder {${placeholder}}`, `use ${known}`);
}

function isPlaceholder(text: string): text is Placeholder {
  return placeholders.some((name) => name === text);
}

/**
 * Where the response for a serial number goes when there is no certificate file: `{serial}.ocsp` in a folder, a template
 * with {serial}, or a file.
 *
 * @throws OcspError `usage` without `--out`, or for a placeholder that needs a certificate
 */
export function staplePathForSerialNumber(serialNumber: string, out: string | undefined): FilePath {
  if (out === undefined) {
    throw new OcspError(
      'usage',
      'a serial number has no file to stand beside',
      'say with --out where the response goes',
    );
  }
  const filled = out.replaceAll('{serial}', serialNumber);
  const placeholder = /\{[^{}]*\}/.exec(filled)?.[0];
  if (placeholder !== undefined) {
    throw new OcspError('usage', `--out: ${placeholder} needs a certificate file`, 'use {serial} alone with --serial');
  }
  const isFolder = filled.endsWith('/') || statSync(filled, { throwIfNoEntry: false })?.isDirectory() === true;
  return isFolder ? joinPath(filled, `${serialNumber}.ocsp`) : filled;
}
