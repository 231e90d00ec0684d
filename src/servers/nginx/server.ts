import { foreignByOpenSsl, servesOversized, type Server } from '../server.js';
import { toldBySignal } from '../signal/told-by-signal.js';
import { daemon } from './daemon.js';

export const nginx = {
  ...toldBySignal(daemon),
  discoverer: async () => (await import('./discover.js')).discoverer,
  printedBy: 'nginx -T',
  rules: {
    measured: '1.22 to 1.30',
    withBadFile: {
      expired: 'serves it',
      foreign: foreignByOpenSsl,
      missing: 'does not start; a reload keeps the old configuration',
      oversized: servesOversized,
    },
    laxness: { rule: 'server-checks-nothing', serves: 'whatever response the file holds, even an expired one' },
  },
} as const satisfies Server<string>;
