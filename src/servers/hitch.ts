import type { Server } from './server.js';
import { toldBySignal } from './signal/told-by-signal.js';

export const hitch = {
  ...toldBySignal({
    name: 'hitch',
    usualPidFile: '/run/hitch/hitch.pid',
    signal: 'SIGHUP',
    program: /^hitch(?:-?\d[\d.]*)?$/,
    keepsRights: true,
  }),
  // hitch 1.7
  rules: { takesSha1Only: true },
} as const satisfies Server<string>;
