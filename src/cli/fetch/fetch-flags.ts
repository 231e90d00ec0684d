import { Flags, type Interfaces } from '@oclif/core';
import { withEnvironment } from '../flags/environment-flags.js';
import {
  certificateFlags,
  durationFlag,
  headerFlag,
  issuerFlags,
  positiveDurationFlag,
  rateFlag,
  refreshFlag,
  shardFlag,
  timeFlag,
  trustFlags,
} from '../flags/shared-flags.js';
import { announceFlags, reloadFlag } from '../flags/reload-flags.js';

/** The flags of `fetch`, grouped as the help shows them; each that takes one value can come from a variable too. */
export const fetchFlags = withEnvironment({
  config: Flags.string({
    description: 'the configuration file [default: /etc/restaple.yaml where it is there and no CERT is named]',
    helpValue: '<file>',
  }),
  ...certificateFlags,
  ...issuerFlags,
  'fetch-issuer': Flags.boolean({
    description: 'download a missing issuer by the caIssuers URI of the certificate',
    default: true,
    allowNo: true,
  }),
  out: Flags.string({
    description: 'where the staple goes: a file, a folder, or a template of {dir} {base} {name} {serial} {fingerprint}',
    helpValue: '<file|folder|template>',
  }),
  url: Flags.string({ description: "the responder to ask in place of the certificate's own", helpValue: '<url>' }),
  force: Flags.boolean({ description: 'ask although the staple is not due', default: false }),
  'refresh-at': refreshFlag({
    description: 'due at this part of its window, or so long before its end',
    defaultHelp: () => Promise.resolve('50%'),
  }),
  'alert-before': durationFlag({
    description: 'a failed refresh is heard once the staple ends within this time [default: a quarter of its life]',
  }),
  hash: Flags.option({
    description: 'hash of the CertID; haproxy and hitch take sha1 alone',
    options: ['sha1', 'sha256'] as const,
    default: 'sha1',
  })(),
  nonce: Flags.boolean({ description: 'send a nonce of 32 octets', default: false }),
  method: Flags.option({
    description: 'auto: GET where the URL stays within 255 bytes, POST when that fails',
    options: ['post', 'get', 'auto'] as const,
    default: 'post',
  })(),
  header: headerFlag({
    description: 'a header for the responder, never sent to another origin',
    multiple: true,
    multipleNonGreedy: true,
    default: [],
  }),
  timeout: positiveDurationFlag({
    description: 'for one HTTP attempt, redirects included',
    default: 10_000,
    defaultHelp: () => Promise.resolve('10s'),
  }),
  'connect-timeout': positiveDurationFlag({
    description: 'to connect, within --timeout',
    default: 3000,
    defaultHelp: () => Promise.resolve('3s'),
  }),
  retries: Flags.integer({ description: 'further rounds over the responders', min: 0, max: 20, default: 2 }),
  proxy: Flags.string({
    description: 'proxy for http and https in place of the environment; "" for none',
    helpValue: '<url>',
  }),
  'ipv4-only': Flags.boolean({
    char: '4' as 'z',
    description: 'connect by IPv4 only',
    default: false,
    exclusive: ['ipv6-only'],
  }),
  'ipv6-only': Flags.boolean({ char: '6' as 'z', description: 'connect by IPv6 only', default: false }),
  concurrency: Flags.integer({ description: 'certificates at a time', min: 1, max: 1024, default: 32 }),
  'per-responder': Flags.integer({
    description: 'requests at a time to one responder host',
    min: 1,
    max: 1024,
    default: 8,
  }),
  rate: rateFlag({ description: 'requests that may start in this time to one responder host [default: unlimited]' }),
  'allow-private': Flags.boolean({
    description: "allow certificates' URIs to lead to private networks and loopback",
    default: false,
  }),
  'allow-address': Flags.string({
    description: "allow certificates' URIs to lead to these addresses",
    helpValue: '<cidr>',
    multiple: true,
    multipleNonGreedy: true,
    default: [],
  }),
  ...trustFlags,
  'accept-status': Flags.string({
    description: 'statuses that may be stored: good or good,revoked',
    helpValue: '<good,revoked>',
    default: 'good',
  }),
  'crt-list': Flags.string({
    description: "certificates by a crt-list of haproxy; names in it are relative to the list's folder",
    helpValue: '<file>',
    multiple: true,
    multipleNonGreedy: true,
    default: [],
  }),
  shard: shardFlag({
    description: 'work on this part of the certificates alone, as one of several machines [or RESTAPLE_SHARD_COUNT]',
  }),
  lock: Flags.string({
    description: 'one run at a time holds this lock [default with a configuration: /run/restaple/NAME.lock]',
    helpValue: '<file>',
  }),
  'lock-wait': durationFlag({
    description: 'how long to wait for another run, before exit 12',
    default: 30_000,
    defaultHelp: () => Promise.resolve('30s'),
  }),
  metrics: Flags.string({
    description: 'write the figures of the run to this file, as Prometheus text',
    helpValue: '<file>',
  }),
  watch: Flags.boolean({
    description: 'keep running, and refresh staples as they fall due; SIGHUP reads everything again',
    default: false,
    exclusive: ['print-curl', 'request-out', 'at'],
  }),
  'dry-run': Flags.boolean({ description: 'fetch and verify, write nothing', default: false }),
  'request-out': Flags.string({ description: 'also write the request to this file', helpValue: '<file>' }),
  'print-curl': Flags.boolean({ description: 'print the request as a curl command, send nothing', default: false }),
  'require-ocsp': Flags.boolean({ description: 'exit 11 for a certificate without responder', default: false }),
  strict: Flags.boolean({
    description: 'a kept staple and a missing nonce end with their own exit code',
    default: false,
  }),
  ...reloadFlag,
  ...announceFlags,
  'on-updated': Flags.string({
    description: 'run this command, without a shell, for each certificate whose staple was updated',
    helpValue: '<command>',
  }),
  'on-failed': Flags.string({
    description: 'run this command for each certificate whose fetch failed and was not softened',
    helpValue: '<command>',
  }),
  'on-revoked': Flags.string({ description: 'run this command for each revoked certificate', helpValue: '<command>' }),
  at: timeFlag({ description: 'judge as of this time' }),
});

export type FetchFlags = Interfaces.InferredFlags<typeof fetchFlags>;
