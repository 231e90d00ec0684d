import {
  OcspError,
  anchorFailure,
  decodeResponse,
  defaultRefreshPolicy,
  distinguishedNameToString,
  isBelieved,
  isResponse,
  lintResponse,
  verifyResponse,
  type Certificate,
  type Failure,
  type Finding,
  type LintProfile,
  type OcspRequest,
  type Subject,
  type Verdict,
} from '../core/index.js';
import { certIdFor } from '../core/verify/statement.js';
import { isHashName } from '../core/cert-id.js';
import { shownPath, type FilePath } from '../core/file-path.js';
import { formatTime } from '../core/time.js';
import { readCertificateFile, type CertificateFile } from '../source/certificate-file.js';
import type { IssuerFinder } from '../source/issuer-finder.js';
import { readResponseFile } from '../source/response-file.js';
import { staplePathFor } from '../store/staple-location.js';
import { revokedMarkPath } from '../store/staple-path.js';
import { responderUrls } from './fetch-job.js';
import { explainMissingResponder } from './missing-responder.js';
import { judgeForServer, type StaplingServer } from './server-rules.js';
import { troubleOfError, troubleOfFailure, type Trouble } from './trouble.js';
import { nextRefreshOf, readStoredStaple } from './stored-staple.js';

/** The settings of a verification; durations in milliseconds. */
export interface VerifyStapleOptions {
  /** The response to judge; the certificate's staple when absent. */
  readonly response?: FilePath;
  readonly out?: string;
  readonly now: Date;
  readonly skewMilliseconds: number;
  readonly maximumAgeMilliseconds?: number;
  readonly ignoreTimes: boolean;
  /** Lower-case hex; a response without it fails. */
  readonly nonce?: string;
  readonly request?: OcspRequest;
  readonly trustedResponders: readonly Certificate[];
  /** Anchors for the chain above the issuer; the issuer is trusted as it is when there are none. */
  readonly anchors: readonly Certificate[];
  readonly untrusted: readonly Certificate[];
  /** Would this server take it, and serve it? */
  readonly server?: StaplingServer;
  /** Whose rules, beyond those of belief, the response is held to; none when absent. */
  readonly lint?: LintProfile;
}

/** What was found about one certificate and its response. */
export interface VerifyReport {
  readonly certificate?: FilePath;
  readonly response?: FilePath;
  /** Undefined where there is none: no staple is needed, or an error came first. */
  readonly verdict?: Verdict;
  readonly noResponder: boolean;
  /** When fetch would refresh the staple by its default policy. */
  readonly nextRefresh?: Date;
  readonly trouble?: Trouble;
  /** One verdict for each statement, where no single one was asked about. */
  readonly statements?: readonly Verdict[];
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
): Promise<VerifyReport> {
  let response = options.response;
  try {
    const file = await readCertificateFile(path);
    const staple = staplePathFor(path, file.certificate, options.out);
    response ??= staple;
    const found = readResponseFile(response, { isNamed: options.response !== undefined });
    if (found === undefined) return missingStaple(file, response, options.response !== undefined);
    const issuer = await issuerFor(file, issuers, options);
    const judged = verdictOn(found, { certificate: file.certificate }, issuer, options);
    const verdict = withRevokedMark(judged, staple, file.certificate, issuer, options);
    const nextRefresh = nextRefreshOf(verdict, file.certificate, defaultRefreshPolicy);
    const due = nextRefresh === undefined ? {} : { nextRefresh };
    return { certificate: path, response, noResponder: false, ...due, ...reported(verdict) };
  } catch (error) {
    return reportOfError(error, { certificate: path, ...(response === undefined ? {} : { response }) });
  }
}

