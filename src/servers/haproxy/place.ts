import type { SocketAddress } from '../../system/connection.js';

/** The runtime API of a haproxy, or of one worker (`@1`) by the socket of its master. */
export interface HaproxyPlace {
  readonly address: SocketAddress;
  readonly worker?: string;
}
