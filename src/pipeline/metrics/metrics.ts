import { OutcomeTally, type Outcome } from '../fetch/outcome.js';
import { createCertificateColumns } from './certificate-columns.js';
import { familyHeader, sampleLine } from './exposition.js';
import { createResponseTimes } from './response-times.js';

export interface MetricsOptions {
  /** Of restaple itself. */
  readonly version: string;
  readonly started: Date;
  /** A certificate without a responder counts as a failure. */
  readonly requireOcsp: boolean;
}

/** The end of a run, or of one pass of a run that goes on. */
interface RunEnd {
  readonly exitCode: number;
  readonly now: Date;
}

export type Metrics = ReturnType<typeof createMetrics>;

/** Pieces of about this many characters: few writes, and never the whole text at once. */
const pieceLength = 65_536;

/** The figures of one run, or of one pass of a run that goes on. */
export function createMetrics(options: MetricsOptions) {
  const certificates = createCertificateColumns();
  const responseTimes = createResponseTimes();
  const outcomes = new OutcomeTally();
  const failures = new Map<string, number>();
  return {
    /** The outcome of one certificate, at the time when it settled. Of two for one certificate the series show the later. */
    take: (outcome: Outcome, now: Date): void => {
      certificates.add(outcome, now);
      outcomes.count(outcome.outcome);
      const code = failureCodeOf(outcome, options.requireOcsp);
      if (code !== undefined) failures.set(code, (failures.get(code) ?? 0) + 1);
    },
    /** One HTTP exchange with a responder, failed ones too. */
    observeResponder: responseTimes.observe,
    /**
     * The text for Prometheus in pieces, in an order that depends on nothing but names. Everything is a gauge of this run,
     * the response times a histogram of it: without a state file there is nothing that could count on.
     */
    *finish(end: RunEnd): Generator<string> {
      let piece = '';
      const lines = [certificates.render(), responseTimes.render(), totals(outcomes, failures), run(options, end)];
      for (const part of lines) {
        for (const line of part) {
          piece += line;
          if (piece.length < pieceLength) continue;
          yield piece;
          piece = '';
        }
      }
      yield piece;
    },
  };
}

function* totals(outcomes: OutcomeTally, failures: ReadonlyMap<string, number>): Generator<string> {
  const certificates = 'restaple_run_certificates';
  yield familyHeader({ name: certificates, help: 'Certificates of the last run by outcome.' });
  for (const [outcome, count] of outcomes.all()) yield sampleLine(certificates, [['outcome', outcome]], count);
  if (failures.size === 0) return;
  const failed = 'restaple_run_failures';
  const help = 'Certificates of the last run whose attempt failed, kept ones too, by the code of docs/errors.md.';
  yield familyHeader({ name: failed, help });
  for (const [code, count] of [...failures].sort(([a], [b]) => (a < b ? -1 : 1))) {
    yield sampleLine(failed, [['code', code]], count);
  }
}

function* run({ version, started }: MetricsOptions, { exitCode, now }: RunEnd): Generator<string> {
  const single = (name: string, help: string, value: number): string =>
    familyHeader({ name, help }) + sampleLine(name, [], value);
  const [began, ended] = [started.getTime() / 1000, now.getTime() / 1000];
  yield single('restaple_run_start_timestamp_seconds', 'When the last run began.', began);
  yield single('restaple_run_completed_timestamp_seconds', 'When the last complete run ended.', ended);
  const duration = Math.max(0, now.getTime() - started.getTime()) / 1000;
  yield single('restaple_run_duration_seconds', 'How long the last run took.', duration);
  yield single('restaple_run_exit_code', 'The exit code of the last run; 0 is success.', exitCode);
  const build = 'restaple_build_info';
  yield familyHeader({ name: build, help: 'Always 1; the version of restaple that ran.' });
  yield sampleLine(build, [['version', version]], 1);
}

function failureCodeOf(outcome: Outcome, requireOcsp: boolean): string | undefined {
  if (!('trouble' in outcome)) return undefined;
  const isWell = outcome.outcome === 'no-responder' && !outcome.mustStaple && !requireOcsp;
  return isWell ? undefined : outcome.trouble.code;
}
