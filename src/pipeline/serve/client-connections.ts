import type { Socket } from 'node:net';
import {
  blockContains,
  embeddedIpv4,
  ownBlock,
  parseAddress,
  type AddressBlock,
} from '../../transport/internet-address.js';

/** How many connections there may be at once. */
export interface ConnectionLimits {
  /** Of all clients together. */
  readonly connections: number;
  /** Of one client: an IPv4 address, or an IPv6 network of 64 bits. */
  readonly connectionsOfClient: number;
  /** Addresses that stand for many clients: they are limited only by the total. */
  readonly trustedProxies: readonly AddressBlock[];
}

interface Connection {
  readonly socket: Socket;
  readonly client: string | undefined;
  /** How many of its requests are whole and not answered yet. */
  answering: number;
  /** Since when it keeps the server waiting: since it was opened, or since its last answer. */
  since: number;
}

/**
 * The connections of a server. For a new one beyond a limit the one goes that keeps the server waiting longest, idle or
 * slow; a new one has no place only where all the others are being answered.
 */
export class ClientConnections {
  readonly #limits: ConnectionLimits;
  readonly #all = new Map<Socket, Connection>();
  readonly #byClient = new Map<string, Set<Connection>>();

  constructor(limits: ConnectionLimits) {
    this.#limits = limits;
  }

  sockets(): Iterable<Socket> {
    return this.#all.keys();
  }

  admit(socket: Socket): void {
    const { connections, connectionsOfClient, trustedProxies } = this.#limits;
    const client = clientOf(socket.remoteAddress ?? '', trustedProxies);
    const ofClient = client === undefined ? undefined : this.#byClient.get(client);
    const hasRoom =
      ((ofClient?.size ?? 0) < connectionsOfClient || this.#drop(ofClient ?? [])) &&
      (this.#all.size < connections || this.#drop(this.#all.values()));
    if (!hasRoom) {
      socket.destroy();
      return;
    }
    const connection: Connection = { socket, client, answering: 0, since: performance.now() };
    this.#all.set(socket, connection);
    if (client !== undefined) this.#byClient.set(client, (this.#byClient.get(client) ?? new Set()).add(connection));
    socket.on('close', () => this.#forget(connection));
  }

  /** A request of this connection is whole; the returned function is called when its answer is sent. */
  answer(socket: Socket): () => void {
    const connection = this.#all.get(socket);
    if (connection === undefined) return () => undefined;
    connection.answering += 1;
    return () => {
      connection.answering -= 1;
      connection.since = performance.now();
    };
  }

  /** Whether one of these could be closed. */
  #drop(connections: Iterable<Connection>): boolean {
    let longest: Connection | undefined;
    for (const one of connections) {
      if (one.answering === 0 && (longest === undefined || one.since < longest.since)) longest = one;
    }
    if (longest === undefined) return false;
    // Its event comes later.
    this.#forget(longest);
    longest.socket.destroy();
    return true;
  }

  #forget(connection: Connection): void {
    const { socket, client } = connection;
    this.#all.delete(socket);
    const ofClient = client === undefined ? undefined : this.#byClient.get(client);
    if (client === undefined || ofClient?.delete(connection) !== true) return;
    if (ofClient.size === 0) this.#byClient.delete(client);
  }
}

const mapped = ownBlock('::ffff:0:0/96');

/** One text for each client; undefined for a proxy that is trusted. */
function clientOf(address: string, trustedProxies: readonly AddressBlock[]): string | undefined {
  const parsed = parseAddress(address);
  if (parsed === undefined) return address;
  const { family, bytes } = blockContains(mapped, parsed) ? embeddedIpv4(parsed, 12) : parsed;
  if (trustedProxies.some((block) => blockContains(block, { family, bytes }))) return undefined;
  return `${family} ${bytes.slice(0, family === 4 ? 4 : 8).join()}`;
}
