import { OcspError, type Certificate, type RevocationReason } from '../core/index.js';
import { crlEntryOf, type CertificateList } from '../core/crl.js';
import { shownPath, type FilePath } from '../core/file-path.js';
import { formatTime } from '../core/time.js';
import { describeScopeFailure, readCrlFile, signedCrlFrom } from '../source/crl-file.js';
import { troubleOfError, type Trouble } from './trouble.js';

/** What a CRL says of one certificate, beside its OCSP response (RFC 5280 §6.3.3). */
export type CrlReport =
  /** The CRL is of this issuer, current, for certificates of this kind, and does not list it. */
  | ({ readonly kind: 'good' } & CrlEvidence)
  /** The CRL of this issuer lists it, whatever its times: nobody takes a revocation back by being late. */
  | ({
      readonly kind: 'revoked';
      readonly revocationTime: Date;
      readonly revocationReason?: RevocationReason;
    } & CrlEvidence)
  /** The certificate names no CRL; `schemes` are those of URIs that cannot be downloaded, such as `ldap`. */
  | { readonly kind: 'none'; readonly schemes: readonly string[] }
  /** It could not be had, or nothing follows from it for this certificate. */
  | { readonly kind: 'unusable'; readonly trouble: Trouble };

interface CrlEvidence {
  /** The file or the URL. */
  readonly source: string;
  readonly thisUpdate: Date;
  readonly nextUpdate?: Date;
}

/** When the silence of a CRL counts; durations in milliseconds. */
export interface CrlTimes {
  readonly now: Date;
  readonly skewMilliseconds: number;
  /** How long ago the thisUpdate of a CRL without nextUpdate may be; where this is absent, it must have one. */
  readonly maximumAgeMilliseconds?: number;
  readonly ignoreTimes: boolean;
}

/** Looks certificates up in CRLs. What is wrong with a CRL is in the report and never thrown. */
export interface CrlCheck {
  lookUp(certificate: Certificate, issuer: Certificate): Promise<CrlReport>;
  /** The same for a serial number (hex of INTEGER contents), where the certificate itself is not at hand. */
  lookUpSerialNumber(serialNumber: string, issuer: Certificate): CrlReport;
}

/**
 * A check against the CRLs in these files: all that the certificate's issuer signed. What one of them lists is revoked;
 * of their silence the first counts that is current and for this certificate. Throws what reading a file can throw.
 */
export function checkByCrlFiles(paths: readonly FilePath[], times: CrlTimes): CrlCheck {
  const files = paths.map((path) => ({ name: shownPath(path), bytes: readCrlFile(path) }));
  const known = new Map<string, readonly (NamedCrl | OcspError)[]>();
  const crlsOf = (issuer: Certificate): readonly (NamedCrl | OcspError)[] => {
    const key = keyOf(issuer);
    const found = known.get(key) ?? files.map(({ name, bytes }) => tryRead(bytes, name, issuer));
    known.set(key, found);
    return found;
  };
  const report = (serialNumber: string, issuer: Certificate, certificate?: Certificate): CrlReport => {
    let best: CrlReport | undefined;
    for (const crl of crlsOf(issuer)) {
      const one = tryJudge(crl, serialNumber, certificate, times);
      if (best === undefined || weightOf(one) > weightOf(best)) best = one;
    }
    return best ?? { kind: 'none', schemes: [] };
  };
  return {
    lookUp: (certificate, issuer) => Promise.resolve(report(certificate.serialNumber, issuer, certificate)),
    lookUpSerialNumber: report,
  };
}

function tryRead(bytes: Uint8Array, name: string, issuer: Certificate): NamedCrl | OcspError {
  try {
    return { name, crl: signedCrlFrom(bytes, name, issuer) };
  } catch (error) {
    if (error instanceof OcspError) return error;
    throw error;
  }
}

function tryJudge(crl: NamedCrl | OcspError, ...asked: SkipFirst<Parameters<typeof judgeByCrl>>): CrlReport {
  if (crl instanceof OcspError) return unusable(crl, hintsForFiles);
  try {
    return judgeByCrl(crl, ...asked);
  } catch (error) {
    return unusable(error, hintsForFiles);
  }
}

type SkipFirst<List extends readonly unknown[]> = List extends readonly [unknown, ...infer Rest] ? Rest : never;

