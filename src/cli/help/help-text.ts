import { exitMeanings } from '../exit/exit-code.js';
import { flagGroups } from '../flags/flag-groups.js';
import { wordsOf, type CommandRecord, type FlagRecord } from './command-record.js';
import { argumentName, describe, examplesOf, groupOf, labelOf, shownFlags, summaryOf } from './flag-words.js';
import { inColumns, commandUnits, wrap, wrapCommand, wrapParagraphs, wrapWords } from './wrap.js';

export interface HelpPlace {
  /** Columns. */
  readonly width: number;
  /** The name of the program. */
  readonly bin: string;
  /** The folder of the package, in which the manual is. */
  readonly root: string;
}

const widestLabel = 28;

/** `restaple CMD -h`: the usual flags on one screen. */
export function usualHelp(command: CommandRecord, { width, bin }: HelpPlace): string[] {
  const name = `${bin} ${wordsOf(command)}`;
  const rows = shownFlags(command)
    .filter(({ summary }) => summary !== undefined)
    .map((flag): [string, string] => [labelOf(flag), flag.summary ?? '']);
  const [example = ''] = examplesOf(command, bin);
  return [
    ...wrap(summaryOf(command), width),
    '',
    ...usageLines(command, bin, width),
    '',
    ...inColumns(rows, width, widestLabel),
    '',
    ...wrapCommand(`Example: ${example}`, width),
    ...wrap(`All flags, exit codes and more examples: ${name} --help`, width),
  ];
}

/** `restaple CMD --help`: everything. */
export function fullHelp(command: CommandRecord, place: HelpPlace): string[] {
  const { width, bin } = place;
  const [first, ...rest] = (command.description ?? '').split(/\n\s*\n/);
  const flags = shownFlags(command);
  const known = Object.keys(flagGroups);
  const groups = [...known, ...new Set(flags.map(groupOf).filter((group) => !known.includes(group)))];
  const args = Object.values(command.args).map(({ name, description = '' }): [string, string] => [
    argumentName(name),
    description,
  ]);
  return [
    ...wrapParagraphs(command.summary ?? first ?? '', width),
    '',
    ...usageLines(command, bin, width),
    ...(rest.length === 0 ? [] : ['', ...wrapParagraphs(rest.join('\n\n'), width)]),
    ...(args.length === 0 ? [] : ['', ...inColumns(args, width, widestLabel)]),
    ...groups.flatMap((group) => groupLines(group, flags, width)),
    ...variableLines(flags, width),
    ...section(
      'EXAMPLES',
      examplesOf(command, bin).flatMap((one) => indented(wrapCommand(one, width - 2))),
    ),
    ...exitLines(command, width),
    ...manualLines(command.manual ?? [], place),
  ];
}

/** `restaple --help` and `restaple config --help`: the commands. */
export function commandList(
  description: string,
  usage: string,
  commands: readonly CommandRecord[],
  place: HelpPlace,
): string[] {
  const { width, bin } = place;
  const rows = commands.map((command): [string, string] => [wordsOf(command), summaryOf(command)]);
  return [
    ...wrapParagraphs(description, width),
    '',
    `Usage: ${bin} ${usage}`,
    ...section('COMMANDS', inColumns(rows, width, widestLabel)),
    '',
    ...wrap(`${bin} COMMAND -h shows the usual flags of a command, --help everything; ${bin} -V the version.`, width),
    ...manualLines(['README.md', 'docs'], place),
  ];
}

function usageLines({ usage = [], ...command }: CommandRecord, bin: string, width: number): string[] {
  const label = 'Usage: ';
  return [usage]
    .flat()
    .flatMap((words, index) =>
      wrapWords(commandUnits(`${bin} ${wordsOf(command)} ${words}`), width - label.length - 2).map(
        (line, number) =>
          (index + number === 0 ? label : ' '.repeat(label.length)) + (number === 0 ? line : `  ${line}`),
      ),
    );
}

function groupLines(group: string, flags: readonly FlagRecord[], width: number): string[] {
  const rows = flags
    .filter((flag) => groupOf(flag) === group)
    .map((flag): [string, string] => [labelOf(flag), describe(flag)]);
  const title = Object.entries(flagGroups).find(([name]) => name === group)?.[1];
  return section(
    `${group.toUpperCase()}${title === undefined ? '' : `: ${title}`}`,
    inColumns(rows, width, widestLabel),
  );
}

function variableLines(flags: readonly FlagRecord[], width: number): string[] {
  const named = flags.filter(({ env, type }) => env !== undefined && type === 'option');
  const example = named.find(({ name }) => name.includes('-')) ?? named[0];
  if (example?.env === undefined) return [];
  const text =
    `Each flag that is given once has a variable too: ${example.env} for --${example.name}. ` +
    'Flags override variables, and variables override the configuration file.';
  return section('VARIABLES', indented(wrap(text, width - 2)));
}

/** Also for a bug and for wrong usage, which every command has. */
function exitLines({ exits, args }: CommandRecord, width: number): string[] {
  if (exits === undefined) return [];
  const codes = [...new Set([0, 1, 2, ...exits])].sort((a, b) => a - b);
  const rows = codes.map((code): [string, string] => [
    String(code),
    Object.entries(exitMeanings).find(([known]) => Number(known) === code)?.[1] ?? '',
  ]);
  return section(
    `EXIT CODES${Object.hasOwn(args, 'certificate') ? ': for several certificates, the gravest' : ''}`,
    inColumns(rows, width, widestLabel),
  );
}

function manualLines(pages: readonly string[], { root }: HelpPlace): string[] {
  // A path is not wrapped, so that it can be copied.
  return section(
    'MANUAL',
    pages.map((page) => `  ${root.replace(/\/$/, '')}/${page}`),
  );
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', title, ...lines];
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}
