import type { Server } from './server.js';
import { toldBySignal } from './signal/told-by-signal.js';

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
  // nginx 1.22
  rules: {
    laxness: { rule: 'server-checks-nothing', serves: 'whatever response the file holds, even an expired one' },
  },
} as const satisfies Server<string>;
