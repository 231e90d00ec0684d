import { chmodSync, chownSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { startDaemon, type Daemon } from './daemon.js';

export interface EximOptions {
  /** Where exim.conf and everything that Exim writes goes; its user must be able to get there. */
  readonly folder: string;
  readonly pidFile: string;
  /** The port of SMTP with STARTTLS. */
  readonly port: number;
  readonly chain: string;
  readonly key: string;
  /** The value of tls_ocsp_file; none where absent. */
  readonly staple?: string;
  /** A port of TLS without STARTTLS. */
  readonly tlsPort?: number;
  /** More words for its command line. */
  readonly args?: readonly string[];
}

/** Starts Debian's Exim in the foreground; takes root. Throws with its log when it does not start, or names the package. */
export function startExim({
  folder,
  pidFile,
  port,
  chain,
  key,
  staple,
  tlsPort,
  args: more = [],
}: EximOptions): Promise<Daemon> {
  const [user, group] = idsOf('Debian-exim');
  const own = join(folder, 'exim.key');
  copyFileSync(key, own);
  chmodSync(own, 0o400);
  chownSync(own, user, group);
  for (const name of ['spool', 'log']) {
    mkdirSync(join(folder, name), { recursive: true });
    chownSync(join(folder, name), user, group);
  }
  const file = join(folder, 'exim.conf');
  const ports = tlsPort === undefined ? [port] : [port, tlsPort];
  writeFileSync(
    file,
    `exim_path = /usr/sbin/exim4
spool_directory = ${join(folder, 'spool')}
log_file_path = ${join(folder, 'log', '%slog')}
pid_file_path = ${pidFile}
exim_user = Debian-exim
exim_group = Debian-exim
keep_environment =
never_users = root
host_lookup =
rfc1413_hosts =
primary_hostname = localhost
local_interfaces = 127.0.0.1
daemon_smtp_ports = ${ports.join(' : ')}
tls_advertise_hosts = *
tls_certificate = ${chain}
tls_privatekey = ${own}
${staple === undefined ? '' : `tls_ocsp_file = ${staple}`}
${tlsPort === undefined ? '' : `tls_on_connect_ports = ${tlsPort}`}
begin acl
begin routers
begin transports
begin retry
begin rewrite
begin authenticators
`,
  );
  const args = ['-C', file, '-bdf', ...more];
  return startDaemon({ command: 'exim4', debianPackage: 'exim4-daemon-light', args, folder, ports });
}

function idsOf(name: string): [number, number] {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((one) => one.startsWith(`${name}:`));
  const [, , user, group] = line?.split(':') ?? [];
  return [Number(user), Number(group)];
}
