import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync } from 'node:fs';
import { delimiter, relative } from 'node:path';

import type { CertificateOptions, IssuedCertificate } from '../certificate.js';
import { createCertificateAuthority, type CertificateAuthority } from '../pki.js';
import { readableProgram } from '../readable-copy.js';
import { projectFolder, runCommand, type RunResult } from '../run-program.js';
import { createTemporaryFolder, type TemporaryFolder } from '../temporary-folder.js';

/** A server as its unit has it. */
export interface HostedServer {
  readonly name: string;
  /** What the unit starts, in the foreground. */
  readonly command: string;
  /** Of 127.0.0.1: it has started when it takes connections there. */
  readonly port: number;
  /** The signal of `systemctl reload`. */
  readonly reloadSignal?: string;
}

/** A certificate of the host, with its key and chain in one file. */
export interface HostedSite {
  readonly name: string;
  readonly issued: IssuedCertificate;
  /** As the host has it: /etc/… */
  readonly certificate: string;
  readonly staple: string;
}

/**
 * A machine of its own within this one: its own processes, ports, /etc, /run and /var/spool, so that whatever looks at the whole host
 * sees only this, and whatever writes to /etc writes only there. Its responder is http://127.0.0.1:8888/.
 */
export interface WholeHost {
  readonly authority: CertificateAuthority;
  /** Writes a file of the host, /etc/…, /run/… or /var/spool/…, and returns its path there. */
  write(path: string, contents: string | Uint8Array, mode?: number): string;
  /** Where a file of the host is for the test. */
  at(path: string): string;
  /** Issues a certificate that names the responder; the staple is where fetch puts it, and not there yet. */
  site(path: string, options?: CertificateOptions & { readonly mode?: number }): HostedSite;
  start(server: HostedServer): Promise<void>;
  startResponder(): Promise<void>;
  /** Runs a command for sh as it is printed. */
  readonly run: (command: string) => Promise<RunResult>;
  /** The same as a user without any rights. */
  readonly runAsNobody: (command: string) => Promise<RunResult>;
  stop(): Promise<void>;
}

/** What servers and the system's libraries read at their start. */
const systemFiles = ['passwd', 'group', 'nsswitch.conf', 'ld.so.cache', 'mime.types'];
const systemFolders = ['ssl', 'alternatives', 'ld.so.conf.d'];

const asNobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];

// The number of this shell is that of the outer /proc, by which others enter.
const machine = `read -r pid rest < /proc/self/stat
mount -t proc proc /proc && mount --bind "$1/etc" /etc && mount --bind "$1/run" /run &&
mount --bind "$1/spool" /var/spool && ip link set lo up && echo "$pid" || exit 1
while :; do sleep 3600 & wait; done
`;

/** \`systemctl start|restart|reload UNIT\` as systemd has it, without systemd. */
const systemctl = `#!/bin/sh
. "\${0%/*}/../units/$2" || exit 5
pid=$(cat "/run/$2.main" 2>/dev/null)
if [ "$1" = reload ]; then
  [ -n "$signal" ] || exit 3
  exec kill "-$signal" "$pid"
fi
if [ -n "$pid" ]; then
  kill "$pid"
  while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
fi
setsid sh -c 'echo $$ > "$1"; eval "exec $2"' sh "/run/$2.main" "$command" >>"\${0%/*}/../units/$2.log" 2>&1 </dev/null &
tries=0
until grep -q "0100007F:$port 00000000:0000 0A" /proc/net/tcp; do
  tries=$((tries + 1))
  if [ "$tries" -gt 400 ]; then cat "\${0%/*}/../units/$2.log" >&2; exit 1; fi
  sleep 0.05
done
`;

