import {
  OcspError,
  alertTime,
  defaultRefreshPolicy,
  type BelievedEvidence,
  type Certificate,
  type Finding,
  type Verdict,
} from '../../core/index.js';
import { shownPath, type FilePath } from '../../core/file-path.js';
import { chooseIssuer } from '../../core/certificate/issuance.js';
import { configuredAs } from '../../servers/haproxy/configuration.js';
import { readCertificateFile, type CertificateFile } from '../../source/certificate-file.js';
import { errorOfSource } from '../../source/certificate-list.js';
import type { CertificatePath } from '../../source/certificate-paths.js';
import type { FoundIssuer, IssuerFinder } from '../../source/issuer-finder.js';
import { readResponseFile } from '../../source/response-file.js';
import { staplePathFor } from '../../store/staple-location.js';
import { readStapleNow } from '../../store/staple-file.js';
import { revokedMarkPath } from '../../store/staple-path.js';
import type { CrlReport } from '../crl-check.js';
import { lifeOf } from '../certificate-life.js';
import { responderUrls } from '../fetch/fetch-job.js';
import { readIssuerFile, staleIssuerFinding } from '../fetch/issuer-file.js';
import { windowOfVerdict } from '../fetch/staple-state.js';
import { judgeRevokedMark, nextRefreshOf } from '../fetch/stored-staple.js';
import { troubleOfError, troubleOfFailure } from '../trouble.js';
import {
  findingOfPlace,
  issuerTrouble,
  placeTrouble,
  signerTrouble,
  sizeTrouble,
  withBadFile,
} from './server-rules.js';
import { anchoringFailure, verdictOn } from './verdict-on.js';
import {
  noResponderNeeded,
  notJudged,
  reported,
  type FileReport,
  type Judgement,
  type VerifyReport,
  type VerifyStapleOptions,
} from './verify-report.js';
import { definedOnly } from '../../core/defined-only.js';

/** One certificate under verification. */
export interface Examination {
  readonly file: CertificateFile;
  readonly options: VerifyStapleOptions;
  /**
   * Among the local sources and the certificates of --untrusted and --ca, then those of a handshake. Throws OcspError
   * `issuer-not-found`, `issuer-mismatch`, `issuer-unsupported`.
   */
  readonly issuer: () => Promise<FoundIssuer>;
  readonly issuers: IssuerFinder;
}

/** @param sent by a server: they may hold the issuer */
export function examine(
  file: CertificateFile,
  issuers: IssuerFinder,
  options: VerifyStapleOptions,
  sent: readonly Certificate[] = [],
): Examination {
  let issuer: Promise<FoundIssuer> | undefined;
  return { file, options, issuers, issuer: () => (issuer ??= issuerOf(file, issuers, options, sent)) };
}

/**
 * Judges the staple of one certificate offline.
 *
 * @returns a report; what goes wrong with this certificate is in it and never thrown
 */
export async function verifyStaple(
  path: FilePath,
  issuers: IssuerFinder,
  options: VerifyStapleOptions,
): Promise<FileReport> {
  const { response } = options;
  try {
    const file = await readCertificateFile(path);
    const examination = examine(file, issuers, options);
    const ofStaple = await reportOfStaple(examination);
    const kept = await keptRevocation(examination);
    const report = withWarnings(file, kept === undefined ? ofStaple : reportOfKept(ofStaple, kept));
    const life = lifeOf(file.certificate);
    return { ...report, life, ...definedOnly({ crl: await lookUpCrl(examination) }) };
  } catch (error) {
    return { ...definedOnly({ certificate: path, response }), ...notJudged(error) };
  }
}

/** The report with what the reader should hear about the certificate's file. */
export function withWarnings<Report extends VerifyReport>({ warnings }: CertificateFile, report: Report): Report {
  return warnings.length === 0 ? report : { ...report, warnings };
}

