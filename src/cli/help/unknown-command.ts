import { OcspError } from '../../core/index.js';
import { beginningOf } from '../../core/shortened.js';
import { nearestWord } from '../flags/nearest-word.js';
import { wordsOf, type CommandRecord } from './command-record.js';

/** What other programs call it. */
const synonyms: Readonly<Record<string, string>> = {
  check: 'verify',
  validate: 'verify',
  status: 'query',
  ask: 'query',
  download: 'fetch',
  get: 'fetch',
  renew: 'fetch',
  update: 'fetch',
  refresh: 'fetch',
  show: 'inspect',
  text: 'inspect',
  dump: 'inspect',
  decode: 'inspect',
  sign: 'generate',
  responder: 'serve',
  server: 'serve',
  url: 'uri',
};

/** The error for words that are not a command: which one was probably meant. */
export function unknownCommand(words: readonly string[], commands: readonly CommandRecord[]): OcspError {
  const [first = ''] = words;
  if (first.startsWith('-')) return flagBeforeCommand(first, words, commands);
  const names = commands.map(wordsOf);
  const whole = names.find((name) => words.join(' ').startsWith(`${name} `));
  if (whole !== undefined) {
    const argument = beginningOf(words.slice(whole.split(' ').length).join(' '), 60);
    return new OcspError(
      'usage',
      `${whole} takes no argument, and "${argument}" is one`,
      `see: restaple ${whole} --help`,
    );
  }
  const subcommands = names.filter((name) => name.startsWith(`${first} `));
  const count = subcommands.length > 0 ? 2 : 1;
  const meant = meantCommand(words, names, subcommands);
  const written = words.slice(0, Math.max(count, meant?.split(' ').length ?? 0)).join(' ');
  const message = `there is no command "${beginningOf(written, 60)}"`;
  if (meant !== undefined) {
    const isTopic = !names.includes(meant);
    return new OcspError('usage', message, `did you mean: restaple ${meant}${isTopic ? ' --help' : ''}`);
  }
  if (/[./*]/.test(first)) {
    return new OcspError('usage', message, `a command comes before files, for example: restaple fetch ${first}`);
  }
  if (subcommands.length > 0) {
    return new OcspError('usage', message, `there is: ${subcommands.map((name) => `restaple ${name}`).join(', ')}`);
  }
  return new OcspError('usage', message, 'for the commands see: restaple --help');
}

/** The whole command, its first word, or its last one, as far as they are near. */
function meantCommand(
  words: readonly string[],
  names: readonly string[],
  subcommands: readonly string[],
): string | undefined {
  const [first = '', second = ''] = words;
  const isNamed = (name: string): boolean => names.includes(name);
  if (subcommands.length > 0) {
    const nearest = nearestWord(
      second,
      subcommands.map((name) => name.slice(first.length + 1)),
    );
    return nearest === undefined ? undefined : `${first} ${nearest}`;
  }
  const topics = [...new Set(names.filter((name) => name.includes(' ')).map((name) => name.split(' ', 1)[0] ?? ''))];
  const nearest = nearestWord(first, [...names.filter((name) => !name.includes(' ')), ...topics]);
  if (nearest === undefined) {
    const last = names.filter((name) => name.endsWith(` ${first.toLowerCase()}`));
    const synonym = synonyms[first.toLowerCase()];
    if (synonym !== undefined && isNamed(synonym)) return synonym;
    return last.length === 1 ? last[0] : undefined;
  }
  if (!topics.includes(nearest)) return nearest;
  const own = names.filter((name) => name.startsWith(`${nearest} `)).map((name) => name.slice(nearest.length + 1));
  const below = nearestWord(second, own);
  return below === undefined ? nearest : `${nearest} ${below}`;
}

function flagBeforeCommand(flag: string, words: readonly string[], commands: readonly CommandRecord[]): OcspError {
  const name = flag.replace(/=.*$/s, '');
  const command = commands.map(wordsOf).find((one) => words.includes(one));
  if (command !== undefined) {
    return new OcspError('usage', `${name} stands before the command`, `write: restaple ${command} ${name} ...`);
  }
  const own = ['--help', '--version'];
  const nearest = name.startsWith('--') ? nearestWord(name, own) : undefined;
  const hint =
    nearest === undefined
      ? 'a command comes first, for example: restaple fetch; see: restaple --help'
      : `did you mean: restaple ${nearest}`;
  return new OcspError('usage', `${name} is not a command`, hint);
}
