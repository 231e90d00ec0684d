import { Errors } from '@oclif/core';
import { OcspError } from '../../core/index.js';
import { nearestWord } from '../flags/nearest-word.js';
import { spellingsOf, wordsOf, type CommandRecord } from './command-record.js';
import { unknownCommand } from './unknown-command.js';

/**
 * What oclif says of a command line in our words, with what was probably meant; any other error as it is. Loaded only
 * where there is such an error.
 *
 * @param args the words of the command line
 */
export function explainUsage(error: unknown, args: readonly string[], commands: readonly CommandRecord[]): unknown {
  if (!(error instanceof Errors.CLIError) || error instanceof Errors.ExitError) return error;
  if (/^command [^]* not found$/.test(error.message)) return unknownCommand(commandWords(args), commands);
  const command = commandOf(args, commands);
  const see = `see: restaple ${command === undefined ? '' : `${wordsOf(command)} `}--help`;
  if (command !== undefined && 'flags' in error) {
    return unknownFlags((error.flags as unknown[]).map(String), command, commands, see);
  }
  const choice = /^Expected (?:--(\S+?)=)?([^]*) to be one of: (.*)$/m.exec(error.message);
  if (choice !== null) {
    const [, name, value = '', options = ''] = choice;
    return notAChoice(name === undefined ? undefined : `--${name}`, value, options.split(', '), see);
  }
  return new OcspError('usage', plainMessage(error.message), see, { cause: error });
}

/** A value that is not one of a flag's words, or of an argument's where no flag is named. */
function notAChoice(flag: string | undefined, value: string, options: readonly string[], see: string): OcspError {
  const meant = nearestWord(value, options);
  const hint = meant === undefined ? see : `did you mean ${flag === undefined ? '' : `${flag} `}${meant}? ${see}`;
  const place = flag === undefined ? '' : `${flag}: `;
  return new OcspError('usage', `${place}"${value}" is not one of ${options.join(', ')}`, hint);
}

function commandWords(args: readonly string[]): string[] {
  const end = args.slice(1).findIndex((word) => word.startsWith('-'));
  const words = args.slice(0, end < 0 ? undefined : end + 1);
  // A flag instead of the command is told with what comes after it; `config:check` is oclif's own way to write one.
  return words[0]?.startsWith('-') === true
    ? [...args]
    : words.flatMap((word, index) => (index === 0 && /^[a-z:]+$/.test(word) ? word.split(':') : [word]));
}

function commandOf(args: readonly string[], commands: readonly CommandRecord[]): CommandRecord | undefined {
  const text = `${args.join(' ')} `;
  return commands.find((command) => text.startsWith(`${wordsOf(command)} `) || text.startsWith(`${command.id} `));
}

/** Values are left out: they may be anything, and a secret too. */
function unknownFlags(
  written: readonly string[],
  command: CommandRecord,
  commands: readonly CommandRecord[],
  see: string,
): OcspError {
  const flags = [...new Set(written.map((flag) => flag.replace(/=.*$/s, '')))];
  const known = spellingsOf(command.flags);
  const suggestions = flags.flatMap((flag) => {
    const others = commands.filter((other) => spellingsOf(other.flags).includes(flag)).map(wordsOf);
    if (others.length > 0) return [`${flag} is a flag of ${others.join(', ')};`];
    const meant = meantFlag(flag, command, known);
    return meant.length === 0 ? [] : [`did you mean ${meant.join(' or ')}?`];
  });
  const name = wordsOf(command);
  const message =
    flags.length === 1 ? `${name} has no flag ${flags[0] ?? ''}` : `${name} has no flags ${flags.join(', ')}`;
  return new OcspError('usage', message, [...suggestions, see].join(' '));
}

/** Names of openssl ocsp, curl and other programs that are too far from ours. */
const foreignNames: Readonly<Record<string, string>> = {
  cafile: 'ca',
  capath: 'ca',
  respin: 'response',
  output: 'out',
  insecure: 'allow-private',
  hook: 'on-updated',
  rsigner: 'responder-cert',
  rkey: 'responder-key',
  reqout: 'request-out',
  loop: 'watch',
  daemon: 'watch',
  test: 'dry-run',
  silent: 'quiet',
};

function meantFlag(flag: string, command: CommandRecord, known: readonly string[]): string[] {
  const name = flag.replace(/^-+/, '');
  // -issuer, as openssl writes it.
  if (name.length > 1) {
    if (known.includes(`--${name}`)) return [`--${name}`];
    const foreign = foreignNames[name.toLowerCase()];
    if (foreign !== undefined && Object.hasOwn(command.flags, foreign)) return [`--${foreign}`];
    const meant = nearestWord(
      name,
      known.filter((one) => one.startsWith('--')).map((one) => one.slice(2)),
    );
    return meant === undefined ? [] : [`--${meant}`];
  }
  const sameCase = known.filter((one) => one.toLowerCase() === flag.toLowerCase());
  const beginning = Object.values(command.flags).filter(
    (one) => one.name.startsWith(name.toLowerCase()) && one.summary !== undefined,
  );
  const long = beginning.map((one) => `--${one.name}`);
  return [...long, ...sameCase].slice(0, 3);
}

/** oclif's messages on one line, without what is not so here. */
function plainMessage(message: string): string {
  const plain = message
    // On a terminal oclif dims the lines that are rewritten below.
    .replaceAll('\u001B[2m', '')
    .replaceAll('\u001B[22m', '')
    .replace(/^Parsing (--\S+) \n\t/, '$1: ')
    .replace(/\n?See more help with --help$/, '')
    .replace(/^Error: /, '')
    .replace(/^The following errors? occurred:\s*/, '')
    // It is not so for flags that take one value at a time, and ours do.
    .replace(/\s*Note: --[^]*allow multiple values\.[^]*$/, '')
    // The value is left out: it may be anything, and a secret too.
    .replace(
      /^\s*(--[\w-]+)(?:=[^]*?)? cannot also be provided when using (--[\w-]+)$/gm,
      '$1 cannot be combined with $2',
    )
    .replace(/^\s*All of the following must be provided when using (--\S+): (.*)$/gm, '$1 needs $2')
    .replace(/^\s*Flag (--\S+) can only be specified once$/gm, '$1 may be given only once')
    .replace(/^\s*Missing required flag (\S+)$/gm, '--$1 is required')
    .replace(/\s*\n\s*/g, ' ')
    .replace(/ {2,}/g, ': ');
  return plain.replace(/^(?:--\S+: )?[A-Z](?=[a-z])/, (start) => start.slice(0, -1) + start.slice(-1).toLowerCase());
}
