import { OcspError } from '../../core/index.js';
import { flagValue, type FlagDefinitions } from '../flags/flag.js';

/** Who set a flag. */
export type Origin =
  | { readonly kind: 'flag' }
  | { readonly kind: 'environment'; readonly variable: string }
  | { readonly kind: 'file'; readonly line: number }
  | { readonly kind: 'default' };

/** A flag's value, its source, and the texts it was parsed from if it came from a variable or the file. */
export interface Setting {
  readonly value: unknown;
  readonly origin: Origin;
  readonly texts?: readonly string[];
  /** Where the file has it, and the line of each of its texts. */
  readonly written?: { readonly place: string; readonly lines: readonly number[] };
}

/** By flag. */
export type Settings = ReadonlyMap<string, Setting>;

/**
 * The flags that variables set, parsed as on the command line. An empty variable sets nothing, as for oclif, and a
 * variable whose flag is given is not looked at.
 *
 * @param given the flags of the command line
 * @param refuse is told of a bad variable instead of the error
 * @throws OcspError `usage` that names the variable
 */
export async function environmentSettings(
  flags: FlagDefinitions,
  environment: Readonly<Record<string, string | undefined>>,
  given: Settings,
  refuse = (error: OcspError): void => {
    throw error;
  },
): Promise<Settings> {
  const found = new Map<string, Setting>();
  for (const [name, flag] of Object.entries(flags)) {
    const variable = flag.env ?? '';
    const text = environment[variable] ?? '';
    if (text === '' || given.has(name)) continue;
    try {
      const value = await flagValue(name, flag, text);
      found.set(name, { value, origin: { kind: 'environment', variable }, texts: [text] });
    } catch (error) {
      if (!(error instanceof OcspError)) throw error;
      const hint = `correct or unset it; it sets --${name}`;
      refuse(new OcspError('usage', `${variable}: ${error.message}`, hint, { cause: error }));
    }
  }
  for (const pair of contradictions(flags, found)) {
    const [one, other] = pair.map((name) => flags[name]?.env);
    refuse(new OcspError('usage', `${one} and ${other} contradict each other`, 'unset one of them'));
  }
  return found;
}

/** Pairs of flags that exclude each other and are both set. */
export function contradictions(flags: FlagDefinitions, settings: Settings): (readonly [string, string])[] {
  const isOn = (name: string): boolean => settings.get(name)?.value === true;
  return Object.entries(flags)
    .filter(([name]) => isOn(name))
    .flatMap(([name, { exclusive = [] }]) => exclusive.filter(isOn).map((partner) => [name, partner] as const));
}

const ranks = ['default', 'file', 'environment', 'flag'];

/**
 * Flags beat the environment, which beats the file, which beats the defaults. Of two flags that contradict each other
 * the one that was set by the stronger source counts, and the other falls back to its default.
 *
 * @param sources the weakest first
 */
export function mergeSettings(flags: FlagDefinitions, sources: readonly Settings[]): Settings {
  const settings = new Map(sources.flatMap((source) => [...source]));
  const rankOf = (name: string): number => ranks.indexOf(settings.get(name)?.origin.kind ?? 'default');
  for (const [one, other] of contradictions(flags, settings)) {
    if (rankOf(one) === rankOf(other)) continue;
    const weaker = rankOf(one) < rankOf(other) ? one : other;
    settings.set(weaker, { value: flags[weaker]?.default ?? false, origin: { kind: 'default' } });
  }
  return settings;
}
