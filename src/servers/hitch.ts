import { servesOversized, type Server } from './server.js';
import { toldBySignal } from './signal/told-by-signal.js';

export const hitch = {
  ...toldBySignal({
    name: 'hitch',
    usualPidFile: '/run/hitch/hitch.pid',
    signal: 'SIGHUP',
    program: /^hitch(?:-?\d[\d.]*)?$/,
    keepsRights: true,
  }),
  rules: {
    measured: '1.7 and 1.8',
    withBadFile: {
      expired: 'staples nothing',
      foreign: 'does not start',
      missing: 'does not start',
      oversized: servesOversized,
    },
    takesSha1Only: true,
  },
} as const satisfies Server<string>;
