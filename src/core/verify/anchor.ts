import { isInValidity, isSelfIssued, type Certificate } from '../certificate/certificate.js';
import { bytesEqual } from '../bytes.js';
import { distinguishedNameToString, distinguishedNamesEqual } from '../certificate/distinguished-name.js';
import { authorityFailure, isIssuedBy, likelyIssuers, type IssuerOrigin } from '../certificate/issuance.js';
import { failure } from './failure.js';
import type { Failure } from './verdict.js';

export interface AnchorOptions {
  /** Trusted by the caller's word, self-signed or not. */
  readonly anchors: readonly Certificate[];
  /** Where intermediates may be found; nothing of them is trusted. */
  readonly untrusted: readonly Certificate[];
  /** The same from files of this machine, where an old CA may lack basicConstraints (see `IssuerOrigin`). */
  readonly local?: readonly Certificate[];
  readonly now: Date;
}

/** Chains are short; bounds on work against loops, crossed certificates and namesakes. */
const maximumDepth = 8;
const maximumSteps = 64;
const maximumChecks = 32;

/**
 * Whether a chain leads from this issuer to an anchor: every certificate issued by the next, in its validity at `now`,
 * its path length kept, no unknown critical extension (RFC 5280 §6.1 without name constraints and policies).
 *
 * @returns undefined when it is anchored, else the failure `issuer-not-anchored`
 */
export function anchorFailure(issuer: Certificate, options: AnchorOptions): Failure | undefined {
  const found = chainToAnchor(issuer, options);
  return 'failure' in found ? found.failure : undefined;
}

/** The certificates from above the issuer to an anchor, or why there are none. */
export type Anchoring = { readonly chain: readonly Certificate[] } | { readonly failure: Failure };

/** As {@link anchorFailure}, without a look at validity where there is no `now`; of a chain the certificates above the issuer. */
export function chainToAnchor(
  issuer: Certificate,
  { anchors, untrusted, local = [], now }: Omit<AnchorOptions, 'now'> & { readonly now: Date | undefined },
): Anchoring {
  let steps = 0;
  let checks = 0;
  const sources: readonly (readonly [IssuerOrigin, readonly Certificate[]])[] = [
    ['local', local],
    ['elsewhere', untrusted],
  ];
  const above = (certificate: Certificate, depth: number, authoritiesBelow: number): Certificate[] | undefined => {
    // RFC 5280 §4.2.1.9: the path length counts the CA certificates below, self-issued ones aside.
    const authorities = authoritiesBelow + (isSelfIssued(certificate) ? 0 : 1);
    if (anchors.some((anchor) => isSameAuthority(anchor, certificate))) return [];
    if (depth === maximumDepth || (steps += 1) > maximumSteps) return undefined;
    if (now !== undefined && !isInValidity(certificate, now)) return undefined;
    if (certificate.unknownCriticalExtensions.length > 0) return undefined;
    const mayIssue = (candidate: Certificate, origin: IssuerOrigin): boolean =>
      (candidate.pathLength === undefined || candidate.pathLength >= authorities) &&
      authorityFailure(candidate, origin) === undefined &&
      (checks += 1) <= maximumChecks &&
      isIssuedBy(certificate, candidate, origin);
    const anchor = likelyIssuers(certificate, anchors).find((candidate) => mayIssue(candidate, 'anchor'));
    if (anchor !== undefined) return [anchor];
    for (const [origin, candidates] of sources) {
      for (const candidate of likelyIssuers(certificate, candidates)) {
        const rest = mayIssue(candidate, origin) ? above(candidate, depth + 1, authorities) : undefined;
        if (rest !== undefined) return [candidate, ...rest];
      }
    }
    return undefined;
  };
  const chain = above(issuer, 0, 0);
  if (chain !== undefined) return { chain };
  const name = distinguishedNameToString(issuer.subject);
  const message = `no chain leads from the issuer ${name} to a trusted certificate`;
  return { failure: failure('issuer-not-anchored', message, { issuer: name }) };
}

/** One and the same CA: its certificate itself, or another one with its name and key. */
function isSameAuthority(a: Certificate, b: Certificate): boolean {
  return bytesEqual(a.publicKey.spki, b.publicKey.spki) && distinguishedNamesEqual(a.subject, b.subject);
}
