import type { Interfaces } from '@oclif/core';
import { parseListenAddress } from '../../system/network/host-and-port.js';
import { parseBlock } from '../../transport/internet-address.js';
import { inGroup } from '../flags/flag-groups.js';
import { fileFlag, flagKind, listOf } from '../flags/flag-kinds.js';
import { signerFlags } from '../flags/signer-flags.js';

const listenFlag = flagKind({
  helpValue: '<host:port>',
  expected: 'an address and a port',
  example: '127.0.0.1:8080, --listen [::1]:8080, or --listen 0.0.0.0:8080 for all addresses of this machine',
  read: parseListenAddress,
});

const blockFlag = flagKind({
  helpValue: '<cidr>',
  expected: 'an IP address or a CIDR block',
  example: '10.1.2.3, --trusted-proxy 10.0.0.0/8 or --trusted-proxy fd00::/8',
  read: parseBlock,
});

/** The flags of `serve`. */
export const serveFlags = {
  ...inGroup('network', {
    listen: listenFlag('where to listen; port 0 takes any free port', {
      default: '127.0.0.1:8080',
      summary: 'where to listen [default: 127.0.0.1:8080]',
    }),
    'trusted-proxy': listOf(
      blockFlag('a proxy that asks for many clients: exempt from the limit of connections from one address'),
    ),
  }),
  ...signerFlags,
  ...inGroup('signing', {
    crl: fileFlag('take statuses from a CRL of the CA', { exclusive: ['index'] }),
    issued: fileFlag('the certificates that the CA issued, or their serial numbers; all others are unknown', {
      helpValue: '<folder|file>',
      summary: 'what the CA issued; all others are unknown',
    }),
  }),
};

export type ServeFlags = Interfaces.InferredFlags<typeof serveFlags>;
