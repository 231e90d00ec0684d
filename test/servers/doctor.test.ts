import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { answer } from '../support/answer.js';
import { runRestaple, startRestaple, type RunningProgram } from '../support/run-program.js';
import type { Daemon } from '../support/servers/daemon.js';
import { follow, runDoctor } from '../support/servers/doctor-scene.js';
import { freePort } from '../support/servers/free-port.js';
import { haproxyConfig, startHaproxy } from '../support/servers/haproxy.js';
import { startHitch } from '../support/servers/hitch.js';
import { startLighttpd } from '../support/servers/lighttpd.js';
import { startNginx, type NginxServer } from '../support/servers/nginx.js';
import {
  createServerScene,
  fromNow,
  responseFor,
  startSceneDnsdist,
  startSceneHaproxy,
  type ServerScene,
  type Site,
} from '../support/servers/server-scene.js';
import { untilWritten } from '../support/servers/stapling-scene.js';

const day = 86_400_000;

let scene: ServerScene;
const running: Daemon[] = [];
const watching: RunningProgram[] = [];

beforeEach(async () => {
  scene = await createServerScene();
});

afterEach(async () => {
  for (const { process, result } of watching.splice(0)) {
    process.kill('SIGTERM');
    await result;
  }
  for (const daemon of running.splice(0)) await daemon.stop();
  await scene.clear();
});

async function haproxyWith(certificate: string): Promise<string> {
  running.push(await startSceneHaproxy(scene, certificate));
  return `haproxy:${scene.folder.at('haproxy.cfg')}`;
}

async function nginxWith(servers: readonly Omit<NginxServer, 'port'>[]): Promise<string> {
  const port = await freePort();
  const pidFile = scene.folder.at('nginx.pid');
  const folder = scene.folder.path;
  running.push(await startNginx({ folder, pidFile, servers: servers.map((server) => ({ port, ...server })) }));
  await untilWritten(pidFile);
  return `nginx:${scene.folder.at('nginx.conf')}`;
}

const files = ({ certificate, key }: Site): NginxServer['certificates'] => [{ chain: certificate, key }];

