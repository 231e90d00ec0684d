import { statSync } from 'node:fs';
import type { Statement, Window } from '../../core/index.js';
import { type FilePath } from '../../core/file-path.js';
import { isStapleBeside } from '../../store/staple-location.js';
import type { Outcome } from '../fetch/outcome.js';
import { stapleStates, stateOfVerdict, windowOfVerdict, type StapleState } from '../fetch/staple-state.js';
import { pathLabel } from '../fleet/path-label.js';
import { familyHeader, sampleLine, type MetricFamily } from './exposition.js';

/** What the figures of a certificate are made from. */
interface CertificateFacts {
  readonly outcome: Outcome;
  readonly now: Date;
  readonly state: StapleState;
  readonly statement: Statement | undefined;
  readonly window: Window | undefined;
  readonly hasSucceeded: boolean;
  /** When the staple on disk was written, of a certificate that has not succeeded. */
  readonly written: Date | undefined;
}

/** A family with one number for each certificate that has it; a time is written in seconds since 1970. */
interface Column extends MetricFamily {
  readonly value: (facts: CertificateFacts) => boolean | Date | undefined;
}

const columns: readonly Column[] = [
  {
    name: 'restaple_certificate_stapled',
    help: '1 where a good, current staple is on disk and nothing newer contradicts it, else 0.',
    value: ({ state }) => state === 'good',
  },
  {
    name: 'restaple_certificate_must_staple',
    help: '1 for a Must-Staple certificate (RFC 7633), else 0.',
    value: ({ outcome }) => outcome.mustStaple,
  },
  {
    name: 'restaple_staple_this_update_timestamp_seconds',
    help: 'thisUpdate of the staple on disk.',
    value: ({ statement }) => statement?.thisUpdate,
  },
  {
    name: 'restaple_staple_next_update_timestamp_seconds',
    help: 'nextUpdate of the staple on disk.',
    value: ({ statement }) => statement?.nextUpdate,
  },
  {
    name: 'restaple_staple_valid_until_timestamp_seconds',
    help: 'Until when the staple on disk can be used: its nextUpdate, or the end of its signer if that is sooner.',
    value: ({ window }) => window?.end,
  },
  {
    name: 'restaple_staple_next_refresh_timestamp_seconds',
    help: 'When the staple on disk is due for a refresh.',
    value: ({ outcome }) => outcome.nextRefresh,
  },
  {
    name: 'restaple_staple_last_success_timestamp_seconds',
    help: 'When the staple was last found or made good: this run, else the time at which the file on disk was written.',
    value: ({ hasSucceeded, now, statement, written }) =>
      hasSucceeded ? now : statement?.status === 'good' ? written : undefined,
  },
];

const statusFamily: MetricFamily = {
  name: 'restaple_certificate_status',
  help: 'Always 1; the label status gives the state of the staple: good, revoked, unknown, expired, invalid, missing, no-responder or unjudged.',
};

const rowsAtFirst = 1024;

/** Certificates in columns: 100,000 of them must not cost an object each. */
export function createCertificateColumns() {
  const certificates: string[] = [];
  /** Undefined for CERT.ocsp, which needs no second string. */
  const staples: (string | undefined)[] = [];
  let numbers = new Float64Array(rowsAtFirst * columns.length);
  let states = new Uint8Array(rowsAtFirst);
  return {
    add(outcome: Outcome, now: Date): void {
      const facts = factsOf(outcome, now);
      const row = certificates.length;
      if (row === states.length) {
        numbers = copied(numbers, new Float64Array(numbers.length * 2));
        states = copied(states, new Uint8Array(row * 2));
      }
      certificates.push(pathLabel(outcome.certificate));
      staples.push(stapleLabel(outcome));
      states[row] = stapleStates.indexOf(facts.state);
      for (const [column, { value }] of columns.entries()) {
        numbers[row * columns.length + column] = numberOf(value(facts));
      }
    },
    /** The families as lines, certificates in the order of their labels; of a certificate added twice the later figures. */
    *render(): Generator<string> {
      if (certificates.length === 0) return;
      const rows = lastOfEach(certificates);
      const label = (row: number): readonly [string, string] => ['certificate', certificates[row] ?? ''];
      yield familyHeader(statusFamily);
      for (const row of rows) {
        const status = stapleStates[states[row] ?? 0] ?? '';
        const staple = staples[row] ?? `${certificates[row] ?? ''}.ocsp`;
        yield sampleLine(statusFamily.name, [label(row), ['staple', staple], ['status', status]], 1);
      }
      for (const [column, family] of columns.entries()) {
        yield familyHeader(family);
        for (const row of rows) {
          const value = numbers[row * columns.length + column] ?? NaN;
          if (!Number.isNaN(value)) yield sampleLine(family.name, [label(row)], value);
        }
      }
    },
  };
}

function factsOf(outcome: Outcome, now: Date): CertificateFacts {
  const { staple, verdict } = outcome;
  const hasSucceeded = !('trouble' in outcome) && verdict?.kind === 'good';
  // Only for certificates with trouble: in a quiet run no file is examined twice.
  const written = hasSucceeded || staple === undefined ? undefined : modificationTime(staple);
  return {
    outcome,
    now,
    state: stateOfOutcome(outcome, written !== undefined),
    statement: verdict?.statement,
    window: verdict === undefined ? undefined : windowOfVerdict(verdict),
    hasSucceeded,
    written,
  };
}

/** The state that an outcome leaves behind; what the CA said in this run goes before the staple on disk. */
function stateOfOutcome({ outcome, verdict, mustStaple }: Outcome, isStapleThere: boolean): StapleState {
  if (outcome === 'revoked' || outcome === 'unknown') return outcome;
  if (verdict !== undefined) return stateOfVerdict(verdict);
  if (outcome === 'no-responder') return mustStaple ? 'missing' : 'no-responder';
  return outcome === 'input-error' || isStapleThere ? 'unjudged' : 'missing';
}

/** To the millisecond; undefined where there is no file. */
function modificationTime(path: FilePath): Date | undefined {
  try {
    return new Date(Math.floor(statSync(path).mtimeMs));
  } catch {
    // Also where it may not be examined: the trouble of the certificate says so.
    return undefined;
  }
}

/** NaN for what a certificate lacks. */
function numberOf(value: ReturnType<Column['value']>): number {
  return value instanceof Date ? value.getTime() / 1000 : value === undefined ? NaN : Number(value);
}

/** Empty where the certificate could not be read, so that no place is known. */
function stapleLabel({ certificate, staple }: Outcome): string | undefined {
  if (staple === undefined) return '';
  return isStapleBeside(staple, certificate) ? undefined : pathLabel(staple);
}

function copied<Numbers extends Float64Array | Uint8Array>(from: Numbers, to: Numbers): Numbers {
  to.set(from);
  return to;
}

/** The rows by label; a series that stands twice would make the whole file invalid. */
function lastOfEach(labels: readonly string[]): Uint32Array {
  const labelOf = (row: number): string => labels[row] ?? '';
  const rows = Uint32Array.from(labels.keys()).sort((a, b) => compare(labelOf(a), labelOf(b)) || a - b);
  return rows.filter((row, index) => labelOf(row) !== labels[rows[index + 1] ?? -1]);
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
