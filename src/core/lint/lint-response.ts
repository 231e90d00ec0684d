import { certIdsEqual, type CertId } from '../cert-id.js';
import { decodeResponse, isResponse, type BasicResponse } from '../response.js';
import { authorizedSigner, type SignerOptions } from '../verify/authorized-signer.js';
import { certIdFor, statementFor, type Subject } from '../verify/statement.js';
import type { Finding } from '../verify/verdict.js';
import { encodingOf, hasResponseBytes } from './encoding.js';
import { lightweightRules } from './lightweight-rules.js';
import { protocolRules } from './protocol-rules.js';
import { lintProfiles, type LintProfile, type LintRule, type LintSubject } from './rule.js';
import { webRules } from './web-rules.js';

export interface LintOptions extends SignerOptions {
  readonly profile: LintProfile;
  readonly subject: Subject;
}

/** Every rule that a response is held to, by rule book. */
export const lintRules: readonly LintRule[] = [...protocolRules, ...lightweightRules, ...webRules];

const errorWithResponseBytes: Finding = {
  rule: 'error-with-response-bytes',
  severity: 'error',
  message: 'the refusal carries response bytes, which only a successful response may have',
  source: 'RFC 6960 §4.2.1',
};

/**
 * Holds an OCSP response to the rules of a profile, beyond what {@link verifyResponse} asks for belief: what its CA should
 * fix. Synchronous and pure.
 *
 * @param der exactly one OCSPResponse, believed or not
 * @returns a finding for each rule that is broken, in the order of the rule books; none for what cannot be decoded
 */
export function lintResponse(der: Uint8Array, options: LintOptions): Finding[] {
  const response = decodeResponse(der);
  if (!isResponse(response)) return [];
  if (response.status !== 'successful') return hasResponseBytes(der) ? [errorWithResponseBytes] : [];
  const subject = lookAt(der, response.basic, options);
  const findings: Finding[] = [];
  for (const { rule, severity, source, profile, check } of lintRules) {
    if (!isIn(profile, options.profile)) continue;
    const message = check(subject);
    if (message !== undefined) findings.push({ rule, severity, message, source });
  }
  return findings;
}

function lookAt(der: Uint8Array, basic: BasicResponse, options: LintOptions): LintSubject {
  const selected = statementFor(basic, options.subject, options.issuer);
  const signer = authorizedSigner(basic, options);
  return {
    basic,
    encoding: encodingOf(der),
    statement: 'statement' in selected ? selected.statement : undefined,
    statements: basic.responses.filter(({ certId }) => isAbout(certId, options)),
    certificate: 'certificate' in options.subject ? options.subject.certificate : undefined,
    signer: 'failure' in signer ? undefined : { kind: signer.responder.kind, certificate: signer.certificate },
    now: options.now,
  };
}

function isAbout(certId: CertId, { subject, issuer }: LintOptions): boolean {
  const expected = certIdFor(subject, issuer, certId.hashAlgorithm);
  return expected !== undefined && certIdsEqual(certId, expected);
}

function isIn(smallest: LintProfile, profile: LintProfile): boolean {
  return lintProfiles.indexOf(smallest) <= lintProfiles.indexOf(profile);
}
