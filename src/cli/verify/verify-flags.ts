import type { Interfaces } from '@oclif/core';
import { lintProfiles } from '../../core/index.js';
import { staplingServers } from '../../pipeline/verify/server-rules.js';
import { inGroup } from '../flags/flag-groups.js';
import { haproxyFlags } from '../flags/reload-flags.js';
import {
  choiceFlag,
  durationFlag,
  fileFlag,
  listOf,
  outFlag,
  pageFlag,
  positiveDurationFlag,
  severalOf,
  switchFlag,
  textFlag,
  timeFlag,
} from '../flags/flag-kinds.js';
import { certificateFlags, issuerFlags, serialFlag, trustFlags } from '../flags/shared-flags.js';

/** Details of a switch without a default: what depends on a flag, or excludes it, counts its default as given. */
const unset = { default: undefined };

/** What a monitoring system is answered, and by which limits. */
export const monitoringFlags = inGroup('output', {
  nagios: switchFlag('answer as a Nagios plugin: a status line with performance data, exit 0, 1, 2 or 3', {
    ...unset,
    exclusive: ['json'],
    summary: 'answer as a Nagios plugin',
  }),
  warn: durationFlag('with --nagios: warning if a response expires sooner [default: 24h]', {
    example: '24h',
    dependsOn: ['nagios'],
  }),
  critical: durationFlag('with --nagios: critical if a response expires sooner [default: 6h]', {
    example: '6h',
    dependsOn: ['nagios'],
  }),
  'certificate-warn': durationFlag(
    'with --nagios: warning if a certificate expires sooner, at most a third of its life [default: 21d]',
    { example: '21d', dependsOn: ['nagios'] },
  ),
  'certificate-critical': durationFlag(
    'with --nagios: critical if a certificate expires sooner, at most a tenth of its life [default: 7d]',
    { example: '7d', dependsOn: ['nagios'] },
  ),
});

export type MonitoringFlags = Interfaces.InferredFlags<typeof monitoringFlags>;

/** How the server of --connect is asked; `usualName` is what it is asked for where nobody says. */
export function connectionFlags(usualName: string) {
  return inGroup('servers', {
    servername: textFlag(`the server name to ask for [default: ${usualName}]`, {
      helpValue: '<name>',
      dependsOn: ['connect'],
    }),
    starttls: choiceFlag(['smtp', 'imap'])('speak this protocol first', { dependsOn: ['connect'] }),
  });
}

export type ConnectionFlags = Interfaces.InferredFlags<ReturnType<typeof connectionFlags>>;

/** Anchors, and what may stand between them and an issuer. */
export const chainFlags = inGroup('trust', {
  ca: listOf(
    fileFlag('an anchor for the chain above the issuer, trusted even if it is not self-signed', {
      summary: 'an anchor for the chain above the issuer',
    }),
  ),
  untrusted: listOf(fileFlag('where to look for intermediates and certificates of responders')),
});

/** The flags of `verify`. */
export const verifyFlags = {
  ...certificateFlags,
  ...issuerFlags,
  ...inGroup('what', {
    serial: serialFlag('the serial number in hex, with --response instead of a certificate'),
    nonce: textFlag('the nonce that the response must carry', { helpValue: '<hex>' }),
    request: fileFlag('the request that the response must answer'),
  }),
  ...inGroup('where', {
    response: fileFlag('the response to judge [default: the staple of the certificate]', {
      summary: 'the response to judge [default: CERT.ocsp]',
    }),
    out: outFlag('where fetch puts staples: a file, a folder, or a template [default: CERT.ocsp]'),
  }),
  ...haproxyFlags,
  ...inGroup('when', {
    skew: durationFlag('how far clocks may differ', { default: '5m' }),
    'max-age': durationFlag('how long ago thisUpdate may be', { example: '3d' }),
    'ignore-times': switchFlag('ignore thisUpdate, nextUpdate and producedAt; the signer must still be valid'),
    at: timeFlag('judge as of this time [default: now]', { summary: 'judge as of this time [default: now]' }),
  }),
  ...inGroup('trust', {
    ...chainFlags,
    ...trustFlags,
    crl: severalOf(
      textFlag(
        'also look the certificate up in this CRL, or with "auto" in the one that it names; the worse result counts',
        {
          helpValue: '<file|auto>',
          exclusive: ['connect'],
          summary: 'also look it up in a CRL; auto: the one it names',
        },
      ),
    ),
    lint: switchFlag('also check the response against the rules of a profile; findings do not change the exit code', {
      ...unset,
      exclusive: ['nagios'],
      summary: 'also check it against rules for responders',
    }),
    profile: choiceFlag(lintProfiles)(
      'which rules: those of every PKI (private), also those of RFC 9919 (rfc), also those of public CAs (web) [default: rfc]',
      { dependsOn: ['lint'] },
    ),
  }),
  ...inGroup('network', {
    timeout: positiveDurationFlag('with --crl auto: time limit for the downloads of one certificate [default: 30s]', {
      example: '10s',
      dependsOn: ['crl'],
    }),
    proxy: textFlag(
      'with --crl auto: the proxy for http and https, instead of the one in the environment; "" for none',
      {
        helpValue: '<url>',
        dependsOn: ['crl'],
      },
    ),
    'allow-private': switchFlag('with --crl auto: allow URIs that lead to private networks and loopback', {
      ...unset,
      dependsOn: ['crl'],
    }),
    'allow-address': severalOf(
      textFlag('with --crl auto: allow URIs that lead to these addresses', { helpValue: '<cidr>', dependsOn: ['crl'] }),
    ),
  }),
  ...inGroup('servers', {
    for: choiceFlag(staplingServers)('would this server take the response and serve it?', {
      summary: 'would this server take and serve it?',
    }),
    connect: textFlag('judge what this server actually sends, and compare it with the file', {
      helpValue: '<host:port>',
      exclusive: ['serial', 'request', 'nonce'],
      summary: 'judge what this server actually sends',
    }),
  }),
  ...connectionFlags('the first DNS name of the certificate'),
  ...inGroup('output', {
    html: pageFlag('also write a page of the certificates to this file: for a browser, complete in itself', {
      exclusive: ['nagios'],
      summary: 'also write a page of them for a browser',
    }),
  }),
  ...monitoringFlags,
  nagios: { ...monitoringFlags.nagios, exclusive: ['json', 'ignore-times'] },
};

export type VerifyFlags = Interfaces.InferredFlags<typeof verifyFlags>;
