import { flagGroups } from '../flags/flag-groups.js';
import type { CommandRecord, FlagRecord } from './command-record.js';

/** The words in which help, manuals and completions show commands and flags. */

const common = { json: true, quiet: true, verbose: true, help: true, version: true };

/** The first sentence of the description, without its full stop. */
export function summaryOf({ summary, description = '' }: CommandRecord): string {
  return (summary ?? description.split('\n', 1)[0] ?? '').replace(/\.$/, '');
}

export function groupOf({ helpGroup = 'output' }: FlagRecord): string {
  return helpGroup;
}

export function shownFlags({ flags }: CommandRecord): FlagRecord[] {
  const known = Object.keys(flagGroups);
  // What every command has comes last of all.
  const rank = (flag: FlagRecord): number => (flag.name in common ? known.length : known.indexOf(groupOf(flag)));
  return Object.values(flags)
    .filter(({ hidden }) => hidden !== true)
    .sort((a, b) => rank(a) - rank(b));
}

/** `-0, --null`, `--[no-]fetch-issuer`, `--hash sha1|sha256`, `--header <'K: V'>...` */
export function labelOf({ name, char, type, allowNo, options, helpValue = '<value>', multiple }: FlagRecord): string {
  const names = `${char === undefined ? '' : `-${char}, `}--${allowNo === true ? '[no-]' : ''}${name}`;
  if (type === 'boolean') return names;
  const value = options?.join('|') ?? [helpValue].flat().join(' ');
  return `${names} ${value}${multiple === true ? '...' : ''}`;
}

/** A default that is not a value is in the description itself. */
export function describe({ description = '', type, default: byDefault, required }: FlagRecord): string {
  if (required === true) return `${description} (required)`;
  const isValue = typeof byDefault === 'string' || typeof byDefault === 'number';
  return type === 'option' && isValue ? `${description} [default: ${byDefault}]` : description;
}

/** Arguments are written as in usages and in the manual. */
export function argumentName(name: string): string {
  return name === 'certificate' ? 'CERT' : name.toUpperCase();
}

export function examplesOf({ examples = [] }: CommandRecord, bin: string): string[] {
  return examples.map((example) => String(example).replaceAll('<%= config.bin %>', bin));
}
