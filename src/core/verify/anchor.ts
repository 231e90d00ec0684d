import { issuanceFailure, isInValidity, isSelfIssued, type Certificate } from '../certificate.js';
import { bytesEqual } from '../bytes.js';
import { distinguishedNameToString } from '../distinguished-name.js';
import { failure } from './failure.js';
import type { Failure } from './verdict.js';

export interface AnchorOptions {
  /** Trusted by the caller's word, self-signed or not. */
  readonly anchors: readonly Certificate[];
  /** Where intermediates may be found; nothing of them is trusted. */
  readonly untrusted: readonly Certificate[];
  readonly now: Date;
}

/** Chains are short; a bound on work against loops and crossed certificates. */
const maximumDepth = 8;
const maximumSteps = 64;

/**
 * Whether a chain leads from this issuer to an anchor: every certificate issued by the next, in its validity at `now`,
 * its path length kept, no unknown critical extension (RFC 5280 §6.1 without name constraints and policies).
 *
 * @returns undefined when it is anchored, else the failure `issuer-not-anchored`
 */
export function anchorFailure(issuer: Certificate, { anchors, untrusted, now }: AnchorOptions): Failure | undefined {
  let steps = 0;
  // RFC 5280 §4.2.1.9: the path length counts the CA certificates below, self-issued ones aside.
  const isAnchored = (certificate: Certificate, depth: number, authoritiesBelow: number): boolean => {
    const authorities = authoritiesBelow + (isSelfIssued(certificate) ? 0 : 1);
    if (anchors.some((anchor) => isSameAuthority(anchor, certificate))) return true;
    if (depth === maximumDepth || (steps += 1) > maximumSteps) return false;
    if (!isInValidity(certificate, now) || certificate.unknownCriticalExtensions.length > 0) return false;
    const mayIssue = (candidate: Certificate): boolean =>
      (candidate.pathLength === undefined || candidate.pathLength >= authorities) &&
      issuanceFailure(certificate, candidate) === undefined;
    if (anchors.some(mayIssue)) return true;
    return untrusted.some((candidate) => mayIssue(candidate) && isAnchored(candidate, depth + 1, authorities));
  };
  if (isAnchored(issuer, 0, 0)) return undefined;
  const name = distinguishedNameToString(issuer.subject);
  return failure('issuer-not-anchored', `no chain leads from the issuer ${name} to a trusted certificate`, {
    issuer: name,
  });
}

/** One and the same CA: its certificate itself, or another one with its name and key. */
function isSameAuthority(a: Certificate, b: Certificate): boolean {
  return bytesEqual(a.subject, b.subject) && bytesEqual(a.publicKey.spki, b.publicKey.spki);
}
