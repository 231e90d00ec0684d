import {
  OcspError,
  defaultRefreshPolicy,
  distinguishedNameToString,
  type Certificate,
  type Finding,
  type Verdict,
} from '../core/index.js';
import { shownPath, type FilePath } from '../core/file-path.js';
import { readCertificateFile, type CertificateFile } from '../source/certificate-file.js';
import { unnamedCandidates, type IssuerFinder } from '../source/issuer-finder.js';
import { readResponseFile } from '../source/response-file.js';
import { staplePathFor } from '../store/staple-location.js';
import { revokedMarkPath } from '../store/staple-path.js';
import type { CrlReport } from './crl-check.js';
import { responderUrls } from './fetch-job.js';
import { explainMissingResponder } from './missing-responder.js';
import { nextRefreshOf, readStoredStaple } from './stored-staple.js';
import { troubleOfError, troubleOfFailure, type Trouble } from './trouble.js';
import { anchoringFailure, verdictOn } from './verdict-on.js';
import { reportOfError, reported, type VerifyReport, type VerifyStapleOptions } from './verify-report.js';

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
  const { response } = options;
  try {
    const file = await readCertificateFile(path);
    const report = await judgeStaple(file, issuers, options);
    const crl = await lookUpCrl(file, issuers, options);
    return crl === undefined ? report : { ...report, crl };
  } catch (error) {
    return reportOfError(error, { certificate: path, ...(response === undefined ? {} : { response }) });
  }
}

async function judgeStaple(
  file: CertificateFile,
  issuers: IssuerFinder,
  options: VerifyStapleOptions,
): Promise<VerifyReport> {
  const { path, certificate } = file;
  let { response } = options;
  try {
    const staple = staplePathFor(path, certificate, options.out);
    response ??= staple;
    const found = readResponseFile(response);
    if (found === undefined) return missingStaple(file, response, options.response !== undefined);
    const issuer = await issuerFor(file, issuers, options);
    const judged = verdictOn(found, { certificate }, issuer, options);
    const verdict = withRevokedMark(judged, staple, certificate, issuer, options);
    const nextRefresh = nextRefreshOf(verdict, certificate, defaultRefreshPolicy);
    const due = nextRefresh === undefined ? {} : { nextRefresh };
    return { certificate: path, response, noResponder: false, ...due, ...reported(verdict) };
  } catch (error) {
    return reportOfError(error, { certificate: path, ...(response === undefined ? {} : { response }) });
  }
}

/** Beside the staple, whatever became of that; of an issuer whose chain ends nowhere no CRL counts either. */
async function lookUpCrl(
  file: CertificateFile,
  issuers: IssuerFinder,
  options: VerifyStapleOptions,
): Promise<CrlReport | undefined> {
  if (options.crl === undefined) return undefined;
  try {
    const issuer = await issuerFor(file, issuers, options);
    const failure = anchoringFailure(issuer, options);
    if (failure !== undefined) return { kind: 'unusable', trouble: troubleOfFailure(failure) };
    return await options.crl.lookUp(file.certificate, issuer);
  } catch (error) {
    return { kind: 'unusable', trouble: troubleOfError(error) };
  }
}

/** The issuer among the local sources and the certificates of --untrusted and --ca. Throws OcspError `issuer-not-found`, `issuer-mismatch`. */
export async function issuerFor(
  file: CertificateFile,
  issuers: IssuerFinder,
  options: VerifyStapleOptions,
): Promise<Certificate> {
  const given = [...options.untrusted, ...options.anchors].map((certificate) => certificate.der);
  const found = (await issuers.findLocal(file)) ?? issuers.choose(file.certificate, given);
  if (found !== undefined) return found;
  const problem = issuers.keyProblem(file.certificate, [...(await unnamedCandidates(file)), ...given]);
  const name = distinguishedNameToString(file.certificate.issuer);
  const named = issuers.named.map((path) => `--issuer ${shownPath(path)} did not issue it`);
  const attempts = problem === undefined ? named : [problem, ...named];
  const tried = attempts.length > 0 ? ` (${attempts.join('; ')})` : '';
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
