import type { KnownServer } from '../server.js';

/** Apache httpd fetches staples itself and takes none from a file: it is found, and nobody has to tell it. */
export const apache = {
  name: 'apache',
  discoverer: async () => (await import('./discover.js')).discoverer,
  printedBy: 'apachectl -t -D DUMP_CERTS',
} as const satisfies KnownServer;
