import { OcspError, type Certificate } from '../../core/index.js';
import { shownPath, type FilePath } from '../../core/file-path.js';
import { readCrlFile, signedCrlFrom } from '../../source/crl-file.js';
import type { Trouble } from '../trouble.js';
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
  const look = createFileReader();
  /** By the place of the file: why it was for none so far, and whether it was for any. */
  const aside = new Map<number, Trouble>();
  const heard = new Set<number>();
  const lookUp = (serialNumber: string, issuer: Certificate, certificate?: Certificate): CrlReport => {
    const sights = paths.map((path, index) => look({ path, index }, issuer, serialNumber));
    const found = judgeCrls(sights, { certificate, times, hints });
    const { report } = found;
    const told = report.kind === 'unusable' ? [report.trouble, ...(report.more ?? [])] : [];
    for (const [index, trouble] of found.aside.entries()) {
      if (trouble !== undefined && !told.includes(trouble)) aside.set(index, trouble);
      else heard.add(index);
    }
    return report;
  };
  return {
    lookUp: (certificate, issuer) => Promise.resolve(lookUp(certificate.serialNumber, issuer, certificate)),
    lookUpSerialNumber: lookUp,
    unused: () => [...aside].flatMap(([index, trouble]) => (heard.has(index) ? [] : [trouble])),
  };
}

/** What a file says of a serial number of this issuer, or why it cannot be used. */
type FileReader = (
  file: { readonly path: FilePath; readonly index: number },
  issuer: Certificate,
  serialNumber: string,
) => CrlSight | OcspError;

/** Keeps few of the CRLs, and why the others cannot be used; a file is read again where what was in it is forgotten. */
function createFileReader(): FileReader {
  const crls = createCrlMemory();
  const errors = new Map<string, OcspError>();
  return ({ path, index }, issuer, serialNumber) => {
    const name = shownPath(path);
    const key = `${index} ${keyOf(issuer)}`;
    const error = errors.get(key);
    if (error !== undefined) return error;
    try {
      const known = crls.get(key);
      if (known !== undefined) return sightOf(name, known, serialNumber);
      const bytes = readCrlFile(path);
      const crl = signedCrlFrom(bytes, name, issuer, () => crls.makeRoom(estimatedOctets(bytes)));
      crls.set(key, crl, octetsOf(crl));
      return sightOf(name, crl, serialNumber);
    } catch (thrown) {
      if (!(thrown instanceof OcspError)) throw thrown;
      errors.set(key, thrown);
      return thrown;
    }
  };
}

const hints: CrlHints = {
  'crl-mismatch': 'name the CRL of the CA that issued the certificate; --crl may be given once for each CA',
  'crl-unsupported':
    'name the complete CRL of the CA, or have the one that the certificate names downloaded: --crl auto',
  'crl-stale':
    'get the current CRL; what this one lists counts, but absence from it does not (without nextUpdate: --max-age)',
  'crl-not-yet-valid': 'check the clock of this machine (timedatectl), then that of the CA',
};
