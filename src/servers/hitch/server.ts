import { servesOversized, type Server } from '../server.js';
import { toldBySignal } from '../signal/told-by-signal.js';
import { daemon } from './daemon.js';

export const hitch = {
  ...toldBySignal(daemon),
  discoverer: async () => (await import('./discover.js')).discoverer,
  rules: {
    measured: '1.7 and 1.8',
    withBadFile: {
      expired: 'staples nothing',
      foreign: 'does not start',
      missing: 'does not start',
      oversized: servesOversized,
    },
    takesSha1Only: true,
    wantsSigner: true,
    fetchesItself: 'fetches responses by itself and staples them in place of those in the file: write ocsp-dir = ""',
  },
} as const satisfies Server<string>;
