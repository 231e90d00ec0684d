import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

import { projectFolder } from '../support/run-program.js';

it('THIRD-PARTY-NOTICES has the licences of all that is bundled now; accept a difference with --update', async () => {
  const built = readFileSync(join(projectFolder, 'dist', 'THIRD-PARTY-NOTICES'), 'utf8');
  await expect(built).toMatchFileSnapshot(join(projectFolder, 'packaging', 'THIRD-PARTY-NOTICES'));
});
