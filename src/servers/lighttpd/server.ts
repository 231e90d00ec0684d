import { foreignByOpenSsl, servesOversized, type Server } from '../server.js';
import { toldBySignal } from '../signal/told-by-signal.js';
import { daemon } from './daemon.js';

export const lighttpd = {
  ...toldBySignal(daemon),
  discoverer: async () => (await import('./discover.js')).discoverer,
  printedBy: 'lighttpd -p',
  rules: {
    measured: '1.4.69 to 1.4.85',
    withBadFile: {
      expired: 'staples nothing',
      foreign: foreignByOpenSsl,
      missing: 'staples nothing',
      oversized: servesOversized,
    },
    laxness: { rule: 'server-checks-little', serves: 'whatever response the file holds until its nextUpdate' },
  },
} as const satisfies Server<string>;
