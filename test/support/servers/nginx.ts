import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { startDaemon, type Daemon } from './daemon.js';

export interface NginxServer {
  readonly port: number;
  readonly serverName?: string;
  /** Each a chain in PEM and its key: one certificate, or one of RSA and one of ECDSA. */
  readonly certificates: readonly { readonly chain: string; readonly key: string }[];
  readonly staple?: string;
}

export interface NginxOptions {
  /** Where nginx.conf and everything that nginx writes goes. */
  readonly folder: string;
  readonly pidFile: string;
  readonly servers: readonly NginxServer[];
  /** `ssl_protocols`; default nginx's own. */
  readonly protocols?: string;
}

/** Starts Debian's nginx, master and one worker, in the foreground. Throws with its log when it does not start, or names the package. */
export function startNginx({ folder, pidFile, servers, protocols }: NginxOptions): Promise<Daemon> {
  const file = join(folder, 'nginx.conf');
  mkdirSync(join(folder, 'temp'), { recursive: true });
  writeFileSync(file, config(folder, pidFile, servers, protocols));
  const ports = [...new Set(servers.map(({ port }) => port))];
  const args = ['-p', folder, '-e', 'stderr', '-c', file];
  return startDaemon({ command: 'nginx', debianPackage: 'nginx-light', args, folder, ports });
}

function config(folder: string, pidFile: string, servers: readonly NginxServer[], protocols?: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `  ${name}_temp_path ${join(folder, 'temp', name)};`,
  );
  return `daemon off;
worker_processes 1;
pid ${pidFile};
error_log stderr notice;
events { worker_connections 64; }
http {
  access_log off;
  ${protocols === undefined ? '' : `ssl_protocols ${protocols};`}
${temporary.join('\n')}
${servers.map(serverBlock).join('\n')}
}
`;
}

function serverBlock({ port, serverName, certificates, staple }: NginxServer): string {
  const lines = [
    `listen 127.0.0.1:${port} ssl;`,
    ...(serverName === undefined ? [] : [`server_name ${serverName};`]),
    ...certificates.flatMap(({ chain, key }) => [`ssl_certificate ${chain};`, `ssl_certificate_key ${key};`]),
    ...(staple === undefined ? [] : ['ssl_stapling on;', `ssl_stapling_file ${staple};`]),
    'return 200 "ok";',
  ];
  return `  server {\n${lines.map((line) => `    ${line}`).join('\n')}\n  }`;
}
