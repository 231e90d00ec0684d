import { OcspError, type Certificate } from '../core/index.js';
import { allReasons, crlReasons } from '../core/crl/crl-scope.js';
import { describeIncompleteness, describePartialPoint, describeScopeFailure } from '../source/crl-file.js';
import type { Trouble } from './trouble.js';
import {
  evidenceOf,
  revokedReport,
  untimeliness,
  unusable,
  type CrlHints,
  type CrlReport,
  type CrlReportOf,
  type CrlSight,
  type CrlTimes,
} from './crl-check.js';

/** What is asked: of which certificate, which may not be at hand, and when. */
export interface CrlQuestion {
  readonly certificate: Certificate | undefined;
  readonly times: CrlTimes;
  /** The next step for each trouble. */
  readonly hints: CrlHints;
}

/** What one file says, those beside it considered. */
type OneReport =
  | CrlReportOf<'revoked'>
  /** It does not list the certificate, which counts for these reasons: none of a delta, whose base counts. */
  | { readonly kind: 'silent'; readonly crl: CrlSight; readonly newest: CrlSight; readonly reasons: number }
  /** `isAside`: it is for other certificates, and they may be among those of the run. */
  | { readonly kind: 'unusable'; readonly trouble: Trouble; readonly isAside: boolean };

type OneReportOf<Kind extends OneReport['kind']> = Extract<OneReport, { readonly kind: Kind }>;

/** What these CRLs say together, each of the certificate's issuer or why it cannot be used; and of each why it is for none of this certificate. */
export function judgeCrls(
  crls: readonly (CrlSight | OcspError)[],
  question: CrlQuestion,
): { readonly report: CrlReport; readonly aside: readonly (Trouble | undefined)[] } {
  const each = judgeByFiles(crls, question);
  return {
    report: mergeReports(each, question),
    aside: each.map((one) => (one.kind === 'unusable' && one.isAside ? one.trouble : undefined)),
  };
}

/** What each of these files says of a certificate of their issuer, deltas applied to their base (RFC 5280 §5.2.4, §6.3.3). */
function judgeByFiles(files: readonly (CrlSight | OcspError)[], question: CrlQuestion): OneReport[] {
  const crls = files.filter((file): file is CrlSight => !(file instanceof OcspError));
  const chains = crls.filter((crl) => !isDelta(crl)).map((base) => chainOn(base, crls, question.times));
  return files.map((file) =>
    file instanceof OcspError
      ? unusableOne(file, file.code === 'crl-mismatch', question)
      : judgeFile(file, chains, question),
  );
}

/** A complete CRL and the deltas on it, the newest first: the newest that is there says until when all of it holds. */
type Chain = readonly [CrlSight, ...CrlSight[]];

/** Deltas of the same scope and key, each of which begins at or before what is there by then, and ends after it. */
function chainOn(base: CrlSight, crls: readonly CrlSight[], times: CrlTimes): Chain {
  const deltas = crls.filter((crl) => isDelta(crl) && crl.scope.key === base.scope.key);
  let chain: Chain = [base];
  let current = chain;
  for (const delta of deltas.sort((a, b) => (numberOf(a) < numberOf(b) ? -1 : 1))) {
    const reached = numberOf(chain[0]);
    if ((delta.scope.baseNumber ?? 0n) > reached || reached < 0n || numberOf(delta) <= reached) continue;
    chain = [delta, ...chain];
    if (untimeliness(delta, times) === undefined) current = chain;
  }
  return current;
}

/** A CRL without a number is not a base and goes on none. */
function numberOf({ scope }: CrlSight): bigint {
  return scope.number ?? -1n;
}

function isDelta({ scope }: CrlSight): boolean {
  return scope.baseNumber !== undefined;
}

