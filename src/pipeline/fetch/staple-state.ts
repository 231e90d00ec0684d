import { isBelieved, windowOf, type Verdict, type Window } from '../../core/index.js';

/**
 * What an administrator has to know of the staple of one certificate, in one word, for a table, a check or a metric:
 *
 * - `good`: a good staple that is current.
 * - `revoked`, `unknown`: what the CA last said of the certificate, whatever an older staple on disk says.
 * - `expired`: nextUpdate has passed. `invalid`: a staple that is not believed or not usable for another reason.
 * - `missing`: there is no staple where one is needed.
 * - `no-responder`: none is needed, for the certificate has no responder and is not Must-Staple.
 * - `unjudged`: the certificate or its issuer could not be read, so that nothing is known.
 */
export type StapleState =
  'good' | 'revoked' | 'unknown' | 'expired' | 'invalid' | 'missing' | 'no-responder' | 'unjudged';

/** The gravest first. */
export const stapleStates: readonly StapleState[] = [
  'revoked',
  'invalid',
  'unknown',
  'missing',
  'expired',
  'unjudged',
  'good',
  'no-responder',
];

/** The state that a verdict means. */
export function stateOfVerdict(verdict: Verdict): StapleState {
  if (isBelieved(verdict)) return verdict.kind;
  return verdict.failure.code === 'expired' ? 'expired' : 'invalid';
}

/** The time in which the staple can be used, of any verdict that got as far as its times; undefined without nextUpdate. */
export function windowOfVerdict({ statement, responder }: Verdict): Window | undefined {
  if (statement === undefined) return undefined;
  if (responder !== undefined) return windowOf(statement, responder);
  const { thisUpdate, nextUpdate } = statement;
  return nextUpdate === undefined ? undefined : { start: thisUpdate, end: nextUpdate };
}
