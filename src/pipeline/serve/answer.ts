import type { Refusal } from './question.js';

/** A signed response. Times are whole seconds. */
export interface SignedAnswer {
  readonly kind: 'signed';
  readonly der: Uint8Array;
  readonly producedAt: Date;
  readonly thisUpdate: Date;
  /** Absent where newer statuses may be had at any time. */
  readonly nextUpdate?: Date;
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

/** BR 4.9.10 wants a newer response within four days. Its 8 hours before nextUpdate, from 16 hours on, half a life keeps. */
const longestUse = 96 * 3_600_000;

/**
 * When an answer is signed anew for the next client: at half of its life at the latest, so that whoever comes at half of
 * it gets another one. Life begins with the signature: thisUpdate may be that of a CRL of long ago.
 */
export function renewalTimeOf({
  producedAt,
  nextUpdate = producedAt,
}: Pick<SignedAnswer, 'producedAt' | 'nextUpdate'>): Date {
  const life = nextUpdate.getTime() - producedAt.getTime();
  return new Date(producedAt.getTime() + Math.min(life / 2, longestUse));
}
