import type { Interfaces } from '@oclif/core';
import { inGroup } from '../flags/flag-groups.js';
import { fileFlag, listOf, outFlag, timeFlag } from '../flags/flag-kinds.js';
import { certificateFlags, issuerFlags } from '../flags/shared-flags.js';
import { announceFlags } from '../flags/reload-flags.js';

/** The flags of `reload`. */
export const reloadCommandFlags = {
  ...certificateFlags,
  ...issuerFlags,
  ...inGroup('where', {
    out: outFlag('where fetch puts staples: a file, a folder, or a template [default: CERT.ocsp]', {
      summary: 'where fetch puts staples [default: CERT.ocsp]',
    }),
  }),
  ...inGroup('when', { at: timeFlag('judge as of this time [default: now]') }),
  ...inGroup('trust', {
    'trusted-responder': listOf(fileFlag('trust the responder that signs with this certificate, as with fetch')),
  }),
  ...announceFlags,
};

export type ReloadCommandFlags = Interfaces.InferredFlags<typeof reloadCommandFlags>;