describe('doctor on haproxy', { tags: ['haproxy'] }, () => {
  it('says that a staple is served and that nobody refreshes it, which is 6 only with --strict', async () => {
    const site = scene.issue('site');
    const server = await haproxyWith(site.certificate);

    const { certificates, exitCode, remarks } = await runDoctor([server]);
    expect(certificates).toMatchObject([
      {
        certificate: site.certificate,
        server: 'haproxy',
        state: 'unrefreshed',
        loaded: { certificate: 'same', hasSlot: true },
        handshakes: [{ outcome: 'served' }],
        refreshedBy: [],
        findings: [{ code: 'nobody-refreshes' }],
      },
    ]);
    expect(remarks).toEqual([]);
    expect(exitCode).toBe(0);
    expect((await runDoctor([server, '--strict'])).exitCode).toBe(6);
  });

  it('is content where a watching restaple refreshes the staple', async () => {
    const site = scene.issue('site');
    const server = await haproxyWith(site.certificate);
    const watch = startRestaple(['fetch', '--watch', '--json', '--allow-private', site.certificate]);
    watching.push(watch);
    await new Promise((resolve) => watch.process.stdout?.once('data', resolve));
    const target = `haproxy:${scene.folder.at('admin.sock')}`;
    await runRestaple(['reload', target, site.certificate]);

    const { certificates, exitCode } = await runDoctor([server, '--strict']);
    expect(certificates).toMatchObject([
      {
        state: 'fine',
        refreshedBy: [{ by: 'restaple', where: `process ${watch.process.pid ?? 0}` }],
        findings: [],
      },
    ]);
    expect(exitCode).toBe(0);
  });

  it('ends with 10 where the file was replaced and haproxy was not told, and its advice mends that', async () => {
    const site = scene.issue('site');
    const server = await haproxyWith(site.certificate);
    scene.age(site);

    const { certificates, exitCode } = await runDoctor([server]);
    expect(certificates).toMatchObject([{ state: 'not-served', findings: [{ code: 'other-staple' }, {}] }]);
    expect(exitCode).toBe(10);

    await follow(certificates[0]!.findings[0]!.advice, scene.folder);
    expect(await runDoctor([server])).toMatchObject({ exitCode: 0, certificates: [{ state: 'unrefreshed' }] });
  });

  it('advises a first staple for a certificate without one, which haproxy then has', async () => {
    const site = scene.issue('site');
    rmSync(site.staple);
    const server = await haproxyWith(site.certificate);

    const { certificates, exitCode } = await runDoctor([server]);
    expect(certificates).toMatchObject([{ state: 'not-served', findings: [{ code: 'not-configured' }] }]);
    expect(exitCode).toBe(10);

    await follow(certificates[0]!.findings[0]!.advice, scene.folder);
    expect((await runDoctor([server])).certificates).toMatchObject([{ state: 'unrefreshed' }]);
  });

  it('is not content with a staple that was only pushed, which a restart loses, and its advice mends that', async () => {
    const site = scene.issue('site');
    rmSync(site.staple);
    const server = await haproxyWith(site.certificate);
    const target = `haproxy:${scene.folder.at('admin.sock')}`;
    const words = ['--allow-private', '--out', scene.folder.at('apart.der'), '--reload', target];
    expect((await runRestaple(['fetch', ...words, site.certificate])).exitCode).toBe(0);

    const { certificates, exitCode } = await runDoctor([server]);
    const message = expect.stringContaining(`looks for ${site.staple}, which does not exist, when it starts`) as string;
    const findings = [{ code: 'nobody-refreshes', message }];
    expect(certificates).toMatchObject([{ state: 'unrefreshed', handshakes: [{ outcome: 'served' }], findings }]);
    expect(exitCode).toBe(0);
    expect((await runDoctor([server, '--strict'])).exitCode).toBe(6);
    await follow(certificates[0]!.findings[0]!.advice, scene.folder);
    expect((await runDoctor([server])).certificates).toMatchObject([
      { loaded: { staple: 'same' }, staple: { isThere: true } },
    ]);
  });

  it('puts a broken Must-Staple certificate first, whatever else is wrong, and needs nothing where there is no responder', async () => {
    const strict = scene.issue('a-strict', { mustStaple: true });
    writeFileSync(
      strict.staple,
      responseFor(scene, strict, { thisUpdate: fromNow(-9 * day), nextUpdate: fromNow(-2 * day) }),
    );
    const plain = scene.issue('plain', { ocspUris: [] });
    rmSync(plain.staple);
    const revoked = scene.issue('revoked');
    writeFileSync(revoked.staple, responseFor(scene, revoked, { status: { revokedAt: fromNow(-day) } }));
    const port = await freePort();
    const config = haproxyConfig({
      port,
      certificate: [strict, plain, revoked].map(({ certificate }) => certificate).join(' crt '),
      adminSocket: scene.folder.at('admin.sock'),
    });
    running.push(await startHaproxy({ config, folder: scene.folder.path, ports: [port] }));

    const { certificates, exitCode, stdout } = await runDoctor([`haproxy:${scene.folder.at('haproxy.cfg')}`]);
    expect(certificates.map(({ certificate, state }) => [certificate, state])).toEqual([
      [strict.certificate, 'must-staple-broken'],
      [revoked.certificate, 'broken'],
      [plain.certificate, 'needs-nothing'],
    ]);
    expect(certificates[0]?.findings.map(({ code }) => code)).toContain('expired');
    expect(exitCode, stdout).toBe(3);
  });

  it('goes on where the socket is gone, and says that haproxy was not asked', async () => {
    const site = scene.issue('site');
    const server = await haproxyWith(site.certificate);
    rmSync(scene.folder.at('admin.sock'));
    const { certificates, remarks, exitCode } = await runDoctor([server]);
    expect(certificates).toMatchObject([{ state: 'unrefreshed', handshakes: [{ outcome: 'served' }] }]);
    expect(remarks).toMatchObject([{ code: 'not-asked' }]);
    expect(exitCode).toBe(0);
  });

  it('says which line of haproxy keeps it from asking, where its socket is not for administrators', async () => {
    const site = scene.issue('site');
    const server = await haproxyWith(site.certificate);
    await running.pop()!.stop();
    const text = readFileSync(scene.folder.at('haproxy.cfg'), 'utf8').replace('level admin', 'level user');
    const ports = [Number(/bind 127\.0\.0\.1:(\d+)/.exec(text)?.[1])];
    running.push(await startHaproxy({ config: text, folder: scene.folder.path, ports }));

    const { certificates, remarks } = await runDoctor([server]);
    expect(certificates).toMatchObject([{ state: 'unrefreshed', handshakes: [{ outcome: 'served' }] }]);
    expect(remarks).toMatchObject([
      { code: 'not-asked', hint: expect.stringContaining('add "level admin"') as string },
    ]);
  });

  it('connects to no other host, whatever the configuration names', async () => {
    const site = scene.issue('site');
    const server = await haproxyWith(site.certificate);
    const file = scene.folder.at('haproxy.cfg');
    const elsewhere = readFileSync(file, 'utf8')
      .replace(/stats socket .*/, 'stats socket ipv4@203.0.113.6:9990 level admin')
      .replace(/bind 127\.0\.0\.1:/, 'bind 203.0.113.5:');
    writeFileSync(file, elsewhere);
    const { certificates, remarks } = await runDoctor([server]);
    const message = '203.0.113.5 is not an address of this host now, and doctor asks no other host';
    expect(certificates).toMatchObject([{ handshakes: [{ outcome: 'not-reached', message }] }]);
    expect(remarks).toMatchObject([{ code: 'not-asked', message: expect.stringContaining('203.0.113.6') as string }]);
  });

  it('does not say that there is nothing to staple where it could not read', async () => {
    for (const [name, text] of [
      ['none.cfg', undefined],
      ['garbage.cfg', 'garbage {{{\n'],
    ] as const) {
      const file = text === undefined ? scene.folder.at(name) : scene.folder.write(name, text);
      const { stdout, exitCode } = await runRestaple(['doctor', `haproxy:${file}`]);
      expect(stdout).toContain('no certificate of a TLS server was found in what could be read');
      expect({ stdout: stdout.includes(file), exitCode }).toEqual({ stdout: true, exitCode: 8 });
    }
  });

  it('asks the responder only with --query, and believes it more than the file', async () => {
    const site = scene.issue('site');
    const server = await haproxyWith(site.certificate);
    scene.responder.behaviour = answer(scene.authority, { revokedAt: fromNow(-day) });
    const asked = scene.responder.requests.length;
    expect(await runDoctor([server])).toMatchObject({ exitCode: 0, certificates: [{ state: 'unrefreshed' }] });
    expect(scene.responder.requests.length).toBe(asked);
    expect(await runDoctor([server, '--query', '--allow-private'])).toMatchObject({
      exitCode: 3,
      certificates: [{ state: 'broken', answer: { verdict: 'revoked' } }],
    });
    expect(await runDoctor([server, '--query'])).toMatchObject({
      exitCode: 7,
      certificates: [{ state: 'unrefreshed', answer: { code: 'address-blocked' } }],
    });
  });

  it('judges by files where haproxy does not run', async () => {
    const site = scene.issue('site');
    const config = scene.folder.write('haproxy.cfg', haproxyConfig({ port: 1, certificate: site.certificate }));
    const { certificates, remarks } = await runDoctor([`haproxy:${config}`]);
    expect(certificates).toMatchObject([{ state: 'unrefreshed', handshakes: [] }]);
    expect(remarks.map(({ code }) => code)).toContain('not-running');
  });
});

