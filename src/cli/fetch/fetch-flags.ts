import { Flags, type Interfaces } from '@oclif/core';
import { OcspError } from '../../core/index.js';
import { checkStapleTemplate } from '../../store/staple-location.js';
import { addressPolicy } from '../../transport/address-guard.js';
import { proxyFromFlag } from '../../transport/proxy.js';
import { assertHeaderLines } from '../../transport/request-headers.js';
import { parseTarget } from '../../transport/target-url.js';
import { maskedHeader, withoutPassword } from '../config/mask-secret.js';
import { withEnvironment } from '../flags/flag.js';
import {
  choiceFlag,
  durationFlag,
  fileFlag,
  flagKind,
  listOf,
  newStapleFlag,
  positiveDurationFlag,
  switchFlag,
  textFlag,
  timeFlag,
} from '../flags/flag-kinds.js';
import { announceFlags, reloadFlag } from '../flags/reload-flags.js';
import { certificateFlags, issuerFlags, trustFlags } from '../flags/shared-flags.js';
import { parseShard, shardForm } from '../flags/shard-value.js';
import { parseHeader, parseRate, parseRefreshPolicy } from '../flags/values.js';
import { checkOnCommands, type OnCommands } from './on-commands.js';

const refreshFlag = flagKind({
  helpValue: '<50%|12h>',
  expected: 'a percentage up to 100% or a duration',
  example: '50%',
  read: parseRefreshPolicy,
});

const rateFlag = flagKind({ helpValue: '<20/s>', expected: 'a rate', example: '20/s', read: parseRate });

const headerFlag = flagKind({
  helpValue: "<'K: V'>",
  expected: "of the form 'Name: value'",
  example: "'X-Api-Key: abc'",
  read: parseHeader,
});

const shardFlag = flagKind({ helpValue: '<I/N>', expected: shardForm, example: '0/4', read: parseShard });

function commandFlag(event: keyof OnCommands, description: string) {
  return textFlag(description, {
    helpValue: '<command>',
    section: 'hooks',
    check: (text) => checkOnCommands({ [event]: text }),
  });
}

