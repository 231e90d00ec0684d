import {
  isBelieved,
  verifyResponse,
  type BelievedEvidence,
  type ExpectedNonce,
  type Failure,
  type Verdict,
} from '../../core/index.js';
import { storingFailure } from '../../store/storable.js';
import type { StapleJudge } from './stored-staple.js';
import { troubleOfFailure, type Trouble } from '../trouble.js';
import { definedOnly } from '../../core/defined-only.js';

/** A believed answer and its exact bytes. `trouble` is why a revoked one could not be stored even if that were accepted. */
export interface UsableResponse {
  readonly bytes: Uint8Array;
  readonly verdict: { readonly kind: 'good' | 'revoked' | 'unknown' } & BelievedEvidence;
  readonly trouble?: Trouble;
  readonly warnings: readonly string[];
}

/** What a fetch makes of a response's bytes: usable ends the search, else why not and whether to ask again. */
export type Judgement =
  { readonly usable: UsableResponse } | { readonly trouble: Trouble; readonly isTransient: boolean };

export interface JudgingOptions {
  readonly judge: StapleJudge;
  /** The verdict on the staple on disk. */
  readonly stored?: Verdict;
  readonly nonce?: ExpectedNonce;
}

/**
 * What a responder's bytes are worth to a fetch: a believed answer ends the search, unless it is a good one that may not
 * be stored, for then another responder may have a better one.
 */
export function judgeResponse(bytes: Uint8Array, options: JudgingOptions): Judgement {
  const { judge, stored, nonce } = options;
  const { certificate, issuer, trustedResponders, now, skewMilliseconds, hash } = judge;
  const subject = { certificate };
  const verdict = verifyResponse(
    bytes,
    definedOnly({ subject, issuer, trustedResponders, now, skewMilliseconds, nonce }),
  );
  if (!isBelieved(verdict)) {
    const isTransient = verdict.failure.values['responseStatus'] === 'tryLater';
    return { trouble: troubleOfResponse(verdict.failure, bytes), isTransient };
  }
  const failure = storingFailure(verdict, definedOnly({ hash, now, stored }));
  const trouble = failure === undefined ? undefined : troubleOfFailure(failure);
  if (trouble !== undefined && verdict.kind === 'good') return { trouble, isTransient: false };
  const noEcho = nonce !== undefined && verdict.nonce === undefined;
  return {
    usable: definedOnly({
      bytes,
      verdict,
      trouble,
      warnings: noEcho ? ['the responder did not echo the nonce'] : [],
    }),
  };
}

/** Why what a responder sent is not believed, as trouble. */
export function troubleOfResponse(failure: Failure, bytes: Uint8Array): Trouble {
  const trouble = troubleOfFailure(failure);
  return trouble.code === 'malformed-response' ? describeBody(trouble, bytes) : trouble;
}

/** Bytes from a network that are not an OCSP response are mostly somebody else's page: that is said before the octets are. */
function describeBody(trouble: Trouble, bytes: Uint8Array): Trouble {
  const start = Buffer.from(bytes.subarray(0, 256)).toString('latin1').trimStart();
  const what =
    bytes.length === 0
      ? 'an empty body'
      : start.startsWith('<')
        ? 'a web page (HTML or XML)'
        : start.startsWith('-----BEGIN ')
          ? 'PEM'
          : undefined;
  const hint = 'the responder or a proxy in between sends something else; look at it with: restaple fetch --print-curl';
  if (what === undefined) return { ...trouble, hint };
  return { ...trouble, message: `${what} came instead of an OCSP response: ${trouble.message}`, hint };
}
