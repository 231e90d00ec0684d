import type { HostAndPort } from '../../system/network/host-and-port.js';
import type { ConfigurationLine } from '../discovery.js';

/** Something that dnsdist serves TLS or QUIC with. */
export interface Frontend {
  readonly addresses: readonly HostAndPort[];
  readonly certificates: readonly string[];
  /** In the order of the certificates. */
  readonly staples: readonly string[];
  readonly isQuic: boolean;
  readonly position: ConfigurationLine;
}

/** What a file of its configuration says. */
export interface DnsdistConfiguration {
  readonly frontends: readonly Frontend[];
  /** As written: the address of its console. */
  readonly console?: string;
  /** The file that has the key of the console. */
  readonly keyFile?: string;
}
