import type { Finding } from '../../core/index.js';
import type { Daemon } from '../signal/daemon.js';

export const daemon = {
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
} as const satisfies Daemon;

/** Where hitch keeps what it fetches, if its configuration does not say otherwise. */
const usualFolder = '/var/lib/hitch/';

/** The finding that hitch fetches responses by itself, by the text of its configuration. */
function ownFetching(configuration: string): Finding[] {
  const lines = configuration.matchAll(/^[ \t]*ocsp-dir[ \t]*=[ \t]*"([^"\n]*)"/gm);
  const folder = [...lines].at(-1)?.[1] ?? usualFolder;
  if (folder === '') return [];
  const message = `hitch also fetches responses by itself, into ${folder}, and staples them in place of those of restaple: write ocsp-dir = "" into its configuration`;
  return [{ rule: 'server-fetches-itself', severity: 'warning', message, source: 'ocsp-dir of hitch' }];
}