/** That a CRL is another CA's says least: it may have been named for other certificates. */
function weightOf(report: CrlReport): number {
  if (report.kind === 'revoked') return 3;
  if (report.kind === 'good') return 2;
  return report.kind === 'unusable' && report.trouble.code !== 'crl-mismatch' ? 1 : 0;
}

/** A CRL whose signature was verified, and what messages call it. */
export interface NamedCrl {
  readonly name: string;
  readonly crl: CertificateList;
}

/** One issuer as a key of a map. */
export function keyOf(issuer: Certificate): string {
  return Buffer.from(issuer.der).toString('latin1');
}

/**
 * What this CRL says. What it lists is revoked; its silence means good only where it is current and complete.
 *
 * @param certificate undefined where only the serial number is known
 * @throws OcspError `crl-unsupported`, `crl-stale`, `crl-not-yet-valid` where nothing follows from its silence
 */
export function judgeByCrl(
  { name, crl }: NamedCrl,
  serialNumber: string,
  certificate: Certificate | undefined,
  times: CrlTimes,
): CrlReport {
  const { thisUpdate, nextUpdate } = crl;
  const evidence = { source: name, thisUpdate, ...(nextUpdate === undefined ? {} : { nextUpdate }) };
  const entry = crlEntryOf(crl, serialNumber);
  if (entry !== undefined && entry.reason !== 'removeFromCRL') {
    const { revokedAt, reason } = entry;
    const why = reason === undefined ? {} : { revocationReason: reason };
    return { kind: 'revoked', ...evidence, revocationTime: revokedAt, ...why };
  }
  const notCovered = coverageFailure(crl, certificate, name);
  if (notCovered !== undefined) throw new OcspError('crl-unsupported', notCovered);
  if (!times.ignoreTimes) requireCurrent(crl, name, times);
  return { kind: 'good', ...evidence };
}

function coverageFailure(
  { scope }: CertificateList,
  certificate: Certificate | undefined,
  name: string,
): string | undefined {
  if (certificate !== undefined) return describeScopeFailure(scope, certificate, name);
  if (scope.distributionPoint === undefined && !scope.onlyUserCertificates) return undefined;
  return `the CRL ${name} is for some certificates only, and a serial number does not say whether this is one of them`;
}

function requireCurrent({ thisUpdate, nextUpdate }: CertificateList, name: string, times: CrlTimes): void {
  const { skewMilliseconds: skew, maximumAgeMilliseconds: maximumAge } = times;
  const now = times.now.getTime();
  if (thisUpdate.getTime() - skew > now) {
    const message = `the CRL ${name} is not valid before ${formatTime(thisUpdate)}, and it is ${formatTime(times.now)}`;
    throw new OcspError('crl-not-yet-valid', message);
  }
  if (nextUpdate !== undefined && nextUpdate.getTime() + skew < now) {
    throw new OcspError('crl-stale', `the CRL ${name} is stale: its next one was due at ${formatTime(nextUpdate)}`);
  }
  if (nextUpdate === undefined && (maximumAge === undefined || now - thisUpdate.getTime() > maximumAge)) {
    const message = `the CRL ${name} is of ${formatTime(thisUpdate)} and does not say until when it holds`;
    throw new OcspError('crl-stale', message);
  }
}

/** The next step by code, where the error's own one is for another command. */
export type CrlHints = Readonly<Partial<Record<OcspError['code'], string>>>;

const hintsForFiles: CrlHints = {
  'crl-mismatch': 'name the CRL of the CA that issued the certificate; --crl may be given once for each CA',
  'crl-unsupported':
    'name the complete CRL of the CA, or have the one that the certificate names downloaded: --crl auto',
  'crl-stale': 'get the current CRL; what this one lists counts, its silence does not (without nextUpdate: --max-age)',
  'crl-not-yet-valid': 'check this clock (timedatectl), then the one of the CA',
};

/** The report of a CRL that is no help. Throws on what is no OcspError, and an interrupt. */
export function unusable(error: unknown, hints: CrlHints): CrlReport {
  if (!(error instanceof OcspError) || error.code === 'interrupted') throw error;
  const trouble = troubleOfError(error);
  return { kind: 'unusable', trouble: { ...trouble, hint: hints[error.code] ?? trouble.hint } };
}
