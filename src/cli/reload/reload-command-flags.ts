import type { Interfaces } from '@oclif/core';
import { fileFlag, listOf, outFlag, timeFlag } from '../flags/flag-kinds.js';
import { certificateFlags, issuerFlags } from '../flags/shared-flags.js';
import { announceFlags } from '../flags/reload-flags.js';

/** The flags of `reload`. */
export const reloadCommandFlags = {
  ...certificateFlags,
  ...issuerFlags,
  ...announceFlags,
  out: outFlag('where fetch puts staples: a file, a folder, or a template'),
  'trusted-responder': listOf(fileFlag('certificate of a responder that may answer by your word, as given to fetch')),
  at: timeFlag('judge as of this time'),
};

export type ReloadCommandFlags = Interfaces.InferredFlags<typeof reloadCommandFlags>;