function judgeFile(file: CrlSight, chains: readonly Chain[], question: CrlQuestion): OneReport {
  const { certificate, times } = question;
  const { scope } = file;
  const isApplied = isDelta(file) && chains.some((chain) => chain.includes(file));
  const layers = chains.find((chain) => chain.at(-1) === file) ?? [file];
  if (!isApplied) {
    const listing = layers.find(({ entry }) => entry !== undefined);
    const revoked = listing === undefined ? undefined : revokedReport(listing, layers[0]);
    if (revoked !== undefined) return revoked;
  }
  const notCovered = describeScopeFailure(scope, certificate, file.name);
  if (notCovered !== undefined) return unusableOne(new OcspError('crl-unsupported', notCovered), true, question);
  const untimely = isApplied ? undefined : untimeliness(layers[0], times);
  if (untimely !== undefined) return unusableOne(untimely, false, question);
  if (isDelta(file) && !isApplied && !chains.some((chain) => isBeyond(chain, file))) {
    return unusableOne(withoutBase(file), false, question);
  }
  return { kind: 'silent', crl: file, newest: layers[0], reasons: isDelta(file) ? 0 : reasonsOf(file, certificate) };
}

function reasonsOf({ scope }: CrlSight, certificate: Certificate | undefined): number {
  return certificate === undefined ? scope.reasons : crlReasons(scope, certificate);
}

/** Whether the chain has whatever the delta could say. */
function isBeyond([newest]: Chain, delta: CrlSight): boolean {
  return newest.scope.key === delta.scope.key && numberOf(newest) >= numberOf(delta) && numberOf(delta) >= 0n;
}

function withoutBase({ name, scope }: CrlSight): OcspError {
  const since = String(scope.baseNumber);
  const message = `the CRL ${name} is a delta CRL: it lists only what changed since CRL number ${since}, and no CRL at hand is its base`;
  return new OcspError('crl-unsupported', message);
}

/** What the files say together: the gravest counts. */
function mergeReports(reports: readonly OneReport[], question: CrlQuestion): CrlReport {
  const revoked = reports.find((report) => report.kind === 'revoked');
  if (revoked !== undefined) return revoked;
  const unusable = reports.filter((report) => report.kind === 'unusable');
  const faulty = unusable.filter(({ isAside }) => !isAside);
  if (faulty.length > 0) return unusableReport(faulty);
  const silent = reports.filter((report) => report.kind === 'silent').filter(({ reasons }) => reasons !== 0);
  const good = goodReport(silent);
  if (good !== undefined) return good;
  const parts = silent.flatMap(({ crl }) => {
    const message = describeIncompleteness(crl.scope, crl.name) ?? describePartialPoint(crl.name);
    return [unusableOne(new OcspError('crl-unsupported', message), false, question)];
  });
  return unusableReport([...parts, ...unusable]);
}

/** By one CRL that is for all reasons, or by all those for some: then until the first of them ends, and from the oldest on. */
function goodReport(silent: readonly OneReportOf<'silent'>[]): CrlReport | undefined {
  if (silent.reduce((all, { reasons }) => all | reasons, 0) !== allReasons) return undefined;
  const whole = silent.filter(({ reasons }) => reasons === allReasons).slice(0, 1);
  const counted = whole.length > 0 ? whole : silent;
  const [first] = counted.toSorted((a, b) => endOf(a.newest) - endOf(b.newest));
  const thisUpdate = new Date(Math.min(...counted.map(({ newest }) => newest.thisUpdate.getTime())));
  return first && { kind: 'good', ...evidenceOf(first.newest), thisUpdate };
}

function endOf({ nextUpdate }: CrlSight): number {
  return nextUpdate?.getTime() ?? Number.MAX_SAFE_INTEGER;
}

/** A CRL of another CA says least: it may have been named for other certificates. */
function unusableReport(found: readonly OneReportOf<'unusable'>[]): CrlReport {
  const rank = ({ code }: Trouble): number => Number(code === 'crl-mismatch');
  const [trouble, ...more] = found.map((one) => one.trouble).toSorted((a, b) => rank(a) - rank(b));
  if (trouble === undefined) return unusable(new OcspError('no-crl', 'no CRL was named'), {});
  return { kind: 'unusable', trouble, ...(more.length === 0 ? {} : { more }) };
}

/** `isAside` where it is for other certificates. */
function unusableOne(error: unknown, isAside: boolean, { hints }: CrlQuestion): OneReportOf<'unusable'> {
  return { ...unusable(error, hints), isAside };
}
