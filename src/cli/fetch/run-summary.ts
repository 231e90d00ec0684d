import { formatDuration } from '../../core/time.js';
import { outcomeNames, type OutcomeName } from '../../pipeline/fetch/outcome.js';
import { exitCodes, type ExitCode } from '../exit/exit-code.js';
import type { Output } from '../output.js';

/** Counts a run for the one line at its end. */
export interface RunSummary {
  /** `exitCode`: what this certificate alone leads to. */
  count(outcome: OutcomeName, exitCode: ExitCode): void;
  /**
   * The last line, where there is something to sum up: from cron when one of several certificates failed, on a terminal
   * when successes had no line of their own. `exitCode` is that of the whole run.
   */
  say(
    output: Output,
    end: { readonly exitCode: ExitCode; readonly milliseconds: number; readonly isSparing: boolean },
  ): void;
}

export function createRunSummary(): RunSummary {
  const outcomes = new Map<OutcomeName, number>();
  const failures = new Map<OutcomeName, number>();
  let total = 0;
  return {
    count: (outcome, exitCode) => {
      total += 1;
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      if (exitCode !== exitCodes.success) failures.set(outcome, (failures.get(outcome) ?? 0) + 1);
    },
    say: (output, { exitCode, milliseconds, isSparing }) => {
      if (total > 1 && failures.size > 0 && !output.isStderrTerminal) {
        output.say(failureLine(total, outcomes, failures, exitCode));
      } else if (isSparing) {
        const exit = exitCode === exitCodes.success ? '' : `; gravest exit ${exitCode}`;
        output.mention(`${total} certificates in ${formatDuration(milliseconds)}: ${listOf(outcomes)}${exit}`);
      }
    },
  };
}

/** `3 of 1200 certificates failed (2 unavailable, 1 revoked), 2 kept; gravest exit 3` */
function failureLine(
  total: number,
  outcomes: ReadonlyMap<OutcomeName, number>,
  failures: ReadonlyMap<OutcomeName, number>,
  exitCode: ExitCode,
): string {
  const failed = [...failures.values()].reduce((a, b) => a + b, 0);
  // With --strict a kept staple is a failure, and is among them.
  const kept = failures.has('kept') ? 0 : (outcomes.get('kept') ?? 0);
  const keptText = kept === 0 ? '' : `, ${kept} kept`;
  return `${failed} of ${total} certificates failed (${listOf(failures)})${keptText}; gravest exit ${exitCode}`;
}

/** The most first; equal counts in the order of the outcomes. */
function listOf(counts: ReadonlyMap<OutcomeName, number>): string {
  return [...counts]
    .sort(([a, m], [b, n]) => n - m || outcomeNames.indexOf(a) - outcomeNames.indexOf(b))
    .map(([name, count]) => `${count} ${name}`)
    .join(', ');
}
