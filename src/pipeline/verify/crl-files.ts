import { OcspError, type Certificate } from '../../core/index.js';
import { allReasons } from '../../core/crl-scope.js';
import { crlEntryOf } from '../../core/crl.js';
import { shownPath, type FilePath } from '../../core/file-path.js';
import { describeIncompleteness, describeScopeFailure, readCrlFile, signedCrlFrom } from '../../source/crl-file.js';
import {
  evidenceOf,
  keyOf,
  revokedReport,
  untimeliness,
  unusable,
  type CrlCheck,
  type CrlHints,
  type CrlReport,
  type CrlReportOf,
  type CrlTimes,
  type NamedCrl,
} from './crl-check.js';
import type { Trouble } from '../trouble.js';

/**
 * A check against the CRLs in these files: all that the certificate's issuer signed, deltas applied to their base. What
 * one of them lists is revoked; their silence counts where it is current, for this certificate and for all reasons
 * together, and none of the files is unusable or unreadable.
 */
export function checkByCrlFiles(paths: readonly FilePath[], times: CrlTimes): CrlCheck {
  const files = paths.map((path) => ({ name: shownPath(path), bytes: attempt(() => readCrlFile(path)) }));
  const known = new Map<string, readonly (NamedCrl | OcspError)[]>();
  /** By the place of the file: why it was for none so far, and whether it was for any. */
  const aside = new Map<number, Trouble>();
  const heard = new Set<number>();
  const crlsOf = (issuer: Certificate): readonly (NamedCrl | OcspError)[] => {
    const key = keyOf(issuer);
    const found =
      known.get(key) ??
      files.map(({ name, bytes }) =>
        bytes instanceof OcspError ? bytes : attempt(() => ({ name, crl: signedCrlFrom(bytes, name, issuer) })),
      );
    known.set(key, found);
    return found;
  };
  const report = (serialNumber: string, issuer: Certificate, certificate?: Certificate): CrlReport => {
    const found = judgeByFiles(crlsOf(issuer), { serialNumber, certificate, times });
    const merged = mergeReports(found);
    const told = merged.kind === 'unusable' ? [merged.trouble, ...(merged.more ?? [])] : [];
    for (const [index, one] of found.entries()) {
      if (one.kind === 'unusable' && one.isAside && !told.includes(one.trouble)) aside.set(index, one.trouble);
      else heard.add(index);
    }
    return merged;
  };
  return {
    lookUp: (certificate, issuer) => Promise.resolve(report(certificate.serialNumber, issuer, certificate)),
    lookUpSerialNumber: report,
    unused: () => [...aside].flatMap(([index, trouble]) => (heard.has(index) ? [] : [trouble])),
  };
}

function attempt<Result>(read: () => Result): Result | OcspError {
  try {
    return read();
  } catch (error) {
    if (error instanceof OcspError) return error;
    throw error;
  }
}

/** What is asked: of which certificate, which may not be at hand, and when. */
interface Question {
  readonly serialNumber: string;
  readonly certificate: Certificate | undefined;
  readonly times: CrlTimes;
}

/** What one file says, those beside it considered. */
type FileReport =
  | CrlReportOf<'revoked'>
  /** It does not list the certificate, which counts for these reasons: none of a delta, whose base counts. */
  | { readonly kind: 'silent'; readonly crl: NamedCrl; readonly newest: NamedCrl; readonly reasons: number }
  /** `isAside`: it is for other certificates, and they may be among those of the run. */
  | { readonly kind: 'unusable'; readonly trouble: Trouble; readonly isAside: boolean };

type FileReportOf<Kind extends FileReport['kind']> = Extract<FileReport, { readonly kind: Kind }>;

/** What each of these files says of a certificate of their issuer, deltas applied to their base (RFC 5280 §5.2.4, §6.3.3). */
function judgeByFiles(files: readonly (NamedCrl | OcspError)[], question: Question): FileReport[] {
  const crls = files.filter((file): file is NamedCrl => !(file instanceof OcspError));
  const chains = crls.filter((crl) => !isDelta(crl)).map((base) => chainOn(base, crls, question.times));
  return files.map((file) =>
    file instanceof OcspError ? unusableFile(file, file.code === 'crl-mismatch') : judgeFile(file, chains, question),
  );
}

/** A complete CRL and the deltas on it, the newest first: the newest that is there says until when all of it holds. */
type Chain = readonly [NamedCrl, ...NamedCrl[]];

/** Deltas of the same scope and key, each of which begins at or before what is there by then, and ends after it. */
function chainOn(base: NamedCrl, crls: readonly NamedCrl[], times: CrlTimes): Chain {
  const deltas = crls.filter((crl) => isDelta(crl) && crl.crl.scope.key === base.crl.scope.key);
  let chain: Chain = [base];
  let current = chain;
  for (const delta of deltas.sort((a, b) => (numberOf(a) < numberOf(b) ? -1 : 1))) {
    const reached = numberOf(chain[0]);
    if ((delta.crl.scope.baseNumber ?? 0n) > reached || reached < 0n || numberOf(delta) <= reached) continue;
    chain = [delta, ...chain];
    if (untimeliness(delta, times) === undefined) current = chain;
  }
  return current;
}

