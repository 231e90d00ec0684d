import { resolve } from 'node:path';
import { cwd } from 'node:process';
import { folderOf } from '../../core/file-path.js';
import type { ResponderOverride } from '../../pipeline/fetch/responder-override.js';
import type { NamedSource } from '../../source/named-source.js';
import { isDescriptorPath } from '../../system/handed-over-pipe.js';
import type { FlagDefinitions } from '../flags/flag.js';
import { ConfigurationError, type Problem } from './configuration-error.js';
import { configuredFlags } from './configured-flags.js';
import {
  configuredResponders,
  configuredSources,
  writtenResponders,
  type Complain,
  type IsBroken,
} from './configured-sources.js';
import { configurationSchema, type ConfigurationShape, type ResponderEntry } from './schema.js';
import { overlap, schemaProblems } from './schema-problems.js';
import type { Settings } from './settings.js';
import { parseYaml } from './yaml-file.js';

/** What a configuration file says; relative paths are made absolute from the folder that it was named in, or for a pipe from the current one. */
export interface Configuration {
  readonly file: string;
  /** It says nothing at all. */
  readonly isEmpty: boolean;
  readonly sources: readonly NamedSource[];
  /** Where each of them stands. */
  readonly sourceLines: readonly number[];
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
  const { problems, ...configuration } = await readConfiguration(file, text, flags);
  if (problems.length > 0) throw new ConfigurationError(file, problems);
  return configuration;
}

/** The same with its mistakes beside what can be read in spite of them. Throws ConfigurationError where nothing can. */
export async function readConfiguration(
  file: string,
  text: string,
  flags: FlagDefinitions,
): Promise<Configuration & { readonly problems: readonly Problem[] }> {
  const yaml = parseYaml(file, text);
  const result = configurationSchema(flags).safeParse(yaml.value);
  const found = result.success ? [] : schemaProblems(result.error.issues, yaml, flags);
  const problems: Problem[] = [...yaml.problems, ...found];
  const broken = [...yaml.broken, ...found.map(({ path }) => path)];
  const isBroken: IsBroken = (path) => broken.some((place) => overlap(place, path));
  const isLost: IsBroken = (path) => broken.some((place) => place.length <= path.length && overlap(place, path));
  // What is a flag is read with its lines; of the rest the schema has made sure, where it is not broken.
  const shape = (result.success ? result.data : yaml.value) as ConfigurationShape;
  // That of a pipe is /dev/fd, which nobody means.
  const folder = isDescriptorPath(file) ? cwd() : String(folderOf(resolve(file)));
  const complain: Complain = (path, words) => void problems.push({ line: yaml.lineOf(path), text: words });
  const placed = configuredSources(shape, folder, { isBroken, isLost }, complain);
  const responders = await configuredResponders(shape, folder, { isBroken, isLost }, complain);
  const settings = await configuredFlags(yaml, flags, folder, isBroken, problems);
  return {
    file,
    isEmpty: Object.keys(yaml.value ?? {}).length === 0,
    sources: placed.map(({ source }) => source),
    sourceLines: placed.map(({ path }) => yaml.lineOf(path)),
    responders,
    writtenResponders: problems.length > 0 ? [] : writtenResponders(shape, folder),
    settings,
    problems,
  };
}
