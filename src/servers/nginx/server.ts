import { foreignByOpenSsl, servesOversized, type Server } from '../server.js';
import { toldBySignal } from '../signal/told-by-signal.js';

export const nginx = {
  ...toldBySignal({
    name: 'nginx',
    usualPidFile: '/run/nginx.pid',
    signal: 'SIGHUP',
    // Also packaged as `nginx-debug` and, side by side, as `nginx-1.26.2`.
    program: /^nginx(?:-debug|-?\d[\d.]*)?$/,
    keepsRights: true,
    test: {
      words: ['-t', '-q'],
      options: { '-c': 'configuration', '-p': 'folder', '-e': 'value', '-g': 'directives' },
      title: 'nginx: master process ',
      tellsPaths: ['-V'],
    },
  }),
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
