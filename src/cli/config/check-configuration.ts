import { OcspError } from '../../core/index.js';
import { definedOnly } from '../../core/defined-only.js';
import { BaseCommand } from '../base-command.js';
import { exitCodes, type ExitCode } from '../exit/exit-code.js';
import { fetchFlags } from '../fetch/fetch-flags.js';
import { withEnvironment } from '../flags/flag.js';
import type { Output } from '../output.js';
import { effectiveSettings } from './effective-settings.js';
import { defaultConfigurationPlace, fetchSettings } from './fetch-settings.js';
import { settingsLines } from './render-settings.js';

/** Prints what `fetch` without flags would do with this file, else with the usual one. Throws OcspError `usage`. */
export async function checkConfiguration(file: string | undefined, output: Output): Promise<ExitCode> {
  const definitions = { ...withEnvironment(BaseCommand.baseFlags), ...fetchFlags };
  const commandLine = { flags: definedOnly({ config: file }), metadata: { flags: {} } };
  const { settings, configuration } = await fetchSettings(commandLine, definitions, process, { useDefaultPlace: true });
  if (configuration === undefined) {
    throw new OcspError(
      'usage',
      `there is no configuration file: ${defaultConfigurationPlace} does not exist`,
      'name one with --config or RESTAPLE_CONFIG',
    );
  }
  const effective = await effectiveSettings(configuration, settings, definitions);
  if (output.json) output.record(effective);
  else for (const line of settingsLines(effective)) output.report(line);
  return exitCodes.success;
}
