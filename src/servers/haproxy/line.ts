import { connect, type Socket } from 'node:net';
import { OcspError } from '../../core/index.js';
import { shownHostAndPort } from '../../system/host-and-port.js';
import { TargetFailure, type ReloadLimits } from '../reload-result.js';
import type { SocketAddress } from './place.js';

/** One connection to a runtime API: what is written is answered up to the next prompt. */
export interface HaproxyLine {
  readonly isOpen: boolean;
  /**
   * Writes in one piece and returns what comes back (latin1: file names are octets).
   *
   * @param signal ends the waiting
   * @throws TargetFailure `timeout`, `connection-lost`, `unexpected-reply`; OcspError `interrupted`
   */
  exchange(text: string, what: string, signal?: AbortSignal): Promise<LineReply>;
  close(): void;
}

export interface LineReply {
  readonly text: string;
  /** What stands before the `>` of the prompt; undefined where haproxy closed after the text. */
  readonly prompt: string | undefined;
}

/** The largest reply that is read: the slots of about 90,000 certificates. */
const largestReply = 32 * 1024 * 1024;

/** `> `, `master> ` or a worker's `1234> ` where a line starts, and nothing after it. */
const promptPattern = /\n([^\s>]*)> $/;

/** More than the longest prompt. */
const tailLength = 64;

interface Waiter<Result> {
  readonly resolve: (result: Result) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Connects to the socket of a runtime API.
 *
 * @throws TargetFailure `target-unreachable`, `permission-denied`, `timeout`; OcspError `interrupted`
 */
export async function openHaproxyLine(address: SocketAddress, limits: ReloadLimits): Promise<HaproxyLine> {
  const place = shownPlace(address);
  const socket = connect({ ...address });
  socket.setNoDelay(true);
  const { timeoutMilliseconds, signal } = limits;
  const waiting = { milliseconds: timeoutMilliseconds, place, what: 'the connection', signal };
  await waitOn<undefined>(socket, waiting, ({ resolve, reject }) => {
    socket.once('connect', () => resolve(undefined));
    socket.once('error', (error) => reject(connectFailure(error, address, place)));
  });
  return lineOver(socket, place, timeoutMilliseconds);
}

function lineOver(socket: Socket, place: string, milliseconds: number): HaproxyLine {
  let waiter: Waiter<LineReply> | undefined;
  let chunks: Buffer[] = [];
  let size = 0;
  let tail = '\n';
  let isOpen = true;

  const end = (): void => {
    isOpen = false;
    socket.destroy();
  };
  const received = (): LineReply => {
    const text = Buffer.concat(chunks).toString('latin1');
    const prompt = promptPattern.exec(`\n${text}`);
    // Before the reply stand the marks that ask for more payload.
    return {
      text: text.slice(0, text.length - (prompt?.[0].length ?? 0) + 1).replace(/^(?:\+ )+/, ''),
      prompt: prompt?.[1],
    };
  };
  const fail = (error: TargetFailure): void => {
    end();
    waiter?.reject(error);
  };

  socket.removeAllListeners('error');
  socket.on('error', (error) => fail(lostConnection(place, error)));
  socket.on('close', () => {
    isOpen = false;
    const reply = received();
    if (reply.text.trim() === '') waiter?.reject(lostConnection(place));
    else waiter?.resolve(reply);
  });
  socket.on('data', (chunk) => {
    if (waiter === undefined) {
      fail(unasked(place));
      return;
    }
    chunks.push(chunk);
    size += chunk.length;
    if (size > largestReply) {
      fail(tooLong(place));
      return;
    }
    tail = (tail + chunk.toString('latin1', Math.max(0, chunk.length - tailLength))).slice(-tailLength);
    if (promptPattern.test(tail)) waiter.resolve(received());
  });

  return {
    get isOpen() {
      return isOpen;
    },
    async exchange(text, what, signal) {
      chunks = [];
      size = 0;
      tail = '\n';
      try {
        return await waitOn(socket, { milliseconds, place, what, signal }, (own) => {
          waiter = own;
          socket.write(text, 'latin1');
        });
      } finally {
        waiter = undefined;
        isOpen = isOpen && !socket.destroyed;
      }
    },
    close: end,
  };
}

interface Waiting {
  readonly milliseconds: number;
  readonly place: string;
  readonly what: string;
  readonly signal: AbortSignal | undefined;
}

/** Waits for what `begin` starts; the socket is destroyed where it ends by time or by the signal. */
function waitOn<Result>(socket: Socket, waiting: Waiting, begin: (waiter: Waiter<Result>) => void): Promise<Result> {
  const { milliseconds, place, what, signal } = waiting;
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', interrupt);
    };
    const give = (error: Error): void => {
      settle();
      socket.destroy();
      reject(error);
    };
    const interrupt = (): void =>
      give(new OcspError('interrupted', `the talk with haproxy at ${place} was interrupted`));
    const timer = setTimeout(() => give(silence(place, what, milliseconds)), milliseconds);
    if (signal?.aborted === true) {
      interrupt();
      return;
    }
    signal?.addEventListener('abort', interrupt, { once: true });
    begin({
      resolve: (result) => {
        settle();
        resolve(result);
      },
      reject: give,
    });
  });
}