/** Judges a response about a serial number of this issuer, or about all its statements, without a certificate at hand. */
export function verifyResponseFile(
  response: FilePath,
  issuer: Certificate,
  serialNumber: string | undefined,
  options: VerifyStapleOptions,
): VerifyReport {
  try {
    const bytes = readResponseFile(response);
    if (bytes === undefined)
      throw new OcspError('response-missing', `${shownPath(response)} does not exist`, 'check the path');
    if (serialNumber !== undefined) {
      return { response, noResponder: false, ...reported(verdictOn(bytes, { serialNumber }, issuer, options)) };
    }
    const statements = verdictsOnAll(bytes, issuer, options);
    const verdict = statements.reduce((a, b) => (gravityOf(b) > gravityOf(a) ? b : a));
    return { response, noResponder: false, ...reported(verdict), statements };
  } catch (error) {
    return reportOfError(error, { response });
  }
}

/** The verdict by these options, the chain above the issuer, the server's rules and the profile's included. */
export function verdictOn(
  bytes: Uint8Array,
  subject: Subject,
  issuer: Certificate,
  options: VerifyStapleOptions,
): Verdict {
  const verdict = trustVerdictOn(bytes, subject, issuer, options);
  const { lint: profile } = options;
  if (profile === undefined) return verdict;
  return {
    ...verdict,
    findings: [...verdict.findings, ...lintResponse(bytes, { ...options, subject, issuer, profile })],
  };
}

function trustVerdictOn(
  bytes: Uint8Array,
  subject: Subject,
  issuer: Certificate,
  options: VerifyStapleOptions,
): Verdict {
  const { nonce, request, maximumAgeMilliseconds, anchors, untrusted, now } = options;
  const verdict = verifyResponse(bytes, {
    subject,
    issuer,
    now,
    skewMilliseconds: options.skewMilliseconds,
    ignoreTimes: options.ignoreTimes,
    trustedResponders: options.trustedResponders,
    untrusted,
    ...(maximumAgeMilliseconds === undefined ? {} : { maximumAgeMilliseconds }),
    ...(nonce === undefined ? {} : { nonce: { value: nonce, required: true } }),
    ...(request === undefined ? {} : { request }),
  });
  if (!isBelieved(verdict)) return verdict;
  const failure = anchors.length === 0 ? undefined : anchorFailure(issuer, { anchors, untrusted, now });
  if (failure !== undefined) return { ...verdict, kind: 'invalid', failure };
  const anchored = { ...verdict, findings: [...verdict.findings, ...issuerFindings(issuer, now)] };
  return options.server === undefined ? anchored : judgeForServer(anchored, options.server, bytes, now);
}

function issuerFindings(issuer: Certificate, now: Date): Finding[] {
  if (issuer.notAfter >= now) return [];
  const name = distinguishedNameToString(issuer.subject);
  const message = `the issuer ${name} expired at ${formatTime(issuer.notAfter)}`;
  return [{ rule: 'issuer-expired', severity: 'warning', message, source: 'RFC 5280 §6.1.3 (a)(2)' }];
}

/** Every statement by itself; one of another issuer is not ours to judge. */
function verdictsOnAll(
  bytes: Uint8Array,
  issuer: Certificate,
  options: VerifyStapleOptions,
): readonly [Verdict, ...Verdict[]] {
  const response = decodeResponse(bytes);
  const statements = isResponse(response) && response.status === 'successful' ? response.basic.responses : [];
  const serialNumbers = new Set<string>();
  const verdicts: Verdict[] = [];
  for (const { certId } of statements) {
    const { hashAlgorithm, serialNumber } = certId;
    const ours = isHashName(hashAlgorithm) ? certIdFor({ serialNumber }, issuer, hashAlgorithm) : undefined;
    if (ours?.issuerNameHash === certId.issuerNameHash && ours.issuerKeyHash === certId.issuerKeyHash) {
      if (serialNumbers.has(serialNumber)) continue;
      serialNumbers.add(serialNumber);
      verdicts.push(verdictOn(bytes, { serialNumber }, issuer, options));
    } else {
      verdicts.push(ofAnotherIssuer(serialNumber));
    }
  }
  const [first, ...rest] = verdicts;
  // Without a statement any serial number gives the verdict: malformed, refused, or no statement.
  return first === undefined ? [verdictOn(bytes, { serialNumber: '00' }, issuer, options)] : [first, ...rest];
}

