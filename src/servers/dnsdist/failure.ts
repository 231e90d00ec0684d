import type { ReloadCode } from '../reload-result.js';
import type { TcpAddress } from '../reload-target.js';

/** Why a dnsdist could not be reached, asked or reloaded: turned into a result before it leaves the driver. */
export class DnsdistFailure extends Error {
  readonly code: ReloadCode;
  readonly hint: string;

  constructor(code: ReloadCode, message: string, hint: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'DnsdistFailure';
    this.code = code;
    this.hint = hint;
  }
}

/** The address as it is written in a target. */
export function shownAddress({ host, port }: TcpAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The three look alike from outside; dnsdist's log tells them apart. */
export function turnedAway(place: string, options?: { cause?: unknown }): DnsdistFailure {
  return new DnsdistFailure(
    'permission-denied',
    `dnsdist at ${place} closed the connection before any key was spoken of`,
    'look into the log of dnsdist: allow this machine with addConsoleACL(), or give dnsdist a console key with setKey(), or raise setConsoleMaximumConcurrentConnections()',
    options,
  );
}
