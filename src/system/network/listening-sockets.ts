import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { endianness } from 'node:os';
import { join } from 'node:path';
import type { HostAndPort } from './host-and-port.js';
import { unlessRefused } from '../system-error.js';

/** A TCP socket that takes connections, on an address of this host. */
export interface ListeningSocket extends HostAndPort {
  readonly inode: string;
}

/** TCP_LISTEN of linux/tcp_states.h. */
const listening = '0A';

/** The TCP sockets on which this host takes connections (proc_pid_net(5)); none where that cannot be read. */
export function listeningSockets(procRoot = '/proc'): ListeningSocket[] {
  return ['tcp', 'tcp6'].flatMap((table) => {
    const lines = contentsOf(join(procRoot, 'net', table))
      .split('\n')
      .slice(1);
    return lines.flatMap((line): ListeningSocket[] => {
      const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
      const [address = '', port = ''] = local.split(':');
      const host = hostIn(address);
      return state !== listening || host === undefined ? [] : [{ host, port: Number.parseInt(port, 16), inode }];
    });
  });
}

/** `0100007F` is 127.0.0.1 on most machines: words of 32 bits, each in the order of the processor. */
function hostIn(hex: string): string | undefined {
  if (!/^(?:[0-9A-F]{8}|[0-9A-F]{32})$/i.test(hex)) return undefined;
  const bytes = Buffer.from(hex, 'hex');
  if (endianness() === 'LE') bytes.swap32();
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16));
  // A URL's host is written in the shortest way.
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1);
}

/** Which of these processes holds a socket, by the socket's inode: those that this user may look into. */
export function socketOwners(pids: Iterable<number>, procRoot = '/proc'): ReadonlyMap<string, number> {
  const owners = new Map<string, number>();
  for (const pid of pids) {
    const folder = join(procRoot, String(pid), 'fd');
    for (const name of namesIn(folder)) {
      const inode = /^socket:\[(\d+)\]$/.exec(linkAt(join(folder, name)))?.[1];
      // The master of a server has the socket before its workers do.
      if (inode !== undefined && !owners.has(inode)) owners.set(inode, pid);
    }
  }
  return owners;
}

/** Where a socket can be connected to from this host: the wildcard address stands for loopback. */
export function reachableHost(host: string): string {
  if (host === '0.0.0.0' || host === '' || host === '*') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}

function contentsOf(path: string): string {
  return unlessRefused(() => readFileSync(path, 'latin1'), '');
}

function namesIn(folder: string): string[] {
  return unlessRefused(() => readdirSync(folder), []);
}

function linkAt(path: string): string {
  return unlessRefused(() => readlinkSync(path), '');
}
