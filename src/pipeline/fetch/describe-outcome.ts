import { distinguishedNameToString, isBelieved, type Certificate, type OcspErrorKind } from '../../core/index.js';
import type { FilePath } from '../../core/file-path.js';
import { authorityFindings } from '../../core/certificate/issuance.js';
import { formatTime } from '../../core/time.js';
import type { CertificateFile } from '../../source/certificate-file.js';
import { lifeFindings } from '../certificate-life.js';
import { judgeFor, type FetchOptions, type JudgedCertificate, type JudgingTools } from './fetch-job.js';
import { missingResponder } from './missing-responder.js';
import type { Ending, FailedAttempt, FailedName, Outcome } from './outcome.js';
import { revokedEnding, revokedTrouble } from './revocation.js';
import { nextRefreshOf, readStoredStaple } from './stored-staple.js';
import { troubleOfOne, type Trouble } from '../trouble.js';
import { definedOnly } from '../../core/defined-only.js';

/** What is told of a certificate with which nothing was done yet. */
const unchanged = { written: false, warnings: [], findings: [] } as const;

/** The outcome for a certificate: `verdict` is the one on the staple that is on disk by now. */
export function describeOutcome(
  { file, staple, judge: { issuer, now }, stored, options }: JudgedCertificate,
  ending: Ending,
  verdict = stored.verdict,
): Outcome {
  const { certificate } = file;
  return {
    certificate: file.path,
    staple,
    written: false,
    verdict,
    nextRefresh: nextRefreshOf(verdict, certificate, options.refreshPolicy),
    certificateNotAfter: certificate.notAfter,
    mustStaple: certificate.mustStaple,
    warnings: issuer.notAfter < now ? [...file.warnings, expiredIssuer(issuer)] : file.warnings,
    findings: [...lifeFindings(certificate, now), ...authorityFindings(issuer)],
    ...ending,
  };
}

function factsOf(certificate: Certificate, now: Date) {
  const { mustStaple, notAfter } = certificate;
  return { mustStaple, certificateNotAfter: notAfter, findings: lifeFindings(certificate, now) };
}

function expiredIssuer({ subject, notAfter }: Certificate): string {
  return `the issuer ${distinguishedNameToString(subject)} expired at ${formatTime(notAfter)}`;
}

/** Nobody had to be asked. */
export function freshOutcome(judged: JudgedCertificate): Outcome {
  const { verdict } = judged.stored;
  return verdict !== undefined && isBelieved(verdict) && verdict.kind === 'revoked'
    ? describeOutcome(judged, revokedEnding(verdict, revokedTrouble(verdict)))
    : describeOutcome(judged, { outcome: 'fresh' });
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
  const now = tools.now();
  const judge = issuer === undefined ? undefined : judgeFor(file.certificate, issuer.certificate, options, now);
  const isFile = options.withoutFile !== true;
  const { verdict, revokedMark } = judge === undefined || !isFile ? {} : readStoredStaple(staple, judge);
  const trouble = missingResponder(file.certificate);
  return {
    ...definedOnly({ certificate: file.path, staple, verdict }),
    ...unchanged,
    ...factsOf(file.certificate, now),
    warnings: file.warnings,
    // A revocation learned by --url stands, whether this run has anybody to ask or not.
    ...(revokedMark === undefined ? failedEnding({ trouble }) : revokedEnding(revokedMark, trouble)),
  };
}

/** What a thrown error means for one certificate, as far as that is known. Rethrows `interrupted` and `usage`, which end the run. */
export function outcomeOfError(
  path: FilePath,
  {
    staple,
    file,
    now,
  }: { readonly staple?: FilePath | undefined; readonly file?: CertificateFile | undefined; readonly now: Date },
  error: unknown,
): Outcome {
  return {
    ...definedOnly({ certificate: path, staple }),
    ...failedEnding({ trouble: troubleOfOne(error) }),
    ...unchanged,
    ...(file === undefined ? { mustStaple: false } : factsOf(file.certificate, now)),
  };
}

const outcomesOfErrors: Readonly<Partial<Record<OcspErrorKind, FailedName>>> = {
  unavailable: 'unavailable',
  store: 'store-error',
  'no-responder': 'no-responder',
};

/** The outcome that a trouble leads to. */
export function outcomeOfTrouble(trouble: Trouble): FailedName {
  if (trouble.kind === 'failure') return trouble.code === 'refused' ? 'unavailable' : 'invalid';
  return (trouble.kind === 'error' ? outcomesOfErrors[trouble.errorKind] : undefined) ?? 'input-error';
}

/** The staple on disk is left as it was, and the trouble is told. */
export function failedEnding(attempt: FailedAttempt): Ending {
  return { outcome: outcomeOfTrouble(attempt.trouble), ...attempt };
}
