import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { startDaemon, type Daemon } from './daemon.js';

export interface LighttpdOptions {
  /** Where lighttpd.conf is written. */
  readonly folder: string;
  readonly pidFile: string;
  readonly port: number;
  readonly chain: string;
  readonly key: string;
  readonly staple: string;
  /** Another user that it becomes, as packages set it; only root can. */
  readonly user?: string;
}

/** Starts Debian's lighttpd in the foreground. Throws with its log when it does not start, or names the packages. */
export function startLighttpd(options: LighttpdOptions): Promise<Daemon> {
  const { folder, pidFile, port, chain, key, staple, user } = options;
  const file = join(folder, 'lighttpd.conf');
  writeFileSync(
    file,
    `server.modules = ("mod_openssl")
server.document-root = "${folder}"
server.bind = "127.0.0.1"
server.port = ${port}
server.pid-file = "${pidFile}"
${user === undefined ? '' : `server.username = "${user}"`}
ssl.engine = "enable"
ssl.pemfile = "${chain}"
ssl.privkey = "${key}"
ssl.stapling-file = "${staple}"
`,
  );
  const debianPackage = 'lighttpd lighttpd-mod-openssl';
  return startDaemon({ command: 'lighttpd', debianPackage, args: ['-D', '-f', file], folder, ports: [port] });
}
