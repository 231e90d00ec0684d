import {
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
import { bytesEqual } from '../../core/bytes.js';
import { authorityFindings } from '../../core/issuance.js';
import { formatTime } from '../../core/time.js';
import { chainToAnchor, type Anchoring } from '../../core/verify/anchor.js';
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
  const anchoring = anchoringOf(issuer, options);
  if ('failure' in anchoring) return { ...verdict, kind: 'invalid', failure: anchoring.failure };
  const ofIssuers = [...issuerFindings(issuer, options.now), ...chainFindings(issuer, anchoring)];
  const anchored = { ...verdict, findings: [...verdict.findings, ...ofIssuers] };
  return options.server === undefined ? anchored : judgeForServer(anchored, options.server, bytes, options.now);
}

/** Why nothing that this issuer signed counts, a CRL neither: its chain reaches none of the anchors that were named. */
export function anchoringFailure(issuer: Certificate, options: VerifyStapleOptions): Failure | undefined {
  const anchoring = anchoringOf(issuer, options);
  return 'failure' in anchoring ? anchoring.failure : undefined;
}

/** The chain above the issuer; what --untrusted names comes from files of this machine. */
function anchoringOf(issuer: Certificate, { anchors, untrusted, now }: VerifyStapleOptions): Anchoring {
  if (anchors.length === 0) return { chain: [] };
  return chainToAnchor(issuer, { anchors, untrusted: [], local: untrusted, now });
}

/** What is to be said of the CAs above the issuer; what is to be said of the issuer itself comes with the verdict. */
export function chainFindings(
  issuer: Certificate,
  { chain }: Extract<Anchoring, { readonly chain: unknown }>,
): Finding[] {
  return chain.filter(({ der }) => !bytesEqual(der, issuer.der)).flatMap(authorityFindings);
}

function issuerFindings(issuer: Certificate, now: Date): Finding[] {
  if (issuer.notAfter >= now) return [];
  const name = distinguishedNameToString(issuer.subject);
  const message = `the issuer ${name} expired at ${formatTime(issuer.notAfter)}`;
  return [{ rule: 'issuer-expired', severity: 'warning', message, source: 'RFC 5280 §6.1.3 (a)(2)' }];
}
