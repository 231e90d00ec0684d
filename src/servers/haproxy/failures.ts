import { notASocket, shownAddress, type SocketAddress } from '../../system/network/connection.js';
import { TargetFailure, type ReloadCode } from '../reload-result.js';
import { excerptOf } from './replies.js';

const sessionsHint =
  'another program may hold its 10 sessions ("stats maxconn"); haproxy ends silent ones after "stats timeout", so try again later';

type Words = readonly [code: ReloadCode, message: string, hint: string];

/** Why the socket of a runtime API could not be connected to. */
export function connectFailure(error: NodeJS.ErrnoException | undefined, address: SocketAddress): TargetFailure {
  const place = shownAddress(address);
  const mistake = notASocket(address);
  if (mistake !== undefined) {
    const hint = 'write the path that its configuration has after "stats socket"';
    return new TargetFailure('target-unreachable', mistake, hint, { cause: error });
  }
  const forbidden: Words = [
    'permission-denied',
    `this user may not open ${place}`,
    'run as a member of the group that the socket belongs to (Debian: adduser USER haproxy), or as root',
  ];
  const known: Readonly<Record<string, Words>> = {
    ENOENT: [
      'target-unreachable',
      `there is no socket ${place}`,
      'start haproxy, or write the path that its configuration has after "stats socket"',
    ],
    ECONNREFUSED: [
      'target-unreachable',
      'path' in address
        ? `nobody listens at ${place}: haproxy left that socket behind when it ended`
        : `${place} refused the connection`,
      'start haproxy; where it runs, its configuration has another socket after "stats socket"',
    ],
    EACCES: forbidden,
    EPERM: forbidden,
    EAGAIN: ['target-unreachable', `all sessions of ${place} are taken`, `${sessionsHint}, or raise "stats maxconn"`],
  };
  const systemCode = systemCodeOf(error);
  const [code, message, hint] = known[systemCode] ?? [
    systemCode === 'ETIMEDOUT' ? 'timeout' : 'target-unreachable',
    `connection to ${place} failed: ${systemCode}`,
    'check the name of the target, and that firewalls let this host reach it',
  ];
  return new TargetFailure(code, message, hint, { cause: error });
}

export function silence(place: string, what: string, milliseconds: number): TargetFailure {
  const seconds = Number((milliseconds / 1000).toPrecision(2));
  return new TargetFailure('timeout', `haproxy at ${place} did not answer within ${seconds} s (${what})`, sessionsHint);
}

export function lostConnection(place: string, error?: Error): TargetFailure {
  const reason = error === undefined ? '' : ` (${systemCodeOf(error)})`;
  return new TargetFailure(
    'connection-lost',
    `haproxy at ${place} closed the connection without an answer${reason}`,
    'check that the target is a "stats socket" of haproxy; it may also have been restarted just now: see its log, then try again',
    { cause: error },
  );
}

export function tooLong(place: string, largest: number): TargetFailure {
  return new TargetFailure('unexpected-reply', `the answer of ${place} is longer than ${largest} octets`, notHaproxy);
}

/** The hint where something else answers. */
const notHaproxy = 'check that the target is a "stats socket" of haproxy and no other service';

export function checkPrompt(prompt: string, worker: string | undefined, place: string): void {
  const isMaster = prompt.startsWith('master');
  if (isMaster && worker === undefined) {
    throw new TargetFailure(
      'command-failed',
      `${place} is the socket of haproxy's master, which has no certificates`,
      `name the worker: haproxy:@1:${place}`,
    );
  }
  if (!isMaster && worker !== undefined) {
    throw new TargetFailure(
      'command-failed',
      `${place} is not a master socket of haproxy and knows no worker ${worker}`,
      `leave the worker out: haproxy:${place}`,
    );
  }
}

export function notAPrompt(reply: string, place: string): TargetFailure {
  return new TargetFailure(
    'unexpected-reply',
    `${place} does not answer like haproxy: ${excerptOf(reply)}`,
    notHaproxy,
  );
}

function systemCodeOf(error: NodeJS.ErrnoException | undefined): string {
  return error?.code ?? error?.message ?? 'closed';
}
