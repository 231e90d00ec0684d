import { definedOnly } from '../../core/defined-only.js';
import { OcspError, isBelieved, windowOf } from '../../core/index.js';
import type { WithoutFile } from '../../servers/server.js';
import type { OwnProcess } from '../../store/lock-holder.js';
import { removeStaple } from '../../store/remove-file.js';
import type { FailedOutcome, Outcome } from '../fetch/outcome.js';
import type { ListedOutcome } from './batch.js';

/** When and where staples that are about to expire are removed. */
export interface WithdrawalRules {
  /** Less than so much left of a staple, in milliseconds. */
  readonly below: number;
  /** The time by which staples are judged. */
  readonly now: () => Date;
  /** A file that changed later is another run's. */
  readonly since: Date;
  readonly isDryRun: boolean;
  readonly ownProcess: OwnProcess;
  /** What the servers of a certificate do without its staple. */
  readonly withoutFile: (listed: ListedOutcome['listed']) => Promise<WithoutFile>;
}

type Settled = Pick<ListedOutcome, 'listed' | 'outcome' | 'isRepeated'>;

interface Candidate {
  readonly settled: Settled;
  readonly outcome: FailedOutcome;
  readonly left: number;
}

/** One of so many certificates may be without its staple. */
const share = 10;

/**
 * Hands on the outcomes of a pass. Those whose fetch failed and whose staple has less left than the rules say come last: of
 * them staples are removed, the first to expire first, until a tenth of the fleet has none, and at least one; those that had none
 * count. Never that of a Must-Staple certificate, which no client accepts without.
 */
export async function* withdrawing(settled: AsyncIterable<Settled>, rules: WithdrawalRules): AsyncGenerator<Settled> {
  const candidates: Candidate[] = [];
  let total = 0;
  let without = 0;
  for await (const one of settled) {
    total += 1;
    if (hasNone(one.outcome)) without += 1;
    const candidate = candidateOf(one, rules);
    if (candidate === undefined) yield one;
    else candidates.push(candidate);
  }
  candidates.sort((a, b) => a.left - b.left);
  const most = Math.max(1, Math.floor(total / share));
  for (const { settled: one, outcome } of candidates) {
    const ended = without < most ? await withdraw(one.listed, outcome, rules) : stopped(outcome, most);
    if (ended.outcome === 'withdrawn') without += 1;
    // What was repeated stays so, unless something was done about it.
    yield ended.outcome === 'withdrawn' ? { listed: one.listed, outcome: ended } : { ...one, outcome: ended };
  }
}

/** A certificate whose fetch failed and that has no staple on disk. */
function hasNone(outcome: Outcome): boolean {
  return isFailedFetch(outcome) && outcome.verdict === undefined;
}

function isFailedFetch(outcome: Outcome): outcome is FailedOutcome {
  return ['kept', 'invalid', 'unavailable', 'store-error', 'withdrawn'].includes(outcome.outcome);
}

function candidateOf(settled: Settled, { below, now }: WithdrawalRules): Candidate | undefined {
  const { outcome } = settled;
  if (!isFailedFetch(outcome) || outcome.mustStaple || outcome.staple === undefined) return undefined;
  const left = timeLeft(outcome, now());
  return left === undefined || left >= below ? undefined : { settled, outcome, left };
}

/** Until its server fails handshakes on the staple, in milliseconds; undefined where there is none. */
function timeLeft({ verdict }: Outcome, now: Date): number | undefined {
  if (verdict === undefined) return undefined;
  if (!isBelieved(verdict) || verdict.kind !== 'good') return 0;
  const window = windowOf(verdict.statement, verdict.responder);
  return window === undefined ? undefined : window.end.getTime() - now.getTime();
}

async function withdraw(
  listed: ListedOutcome['listed'],
  outcome: FailedOutcome,
  { since, isDryRun, ownProcess, withoutFile }: WithdrawalRules,
): Promise<FailedOutcome> {
  const { staple } = outcome;
  if (staple === undefined) return outcome;
  const { obstacle, whyNotChecked } = await withoutFile(listed);
  if (obstacle !== undefined) return withWarning(outcome, `its staple was not withdrawn: ${obstacle}`);
  try {
    if (!isDryRun && !(await removeStaple(staple, since, ownProcess))) return outcome;
  } catch (error) {
    if (!(error instanceof OcspError)) throw error;
    return withWarning(outcome, `its staple was not withdrawn: ${error.message}`);
  }
  const { certificate, certificateNotAfter, responder, trouble, retryAfterMilliseconds } = outcome;
  const { mustStaple, warnings, findings } = outcome;
  const facts = { certificate, staple, written: false, mustStaple, warnings, findings, trouble };
  const more = definedOnly({ certificateNotAfter, responder, retryAfterMilliseconds });
  const withdrawn: FailedOutcome = { outcome: 'withdrawn', ...facts, ...more };
  if (whyNotChecked === undefined) return withdrawn;
  return withWarning(withdrawn, `whether handshakes succeed without the staple was not checked: ${whyNotChecked}`);
}

function stopped(outcome: FailedOutcome, most: number): FailedOutcome {
  const count = most === 1 ? 'one certificate is' : `${most} certificates are`;
  return withWarning(outcome, `its staple was not withdrawn: ${count} without already, a tenth of the fleet`);
}

function withWarning(outcome: FailedOutcome, warning: string): FailedOutcome {
  return { ...outcome, warnings: [...outcome.warnings, warning] };
}
