import { Args } from '@oclif/core';
import { BaseCommand } from '../cli/base-command.js';
import { completionModel } from '../cli/completion/completion-model.js';
import { completions, type CompletedShell } from '../cli/completion/completion-script.js';
import type { ExitCode } from '../cli/exit/exit-code.js';
import { exitCodes } from '../cli/exit/exit-code.js';
import type { CommandRecord } from '../cli/help/command-record.js';

const shells = Object.keys(completions) as CompletedShell[];

export default class Completion extends BaseCommand {
  static override description = `Print the completion script for a shell.

The script completes commands, flags, values, files and reload targets. Pressing Tab reads only the script and the names of
files: restaple is not started.`;
  static override usage = 'bash|zsh|fish';
  static override exits = [9] as const;
  static override manual = ['README.md'];
  static override examples = [
    '<%= config.bin %> completion bash > /usr/share/bash-completion/completions/restaple',
    '<%= config.bin %> completion zsh > /usr/local/share/zsh/site-functions/_restaple',
    '<%= config.bin %> completion fish > ~/.config/fish/completions/restaple.fish',
    'source <(<%= config.bin %> completion bash)',
  ];
  static override args = {
    shell: Args.string({ description: 'the shell', options: shells, required: true, ignoreStdin: true }),
  };
  static override flags = {};

  protected async work(): Promise<ExitCode> {
    const { argv, flags } = await this.read(Completion);
    const output = await this.outputFor(flags);
    const shell = argv[0] as CompletedShell;
    const records = this.config.commands as unknown as CommandRecord[];
    const script = completions[shell].script(completionModel(records, this.config.topics));
    if (output.json) output.record({ shell, script });
    else output.data(script.trimEnd());
    return exitCodes.success;
  }
}
