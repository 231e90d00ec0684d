import { foreignByOpenSsl, servesOversized, type Server } from '../server.js';
import { toldBySignal } from '../signal/told-by-signal.js';

export const lighttpd = {
  ...toldBySignal({
    name: 'lighttpd',
    usualPidFile: '/run/lighttpd.pid',
    // SIGHUP only makes it open its logs again. Its one process gives up root for server.username.
    signal: 'SIGUSR1',
    program: /^lighttpd(?:-?\d[\d.]*)?$/,
    keepsRights: false,
    test: {
      words: ['-tt'],
      options: { '-f': 'configuration', '-m': 'folder', '-D': 'switch', '-i': 'value' },
    },
  }),
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
