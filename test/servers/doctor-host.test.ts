// @module-tag haproxy nginx dnsdist hitch lighttpd apache2 exim4 unshare ip setpriv
import { appendFileSync, chmodSync, chownSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { AdviceStep } from '../../src/pipeline/doctor/doctor-report.js';
import type { SingleResponseOptions } from '../support/ocsp-response.js';
import type { DoctorLine } from '../support/servers/doctor-scene.js';
import { fromNow, responseFor } from '../support/servers/server-scene.js';
import { createWholeHost, type HostedServer, type HostedSite, type WholeHost } from '../support/servers/whole-host.js';

const day = 86_400_000;

/** A server of the story, and what doctor says of its certificates. */
interface StoryServer extends HostedServer {
  /** As doctor calls it, where that is not the name of its service. */
  readonly server?: string;
  /** Writes its certificates, staples and configuration; returns what is done to them once it runs. */
  prepare(host: WholeHost): () => void;
  /** Each certificate with its state, what clients see and the codes of its findings. */
  readonly expected: readonly (readonly [string, string, string, ...string[]])[];
}

/** Writes a staple for a site; `days` to its end. */
function staple(host: WholeHost, site: HostedSite, days: number, options: Partial<SingleResponseOptions> = {}): void {
  const nextUpdate = fromNow(days * day);
  host.write(site.staple, responseFor(host, site, { thisUpdate: fromNow((days - 7) * day), nextUpdate, ...options }));
}

function stapled(
  host: WholeHost,
  path: string,
  days: number,
  options: Parameters<WholeHost['site']>[1] = {},
): HostedSite {
  const site = host.site(path, options);
  staple(host, site, days);
  return site;
}

const haproxy: StoryServer = {
  name: 'haproxy',
  command: 'haproxy -Ws -f /etc/haproxy/haproxy.cfg -p /run/haproxy.pid',
  reloadSignal: 'USR2',
  port: 443,
  prepare(host) {
    const at = (name: string): string => `/etc/haproxy/certs/${name}.pem`;
    // Only root may read what has a key in it.
    const mode = 0o600;
    stapled(host, at('fine'), 5, { mode });
    stapled(host, at('fought'), 5, { mode });
    const cron = [
      '5 * * * * root restaple fetch /etc/haproxy/certs/fine.pem /etc/haproxy/certs/fought.pem',
      '@daily root hapos-upd --cert /etc/haproxy/certs/fought.pem && true',
    ];
    host.write('/etc/cron.d/shop', `${cron.join('\n')}\n`);
    host.site(at('no-responder'), { mode, ocspUris: [] });
    host.site(at('short-lived'), { mode, ocspUris: [], notBefore: fromNow(-2 * day), notAfter: fromNow(4 * day) });
    stapled(host, at('unrefreshed'), 5, { mode });
    host.site(at('missing'), { mode });
    stapled(host, at('must-staple'), -1, { mode, mustStaple: true });
    const newer = stapled(host, at('newer'), 4, { mode });
    host.write(
      '/etc/haproxy/haproxy.cfg',
      `global
    stats socket /run/haproxy-admin.sock mode 600 level admin
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend tls
    bind 127.0.0.1:443 ssl crt /etc/haproxy/certs
    http-request return status 200
`,
    );
    return () => staple(host, newer, 6);
  },
  expected: [
    ['must-staple', 'must-staple-broken', 'nothing-stapled', 'expired', 'nothing-stapled', 'nobody-refreshes'],
    ['missing', 'not-served', 'nothing-stapled', 'not-configured'],
    ['newer', 'not-served', 'other-staple', 'other-staple', 'nobody-refreshes'],
    ['unrefreshed', 'unrefreshed', 'served', 'nobody-refreshes'],
    ['fine', 'fine', 'served'],
    ['fought', 'fine', 'served', 'two-refreshers'],
    ['no-responder', 'needs-nothing', 'nothing-stapled'],
    ['short-lived', 'needs-nothing', 'nothing-stapled'],
  ],
};

const nginx: StoryServer = {
  name: 'nginx',
  command: 'nginx -g "daemon off;"',
  port: 8443,
  prepare(host) {
    const at = (name: string): string => `/etc/nginx/certs/${name}.pem`;
    const foreign = stapled(host, at('foreign'), 3);
    const unset = host.site(at('unset'));
    const own = host.site(at('own'));
    const ownByName = host.site(at('own-by-name'), { ocspUris: ['http://localhost:8888/'] });
    const noResolver = host.site(at('no-resolver'), { ocspUris: ['http://ocsp.example:8888/'] });
    const block = ({ name, certificate }: HostedSite, settings = ''): string => `  server {
    listen 127.0.0.1:8443 ssl;
    server_name ${name}.example;
    ssl_certificate ${certificate};
    ssl_certificate_key ${certificate};
    ${settings}
  }
`;
    host.write(
      '/etc/nginx/nginx.conf',
      `user www-data;
worker_processes 1;
pid /run/nginx.pid;
events { worker_connections 64; }
http {
  access_log off;
  error_log stderr;
  client_body_temp_path /run/nginx-body;
  include /etc/nginx/sites/*.conf;
}
`,
    );
    host.write(
      '/etc/nginx/sites/foreign.conf',
      block(foreign, `ssl_stapling on; ssl_stapling_file ${foreign.staple};`),
    );
    host.write('/etc/nginx/sites/unset.conf', block(unset));
    host.write('/etc/nginx/sites/own.conf', block(own, 'ssl_stapling on;'));
    host.write('/etc/nginx/sites/own-by-name.conf', block(ownByName, 'ssl_stapling on;'));
    host.write('/etc/nginx/sites/no-resolver.conf', block(noResolver, 'ssl_stapling on;'));
    return () => {
      host.write(foreign.staple, responseFor(host, unset));
      // nginx has not found the name, and restaple does.
      host.write('/etc/hosts', '127.0.0.1 localhost ocsp.example\n');
    };
  },
  expected: [
    ['foreign', 'broken', 'other-staple', 'cert-id-mismatch', 'other-staple', 'nobody-refreshes'],
    ['no-resolver', 'not-served', 'nothing-stapled', 'own-fetching-fails'],
    ['unset', 'not-served', 'nothing-stapled', 'not-configured'],
    ['own-by-name', 'fine', 'served', 'setting'],
    ['own', 'fine', 'served'],
  ],
};

const dnsdist: StoryServer = {
  name: 'dnsdist',
  command: 'dnsdist --supervised --disable-syslog -u _dnsdist -g _dnsdist',
  port: 853,
  prepare(host) {
    const closed = stapled(host, '/etc/dnsdist/closed.pem', 3);
    const unset = host.site('/etc/dnsdist/unset.pem');
    const group = Number(/^_dnsdist:x:(\d+):/m.exec(readFileSync('/etc/group', 'utf8'))?.[1]);
    host.write(
      '/etc/dnsdist/dnsdist.conf',
      `setMaxTCPQueuedConnections(0)
setSecurityPollSuffix("")
setLocal("127.0.0.1:53")
newServer({address="127.0.0.1:9", healthCheckMode="up"})
setKey("${Buffer.alloc(32, 7).toString('base64')}")
controlSocket("127.0.0.1:5199")
addTLSLocal("127.0.0.1:854", "${unset.certificate}", "${unset.certificate}")
addTLSLocal("127.0.0.1:853", "${closed.certificate}", "${closed.certificate}", {ocspResponses={"${closed.staple}"}})
`,
      0o640,
    );
    chownSync(host.at('/etc/dnsdist/dnsdist.conf'), 0, group);
    return () => {
      staple(host, closed, 6);
      chmodSync(host.at(closed.staple), 0o600);
    };
  },
  expected: [
    ['closed', 'not-served', 'other-staple', 'other-staple', 'nobody-refreshes'],
    ['unset', 'not-served', 'nothing-stapled', 'not-configured'],
  ],
};

const hitch: StoryServer = {
  name: 'hitch',
  command: 'hitch --user _hitch --group _hitch --config /etc/hitch/hitch.conf --pidfile=/run/hitch.pid',
  reloadSignal: 'HUP',
  port: 9443,
  prepare(host) {
    const expired = stapled(host, '/etc/hitch/expired.pem', 3);
    const unset = host.site('/etc/hitch/unset.pem');
    host.write(
      '/etc/hitch/hitch.conf',
      `frontend = "[127.0.0.1]:9443"
backend = "[127.0.0.1]:9"
workers = 1
daemon = off
ocsp-dir = ""
pem-file = { cert = "${expired.certificate}" ocsp-resp-file = "${expired.staple}" }
pem-file = "${unset.certificate}"
`,
    );
    return () => staple(host, expired, -1);
  },
  expected: [
    ['expired', 'broken', 'other-staple', 'expired', 'other-staple', 'nobody-refreshes'],
    ['unset', 'not-served', 'nothing-stapled', 'not-configured'],
  ],
};

const lighttpd: StoryServer = {
  name: 'lighttpd',
  command: 'lighttpd -D -f /etc/lighttpd/lighttpd.conf',
  reloadSignal: 'USR1',
  port: 10443,
  prepare(host) {
    const gone = stapled(host, '/etc/lighttpd/certs/gone.pem', 3);
    const unset = host.site('/etc/lighttpd/certs/unset.pem');
    const settings = ({ certificate }: HostedSite): string => `ssl.pemfile = "${certificate}"`;
    host.write(
      '/etc/lighttpd/lighttpd.conf',
      `server.modules = ("mod_openssl")
server.document-root = "/etc/lighttpd"
server.bind = "127.0.0.1"
server.port = 10080
server.pid-file = "/run/lighttpd.pid"
server.username = "www-data"
$SERVER["socket"] == "127.0.0.1:10443" {
  ssl.engine = "enable"
  ${settings(gone)}
  ssl.stapling-file = "${gone.staple}"
}
$SERVER["socket"] == "127.0.0.1:10444" {
  ssl.engine = "enable"
  ${settings(unset)}
}
`,
    );
    return () => rmSync(host.at(gone.staple));
  },
  expected: [
    ['gone', 'broken', 'served', 'response-missing'],
    ['unset', 'not-served', 'nothing-stapled', 'not-configured'],
  ],
};

const apache: StoryServer = {
  name: 'apache2',
  server: 'apache',
  command: 'apache2 -DFOREGROUND',
  reloadSignal: 'USR1',
  port: 11443,
  prepare(host) {
    const own = host.site('/etc/apache2/certs/own.pem');
    const unset = host.site('/etc/apache2/certs/unset.pem');
    const section = ({ name, certificate }: HostedSite, more = ''): string => `<VirtualHost 127.0.0.1:11443>
  ServerName ${name}.example
  SSLEngine on
  SSLCertificateFile ${certificate}
  ${more}
</VirtualHost>
`;
    host.write('/etc/apache2/envvars', 'export APACHE_RUN_DIR=/run\n');
    const modules = ['mpm_event', 'authz_core', 'socache_shmcb', 'ssl'];
    host.write(
      '/etc/apache2/apache2.conf',
      `ServerRoot /etc/apache2
DefaultRuntimeDir /run
PidFile /run/apache2.pid
User www-data
Group www-data
ErrorLog |/bin/cat
ServerName localhost
${modules.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join('\n')}
Listen 127.0.0.1:11443
SSLStaplingCache shmcb:ssl_stapling(128000)
${section(own, 'SSLUseStapling on')}${section(unset)}`,
    );
    return () => undefined;
  },
  expected: [
    ['unset', 'not-served', 'nothing-stapled', 'own-fetching-off'],
    ['own', 'fine', 'served'],
  ],
};

const exim: StoryServer = {
  name: 'exim4',
  server: 'exim',
  command: 'exim4 -bdf',
  port: 465,
  prepare(host) {
    const unset = host.site('/etc/exim4/unset.pem');
    const ids = /^Debian-exim:x:(\d+):(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8')) ?? [];
    for (const name of ['/var/spool/exim4', '/run/exim']) {
      mkdirSync(host.at(name), { recursive: true });
      chownSync(host.at(name), Number(ids[1]), Number(ids[2]));
    }
    host.write(
      '/etc/exim4/exim4.conf',
      `exim_path = /usr/sbin/exim4
spool_directory = /var/spool/exim4
log_file_path = /run/exim/%slog
pid_file_path = /run/exim/exim.pid
exim_user = Debian-exim
exim_group = Debian-exim
keep_environment =
never_users = root
host_lookup =
rfc1413_hosts =
primary_hostname = localhost
local_interfaces = 127.0.0.1
daemon_smtp_ports = 465
tls_on_connect_ports = 465
tls_advertise_hosts = *
tls_certificate = ${unset.certificate}
tls_privatekey = ${unset.certificate}
begin acl
begin routers
begin transports
begin retry
begin rewrite
begin authenticators
`,
    );
    return () => undefined;
  },
  expected: [['unset', 'not-served', 'nothing-stapled', 'not-configured']],
};

const story: readonly StoryServer[] = [haproxy, nginx, dnsdist, hitch, lighttpd, apache, exim];
const serverNames = story.map(({ name, server = name }) => server);

let host: WholeHost;
beforeAll(async () => {
  host = await createWholeHost();
  const later = story.map((server) => server.prepare(host));
  const live = '/etc/letsencrypt/live';
  // haproxy has this one with its key.
  host.write(`${live}/fine.example/fullchain.pem`, readFileSync(host.at('/etc/haproxy/certs/fine.pem')), 0o600);
  host.site(`${live}/elsewhere.example/fullchain.pem`);
  host.write(`${live}/README`, 'of certbot\n');
  await host.startResponder();
  await Promise.all(story.map((server) => host.start(server)));
  for (const act of later) act();
});
afterAll(() => host.stop());

const unclaimed = {
  code: 'unclaimed',
  message:
    'no server that doctor could read uses these certificates of certbot in /etc/letsencrypt/live: elsewhere.example',
};

interface HostReport {
  readonly certificates: readonly DoctorLine[];
  readonly servers: readonly { readonly name: string }[];
  readonly remarks: readonly { readonly code: string; readonly message: string }[];
  readonly advice: readonly AdviceStep[];
  readonly exitCode: number | null;
}

async function doctor(words = '', run = host.run): Promise<HostReport> {
  const { exitCode, ...result } = await run(`restaple doctor --json ${words}`);
  const lines = result.lines();
  const { summary } = lines.pop() as { summary: Omit<HostReport, 'certificates' | 'exitCode'> };
  return { certificates: lines as unknown as DoctorLine[], ...summary, exitCode };
}

/** In the form of `expected`. */
function statesOf({ certificates }: HostReport, server: string): unknown {
  return certificates
    .filter((one) => one.server === server)
    .map(({ certificate = '', state, handshakes, findings }) => [
      basename(certificate, '.pem'),
      state,
      handshakes.map(({ outcome }) => outcome).join(),
      ...findings.map(({ code }) => code),
    ]);
}

/** The text without what differs from run to run. */
function steady(text: string): string {
  return text
    .replace(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, 'YYYY-MM-DDThh:mm:ssZ')
    .replace(/\b[0-9a-f]{30,32}\b/g, 'SERIAL');
}

describe('a host with every server', () => {
  it('is reported without rights as far as that goes, and what is not seen is said', async () => {
    const report = await doctor('', host.runAsNobody);
    expect(statesOf(report, 'haproxy')).toEqual(
      haproxy.expected.map(([name]) => [name, 'unreadable', '', 'file-unreadable']).sort(),
    );
    for (const { name, expected } of [nginx, hitch, lighttpd]) expect(statesOf(report, name), name).toEqual(expected);
    // Its configuration is closed to others, and its ports are open.
    expect(statesOf(report, 'unknown')).toEqual([
      ['', 'not-served', 'nothing-stapled', 'nothing-stapled'],
      ['', 'fine', 'served'],
    ]);
    expect(report.remarks.map(({ code, message }) => [code, message])).toEqual([
      ['unreadable', '/etc/dnsdist/dnsdist.conf of the configuration of dnsdist was not read: permission denied'],
      [unclaimed.code, unclaimed.message],
    ]);
    expect(report.exitCode).toBe(5);
    expect(await host.runAsNobody('restaple config init')).toMatchObject({ exitCode: 8 });
  });

  it('is led by the advice of doctor from certificates in every state to all well', async () => {
    const [text, report] = await Promise.all([host.run('restaple doctor'), doctor()]);
    for (const { name, server = name, expected } of story) expect(statesOf(report, server), name).toEqual(expected);
    expect(report.certificates.length).toBe(story.flatMap(({ expected }) => expected).length);
    expect(report.servers.map(({ name }) => name).sort()).toEqual(serverNames.toSorted());
    expect(report).toMatchObject({ remarks: [unclaimed], exitCode: 5 });
    expect(text.exitCode).toBe(5);
    await expect(steady(text.stdout)).toMatchFileSnapshot('doctor-host.txt');

    // Of one server after the other, as they stand there.
    const ofServer = async (name: string): Promise<void> => {
      const own = report.certificates.filter(({ server }) => server === name);
      for (const { findings } of own) for (const { advice } of findings) await follow(advice);
    };
    await Promise.all(serverNames.map(ofServer));
    await follow(report.advice);

    const configuration = readFileSync(host.at('/etc/restaple.yaml'), 'utf8');
    expect(configuration).toContain('  # hapos-upd (/etc/cron.d/shop:2) refreshes it too: keep one of the two\n');
    const last = await doctor('--strict');
    expect(last.certificates.filter(({ state }) => !['fine', 'needs-nothing'].includes(state))).toEqual([]);
    expect(last).toMatchObject({ remarks: [unclaimed], advice: [], exitCode: 0 });
  });

  it('is reported where a socket is closed and a configuration has mistakes, each of which is said', async () => {
    rmSync(host.at('/run/haproxy-admin.sock'));
    host.write('/etc/nginx/sites/broken.conf', 'server {\n  listen 444 ssl\n}\n');
    host.write('/etc/cron.d/broken', '1 * * * * root restaple fetch --no-such-flag\n');
    appendFileSync(host.at('/etc/haproxy/haproxy.cfg'), '    bind "127.0.0.1:445 ssl\n');
    appendFileSync(host.at('/etc/hitch/hitch.conf'), 'workers = {{\n');
    const report = await doctor('--strict');
    expect(report.certificates.filter(({ state }) => !['fine', 'needs-nothing'].includes(state))).toEqual([]);
    for (const { name, server = name, expected } of story)
      expect(statesOf(report, server), name).toHaveLength(expected.length);
    expect(report.remarks.map(({ code, message }) => [code, message])).toEqual([
      ['unreadable', '/etc/haproxy/haproxy.cfg, line 11: a quote is not closed'],
      ['not-asked', 'haproxy was not asked what it has loaded: /run/haproxy-admin.sock: it does not exist'],
      ['unreadable', '/etc/nginx/sites/broken.conf:2: "listen" is not terminated by ";"'],
      ['unreadable', '/etc/hitch/hitch.conf:8: { was not expected here'],
      [
        'not-understood',
        'doctor could not find out which staples /etc/cron.d/broken:1 refreshes: Nonexistent flag: --no-such-flag',
      ],
      [unclaimed.code, unclaimed.message],
    ]);
    expect(report.exitCode).toBe(8);
  });
});

/** Does what the advice says, word for word. */
async function follow(advice: readonly AdviceStep[]): Promise<void> {
  for (const step of advice) {
    if (step.do === 'edit') edit(step);
    else {
      const { exitCode, stdout, stderr } = await host.run(step.command);
      expect({ command: step.command, exitCode, said: exitCode === 0 ? '' : stdout + stderr }).toEqual({
        command: step.command,
        exitCode: 0,
        said: '',
      });
    }
  }
}

/** What a person does who reads this. */
function edit({ file, line = 1, note, text }: Extract<AdviceStep, { do: 'edit' }>): void {
  const lines = readFileSync(host.at(file), 'utf8').split('\n');
  const old = lines[line - 1] ?? '';
  if (note === 'add after this line') lines.splice(line, 0, text);
  else if (note === 'write in place of this line') lines.splice(line - 1, 1, text);
  else if (note === 'add at the end of this file') lines.push(text, '');
  else if (note === 'add at the end of this line') lines[line - 1] = `${old} ${text}`;
  else if (note.startsWith('add to the options of this call')) lines[line - 1] = old.replace(/\)$/, `, {${text}})`);
  else if (note.startsWith('set in the pem-file'))
    lines[line - 1] = old.replace(/= (".*")$/, `= { cert = $1 ${text} }`);
  else throw new Error(`a person would have to think: ${note}`);
  writeFileSync(host.at(file), lines.join('\n'));
}

describe('a host without servers', () => {
  it('needs nothing, which doctor says in one line', async () => {
    const empty = await createWholeHost();
    try {
      const { stdout, stderr, exitCode } = await empty.run('restaple doctor --strict');
      const line = 'no TLS server that doctor knows was found on this host, so there is nothing to staple\n';
      expect({ stdout, stderr, exitCode }).toEqual({ stdout: line, stderr: '', exitCode: 0 });
      const named = (await empty.run('restaple doctor hitch')).stdout.replace(/\s+/g, ' ');
      expect(named).toContain('no hitch was found on this host: none runs, and there is no /etc/hitch/hitch.conf');
      expect(named).not.toContain('no TLS server');
    } finally {
      await empty.stop();
    }
  });
});
