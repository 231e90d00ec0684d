import { BaseCommand } from '../../../../src/cli/base-command.js';
import { withEnvironment, type FlagDefinitions } from '../../../../src/cli/flags/flag.js';
import { fetchFlags } from '../../../../src/cli/fetch/fetch-flags.js';

/** Every flag that the documented file can set. */
export const fleetFlags: FlagDefinitions = {
  ...withEnvironment(BaseCommand.baseFlags),
  ...fetchFlags,
};
