import type { Interfaces } from '@oclif/core';
import { printingCommands } from '../../pipeline/doctor/find-servers.js';
import { inGroup } from '../flags/flag-groups.js';
import { durationFlag, pageFlag, switchFlag, timeFlag } from '../flags/flag-kinds.js';
import { issuerFlags } from '../flags/shared-flags.js';

/** Details of a switch without a default: what depends on a flag counts its default as given. */
const unset = { default: undefined };

/** The flags of `doctor`. */
export const doctorFlags = {
  ...issuerFlags,
  ...inGroup('when', { at: timeFlag('judge as of this time [default: now]') }),
  ...inGroup('network', {
    query: switchFlag('ask the responders too, which sends requests off this host', {
      ...unset,
      summary: 'ask the responders too',
    }),
  }),
  ...inGroup('trust', {
    'allow-private': switchFlag('with --query: allow URIs that lead to private networks and loopback', {
      ...unset,
      dependsOn: ['query'],
    }),
  }),
  ...inGroup('servers', {
    'ask-servers': switchFlag(
      `let servers print their configuration too (${printingCommands.join(', ')}): only programs and configurations that nobody but root can change`,
      { summary: 'let servers print their configuration too' },
    ),
    'handshake-timeout': durationFlag('time limit for one handshake, and for one answer of a server', {
      default: '5s',
      summary: 'time limit for one handshake [default: 5s]',
    }),
  }),
  ...inGroup('output', {
    html: pageFlag('also write the report as a page to this file: for a browser, complete in itself', {
      summary: 'also write it as a page for a browser',
    }),
    strict: switchFlag('end with 6 where nobody refreshes a staple', { summary: 'end with 6 where nobody refreshes' }),
  }),
};

export type DoctorFlags = Interfaces.InferredFlags<typeof doctorFlags>;