/** The same for a certificate of a list, which may be a source that leads to no file. */
export async function verifyListed(
  { path, failure }: CertificatePath,
  issuers: IssuerFinder,
  options: VerifyStapleOptions,
): Promise<FileReport> {
  if (failure === undefined) return await verifyStaple(path, issuers, options);
  return { certificate: path, ...notJudged(errorOfSource(failure)) };
}

function reportOfKept(report: FileReport, kept: KeptRevocation): FileReport {
  if (report.verdict?.kind === 'revoked') return report;
  const { certificate } = report;
  return definedOnly({ certificate, response: kept.path, noResponder: false, verdict: verdictWithKept(report, kept) });
}

async function reportOfStaple({ file, options, issuer, issuers }: Examination): Promise<FileReport> {
  const { path, certificate } = file;
  let { response } = options;
  try {
    response ??= stapleOf(file, options);
    const found = readResponseFile(response);
    if (found === undefined) return missingStaple(file, response, options);
    const { certificate: itsIssuer, companions } = await issuer();
    const verdict = verdictOn(found, { certificate }, itsIssuer, withUntrusted(options, companions()));
    const nextRefresh = nextRefreshOf(verdict, certificate, defaultRefreshPolicy);
    const window = nextRefresh === undefined ? undefined : windowOfVerdict(verdict);
    const alertFrom = window === undefined ? undefined : alertTime(window, certificate);
    const { server } = options;
    const trouble =
      server === undefined || verdict.kind !== 'good'
        ? undefined
        : (issuerTrouble(server, file, issuers) ??
          signerTrouble(server, file, verdict, found) ??
          sizeTrouble(server, found) ??
          placeTrouble(server, path, response, options.haproxy));
    const origin = options.response === undefined ? 'staple' : 'named';
    const judgement: Judgement = trouble === undefined ? reported(verdict, origin) : { noResponder: false, trouble };
    const stale = issuers.choose(certificate, file.others) !== undefined && readIssuerFile(file) === 'unfit';
    const why = 'remove it, since the file of the certificate has its issuer';
    const findings = [
      stale ? staleIssuerFinding(file, why) : undefined,
      findingOfPlace(server, path, options.haproxy),
    ].filter((finding) => finding !== undefined);
    return {
      ...{ certificate: path, response, ...judgement },
      ...definedOnly({ nextRefresh, alertFrom, findings: findings.length === 0 ? undefined : findings }),
    };
  } catch (error) {
    return { ...definedOnly({ certificate: path, response }), ...notJudged(error) };
  }
}

/** Where the staple of a certificate is: where --out says, where haproxy reads it, or beside the certificate. */
function stapleOf({ path, certificate }: CertificateFile, { out, haproxy }: VerifyStapleOptions): FilePath {
  const read = haproxy === undefined ? [] : configuredAs(haproxy, path);
  return (
    (out === undefined ? read.find(({ staplePath }) => staplePath !== undefined)?.staplePath : undefined) ??
    staplePathFor(path, certificate, out)
  );
}

/** In addition to the staple, whatever became of that; of an issuer whose chain ends nowhere no CRL counts either. */
async function lookUpCrl({ file, options, issuer }: Examination): Promise<CrlReport | undefined> {
  if (options.crl === undefined) return undefined;
  try {
    const { certificate: itsIssuer, companions } = await issuer();
    const failure = anchoringFailure(itsIssuer, withUntrusted(options, companions()));
    if (failure !== undefined) return { kind: 'unusable', trouble: troubleOfFailure(failure) };
    return await options.crl.lookUp(file.certificate, itsIssuer);
  } catch (error) {
    return { kind: 'unusable', trouble: troubleOfError(error) };
  }
}

/** What stands beside the issuer in its file counts as --untrusted. */
export function withUntrusted(options: VerifyStapleOptions, more: readonly Certificate[]): VerifyStapleOptions {
  return more.length === 0 ? options : { ...options, untrusted: [...options.untrusted, ...more] };
}

