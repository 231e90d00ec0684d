import { isBelieved, type BelievedEvidence, type Failure, type HashAlgorithm, type Verdict } from '../core/index.js';
import { failure } from '../core/verify/failure.js';
import { minimumRemainingMilliseconds } from '../core/verify/verify-response.js';
import { formatTime } from '../core/time.js';

export interface StoringRule {
  /** The CertID hash that was asked for. */
  readonly hash: HashAlgorithm;
  readonly now: Date;
  /** The verdict on the staple that is stored now, if there is one. */
  readonly stored?: Verdict;
}

/**
 * The rule of what may be stored for a server, in one place: exactly one SingleResponse, in the asked hash, nextUpdate
 * there and more than 300 s away, thisUpdate not older than that of a stored staple which is itself believed, current
 * and of use to a server. The caller has verified the response and looks at its status.
 *
 * @returns undefined when it may be stored, else `several-responses`, `cert-id-hash-differs`, `no-next-update`,
 *   `expired`, `too-short` or `older-than-stored`
 */
export function storingFailure(response: BelievedEvidence, rule: StoringRule): Failure | undefined {
  return shapeFailure(response, rule.hash) ?? timeFailure(response, rule.now) ?? orderFailure(response, rule);
}

/** The part of the rule that looks only at one response, as for a staple that is on disk already. */
export function isUsableStaple(response: BelievedEvidence, hash: HashAlgorithm, now: Date): boolean {
  return (shapeFailure(response, hash) ?? timeFailure(response, now)) === undefined;
}

function shapeFailure({ statement, statementCount }: BelievedEvidence, hash: HashAlgorithm): Failure | undefined {
  if (statementCount !== 1) {
    const message = `the response holds ${statementCount} SingleResponses; haproxy and dnsdist take exactly one`;
    return failure('several-responses', message, { count: statementCount });
  }
  const { hashAlgorithm } = statement.certId;
  if (hashAlgorithm !== hash) {
    const message = `the response's CertID uses ${hashAlgorithm}, but ${hash} was asked for`;
    return failure('cert-id-hash-differs', message, { hashAlgorithm, expected: hash });
  }
  return undefined;
}

function timeFailure({ statement: { nextUpdate } }: BelievedEvidence, now: Date): Failure | undefined {
  if (nextUpdate === undefined) {
    return failure('no-next-update', 'the response has no nextUpdate, and servers refuse to staple such a response');
  }
  const remaining = nextUpdate.getTime() - now.getTime();
  if (remaining > minimumRemainingMilliseconds) return undefined;
  const values = { nextUpdate: formatTime(nextUpdate), now: formatTime(now) };
  // Skew never extends nextUpdate here: a server whose clock is right would not staple it.
  if (remaining <= 0) return failure('expired', `the response expired at ${formatTime(nextUpdate)}`, values);
  const message = `the response is valid for ${Math.floor(remaining / 1000)} s more, and haproxy stops stapling 300 s before nextUpdate`;
  return failure('too-short', message, values);
}

function orderFailure({ statement }: BelievedEvidence, { stored, now, hash }: StoringRule): Failure | undefined {
  if (stored === undefined || !isBelieved(stored)) return undefined;
  const current = stored.statement;
  // A good one that servers cannot use, such as one in the previous hash, is not a reason to go on without; a revocation is.
  if (stored.kind === 'good' && !isUsableStaple(stored, hash, now)) return undefined;
  // A staple dated in the future or past its end must not block a newer one.
  const isCurrent = current.thisUpdate <= now && (current.nextUpdate === undefined || current.nextUpdate > now);
  if (!isCurrent || statement.thisUpdate >= current.thisUpdate) return undefined;
  const values = { thisUpdate: formatTime(statement.thisUpdate), storedThisUpdate: formatTime(current.thisUpdate) };
  const message = `the response is from ${values.thisUpdate}, the stored one from ${values.storedThisUpdate}`;
  return failure('older-than-stored', message, values);
}
