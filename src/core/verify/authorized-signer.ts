import { decodeCertificate, type Certificate } from '../certificate/certificate.js';
import { toHex } from '../bytes.js';
import { distinguishedNameToString, distinguishedNamesEqual } from '../certificate/distinguished-name.js';
import { digest } from '../hash.js';
import { issuanceFailure } from '../certificate/issuance.js';
import { Oid } from '../oid.js';
import { OcspError, unlessOcspError } from '../ocsp-error.js';
import { oncePer } from '../once-per.js';
import { publicKeyProblem } from '../keys/public-key.js';
import type { BasicResponse, ResponderId } from '../response.js';
import { checkSignature, signatureAlgorithmName, signatureAlgorithmProblem } from '../keys/signature.js';
import { formatTime } from '../time.js';
import { failure } from './failure.js';
import type { Failure, Finding, Responder } from './verdict.js';

export interface SignerOptions {
  /** Where it is absent, nobody but a trusted responder may have signed. */
  readonly issuer?: Certificate | undefined;
  readonly now: Date;
  readonly skewMilliseconds: number;
  readonly trustedResponders?: readonly Certificate[];
  readonly untrusted?: readonly Certificate[];
}

export interface AuthorizedSigner {
  readonly responder: Responder;
  readonly certificate: Certificate;
  readonly findings: readonly Finding[];
}

/**
 * A response may embed any number of certificates of the responder's name or key. No more than these are tried, those
 * first that could be a delegate: each costs two signature checks.
 */
const maximumTried = 32;

interface Candidate {
  readonly kind: Responder['kind'];
  readonly certificate: Certificate;
}

/**
 * RFC 6960 §3.2 items 2 to 4 and §4.2.2.2: finds who signed. The issuer itself, a responder that the caller trusts, or
 * a delegate issued directly by the issuer for id-kp-OCSPSigning; the first that is authorized and whose key verifies
 * the signature is the responder. Otherwise the most specific failure.
 */
export function authorizedSigner(
  basic: BasicResponse,
  options: SignerOptions,
): AuthorizedSigner | { readonly failure: Failure } {
  let worst: Failure | undefined;
  for (const candidate of findCandidates(basic, options).slice(0, maximumTried)) {
    const refusal = authorizationFailure(candidate, options) ?? signatureFailure(basic, candidate);
    if (refusal === undefined) return describeSigner(candidate);
    // A bad signature by somebody authorized says more than a stranger's certificate beside it.
    const saysMore = worst?.code === 'responder-not-authorized' && refusal.code !== worst.code;
    if (worst === undefined || saysMore) worst = refusal;
  }
  return { failure: worst ?? notFound(basic) };
}

/** Everybody whom the response names as its signer (RFC 6960 §4.2.1 gives certs no order and no number), the likeliest first. */
function findCandidates({ responderId, certificates }: BasicResponse, options: SignerOptions): Candidate[] {
  const { issuer, trustedResponders = [], untrusted = [] } = options;
  const candidates: Candidate[] = [];
  const addIfNamed = (kind: Candidate['kind'], certificate: Certificate): void => {
    if (identifies(responderId, certificate)) candidates.push({ kind, certificate });
  };
  if (issuer !== undefined) addIfNamed('issuer', issuer);
  for (const certificate of trustedResponders) addIfNamed('trusted', certificate);
  if (issuer === undefined) return candidates;
  for (const der of certificates) {
    const certificate = tryDecode(der);
    if (certificate !== undefined) addIfNamed('delegated', certificate);
  }
  for (const certificate of untrusted) addIfNamed('delegated', certificate);
  if (candidates.length < 2) return candidates;
  const couldSign = ({ kind, certificate }: Candidate): boolean =>
    kind !== 'delegated' || (purposeFailure(certificate) ?? validityFailure(certificate, options)) === undefined;
  const [likely, others] = [candidates.filter(couldSign), candidates.filter((one) => !couldSign(one))];
  return [...likely, ...others];
}

/** Whether this is the ResponderID of the certificate; RFC 6960 §4.2.1: byKey is the SHA-1 of the key without tag, length and unused bits. */
export function identifies(responderId: ResponderId, certificate: Certificate): boolean {
  return 'byKey' in responderId
    ? keyHashOf(certificate) === responderId.byKey
    : distinguishedNamesEqual(responderId.byName, certificate.subject);
}

/** An embedded certificate that cannot be decoded cannot have signed; the others still may. */
function tryDecode(der: Uint8Array): Certificate | undefined {
  return unlessOcspError(() => decodeCertificate(der));
}

function authorizationFailure({ kind, certificate }: Candidate, options: SignerOptions): Failure | undefined {
  const { issuer, now, skewMilliseconds } = options;
  if (kind === 'issuer') return undefined;
  return kind === 'trusted' || issuer === undefined
    ? validityFailure(certificate, options)
    : delegationFailure(certificate, { issuer, now, skewMilliseconds });
}

/**
 * RFC 6960 §4.2.2.2: "issued directly by the CA that is identified in the request", with id-kp-OCSPSigning
 * (anyExtendedKeyUsage does not count). The issuer is one that was accepted as such, whatever it says of itself.
 */
export function delegationFailure(
  certificate: Certificate,
  options: Pick<SignerOptions, 'now' | 'skewMilliseconds'> & { readonly issuer: Certificate },
): Failure | undefined {
  if (certificate.extendedKeyUsage?.includes(Oid.keyPurposeOcspSigning) !== true) return purposeFailure(certificate);
  const issuance = issuanceFailure(certificate, options.issuer, 'anchor');
  const keyProblem = publicKeyProblem(options.issuer.publicKey);
  if (issuance === 'unsupported-algorithm' && keyProblem === undefined)
    return unsupportedDelegate(certificate, options);
  if (issuance !== undefined) {
    return notAuthorized(
      certificate,
      'not issued by this issuer',
      `its certificate was not issued by this issuer (${keyProblem ?? issuance})`,
    );
  }
  return purposeFailure(certificate) ?? validityFailure(certificate, options);
}

