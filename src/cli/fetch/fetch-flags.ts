import { Flags, type Interfaces } from '@oclif/core';
import { OcspError } from '../../core/index.js';
import { failingServers } from '../../servers/reload-target.js';
import { checkStapleTemplate } from '../../store/staple-location.js';
import { askingFlags, questionFlags } from '../flags/asking-flags.js';
import { withEnvironment } from '../flags/flag.js';
import { inGroup } from '../flags/flag-groups.js';
import {
  durationFlag,
  fileFlag,
  flagKind,
  listOf,
  newFileFlag,
  newStapleFlag,
  switchFlag,
  textFlag,
  timeFlag,
} from '../flags/flag-kinds.js';
import { announceFlags, reloadFlag } from '../flags/reload-flags.js';
import { certificateFlags, issuerFlags, trustFlags } from '../flags/shared-flags.js';
import { parseShard, shardForm } from '../flags/shard-value.js';
import { parseRate, parseRefreshPolicy } from '../flags/values.js';
import { checkOnCommands, type OnCommands } from './on-commands.js';

const refreshFlag = flagKind({
  helpValue: '<50%|12h>',
  expected: 'a percentage up to 100% or a duration',
  example: '50%',
  read: parseRefreshPolicy,
});

const rateFlag = flagKind({ helpValue: '<20/s>', expected: 'a rate', example: '20/s', read: parseRate });

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
    config: fileFlag('the configuration file [default: /etc/restaple.yaml if it exists and no CERT is named]', {
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
    ...questionFlags,
    'store-issuer': switchFlag('keep a downloaded issuer as CERT.issuer, where haproxy looks for it', {
      default: true,
      allowNo: true,
    }),
  }),
  ...inGroup('where', {
    out: newStapleFlag(
      'where the staple goes: a file, a folder, a template of {dir} {base} {name} {lineage} {serial} {fingerprint}, or - for stdout [default: CERT.ocsp]',
      { check: checkStapleTemplate, summary: 'where the staple goes [default: CERT.ocsp]' },
    ),
    'request-out': newFileFlag('also write the request to this file', { isOfOneRun: true, example: 'site.req' }),
    metrics: newFileFlag('write metrics of the run to this file, as Prometheus text', {
      section: 'metrics',
      example: '/var/lib/prometheus/node-exporter/restaple.prom',
    }),
    lock: fileFlag(
      'hold this lock, so that only one run works at a time [default with a configuration: /run/restaple/NAME.lock]',
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
    force: switchFlag('ask even if the staple is not due', { summary: 'ask even if the staple is not due' }),
    'refresh-at': refreshFlag('due at this part of the validity window, or this long before its end', {
      shownDefault: '50%',
    }),
    'alert-before': durationFlag(
      'report a failed refresh once the staple expires within this time [default: a quarter of its life]',
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
  ...askingFlags,
  ...inGroup('network', {
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
    rate: rateFlag('how many requests per second, minute or hour may start to one responder host [default: unlimited]'),
    'print-curl': switchFlag('print the request as a curl command, and send nothing', { isOfOneRun: true }),
  }),
  ...inGroup('signing', {
    'sign-with': fileFlag('sign requests with this certificate, for a responder that answers sigRequired to others'),
    'sign-key': fileFlag('the key of --sign-with [default: the one in the same file]'),
    'passphrase-file': fileFlag('open an encrypted key with the first line of this file; or set RESTAPLE_PASSPHRASE'),
  }),
  ...inGroup('trust', {
    ...trustFlags,
    'accept-status': textFlag('statuses that may be stored: good or good,revoked', {
      helpValue: '<good,revoked>',
      default: 'good',
      check: acceptedStatuses,
    }),
    'require-ocsp': switchFlag('exit 11 for a certificate without a responder'),
    strict: switchFlag('exit with the code of a failure even if the staple is kept, and of a missing nonce'),
  }),
  ...reloadFlag,
  ...announceFlags,
  ...inGroup('servers', {
    withdraw: durationFlag(
      `for ${failingServers.map(({ name }) => name).join(' and ')}: remove a staple whose fetch failed once less than this is left of it, since handshakes fail on an expired one`,
      { example: '6h' },
    ),
    'on-updated': commandFlag('on-updated', 'run this command, without a shell, for each staple that was updated'),
    'on-failed': commandFlag('on-failed', 'run this command for each certificate whose failure is reported'),
    'on-revoked': commandFlag('on-revoked', 'run this command for each revoked certificate'),
  }),
  ...inGroup('output', {
    'dry-run': switchFlag('fetch and verify, and say what would be done without doing it', {
      summary: 'fetch and verify, but write nothing',
    }),
  }),
});

export type FetchFlags = Interfaces.InferredFlags<typeof fetchFlags>;

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
