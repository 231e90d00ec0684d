import { flagGroups } from '../flags/flag-groups.js';
import { argumentName, describe, examplesOf, groupOf, labelOf, shownFlags } from '../help/flag-words.js';
import { wordsOf, type CommandRecord } from '../help/command-record.js';
import { sentence } from './command-page.js';

/** docs/commands.md: every command with all flags, examples and exit codes, in Markdown. */
export function commandReference(commands: readonly CommandRecord[]): string {
  return [
    '# Commands',
    'Every command and flag, from the same definitions as `--help` and the manual pages. What all commands have stands once, at the end.',
    ...commands.flatMap(commandPart),
    '## Flags of every command',
    'All but `ocsp`, which takes the arguments of openssl, have these.',
    ...flagLists(
      commands.filter(({ id }) => id === 'inspect'),
      isCommon,
    ),
    '',
  ].join('\n\n');
}

const isCommon = (name: string): boolean => ['json', 'quiet', 'verbose', 'help', 'version'].includes(name);

function commandPart(command: CommandRecord): string[] {
  const args = Object.values(command.args).map(
    ({ name, description = '' }) => `- \`${argumentName(name)}\`: ${inMarkdown(sentence(description))}`,
  );
  const usages = [command.usage ?? []].flat().map((usage) => `restaple ${wordsOf(command)} ${usage}`);
  const exits = [...new Set([0, 1, 2, ...(command.exits ?? [])])].sort((a, b) => a - b);
  return [
    `## restaple ${wordsOf(command)}`,
    inMarkdown(command.description ?? ''),
    fenced([...usages]),
    ...(args.length === 0 ? [] : [args.join('\n')]),
    ...flagLists([command], (name) => !isCommon(name)),
    fenced(examplesOf(command, 'restaple')),
    `Exit codes: ${exits.join(', ')} ([errors.md](errors.md)).`,
  ];
}

function flagLists(commands: readonly CommandRecord[], isShown: (name: string) => boolean): string[] {
  const flags = commands.flatMap(shownFlags).filter(({ name }) => isShown(name));
  return Object.entries(flagGroups).flatMap(([group, title]) => {
    const own = flags.filter((flag) => groupOf(flag) === group);
    if (own.length === 0) return [];
    const lines = own.map((flag) => `- \`${labelOf(flag)}\`: ${inMarkdown(sentence(describe(flag)))}`);
    return [`${title.charAt(0).toUpperCase()}${title.slice(1)}:`, lines.join('\n')];
  });
}

function fenced(lines: readonly string[]): string {
  return ['```sh', ...lines, '```'].join('\n');
}

/** Brackets, braces and stars as they stand. */
function inMarkdown(text: string): string {
  return text.replaceAll(/[[\]<>*_\\]/g, (character) => `\\${character}`);
}
