import type { OcspError } from '../../core/index.js';
import type { FlagDefinitions } from '../flags/flag.js';
import type { Configuration } from './configuration.js';
import type { Problem } from './configuration-error.js';
import { isConfigurationThere, readConfigurationFile } from './read-configuration-file.js';
import { environmentSettings, mergeSettings, type Origin, type Setting, type Settings } from './settings.js';

/** Read where no --config names another, and no certificate stands on the command line. */
export const defaultConfigurationPlace = '/etc/restaple.yaml';

/** What oclif makes of a command line, as far as it is looked at here. */
export interface ParsedCommandLine<Flags> {
  readonly flags: Flags;
  readonly metadata: {
    readonly flags: Readonly<Record<string, { readonly setFromDefault?: boolean | undefined } | undefined>>;
  };
}

/** The process as far as it bears on settings. */
type SettingsProcess = Pick<NodeJS.Process, 'env' | 'geteuid'>;

/** The settings of a run of `fetch`. */
export interface FetchSettings<Flags> {
  /** The flags by all their sources. */
  readonly flags: Flags;
  /** The same, each with its source. */
  readonly settings: Settings;
  /** The file behind them; undefined where none was read. */
  readonly configuration: Configuration | undefined;
}

/**
 * The settings by command line, environment, configuration file and defaults, in this order. YAML and its schema are
 * loaded only where there is a file.
 *
 * @param definitions every flag of the command, with its variable
 * @param options.useDefaultPlace whether /etc/restaple.yaml is read where it is there and no other file is named
 * @param options.problems takes all mistakes together, and nothing is thrown for any that leaves the rest readable
 * @throws OcspError `usage` for a bad variable, and for a file that cannot be read, trusted or understood
 */
export async function fetchSettings<Flags extends object>(
  { flags, metadata }: ParsedCommandLine<Flags>,
  definitions: FlagDefinitions,
  process: SettingsProcess,
  { useDefaultPlace, problems }: { readonly useDefaultPlace: boolean; readonly problems?: Problem[] },
): Promise<FetchSettings<Flags>> {
  const isGiven = ([name]: [string, unknown]): boolean => metadata.flags[name]?.setFromDefault !== true;
  const given = settingsFrom(Object.entries(flags).filter(isGiven), { kind: 'flag' });
  const defaults = settingsFrom(
    Object.entries(definitions).map(([name, definition]) => [name, definition.default]),
    { kind: 'default' },
  );
  const refuse = problems && (({ message }: OcspError): unknown => problems.push({ text: message }));
  const environment = await environmentSettings(definitions, process.env, given, refuse);
  const named = (given.get('config') ?? environment.get('config'))?.value;
  const isInDefaultPlace = named === undefined && useDefaultPlace && isConfigurationThere(defaultConfigurationPlace);
  const file = isInDefaultPlace ? defaultConfigurationPlace : named;
  const configuration = typeof file === 'string' ? await load(file, definitions, process, problems) : undefined;
  const settings = mergeSettings(definitions, [defaults, configuration?.settings ?? new Map(), environment, given]);
  const merged = Object.fromEntries([...settings].map(([name, { value }]) => [name, value]));
  // Each value comes from the parser of its flag, so the type is that of the flags.
  return { flags: { ...flags, ...merged }, settings, configuration };
}

/** Those that have a value. */
function settingsFrom(values: readonly (readonly [string, unknown])[], origin: Origin): Settings {
  const there = values.filter(([, value]) => value !== undefined);
  return new Map(there.map(([name, value]): [string, Setting] => [name, { value, origin }]));
}

async function load(
  file: string,
  definitions: FlagDefinitions,
  process: SettingsProcess,
  problems: Problem[] | undefined,
): Promise<Configuration> {
  const text = readConfigurationFile(file, process.geteuid?.() ?? 0);
  const { configurationFrom, readConfiguration } = await import('./configuration.js');
  if (problems === undefined) return await configurationFrom(file, text, definitions);
  const { problems: found, ...configuration } = await readConfiguration(file, text, definitions);
  problems.push(...found);
  return configuration;
}
