import type { Refusal } from './question.js';

/** A signed response. Times are whole seconds. */
export interface SignedAnswer {
  readonly kind: 'signed';
  readonly der: Uint8Array;
  readonly producedAt: Date;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
  /** The client's nonce is in it: it is for nobody else. */
  readonly hasNonce: boolean;
  /** By serial number, lower-case hex of its INTEGER contents. */
  readonly statuses: readonly { readonly serialNumber: string; readonly status: 'good' | 'revoked' | 'unknown' }[];
}

/** An unsigned refusal. */
export interface RefusedAnswer {
  readonly kind: 'refused';
  readonly der: Uint8Array;
  readonly refusal: Refusal;
}

export type Answer = SignedAnswer | RefusedAnswer;
