import { gravities } from '../../pipeline/gravity.js';
import { exitCodes, exitMeanings } from '../exit/exit-code.js';
import { flagGroups } from '../flags/flag-groups.js';
import { argumentName, describe, examplesOf, groupOf, shownFlags, summaryOf } from '../help/flag-words.js';
import { wordsOf, type CommandRecord, type FlagRecord } from '../help/command-record.js';
import { wrapCommand } from '../help/wrap.js';
import { optionGroups } from '../ocsp/option-table.js';
import { knownFiles, knownVariables } from './files-and-variables.js';
import {
  bold,
  breakPoint,
  entries,
  escaped,
  italic,
  literal,
  manualPage,
  paragraphs,
  prose,
  references,
  section,
  subsection,
  textLines,
  type Entry,
} from './roff.js';

export interface Edition {
  readonly version: string;
  /** ISO 8601 */
  readonly date: string;
}

/** The name of a command's page: `restaple-config-check`. */
export function pageName({ id }: Pick<CommandRecord, 'id'>): string {
  return `restaple-${id.replaceAll(':', '-')}`;
}

/** restaple(1): what it is, and its commands. */
export function overviewPage(description: string, commands: readonly CommandRecord[], edition: Edition): string {
  const summary = startingSmall(description);
  const listed = commands.map((command) => ({
    label: bold(wordsOf(command)),
    text: `${sentence(summaryOf(command))} See ${pageName(command)}(1).`,
  }));
  const everyExit = Object.keys(exitMeanings).map(Number);
  return manualPage({ name: 'restaple', section: 1, summary, ...edition }, [
    ...section('Synopsis', [
      `.B restaple`,
      `${italic('COMMAND')} [${italic('ARGUMENT')}...] [${italic('FLAG')}...]`,
      '.br',
      `.B restaple \\-\\-help`,
      '.br',
      `.B restaple \\-\\-version`,
    ]),
    ...section('Description', paragraphs(overview)),
    ...section('Commands', entries(listed)),
    ...section('Exit status', [...textLines(prose(gravest)), ...exitEntries(everyExit)]),
    ...section('Environment', [...textLines(prose(variables)), ...variableEntries()]),
    ...section('Files', fileEntries()),
    ...section('Examples', literal(overviewExamples)),
    ...section('See also', references([...commands.map((command) => `${pageName(command)}(1)`), 'restaple.yaml(5)'])),
  ]);
}

const overview = `restaple fetches OCSP responses (staples), verifies them, and only then stores them for servers that staple from a file. It \
reloads the server, and checks by a TLS handshake that the staple is served.

CERT is a file (PEM with or without chain and key, DER, PKCS#7), a folder, a quoted glob, the tree of an ACME client, or - for \
paths on stdin. restaple finds the issuer in the file, beside it, or at the caIssuers URI of the certificate. A certificate \
without a responder is not an error.

restaple help COMMAND shows what the manual of a command says, and restaple COMMAND -h its usual flags on one screen. Data is printed on stdout, everything else on stderr. Durations are written 90s, 5m, 12h or 3d, \
times in ISO 8601 or in seconds since 1970.`;

const overviewExamples = [
  'restaple query site.pem    # is it good now?',
  'restaple fetch site.pem    # fetch, verify and store site.pem.ocsp',
  'restaple verify site.pem   # judge the stored staple, offline',
];

const order = [...new Set(gravities.map((gravity) => exitCodes[gravity]))].join(', ');

const gravest = `Of several certificates the gravest code counts, in this order: ${order}.`;

const variables =
  'Each flag of restaple fetch that is given once has a variable too, such as RESTAPLE_TIMEOUT for --timeout. Flags override ' +
  'variables, and variables override the configuration file.';

/** The page of a command. */
export function commandPage(command: CommandRecord, edition: Edition): string {
  const name = wordsOf(command);
  const [first = '', ...rest] = (command.description ?? '').split(/\n\s*\n/);
  // Its first sentence stands under NAME already, and has to begin something here.
  const description = [first, ...rest].join('\n\n');
  const args = Object.values(command.args).map(({ name: argument, description: text = '' }) => ({
    label: italic(argumentName(argument)),
    text: sentence(text),
  }));
  const exits = [...new Set([0, 1, 2, ...(command.exits ?? [])])].sort((a, b) => a - b);
  const takesSeveral = Object.hasOwn(command.args, 'certificate');
  const examples = examplesOf(command, 'restaple').flatMap((one, index) => [
    ...(index === 0 ? [] : ['']),
    ...wrapCommand(one, 72),
  ]);
  return manualPage({ name: pageName(command), section: 1, summary: startingSmall(summaryOf(command)), ...edition }, [
    ...section('Synopsis', synopsis(name, [command.usage ?? []].flat())),
    ...section('Description', paragraphs(description)),
    ...section('Arguments', entries(args)),
    ...section('Options', command.id === 'ocsp' ? opensslOptions() : options(command)),
    ...section('Exit status', [...(takesSeveral ? textLines(prose(gravest)) : []), ...exitEntries(exits)]),
    ...section('Environment', [...flagVariables(command), ...variableEntries(command.id)]),
    ...section('Files', fileEntries(command.id)),
    ...section('Examples', literal(examples)),
    ...section('See also', [
      ...references(['restaple(1)', ...(readsConfiguration(command) ? ['restaple.yaml(5)'] : [])]),
      '.PP',
      ...textLines(prose(`In the documentation of the package: ${(command.manual ?? []).join(', ')}.`)),
    ]),
  ]);
}