describe('doctor on nginx', { tags: ['nginx'] }, () => {
  it('leads from a server block without stapling to one that staples', async () => {
    const site = scene.issue('site');
    const server = await nginxWith([{ serverName: 'site.example', certificates: files(site) }]);

    const { certificates, exitCode } = await runDoctor([server]);
    expect(certificates).toMatchObject([{ state: 'not-served', findings: [{ code: 'not-configured' }] }]);
    expect(exitCode).toBe(10);

    await follow(certificates[0]!.findings[0]!.advice, scene.folder);
    expect(readFileSync(scene.folder.at('nginx.conf'), 'utf8')).toContain('ssl_stapling_file');
    expect(await runDoctor([server])).toMatchObject({
      exitCode: 0,
      certificates: [{ state: 'unrefreshed', handshakes: [{ outcome: 'served' }] }],
    });
  });

  it('gives advice that nginx takes, however the lines of a server block are broken', async () => {
    const site = scene.issue('site');
    rmSync(site.staple, { force: true });
    const names = `ssl_certificate ${site.certificate}; ssl_certificate_key ${site.key};`;
    const blocks = [
      `server { listen 127.0.0.1:1 ssl; ${names} }`,
      `server { listen 127.0.0.1:1 ssl;\n${names.replaceAll(' ', '\n')} # the site\n}`,
      `server { listen 127.0.0.1:1 ssl;\n${names} ssl_stapling off;\n}`,
      `server { listen 127.0.0.1:1 ssl;\n${names}\nssl_stapling_file /old.der;\n}`,
    ];
    for (const block of blocks) {
      const text = `pid ${scene.folder.at('nginx.pid')}; error_log stderr;\nevents {}\nhttp { access_log off; ${block} }\n`;
      const server = `nginx:${scene.folder.write('nginx.conf', text)}`;
      const [first] = (await runDoctor([server])).certificates;
      // It runs nginx -t too.
      await follow(first?.findings[0]?.advice ?? [], scene.folder);
      expect((await runDoctor([server])).certificates).toMatchObject([{ state: 'unrefreshed' }]);
      rmSync(scene.folder.at('ocsp'), { recursive: true });
    }
  });

  it('finds the staple of each server block, in included files too', async () => {
    const [one, two] = [scene.issue('one'), scene.issue('two')];
    const server = await nginxWith([
      { serverName: 'one.example', certificates: files(one), staple: one.staple },
      { serverName: 'two.example', certificates: files(two), staple: two.staple },
    ]);
    const config = scene.folder.at('nginx.conf');
    const [head = '', ...blocks] = readFileSync(config, 'utf8').split(/(?=server \{)/);
    blocks.forEach((block, index) => scene.folder.write(`sites/${index}.conf`, block.replace(/\n\}\s*$/, '\n')));
    writeFileSync(config, `${head}include sites/*.conf;\n}\n`);
    const { certificates, exitCode, stdout } = await runDoctor([server]);
    expect(certificates.map(({ certificate, state }) => [certificate, state])).toEqual([
      [one.certificate, 'unrefreshed'],
      [two.certificate, 'unrefreshed'],
    ]);
    expect(exitCode, stdout).toBe(0);
  });

  it('says why its own fetching does not work', async () => {
    const site = scene.issue('site', { ocspUris: ['http://ocsp.site.example/'] });
    const server = await nginxWith([{ serverName: 'site.example', certificates: files(site) }]);
    const config = scene.folder.at('nginx.conf');
    writeFileSync(config, readFileSync(config, 'utf8').replace('access_log off;', 'access_log off; ssl_stapling on;'));
    const { certificates, exitCode } = await runDoctor([server]);
    expect(certificates).toMatchObject([{ state: 'not-served', findings: [{ code: 'own-fetching-fails' }] }]);
    expect(certificates[0]?.reason).toContain('resolver');
    expect(exitCode).toBe(10);
  });

  it('ends with 8 for a configuration that does not parse, and reports the rest', { tags: ['haproxy'] }, async () => {
    const site = scene.issue('site');
    const haproxy = await haproxyWith(site.certificate);
    const broken = scene.folder.write('broken.conf', 'http {\n  server {\n    listen 443 ssl\n  }\n}\n');
    const { certificates, remarks, exitCode } = await runDoctor([haproxy, `nginx:${broken}`]);
    expect(certificates).toMatchObject([{ server: 'haproxy', state: 'unrefreshed' }]);
    expect(remarks).toMatchObject([{ code: 'unreadable', message: `${broken}:3: "listen" is not terminated by ";"` }]);
    expect(exitCode).toBe(8);
  });
});

