import { resolve } from 'node:path';
import { definedOnly } from '../../core/defined-only.js';
import type { Daemon } from '../signal/daemon.js';

export const daemon = {
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
    builtIn: {
      words: ['-V'],
      read({ stderr }) {
        const builtIn = (name: string): string | undefined => new RegExp(`--${name}=([^\\s']+)`).exec(stderr)?.[1];
        const folder = builtIn('prefix');
        const isSaid = /^nginx version: /m.test(stderr);
        const usual = isSaid ? resolve(folder ?? '/usr/local/nginx', 'conf/nginx.conf') : undefined;
        return definedOnly({ folder, file: builtIn('conf-path') ?? usual });
      },
    },
  },
} as const satisfies Daemon;