/** Needs root, util-linux and iproute2. */
export async function createWholeHost(): Promise<WholeHost> {
  const folder = createTemporaryFolder();
  chmodSync(folder.path, 0o755);
  const authority = createCertificateAuthority({ name: 'Whole Host CA' });
  const sites: IssuedCertificate[] = [];
  for (const name of ['etc/cron.d', 'run/lock', 'spool/cron/crontabs']) mkdirSync(folder.at(name), { recursive: true });
  for (const name of systemFiles) {
    if (existsSync(`/etc/${name}`)) copyFileSync(`/etc/${name}`, folder.at('etc', name));
  }
  for (const name of systemFolders) {
    if (existsSync(`/etc/${name}`))
      cpSync(`/etc/${name}`, folder.at('etc', name), { recursive: true, verbatimSymlinks: true });
  }
  folder.write('etc/hosts', '127.0.0.1 localhost\n');
  folder.write('bin/systemctl', systemctl, 0o755);
  folder.write(
    'bin/restaple',
    `#!/bin/sh\nexec '${process.execPath}' '${readableProgram(projectFolder)}' "$@"\n`,
    0o755,
  );
  const { child, pid } = await startMachine(folder);

  const inside = (words: readonly string[]): Promise<RunResult> =>
    runCommand('nsenter', ['--target', pid, '--mount', '--net', '--pid', '--root', '--wd', '--', ...words], {
      env: {
        PATH: [folder.at('bin'), '/usr/sbin', '/usr/bin', '/sbin', '/bin'].join(delimiter),
        RESTAPLE_ALLOW_PRIVATE: 'true',
      },
    });
  const host: WholeHost = {
    authority,
    at: (path) => folder.at(path.replace(/^\/var\//, '/')),
    write(path, contents, mode) {
      folder.write(relative(folder.path, host.at(path)), contents, mode);
      return path;
    },
    site(path, { mode = 0o644, ...options } = {}) {
      const name = path.replace(/^.*\/|\.\w+$/g, '');
      const issued = authority.issue({
        commonName: `${name}.example`,
        subjectAltNames: [`${name}.example`],
        ocspUris: ['http://127.0.0.1:8888/'],
        ...options,
      });
      sites.push(issued);
      host.write(path, issued.certificate.pem + authority.certificate.pem + issued.keyPem, mode);
      return { name, issued, certificate: path, staple: `${path}.ocsp` };
    },
    async start({ name, command, port, reloadSignal = '' }) {
      const hex = port.toString(16).toUpperCase().padStart(4, '0');
      folder.write(`units/${name}`, `command='${command}'\nport=${hex}\nsignal=${reloadSignal}\n`);
      const { exitCode, stderr } = await host.run(`systemctl start ${name}`);
      if (exitCode !== 0) throw new Error(`${name} does not start:\n${stderr}`);
    },
    async startResponder() {
      const lines = sites.map(({ serialNumber }) => `V\t491231235959Z\t\t${serialNumber}\tunknown\t/CN=site\n`);
      folder.write('ca/index.txt', lines.join(''));
      const certificate = folder.write('ca/ca.pem', authority.certificate.pem);
      const key = folder.write('ca/ca.key', authority.keyPem);
      const words = `--ca-cert ${certificate} --ca-key ${key} --index ${folder.at('ca/index.txt')}`;
      await host.start({ name: 'responder', command: `restaple serve --listen 127.0.0.1:8888 ${words}`, port: 8888 });
    },
    run: (command) => inside(['sh', '-c', `cd / && ${command}`]),
    runAsNobody: (command) => inside([...asNobody, 'sh', '-c', `cd / && ${command}`]),
    async stop() {
      // Its processes end with the first of them.
      process.kill(Number(pid), 'SIGKILL');
      await once(child, 'close');
      folder.remove();
    },
  };
  return host;
}

async function startMachine(folder: TemporaryFolder): Promise<{ readonly child: ChildProcess; readonly pid: string }> {
  const words = ['--mount', '--net', '--pid', '--fork', 'sh', '-c', machine, 'sh', folder.path];
  const child = spawn('unshare', words, { stdio: ['ignore', 'pipe', 'ignore'] });
  const [line] = (await Promise.race([once(child.stdout, 'data'), once(child, 'close')])) as unknown[];
  if (!(line instanceof Buffer)) throw new Error('there is no machine of its own: unshare or mount failed');
  return { child, pid: line.toString('utf8').trim() };
}
