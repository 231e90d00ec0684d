import { Flags, type Interfaces } from '@oclif/core';
import { positiveDurationFlag } from './shared-flags.js';

/** Flags of every command that may tell servers of new staples. */
export const announceFlags = {
  'dnsdist-key-file': Flags.string({
    description: 'the console key of dnsdist (setKey); or set RESTAPLE_DNSDIST_KEY',
    helpValue: '<file>',
  }),
  'reload-timeout': positiveDurationFlag({
    description: 'for each answer of a reload target, and for its command',
    default: 10_000,
    defaultHelp: () => Promise.resolve('10s'),
  }),
  confirm: Flags.string({
    description: 'prove by a handshake that this server staples these very bytes',
    helpValue: '<[CERT=]HOST:PORT[#SERVERNAME]>',
    multiple: true,
    multipleNonGreedy: true,
    default: [],
  }),
};

export type AnnounceFlags = Interfaces.InferredFlags<typeof announceFlags>;

/** --reload of fetch and generate. */
export const reloadFlag = {
  reload: Flags.string({
    description: 'tell this server of staples it has not taken yet; see: restaple reload --help',
    helpValue: '<target>',
    multiple: true,
    multipleNonGreedy: true,
    default: [],
  }),
};
