import { Flags, type Interfaces } from '@oclif/core';
import { OcspError } from '../../core/index.js';
import { checkStapleTemplate } from '../../store/staple-location.js';
import { addressPolicy } from '../../transport/address-guard.js';
import { proxyFromFlag } from '../../transport/proxy.js';
import { assertHeaderLines } from '../../transport/request-headers.js';
import { parseTarget } from '../../transport/target-url.js';
import { maskedHeader, withoutPassword } from '../config/mask-secret.js';
import { withEnvironment } from '../flags/flag.js';
import { inGroup } from '../flags/flag-groups.js';
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

/** The flags of `fetch`; each that takes one value can come from a variable too. */
export const fetchFlags = withEnvironment({
  ...inGroup('what', {
    config: fileFlag('the configuration file [default: /etc/restaple.yaml where it is there and no CERT is named]', {
      isOfOneRun: true,
      summary: 'the configuration file, or /etc/restaple.yaml',
    }),
    ...certificateFlags,
    'crt-list': listOf(
      // In a configuration `certificates` says this.
      fileFlag("the certificates of a crt-list of haproxy; names in it are relative to the list's folder", {
        isOfOneRun: true,
      }),
    ),
    shard: shardFlag(
      'work only on this part of the certificates, as one of several machines; or set RESTAPLE_SHARD_COUNT',
    ),
    ...issuerFlags,
    'fetch-issuer': switchFlag('download a missing issuer from the caIssuers URI of the certificate', {
      default: true,
      allowNo: true,
    }),
    'store-issuer': switchFlag('keep a downloaded issuer as CERT.issuer, where haproxy looks for it', {
      default: true,
      allowNo: true,
    }),
    hash: choiceFlag(['sha1', 'sha256'])('the hash of the CertID; haproxy and hitch take only sha1', {
      default: 'sha1',
    }),
  }),
  ...inGroup('where', {
    out: newStapleFlag(
      'where the staple goes: a file, a folder, a template of {dir} {base} {name} {lineage} {serial} {fingerprint}, or - for stdout [default: CERT.ocsp]',
      { check: checkStapleTemplate, summary: 'where the staple goes [default: CERT.ocsp]' },
    ),
    'request-out': fileFlag('also write the request to this file', { isOfOneRun: true }),
    metrics: fileFlag('write the figures of the run to this file, as Prometheus text', { section: 'metrics' }),
    lock: fileFlag(
      'hold this lock, so that one run works at a time [default with a configuration: /run/restaple/NAME.lock]',
      {
        section: 'lock',
      },
    ),
    'lock-wait': durationFlag('how long to wait for another run before exit 12', {
      default: '30s',
      section: 'lock-wait',
    }),
  }),
  ...inGroup('when', {
    force: switchFlag('ask although the staple is not due', { summary: 'ask although the staple is not due' }),
    'refresh-at': refreshFlag('due at this part of the window, or this long before its end', { shownDefault: '50%' }),
    'alert-before': durationFlag(
      'report a failed refresh once the staple ends within this time [default: a quarter of its life]',
      { example: '12h' },
    ),
    watch: switchFlag('keep running, and refresh staples as they fall due; SIGHUP reads everything again', {
      exclusive: ['print-curl', 'request-out', 'at'],
      // It would keep a deploy hook with the same file running for ever.
      isOfOneRun: true,
      summary: 'keep running, and refresh what falls due',
    }),
    at: timeFlag('judge as of this time [default: now]', { isOfOneRun: true }),
  }),
  ...inGroup('network', {
    url: textFlag("ask this responder instead of the certificate's own", {
      helpValue: '<url>',
      check: checkUrl,
      masked: withoutPassword,
      summary: "ask this responder, not the certificate's own",
    }),
    method: choiceFlag(['post', 'get', 'auto'])('auto: GET while the URL has at most 255 bytes, POST when that fails', {
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
    nonce: switchFlag('send a nonce of 32 octets'),
    timeout: positiveDurationFlag('for one HTTP attempt, redirects included', {
      default: '10s',
      summary: 'for one HTTP attempt [default: 10s]',
    }),
    'connect-timeout': positiveDurationFlag('to connect, within --timeout', { default: '3s' }),
    retries: Flags.integer({
      description: 'how often to ask all responders again',
      helpValue: '<n>',
      min: 0,
      max: 20,
      default: 2,
    }),
    proxy: textFlag('the proxy for http and https, in place of the environment; "" for none', {
      helpValue: '<url>',
      check: (text) => proxyFromFlag(text, {}),
      masked: withoutPassword,
      summary: 'the proxy; "" for none',
    }),
    'ipv4-only': switchFlag('connect by IPv4 only', { char: '4', exclusive: ['ipv6-only'] }),
    'ipv6-only': switchFlag('connect by IPv6 only', { char: '6' }),
    concurrency: Flags.integer({
      description: 'how many certificates to work on at a time',
      helpValue: '<n>',
      min: 1,
      max: 1024,
      default: 32,
    }),
    'per-responder': Flags.integer({
      description: 'how many requests to send at a time to one responder host',
      helpValue: '<n>',
      min: 1,
      max: 1024,
      default: 8,
    }),
    rate: rateFlag('how many requests may start in this time to one responder host [default: unlimited]'),
    'print-curl': switchFlag('print the request as a curl command, and send nothing', { isOfOneRun: true }),
  }),
  ...inGroup('signing', {
    'sign-with': fileFlag('sign requests with this certificate, for a responder that answers sigRequired to others'),
    'sign-key': fileFlag('its key [default: the file of --sign-with has it]'),
    'passphrase-file': fileFlag('open an encrypted key with the first line of this file; or set RESTAPLE_PASSPHRASE'),
  }),
  ...inGroup('trust', {
    'allow-private': switchFlag('allow URIs of certificates that lead to private networks and loopback', {
      summary: 'allow URIs that lead to private networks',
    }),
    'allow-address': listOf(
      textFlag('allow URIs of certificates that lead to these addresses', {
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
    'require-ocsp': switchFlag('end with 11 for a certificate without responder'),
    strict: switchFlag('end with the code of a failure although the staple is kept, and of a missing nonce'),
  }),
  ...reloadFlag,
  ...announceFlags,
  ...inGroup('servers', {
    'on-updated': commandFlag('on-updated', 'run this command, without a shell, for each staple that was updated'),
    'on-failed': commandFlag('on-failed', 'run this command for each certificate whose failure is reported'),
    'on-revoked': commandFlag('on-revoked', 'run this command for each revoked certificate'),
  }),
  ...inGroup('output', {
    'dry-run': switchFlag('fetch and verify, say what would be done, and do nothing of it', {
      summary: 'fetch and verify, but write nothing',
    }),
  }),
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
