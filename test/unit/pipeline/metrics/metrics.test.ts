import { utimesSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import type { Outcome } from '../../../../src/pipeline/fetch/outcome.js';
import { createMetrics } from '../../../../src/pipeline/metrics/metrics.js';
import { runCommand } from '../../../support/run-program.js';
import { withTemporaryFolder } from '../../../support/temporary-folder.js';
import { revokedOutcome, unknownOutcome, updatedOutcome } from '../../../support/outcomes.js';
import {
  believed,
  invalid,
  nextUpdate,
  now,
  stapledFacts,
  stapledOutcome,
  thisUpdate,
  troubledOutcome,
} from './outcomes.js';

const started = new Date('2026-01-01T23:59:50.500Z');

function metricsOf(outcomes: readonly Outcome[], { requireOcsp = false, exitCode = 0 } = {}): string {
  const metrics = createMetrics({ version: '1.2.3', started, requireOcsp });
  for (const outcome of outcomes) metrics.take(outcome, now);
  return [...metrics.finish({ exitCode, now })].join('');
}

/** The samples of one metric, without its name. */
function samplesOf(text: string, name: string): string[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .map((line) => line.slice(name.length));
}

async function expectAccepted(text: string): Promise<void> {
  const result = await runCommand('promtool', ['check', 'metrics'], { input: text });
  expect({ exitCode: result.exitCode, said: result.stdout + result.stderr }).toEqual({ exitCode: 0, said: '' });
}

describe('the series of a certificate', () => {
  it('tell its status, whether it is stapled, and its times in seconds', () => {
    const text = metricsOf([stapledOutcome('/etc/a.pem', { mustStaple: true })]);
    expect(samplesOf(text, 'restaple_certificate_status')).toEqual([
      '{certificate="/etc/a.pem",staple="/etc/a.pem.ocsp",status="good"} 1',
    ]);
    const label = '{certificate="/etc/a.pem"}';
    expect(samplesOf(text, 'restaple_certificate_stapled')).toEqual([`${label} 1`]);
    expect(samplesOf(text, 'restaple_certificate_must_staple')).toEqual([`${label} 1`]);
    const time = (name: string): string[] => samplesOf(text, `restaple_staple_${name}_timestamp_seconds`);
    expect(time('this_update')).toEqual([`${label} ${thisUpdate.getTime() / 1000}`]);
    expect(time('next_update')).toEqual([`${label} ${nextUpdate.getTime() / 1000}`]);
    expect(time('valid_until')).toEqual([`${label} ${nextUpdate.getTime() / 1000}`]);
    expect(time('next_refresh')).toEqual([`${label} ${Date.UTC(2026, 0, 4) / 1000}`]);
    expect(time('last_success')).toEqual([`${label} ${now.getTime() / 1000}`]);
  });

  it('end with the signer where that is sooner than nextUpdate', () => {
    const notAfter = new Date('2026-01-03T00:00:00Z');
    const responder = { kind: 'delegated', name: 'CN=R', keyHash: '00', notAfter } as const;
    const text = metricsOf([stapledOutcome('a', { verdict: believed('good', { responder }) })]);
    expect(samplesOf(text, 'restaple_staple_valid_until_timestamp_seconds')).toEqual([
      `{certificate="a"} ${notAfter.getTime() / 1000}`,
    ]);
  });

  it.each<[string, Outcome, string, 0 | 1]>([
    ['a kept staple', troubledOutcome('c', 'refused', 'kept', { verdict: believed('good') }), 'good', 1],
    ['an accepted revoked staple', revokedOutcome('c', { verdict: believed('revoked') }), 'revoked', 0],
    ['a revoked certificate with its old good staple', revokedOutcome('c', stapledFacts('c')), 'revoked', 0],
    ['an unknown certificate with its old good staple', unknownOutcome('c', stapledFacts('c')), 'unknown', 0],
    [
      'an expired staple',
      troubledOutcome('c', 'refused', 'unavailable', { verdict: invalid('expired') }),
      'expired',
      0,
    ],
    [
      'a forged staple',
      troubledOutcome('c', 'refused', 'unavailable', { verdict: invalid('signature-invalid') }),
      'invalid',
      0,
    ],
    ['no staple', troubledOutcome('/nowhere/c', 'refused'), 'missing', 0],
    ['no staple after a failed write', troubledOutcome('/nowhere/c', 'refused', 'store-error'), 'missing', 0],
    ['a certificate that cannot be read', troubledOutcome('c', 'refused', 'input-error'), 'unjudged', 0],
    ['no responder', troubledOutcome('c', 'refused', 'no-responder'), 'no-responder', 0],
    [
      'no responder of a Must-Staple certificate',
      troubledOutcome('c', 'refused', 'no-responder', { mustStaple: true }),
      'missing',
      0,
    ],
  ])('of %s are %3$s', (_what, outcome, status, stapled) => {
    const text = metricsOf([outcome]);
    expect(samplesOf(text, 'restaple_certificate_status').join('')).toContain(`status="${status}"} 1`);
    expect(samplesOf(text, 'restaple_certificate_stapled').join('')).toMatch(new RegExp(`\\} ${stapled}$`));
  });

  it('are unjudged and not missing where a staple is there that nobody could judge', async () => {
    await withTemporaryFolder((folder) => {
      folder.write('a.pem.ocsp', 'whatever it is');
      const text = metricsOf([troubledOutcome(folder.at('a.pem'), 'refused')]);
      expect(samplesOf(text, 'restaple_certificate_status').join('')).toContain('status="unjudged"');
      expect(samplesOf(text, 'restaple_staple_last_success_timestamp_seconds')).toEqual([]);
    });
  });

  it('give a kept staple the time at which its file was written as the last success', async () => {
    await withTemporaryFolder((folder) => {
      const staple = folder.write('a.pem.ocsp', 'a staple');
      utimesSync(staple, thisUpdate, thisUpdate);
      const kept = troubledOutcome(folder.at('a.pem'), 'refused', 'kept', { verdict: believed('good') });
      expect(samplesOf(metricsOf([kept]), 'restaple_staple_last_success_timestamp_seconds')).toEqual([
        `{certificate="${folder.at('a.pem')}"} ${thisUpdate.getTime() / 1000}`,
      ]);
    });
  });

  it('stand once, in the order of the names, with the later outcome, whatever the order in which they came', () => {
    const first = metricsOf([
      troubledOutcome('b', 'refused'),
      stapledOutcome('c'),
      stapledOutcome('a'),
      stapledOutcome('b'),
    ]);
    expect(samplesOf(first, 'restaple_certificate_stapled')).toEqual([
      '{certificate="a"} 1',
      '{certificate="b"} 1',
      '{certificate="c"} 1',
    ]);
    const others = [stapledOutcome('a'), troubledOutcome('b', 'refused'), stapledOutcome('b'), stapledOutcome('c')];
    expect(metricsOf(others)).toBe(first);
  });
});

describe('the totals', () => {
  it('count every outcome, zeros too, and failures by code, kept ones too', () => {
    const text = metricsOf([
      stapledOutcome('a'),
      updatedOutcome('b', stapledFacts('b')),
      troubledOutcome('c', 'expired', 'kept', { verdict: believed('good') }),
      troubledOutcome('d', 'expired'),
      troubledOutcome('e', 'signature-invalid', 'invalid'),
    ]);
    expect(samplesOf(text, 'restaple_run_certificates')).toEqual([
      '{outcome="updated"} 1',
      '{outcome="fresh"} 1',
      '{outcome="kept"} 1',
      '{outcome="no-responder"} 0',
      '{outcome="revoked"} 0',
      '{outcome="unknown"} 0',
      '{outcome="invalid"} 1',
      '{outcome="unavailable"} 1',
      '{outcome="withdrawn"} 0',
      '{outcome="input-error"} 0',
      '{outcome="store-error"} 0',
    ]);
    expect(samplesOf(text, 'restaple_run_failures')).toEqual(['{code="expired"} 2', '{code="signature-invalid"} 1']);
  });

  it('count a missing responder as a failure only where one is asked for', () => {
    const outcome = troubledOutcome('a', 'refused', 'no-responder');
    expect(samplesOf(metricsOf([outcome]), 'restaple_run_failures')).toEqual([]);
    expect(samplesOf(metricsOf([outcome], { requireOcsp: true }), 'restaple_run_failures')).toHaveLength(1);
  });

  it('tell when the run began and ended, how long it took, and its exit code', () => {
    const text = metricsOf([], { exitCode: 7 });
    expect(samplesOf(text, 'restaple_run_start_timestamp_seconds')).toEqual([` ${started.getTime() / 1000}`]);
    expect(samplesOf(text, 'restaple_run_completed_timestamp_seconds')).toEqual([` ${now.getTime() / 1000}`]);
    expect(samplesOf(text, 'restaple_run_duration_seconds')).toEqual([' 9.5']);
    expect(samplesOf(text, 'restaple_run_exit_code')).toEqual([' 7']);
    expect(samplesOf(text, 'restaple_build_info')).toEqual(['{version="1.2.3"} 1']);
  });
});

describe('the response times', () => {
  function timesOf(observed: readonly (readonly [string, number])[]): string {
    const metrics = createMetrics({ version: '1', started, requireOcsp: false });
    for (const [host, milliseconds] of observed) metrics.observeResponder(host, milliseconds);
    return [...metrics.finish({ exitCode: 0, now })].join('');
  }

  it('are a cumulative histogram by host, in seconds', () => {
    const text = timesOf([
      ['b.example', 3],
      ['b.example', 5],
      ['b.example', 70],
      ['b.example', 12_000],
      ['a.example:8080', 1],
    ]);
    const buckets = samplesOf(text, 'restaple_responder_duration_seconds_bucket');
    const of = (host: string): (string | undefined)[] =>
      buckets.filter((line) => line.includes(`"${host}"`)).map((line) => line.split(' ')[1]);
    expect(of('b.example')).toEqual(['2', '2', '2', '2', '3', '3', '3', '3', '3', '3', '3', '4']);
    expect(buckets[0]).toBe('{host="a.example:8080",le="0.005"} 1');
    expect(buckets.at(-1)).toBe('{host="b.example",le="+Inf"} 4');
    expect(samplesOf(text, 'restaple_responder_duration_seconds_sum').at(-1)).toBe('{host="b.example"} 12.078');
    expect(samplesOf(text, 'restaple_responder_duration_seconds_count').at(-1)).toBe('{host="b.example"} 4');
  });

  it('name at most 100 hosts, and none that is too long: certificates choose these names', () => {
    const hosts = Array.from({ length: 150 }, (_, index) => [`h${String(index).padStart(3, '0')}.example`, 1] as const);
    const counts = samplesOf(
      timesOf([['x'.repeat(300), 1], ...hosts, ['h000.example', 1]]),
      'restaple_responder_duration_seconds_count',
    );
    expect(counts).toHaveLength(100);
    expect(counts[0]).toBe('{host="h000.example"} 2');
    expect(counts.at(-1)).toBe('{host="other"} 52');
  });
});

describe('the text', () => {
  it(
    'is accepted by promtool, names with quotes, line feeds, escapes and bytes that are not UTF-8 included',
    { tags: 'promtool' },
    async () => {
      const bytes = (...parts: (string | number)[]): Buffer =>
        Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.of(part))));
      const metrics = createMetrics({ version: '1', started, requireOcsp: false });
      const names = [
        'with "quotes" and {braces},="1"',
        'line\nfeed\r',
        'back\\slash',
        '\u001b[31mred\u001b[0m',
        '\u202egnp.pem',
        '\ud800 alone',
        'Zürich/日本.pem',
        bytes('latin-', 0xfc, '.pem'),
        bytes('latin-', 0xfd, '.pem'),
        'latin-\\xfc.pem',
        'latin-\ufffd.pem',
        '# HELP restaple_evil x',
        '',
      ];
      for (const name of names) metrics.take(stapledOutcome(name), now);
      metrics.observeResponder('a"b\\c\nd', 12);
      const text = [...metrics.finish({ exitCode: 0, now })].join('');
      await expectAccepted(text);
      const status = samplesOf(text, 'restaple_certificate_status');
      expect(new Set(status).size).toBe(names.length);
      expect(status.join('\n')).toContain('certificate="latin-\\\\xfc.pem",staple="latin-\\\\xfc.pem.ocsp"');
      expect(status.join('\n')).toContain('certificate="latin-\\\\\\\\xfc.pem"');
      // eslint-disable-next-line no-control-regex -- what a terminal would act on
      expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
    },
  );

  it('is accepted by promtool when there was nothing to do', { tags: 'promtool' }, async () => {
    await expectAccepted(metricsOf([]));
  });

  it('comes in pieces of a fixed size', () => {
    const metrics = createMetrics({ version: '1', started, requireOcsp: false });
    for (let index = 0; index < 3000; index += 1) metrics.take(stapledOutcome(`/etc/haproxy/certs/${index}.pem`), now);
    const pieces = [...metrics.finish({ exitCode: 0, now })];
    expect(pieces.length).toBeGreaterThan(10);
    for (const piece of pieces) expect(piece.length).toBeLessThan(70_000);
    expect(samplesOf(pieces.join(''), 'restaple_certificate_stapled')).toHaveLength(3000);
  });
});
