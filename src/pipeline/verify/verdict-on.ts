import {
  anchorFailure,
  distinguishedNameToString,
  isBelieved,
  lintResponse,
  verifyResponse,
  type Certificate,
  type Failure,
  type Finding,
  type Subject,
  type Verdict,
} from '../../core/index.js';
import { formatTime } from '../../core/time.js';
import { judgeForServer } from './server-rules.js';
import type { VerifyStapleOptions } from './verify-report.js';

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
  const { nonce, ...settings } = options;
  const expected = nonce === undefined ? {} : { nonce: { value: nonce, required: true } };
  const verdict = verifyResponse(bytes, { ...settings, subject, issuer, ...expected });
  if (!isBelieved(verdict)) return verdict;
  const failure = anchoringFailure(issuer, options);
  if (failure !== undefined) return { ...verdict, kind: 'invalid', failure };
  const anchored = { ...verdict, findings: [...verdict.findings, ...issuerFindings(issuer, options.now)] };
  return options.server === undefined ? anchored : judgeForServer(anchored, options.server, bytes, options.now);
}

/** Why nothing that this issuer signed counts, a CRL neither: its chain reaches none of the anchors that were named. */
export function anchoringFailure(issuer: Certificate, options: VerifyStapleOptions): Failure | undefined {
  return options.anchors.length === 0 ? undefined : anchorFailure(issuer, options);
}

function issuerFindings(issuer: Certificate, now: Date): Finding[] {
  if (issuer.notAfter >= now) return [];
  const name = distinguishedNameToString(issuer.subject);
  const message = `the issuer ${name} expired at ${formatTime(issuer.notAfter)}`;
  return [{ rule: 'issuer-expired', severity: 'warning', message, source: 'RFC 5280 §6.1.3 (a)(2)' }];
}
