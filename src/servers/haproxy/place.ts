import type { SocketAddress } from '../../system/network/connection.js';

/** The runtime API of a haproxy, or of one worker (`@1`) by the socket of its master. */
export interface HaproxyPlace {
  readonly address: SocketAddress;
  readonly worker?: string;
}

/** The octets of the largest file that it takes as a staple at its start, whatever tune.bufsize says. */
export const largestInFile = 16_384;
