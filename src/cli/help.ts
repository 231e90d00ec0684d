import type { Interfaces } from '@oclif/core';
import { usedColumns } from './output.js';
import { escapeLines } from './render/escape-text.js';
import { wordsOf, type CommandRecord } from './help/command-record.js';
import { commandList, fullHelp, usualHelp } from './help/help-text.js';
import { unknownCommand } from './help/unknown-command.js';

/** The help, which oclif loads where it is asked for. */
export default class RestapleHelp {
  readonly config: Interfaces.Config;

  constructor(config: Interfaces.Config) {
    this.config = config;
  }

  /**
   * Prints the help that these words ask for, which have --help or -h among them, or are none.
   *
   * @throws OcspError `usage` where there is no such command
   */
  async showHelp(args: readonly string[]): Promise<void> {
    const words = args.slice(0, args.includes('--') ? args.indexOf('--') : undefined);
    for (const line of this.linesFor(commandWords(words), words.includes('--help') || !words.includes('-h'))) {
      process.stdout.write(`${escapeLines(line)}\n`);
    }
    return Promise.resolve();
  }

  private linesFor(words: readonly string[], isFull: boolean): string[] {
    const { bin, root, pjson, topics } = this.config;
    const place = { bin, root, width: usedColumns(process.stdout) };
    // oclif's own type knows nothing of what a command declares beyond it.
    const commands = (this.config.commands as unknown as CommandRecord[])
      .filter(({ hidden }) => hidden !== true)
      .sort((a, b) => (a.id < b.id ? -1 : 1));
    if (words.length === 0) {
      return commandList(`${pjson['description'] ?? ''}.`, 'COMMAND [ARGUMENT...] [FLAG...]', commands, place);
    }
    const command = commands.find(({ id }) => id === words.join(':')) ?? leadingCommand(commands, words);
    if (command !== undefined) return isFull ? fullHelp(command, place) : usualHelp(command, place);
    const [first = ''] = words;
    const topic = topics.find(({ name }) => name === first);
    const own = commands.filter(({ id }) => id.startsWith(`${first}:`));
    if (words.length > 1 || own.length === 0) throw unknownCommand(words, commands);
    return commandList(topic?.description ?? '', `${first} COMMAND [FLAG...]`, own, place);
  }
}

/** The words before the first flag; help may stand among or before them, as a word too: `help help` asks for help itself. */
function commandWords(words: readonly string[]): string[] {
  const written = words.filter((word) => word !== '--help' && word !== '-h');
  const others = written[0] === 'help' ? written.slice(1) : written;
  const firstFlag = others.findIndex((word) => word.startsWith('-'));
  return (firstFlag < 0 ? others : others.slice(0, firstFlag)).flatMap((word, index) =>
    // oclif's own way to write a command.
    index === 0 ? word.split(':') : [word],
  );
}

/** The command whose words these begin with: arguments may follow. */
function leadingCommand(commands: readonly CommandRecord[], words: readonly string[]): CommandRecord | undefined {
  const text = `${words.join(' ')} `;
  return commands
    .filter((command) => text.startsWith(`${wordsOf(command)} `))
    .sort((a, b) => b.id.length - a.id.length)[0];
}
