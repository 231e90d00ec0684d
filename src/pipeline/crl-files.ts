import { OcspError, type Certificate } from '../core/index.js';
import { shownPath, type FilePath } from '../core/file-path.js';
import { naming } from '../core/ocsp-error.js';
import { encodedCrls, readCrlFile, signedCrlFrom } from '../source/crl-file.js';
import type { Trouble } from './trouble.js';
import {
  createCrlMemory,
  estimatedOctets,
  keyOf,
  octetsOf,
  sightOf,
  type CrlCheck,
  type CrlHints,
  type CrlReport,
  type CrlSight,
  type CrlTimes,
} from './crl-check.js';
import { judgeCrls } from './crl-judge.js';

/**
 * A check against the CRLs in these files: all that the certificate's issuer signed, deltas applied to their base. What
 * one of them lists is revoked; absence from them counts only if they are current, for this certificate and for all reasons
 * together, and none of the files is unusable or unreadable.
 */
export function checkByCrlFiles(paths: readonly FilePath[], times: CrlTimes): CrlCheck {
  const files = openCrlFiles(paths);
  /** By the place of the file: why it was for none so far, and whether it was for any. */
  const aside = new Map<number, Trouble>();
  const heard = new Set<number>();
  const lookUp = (serialNumber: string, issuer: Certificate, certificate?: Certificate): CrlReport => {
    const crls = files.look(serialNumber, issuer);
    const found = judgeCrls(
      crls.map(({ sight }) => sight),
      { certificate, times, hints },
    );
    const { report } = found;
    const told = report.kind === 'unusable' ? [report.trouble, ...(report.more ?? [])] : [];
    for (const [index, { file }] of crls.entries()) {
      const trouble = found.aside[index];
      if (trouble !== undefined && !told.includes(trouble)) aside.set(file, trouble);
      else heard.add(file);
    }
    return report;
  };
  return {
    lookUp: (certificate, issuer) => Promise.resolve(lookUp(certificate.serialNumber, issuer, certificate)),
    lookUpSerialNumber: lookUp,
    unused: () => [...aside].flatMap(([index, trouble]) => (heard.has(index) ? [] : [trouble])),
  };
}

/** One of the CRLs in files, or why it cannot be used; `file` is the place of its file. */
export interface FoundCrl {
  readonly file: number;
  readonly sight: CrlSight | OcspError;
}

/** CRLs in files, read when they are asked for. */
export interface CrlFiles {
  /** What each of them says of a serial number of this issuer, in the order of the files. */
  look(serialNumber: string, issuer: Certificate): readonly FoundCrl[];
}

/** Keeps few of the CRLs, and why the others cannot be used; a file is read again where what was in it is forgotten. */
export function openCrlFiles(paths: readonly FilePath[]): CrlFiles {
  const crls = createCrlMemory();
  const errors = new Map<string, OcspError>();
  /** How many CRLs a file has. */
  const counts = new Map<number, number>();

  function lookInto(path: FilePath, file: number, serialNumber: string, issuer: Certificate): FoundCrl[] {
    const shown = shownPath(path);
    let encoded: readonly Uint8Array[] | undefined;
    const read = (): readonly Uint8Array[] => (encoded ??= encodedIn(path));
    const sightAt = (place: number, name: string): CrlSight | OcspError => {
      const key = `${file} ${place} ${keyOf(issuer)}`;
      const error = errors.get(key);
      if (error !== undefined) return error;
      const known = crls.get(key);
      if (known !== undefined) return sightOf(name, known, serialNumber);
      const found = unlessUnusable(() => {
        const bytes = read()[place];
        if (bytes === undefined)
          throw new OcspError('file-unreadable', `${shown} changed while it was read`, 'try again');
        const crl = signedCrlFrom(bytes, name, issuer, () => crls.makeRoom(estimatedOctets(bytes)));
        crls.set(key, crl, octetsOf(crl));
        return sightOf(name, crl, serialNumber);
      });
      if (found instanceof OcspError) errors.set(key, found);
      return found;
    };
    const count = counts.get(file) ?? unlessUnusable(() => read().length);
    // What cannot be read is one CRL that cannot be used.
    counts.set(file, count instanceof OcspError ? 1 : count);
    return Array.from({ length: counts.get(file) ?? 1 }, (_, place) => ({
      file,
      sight: sightAt(place, count === 1 ? shown : `${shown} (number ${place + 1} in it)`),
    }));
  }

  return {
    look: (serialNumber, issuer) => paths.flatMap((path, file) => lookInto(path, file, serialNumber, issuer)),
  };
}

function encodedIn(path: FilePath): readonly Uint8Array[] {
  const bytes = readCrlFile(path);
  try {
    return encodedCrls(bytes);
  } catch (error) {
    throw naming(shownPath(path), error);
  }
}

function unlessUnusable<Value>(read: () => Value): Value | OcspError {
  try {
    return read();
  } catch (error) {
    if (error instanceof OcspError) return error;
    throw error;
  }
}

const hints: CrlHints = {
  'crl-mismatch': 'name the CRL of the CA that issued the certificate; --crl may be given once for each CA',
  'crl-unsupported':
    'name the complete CRL of the CA, or have the one that the certificate names downloaded: --crl auto',
  'crl-stale':
    'get the current CRL; what this one lists counts, but absence from it does not (without nextUpdate: --max-age)',
  'crl-not-yet-valid': 'check the clock of this machine (timedatectl), then that of the CA',
};
