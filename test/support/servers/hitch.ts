import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { startDaemon, type Daemon } from './daemon.js';

export interface HitchOptions {
  /** Where hitch.conf is written. */
  readonly folder: string;
  readonly pidFile: string;
  readonly port: number;
  /** Key and chain in one PEM file. */
  readonly certificate: string;
  readonly staple: string;
}

/**
 * Starts Debian's hitch, master and one worker, in the foreground, before a backend that does not exist. Its own fetching of
 * staples is off. Throws with its log when it does not start, or names the package.
 */
export function startHitch({ folder, pidFile, port, certificate, staple }: HitchOptions): Promise<Daemon> {
  const file = join(folder, 'hitch.conf');
  writeFileSync(
    file,
    `frontend = { host = "127.0.0.1" port = "${port}" }
backend = "[127.0.0.1]:9"
workers = 1
${process.getuid?.() === 0 ? 'user = "nobody"' : ''}
daemon = off
log-level = 2
ocsp-dir = ""
pem-file = { cert = "${certificate}" ocsp-resp-file = "${staple}" }
`,
  );
  const args = [`--config=${file}`, `--pidfile=${pidFile}`];
  return startDaemon({ command: 'hitch', debianPackage: 'hitch', args, folder, ports: [port] });
}
