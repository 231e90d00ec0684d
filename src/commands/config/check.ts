import { BaseCommand } from '../../cli/base-command.js';
import { createOutput } from '../../cli/output.js';
import { checkConfiguration } from '../../cli/config/check-configuration.js';
import type { ExitCode } from '../../cli/exit/exit-code.js';
import { fetchFlags } from '../../cli/fetch/fetch-flags.js';

export default class ConfigCheck extends BaseCommand {
  static override description = `Check the configuration file of fetch, and print the settings that take effect.

The settings are YAML with the origin of each (file, environment or default) in a comment; passwords and header values are
masked; --quiet prints nothing. Nothing is fetched. Exit 2 with every mistake and its line, files, folders, keys and programs
that fetch would miss among them.`;
  static override examples = [
    '<%= config.bin %> config check',
    '<%= config.bin %> config check --config ./restaple.yaml',
    '<%= config.bin %> config check --json',
  ];
  static override flags = { config: fetchFlags.config };

  protected async work(): Promise<ExitCode> {
    const { flags } = await this.read(ConfigCheck);
    return await checkConfiguration(flags.config, flags, await createOutput(flags));
  }
}
