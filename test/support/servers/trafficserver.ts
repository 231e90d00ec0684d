import { chmodSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { startDaemon, type Daemon } from './daemon.js';

export interface TrafficserverOptions {
  /** Where its configuration, sockets and logs go. */
  readonly folder: string;
  readonly port: number;
  /** In one folder, as is the staple. */
  readonly chain: string;
  readonly key: string;
  readonly staple: string;
  /** Whether it staples at all; default true. */
  readonly staples?: boolean;
}

/** A Traffic Server, and where restaple finds it. */
export interface Trafficserver extends Daemon {
  readonly list: string;
  /** The value of TS_RUNROOT. */
  readonly runRoot: string;
}

/** Starts Debian's Traffic Server below its manager. Throws with its log when it does not start, or names the package. */
export async function startTrafficserver({
  folder,
  port,
  chain,
  key,
  staple,
  staples = true,
}: TrafficserverOptions): Promise<Trafficserver> {
  const at = (name: string): string => join(folder, 'ats', name);
  for (const name of ['run', 'log', 'cache']) mkdirSync(at(name), { recursive: true });
  cpSync('/etc/trafficserver', at('etc'), { recursive: true });
  chmodSync(at('etc'), 0o755);
  const runRoot = at('runroot.yaml');
  writeFileSync(
    runRoot,
    `prefix: ${at('')}
bindir: /usr/bin
sbindir: /usr/bin
libdir: /usr/lib/trafficserver
libexecdir: /usr/lib/trafficserver/modules
sysconfdir: ${at('etc')}
localstatedir: ${at('run')}
runtimedir: ${at('run')}
logdir: ${at('log')}
cachedir: ${at('cache')}
`,
  );
  const place = dirname(chain);
  writeFileSync(
    at('etc/records.config'),
    `CONFIG proxy.config.http.server_ports STRING ${port}:ssl:ip-in=127.0.0.1
CONFIG proxy.config.admin.user_id STRING #-1
CONFIG proxy.config.ssl.ocsp.enabled INT ${staples ? 1 : 0}
CONFIG proxy.config.ssl.server.cert.path STRING ${place}
CONFIG proxy.config.ssl.server.private_key.path STRING ${place}
CONFIG proxy.config.ssl.ocsp.response.path STRING ${place}
CONFIG proxy.config.exec_thread.autoconfig INT 0
CONFIG proxy.config.exec_thread.limit INT 1
`,
  );
  const names = { chain, key, staple };
  const [certificate, privateKey, response] = Object.values(names).map((path) => path.slice(place.length + 1));
  const list = at('etc/ssl_multicert.config');
  writeFileSync(list, `dest_ip=* ssl_cert_name=${certificate} ssl_key_name=${privateKey} ssl_ocsp_name=${response}\n`);
  for (const name of ['storage.config', 'plugin.config']) writeFileSync(at(`etc/${name}`), '');
  const args = [`--run-root=${runRoot}`];
  const command = 'traffic_manager';
  const daemon = await startDaemon({ command, debianPackage: 'trafficserver', args, folder, ports: [port] });
  return { ...daemon, list, runRoot };
}
