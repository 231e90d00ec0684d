import type { Certificate } from '../certificate/certificate.js';
import type { BasicResponse, SingleResponse } from '../response.js';
import type { Finding, Responder } from '../verify/verdict.js';
import type { Encoding } from './encoding.js';

/**
 * The rule books that a response may be held to, each with all of the one before: `private` is RFC 6960 with what a client
 * of any PKI trips over, `rfc` adds the profile for high volume (RFC 9919), `web` the Baseline Requirements of the
 * CA/Browser Forum and the root program of Microsoft.
 */
export const lintProfiles = ['private', 'rfc', 'web'] as const;

export type LintProfile = (typeof lintProfiles)[number];

/** What there is to look at. */
export interface LintSubject {
  readonly basic: BasicResponse;
  readonly encoding: Encoding;
  /** What counts of what it says of the certificate; undefined where it speaks of others only. */
  readonly statement: SingleResponse | undefined;
  /** All that it says of the certificate, in CertIDs of any hash. */
  readonly statements: readonly SingleResponse[];
  /** Undefined where only its serial number is at hand. */
  readonly certificate: Certificate | undefined;
  /** Undefined where nobody who may sign has signed. */
  readonly signer: { readonly kind: Responder['kind']; readonly certificate: Certificate } | undefined;
  readonly now: Date;
}

/** One rule: what it is called, how grave a breach is, and where it stands. */
export interface LintRule extends Pick<Finding, 'rule' | 'severity' | 'source'> {
  /** The smallest profile that has it. */
  readonly profile: LintProfile;
  /** What is wrong, as a sentence for people; undefined where nothing is. */
  readonly check: (subject: LintSubject) => string | undefined;
}

type RuleMaker = (rule: string, source: string, check: LintRule['check']) => LintRule;

/** What makes the rules that this profile is the smallest to have, by how grave a breach is. */
export function ruleMakers(profile: LintProfile): Readonly<Record<Finding['severity'], RuleMaker>> {
  const ofSeverity =
    (severity: Finding['severity']): RuleMaker =>
    (rule, source, check) => ({ rule, severity, profile, source, check });
  return { info: ofSeverity('info'), warning: ofSeverity('warning'), error: ofSeverity('error') };
}

/** In milliseconds. */
export const second = 1000;
export const hour = 3600 * second;
export const day = 24 * hour;
