import { formatDuration } from '../../core/time.js';
import { OutcomeTally, type OutcomeName } from '../../pipeline/fetch/outcome.js';
import { exitCodes, type ExitCode } from '../exit/exit-code.js';
import type { Output } from '../output.js';

/** Counts a run for the one line at its end. */
export class RunSummary {
  readonly outcomes = new OutcomeTally();
  private readonly failures = new OutcomeTally();

  /** `exitCode`: what this certificate on its own leads to. */
  count(outcome: OutcomeName, exitCode: ExitCode): void {
    this.outcomes.count(outcome);
    if (exitCode !== exitCodes.success) this.failures.count(outcome);
  }

  /**
   * The last line, where there is something to sum up: from cron when one of several certificates failed, on a terminal
   * when successes had no line of their own. `exitCode` is that of the whole run.
   */
  say(
    output: Output,
    end: { readonly exitCode: ExitCode; readonly milliseconds: number; readonly isSparing: boolean },
  ): void {
    const { total } = this.outcomes;
    if (total > 1 && this.failures.total > 0 && !output.isStderrTerminal) {
      output.say(`${this.failedText()}; gravest exit ${end.exitCode}`);
    } else if (end.isSparing) {
      const exit = end.exitCode === exitCodes.success ? '' : `; gravest exit ${end.exitCode}`;
      const time = formatDuration(end.milliseconds);
      output.mention(`${total} certificates in ${time}: ${this.outcomes.text('most first')}${exit}`);
    }
  }

  /** `3 of 1200 certificates failed (2 unavailable, 1 revoked), 2 kept` */
  private failedText(): string {
    const { outcomes, failures } = this;
    // With --strict a kept staple is a failure, and is among them.
    const kept = failures.of('kept') > 0 ? 0 : outcomes.of('kept');
    const failed = `${failures.total} of ${outcomes.total} certificates failed (${failures.text('most first')})`;
    return kept === 0 ? failed : `${failed}, ${kept} kept`;
  }
}