/** The flags of `fetch`, grouped as the help shows them; each that takes one value can come from a variable too. */
export const fetchFlags = withEnvironment({
  config: fileFlag('the configuration file [default: /etc/restaple.yaml where it is there and no CERT is named]', {
    isOfOneRun: true,
  }),
  ...certificateFlags,
  ...issuerFlags,
  'fetch-issuer': switchFlag('download a missing issuer by the caIssuers URI of the certificate', {
    default: true,
    allowNo: true,
  }),
  'store-issuer': switchFlag('keep a downloaded issuer as CERT.issuer, where haproxy looks for it', {
    default: true,
    allowNo: true,
  }),
  out: newStapleFlag(
    'where the staple goes: a file, a folder, a template of {dir} {base} {name} {lineage} {serial} {fingerprint}, or - for stdout',
    {
      check: checkStapleTemplate,
    },
  ),
  url: textFlag("the responder to ask in place of the certificate's own", {
    helpValue: '<url>',
    check: checkUrl,
    masked: withoutPassword,
  }),
  force: switchFlag('ask although the staple is not due'),
  'refresh-at': refreshFlag('due at this part of its window, or so long before its end', { shownDefault: '50%' }),
  'alert-before': durationFlag(
    'a failed refresh is heard once the staple ends within this time [default: a quarter of its life]',
    { example: '12h' },
  ),
  hash: choiceFlag(['sha1', 'sha256'])('hash of the CertID; haproxy and hitch take sha1 alone', { default: 'sha1' }),
  nonce: switchFlag('send a nonce of 32 octets'),
  method: choiceFlag(['post', 'get', 'auto'])('auto: GET where the URL stays within 255 bytes, POST when that fails', {
    default: 'post',
  }),
  header: listOf(
    headerFlag(
      'a header for the responder; Authorization and Cookie only for one that --url or the configuration names',
      {
        check: (_text, pair) => assertHeaderLines([pair as readonly [string, string]]),
        masked: maskedHeader,
      },
    ),
  ),
  timeout: positiveDurationFlag('for one HTTP attempt, redirects included', { default: '10s' }),
  'connect-timeout': positiveDurationFlag('to connect, within --timeout', { default: '3s' }),
  retries: Flags.integer({ description: 'further rounds over the responders', min: 0, max: 20, default: 2 }),
  proxy: textFlag('proxy for http and https in place of the environment; "" for none', {
    helpValue: '<url>',
    check: (text) => proxyFromFlag(text, {}),
    masked: withoutPassword,
  }),
  'ipv4-only': switchFlag('connect by IPv4 only', { char: '4', exclusive: ['ipv6-only'] }),
  'ipv6-only': switchFlag('connect by IPv6 only', { char: '6' }),
  concurrency: Flags.integer({ description: 'certificates at a time', min: 1, max: 1024, default: 32 }),
  'per-responder': Flags.integer({
    description: 'requests at a time to one responder host',
    min: 1,
    max: 1024,
    default: 8,
  }),
  rate: rateFlag('requests that may start in this time to one responder host [default: unlimited]'),
  'allow-private': switchFlag("allow certificates' URIs to lead to private networks and loopback"),
  'allow-address': listOf(
    textFlag("allow certificates' URIs to lead to these addresses", {
      helpValue: '<cidr>',
      check: (text) => addressPolicy({ allowPrivate: false, allowAddresses: [text] }),
    }),
  ),
  ...trustFlags,
  'accept-status': textFlag('statuses that may be stored: good or good,revoked', {
    helpValue: '<good,revoked>',
    default: 'good',
    check: acceptedStatuses,
  }),
  'crt-list': listOf(
    // In a configuration `certificates` says this.
    fileFlag("certificates by a crt-list of haproxy; names in it are relative to the list's folder", {
      isOfOneRun: true,
    }),
  ),
  shard: shardFlag('work on this part of the certificates alone, as one of several machines [or RESTAPLE_SHARD_COUNT]'),
  lock: fileFlag('one run at a time holds this lock [default with a configuration: /run/restaple/NAME.lock]', {
    section: 'lock',
  }),
  'lock-wait': durationFlag('how long to wait for another run, before exit 12', {
    default: '30s',
    section: 'lock-wait',
  }),
  metrics: fileFlag('write the figures of the run to this file, as Prometheus text', { section: 'metrics' }),
  watch: switchFlag('keep running, and refresh staples as they fall due; SIGHUP reads everything again', {
    exclusive: ['print-curl', 'request-out', 'at'],
    // It would keep a deploy hook with the same file running for ever.
    isOfOneRun: true,
  }),
  'dry-run': switchFlag('fetch and verify, say what would be done, and do nothing of it'),
  'request-out': fileFlag('also write the request to this file', { isOfOneRun: true }),
  'print-curl': switchFlag('print the request as a curl command, send nothing', { isOfOneRun: true }),
  'require-ocsp': switchFlag('exit 11 for a certificate without responder'),
  strict: switchFlag('a kept staple and a missing nonce end with their own exit code'),
  ...reloadFlag,
  ...announceFlags,
  'on-updated': commandFlag(
    'on-updated',
    'run this command, without a shell, for each certificate whose staple was updated',
  ),
  'on-failed': commandFlag(
    'on-failed',
    'run this command for each certificate whose fetch failed and was not softened',
  ),
  'on-revoked': commandFlag('on-revoked', 'run this command for each revoked certificate'),
  at: timeFlag('judge as of this time', { isOfOneRun: true }),
});

export type FetchFlags = Interfaces.InferredFlags<typeof fetchFlags>;

/** Throws OcspError `usage` for a responder's URL that cannot be asked. */
export function checkUrl(url: string): void {
  try {
    parseTarget(url, { allowCredentials: true });
  } catch (error) {
    if (!(error instanceof OcspError)) throw error;
    throw new OcspError('usage', `--url: ${error.message}`, error.hint, { cause: error });
  }
}

/** The value of --accept-status. Throws OcspError `usage`. */
export function acceptedStatuses(text: string): ReadonlySet<'good' | 'revoked'> {
  const accepted = new Set<'good' | 'revoked'>();
  for (const status of text.split(',').map((word) => word.trim())) {
    if (status !== 'good' && status !== 'revoked') {
      throw new OcspError('usage', `--accept-status: "${status}" cannot be accepted`, 'use good or good,revoked');
    }
    accepted.add(status);
  }
  if (accepted.has('good')) return accepted;
  throw new OcspError('usage', '--accept-status: good must be among them', 'use good or good,revoked');
}
