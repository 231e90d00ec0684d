import type { Daemon } from '../signal/daemon.js';

export const daemon = {
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
} as const satisfies Daemon;
