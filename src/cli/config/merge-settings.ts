import type { FlagDefinitions } from '../flags/environment-flags.js';
import { exclusivePairs } from '../flags/exclusive-flags.js';
import type { FileValue } from './configured-values.js';
import type { EnvironmentValue } from './environment-values.js';

/** Who set a flag. */
export type Origin =
  | { readonly kind: 'flag' }
  | { readonly kind: 'environment'; readonly variable: string }
  | { readonly kind: 'file'; readonly line: number }
  | { readonly kind: 'default' };

/** A flag's value, who set it, and the texts it was parsed from where it came from a variable or the file. */
export interface Setting {
  readonly value: unknown;
  readonly origin: Origin;
  readonly texts?: readonly string[];
}

/** The sources of settings, by flag; `defaults` has every flag that oclif filled in. */
export interface SettingSources {
  readonly given: ReadonlyMap<string, unknown>;
  readonly environment: ReadonlyMap<string, EnvironmentValue>;
  readonly file: ReadonlyMap<string, FileValue>;
  readonly defaults: ReadonlyMap<string, unknown>;
}

const ranks = { flag: 3, environment: 2, file: 1, default: 0 } as const;

/**
 * Flags beat the environment, which beats the file, which beats the defaults. Of two flags that contradict each other
 * the one that was set by the stronger source counts, and the other falls back to its default.
 *
 * @returns a setting for each flag that has a value, in the order of the definitions
 */
export function mergeSettings(flags: FlagDefinitions, sources: SettingSources): Map<string, Setting> {
  const settings = new Map<string, Setting>();
  for (const name of Object.keys(flags)) {
    const setting = strongest(name, flags[name]?.multiple === true, sources);
    if (setting !== undefined) settings.set(name, setting);
  }
  for (const [one, other] of exclusivePairs(flags)) {
    const weaker = weakerOf(settings, one, other);
    if (weaker !== undefined)
      settings.set(weaker, { value: sources.defaults.get(weaker) ?? false, origin: { kind: 'default' } });
  }
  return settings;
}

function strongest(name: string, isMultiple: boolean, sources: SettingSources): Setting | undefined {
  if (sources.given.has(name)) return { value: sources.given.get(name), origin: { kind: 'flag' } };
  const variable = sources.environment.get(name);
  if (variable !== undefined) {
    const { value, text } = variable;
    return { value, origin: { kind: 'environment', variable: variable.variable }, texts: [text] };
  }
  const file = sources.file.get(name);
  if (file !== undefined) {
    const value = isMultiple ? file.values : file.values[0];
    return { value, origin: { kind: 'file', line: file.line }, texts: file.texts };
  }
  if (!sources.defaults.has(name)) return undefined;
  return { value: sources.defaults.get(name), origin: { kind: 'default' } };
}

/** Of two flags that are both on, the one that the weaker source set; undefined where one source said both. */
function weakerOf(settings: ReadonlyMap<string, Setting>, one: string, other: string): string | undefined {
  const [first, second] = [settings.get(one), settings.get(other)];
  if (first?.value !== true || second?.value !== true) return undefined;
  const difference = ranks[first.origin.kind] - ranks[second.origin.kind];
  if (difference === 0) return undefined;
  return difference < 0 ? one : other;
}
