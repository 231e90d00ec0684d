import { shownHostAndPort, type HostAndPort } from '../../system/network/host-and-port.js';
import { TargetFailure, type ReloadCode } from '../reload-result.js';

type Words = readonly [code: ReloadCode, message: string, hint: string];

/** A way in which a console cannot be talked to. */
export type ConsoleTrouble = keyof ReturnType<typeof troublesOf>;

function troublesOf(place: string, milliseconds: number) {
  return {
    notConnected: [
      'timeout',
      `no connection to the dnsdist console at ${place} within ${milliseconds} ms`,
      'check the address, and whether a firewall drops the packets',
    ],
    // The three look alike from outside; dnsdist's log tells them apart.
    turnedAway: [
      'permission-denied',
      `dnsdist at ${place} closed the connection before any key was exchanged`,
      'see the log of dnsdist: allow this machine with addConsoleACL(), or give dnsdist a console key with setKey(), or raise setConsoleMaximumConcurrentConnections()',
    ],
    silent: [
      'timeout',
      `${place} takes connections and did not answer as a dnsdist console within ${milliseconds} ms`,
      'check that this is the port of controlSocket() and not of another service, and whether dnsdist still answers queries',
    ],
    noConsole: [
      'unexpected-reply',
      `what answers at ${place} is not a dnsdist console`,
      'give the address of controlSocket() in dnsdist.conf',
    ],
    unencrypted: [
      'unexpected-reply',
      `the dnsdist at ${place} was built without encryption for its console`,
      'use a dnsdist built with libsodium (see dnsdist --version), or reload with exec:COMMAND',
    ],
    otherKey: [
      'authentication-failed',
      `dnsdist at ${place} has another console key`,
      'give the key of setKey("...") in the configuration that this dnsdist runs with; a key changed there takes effect with its restart',
    ],
    closed: [
      'connection-lost',
      `dnsdist at ${place} closed the connection instead of answering`,
      'check whether dnsdist still runs and what its log says; the next run tries again',
    ],
    timeout: [
      'timeout',
      `dnsdist at ${place} accepted a message and did not answer within ${milliseconds} ms`,
      'check whether dnsdist still answers queries, and restart it if not; the next run tries again',
    ],
    unsealed: [
      'unexpected-reply',
      `a reply from ${place} is not sealed with the console key`,
      'check what is between this machine and dnsdist: the reply was changed on its way',
    ],
  } as const satisfies Readonly<Record<string, Words>>;
}

/** The failure behind a trouble with the console at a place, that had so many milliseconds. */
export function consoleFailure(trouble: ConsoleTrouble, place: string, milliseconds: number): TargetFailure {
  const [code, message, hint] = troublesOf(place, milliseconds)[trouble];
  return new TargetFailure(code, message, hint);
}

/** Why a console could not be connected to. */
export function connectFailure(cause: NodeJS.ErrnoException | undefined, address: HostAndPort): TargetFailure {
  const place = shownHostAndPort(address);
  const systemCode = cause?.code ?? 'unknown error';
  const { turnedAway } = troublesOf(place, 0);
  const nameless: Words = ['target-unreachable', `${address.host} has no address`, 'check the name of the host'];
  const forbidden: Words = [
    'permission-denied',
    `this machine does not let restaple connect to ${place}`,
    'check the firewall and the service sandbox of restaple itself',
  ];
  const known: Readonly<Record<string, Words>> = {
    ECONNREFUSED: [
      'target-unreachable',
      `nothing listens at ${place}`,
      `start dnsdist, with controlSocket("${place}") in its configuration`,
    ],
    ENOTFOUND: nameless,
    EAI_AGAIN: nameless,
    // A refusal by dnsdist can be here before the connection is reported.
    ECONNRESET: turnedAway,
    EPIPE: turnedAway,
    EACCES: forbidden,
    EPERM: forbidden,
  };
  const [code, message, hint] = known[systemCode] ?? [
    systemCode === 'ETIMEDOUT' ? 'timeout' : 'target-unreachable',
    `no connection to the dnsdist console at ${place}: ${systemCode}`,
    'check the address and the route to it',
  ];
  return new TargetFailure(code, message, hint, { cause });
}