describe('doctor on dnsdist', { tags: ['dnsdist'] }, () => {
  it('finds its frontends in Lua, and its advice reloads it by the key of the configuration', async () => {
    const site = scene.issue('site');
    const dnsdist = await startSceneDnsdist(scene, site);
    running.push(dnsdist);
    const server = `dnsdist:${scene.folder.at('dnsdist.conf')}`;
    expect((await runDoctor([server])).certificates).toMatchObject([
      { certificate: site.certificate, state: 'unrefreshed', handshakes: [{ outcome: 'served' }] },
    ]);

    scene.age(site);
    const { certificates, exitCode } = await runDoctor([server]);
    expect(certificates).toMatchObject([{ state: 'not-served', target: dnsdist.target }]);
    expect(exitCode).toBe(10);
    await follow(certificates[0]!.findings[0]!.advice, scene.folder);
    expect(await runDoctor([server])).toMatchObject({ exitCode: 0, certificates: [{ state: 'unrefreshed' }] });
  });
});

describe('doctor on hitch', { tags: ['hitch'] }, () => {
  it('says that its staple is served, and when the file is not for the certificate that it is broken', async () => {
    const site = scene.issue('site');
    const [port, pidFile] = [await freePort(), scene.folder.at('hitch.pid')];
    const { certificate, staple } = site;
    running.push(await startHitch({ folder: scene.folder.path, pidFile, port, certificate, staple }));
    const server = `hitch:${scene.folder.at('hitch.conf')}`;
    expect(await runDoctor([server])).toMatchObject({
      exitCode: 0,
      certificates: [
        { certificate, state: 'unrefreshed', handshakes: [{ outcome: 'served' }], target: `hitch:${pidFile}` },
      ],
    });
    writeFileSync(staple, responseFor(scene, scene.issue('other')));
    expect(await runDoctor([server])).toMatchObject({
      exitCode: 5,
      certificates: [
        {
          state: 'broken',
          findings: [{ code: 'cert-id-mismatch' }, { code: 'other-staple', advice: [] }, { code: 'nobody-refreshes' }],
        },
      ],
    });
  });
});

