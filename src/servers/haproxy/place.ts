import type { HostAndPort } from '../../system/host-and-port.js';

/** A unix socket's path, or a TCP address. */
export type SocketAddress = { readonly path: string } | HostAndPort;

/** The runtime API of a haproxy, or of one worker (`@1`) by the socket of its master. */
export interface HaproxyPlace {
  readonly address: SocketAddress;
  readonly worker?: string;
}