/** A CRL without a number is no base and goes on none. */
function numberOf({ crl }: NamedCrl): bigint {
  return crl.scope.number ?? -1n;
}

function isDelta({ crl }: NamedCrl): boolean {
  return crl.scope.baseNumber !== undefined;
}

function judgeFile(file: NamedCrl, chains: readonly Chain[], question: Question): FileReport {
  const { serialNumber, certificate, times } = question;
  const { scope } = file.crl;
  const isApplied = isDelta(file) && chains.some((chain) => chain.includes(file));
  const layers = chains.find((chain) => chain.at(-1) === file) ?? [file];
  if (!isApplied) {
    const listing = layers.find(({ crl }) => crlEntryOf(crl, serialNumber) !== undefined);
    const revoked = listing === undefined ? undefined : revokedReport(listing, serialNumber);
    if (revoked !== undefined) return revoked;
  }
  const notCovered = describeScopeFailure(scope, certificate, file.name);
  if (notCovered !== undefined) return unusableFile(new OcspError('crl-unsupported', notCovered), true);
  const untimely = isApplied ? undefined : untimeliness(layers[0], times);
  if (untimely !== undefined) return unusableFile(untimely, false);
  if (isDelta(file) && !isApplied && !chains.some((chain) => isBeyond(chain, file))) {
    return unusableFile(withoutBase(file), false);
  }
  return { kind: 'silent', crl: file, newest: layers[0], reasons: isDelta(file) ? 0 : scope.reasons };
}

/** Whether the chain has whatever the delta could say. */
function isBeyond([newest]: Chain, delta: NamedCrl): boolean {
  return newest.crl.scope.key === delta.crl.scope.key && numberOf(newest) >= numberOf(delta) && numberOf(delta) >= 0n;
}

function withoutBase({ name, crl }: NamedCrl): OcspError {
  const since = String(crl.scope.baseNumber);
  const message = `the CRL ${name} is a delta CRL: it lists only what changed since CRL number ${since}, and no CRL that was named is its base`;
  return new OcspError('crl-unsupported', message);
}

/** What the files say together: the gravest. */
function mergeReports(reports: readonly FileReport[]): CrlReport {
  const revoked = reports.find((report) => report.kind === 'revoked');
  if (revoked !== undefined) return revoked;
  const unusable = reports.filter((report) => report.kind === 'unusable');
  const faulty = unusable.filter(({ isAside }) => !isAside);
  if (faulty.length > 0) return unusableReport(faulty);
  const silent = reports.filter((report) => report.kind === 'silent').filter(({ reasons }) => reasons !== 0);
  if (silent.reduce((all, { reasons }) => all | reasons, 0) === allReasons) return goodReport(silent);
  const parts = silent.flatMap(({ crl }) => {
    const message = describeIncompleteness(crl.crl.scope, crl.name);
    return message === undefined ? [] : [unusableFile(new OcspError('crl-unsupported', message), false)];
  });
  return unusableReport([...parts, ...unusable]);
}

/** By one CRL that is for all reasons, or by all those for some: then by the one that ends first. */
function goodReport(silent: readonly FileReportOf<'silent'>[]): CrlReport {
  const whole = silent.filter(({ reasons }) => reasons === allReasons).slice(0, 1);
  const [first] = (whole.length > 0 ? whole : silent).toSorted((a, b) => endOf(a.newest) - endOf(b.newest));
  if (first === undefined) return { kind: 'none', schemes: [] };
  return { kind: 'good', ...evidenceOf(first.newest) };
}

function endOf({ crl }: NamedCrl): number {
  return crl.nextUpdate?.getTime() ?? Number.MAX_SAFE_INTEGER;
}

/** That a CRL is another CA's says least: it may have been named for other certificates. */
function unusableReport(found: readonly FileReportOf<'unusable'>[]): CrlReport {
  const rank = ({ code }: Trouble): number => Number(code === 'crl-mismatch');
  const [trouble, ...more] = found.map((one) => one.trouble).toSorted((a, b) => rank(a) - rank(b));
  if (trouble === undefined) return { kind: 'none', schemes: [] };
  return { kind: 'unusable', trouble, ...(more.length === 0 ? {} : { more }) };
}

const hintsForFiles: CrlHints = {
  'crl-mismatch': 'name the CRL of the CA that issued the certificate; --crl may be given once for each CA',
  'crl-unsupported':
    'name the complete CRL of the CA, or have the one that the certificate names downloaded: --crl auto',
  'crl-stale': 'get the current CRL; what this one lists counts, its silence does not (without nextUpdate: --max-age)',
  'crl-not-yet-valid': 'check this clock (timedatectl), then the one of the CA',
};

/** The same for a file that was named; `isAside` where it is for other certificates. */
function unusableFile(error: unknown, isAside: boolean): FileReportOf<'unusable'> {
  return { ...unusable(error, hintsForFiles), isAside };
}
