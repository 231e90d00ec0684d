import { Flags, type Interfaces } from '@oclif/core';
import { lintProfiles } from '../../core/index.js';
import { staplingServers } from '../../pipeline/verify/server-rules.js';
import {
  certificateFlags,
  durationFlag,
  issuerFlags,
  positiveDurationFlag,
  timeFlag,
  trustFlags,
} from '../flags/shared-flags.js';

/** The flags of `verify`. */
export const verifyFlags = {
  ...certificateFlags,
  ...issuerFlags,
  response: Flags.string({
    description: 'the response to judge [default: the staple of the certificate]',
    helpValue: '<file>',
  }),
  out: Flags.string({
    description: 'where fetch puts staples: a file, a folder, or a template',
    helpValue: '<file|folder|template>',
  }),
  serial: Flags.string({
    description: 'serial number in hex, with --issuer and --response in place of a certificate',
    helpValue: '<hex>',
  }),
  ca: Flags.string({
    description: 'anchor for the chain above the issuer, trusted even if not self-signed',
    helpValue: '<file>',
    multiple: true,
    multipleNonGreedy: true,
    default: [],
  }),
  untrusted: Flags.string({
    description: 'where intermediates and responder certificates may be found',
    helpValue: '<file>',
    multiple: true,
    multipleNonGreedy: true,
    default: [],
  }),
  ...trustFlags,
  skew: durationFlag({
    description: 'how far clocks may differ',
    default: 300_000,
    defaultHelp: () => Promise.resolve('5m'),
  }),
  'max-age': durationFlag({ description: 'how long ago thisUpdate may be' }),
  'ignore-times': Flags.boolean({
    description: 'look at none of thisUpdate, nextUpdate and producedAt; the signer must still be valid',
    default: false,
  }),
  nonce: Flags.string({ description: 'the nonce that the response must carry', helpValue: '<hex>' }),
  request: Flags.string({ description: 'the request that the response must answer', helpValue: '<file>' }),
  for: Flags.option({
    description: 'would this server take the response and serve it?',
    options: staplingServers,
  })(),
  // Without a default, here and below: what depends on a flag counts its default as given.
  lint: Flags.boolean({
    description: 'hold the response to the rules of a profile too; what is found does not change the exit code',
    exclusive: ['nagios'],
  }),
  profile: Flags.option({
    description: 'whose rules: of any PKI (private), of RFC 9919 too (rfc), of public CAs too (web) [default: rfc]',
    options: lintProfiles,
    dependsOn: ['lint'],
  })(),
  crl: Flags.string({
    description:
      'look the certificate up in this CRL too, or with "auto" in the one that it names; the graver source counts',
    helpValue: '<file|auto>',
    multiple: true,
    multipleNonGreedy: true,
    exclusive: ['connect'],
  }),
  timeout: positiveDurationFlag({
    description: 'with --crl auto: for the downloads of one certificate [default: 30s]',
    dependsOn: ['crl'],
  }),
  proxy: Flags.string({
    description: 'with --crl auto: proxy for http and https in place of the environment; "" for none',
    helpValue: '<url>',
    dependsOn: ['crl'],
  }),
  'allow-private': Flags.boolean({
    description: 'with --crl auto: allow URIs that lead to private networks and loopback',
    dependsOn: ['crl'],
  }),
  'allow-address': Flags.string({
    description: 'with --crl auto: allow URIs that lead to these addresses',
    helpValue: '<cidr>',
    multiple: true,
    multipleNonGreedy: true,
    dependsOn: ['crl'],
  }),
  connect: Flags.string({
    description: 'judge what this server really sends, and compare it with the file',
    helpValue: '<host:port>',
    exclusive: ['serial', 'request', 'nonce'],
  }),
  servername: Flags.string({
    description: 'the server name to ask for [default: the first DNS name of the certificate]',
    helpValue: '<name>',
    dependsOn: ['connect'],
  }),
  starttls: Flags.option({
    description: 'speak this protocol first',
    options: ['smtp', 'imap'] as const,
    dependsOn: ['connect'],
  })(),
  nagios: Flags.boolean({
    description: 'answer as a Nagios plugin: a status line with performance data, exit 0, 1, 2 or 3',
    exclusive: ['json', 'connect', 'ignore-times'],
  }),
  warn: durationFlag({
    description: 'with --nagios: a warning when a staple ends sooner [default: 24h]',
    dependsOn: ['nagios'],
  }),
  critical: durationFlag({
    description: 'with --nagios: critical when a staple ends sooner [default: 6h]',
    dependsOn: ['nagios'],
  }),
  at: timeFlag({ description: 'judge as of this time' }),
};

export type VerifyFlags = Interfaces.InferredFlags<typeof verifyFlags>;
