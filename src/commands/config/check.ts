import { BaseCommand } from '../../cli/base-command.js';
import { checkConfiguration } from '../../cli/config/check-configuration.js';
import type { ExitCode } from '../../cli/exit/exit-code.js';
import { fetchFlags } from '../../cli/fetch/fetch-flags.js';

export default class ConfigCheck extends BaseCommand {
  static override description = `Check the configuration file of fetch, and print the settings that take effect.

The settings are YAML, each with its origin (file, environment or default) in a comment; passwords and header values are
masked; --quiet prints none of them. Nothing is fetched. Every mistake is reported with its line,
including files, folders, keys and programs that fetch could not find.`;
  static override usage = '[FLAG...]';
  static override exits = [9] as const;
  static override variables = Object.values(fetchFlags).flatMap(({ env }) => env ?? []);
  static override manual = ['docs/configuration.md'];
  static override examples = [
    '<%= config.bin %> config check',
    '<%= config.bin %> config check --config ./restaple.yaml',
    '<%= config.bin %> config check --json',
  ];
  static override flags = {
    config: {
      ...fetchFlags.config,
      description: 'the configuration file [default: /etc/restaple.yaml]',
      summary: 'the file [default: /etc/restaple.yaml]',
    },
  };

  protected async work(): Promise<ExitCode> {
    const { flags } = await this.read(ConfigCheck);
    return await checkConfiguration(flags.config, await this.outputFor(flags));
  }
}
