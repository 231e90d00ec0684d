import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';

/**
 * Whether a connection to this host name stays on this host: one of its own addresses, a loopback address or `localhost`.
 * Of other names nobody knows without asking the network.
 */
export function isOwnAddress(host: string): boolean {
  if (host === 'localhost') return true;
  const address = plainAddress(host);
  if (isIP(address) === 0) return false;
  if (address.startsWith('127.') || address === '::1') return true;
  const own = Object.values(networkInterfaces()).flatMap((addresses = []) => addresses);
  return own.some((one) => plainAddress(one.address) === address);
}

/** Without a zone, written in the shortest way, as a URL's host is. */
function plainAddress(host: string): string {
  const [address = ''] = host.split('%');
  return isIP(address) === 6 ? new URL(`http://[${address}]/`).hostname.slice(1, -1) : address;
}
