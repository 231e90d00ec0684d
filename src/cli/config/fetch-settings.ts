import { OcspError } from '../../core/index.js';
import type { FlagDefinitions } from '../flags/environment-flags.js';
import type { Configuration } from './configuration.js';
import { environmentValues } from './environment-values.js';
import { mergeSettings, type Setting } from './merge-settings.js';
import { isConfigurationThere } from './read-configuration-file.js';

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
export interface SettingsProcess {
  readonly env: Readonly<Record<string, string | undefined>>;
  geteuid?(): number;
}

/** The settings of a run of `fetch`. */
export interface FetchSettings<Flags> {
  /** The flags by all their sources. */
  readonly flags: Flags;
  /** The same, each with its source. */
  readonly settings: ReadonlyMap<string, Setting>;
  /** The file behind them; undefined where none was read. */
  readonly configuration: Configuration | undefined;
}

/**
 * The settings by command line, environment, configuration file and defaults, in this order. YAML and its schema are
 * loaded only where there is a file.
 *
 * @param definitions every flag of the command, with its variable
 * @param options.useDefaultPlace whether /etc/restaple.yaml is read where it is there and no other file is named
 * @throws OcspError `usage` for a bad variable, and for a file that cannot be read, trusted or understood
 */
export async function fetchSettings<Flags extends object>(
  parsed: ParsedCommandLine<Flags>,
  definitions: FlagDefinitions,
  process: SettingsProcess,
  options: { readonly useDefaultPlace: boolean },
): Promise<FetchSettings<Flags>> {
  const { given, defaults } = splitByOrigin(parsed);
  const environment = await environmentValues(definitions, process.env, given);
  const named = given.get('config') ?? environment.get('config')?.value;
  const file = typeof named === 'string' ? named : defaultFile(options.useDefaultPlace);
  const configuration = file === undefined ? undefined : await load(file, definitions, process);
  const settings = mergeSettings(definitions, {
    given,
    environment,
    file: configuration?.values ?? new Map(),
    defaults,
  });
  const merged = Object.fromEntries([...settings].map(([name, { value }]) => [name, value]));
  // Each value comes from the parser of its flag, so the type is that of the flags.
  return { flags: { ...parsed.flags, ...merged }, settings, configuration };
}

/** The error for a run that nobody told of a certificate. */
export function noCertificate(configuration: Configuration | undefined): OcspError {
  return configuration === undefined
    ? new OcspError(
        'usage',
        'no certificate was named',
        `name certificate files, a folder of them, - to read paths from stdin, or a configuration with --config (there is no ${defaultConfigurationPlace})`,
      )
    : new OcspError(
        'usage',
        `the configuration file ${configuration.file} names no certificate`,
        'list them there under certificates, or name them on the command line',
      );
}

function splitByOrigin<Flags extends object>(
  parsed: ParsedCommandLine<Flags>,
): { readonly given: ReadonlyMap<string, unknown>; readonly defaults: ReadonlyMap<string, unknown> } {
  const isDefault = (name: string): boolean => parsed.metadata.flags[name]?.setFromDefault === true;
  const entries = Object.entries(parsed.flags).filter(([, value]) => value !== undefined);
  return {
    given: new Map(entries.filter(([name]) => !isDefault(name))),
    defaults: new Map(entries.filter(([name]) => isDefault(name))),
  };
}

function defaultFile(isWanted: boolean): string | undefined {
  return isWanted && isConfigurationThere(defaultConfigurationPlace) ? defaultConfigurationPlace : undefined;
}

async function load(file: string, definitions: FlagDefinitions, process: SettingsProcess): Promise<Configuration> {
  const { readConfiguration } = await import('./configuration.js');
  return await readConfiguration(file, definitions, process.geteuid?.() ?? 0);
}
