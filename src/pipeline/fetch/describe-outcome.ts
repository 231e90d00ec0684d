import { distinguishedNameToString, isBelieved, type Certificate, type Verdict } from '../../core/index.js';
import type { FilePath } from '../../core/file-path.js';
import { formatTime } from '../../core/time.js';
import type { CertificateFile } from '../../source/certificate-file.js';
import { judgeFor, type FetchOptions, type JudgedCertificate, type JudgingTools } from './fetch-job.js';
import { missingResponder } from './missing-responder.js';
import type { Outcome, OutcomeName } from './outcome.js';
import { revocationOf, revokedTrouble } from './revocation.js';
import { nextRefreshOf, readStoredStaple } from './stored-staple.js';
import { troubleOfOne, type Trouble } from '../trouble.js';
import { definedOnly } from '../../core/defined-only.js';

/** The outcome for a certificate: `verdict` is the one on the staple that is on disk by now. */
export function describeOutcome(
  judged: JudgedCertificate,
  outcome: OutcomeName,
  verdict: Verdict | undefined,
): Outcome {
  const nextRefresh = nextRefreshOf(verdict, judged.file.certificate, judged.options.refreshPolicy);
  const { issuer, now } = judged.judge;
  return definedOnly({
    certificate: judged.file.path,
    outcome,
    staple: judged.staple,
    written: false,
    verdict,
    nextRefresh,
    mustStaple: judged.file.certificate.mustStaple,
    warnings: issuer.notAfter < now ? [expiredIssuer(issuer)] : [],
    findings: [],
  });
}

function expiredIssuer({ subject, notAfter }: Certificate): string {
  return `the issuer ${distinguishedNameToString(subject)} expired at ${formatTime(notAfter)}`;
}

/** Nobody had to be asked. */
export function freshOutcome(judged: JudgedCertificate): Outcome {
  const { verdict } = judged.stored;
  if (verdict === undefined || !isBelieved(verdict) || verdict.kind !== 'revoked')
    return describeOutcome(judged, 'fresh', verdict);
  return { ...describeOutcome(judged, 'revoked', verdict), ...revocationOf(verdict), trouble: revokedTrouble(verdict) };
}

/** The certificate names no responder that HTTP reaches. */
export async function outcomeWithoutResponder(
  file: CertificateFile,
  staple: FilePath,
  options: FetchOptions,
  tools: JudgingTools,
): Promise<Outcome> {
  // A staple may be there all the same, say from `generate`; its verdict needs an issuer that lies at hand.
  const issuer = await tools.issuers.findLocal(file).catch(() => undefined);
  const judge = issuer === undefined ? undefined : judgeFor(file.certificate, issuer, options, tools.now());
  const stored = judge === undefined ? undefined : readStoredStaple(staple, judge);
  const verdict = stored?.verdict;
  const mark = stored?.revokedMark;
  return definedOnly({
    certificate: file.path,
    outcome: mark === undefined ? 'no-responder' : 'revoked',
    staple,
    written: false,
    verdict,
    // A revocation heard of by --url stands, whether this run has anybody to ask or not.
    ...(mark === undefined ? {} : revocationOf(mark)),
    trouble: missingResponder(file.certificate),
    mustStaple: file.certificate.mustStaple,
    warnings: [],
    findings: [],
  });
}

/** What a thrown error means for one certificate; `staple` where that is known. Rethrows `interrupted` and `usage`, which end the run. */
export function outcomeOfError(path: FilePath, staple: FilePath | undefined, error: unknown): Outcome {
  const trouble = troubleOfOne(error);
  return definedOnly({
    certificate: path,
    outcome: outcomeOfTrouble(trouble),
    staple,
    written: false,
    trouble,
    mustStaple: false,
    warnings: [],
    findings: [],
  });
}

/** Under which name a trouble ends. */
export function outcomeOfTrouble(trouble: Trouble): OutcomeName {
  if (trouble.kind === 'failure') return trouble.code === 'refused' ? 'unavailable' : 'invalid';
  if (trouble.kind === 'status') return trouble.code;
  if (trouble.kind === 'bug') return 'input-error';
  switch (trouble.errorKind) {
    case 'unavailable':
      return 'unavailable';
    case 'store':
      return 'store-error';
    case 'no-responder':
      return 'no-responder';
    default:
      return 'input-error';
  }
}
