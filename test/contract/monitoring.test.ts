import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

import { createMetrics } from '../../src/pipeline/metrics/metrics.js';
import { projectFolder, runCommand } from '../support/run-program.js';
import { withTemporaryFolder } from '../support/temporary-folder.js';
import { now, stapledOutcome, troubledOutcome } from '../unit/pipeline/metrics/outcomes.js';

const rulesFile = join(projectFolder, 'packaging/prometheus/restaple.rules.yml');
const rulesTest = join(projectFolder, 'packaging/prometheus/restaple.rules.test.yml');
const dashboardFile = join(projectFolder, 'packaging/grafana/restaple.json');
const page = join(projectFolder, 'docs/monitoring.md');

/** Every metric that a run writes. */
function writtenMetrics(): Set<string> {
  const metrics = createMetrics({ version: '1', started: now, requireOcsp: false });
  metrics.take(stapledOutcome('a'), now);
  metrics.take(troubledOutcome('b', 'expired'), now);
  metrics.observeResponder('ocsp.example', 10);
  const text = [...metrics.finish({ exitCode: 0, now })].join('');
  return new Set([...text.matchAll(/^(restaple_\w+)/gm)].map(([name]) => name));
}

function metricsIn(text: string): string[] {
  return [...new Set(text.match(/\brestaple_\w+/g))].sort();
}

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly targets: readonly { readonly expr: string }[];
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
}

describe('the alert rules', () => {
  it('are valid', { tags: 'promtool' }, async () => {
    const result = await runCommand('promtool', ['check', 'rules', rulesFile]);
    expect({ exitCode: result.exitCode, stderr: result.stderr }).toEqual({ exitCode: 0, stderr: '' });
  });

  it('fire when they should, and are silent over a fleet in good order', { tags: 'promtool' }, async () => {
    const result = await runCommand('promtool', ['test', 'rules', rulesTest]);
    expect({ exitCode: result.exitCode, said: result.stdout + result.stderr }).toMatchObject({ exitCode: 0 });
  });

  it('name only metrics that are written', () => {
    const written = writtenMetrics();
    const named = metricsIn(readFileSync(rulesFile, 'utf8'));
    expect(named.length).toBeGreaterThan(8);
    expect(named.filter((name) => !written.has(name))).toEqual([]);
  });

  it('are all tested', () => {
    const { groups } = parse(readFileSync(rulesFile, 'utf8')) as {
      groups: readonly { rules: readonly { alert: string }[] }[];
    };
    const fired = readFileSync(rulesTest, 'utf8')
      .split('eval_time')
      .filter((part) => part.includes('exp_annotations'));
    for (const { alert } of groups.flatMap(({ rules }) => rules)) {
      expect(
        fired.some((part) => part.includes(`alertname: ${alert}\n`)),
        alert,
      ).toBe(true);
    }
  });
});

describe('the dashboard', () => {
  const dashboard = JSON.parse(readFileSync(dashboardFile, 'utf8')) as { panels: readonly Panel[] };

  it('names only metrics that are written', () => {
    const written = writtenMetrics();
    const named = metricsIn(JSON.stringify(dashboard));
    expect(named.filter((name) => !written.has(name))).toEqual([]);
    expect(named.length).toBeGreaterThan(9);
  });

  it('has expressions that Prometheus understands', { tags: 'promtool' }, async () => {
    const expressions = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
    expect(expressions.length).toBeGreaterThan(12);
    const rules = expressions.map((expr, index) => ({
      record: `panel:number${index}`,
      expr: expr.replaceAll('$instance', '.*'),
    }));
    await withTemporaryFolder(async (folder) => {
      const file = folder.write('panels.yml', JSON.stringify({ groups: [{ name: 'panels', rules }] }));
      const result = await runCommand('promtool', ['check', 'rules', file]);
      expect({ exitCode: result.exitCode, stderr: result.stderr }).toEqual({ exitCode: 0, stderr: '' });
    });
  });

  it('has panels with names and ids of their own that do not cover each other', () => {
    const { panels } = dashboard;
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    for (const { gridPos } of panels) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
  });
});

describe('docs/monitoring.md', () => {
  it('describes every metric that is written, and no other', () => {
    const families = [...writtenMetrics()].map((name) =>
      name.replace(/(duration_seconds)_(?:bucket|sum|count)$/, '$1'),
    );
    const rows = readFileSync(page, 'utf8').match(/^\| `restaple_\w+/gm) ?? [];
    expect(rows.map((row) => row.slice(3)).sort()).toEqual([...new Set(families)].sort());
  });
});
