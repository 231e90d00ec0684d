import { OcspError } from '../core/index.js';
import type { CommandEnvironment } from '../system/run-command.js';
import { resultOf, type StapleToPush, type TargetResult } from './reload-result.js';
import { isTold, type KnownServer, type Server, type ServerTools } from './server.js';
import { servers } from './servers.js';

/** The servers of the table that can be told. */
export const toldServers = (servers as readonly KnownServer[]).filter(isTold);

/** Those whose handshakes fail on an expired staple, for --withdraw. */
export const failingServers = toldServers.filter((server) => server.servesWithoutFile !== undefined);

/** Whom to tell of a changed staple, parsed from the words of `--reload`. */
export interface ReloadTarget {
  /** As the user wrote it. */
  readonly text: string;
  readonly server: Server;
  /** What the server's record made of the rest of the text. */
  readonly place: unknown;
}

/**
 * Reads a target: the name of a server in the table and, after a colon, what that server's record reads.
 *
 * @throws OcspError `usage`
 */
export function parseReloadTarget(text: string): ReloadTarget {
  const [name = '', ...rest] = text.split(':');
  const server = toldServers.find((one) => one.name === name);
  const place = server?.parse(rest.join(':'));
  if (server !== undefined && place !== undefined) return { text, server, place };
  const example = (server ?? toldServers[0])?.example ?? '';
  throw new OcspError(
    'usage',
    `"${text}" is not a reload target`,
    `write it like ${example}; see: restaple reload --help`,
  );
}

/** What is plainly wrong with a target, whatever runs now: a sentence. */
export function targetMistake({ server, place }: ReloadTarget, environment: CommandEnvironment): string | undefined {
  return server.mistake?.(place, environment);
}

/**
 * Tells one target of these staples.
 *
 * @throws OcspError `interrupted`, and what a missing key throws; whatever the server does is a result
 */
export function tellTarget(
  { text, server, place }: ReloadTarget,
  staples: readonly StapleToPush[],
  tools: ServerTools,
): Promise<TargetResult> {
  return resultOf(text, staples, () => server.tell(place, staples, tools));
}
