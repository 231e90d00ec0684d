import { statSync } from 'node:fs';
import { isBelieved } from '../../core/index.js';
import type { FilePath } from '../../core/file-path.js';
import { OutcomeTally, type Outcome } from '../fetch/outcome.js';
import { stateOfVerdict, windowOfVerdict, type StapleState } from '../fetch/staple-state.js';
import { createCertificateColumns, type CertificateFigures } from './certificate-columns.js';
import { familyHeader, sampleLine } from './exposition.js';
import { createResponseTimes } from './response-times.js';

export interface MetricsOptions {
  /** Of restaple itself. */
  readonly version: string;
  readonly started: Date;
  /** A certificate without a responder counts as a failure. */
  readonly requireOcsp: boolean;
}

/** The figures of one run, or of one pass of a run that goes on. */
export interface Metrics {
  /** The outcome of one certificate, at the time when it settled. Of two for one certificate the series show the later. */
  take(outcome: Outcome, now: Date): void;
  /** One HTTP exchange with a responder, failed ones too. */
  observeResponder(host: string, milliseconds: number): void;
  /**
   * The text for Prometheus in pieces, in an order that depends on nothing but names. Everything is a gauge of this run,
   * the response times a histogram of it: without a state file there is nothing that could count on.
   */
  finish(end: { readonly exitCode: number; readonly now: Date }): Generator<string>;
}

/** Pieces of about this many characters: few writes, and never the whole text at once. */
const pieceLength = 65_536;

export function createMetrics(options: MetricsOptions): Metrics {
  const certificates = createCertificateColumns();
  const responseTimes = createResponseTimes();
  const outcomes = new OutcomeTally();
  const failures = new Map<string, number>();
  return {
    take: (outcome, now) => {
      certificates.add(figuresOf(outcome, now));
      outcomes.count(outcome.outcome);
      const code = failureCodeOf(outcome, options.requireOcsp);
      if (code !== undefined) failures.set(code, (failures.get(code) ?? 0) + 1);
    },
    observeResponder: (host, milliseconds) => responseTimes.observe(host, milliseconds),
    *finish(end) {
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
  yield familyHeader({ name: certificates, type: 'gauge', help: 'Certificates of the last run by outcome.' });
  for (const [outcome, count] of outcomes.all()) yield sampleLine(certificates, [['outcome', outcome]], count);
  if (failures.size === 0) return;
  const failed = 'restaple_run_failures';
  const help = 'Certificates of the last run whose attempt failed, kept ones too, by the code of docs/errors.md.';
  yield familyHeader({ name: failed, type: 'gauge', help });
  for (const [code, count] of [...failures].sort(([a], [b]) => (a < b ? -1 : 1))) {
    yield sampleLine(failed, [['code', code]], count);
  }
}

function* run(
  { version, started }: MetricsOptions,
  { exitCode, now }: { readonly exitCode: number; readonly now: Date },
): Generator<string> {
  const single = (name: string, help: string, value: number): string =>
    familyHeader({ name, type: 'gauge', help }) + sampleLine(name, [], value);
  yield single('restaple_run_start_timestamp_seconds', 'When the last run began.', seconds(started));
  yield single(
    'restaple_run_completed_timestamp_seconds',
    'When the last run ended that came to its end.',
    seconds(now),
  );
  const duration = Math.max(0, now.getTime() - started.getTime()) / 1000;
  yield single('restaple_run_duration_seconds', 'How long the last run took.', duration);
  yield single('restaple_run_exit_code', 'The exit code of the last run; 0 is success.', exitCode);
  const build = 'restaple_build_info';
  yield familyHeader({ name: build, type: 'gauge', help: 'Always 1; the version of restaple that ran.' });
  yield sampleLine(build, [['version', version]], 1);
}

function seconds(time: Date): number {
  return time.getTime() / 1000;
}

function failureCodeOf({ outcome, trouble, mustStaple }: Outcome, requireOcsp: boolean): string | undefined {
  if (outcome === 'no-responder' && !mustStaple && !requireOcsp) return undefined;
  return trouble?.code;
}

function figuresOf(outcome: Outcome, now: Date): CertificateFigures {
  const { certificate, staple, verdict, nextRefresh, mustStaple } = outcome;
  const statement = verdict?.statement;
  const window = verdict === undefined ? undefined : windowOfVerdict(verdict);
  // No more than the certificates with trouble: in a quiet run no file is looked at twice.
  const written = hasSucceeded(outcome) || staple === undefined ? undefined : modificationTime(staple);
  const state = stateOfOutcome(outcome, written !== undefined);
  return {
    certificate,
    staple,
    state,
    isStapled: state === 'good' && verdict?.kind === 'good',
    isMustStaple: mustStaple,
    thisUpdate: secondsOf(statement?.thisUpdate),
    nextUpdate: secondsOf(statement?.nextUpdate),
    validUntil: secondsOf(window?.end),
    nextRefresh: secondsOf(nextRefresh),
    lastSuccess: hasSucceeded(outcome) ? seconds(now) : statement?.status === 'good' ? written : undefined,
  };
}

function hasSucceeded({ outcome, verdict }: Outcome): boolean {
  return (outcome === 'updated' || outcome === 'fresh') && verdict?.kind === 'good';
}

/** The state that an outcome leaves behind; what the CA said in this run goes before the staple on disk. */
function stateOfOutcome({ outcome, verdict, mustStaple }: Outcome, isStapleThere: boolean): StapleState {
  if (outcome === 'revoked' || outcome === 'unknown') return outcome;
  if (verdict !== undefined) return isBelieved(verdict) ? verdict.kind : stateOfVerdict(verdict);
  if (outcome === 'no-responder') return mustStaple ? 'missing' : 'no-responder';
  return outcome === 'input-error' || isStapleThere ? 'unjudged' : 'missing';
}

function secondsOf(time: Date | undefined): number | undefined {
  return time === undefined ? undefined : seconds(time);
}

/** In seconds; undefined where there is no file. */
function modificationTime(path: FilePath): number | undefined {
  try {
    const { mtimeMs } = statSync(path);
    return Math.floor(mtimeMs) / 1000;
  } catch {
    // Also where it may not be examined: the trouble of the certificate says so.
    return undefined;
  }
}
