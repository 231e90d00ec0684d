import { OcspError } from '../../core/index.js';
import { definedOnly } from '../../core/defined-only.js';
import { BaseCommand } from '../base-command.js';
import { exitCodes, type ExitCode } from '../exit/exit-code.js';
import { fetchFlags } from '../fetch/fetch-flags.js';
import { withEnvironment } from '../flags/flag.js';
import type { Output } from '../output.js';
import { ConfigurationError, type Problem } from './configuration-error.js';
import { effectiveSettings } from './effective-settings.js';
import { defaultConfigurationPlace, fetchSettings } from './fetch-settings.js';
import { missingNeeds } from './fetch-needs.js';
import { settingsLines } from './render-settings.js';

/**
 * Prints what `fetch` without flags would do with this file, else with the usual one, no text with --quiet.
 *
 * @throws ConfigurationError with all mistakes, and what a run would miss of what the file names; OcspError `usage`
 */
export async function checkConfiguration(file: string | undefined, output: Output): Promise<ExitCode> {
  const problems: Problem[] = [];
  const definitions = { ...withEnvironment(BaseCommand.baseFlags), ...fetchFlags };
  const commandLine = { flags: definedOnly({ config: file }), metadata: { flags: {} } };
  const { settings, configuration } = await fetchSettings(commandLine, definitions, process, {
    useDefaultPlace: true,
    problems,
  });
  if (configuration === undefined) {
    throw new OcspError(
      'usage',
      `there is no configuration file: ${defaultConfigurationPlace} does not exist`,
      'name one with --config or RESTAPLE_CONFIG',
    );
  }
  problems.push(...(await missingNeeds(configuration, settings, process)));
  if (problems.length > 0) throw new ConfigurationError(configuration.file, problems);
  if (configuration.sources.length === 0) {
    output.warn(`${configuration.file} names no certificates, so every run must name them on its command line`);
  }
  const effective = await effectiveSettings(configuration, settings, definitions);
  if (output.json) output.record(effective);
  else for (const line of settingsLines(effective)) output.report(line);
  return exitCodes.success;
}
