import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

import { lintResponse } from '../../src/core/index.js';
import { lintRules } from '../../src/core/lint/lint-response.js';
import { certificate, issuer, now, skewMilliseconds } from '../unit/core/scene.js';
import { contextConstructed, enumerated, sequence } from '../support/der-writer.js';
import { projectFolder } from '../support/run-program.js';

const page = join(projectFolder, 'docs/lint.md');

/** rule, severity, profile and source of each row. */
function rows(): string[][] {
  const cells = [...readFileSync(page, 'utf8').matchAll(/^\| `[a-z0-9-]+`.*$/gm)].map(([line]) =>
    line.split('|').map((cell) => cell.trim().replaceAll('`', '')),
  );
  return cells.map(([, rule, severity, profile, , source]) => [rule!, severity!, profile!, source!]);
}

it('the page has every rule, in their order, with its severity, profile and source', () => {
  const refusal = sequence(enumerated(3), contextConstructed(0, sequence()));
  const subject = { certificate };
  const ofRefusals = lintResponse(refusal, { profile: 'private', subject, issuer, now, skewMilliseconds }).map(
    ({ rule, severity, source }) => [rule, severity, 'private', source],
  );
  const ofResponses = lintRules.map(({ rule, severity, profile, source }) => [rule, severity, profile, source]);
  expect(rows()).toEqual([...ofRefusals, ...ofResponses]);
});