function readsConfiguration({ flags }: CommandRecord): boolean {
  return Object.hasOwn(flags, 'config');
}

/** Words as they are typed are bold, what stands for something else is italic. */
function synopsis(name: string, usages: readonly string[]): string[] {
  return usages.flatMap((usage, index) => [
    ...(index === 0 ? [] : ['.br']),
    `.B restaple ${escaped(name)}`,
    ...textLines(
      usage
        .split(/([A-Z][A-Z:]*|-{1,2}[a-z][\w-]*|[a-z]+)/)
        .map((part) => (/^[A-Z]/.test(part) ? italic(part) : /^[a-z-]/.test(part) ? bold(part) : escaped(part)))
        .join(''),
    ),
  ]);
}

function options(command: CommandRecord): string[] {
  const flags = shownFlags(command);
  return Object.entries(flagGroups).flatMap(([group, title]) => {
    const own = flags.filter((flag) => groupOf(flag) === group);
    return subsection(`${title.charAt(0).toUpperCase()}${title.slice(1)}`, entries(own.map(flagEntry)));
  });
}

function flagEntry(flag: FlagRecord): Entry {
  const { name, char, type, allowNo, options: choices, helpValue = '<value>', multiple } = flag;
  const names = [
    ...(char === undefined ? [] : [bold(`-${char}`)]),
    bold(`--${name}`),
    ...(allowNo === true ? [bold(`--no-${name}`)] : []),
  ].join(', ');
  const usual = allowNo === true ? ' This is the default.' : '';
  if (type === 'boolean') return { label: names, text: `${sentence(describe(flag))}${usual}` };
  const value =
    choices?.map(bold).join(`|${breakPoint}`) ?? italic([helpValue].flat().join(' ').replaceAll(/[<>]/g, ''));
  const again = multiple === true ? ' It may be given again.' : '';
  return { label: `${names} ${value}`, text: `${sentence(describe(flag))}${again}` };
}

function opensslOptions(): string[] {
  return Object.entries(optionGroups).flatMap(([title, rows]) =>
    subsection(
      title,
      entries(
        Object.entries(rows).map(([name, { value, help, refused }]) => ({
          label: `${bold(`-${name}`)}${value === undefined ? '' : ` ${italic(value)}`}`,
          text: sentence(refused === undefined ? help : `${help}: ${refused}`),
        })),
      ),
    ),
  );
}

function exitEntries(codes: readonly number[]): string[] {
  const meanings = new Map(Object.entries(exitMeanings).map(([code, text]) => [Number(code), text]));
  return entries(codes.map((code) => ({ label: bold(String(code)), text: sentence(meanings.get(code) ?? '') })));
}

function flagVariables({ flags }: CommandRecord): string[] {
  const named = Object.values(flags).filter(({ env }) => env !== undefined);
  return named.length === 0 ? [] : textLines(prose(variables));
}

function variableEntries(id?: string): string[] {
  return entries(
    knownVariables
      .filter(({ of }) => id === undefined || of === undefined || of.includes(id))
      .map(({ name, text }) => ({ label: bold(name), text })),
  );
}

function fileEntries(id?: string): string[] {
  return entries(
    knownFiles
      .filter(({ of }) => id === undefined || of.includes(id))
      .map(({ name, text }) => ({ label: italic(name), text })),
  );
}

/** As a sentence: help has no capitals and no full stops. */
export function sentence(text: string): string {
  // A word of the protocol or a name keeps its own case.
  const start = /^[a-z]+(?=[ ,;:]|$)/.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text;
  if (start.endsWith(' (required)')) return `${start.slice(0, -' (required)'.length)}. It is required.`;
  const [, words = '', when = '', byDefault = ''] = /^(.*) \[default( [^:]*)?: (.*)\]$/.exec(start) ?? [];
  if (words !== '') return `${words}. The default${when} is ${byDefault}.`;
  return /[.?!]$/.test(start) ? start : `${start}.`;
}

/** After the name of a page stands a phrase. */
function startingSmall(text: string): string {
  return /^[A-Z][a-z]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text;
}
