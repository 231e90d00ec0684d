import { resolve } from 'node:path';
import { folderOf } from '../../core/file-path.js';
import type { ResponderOverride } from '../../pipeline/fetch/responder-override.js';
import type { NamedSource } from '../../source/named-source.js';
import type { FlagDefinitions } from '../flags/environment-flags.js';
import { ConfigurationError, type Problem } from './configuration-error.js';
import {
  configuredResponders,
  configuredSources,
  writtenResponders,
  type Complain,
  type WrittenResponder,
} from './configured-sources.js';
import { configuredValues, type FileValue } from './configured-values.js';
import { parseLocatedYaml, plainValueOf, type LocatedValue } from './located-value.js';
import { readConfigurationFile } from './read-configuration-file.js';
import { configurationSchema, knownKeys, type ConfigurationShape } from './schema.js';
import { lineAt, schemaProblems } from './schema-problems.js';

/** What a configuration file says; relative paths are made absolute from the folder that it was named in. */
export interface Configuration {
  readonly file: string;
  readonly sources: readonly NamedSource[];
  readonly responders: readonly ResponderOverride[];
  readonly writtenResponders: readonly WrittenResponder[];
  /** By flag. */
  readonly values: ReadonlyMap<string, FileValue>;
}

/**
 * Reads a configuration file for a command with these flags.
 *
 * @param effectiveUserId the user of this run: the file must be root's or theirs
 * @throws OcspError `usage` for a file that cannot be read or trusted; ConfigurationError with every mistake in it
 */
export async function readConfiguration(
  file: string,
  flags: FlagDefinitions,
  effectiveUserId: number,
): Promise<Configuration> {
  return await configurationFrom(file, readConfigurationFile(file, effectiveUserId), flags);
}

/** As {@link readConfiguration} for the text of the file. */
export async function configurationFrom(file: string, text: string, flags: FlagDefinitions): Promise<Configuration> {
  const located = parseLocatedYaml(file, text);
  const shape = shapeOf(file, located, flags);
  const folder = String(folderOf(resolve(file)));
  const problems: Problem[] = [];
  const complain: Complain = (path, words) => void problems.push({ line: lineAt(located, path), text: words });
  const sources = configuredSources(shape, folder, complain);
  const responders = await configuredResponders(shape, folder, complain);
  const values = await configuredValues(located, flags, folder, problems);
  if (problems.length > 0) throw new ConfigurationError(file, problems);
  return { file, sources, responders, writtenResponders: writtenResponders(shape, folder), values };
}

function shapeOf(file: string, located: LocatedValue, flags: FlagDefinitions): ConfigurationShape {
  const result = configurationSchema(flags).safeParse(plainValueOf(located));
  // The sections that are flags are read with their lines; of the rest the schema has made sure.
  if (result.success) return result.data as ConfigurationShape;
  const known = (section: readonly string[]): readonly string[] => knownKeys(flags, section);
  throw new ConfigurationError(file, schemaProblems(result.error.issues, located, known));
}
