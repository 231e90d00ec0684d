/** What is looked at of a flag's definition: oclif's own type names the type of its value, which nobody needs here. */
export interface FlagDefinition {
  readonly type: 'boolean' | 'option';
  readonly multiple?: boolean | undefined;
  readonly env?: string | undefined;
  readonly options?: readonly string[] | undefined;
  readonly exclusive?: readonly unknown[] | undefined;
  readonly helpValue?: string | readonly string[] | undefined;
  readonly default?: unknown;
  readonly defaultHelp?: unknown;
  readonly parse?: unknown;
}

export type FlagDefinitions = Readonly<Record<string, FlagDefinition>>;

/** The variable that gives a flag: RESTAPLE_CONNECT_TIMEOUT for --connect-timeout. */
export function variableOf(flag: string): string {
  return `RESTAPLE_${flag.toUpperCase().replaceAll('-', '_')}`;
}

/** The flags, each that takes one value with its variable, which help and manifest show. */
export function withEnvironment<Definitions extends FlagDefinitions>(flags: Definitions): Definitions {
  const named = Object.entries(flags).map(([name, flag]) => [
    name,
    flag.multiple === true ? flag : { ...flag, env: variableOf(name) },
  ]);
  return Object.fromEntries(named) as Definitions;
}

/**
 * A command whose flags oclif parses from the command line alone. Variables are read by ourselves: oclif takes any odd
 * word of a boolean for false, lets a variable contradict a flag, and does not say that a bad value came from one.
 */
export function commandLineOnly<
  Command extends { readonly flags: FlagDefinitions; readonly baseFlags: FlagDefinitions },
>(command: Command): Command {
  return { ...command, flags: withoutEnvironment(command.flags), baseFlags: withoutEnvironment(command.baseFlags) };
}

function withoutEnvironment(flags: FlagDefinitions): FlagDefinitions {
  return Object.fromEntries(Object.entries(flags).map(([name, flag]) => [name, { ...flag, env: undefined }]));
}
