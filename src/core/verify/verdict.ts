import type { ResponseStatus, SingleResponse } from '../response.js';

/** Every reason for which a response is not believed or not usable; a closed list, stable for scripts. */
export type FailureCode =
  | 'malformed-response'
  | 'unsupported-response-type'
  | 'cert-id-mismatch'
  | 'cert-id-hash-differs'
  | 'several-responses'
  | 'responder-not-found'
  | 'responder-not-authorized'
  | 'issuer-not-anchored'
  | 'signature-invalid'
  | 'unsupported-algorithm'
  | 'weak-algorithm'
  | 'critical-extension'
  | 'nonce-mismatch'
  | 'nonce-missing'
  | 'request-mismatch'
  | 'expired'
  | 'not-yet-valid'
  | 'no-next-update'
  | 'too-old'
  | 'too-short'
  | 'older-than-stored'
  | 'refused';

/** A failure: its stable code, a sentence for people, and the values that decided it. */
export interface Failure {
  readonly code: FailureCode;
  readonly message: string;
  readonly values: Readonly<Record<string, string | number>>;
}

/** Something worth saying that does not change the verdict; `source` names the RFC and section or another rule book. */
export interface Finding {
  readonly rule: string;
  readonly severity: 'info' | 'warning' | 'error';
  readonly message: string;
  readonly source: string;
}

/** Who signed: the issuer itself, a delegate that it issued, or a responder that the caller trusts (RFC 6960 §3.2 item 4). */
export interface Responder {
  readonly kind: 'issuer' | 'delegated' | 'trusted';
  /** An RFC 4514 string. */
  readonly name: string;
  /** SHA-1 of its public key, lower-case hex. */
  readonly keyHash: string;
  /** The end of the signing certificate's validity. */
  readonly notAfter: Date;
}

/** What a response says of the certificate that was asked for. */
export type Statement = Omit<SingleResponse, 'extensions'>;

/** What was seen on the way to a verdict, as far as the way went. */
export interface Evidence {
  readonly responseStatus?: ResponseStatus;
  readonly producedAt?: Date;
  readonly signatureAlgorithm?: string;
  /** Lower-case hex. */
  readonly nonce?: string;
  readonly responder?: Responder;
  readonly statement?: Statement;
  /** How many SingleResponses the response holds; one file for a server needs exactly one. */
  readonly statementCount?: number;
  readonly findings: readonly Finding[];
}

/** The evidence behind a believed answer. */
export interface BelievedEvidence extends Evidence {
  readonly responseStatus: 'successful';
  readonly producedAt: Date;
  readonly signatureAlgorithm: string;
  readonly responder: Responder;
  readonly statement: Statement;
  readonly statementCount: number;
}

/**
 * What a response was found to be: an expected answer, never thrown. `good`, `revoked` and `unknown` are believed in
 * every respect of RFC 6960 §3.2; `refused` is an unsigned error status; `invalid` says why it is not believed or not usable.
 */
export type Verdict =
  | ({ readonly kind: 'good' | 'revoked' | 'unknown' } & BelievedEvidence)
  | ({ readonly kind: 'refused'; readonly failure: Failure } & Evidence)
  | ({ readonly kind: 'invalid'; readonly failure: Failure } & Evidence);

/** Whether the response was believed, whatever it says. */
export function isBelieved(verdict: Verdict): verdict is Extract<Verdict, BelievedEvidence> {
  return verdict.kind === 'good' || verdict.kind === 'revoked' || verdict.kind === 'unknown';
}