describe('doctor on lighttpd', { tags: ['lighttpd'] }, () => {
  it('finds certificate and staple, and says what a newer file needs', async () => {
    const site = scene.issue('site');
    const [port, pidFile] = [await freePort(), scene.folder.at('lighttpd.pid')];
    const { certificate, key, staple } = site;
    running.push(await startLighttpd({ folder: scene.folder.path, pidFile, port, chain: certificate, key, staple }));
    const server = `lighttpd:${scene.folder.at('lighttpd.conf')}`;
    const target = `lighttpd:${pidFile}`;
    expect(await runDoctor([server])).toMatchObject({
      exitCode: 0,
      certificates: [{ certificate, state: 'unrefreshed', handshakes: [{ outcome: 'served' }], target }],
    });
    scene.age(site);
    expect(await runDoctor([server])).toMatchObject({ exitCode: 10, certificates: [{ state: 'not-served' }] });
  });

  it('reads conditions and includes', async () => {
    const site = scene.issue('site');
    scene.folder.write('tls.conf', `ssl.pemfile = "${site.certificate}"\n  ssl.stapling-file = "${site.staple}"\n`);
    const file = scene.folder.write(
      'lighttpd.conf',
      `server.port = 80
$SERVER["socket"] == "127.0.0.1:8443" {
  ssl.engine = "enable"
  include "tls.conf"
  $HTTP["host"] == "other.example" { ssl.pemfile = "${scene.folder.at('other.pem')}" }
}
include_shell "/bin/true"
`,
    );
    const { certificates, remarks, exitCode } = await runDoctor([`lighttpd:${file}`]);
    expect(certificates.map(({ certificate, state }) => [certificate, state])).toEqual([
      [scene.folder.at('other.pem'), 'broken'],
      [site.certificate, 'unrefreshed'],
    ]);
    expect(remarks.map(({ code }) => code)).toEqual(['not-understood', 'not-running']);
    expect(exitCode).toBe(8);
  });
});

