import type { Server } from '../server.js';
import { toldBySignal } from '../signal/told-by-signal.js';
import { ownFetching } from './own-fetching.js';

export const hitch = {
  ...toldBySignal({
    name: 'hitch',
    usualPidFile: '/run/hitch/hitch.pid',
    signal: 'SIGHUP',
    program: /^hitch(?:-?\d[\d.]*)?$/,
    keepsRights: true,
    test: {
      words: ['--test'],
      options: {
        '--config': 'configuration',
        ...{ '--pidfile': 'value', '-p': 'value', '--user': 'value', '-u': 'value', '--group': 'value', '-g': 'value' },
        ...{ '--log-level': 'value', '-L': 'value', '--log-filename': 'value', '-l': 'value' },
        ...{ '--workers': 'value', '-n': 'value', '--daemon': 'switch', '--quiet': 'switch', '-q': 'switch' },
        ...{ '--syslog': 'switch', '-s': 'switch', '--syslog-facility': 'value' },
      },
    },
    findingsIn: ownFetching,
  }),
  // hitch 1.7
  rules: { takesSha1Only: true },
} as const satisfies Server<string>;
