import { Flags } from '@oclif/core';

import { BaseCommand } from '../../../../src/cli/base-command.js';
import { withEnvironment, type FlagDefinitions } from '../../../../src/cli/environment-flags.js';
import { fetchFlags } from '../../../../src/cli/fetch-flags.js';

/** Every flag that the documented file can set, also while `fetch` does not have it yet; its own come last and count. */
export const fleetFlags: FlagDefinitions = {
  ...withEnvironment(BaseCommand.baseFlags),
  metrics: Flags.string({ helpValue: '<file>' }),
  ...fetchFlags,
};