async function issuerOf(
  file: CertificateFile,
  issuers: IssuerFinder,
  { untrusted, anchors, anchorFlag }: VerifyStapleOptions,
  sent: readonly Certificate[],
): Promise<FoundIssuer> {
  const given = await givenIssuer(file, issuers, { untrusted, anchors }, sent);
  if (given !== undefined) return given;
  throw await issuers.whyNone(file, {
    seen: [...untrusted, ...anchors, ...sent],
    hint: 'name the CA certificate with --issuer FILE, or save it beside the certificate as CERT.issuer',
    ...definedOnly({ anchorFlag }),
  });
}

/** The issuer without any traffic: among the local sources, --untrusted, --ca, and what a handshake `sent`. */
export async function givenIssuer(
  file: CertificateFile,
  issuers: IssuerFinder,
  { untrusted, anchors }: Pick<VerifyStapleOptions, 'untrusted' | 'anchors'>,
  sent: readonly Certificate[],
): Promise<FoundIssuer | undefined> {
  const { certificate } = file;
  const found = await issuers.findLocal(file);
  if (found !== undefined) return found;
  const given =
    chooseIssuer(certificate, untrusted, 'local') ??
    chooseIssuer(certificate, anchors, 'anchor') ??
    chooseIssuer(certificate, sent, 'elsewhere');
  if (given === undefined) return undefined;
  await issuers.claim(given);
  return { certificate: given, companions: () => [] };
}

/** The signed answer beside a staple that says that its certificate is revoked. */
export interface KeptRevocation {
  readonly path: FilePath;
  readonly verdict: Verdict & BelievedEvidence;
}

/**
 * What `fetch` has kept against this certificate, judged as `fetch` judges it, whatever became of the staple.
 *
 * @throws OcspError where there is something that cannot be judged: `file-unreadable`, and what finding the issuer can throw
 */
export async function keptRevocation({ file, options, issuer }: Examination): Promise<KeptRevocation | undefined> {
  const { certificate } = file;
  const path = revokedMarkPath(stapleOf(file, options));
  const found = readStapleNow(path);
  if (found.state !== 'present') return undefined;
  const { certificate: itsIssuer } = await issuer();
  const job = { certificate, issuer: itsIssuer, hash: 'sha1', ...options } as const;
  const verdict = judgeRevokedMark(found.bytes, job);
  return verdict === undefined ? undefined : { path, verdict };
}

/** The kept revocation instead of what was found of the staple: none that is older, missing or not believed ends it. */
export function verdictWithKept(
  { verdict: own, trouble, asked }: Pick<VerifyReport, 'verdict' | 'trouble' | 'asked'>,
  { path, verdict }: KeptRevocation,
): Verdict {
  if (own?.kind === 'revoked') return own;
  const other = own === undefined ? (trouble?.code ?? 'none') : 'failure' in own ? own.failure.code : own.kind;
  const source = asked === undefined ? 'the staple' : 'the responder now';
  const message = `the signed answer that fetch has kept, ${shownPath(path)}, says that the certificate is revoked (${source}: ${other})`;
  const finding: Finding = { rule: 'known-revoked', severity: 'error', message, source: 'restaple fetch' };
  return { ...verdict, findings: [finding, ...(own?.findings ?? [])] };
}

function missingStaple(
  file: CertificateFile,
  response: FilePath,
  { response: named, server }: VerifyStapleOptions,
): FileReport {
  const isNamed = named !== undefined;
  const { certificate } = file;
  const base = { certificate: file.path, response };
  if (!isNamed && !certificate.mustStaple && responderUrls(certificate, undefined).length === 0) {
    return { ...base, ...noResponderNeeded(certificate) };
  }
  const what = isNamed ? 'does not exist' : 'is not there: the certificate has no staple';
  const deed = server === undefined ? '' : `; ${withBadFile(server, 'missing')}`;
  const hint = isNamed ? 'check the path' : 'make one with: restaple fetch';
  const missing = new OcspError('response-missing', `${shownPath(response)} ${what}${deed}`, hint);
  return { ...base, ...notJudged(missing) };
}
