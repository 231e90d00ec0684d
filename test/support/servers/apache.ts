import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { startDaemon, type Daemon } from './daemon.js';

export interface ApacheHost {
  readonly serverName: string;
  /** A chain in PEM and its key. */
  readonly chain: string;
  readonly key: string;
  /** More lines of its section. */
  readonly lines?: readonly string[];
}

export interface ApacheOptions {
  /** Where apache2.conf and everything that Apache writes goes. */
  readonly folder: string;
  readonly port: number;
  /** Besides those that TLS takes. */
  readonly modules?: readonly string[];
  /** More lines outside of sections. */
  readonly lines?: readonly string[];
  readonly hosts: readonly ApacheHost[];
}

const usualModules = ['mpm_event', 'authz_core', 'socache_shmcb', 'ssl'];

/** Starts Debian's Apache httpd in the foreground. Throws with its log when it does not start, or names the package. */
export function startApache({ folder, port, modules = [], lines = [], hosts }: ApacheOptions): Promise<Daemon> {
  const file = join(folder, 'apache2.conf');
  writeFileSync(
    file,
    `ServerRoot ${folder}
DefaultRuntimeDir ${folder}
PidFile apache2.pid
User www-data
Group www-data
ErrorLog |/bin/cat
ServerName localhost
${[...usualModules, ...modules].map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join('\n')}
Listen 127.0.0.1:${port}
${lines.join('\n')}
${hosts.map((host) => section(port, host)).join('\n')}
`,
  );
  const args = ['-f', file, '-DFOREGROUND'];
  return startDaemon({ command: 'apache2', debianPackage: 'apache2', args, folder, ports: [port] });
}

function section(port: number, { serverName, chain, key, lines = [] }: ApacheHost): string {
  const own = [
    `ServerName ${serverName}`,
    'SSLEngine on',
    `SSLCertificateFile ${chain}`,
    `SSLCertificateKeyFile ${key}`,
    ...lines,
  ];
  return `<VirtualHost 127.0.0.1:${port}>\n${own.map((line) => `  ${line}`).join('\n')}\n</VirtualHost>`;
}
