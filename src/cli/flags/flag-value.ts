import { OcspError } from '../../core/index.js';
import type { FlagDefinition } from './environment-flags.js';

type FlagParser = (text: string, context: object, options: object) => Promise<unknown>;

/** The words that oclif knows for a boolean in a variable. */
const booleans: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  y: true,
  '1': true,
  false: false,
  no: false,
  n: false,
  '0': false,
};

/**
 * One text as the flag takes it on the command line, by the flag's own parser and then by what `fetch` checks of it
 * before any traffic.
 *
 * @throws OcspError `usage` whose message is what is wrong and what was expected, without the flag's name
 */
export async function flagValue(name: string, flag: FlagDefinition, text: string): Promise<unknown> {
  if (flag.type === 'boolean') {
    const value = booleans[text.toLowerCase()];
    if (value === undefined) throw new OcspError('usage', `"${text}" is neither true nor false`);
    return value;
  }
  if (flag.options !== undefined && !flag.options.includes(text)) {
    throw new OcspError('usage', `"${text}" is none of ${flag.options.join(', ')}`);
  }
  try {
    const value = flag.parse === undefined ? text : await (flag.parse as FlagParser)(text, {}, { ...flag, name });
    const { checkFlagValue } = await import('./check-flag-value.js');
    checkFlagValue(name, text, value);
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
