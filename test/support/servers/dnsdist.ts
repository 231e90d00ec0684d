import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { startDaemon, type Daemon } from './daemon.js';

export interface DnsdistOptions {
  /** The Lua of dnsdist.conf. */
  readonly config: string;
  /** Where dnsdist.conf is written, and its working folder. */
  readonly folder: string;
  /** The TCP ports that the config binds, on 127.0.0.1. */
  readonly ports: readonly number[];
  /** The account it drops to after its start, which takes a test that runs as root. */
  readonly user?: string;
}

// dnsdist 1.7 counts a connection as queued only after it has handed it over: one that is taken sooner makes the count
// wrap below zero, and whoever connects at that moment is dropped. Without a limit the count is not looked at.
const unlimitedQueue = 'setMaxTCPQueuedConnections(0)';

/** Starts Debian's dnsdist in the foreground. Throws with its log when it does not start, or names the package. */
export function startDnsdist({ config, folder, ports, user }: DnsdistOptions): Promise<Daemon> {
  const file = join(folder, 'dnsdist.conf');
  writeFileSync(file, `${unlimitedQueue}\n${config}`);
  const args = ['-C', file, '--supervised', '--disable-syslog', '-v'];
  if (user !== undefined) args.push('-u', user, '-g', user);
  return startDaemon({ command: 'dnsdist', debianPackage: 'dnsdist', args, folder, ports });
}

export interface DnsdistTlsListener {
  readonly port: number;
  readonly certificate: string;
  readonly key: string;
  readonly staple: string;
}

/**
 * A config that asks nothing of the network: plain DNS on a port, a backend that does not exist, and DNS over TLS with a
 * staple; `before` is Lua that runs first, `console` opens the control socket.
 */
export function dnsdistConfig(options: {
  readonly port: number;
  readonly tls?: DnsdistTlsListener;
  readonly console?: { readonly port: number; readonly key: string };
  readonly before?: string;
}): string {
  const { port, tls, console, before = '' } = options;
  const text = (value: string): string => JSON.stringify(value);
  const lines = [
    'setSecurityPollSuffix("")',
    before,
    `setLocal("127.0.0.1:${port}")`,
    'newServer({address="127.0.0.1:9", healthCheckMode="up"})',
  ];
  if (tls !== undefined) {
    const { certificate, key, staple } = tls;
    const places = `${text(certificate)}, ${text(key)}, {ocspResponses={${text(staple)}}}`;
    lines.push(`addTLSLocal("127.0.0.1:${tls.port}", ${places})`);
  }
  if (console !== undefined) {
    lines.push(`setKey(${text(console.key)})`, `controlSocket("127.0.0.1:${console.port}")`);
  }
  return `${lines.join('\n')}\n`;
}
