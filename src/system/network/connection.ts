import { connect, type Socket } from 'node:net';
import { OcspError } from '../../core/index.js';
import { fileKindAt } from '../file-kind.js';
import { shownHostAndPort, type HostAndPort } from './host-and-port.js';

/** A unix socket's path, or a TCP address. */
export type SocketAddress = { readonly path: string } | HostAndPort;

/** The socket as it is written in a target. */
export function shownAddress(address: SocketAddress): string {
  return 'path' in address ? address.path : shownHostAndPort(address);
}

/** That there is something other than a socket at this path, a sentence; undefined for a socket, nothing, and TCP. */
export function notASocket(address: SocketAddress): string | undefined {
  const kind = 'path' in address ? fileKindAt(address.path) : undefined;
  return kind === undefined || kind === 'a socket' ? undefined : `${shownAddress(address)} is ${kind}, not a socket`;
}

/** How long to wait: until a time on the clock of `performance.now()`, and until the signal. */
export interface Patience {
  readonly deadline?: number;
  readonly signal?: AbortSignal | undefined;
}

/** How a wait ended. */
export type Waited = 'ready' | 'closed' | 'timeout';

/** A socket whose bytes are taken when they are wanted; what nobody waits for stays in the kernel. */
export interface Connection {
  /** Why it closed, where that was not in order. */
  readonly error: NodeJS.ErrnoException | undefined;
  /** Whether it can be spoken to, and has said nothing that was not taken. */
  isOpen(): boolean;
  /** How many bytes have come and were not taken. */
  available(): number;
  write(bytes: Uint8Array): void;
  /** Throws OcspError `interrupted`. */
  waitUntilConnected(patience: Patience): Promise<Waited>;
  /** Waits until so many bytes are there. Throws OcspError `interrupted`. */
  waitFor(count: number, patience: Patience): Promise<Waited>;
  /** Takes the next bytes, at most those that are there. */
  take(count?: number): Buffer;
  /** Reads no more and leaves the socket to others. */
  release(): void;
  close(): void;
}

/** Begins to connect; `what` is interrupted, in the words of a message. */
export function openConnection(address: SocketAddress, what: string): Connection {
  return connectionOver(connect({ ...address, noDelay: true }), what);
}

/** The same over a socket of the caller's. */
export function connectionOver(socket: Socket, what: string): Connection {
  let bytes: Buffer = Buffer.alloc(0);
  let wanted = 1;
  let isClosed = false;
  let failure: Error | undefined;
  let wake = (): void => undefined;
  const receive = (chunk: Buffer): void => {
    bytes = Buffer.concat([bytes, chunk]);
    if (bytes.length >= wanted) socket.pause();
    wake();
  };
  socket.on('data', receive);
  socket.on('connect', () => wake());
  socket.on('error', (error) => (failure = error));
  socket.on('close', () => {
    isClosed = true;
    wake();
  });

  async function waitUntil(isThere: () => boolean, { deadline, signal }: Patience): Promise<Waited> {
    let isOver = deadline !== undefined && deadline <= performance.now();
    const expire = (): void => {
      isOver = true;
      wake();
    };
    const timer = deadline === undefined ? undefined : setTimeout(expire, Math.max(0, deadline - performance.now()));
    const interrupt = (): void => wake();
    signal?.addEventListener('abort', interrupt);
    try {
      for (;;) {
        if (signal?.aborted === true) throw new OcspError('interrupted', `${what} was interrupted`);
        if (isThere()) return 'ready';
        if (isClosed) return 'closed';
        if (isOver) return 'timeout';
        await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', interrupt);
    }
  }

  return {
    get error() {
      return failure;
    },
    isOpen: () => socket.readyState === 'open' && bytes.length === 0,
    available: () => bytes.length,
    write: (data) => void socket.write(data),
    waitUntilConnected: (patience) => waitUntil(() => socket.readyState === 'open', patience),
    waitFor(count, patience) {
      wanted = count;
      if (bytes.length < count) socket.resume();
      return waitUntil(() => bytes.length >= count, patience);
    },
    take(count = bytes.length) {
      const taken = bytes.subarray(0, count);
      bytes = bytes.subarray(taken.length);
      // An end is seen by who reads.
      if (bytes.length === 0) socket.resume();
      return taken;
    },
    release: () => void socket.off('data', receive),
    close: () => void socket.destroy(),
  };
}
