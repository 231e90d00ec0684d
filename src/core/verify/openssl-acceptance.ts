import { decodeCertificate, isInValidity, isSelfIssued, type Certificate } from '../certificate/certificate.js';
import { toHex } from '../bytes.js';
import { digest, isHashName } from '../hash.js';
import { checkSignature } from '../keys/signature.js';
import { Oid } from '../oid.js';
import { unlessOcspError } from '../ocsp-error.js';
import type { BasicResponse } from '../response.js';
import { chainToAnchor } from './anchor.js';
import { identifies } from './authorized-signer.js';

/** What the caller leaves out of openssl's checks, by the names of the options of `openssl ocsp`. */
export type OpensslException =
  | 'trust_other'
  | 'no_intern'
  | 'no_signature_verify'
  | 'no_cert_verify'
  | 'no_chain'
  | 'no_cert_checks'
  | 'no_explicit';

export interface OpensslTrust {
  /** Where chains may end. */
  readonly trusted: readonly Certificate[];
  /** A chain may end at any trusted certificate, not only at a root. */
  readonly partialChain: boolean;
  /** When every certificate of the chain has to be in its validity; undefined where that is not looked at. */
  readonly at: Date | undefined;
}

/** Why openssl does not accept a response: its own words for the reason, and for what lies behind it. */
export interface OpensslRefusal {
  readonly reason:
    | 'signer certificate not found'
    | 'signature failure'
    | 'certificate verify error'
    | 'missing ocspsigning usage'
    | 'root ca not trusted'
    | 'response contains no revocation data';
  readonly detail?: string;
}

/**
 * Whether `openssl ocsp` accepts a response. It differs from RFC 6960 §4.2.2.2, and from `verifyResponse`: the signer's chain
 * must reach a trusted root, its CA is told by the hashes of the CertIDs, and the caller may leave each check out.
 *
 * @param others certificates among which the signer is looked for first; they are trusted with `trust_other`
 * @returns nothing where it is accepted
 */
export function opensslRefusals(
  basic: BasicResponse,
  others: readonly Certificate[],
  trust: OpensslTrust,
  exceptions: ReadonlySet<OpensslException>,
): readonly OpensslRefusal[] {
  const embedded = exceptions.has('no_intern') && exceptions.has('no_chain') ? [] : embeddedIn(basic);
  const known = others.find((other) => identifies(basic.responderId, other));
  const inside = exceptions.has('no_intern') ? undefined : embedded.find((one) => identifies(basic.responderId, one));
  const signer = known ?? inside;
  if (signer === undefined) return [{ reason: 'signer certificate not found' }];
  if (!exceptions.has('no_signature_verify')) {
    const found = checkSignature(basic.signatureAlgorithm, basic.signature, basic.tbs, signer.publicKey);
    if (found !== undefined) return [{ reason: 'signature failure', detail: found }];
  }
  const isTrusted = known !== undefined && exceptions.has('trust_other');
  if (isTrusted || exceptions.has('no_cert_verify')) return [];
  return chainRefusals(basic, signer, exceptions.has('no_chain') ? [] : [...embedded, ...others], trust, exceptions);
}

function chainRefusals(
  basic: BasicResponse,
  signer: Certificate,
  untrusted: readonly Certificate[],
  trust: OpensslTrust,
  exceptions: ReadonlySet<OpensslException>,
): readonly OpensslRefusal[] {
  const chain = chainOf(signer, untrusted, trust);
  if ('reason' in chain) return [chain];
  if (exceptions.has('no_cert_checks')) return [];
  if (basic.responses.length === 0) return [{ reason: 'response contains no revocation data' }];
  const [above] = chain.chain;
  const missing: OpensslRefusal[] = [];
  if (above !== undefined && isIssuerOfAll(above, basic)) {
    if (signer.extendedKeyUsage?.includes(Oid.keyPurposeOcspSigning) === true) return [];
    missing.push({ reason: 'missing ocspsigning usage' });
  } else if (isIssuerOfAll(signer, basic)) return [];
  return exceptions.has('no_explicit') && missing.length > 0
    ? missing
    : [...missing, { reason: 'root ca not trusted' }];
}

function chainOf(
  signer: Certificate,
  untrusted: readonly Certificate[],
  { trusted, partialChain, at }: OpensslTrust,
): { readonly chain: readonly Certificate[] } | OpensslRefusal {
  const outside = at === undefined ? undefined : validityProblem(signer, at);
  if (outside !== undefined) return verifyError(outside);
  const found = chainToAnchor(signer, {
    anchors: partialChain ? trusted : trusted.filter(isSelfIssued),
    local: trusted,
    untrusted,
    now: at,
  });
  if ('failure' in found) {
    return verifyError(isSelfIssued(signer) ? 'self-signed certificate' : 'unable to get local issuer certificate');
  }
  const ended = at === undefined ? undefined : found.chain.map((one) => validityProblem(one, at)).find(Boolean);
  return ended === undefined ? found : verifyError(ended);
}

function verifyError(what: string): OpensslRefusal {
  return { reason: 'certificate verify error', detail: `Verify error: ${what}` };
}

function validityProblem(certificate: Certificate, at: Date): string | undefined {
  if (isInValidity(certificate, at)) return undefined;
  return certificate.notAfter < at ? 'certificate has expired' : 'certificate is not yet valid';
}

/** Whether this is the issuer in each CertID, by the two hashes. */
function isIssuerOfAll(candidate: Certificate, { responses }: BasicResponse): boolean {
  const hashes = new Map<string, string>();
  const hashesIn = (name: string): string | undefined => {
    if (!isHashName(name)) return undefined;
    const known = hashes.get(name);
    if (known !== undefined) return known;
    const own = `${toHex(digest(name, candidate.subject))} ${toHex(digest(name, candidate.publicKey.keyBits))}`;
    hashes.set(name, own);
    return own;
  };
  return responses.every(
    ({ certId }) => hashesIn(certId.hashAlgorithm) === `${certId.issuerNameHash} ${certId.issuerKeyHash}`,
  );
}

/** Those that can be decoded: another one can neither have signed nor be in a chain. */
function embeddedIn({ certificates }: BasicResponse): Certificate[] {
  return certificates.flatMap((der) => unlessOcspError(() => [decodeCertificate(der)]) ?? []);
}
