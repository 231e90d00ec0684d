import { join } from 'node:path';

import { projectFolder } from '../support/run-program.js';

/** The path of a file of packaging/. */
export function packagingFile(...names: readonly string[]): string {
  return join(projectFolder, 'packaging', ...names);
}
