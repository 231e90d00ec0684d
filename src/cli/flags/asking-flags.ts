import { Flags, type Interfaces } from '@oclif/core';
import { OcspError } from '../../core/index.js';
import { addressPolicy } from '../../transport/address-guard.js';
import { proxyFromFlag } from '../../transport/proxy.js';
import { assertHeaderLines } from '../../transport/request-headers.js';
import { parseTarget } from '../../transport/target-url.js';
import { maskedHeader, withoutPassword } from '../config/mask-secret.js';
import { inGroup } from './flag-groups.js';
import { choiceFlag, flagKind, listOf, positiveDurationFlag, switchFlag, textFlag } from './flag-kinds.js';
import { hashDescription } from './reload-flags.js';
import { parseHeader } from './values.js';

const headerFlag = flagKind({
  helpValue: "<'K: V'>",
  expected: "of the form 'Name: value'",
  example: "'X-Api-Key: abc'",
  read: parseHeader,
});

/** What is asked: about which CertID, and with an issuer from where. */
export const questionFlags = inGroup('what', {
  'fetch-issuer': switchFlag('download a missing issuer from the caIssuers URI of the certificate', {
    default: true,
    allowNo: true,
  }),
  hash: choiceFlag(['sha1', 'sha256'])(hashDescription, { default: 'sha1' }),
});

/** How responders are asked, in every command that asks them. */
export const askingFlags = {
  ...inGroup('network', {
    url: textFlag("ask this responder instead of the certificate's own", {
      helpValue: '<url>',
      check: checkUrl,
      masked: withoutPassword,
      summary: "ask this responder, not the certificate's own",
    }),
    method: choiceFlag(['post', 'get', 'auto'])(
      'how to send the request; auto: by GET if the URL has at most 255 bytes, then by POST if that fails',
      {
        default: 'post',
      },
    ),
    header: listOf(
      headerFlag('a header for the responder; Authorization and Cookie only for one that you name, as by --url', {
        check: (_text, pair) => assertHeaderLines([pair as readonly [string, string]]),
        masked: maskedHeader,
      }),
    ),
    nonce: switchFlag('send a nonce of 32 octets'),
    timeout: positiveDurationFlag('time limit for one HTTP attempt, redirects included', {
      default: '10s',
      summary: 'time limit for one HTTP attempt [default: 10s]',
    }),
    'connect-timeout': positiveDurationFlag('time limit for connecting, within --timeout', { default: '3s' }),
    retries: Flags.integer({
      description: 'how often to ask all responders again',
      helpValue: '<n>',
      min: 0,
      max: 20,
      default: 2,
    }),
    proxy: textFlag('the proxy for http and https, instead of the one in the environment; "" for none', {
      helpValue: '<url>',
      check: (text) => proxyFromFlag(text, {}),
      masked: withoutPassword,
      summary: 'the proxy; "" for none',
    }),
    'ipv4-only': switchFlag('connect by IPv4 only', { char: '4', exclusive: ['ipv6-only'] }),
    'ipv6-only': switchFlag('connect by IPv6 only', { char: '6' }),
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
  }),
};

export type AskingFlags = Interfaces.InferredFlags<typeof askingFlags>;

/** Throws OcspError `usage` for a responder's URL that cannot be asked. */
export function checkUrl(url: string): void {
  try {
    parseTarget(url, { allowCredentials: true });
  } catch (error) {
    if (!(error instanceof OcspError)) throw error;
    throw new OcspError('usage', `--url: ${error.message}`, error.hint, { cause: error });
  }
}
