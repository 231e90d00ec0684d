// A setup file of vitest, used where no test may be skipped for want of a program.
import { beforeEach } from 'vitest';

import { remedyFor, missingAmong } from './programs.js';

beforeEach(({ task }) => {
  const names = missingAmong(task.tags ?? []);
  if (names.length > 0) throw new Error(`needs ${names.join(', ')}: ${remedyFor(names)}`);
});
