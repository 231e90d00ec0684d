import { OcspError, type Certificate, type RevocationReason } from '../core/index.js';
import { createBoundedMemory, type BoundedMemory } from '../core/bounded-memory.js';
import { toHex } from '../core/bytes.js';
import { crlEntryOf, type Crl, type CrlEntry } from '../core/crl/crl.js';
import type { CrlScope } from '../core/crl/crl-scope.js';
import { digest } from '../core/hash.js';
import { formatTime } from '../core/time.js';
import { describeStaleness, notYetValid } from '../source/crl-file.js';
import { troubleOfError, type Trouble } from './trouble.js';
import { definedOnly } from '../core/defined-only.js';

/** What a CRL says of one certificate, beside its OCSP response (RFC 5280 §6.3.3). */
export type CrlReport =
  /** The CRL is of this issuer, current, for certificates of this kind, and does not list it. */
  | ({ readonly kind: 'good' } & CrlEvidence)
  /** The CRL of this issuer lists it, whatever its times: nobody takes a revocation back by being late. */
  | ({
      readonly kind: 'revoked';
      readonly revocationTime: Date;
      readonly revocationReason?: RevocationReason;
      /** The newest of the CRLs that hold together: the one that lists it, or a delta on it. */
      readonly newest: CrlEvidence;
    } & CrlEvidence)
  /**
   * There is no CRL, or it is not available, or nothing follows from it for this certificate. Of CRLs that were named one is enough,
   * whatever the others say; `more` is what is wrong with the rest.
   */
  | { readonly kind: 'unusable'; readonly trouble: Trouble; readonly more?: readonly Trouble[] };

export type CrlReportOf<Kind extends CrlReport['kind']> = Extract<CrlReport, { readonly kind: Kind }>;

export interface CrlEvidence {
  /** The file or the URL. */
  readonly source: string;
  readonly thisUpdate: Date;
  readonly nextUpdate?: Date;
}

/** When absence from a CRL counts; durations in milliseconds. */
export interface CrlTimes {
  readonly now: Date;
  readonly skewMilliseconds: number;
  /** How long ago the thisUpdate of a CRL without nextUpdate may be; where this is absent, it must have one. */
  readonly maximumAgeMilliseconds?: number;
  readonly ignoreTimes: boolean;
  /** Absence from a CRL whose nextUpdate has passed counts too. */
  readonly allowStale?: boolean;
}

/** Looks certificates up in CRLs. What is wrong with a CRL is in the report and never thrown. */
export interface CrlCheck {
  lookUp(certificate: Certificate, issuer: Certificate): Promise<CrlReport>;
  /** The same for a serial number (hex of INTEGER contents), where the certificate itself is not at hand. */
  lookUpSerialNumber(serialNumber: string, issuer: Certificate): CrlReport;
  /** Why CRLs that were named were for none of the certificates so far, and no report has said so. */
  unused(): readonly Trouble[];
}

/** What a CRL, its signature verified, says of one serial number: without its other entries, which are many. */
export interface CrlSight {
  /** What messages call it. */
  readonly name: string;
  readonly thisUpdate: Date;
  readonly nextUpdate?: Date;
  readonly scope: CrlScope;
  readonly entry?: CrlEntry;
}

export function sightOf(name: string, crl: Crl, serialNumber: string): CrlSight {
  const { thisUpdate, nextUpdate, scope } = crl;
  return definedOnly({ name, thisUpdate, nextUpdate, scope, entry: crlEntryOf(crl, serialNumber) });
}

/** One issuer as a key of a map. */
export function keyOf(issuer: Certificate): string {
  return toHex(digest('sha256', issuer.der));
}

/** CRLs of a run that are kept for the certificates that come later; what was forgotten is read again. */
export function createCrlMemory(): BoundedMemory<Crl> {
  return createBoundedMemory(rememberedOctets);
}

const rememberedOctets = 256 * 1024 * 1024;

/** What a CRL takes in memory, about, by its own octets before it is read: an entry of 36 octets takes some 300. */
export function estimatedOctets(bytes: Uint8Array): number {
  return bytes.length * 9;
}

/** The same once it was read. */
export function octetsOf(crl: Crl): number {
  return crl.tbs.length + crl.entries.size * 300;
}

/**
 * The report of a CRL that lists this serial number; undefined where it does not, or as no longer revoked.
 *
 * @param newest the CRL itself, or the newest delta on it
 */
export function revokedReport(crl: CrlSight, newest: CrlSight): CrlReportOf<'revoked'> | undefined {
  const { entry } = crl;
  if (entry === undefined || entry.reason === 'removeFromCRL') return undefined;
  const revocation = definedOnly({ revocationTime: entry.revokedAt, revocationReason: entry.reason });
  return { kind: 'revoked', ...evidenceOf(crl), ...revocation, newest: evidenceOf(newest) };
}

export function evidenceOf({ name, thisUpdate, nextUpdate }: CrlSight): CrlEvidence {
  return definedOnly({ source: name, thisUpdate, nextUpdate });
}

/** Why absence from the CRL does not count at this time: an OcspError `crl-stale` or `crl-not-yet-valid`; undefined when it does. */
export function untimeliness(crl: CrlSight, times: CrlTimes): OcspError | undefined {
  const { name, thisUpdate, nextUpdate } = crl;
  const { skewMilliseconds: skew, maximumAgeMilliseconds: maximumAge } = times;
  const now = times.now.getTime();
  if (times.ignoreTimes) return undefined;
  if (thisUpdate.getTime() - skew > now) return notYetValid(name, crl, times.now);
  if (nextUpdate !== undefined) {
    if (times.allowStale === true) return undefined;
    return nextUpdate.getTime() + skew < now
      ? new OcspError('crl-stale', describeStaleness(name, nextUpdate))
      : undefined;
  }
  if (maximumAge !== undefined && now - thisUpdate.getTime() <= maximumAge) return undefined;
  const message = `the CRL ${name} is from ${formatTime(thisUpdate)} and does not say how long it is valid`;
  return new OcspError('crl-stale', message);
}

/** The next step by code, where the error's own one is for another command. */
export type CrlHints = Readonly<Partial<Record<OcspError['code'], string>>>;

/** The report of a CRL that does not help. Throws on what is not an OcspError, and an interrupt. */
export function unusable(error: unknown, hints: CrlHints): CrlReportOf<'unusable'> {
  if (!(error instanceof OcspError) || error.code === 'interrupted') throw error;
  const trouble = troubleOfError(error);
  return { kind: 'unusable', trouble: { ...trouble, hint: hints[error.code] ?? trouble.hint } };
}
