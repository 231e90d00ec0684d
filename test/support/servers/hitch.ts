import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

import { startDaemon, type Daemon } from './daemon.js';
import { listenOnFreePort } from './free-port.js';

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
 * Starts Debian's hitch, master and one worker, in the foreground, before a backend that says nothing: without one hitch
 * may reset a connection before its client has read the handshake. Its own fetching of staples is off. Throws with its log
 * when it does not start, or names the package.
 */
export async function startHitch({ folder, pidFile, port, certificate, staple }: HitchOptions): Promise<Daemon> {
  const backend = createServer(
    (socket) =>
      void socket
        .on('error', () => undefined)
        .resume()
        .unref(),
  ).unref();
  const backendPort = await listenOnFreePort(backend);
  const file = join(folder, 'hitch.conf');
  writeFileSync(
    file,
    `frontend = { host = "127.0.0.1" port = "${port}" }
backend = "[127.0.0.1]:${backendPort}"
workers = 1
${process.getuid?.() === 0 ? 'user = "nobody"' : ''}
daemon = off
log-level = 2
ocsp-dir = ""
pem-file = { cert = "${certificate}" ocsp-resp-file = "${staple}" }
`,
  );
  const args = [`--config=${file}`, `--pidfile=${pidFile}`];
  const daemon = await startDaemon({ command: 'hitch', debianPackage: 'hitch', args, folder, ports: [port] });
  return {
    ...daemon,
    async stop() {
      await daemon.stop();
      backend.close();
    },
  };
}
