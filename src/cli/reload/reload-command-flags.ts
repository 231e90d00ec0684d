import { Flags, type Interfaces } from '@oclif/core';
import { certificateFlags, issuerFlags, timeFlag } from '../flags/shared-flags.js';
import { announceFlags } from '../flags/reload-flags.js';

/** The flags of `reload`. */
export const reloadCommandFlags = {
  ...certificateFlags,
  ...issuerFlags,
  ...announceFlags,
  out: Flags.string({
    description: 'where fetch puts staples: a file, a folder, or a template',
    helpValue: '<file|folder|template>',
  }),
  'trusted-responder': Flags.string({
    description: 'certificate of a responder that may answer by your word, as given to fetch',
    helpValue: '<file>',
    multiple: true,
    multipleNonGreedy: true,
    default: [],
  }),
  at: timeFlag({ description: 'judge as of this time' }),
};

export type ReloadCommandFlags = Interfaces.InferredFlags<typeof reloadCommandFlags>;