/** The socket as it is written in a target. */
export function shownPlace(address: SocketAddress): string {
  return 'path' in address ? address.path : shownHostAndPort(address);
}

function connectFailure(error: Error, address: SocketAddress, place: string): TargetFailure {
  const isUnix = 'path' in address;
  const code = systemCode(error);
  const cause = { cause: error };
  switch (code) {
    case 'ENOENT':
      return new TargetFailure(
        'target-unreachable',
        `there is no socket ${place}`,
        'start haproxy, or write the path that its configuration has after "stats socket"',
        cause,
      );
    case 'ECONNREFUSED':
      return new TargetFailure(
        'target-unreachable',
        isUnix
          ? `nobody listens at ${place}: haproxy left that socket behind when it ended`
          : `${place} refused the connection`,
        'start haproxy; where it runs, its configuration has another socket after "stats socket"',
        cause,
      );
    case 'EACCES':
    case 'EPERM':
      return new TargetFailure(
        'permission-denied',
        `this user may not open ${place}`,
        'run as a member of the group that the socket belongs to (Debian: adduser USER haproxy), or as root',
        cause,
      );
    case 'EAGAIN':
      return new TargetFailure(
        'target-unreachable',
        `all sessions of ${place} are taken`,
        `${sessionsHint}, or raise "stats maxconn"`,
        cause,
      );
    default:
      return new TargetFailure(
        code === 'ETIMEDOUT' ? 'timeout' : 'target-unreachable',
        `connection to ${place} failed: ${code}`,
        'check the name of the target, and that firewalls let this host reach it',
        cause,
      );
  }
}

const sessionsHint =
  'another program may hold its 10 sessions ("stats maxconn"); haproxy ends silent ones after "stats timeout", so try again later';

function silence(place: string, what: string, milliseconds: number): TargetFailure {
  const seconds = Number((milliseconds / 1000).toPrecision(2));
  return new TargetFailure('timeout', `haproxy at ${place} did not answer within ${seconds} s (${what})`, sessionsHint);
}

export function lostConnection(place: string, error?: Error): TargetFailure {
  const reason = error === undefined ? '' : ` (${systemCode(error)})`;
  return new TargetFailure(
    'connection-lost',
    `haproxy at ${place} closed the connection without an answer${reason}`,
    'check that the target is a "stats socket" of haproxy; it may also have been restarted just now: see its log, then try again',
    { cause: error },
  );
}

function unasked(place: string): TargetFailure {
  return new TargetFailure('unexpected-reply', `${place} talks without being asked`, notHaproxy);
}

function tooLong(place: string): TargetFailure {
  return new TargetFailure(
    'unexpected-reply',
    `the answer of ${place} is longer than ${largestReply} octets`,
    notHaproxy,
  );
}

/** The hint where something else answers. */
export const notHaproxy = 'check that the target is a "stats socket" of haproxy and no other service';

function systemCode(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}
