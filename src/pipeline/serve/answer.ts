import type { Refusal } from './question.js';

/** What a signed answer says of one serial number (lower-case hex of its INTEGER contents). */
export interface AnsweredStatus {
  readonly serialNumber: string;
  readonly status: 'good' | 'revoked' | 'unknown';
}

/** A signed response. Times are whole seconds. */
export interface SignedAnswer {
  readonly kind: 'signed';
  readonly der: Uint8Array;
  readonly producedAt: Date;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
  /** The client's nonce is in it: it is for nobody else. */
  readonly hasNonce: boolean;
  readonly statuses: readonly AnsweredStatus[];
}

/** An unsigned refusal. */
export interface RefusedAnswer {
  readonly kind: 'refused';
  readonly der: Uint8Array;
  readonly refusal: Refusal;
}

export type Answer = SignedAnswer | RefusedAnswer;
