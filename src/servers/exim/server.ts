import { servesOversized, type Server } from '../server.js';
import { placedByPidFile } from '../signal/told-by-signal.js';
import { daemon, failsHandshakes } from './daemon.js';

/** Exim reads the file again by itself: a signal would make it read its whole configuration, and end where that is broken. */
export const exim = {
  ...placedByPidFile(daemon),
  tell: async (pidFile, staples, tools) => (await import('./tell.js')).tellExim(pidFile, staples, tools),
  servesWithoutFile: async (pidFile, tools) => await (await import('./tell.js')).servesWithoutFile(pidFile, tools),
  discoverer: async () => (await import('./discover.js')).discoverer,
  rules: {
    measured: '4.96 to 4.100',
    withBadFile: {
      expired: failsHandshakes,
      foreign: failsHandshakes,
      missing: `${failsHandshakes}; staples nothing where tls_ocsp_file asks \${if exists`,
      oversized: servesOversized,
    },
  },
} as const satisfies Server<string>;
