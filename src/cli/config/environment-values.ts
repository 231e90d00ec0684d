import { OcspError } from '../../core/index.js';
import type { FlagDefinitions } from '../flags/environment-flags.js';
import { exclusivePairs } from '../flags/exclusive-flags.js';
import { flagValue } from '../flags/flag-value.js';

/** What a variable gives a flag. */
export interface EnvironmentValue {
  readonly variable: string;
  readonly text: string;
  /** As the flag's parser returns it. */
  readonly value: unknown;
}

/**
 * The flags that variables set, parsed as on the command line. An empty variable sets nothing, as for oclif, and a
 * variable whose flag is given is not looked at.
 *
 * @param given the flags of the command line
 * @throws OcspError `usage` that names the variable
 */
export async function environmentValues(
  flags: FlagDefinitions,
  environment: Readonly<Record<string, string | undefined>>,
  given: { has(name: string): boolean },
): Promise<Map<string, EnvironmentValue>> {
  const found = new Map<string, EnvironmentValue>();
  for (const [name, flag] of Object.entries(flags)) {
    const variable = flag.env;
    const text = variable === undefined ? undefined : environment[variable];
    if (variable === undefined || text === undefined || text === '' || given.has(name)) continue;
    try {
      found.set(name, { variable, text, value: await flagValue(name, flag, text) });
    } catch (error) {
      if (!(error instanceof OcspError)) throw error;
      throw new OcspError('usage', `${variable}: ${error.message}`, `correct or unset it; it stands for --${name}`, {
        cause: error,
      });
    }
  }
  for (const pair of exclusivePairs(flags)) {
    const [one, other] = pair.map((name) => found.get(name));
    if (one?.value !== true || other?.value !== true) continue;
    throw new OcspError('usage', `${one.variable} and ${other.variable} contradict each other`, 'unset one of them');
  }
  return found;
}
