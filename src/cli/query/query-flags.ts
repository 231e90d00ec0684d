import type { Interfaces } from '@oclif/core';
import { askingFlags, questionFlags } from '../flags/asking-flags.js';
import { inGroup } from '../flags/flag-groups.js';
import { flagKind, switchFlag, textFlag, timeFlag } from '../flags/flag-kinds.js';
import { certificateFlags, issuerFlags, trustFlags } from '../flags/shared-flags.js';
import { chainFlags, connectionFlags, monitoringFlags } from '../verify/verify-flags.js';

/** Details of a switch without a default: what excludes it counts its default as given. */
const unset = { default: undefined };

const responseFlag = flagKind({
  helpValue: '<file|->',
  expected: 'a file, or - for stdout',
  example: 'response.der',
  read: (text) => (text === '' ? undefined : text),
});

/** The flags of `query`. */
export const queryFlags = {
  ...certificateFlags,
  ...issuerFlags,
  ...questionFlags,
  ...inGroup('what', {
    chain: switchFlag('ask about every certificate of the file or handshake that names a responder', {
      summary: 'ask about every certificate of the chain',
    }),
    all: switchFlag(
      'ask every responder by POST and GET, in SHA-1 and SHA-256, with and without nonce, and say what differs',
      { ...unset, exclusive: ['nagios', 'out'], summary: 'ask in every way, and say what differs' },
    ),
  }),
  ...inGroup('where', {
    out: responseFlag('keep the response that was judged, whatever it says, or write it to stdout', {
      exclusive: ['nagios'],
      summary: 'keep the response',
    }),
  }),
  ...inGroup('when', { at: timeFlag('judge as of this time [default: now]') }),
  ...askingFlags,
  ...inGroup('trust', {
    ...chainFlags,
    ...trustFlags,
    strict: switchFlag('do not believe a response without the nonce that was sent'),
  }),
  ...inGroup('servers', {
    connect: textFlag('ask about the certificates that this server sends, with the issuer that it sends', {
      helpValue: '<host:port>',
      summary: 'ask about the certificates of this server',
    }),
  }),
  ...connectionFlags('HOST, unless that is an address'),
  ...monitoringFlags,
};

export type QueryFlags = Interfaces.InferredFlags<typeof queryFlags>;
