import { resolve } from 'node:path';
import { folderOf } from '../../core/file-path.js';
import type { ResponderOverride } from '../../pipeline/fetch/responder-override.js';
import type { NamedSource } from '../../source/named-source.js';
import type { FlagDefinitions } from '../flags/flag.js';
import { ConfigurationError, type Problem } from './configuration-error.js';
import { configuredFlags } from './configured-flags.js';
import { configuredResponders, configuredSources, writtenResponders, type Complain } from './configured-sources.js';
import { configurationSchema, type ConfigurationShape, type ResponderEntry } from './schema.js';
import { schemaProblems } from './schema-problems.js';
import type { Settings } from './settings.js';
import { parseYaml } from './yaml-file.js';

/** What a configuration file says; relative paths are made absolute from the folder that it was named in. */
export interface Configuration {
  readonly file: string;
  readonly sources: readonly NamedSource[];
  readonly responders: readonly ResponderOverride[];
  readonly writtenResponders: readonly ResponderEntry[];
  readonly settings: Settings;
}

/**
 * What the text of a configuration file says, for a command with these flags.
 *
 * @throws ConfigurationError with every mistake in it
 */
export async function configurationFrom(file: string, text: string, flags: FlagDefinitions): Promise<Configuration> {
  const yaml = parseYaml(file, text);
  const result = configurationSchema(flags).safeParse(yaml.value);
  if (!result.success) throw new ConfigurationError(file, schemaProblems(result.error.issues, yaml, flags));
  // What is a flag is read with its lines; of the rest the schema has made sure.
  const shape = result.data as ConfigurationShape;
  const folder = String(folderOf(resolve(file)));
  const problems: Problem[] = [];
  const complain: Complain = (path, words) => void problems.push({ line: yaml.lineOf(path), text: words });
  const sources = configuredSources(shape, folder, complain);
  const responders = await configuredResponders(shape, folder, complain);
  const settings = await configuredFlags(yaml, flags, folder, problems);
  if (problems.length > 0) throw new ConfigurationError(file, problems);
  return { file, sources, responders, writtenResponders: writtenResponders(shape, folder), settings };
}
