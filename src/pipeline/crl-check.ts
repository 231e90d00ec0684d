import { OcspError, type Certificate, type RevocationReason } from '../core/index.js';
import { crlEntryOf, type CertificateList } from '../core/crl.js';
import { shownPath, type FilePath } from '../core/file-path.js';
import { formatTime } from '../core/time.js';
import { describeScopeFailure, pointOf, readCrlFile, signedCrlFrom } from '../source/crl-file.js';
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
  /** How long ago its thisUpdate may be; where it is absent, a CRL must have a nextUpdate. */
  readonly maximumAgeMilliseconds?: number;
  readonly ignoreTimes: boolean;
}

/** Looks certificates up in CRLs. What is wrong with a CRL is in the report and never thrown. */
export interface CrlCheck {
  lookUp(certificate: Certificate, issuer: Certificate): Promise<CrlReport>;
  /** The same for a serial number (hex of INTEGER contents), where the certificate itself is not at hand. */
  lookUpSerialNumber(serialNumber: string, issuer: Certificate): CrlReport;
}

/** A check against the CRLs in these files: of several, that of the certificate's issuer. Throws what reading a file can throw. */
export function checkByCrlFiles(paths: readonly FilePath[], times: CrlTimes): CrlCheck {
  const files = paths.map((path) => ({ name: shownPath(path), bytes: readCrlFile(path) }));
  const known = new Map<string, NamedCrl | OcspError>();
  const crlOf = (issuer: Certificate): NamedCrl => {
    const key = keyOf(issuer);
    const found = known.get(key) ?? findCrl(files, issuer);
    known.set(key, found);
    if (found instanceof OcspError) throw found;
    return found;
  };
  const report = (serialNumber: string, issuer: Certificate, certificate?: Certificate): CrlReport => {
    try {
      return judgeByCrl(crlOf(issuer), serialNumber, certificate, times);
    } catch (error) {
      return unusable(error, hintsForFiles);
    }
  };
  return {
    lookUp: (certificate, issuer) => Promise.resolve(report(certificate.serialNumber, issuer, certificate)),
    lookUpSerialNumber: report,
  };
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

/** The first that this issuer signed; else why the last one is not it. */
function findCrl(
  files: readonly { readonly name: string; readonly bytes: Uint8Array }[],
  issuer: Certificate,
): NamedCrl | OcspError {
  let last = new OcspError('crl-mismatch', 'there is no CRL');
  for (const { name, bytes } of files) {
    try {
      return { name, crl: signedCrlFrom(bytes, name, issuer) };
    } catch (error) {
      if (!(error instanceof OcspError)) throw error;
      last = error;
    }
  }
  return last;
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

/** RFC 5280 §6.3.3 (b)(2): a certificate that names no distribution point is not one of a CRL for a certain one. */
function coverageFailure(
  { scope }: CertificateList,
  certificate: Certificate | undefined,
  name: string,
): string | undefined {
  const { distributionPoint, onlyUserCertificates } = scope;
  if (certificate === undefined) {
    const isForAll = distributionPoint === undefined && !onlyUserCertificates;
    return isForAll
      ? undefined
      : `the CRL ${name} is for some certificates only, and a serial number does not say whether this is one of them`;
  }
  if (distributionPoint !== undefined && certificate.crlUris.length === 0) {
    return `the CRL ${name} is for ${pointOf(distributionPoint)}, and the certificate names none`;
  }
  return describeScopeFailure(scope, certificate, name);
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
  if (maximumAge === undefined ? nextUpdate === undefined : now - thisUpdate.getTime() > maximumAge) {
    const why = nextUpdate === undefined ? ', and it does not say until when it holds' : '';
    throw new OcspError('crl-stale', `the CRL ${name} is too old: it is of ${formatTime(thisUpdate)}${why}`);
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
