import { readdirSync, statSync } from 'node:fs';
import { OcspError, decodeCertificate, isIssuedBy, looksLikePem, type Certificate } from '../core/index.js';
import { minimalSerialNumber, parseSignedSerialNumber } from '../core/cert-id.js';
import { asPath, joinPath, shownPath, type FilePath } from '../core/file-path.js';
import { naming } from '../core/ocsp-error.js';
import { certificatesIn } from './certificate-file.js';
import { readInputFile } from './input-file.js';
import type { StatusSource } from './status-source.js';
import { numberedLines } from '../system/numbered-lines.js';

/** The serial numbers that a CA has issued. */
export interface IssuedSerials {
  readonly size: number;
  /** Whether the CA issued this serial number (hex of INTEGER contents). */
  has(serialNumber: string): boolean;
  /** What the reader should hear: files skipped that may hold a certificate, or that nothing was found. */
  readonly warnings: readonly string[];
}

/** 64 bytes per line: a million serial numbers. */
const largestListFile = 64 * 1024 * 1024;
const largestCertificateFile = 1024 * 1024;

/**
 * Reads what a CA has issued. Of a folder (`newcerts` of openssl ca, PEM or DER, not deeper, no dot files): the
 * certificates that this CA really signed. Of a file: a PEM bundle of such certificates, or one hexadecimal serial
 * number per line, as `openssl x509 -serial` prints it (`serial=`, `0x`, colons allowed; empty lines and `#` comments ignored).
 *
 * @throws OcspError `malformed-serial-list`, its message with file and line; what reading the folder or file can throw
 */
export async function readIssuedSerials(path: FilePath, issuer: Certificate): Promise<IssuedSerials> {
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  const { serials, warnings } = await Promise.resolve(isFolder ? readFolder(path, issuer) : readFile(path, issuer));
  const none = `${shownPath(path)} names no certificate of this CA: all certificates are answered as unknown`;
  return {
    size: serials.size,
    has: (serialNumber) => serials.has(minimalSerialNumber(serialNumber)),
    warnings: serials.size > 0 ? warnings : [...warnings, none],
  };
}

/** A source that knows only what was issued: every other serial number is unknown. */
export function narrowToIssued(source: StatusSource, issued: Pick<IssuedSerials, 'has'>): StatusSource {
  return {
    ...source,
    statusOf: (serialNumber) => (issued.has(serialNumber) ? source.statusOf(serialNumber) : 'unknown'),
  };
}

interface Found {
  readonly serials: ReadonlySet<string>;
  readonly warnings: readonly string[];
}

function readFolder(folder: FilePath, issuer: Certificate): Found {
  const serials = new Set<string>();
  const warnings: string[] = [];
  for (const name of listFolder(folder)) {
    const path = joinPath(folder, asPath(name));
    if (name[0] === 0x2e || statSync(path, { throwIfNoEntry: false })?.isFile() !== true) continue;
    try {
      const bytes = readInputFile(path, largestCertificateFile);
      const warn = (warning: string): unknown => warnings.push(`${shownPath(path)}: ${warning}`);
      for (const der of certificatesIn(bytes, warn)) addIssued(serials, der, issuer);
    } catch (error) {
      if (!(error instanceof OcspError)) throw error;
      if (error.code === 'no-certificate' || error.code === 'file-empty') continue;
      warnings.push(`${shownPath(path)} was skipped: ${error.message}`);
    }
  }
  return { serials, warnings };
}

function listFolder(folder: FilePath): Buffer[] {
  try {
    return readdirSync(folder, { encoding: 'buffer' });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    const message = `the folder ${shownPath(folder)} cannot be listed: ${code}`;
    throw new OcspError('file-unreadable', message, 'run as a user who may', { cause: error });
  }
}

function readFile(path: FilePath, issuer: Certificate): Found {
  const bytes = readInputFile(path, largestListFile, {
    empty: 'write the issued serial numbers into it, one per line',
    tooLarge: 'name the serial numbers of one CA',
  });
  if (!looksLikePem(bytes)) return { serials: readList(bytes, path), warnings: [] };
  const serials = new Set<string>();
  const warnings: string[] = [];
  try {
    const warn = (warning: string): unknown => warnings.push(`${shownPath(path)}: ${warning}`);
    for (const der of certificatesIn(bytes, warn)) addIssued(serials, der, issuer);
  } catch (error) {
    throw naming(shownPath(path), error);
  }
  return { serials, warnings };
}

function addIssued(serials: Set<string>, der: Uint8Array, issuer: Certificate): void {
  const certificate = decodeCertificate(der);
  if (isIssuedBy(certificate, issuer, 'anchor')) serials.add(minimalSerialNumber(certificate.serialNumber));
}

function readList(bytes: Uint8Array, path: FilePath): Set<string> {
  const serials = new Set<string>();
  for (const [number, line] of numberedLines(bytes)) {
    const text = line.trim();
    if (text === '' || text.startsWith('#')) continue;
    const serialNumber = parseSignedSerialNumber(text.replace(/^serial=/i, ''));
    if (serialNumber === undefined) {
      throw new OcspError(
        'malformed-serial-list',
        `${shownPath(path)} line ${number}: expected one hexadecimal serial number`,
        'write them as openssl x509 -noout -serial prints them, one per line',
      );
    }
    serials.add(serialNumber);
  }
  return serials;
}
