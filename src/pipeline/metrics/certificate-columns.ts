import { stapleStates, type StapleState } from '../fetch/staple-state.js';
import { pathLabel } from '../fleet/path-label.js';
import { appendToPath, type FilePath } from '../../core/file-path.js';
import { familyHeader, sampleLine, type MetricFamily } from './exposition.js';

/** What is kept of one certificate. Times in seconds since 1970. */
export interface CertificateFigures {
  readonly certificate: FilePath;
  readonly staple: FilePath | undefined;
  readonly state: StapleState;
  readonly isStapled: boolean;
  readonly isMustStaple: boolean;
  readonly thisUpdate: number | undefined;
  readonly nextUpdate: number | undefined;
  /** nextUpdate, or the signer's notAfter where that is sooner. */
  readonly validUntil: number | undefined;
  readonly nextRefresh: number | undefined;
  readonly lastSuccess: number | undefined;
}

const times = ['thisUpdate', 'nextUpdate', 'validUntil', 'nextRefresh', 'lastSuccess'] as const;

const statusFamily: MetricFamily = {
  name: 'restaple_certificate_status',
  type: 'gauge',
  help: 'Always 1; the label status says how it stands with the staple: good, revoked, unknown, expired, invalid, missing, no-responder or unjudged.',
};
const stapledFamily: MetricFamily = {
  name: 'restaple_certificate_stapled',
  type: 'gauge',
  help: '1 where a good, current staple is on disk and nothing newer speaks against it, else 0.',
};
const mustStapleFamily: MetricFamily = {
  name: 'restaple_certificate_must_staple',
  type: 'gauge',
  help: '1 for a Must-Staple certificate (RFC 7633), else 0.',
};
const timeFamilies: Readonly<Record<(typeof times)[number], MetricFamily>> = {
  thisUpdate: gauge('restaple_staple_this_update_timestamp_seconds', 'thisUpdate of the staple on disk.'),
  nextUpdate: gauge('restaple_staple_next_update_timestamp_seconds', 'nextUpdate of the staple on disk.'),
  validUntil: gauge(
    'restaple_staple_valid_until_timestamp_seconds',
    'Until when the staple on disk can be used: its nextUpdate, or the end of its signer where that is sooner.',
  ),
  nextRefresh: gauge('restaple_staple_next_refresh_timestamp_seconds', 'When the staple on disk is due for a refresh.'),
  lastSuccess: gauge(
    'restaple_staple_last_success_timestamp_seconds',
    'When the staple was last found or made good: this run, else the time at which the file on disk was written.',
  ),
};

function gauge(name: string, help: string): MetricFamily {
  return { name, type: 'gauge', help };
}

/** Certificates in columns: 100,000 of them must not cost an object each. */
export interface CertificateColumns {
  add(figures: CertificateFigures): void;
  /** The families as lines, certificates in the order of their labels; of a certificate added twice the later figures. */
  render(): Generator<string>;
}

const rowsAtFirst = 1024;
const stapledBit = 1;
const mustStapleBit = 2;

export function createCertificateColumns(): CertificateColumns {
  const certificates: string[] = [];
  /** Undefined for CERT.ocsp, which needs no second string. */
  const staples: (string | undefined)[] = [];
  let numbers = new Float64Array(rowsAtFirst * times.length);
  let states = new Uint8Array(rowsAtFirst);
  let flags = new Uint8Array(rowsAtFirst);

  const grow = (rows: number): void => {
    numbers = copied(numbers, new Float64Array(rows * times.length));
    states = copied(states, new Uint8Array(rows));
    flags = copied(flags, new Uint8Array(rows));
  };

  return {
    add: (figures) => {
      const row = certificates.length;
      if (row === states.length) grow(row * 2);
      certificates.push(pathLabel(figures.certificate));
      staples.push(stapleLabel(figures));
      states[row] = stapleStates.indexOf(figures.state);
      flags[row] = (figures.isStapled ? stapledBit : 0) | (figures.isMustStaple ? mustStapleBit : 0);
      times.forEach((time, column) => (numbers[row * times.length + column] = figures[time] ?? NaN));
    },
    *render() {
      if (certificates.length === 0) return;
      const rows = lastOfEach(certificates);
      const label = (row: number): readonly [string, string] => ['certificate', certificates[row] ?? ''];
      yield familyHeader(statusFamily);
      for (const row of rows) {
        const status = stapleStates[states[row] ?? 0] ?? '';
        const staple = staples[row] ?? `${certificates[row] ?? ''}.ocsp`;
        yield sampleLine(statusFamily.name, [label(row), ['staple', staple], ['status', status]], 1);
      }
      yield familyHeader(stapledFamily);
      for (const row of rows) yield sampleLine(stapledFamily.name, [label(row)], bit(flags[row], stapledBit));
      yield familyHeader(mustStapleFamily);
      for (const row of rows) yield sampleLine(mustStapleFamily.name, [label(row)], bit(flags[row], mustStapleBit));
      for (const [column, time] of times.entries()) {
        const family = timeFamilies[time];
        yield familyHeader(family);
        for (const row of rows) {
          const value = numbers[row * times.length + column] ?? NaN;
          if (!Number.isNaN(value)) yield sampleLine(family.name, [label(row)], value);
        }
      }
    },
  };
}

/** Empty where the certificate could not be read, so that no place is known. */
function stapleLabel({ certificate, staple }: CertificateFigures): string | undefined {
  if (staple === undefined) return '';
  const beside = appendToPath(certificate, '.ocsp');
  const isBeside = typeof staple === 'string' || typeof beside === 'string' ? staple === beside : staple.equals(beside);
  return isBeside ? undefined : pathLabel(staple);
}

function copied<Column extends Float64Array | Uint8Array>(from: Column, to: Column): Column {
  to.set(from);
  return to;
}

function bit(flags: number | undefined, mask: number): number {
  return ((flags ?? 0) & mask) === 0 ? 0 : 1;
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
