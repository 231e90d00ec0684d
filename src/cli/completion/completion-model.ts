import { givenReasons } from '../../core/response.js';
import { toldServers } from '../../servers/reload-target.js';
import { shownFlags, summaryOf } from '../help/flag-words.js';
import { wordsOf, type ArgumentRecord, type CommandRecord, type FlagRecord } from '../help/command-record.js';
import { optionGroups } from '../ocsp/option-table.js';

/** What may stand in one place of a command line: these words, and files, commands or reload targets where it says so. */
export interface Candidates {
  readonly words: readonly string[];
  readonly also?: 'files' | 'commands' | 'targets';
}

export interface CompletedFlag {
  /** Each way to write it: `--null` and `-0`. */
  readonly spellings: readonly string[];
  readonly text: string;
  /** What its value may be; a switch has none. */
  readonly value?: Candidates;
  readonly isRepeatable: boolean;
}

export interface CompletedCommand {
  /** `config check` */
  readonly name: string;
  readonly text: string;
  readonly flags: readonly CompletedFlag[];
  /** What its arguments may be, in this order; the last one for all that follow. */
  readonly arguments: readonly Candidates[];
}

/** What the scripts of all shells say, each in its own words. */
export interface CompletionModel {
  readonly commands: readonly CompletedCommand[];
  /** The first words of commands of several, such as `config`. */
  readonly topics: readonly { readonly name: string; readonly text: string }[];
  readonly targets: readonly CompletedTarget[];
}

export interface CompletedTarget {
  readonly name: string;
  /** Nothing has to follow its name. */
  readonly standsAlone: boolean;
  /** A path may follow its name and a colon. */
  readonly takesPath: boolean;
}

const nothing: Candidates = { words: [] };
const files: Candidates = { words: [], also: 'files' };

/** By the words between the brackets of a flag's value; what is in none of them is a value that nobody can guess. */
const candidatesOf: Readonly<Record<string, Candidates>> = {
  file: files,
  folder: files,
  template: files,
  '-': { words: ['-'] },
  auto: { words: ['auto'] },
  target: { words: [], also: 'targets' },
  command: { words: [], also: 'commands' },
  reason: { words: givenReasons },
  'good,revoked': { words: ['good', 'good,revoked'] },
};

/** The model of these commands, as the manifest has them. */
export function completionModel(
  records: readonly CommandRecord[],
  topics: readonly { readonly name: string; readonly description?: string | undefined }[],
): CompletionModel {
  const commands = records
    .filter(({ hidden }) => hidden !== true)
    .map((record) => (record.id === 'ocsp' ? opensslCommand(record) : commandFrom(record)));
  const help: CompletedCommand = {
    name: 'help',
    text: 'Show the help of a command',
    flags: [],
    arguments: [],
  };
  return {
    commands: [...commands, help].sort((a, b) => (a.name < b.name ? -1 : 1)),
    // oclif makes a topic of each command too.
    topics: topics
      .filter(({ name }) => commands.some((command) => command.name.startsWith(`${name} `)))
      .map(({ name, description = '' }) => ({ name, text: description.replace(/\.$/, '') })),
    targets: toldServers.map((server) => ({
      name: server.name,
      standsAlone: server.parse('') !== undefined,
      takesPath: server.parse('/run/server') !== undefined,
    })),
  };
}

function commandFrom(record: CommandRecord): CompletedCommand {
  return {
    name: wordsOf(record),
    text: summaryOf(record),
    flags: shownFlags(record).flatMap(flagsFrom),
    arguments: [...Object.values(record.args).map(candidatesOfArgument), ...(record.strict === false ? [] : [nothing])],
  };
}

function candidatesOfArgument({ name, options }: ArgumentRecord): Candidates {
  if (options !== undefined) return { words: options };
  return name === 'target' ? { words: [], also: 'targets' } : { words: ['-'], also: 'files' };
}

/** One, or two where there is a --no- form. */
function flagsFrom(flag: FlagRecord): CompletedFlag[] {
  const { name, char, type, allowNo, multiple = false } = flag;
  const text = (flag.summary ?? flag.description ?? '').replace(/ \[default: .*\]$/, '');
  const one: CompletedFlag = {
    spellings: [`--${name}`, ...(char === undefined ? [] : [`-${char}`])],
    text,
    isRepeatable: multiple,
    ...(type === 'option' ? { value: valueOf(flag) } : {}),
  };
  return allowNo === true ? [one, { ...one, spellings: [`--no-${name}`], text: `do not ${text}` }] : [one];
}

function valueOf({ options, helpValue = '' }: FlagRecord): Candidates {
  if (options !== undefined) return { words: options };
  const parts = [helpValue].flat().join('|').replace(/^<|>$/g, '').split('|');
  const found = parts.map((part) => candidatesOf[part] ?? nothing);
  const also = found.map((one) => one.also).find((one) => one !== undefined);
  return { words: found.flatMap(({ words }) => words), ...(also === undefined ? {} : { also }) };
}

/** `ocsp` takes what openssl takes. */
function opensslCommand(record: CommandRecord): CompletedCommand {
  const flags = Object.values(optionGroups).flatMap((rows) =>
    Object.entries(rows)
      .filter(([, { refused }]) => refused === undefined)
      .map(([name, { kind, value, help }]): CompletedFlag => {
        const isFile = value === 'FILE' || value === 'FOLDER';
        return {
          spellings: [`-${name}`],
          text: help,
          isRepeatable: true,
          ...(kind === 'none' ? {} : { value: isFile ? files : nothing }),
        };
      }),
  );
  const hashes = ['-sha1', '-sha256', '-sha384', '-sha512'];
  const text = 'the hash of the CertIDs that follow';
  flags.push(...hashes.map((name) => ({ spellings: [name], text, isRepeatable: true })));
  return { name: wordsOf(record), text: summaryOf(record), flags, arguments: [] };
}
