import type { FetchTools } from '../../pipeline/fetch/fetch-job.js';
import type { Outcome } from '../../pipeline/fetch/outcome.js';
import { createMetrics } from '../../pipeline/metrics/metrics.js';
import { observedClient } from '../../pipeline/metrics/observed-client.js';
import type { ExitCode } from '../exit/exit-code.js';
import type { FetchRun } from './prepare-run.js';
import { writeReport } from '../write-report.js';
import { createProgress } from '../render/progress.js';
import { RunSummary } from './run-summary.js';

/**
 * What is told of a pass as a whole: progress on a terminal, a sum at the end, and the file of --metrics.
 *
 * @param total how many certificates there are at most
 */
export function startReport(run: FetchRun, total: number) {
  const { order, output, tools, interrupt } = run;
  const { flags } = order;
  const started = performance.now();
  const isOnce = !flags.watch;
  const progress = createProgress(isOnce ? output : { ...output, canDraw: false }, total);
  const { isSparing } = progress;
  const summary = new RunSummary();
  const figures = flags.metrics === undefined || flags['dry-run'] ? undefined : startFigures(run, flags.metrics);
  return {
    /** Single successes have no lines of their own. */
    isSparing,
    /** The tools of the pass, observed where figures are wanted. */
    tools: figures === undefined ? tools : figures.observe(tools),
    tally: summary.outcomes,
    /** `exitCode`: what this certificate on its own leads to. */
    take: async (outcome: Outcome, exitCode: ExitCode): Promise<void> => {
      summary.count(outcome.outcome, exitCode);
      figures?.metrics.take(outcome, tools.now());
      await progress.count(outcome.outcome);
    },
    /** All certificates are through; nothing is drawn any more. */
    endOfCertificates: (): void => progress.finish(),
    /** The end of the pass, with its exit code; returns that, or 9 where only the figures could not be written. */
    finish: async (exitCode: ExitCode): Promise<ExitCode> => {
      const milliseconds = performance.now() - started;
      if (isOnce) summary.say(output, { exitCode, milliseconds, isSparing });
      // Half a pass says nothing of the other half.
      return figures === undefined || interrupt.signal.aborted ? exitCode : await figures.write(exitCode);
    },
  };
}

function startFigures({ order, output, config, tools }: FetchRun, file: string) {
  const { version } = config;
  const metrics = createMetrics({ version, started: tools.now(), requireOcsp: order.flags['require-ocsp'] });
  return {
    metrics,
    observe: (plain: FetchTools): FetchTools => {
      const onExchange = metrics.observeResponder;
      return { ...plain, client: observedClient(plain.client, onExchange), onExchange };
    },
    write: (exitCode: ExitCode): Promise<ExitCode> => {
      const pieces = metrics.finish({ exitCode, now: tools.now() });
      return writeReport({ path: file, kind: 'metrics', pieces }, tools.ownProcess, exitCode, output);
    },
  };
}
