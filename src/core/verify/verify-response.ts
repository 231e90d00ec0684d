import type { Certificate } from '../certificate/certificate.js';
import type { OcspRequest } from '../request.js';
import { decodeResponse, isResponse, type BasicResponse } from '../response.js';
import { authorityFindings } from '../certificate/issuance.js';
import { signatureAlgorithmName, signsSha1 } from '../keys/signature.js';
import { authorizedSigner } from './authorized-signer.js';
import { checkNonce, checkRequest, type ExpectedNonce } from './binding.js';
import { checkCriticalExtensions } from './critical-extensions.js';
import { failure } from './failure.js';
import { isNeverIssued, statementFor, type Subject } from './statement.js';
import { checkValidity, type ValidityOptions } from './validity.js';
import type { BelievedEvidence, Evidence, Failure, Finding, Statement, Verdict } from './verdict.js';
import { definedOnly } from '../defined-only.js';

export interface VerifyOptions extends ValidityOptions {
  readonly subject: Subject;
  /**
   * The certificate's issuer; the caller has made sure that it issued the certificate. Where it is absent, the subject has
   * to be a CertID, and nobody but a trusted responder may have signed.
   */
  readonly issuer?: Certificate | undefined;
  /** Certificates that may sign for this issuer by the caller's word: no EKU needed, but valid now. */
  readonly trustedResponders?: readonly Certificate[];
  /** Where a delegate's certificate may be found when the response does not embed it. */
  readonly untrusted?: readonly Certificate[];
  /** The nonce that was sent. */
  readonly nonce?: ExpectedNonce;
  /** The request that this is supposed to answer. */
  readonly request?: OcspRequest;
}

/**
 * Verifies an OCSP response by the six acceptance requirements of RFC 6960 §3.2. Synchronous and pure: the time is an
 * argument and every limit has its place.
 *
 * @param der the bytes that came, exactly one OCSPResponse
 * @returns a verdict; hostile bytes never throw
 */
export function verifyResponse(der: Uint8Array, options: VerifyOptions): Verdict {
  const response = decodeResponse(der);
  if (!isResponse(response)) {
    const values = response.rule === undefined ? {} : { rule: response.rule };
    return { kind: 'invalid', failure: failure(response.code, response.message, values), findings: [] };
  }
  if (response.status !== 'successful') {
    const message = `the responder answered ${response.status} without a signature`;
    const values = { responseStatus: response.status };
    return {
      kind: 'refused',
      failure: failure('refused', message, values),
      responseStatus: response.status,
      findings: [],
    };
  }
  const { basic } = response;
  // 1. "The certificate identified in a received response corresponds to the certificate that was identified in the corresponding request"
  const selected = statementFor(basic, options.subject, options.issuer);
  // 2. "The signature on the response is valid"; 3. the signer is the intended one; 4. "currently authorized to provide a response"
  const signer = authorizedSigner(basic, options);
  const evidence = gatherEvidence(basic, selected, signer, options.issuer);
  if ('failure' in selected) return invalid(selected.failure, evidence);
  if ('failure' in signer) return invalid(signer.failure, evidence);
  const { statement } = selected;
  const refusal =
    checkCriticalExtensions(basic, statement) ??
    checkNonce(basic, options.nonce) ??
    checkRequest(basic, options.request) ??
    // 5. "thisUpdate is sufficiently recent"; 6. "nextUpdate is greater than the current time"
    checkValidity(basic, statement, options);
  if (refusal !== undefined) return invalid(refusal, evidence);
  const findings = [...evidence.findings, ...issuanceFindings(statement), ...validityFindings(statement, options)];
  return { kind: statement.status, responder: signer.responder, statement, ...evidence, findings };
}

/** The evidence of a response that could be decoded. */
type DecodedEvidence = Evidence & Omit<BelievedEvidence, 'responder' | 'statement'>;

function gatherEvidence(
  basic: BasicResponse,
  selected: ReturnType<typeof statementFor>,
  signer: ReturnType<typeof authorizedSigner>,
  issuer: Certificate | undefined,
): DecodedEvidence {
  const findings = 'findings' in signer ? signer.findings : [];
  return definedOnly({
    nonce: basic.nonce,
    responder: 'responder' in signer ? signer.responder : undefined,
    statement: 'statement' in selected ? selected.statement : undefined,
    responseStatus: 'successful',
    producedAt: basic.producedAt,
    signatureAlgorithm: signatureAlgorithmName(basic.signatureAlgorithm),
    statementCount: basic.responses.length,
    findings: [...findings, ...signatureFindings(basic), ...(issuer === undefined ? [] : authorityFindings(issuer))],
  });
}

function signatureFindings(basic: BasicResponse): Finding[] {
  if (!signsSha1(basic.signatureAlgorithm)) return [];
  return [
    {
      rule: 'sha1-signature',
      severity: 'warning',
      message: 'the response is signed over a SHA-1 hash',
      source: 'CA/Browser Forum BR 7.1.3.2.1',
    },
  ];
}

function issuanceFindings(statement: Statement): Finding[] {
  if (!isNeverIssued(statement)) return [];
  const message =
    'revoked since 1970 as certificateHold: the responder says that the CA never issued this serial number';
  return [{ rule: 'never-issued', severity: 'warning', message, source: 'RFC 6960 §2.2' }];
}

/** haproxy stops stapling this long before nextUpdate, so anything shorter is of no use to a server. */
export const minimumRemainingMilliseconds = 300_000;

function validityFindings(statement: { nextUpdate?: Date }, options: VerifyOptions): Finding[] {
  const { nextUpdate } = statement;
  if (nextUpdate === undefined) {
    const message =
      'the response has no nextUpdate, so nothing says how long it is valid; haproxy and dnsdist refuse it';
    return [{ rule: 'no-next-update', severity: 'warning', message, source: 'RFC 6960 §4.2.2.1, RFC 9919' }];
  }
  const remaining = nextUpdate.getTime() - options.now.getTime();
  if (options.ignoreTimes === true || remaining >= minimumRemainingMilliseconds) return [];
  const message =
    remaining > 0
      ? `nextUpdate is ${Math.floor(remaining / 1000)} s away: haproxy stops stapling 300 s before it`
      : 'nextUpdate has passed, and only the allowed clock skew still covers it';
  return [{ rule: 'about-to-expire', severity: 'warning', message, source: 'haproxy OCSP_MAX_RESPONSE_TIME_SKEW' }];
}

function invalid(reason: Failure, evidence: Evidence): Verdict {
  return { kind: 'invalid', failure: reason, ...evidence };
}
