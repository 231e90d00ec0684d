import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { projectFolder } from '../support/run-program.js';

export interface ManifestFlag {
  readonly name: string;
  readonly char?: string;
  readonly type: 'boolean' | 'option';
  readonly description?: string;
  readonly options?: readonly string[];
  readonly default?: unknown;
  readonly multiple?: boolean;
  readonly allowNo?: boolean;
  readonly exclusive?: readonly string[];
  readonly env?: string;
  readonly helpGroup?: string;
  readonly summary?: string;
}

export interface ManifestCommand {
  readonly description?: string;
  readonly examples: readonly string[];
  readonly usage?: string | readonly string[];
  readonly exits?: readonly number[];
  readonly variables?: readonly string[];
  readonly manual?: readonly string[];
  readonly args: Readonly<Record<string, { readonly name: string; readonly required?: boolean }>>;
  readonly flags: Readonly<Record<string, ManifestFlag>>;
}

/** What the build wrote of the commands. */
export function readManifest(): { readonly commands: Readonly<Record<string, ManifestCommand>> } {
  const text = readFileSync(join(projectFolder, 'oclif.manifest.json'), 'utf8');
  return JSON.parse(text) as ReturnType<typeof readManifest>;
}