/** Nobody here can tell whether the issuer signed it. */
function unsupportedDelegate(
  { subject, signatureAlgorithm }: Certificate,
  { issuer }: { readonly issuer: Certificate },
): Failure {
  const algorithm = signatureAlgorithmName(signatureAlgorithm);
  const responder = distinguishedNameToString(subject);
  const problem =
    signatureAlgorithmProblem(signatureAlgorithm, issuer.publicKey) ??
    `${algorithm}, which is not supported with the key of the issuer`;
  const message = `the certificate of the responder ${responder} is signed with ${problem}`;
  return failure('unsupported-algorithm', message, { algorithm, responder });
}

/** What the certificate itself says against signing responses. */
function purposeFailure(certificate: Certificate): Failure | undefined {
  const { extendedKeyUsage, keyUsage, unknownCriticalExtensions } = certificate;
  if (extendedKeyUsage?.includes(Oid.keyPurposeOcspSigning) !== true) {
    return notAuthorized(certificate, 'no OCSPSigning', 'its certificate is not for OCSP signing (id-kp-OCSPSigning)');
  }
  const [unknown] = unknownCriticalExtensions;
  if (unknown !== undefined) {
    return notAuthorized(
      certificate,
      'critical extension',
      `its certificate has the unknown critical extension ${unknown}`,
    );
  }
  // RFC 5280 §4.2.1.12: consistent with id-kp-OCSPSigning is each of the two.
  if (keyUsage?.has('digitalSignature') === false && !keyUsage.has('nonRepudiation')) {
    return notAuthorized(certificate, 'no digitalSignature', 'its certificate may not sign (keyUsage)');
  }
  return undefined;
}

function validityFailure(
  certificate: Certificate,
  { now, skewMilliseconds }: Pick<SignerOptions, 'now' | 'skewMilliseconds'>,
): Failure | undefined {
  if (certificate.notAfter < now) {
    return notAuthorized(certificate, 'expired', `its certificate expired at ${formatTime(certificate.notAfter)}`);
  }
  if (certificate.notBefore.getTime() - skewMilliseconds > now.getTime()) {
    return notAuthorized(
      certificate,
      'not yet valid',
      `its certificate is not valid before ${formatTime(certificate.notBefore)}`,
    );
  }
  return undefined;
}

function notAuthorized(certificate: Certificate, why: string, because: string): Failure {
  const name = distinguishedNameToString(certificate.subject);
  return failure('responder-not-authorized', `the responder ${name} may not answer for this issuer: ${because}`, {
    why,
    responder: name,
  });
}

function signatureFailure(basic: BasicResponse, { certificate }: Candidate): Failure | undefined {
  const { signatureAlgorithm, signature, tbs } = basic;
  const algorithm = signatureAlgorithmName(signatureAlgorithm);
  const found = checkSignature(signatureAlgorithm, signature, tbs, certificate.publicKey);
  if (found === undefined) return undefined;
  const problem = publicKeyProblem(certificate.publicKey);
  if (problem !== undefined) {
    return failure(found, `the public key of the responder ${nameOf(certificate)} is not usable: ${problem}`, {
      algorithm,
    });
  }
  switch (found) {
    case 'signature-invalid':
      return failure('signature-invalid', `the signature (${algorithm}) does not verify`, { algorithm });
    case 'weak-algorithm':
      return failure('weak-algorithm', `the signature algorithm is too weak (${algorithm})`, { algorithm });
    case 'unsupported-algorithm':
      return failure('unsupported-algorithm', `the signature algorithm ${algorithm} with this key is not supported`, {
        algorithm,
      });
  }
}

function describeSigner({ kind, certificate }: Candidate): AuthorizedSigner {
  const findings: Finding[] = [];
  if (kind === 'delegated' && !certificate.ocspNoCheck) {
    findings.push({
      rule: 'delegate-without-nocheck',
      severity: 'warning',
      message: "the responder's certificate lacks id-pkix-ocsp-nocheck, and its own status is not looked up",
      source: 'RFC 6960 §4.2.2.2.1, CA/Browser Forum BR 4.9.9',
    });
  }
  const { notAfter } = certificate;
  const responder: Responder = { kind, name: nameOf(certificate), keyHash: keyHashOf(certificate), notAfter };
  return { responder, certificate, findings };
}

const nameOf = oncePer(({ subject }: Certificate) => distinguishedNameToString(subject));

function notFound({ responderId, certificates }: BasicResponse): Failure {
  const responder = 'byKey' in responderId ? `key ${responderId.byKey}` : distinguishedNameToString(responderId.byName);
  const undecodable = whyUndecodable(certificates);
  const who =
    undecodable === undefined
      ? 'which is neither the issuer nor a certificate in the response'
      : `which is not the issuer, and a certificate in the response cannot be decoded: ${undecodable}`;
  return failure('responder-not-found', `the response is signed by ${responder}, ${who}`, { responder });
}

/** Why the first embedded certificate that cannot be decoded cannot be: it may be that of the responder. */
function whyUndecodable(certificates: readonly Uint8Array[]): string | undefined {
  for (const der of certificates) {
    try {
      decodeCertificate(der);
    } catch (error) {
      if (!(error instanceof OcspError)) throw error;
      return error.message;
    }
  }
  return undefined;
}

const keyHashOf = oncePer(({ publicKey }: Certificate) => toHex(digest('sha1', publicKey.keyBits)));