function ofAnotherIssuer(serialNumber: string): Verdict {
  const message = `the response speaks of serial number ${serialNumber} of another issuer`;
  const failure: Failure = { code: 'cert-id-mismatch', message, values: { serialNumber } };
  return { kind: 'invalid', failure, findings: [] };
}

/** In the order of the exit codes: revoked, not believed, unknown, outside its validity, refused, good. */
function gravityOf(verdict: Verdict): number {
  switch (verdict.kind) {
    case 'revoked':
      return 5;
    case 'invalid':
      return isOutsideValidity(verdict.failure) ? 2 : 4;
    case 'unknown':
      return 3;
    case 'refused':
      return 1;
    case 'good':
      return 0;
  }
}

function isOutsideValidity({ code }: Failure): boolean {
  return ['expired', 'not-yet-valid', 'no-next-update', 'too-old', 'too-short', 'older-than-stored'].includes(code);
}

/** The issuer among the local sources and the certificates of --untrusted and --ca. Throws OcspError `issuer-not-found`, `issuer-mismatch`. */
export async function issuerFor(
  file: CertificateFile,
  issuers: IssuerFinder,
  options: VerifyStapleOptions,
): Promise<Certificate> {
  const found =
    (await issuers.findLocal(file)) ??
    issuers.choose(
      file.certificate,
      [...options.untrusted, ...options.anchors].map((certificate) => certificate.der),
    );
  if (found !== undefined) return found;
  const name = distinguishedNameToString(file.certificate.issuer);
  const named = issuers.named.map((path) => `--issuer ${shownPath(path)} did not issue it`);
  const tried = named.length > 0 ? ` (${named.join('; ')})` : '';
  throw new OcspError(
    'issuer-not-found',
    `${shownPath(file.path)}: the issuer ${name} is not to be found${tried}`,
    'name the CA certificate with --issuer FILE, or save it beside the certificate as CERT.issuer',
  );
}

/** A good staple on disk says nothing of a revocation that came after it, but the kept answer does. */
function withRevokedMark(
  verdict: Verdict,
  staple: FilePath,
  certificate: Certificate,
  issuer: Certificate,
  options: VerifyStapleOptions,
): Verdict {
  const { revokedMark } = readStoredStaple(staple, { certificate, issuer, hash: 'sha1', ...options });
  if (revokedMark === undefined || verdict.kind === 'revoked') return verdict;
  const message = `a newer signed answer says that the certificate is revoked: ${shownPath(revokedMarkPath(staple))}`;
  const finding: Finding = { rule: 'known-revoked', severity: 'error', message, source: 'restaple fetch' };
  return { ...verdict, findings: [...verdict.findings, finding] };
}

function missingStaple(file: CertificateFile, response: FilePath, isNamed: boolean): VerifyReport {
  const { certificate } = file;
  const base = { certificate: file.path, response };
  if (!isNamed && responderUrls(certificate, undefined).length === 0) {
    const { message, hint } = explainMissingResponder(certificate);
    const trouble: Trouble = { kind: 'error', errorKind: 'no-responder', code: 'no-responder', message, hint };
    if (!certificate.mustStaple) return { ...base, noResponder: true, trouble };
  }
  const what = isNamed ? 'does not exist' : 'is not there: the certificate has no staple';
  const hint = isNamed ? 'check the path' : 'make one with: restaple fetch';
  const missing = new OcspError('response-missing', `${shownPath(response)} ${what}`, hint);
  return { ...base, noResponder: false, trouble: troubleOfError(missing) };
}

function reported(verdict: Verdict): Pick<VerifyReport, 'verdict' | 'trouble'> {
  return isBelieved(verdict) ? { verdict } : { verdict, trouble: troubleOfFailure(verdict.failure) };
}

function reportOfError(error: unknown, paths: Pick<VerifyReport, 'certificate' | 'response'>): VerifyReport {
  const trouble = troubleOfError(error);
  if (trouble.kind === 'error' && trouble.errorKind === 'usage') throw error;
  return { ...paths, noResponder: false, trouble };
}
