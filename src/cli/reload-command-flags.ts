import { Flags, type Interfaces } from '@oclif/core';
import { certificateFlags, issuerFlags, timeFlag } from './flags.js';
import { announceFlags } from './reload-flags.js';

/** The flags of `reload`. */
export const reloadCommandFlags = {
  ...certificateFlags,
  ...issuerFlags,
  ...announceFlags,
  out: Flags.string({
    description: 'where fetch puts staples: a file, a folder, or a template',
    helpValue: '<file|folder|template>',
  }),
  at: timeFlag({ description: 'judge as of this time' }),
};

export type ReloadCommandFlags = Interfaces.InferredFlags<typeof reloadCommandFlags>;
