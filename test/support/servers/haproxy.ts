import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';

import { startDaemon, type Daemon } from './daemon.js';

export interface HaproxyOptions {
  /** The text of haproxy.cfg. */
  readonly config: string;
  /** Where haproxy.cfg is written, and its working folder. */
  readonly folder: string;
  /** The ports that the config binds, on 127.0.0.1. */
  readonly ports: readonly number[];
  /** Runs a master with a worker, its command line on this socket; SIGUSR2 to the pid then reloads. */
  readonly masterSocket?: string;
}

/** Starts Debian's haproxy in the foreground. Throws with its log when it does not start, or names the package. */
export function startHaproxy({ config, folder, ports, masterSocket }: HaproxyOptions): Promise<Daemon> {
  const file = join(folder, 'haproxy.cfg');
  writeFileSync(file, config);
  const mode = masterSocket === undefined ? ['-db'] : ['-W', '-S', `${masterSocket},level,admin`];
  // Its ports listen before its sockets have their names.
  const sockets = [...config.matchAll(/^\s*stats socket (\/\S+)/gm)].map(([, path = '']) => path);
  const args = [...mode, '-f', file];
  return startDaemon({ command: 'haproxy', debianPackage: 'haproxy', args, folder, ports: [...ports, ...sockets] });
}

/** A config with one TLS frontend that answers 200 to everything; `certificate` is haproxy's `crt`, a file or a folder. */
export function haproxyConfig(options: {
  readonly port: number;
  readonly certificate: string;
  readonly adminSocket?: string;
}): string {
  const { port, certificate, adminSocket } = options;
  const socket = adminSocket === undefined ? '' : `\n    stats socket ${adminSocket} mode 600 level admin`;
  return `global${socket}
    maxconn 100
    nbthread 1
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend tls
    bind 127.0.0.1:${port} ssl crt ${certificate}
    http-request return status 200
`;
}

/** What haproxy answers to one command at its socket, an octet a character. */
export async function askHaproxy(socket: string, command: string): Promise<string> {
  const connection = createConnection(socket);
  let text = '';
  connection.on('data', (chunk) => (text += chunk.toString('latin1')));
  connection.write(`${command}\n`);
  await once(connection, 'close');
  return text;
}
