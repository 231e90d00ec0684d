import type { KnownServer } from '../../src/servers/server.js';
import { servers } from '../../src/servers/servers.js';

/** How doctor finds and reads each server of the table. */
export const discoverers = await Promise.all(
  (servers as readonly KnownServer[]).flatMap((server) => server.discoverer?.() ?? []),
);