describe('config init', { tags: ['haproxy'] }, () => {
  it('writes a configuration on which config check passes, and with which fetch leaves doctor nothing to say', async () => {
    const [one, two] = [scene.issue('one'), scene.issue('two')];
    scene.issue('none', { ocspUris: [] });
    rmSync(two.staple);
    const list = [one, two].map(({ certificate }) => certificate);
    const port = await freePort();
    const config = haproxyConfig({
      port,
      certificate: [...list, scene.folder.at('none.pem')].join(' crt '),
      adminSocket: scene.folder.at('admin.sock'),
    });
    rmSync(scene.folder.at('none.pem.ocsp'));
    running.push(await startHaproxy({ config, folder: scene.folder.path, ports: [port] }));
    const server = `haproxy:${scene.folder.at('haproxy.cfg')}`;

    const file = scene.folder.at('restaple.yaml');
    const made = await runRestaple(['config', 'init', '--out', file, server]);
    expect(made).toMatchObject({ exitCode: 0, stdout: '' });
    const text = readFileSync(file, 'utf8');
    expect(text).toContain(`# haproxy, ${scene.folder.at('haproxy.cfg')}, line 11: not served when this was made`);
    expect(text).toMatch(/# - .*none\.pem \(haproxy\): the certificate has no OCSP responder/);
    expect((await runRestaple(['config', 'init', server])).stdout).toBe(text);

    expect(await runRestaple(['config', 'check', '--config', file])).toMatchObject({ exitCode: 0, stderr: '' });
    const lock = ['--lock', scene.folder.at('lock')];
    const env = { RESTAPLE_ALLOW_PRIVATE: 'true' };
    const dry = await runRestaple(['fetch', '--dry-run', '--config', file, ...lock], { env });
    expect(dry.exitCode, dry.stderr).toBe(0);
    const watch = startRestaple(['fetch', '--watch', '--json', '--config', file, ...lock], { env });
    watching.push(watch);
    await expect
      .poll(async () => (await runDoctor(['--strict', server])).certificates.map(({ state }) => state), {
        interval: 500,
      })
      .toEqual(['fine', 'fine', 'needs-nothing']);
    expect((await runDoctor(['--strict', server])).exitCode).toBe(0);
  });

  it('never writes over a file', async () => {
    const file = scene.folder.write('mine.yaml', 'certificates: []\n');
    const cfg = scene.folder.write('haproxy.cfg', 'global\n');
    const { exitCode, stderr } = await runRestaple(['config', 'init', '--out', file, `haproxy:${cfg}`]);
    expect(exitCode).toBe(9);
    expect(stderr).toContain('is there already');
    expect(readFileSync(file, 'utf8')).toBe('certificates: []\n');
  });
});

describe('config init by root', { tags: ['haproxy', 'chroot'] }, () => {
  it('leaves out what a configuration says that others may change, with the reason', async () => {
    const site = scene.issue('site');
    const server = await haproxyWith(site.certificate);
    chmodSync(scene.folder.at('haproxy.cfg'), 0o666);
    const { stdout } = await runRestaple(['config', 'init', server]);
    expect(stdout).toContain('certificates: []');
    expect(stdout).toMatch(
      /# - .*site\.pem \(haproxy\): others than root can change its configuration: others may write .*haproxy\.cfg/,
    );
  });
});

describe('doctor on a server that does not run', () => {
  it('advises what can be done without it: no reload, no handshake', async () => {
    const [named, unset] = [scene.issue('named'), scene.issue('unset')];
    const block = ({ certificate }: Site, more: string): string =>
      `server { listen 127.0.0.1:1 ssl; ssl_certificate ${certificate}; ${more} }\n`;
    const staple = `ssl_stapling on; ssl_stapling_file ${named.staple};`;
    rmSync(named.staple, { force: true });
    const file = scene.folder.write('nginx.conf', `events {} http { ${block(named, staple)}${block(unset, '')} }`);
    const { certificates } = await runDoctor([`nginx:${file}`]);
    const folder = scene.folder.at('ocsp');
    const commandsOf = (site: Site): unknown =>
      certificates
        .find(({ certificate }) => certificate === site.certificate)
        ?.findings.flatMap(({ advice }) => advice.map((step) => (step.do === 'run' ? step.command : step.text)));
    expect(commandsOf(named)).toEqual([`restaple fetch ${named.certificate}`, `restaple verify ${named.certificate}`]);
    expect(commandsOf(unset)).toEqual([
      `mkdir -p ${folder}`,
      `restaple fetch --out ${folder}/unset.der ${unset.certificate}`,
      `ssl_stapling on; ssl_stapling_file ${folder}/unset.der;`,
      `nginx -t -c ${file}`,
      `restaple fetch --out ${folder}/unset.der ${unset.certificate}`,
      `restaple verify --out ${folder}/unset.der ${unset.certificate}`,
    ]);
  });
});

describe('doctor by root', { tags: ['chroot'] }, () => {
  it('shows no commands where others may change the configuration, and says why', async () => {
    const site = scene.issue('site');
    const places = `ssl_stapling on; ssl_stapling_file /etc/profile.d/site.sh;`;
    const server = `server { listen 127.0.0.1:1 ssl; ssl_certificate ${site.certificate}; }`;
    const included = scene.folder.write('site.conf', server);
    const file = scene.folder.write('nginx.conf', `events {} http { ${places} include ${included}; }`);
    const codes = async (): Promise<unknown> =>
      (await runDoctor([`nginx:${file}`])).certificates.map(({ findings }) =>
        findings.map(({ code, advice }) => [code, advice.length]),
      );
    expect(await codes()).toEqual([[['response-missing', 2]]]);
    // The line of the certificate is root's still.
    chmodSync(file, 0o666);
    expect(await codes()).toEqual([
      [
        ['response-missing', 0],
        ['configuration-of-others', 0],
      ],
    ]);
    const { stdout } = await runRestaple(['doctor', `nginx:${file}`]);
    expect(stdout).not.toContain('--out');
    expect(stdout.replace(/\s+/g, ' ')).toContain(
      `others than root can change its configuration: others may write ${file}`,
    );
    expect((await runRestaple(['config', 'init', `nginx:${file}`])).stdout).toContain('certificates: []');
  });

  it('has room for few servers of another user, and says how many it left out', async () => {
    const site = scene.issue('site');
    const file = scene.folder.write(
      'nginx.conf',
      `http { server { listen 127.0.0.1:1 ssl; ssl_certificate ${site.certificate}; } }`,
    );
    const program = scene.folder.at('nginx');
    copyFileSync('/bin/bash', program);
    chmodSync(program, 0o755);
    chmodSync(scene.folder.path, 0o755);
    const options = { uid: 61_234, gid: 61_234, argv0: `nginx: master process nginx -c ${file}` };
    const started = Array.from({ length: 12 }, () => spawn(program, ['-c', 'echo; read -r'], options));
    try {
      for (const { stdout } of started) await once(stdout, 'data');
      const { certificates, remarks } = await runDoctor(['nginx']);
      const isOwn = ({ certificate }: { readonly certificate?: string }): boolean => certificate === site.certificate;
      expect(certificates.filter(isOwn)).toHaveLength(8);
      const message = 'this report leaves out some of what user 61234 runs: servers (4)';
      expect(remarks).toContainEqual(expect.objectContaining({ code: 'not-understood', message }));
    } finally {
      for (const { stdin } of started) stdin.end();
    }
  });
});

describe('the report', { tags: ['haproxy'] }, () => {
  it('fits 80 columns, and begins with the table', async () => {
    const site = scene.issue('site');
    const server = await haproxyWith(site.certificate);
    scene.age(site);
    const { stdout, exitCode } = await runRestaple(['doctor', server]);
    const [titles = '', row = ''] = stdout.split('\n');
    expect(titles).toMatch(/^STATE +LEFT +SERVER +CERTIFICATE$/);
    expect(row).toMatch(/^not served +2d 23h +haproxy +\/.*site\.pem$/);
    expect(stdout.split('\n').filter((line) => line.length > 80 && !line.includes(scene.folder.path))).toEqual([]);
    expect(exitCode).toBe(10);
  });

  it('refuses a server that it does not know', async () => {
    const { stderr, exitCode } = await runRestaple(['doctor', 'iis']);
    expect(stderr).toContain('"iis" is not a server that doctor knows');
    expect(exitCode).toBe(2);
  });
});
