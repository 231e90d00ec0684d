import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

import { optionGroups } from '../../src/cli/ocsp/option-table.js';
import { projectFolder } from '../support/run-program.js';

it('docs/from-openssl.md has a row for every option of restaple ocsp, and no other', () => {
  const page = readFileSync(join(projectFolder, 'docs/from-openssl.md'), 'utf8');
  const [, options = ''] = page.split(/^## Options$/m);
  const cells = options.split(/^## /m)[0]!.match(/^\|[^|]*\|/gm) ?? [];
  const named = cells.flatMap((cell) => [...cell.matchAll(/`-([\w-]+)`/g)].map(([, name]) => name!));
  const hashes = ['sha1', 'sha256', 'sha384', 'sha512'];
  const known = Object.values(optionGroups).flatMap((rows) => Object.keys(rows));
  expect(named.sort()).toEqual([...known, ...hashes].sort());
});
