import { connect, type Socket } from 'node:net';
import { OcspError } from '../../core/index.js';
import { shownHostAndPort, type HostAndPort } from '../../system/host-and-port.js';
import { TargetFailure, type ReloadLimits } from '../reload-result.js';

/** Bytes from a peer, taken when they are wanted, within one limit of time for everything. */
export interface ByteStream {
  /** How many bytes have come and were not taken. */
  available(): number;
  write(bytes: Uint8Array): void;
  /**
   * Waits until `count` bytes are there, the peer has closed, or the time is up, which is the least of `milliseconds` and
   * what is left of the run's limit.
   *
   * @throws OcspError `interrupted`
   */
  waitFor(count: number, milliseconds?: number): Promise<'ready' | 'closed' | 'timeout'>;
  /** Takes the next bytes, at most those that are there. */
  take(count: number): Buffer;
  close(): void;
}

/** What may wait untaken before the peer is no longer read from. */
const largestBacklog = 2 * 1024 * 1024;

/** When everything has to be over, on the clock of `performance.now()`. */
export interface StreamLimits extends ReloadLimits {
  readonly deadline: number;
}

/**
 * Connects.
 *
 * @throws TargetFailure `target-unreachable`, `permission-denied`, `timeout`; OcspError `interrupted`
 */
export async function connectStream(address: HostAndPort, limits: StreamLimits): Promise<ByteStream> {
  if (limits.signal.aborted) throw interrupted(address);
  const socket = connect({ host: address.host, port: address.port, noDelay: true });
  try {
    await connected(socket, address, limits);
  } catch (error) {
    socket.destroy();
    throw error;
  }
  return streamOf(socket, address, limits);
}

function connected(socket: Socket, address: HostAndPort, limits: StreamLimits): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => settle(() => reject(interrupted(address)));
    const timer = setTimeout(
      () => settle(() => reject(connectTimeout(address, limits.timeoutMilliseconds))),
      Math.max(0, limits.deadline - performance.now()),
    );
    const fail = (error: NodeJS.ErrnoException): void => settle(() => reject(connectFailure(address, error)));
    const settle = (finish: () => void): void => {
      clearTimeout(timer);
      limits.signal.removeEventListener('abort', abort);
      // A socket that is given up may still fail, and an error without a listener ends the process.
      socket.on('error', () => undefined).off('error', fail);
      finish();
    };
    limits.signal.addEventListener('abort', abort, { once: true });
    socket.once('error', fail).once('connect', () => settle(resolve));
  });
}

function streamOf(socket: Socket, address: HostAndPort, limits: StreamLimits): ByteStream {
  let bytes: Buffer = Buffer.alloc(0);
  let isClosed = false;
  let wake = (): void => undefined;
  const abort = (): void => wake();
  limits.signal.addEventListener('abort', abort);
  socket.on('data', (chunk) => {
    bytes = Buffer.concat([bytes, chunk]);
    if (bytes.length > largestBacklog) socket.pause();
    wake();
  });
  for (const event of ['end', 'close', 'error']) {
    socket.on(event, () => {
      isClosed = true;
      wake();
    });
  }

  return {
    available: () => bytes.length,
    write: (data) => void socket.write(data),
    async waitFor(count, milliseconds = Infinity) {
      const end = Math.min(limits.deadline, performance.now() + milliseconds);
      let timer: NodeJS.Timeout | undefined;
      try {
        for (;;) {
          if (limits.signal.aborted) throw interrupted(address);
          if (bytes.length >= count) return 'ready';
          if (isClosed) return 'closed';
          const left = end - performance.now();
          if (left <= 0) return 'timeout';
          await new Promise<void>((resolve) => {
            wake = resolve;
            // One more millisecond, so that a timer that fires early is not set again for a fraction of one.
            timer = setTimeout(resolve, left + 1);
          });
          clearTimeout(timer);
        }
      } finally {
        clearTimeout(timer);
      }
    },
    take(count) {
      const taken = bytes.subarray(0, count);
      bytes = bytes.subarray(taken.length);
      if (bytes.length <= largestBacklog) socket.resume();
      return taken;
    },
    close() {
      limits.signal.removeEventListener('abort', abort);
      socket.destroy();
    },
  };
}

function interrupted(address: HostAndPort): OcspError {
  return new OcspError('interrupted', `the reload of dnsdist at ${shownHostAndPort(address)} was interrupted`);
}

/** The three look alike from outside; dnsdist's log tells them apart. */
export function turnedAway(place: string, options?: { cause?: unknown }): TargetFailure {
  return new TargetFailure(
    'permission-denied',
    `dnsdist at ${place} closed the connection before any key was spoken of`,
    'look into the log of dnsdist: allow this machine with addConsoleACL(), or give dnsdist a console key with setKey(), or raise setConsoleMaximumConcurrentConnections()',
    options,
  );
}

function connectTimeout(address: HostAndPort, milliseconds: number): TargetFailure {
  return new TargetFailure(
    'timeout',
    `no connection to the dnsdist console at ${shownHostAndPort(address)} within ${milliseconds} ms`,
    'check the address, and whether a firewall drops the packets',
  );
}

function connectFailure(address: HostAndPort, cause: NodeJS.ErrnoException): TargetFailure {
  const place = shownHostAndPort(address);
  switch (cause.code) {
    case 'ECONNREFUSED':
      return new TargetFailure(
        'target-unreachable',
        `nothing listens at ${place}`,
        `start dnsdist, with controlSocket("${place}") in its configuration`,
        { cause },
      );
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new TargetFailure('target-unreachable', `${address.host} has no address`, 'check the name of the host', {
        cause,
      });
    // A refusal by dnsdist can be here before the connection is reported.
    case 'ECONNRESET':
    case 'EPIPE':
      return turnedAway(place, { cause });
    case 'EACCES':
    case 'EPERM':
      return new TargetFailure(
        'permission-denied',
        `this machine does not let restaple connect to ${place}`,
        'check the firewall and the service sandbox of restaple itself',
        { cause },
      );
    default:
      return new TargetFailure(
        cause.code === 'ETIMEDOUT' ? 'timeout' : 'target-unreachable',
        `no connection to the dnsdist console at ${place}: ${cause.code ?? 'unknown error'}`,
        'check the address and the way to it',
        { cause },
      );
  }
}
