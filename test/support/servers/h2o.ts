import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { startDaemon, type Daemon } from './daemon.js';

export interface H2oOptions {
  /** Where h2o.conf and everything that h2o writes goes. */
  readonly folder: string;
  readonly port: number;
  readonly chain: string;
  readonly key: string;
  /** The program of ocsp-update-cmd. */
  readonly command: string;
}

/** Starts Debian's h2o in the foreground. Throws with its log when it does not start, or names the package. */
export function startH2o({ folder, port, chain, key, command }: H2oOptions): Promise<Daemon> {
  const file = join(folder, 'h2o.conf');
  writeFileSync(
    file,
    `${process.getuid?.() === 0 ? 'user: nobody' : ''}
num-threads: 1
hosts:
  default:
    listen:
      host: 127.0.0.1
      port: ${port}
      ssl:
        certificate-file: ${chain}
        key-file: ${key}
        ocsp-update-cmd: ${command}
        ocsp-update-interval: 3600
    paths:
      "/":
        file.dir: ${folder}
`,
  );
  return startDaemon({ command: 'h2o', debianPackage: 'h2o', args: ['-c', file], folder, ports: [port] });
}
