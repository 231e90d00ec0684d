import { Flags, type Interfaces } from '@oclif/core';
import { OcspError } from '../../core/index.js';
import { signerFlags } from '../flags/signer-flags.js';

/** Where a server listens. */
export interface ListenAddress {
  /** A name or address, IPv6 without brackets. */
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
}

/** `127.0.0.1:8080`, `[::1]:8080` or `localhost:0`; undefined for anything else. */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const match = /^(?:\[([0-9a-f:.]+(?:%[\w.-]+)?)\]|([\w.-]+)):(\d{1,5})$/i.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  return host === undefined || port > 65_535 ? undefined : { host, port };
}

const listenFlag = Flags.custom<ListenAddress>({
  helpValue: '<host:port>',
  parse: (text) => {
    const address = parseListenAddress(text);
    if (address !== undefined) return Promise.resolve(address);
    throw new OcspError(
      'usage',
      `--listen: "${text}" is not an address and a port`,
      'for example --listen 127.0.0.1:8080, --listen [::1]:8080, or --listen 0.0.0.0:8080 for all of this machine',
    );
  },
});

/** The flags of `serve`. */
export const serveFlags = {
  ...signerFlags,
  listen: listenFlag({
    description: 'where to listen; port 0 takes any free one',
    default: { host: '127.0.0.1', port: 8080 },
    defaultHelp: () => Promise.resolve('127.0.0.1:8080'),
  }),
  issued: Flags.string({
    description: 'the certificates that the CA issued, or their serial numbers: all others are unknown',
    helpValue: '<folder|file>',
  }),
};

export type ServeFlags = Interfaces.InferredFlags<typeof serveFlags>;
