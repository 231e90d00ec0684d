import { OcspError } from '../../core/index.js';

/** Sections of the configuration file that are a flag each, in the order in which they are told. */
export const flagSections = [
  'issuers',
  'trusted-responders',
  'reload',
  'confirm',
  'dnsdist-key-file',
  'metrics',
  'lock',
  'lock-wait',
] as const;

/** What a flag's declaration says for sources of its value other than the command line. */
export interface FlagTraits {
  /** Where the configuration file has it, beside `defaults`. */
  readonly section?: (typeof flagSections)[number] | 'hooks';
  /** It is about one run: in a file it would be a trap, or refer to itself. */
  readonly isOfOneRun?: true;
  /** No variable stands for it, although it takes one value. */
  readonly hasVariable?: false;
  /** A path in it, made absolute from the folder of the configuration file. */
  readonly inFolder?: (folder: string, text: string) => string;
  /** What `fetch` checks of it after the flags are parsed, so that it can be said with the place that it stands in. */
  readonly check?: (text: string, value: unknown) => unknown;
  /** The text for a screen, without secrets. */
  readonly masked?: (text: string) => string;
}

/** The parts of a flag that are used here; oclif's own type has more. */
export interface FlagDefinition extends FlagTraits {
  readonly type: 'boolean' | 'option';
  readonly multiple?: boolean | undefined;
  readonly env?: string | undefined;
  readonly options?: readonly string[] | undefined;
  readonly exclusive?: readonly string[] | undefined;
  readonly default?: unknown;
  readonly defaultHelp?: unknown;
  readonly parse?: unknown;
}

export type FlagDefinitions = Readonly<Record<string, FlagDefinition>>;

/** The flags, each that takes one value with its variable, which help and manifest show: RESTAPLE_HASH for --hash. */
export function withEnvironment<Definitions extends FlagDefinitions>(flags: Definitions): Definitions {
  const named = Object.entries(flags).map(([name, flag]) => [
    name,
    flag.multiple === true || flag.hasVariable === false
      ? flag
      : { ...flag, env: `RESTAPLE_${name.toUpperCase().replaceAll('-', '_')}` },
  ]);
  return Object.fromEntries(named) as Definitions;
}

/**
 * The flags as oclif may parse them. Variables are read by ourselves: oclif takes any odd word of a boolean for false,
 * lets a variable contradict a flag, and does not say that a bad value came from one.
 */
export function withoutEnvironment<Definitions extends FlagDefinitions>(flags: Definitions): Definitions {
  return Object.fromEntries(
    Object.entries(flags).map(([name, flag]) => [name, { ...flag, env: undefined }]),
  ) as Definitions;
}

type FlagParser = (text: string, context: object, options: object) => Promise<unknown>;

/**
 * One text as the flag takes it on the command line, by the flag's own parser and then by what `fetch` checks of it
 * before any traffic.
 *
 * @throws OcspError `usage` whose message is what is wrong and what was expected, without the flag's name
 */
export async function flagValue(name: string, flag: FlagDefinition, text: string): Promise<unknown> {
  if (flag.type === 'boolean') {
    // The words that oclif knows for a boolean in a variable.
    if (/^(?:true|yes|y|1)$/i.test(text)) return true;
    if (/^(?:false|no|n|0)$/i.test(text)) return false;
    throw new OcspError('usage', `"${text}" is neither true nor false`);
  }
  if (flag.options !== undefined && !flag.options.includes(text)) {
    const { nearestWord } = await import('./nearest-word.js');
    const meant = nearestWord(text, flag.options);
    const question = meant === undefined ? '' : `; did you mean ${meant}?`;
    throw new OcspError('usage', `"${text}" is not one of ${flag.options.join(', ')}${question}`);
  }
  try {
    const value = await (flag.parse as FlagParser)(text, {}, { ...flag, name });
    flag.check?.(text, value);
    return value;
  } catch (error) {
    throw withoutFlagName(name, error);
  }
}

/** The flags' parsers speak of `--timeout`; where the value came from a file, its place says that. */
function withoutFlagName(name: string, error: unknown): unknown {
  // oclif's own parsers throw errors of oclif's; the name is the mark of a bug in ours.
  if (!(error instanceof Error) || error instanceof TypeError) return error;
  const plain = error.message.replace(`--${name}: `, '');
  const hint = error instanceof OcspError ? error.hint.replace(`for example --${name} `, 'for example ') : '';
  const message = `${plain.charAt(0).toLowerCase()}${plain.slice(1)}${hint === '' ? '' : `; ${hint}`}`;
  return new OcspError('usage', message, '', { cause: error });
}
