import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { randomBytes } from 'node:crypto';
import { createServer, type AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { runRestaple } from '../support/run-program.js';
import { startDaemon } from '../support/servers/daemon.js';
import { follow, runDoctor, type DoctorRun } from '../support/servers/doctor-scene.js';
import { startFakeHaproxy } from '../support/fake-haproxy.js';
import { freePort } from '../support/servers/free-port.js';
import { haproxyConfig, startHaproxy } from '../support/servers/haproxy.js';
import { startNginx } from '../support/servers/nginx.js';
import {
  createServerScene,
  startSceneDnsdist,
  startSceneHaproxy,
  type ServerScene,
  type Site,
} from '../support/servers/server-scene.js';
import { isSince } from '../support/programs.js';

let scene: ServerScene;
const running: { stop(): Promise<void> }[] = [];

beforeEach(async () => {
  scene = await createServerScene();
});

afterEach(async () => {
  for (const daemon of running.splice(0)) await daemon.stop();
  await scene.clear();
});

async function keep<One extends { stop(): Promise<void> }>(starting: Promise<One>): Promise<One> {
  const daemon = await starting;
  running.push(daemon);
  return daemon;
}

/** What doctor says of servers: programs of other tests run on this host too, and it looks at them. */
async function look(words: readonly string[]): Promise<DoctorRun> {
  const run = await runDoctor(words);
  return { ...run, remarks: run.remarks.filter(({ server }) => server !== undefined) };
}

/** A haproxy whose socket something else answers. */
async function haproxyWithSocket(site: Site, socket: string): Promise<string> {
  await keep(startSceneHaproxy(scene, site.certificate, 'own.sock'));
  const file = scene.folder.at('haproxy.cfg');
  writeFileSync(file, readFileSync(file, 'utf8').replace(scene.folder.at('own.sock'), socket));
  return `haproxy:${file}`;
}

describe('doctor --ask-servers on lighttpd', { tags: ['lighttpd', 'chroot'] }, () => {
  async function lighttpd(site: Site): Promise<string> {
    const port = await freePort();
    scene.folder.write('staple.conf', `ssl.stapling-file = var.folder + "/site.pem.ocsp"\n`);
    const file = scene.folder.write(
      'lighttpd.conf',
      `server.modules = ("mod_openssl")
var.folder = "${scene.folder.path}"
server.document-root = var.folder
server.bind = "127.0.0.1"
server.port = ${port}
server.pid-file = "${scene.folder.at('lighttpd.pid')}"
ssl.engine = "enable"
ssl.pemfile = var.folder + "/site.pem"
ssl.privkey = "${site.key}"
include_shell "cat ${scene.folder.at('staple.conf')}"
`,
    );
    await keep(
      startDaemon({
        command: 'lighttpd',
        debianPackage: 'lighttpd',
        args: ['-D', '-f', file],
        folder: scene.folder.path,
        ports: [port],
      }),
    );
    return `lighttpd:${file}`;
  }

  it('knows what variables and the output of commands stand for', async () => {
    const site = scene.issue('site');
    const server = await lighttpd(site);
    const read = await look([server]);
    expect(read.certificates).toEqual([]);
    expect(read.remarks.map(({ code }) => code)).toEqual(['not-understood', 'not-understood']);

    const { certificates, remarks, exitCode, stdout } = await look(['--ask-servers', server]);
    expect(certificates, stdout).toMatchObject([
      {
        certificate: site.certificate,
        state: 'unrefreshed',
        staple: { file: site.staple },
        handshakes: [{ outcome: 'served' }],
      },
    ]);
    expect(remarks).toEqual([]);
    expect(exitCode).toBe(0);
  });

  it('runs nothing where others may change the configuration, its folder, or a file that it includes', async () => {
    const server = await lighttpd(scene.issue('site'));
    const config = scene.folder.at('lighttpd.conf');
    const included = scene.folder.write('more.conf', '');
    writeFileSync(config, `${readFileSync(config, 'utf8')}include "more.conf"\n`);
    const cases: [string, () => void, () => void, string][] = [
      ['the file', () => chmodSync(config, 0o646), () => chmodSync(config, 0o644), 'others may write'],
      [
        'its folder',
        () => chmodSync(scene.folder.path, 0o777),
        () => chmodSync(scene.folder.path, 0o755),
        'others may write',
      ],
      [
        'an included file',
        () => chownSync(included, 1234, 1234),
        () => chownSync(included, 0, 0),
        'more.conf belongs to user 1234',
      ],
    ];
    for (const [name, spoil, mend, why] of cases) {
      spoil();
      const { certificates, remarks } = await look(['--ask-servers', server]);
      mend();
      expect(certificates, name).toEqual([]);
      const [remark] = remarks.filter(({ code }) => code === 'not-asked');
      expect(remark?.message, name).toContain('lighttpd did not print its configuration: ');
      expect(remark?.message, name).toContain(why);
    }
    expect((await look(['--ask-servers', server])).certificates).toHaveLength(1);
    writeFileSync(config, `${readFileSync(config, 'utf8')}include var.folder + "/more.conf"\n`);
    const { remarks } = await look(['--ask-servers', server]);
    expect(remarks.find(({ code }) => code === 'not-asked')?.message).toBe(
      'lighttpd did not print its configuration: not all files of its configuration were read',
    );
  });

  it('says why it could not, for a configuration that was broken since, and goes on', async () => {
    const site = scene.issue('site');
    const server = await lighttpd(site);
    const config = scene.folder.at('lighttpd.conf');
    writeFileSync(config, `${readFileSync(config, 'utf8')}garbage {{{\n`);
    const { remarks, exitCode } = await look(['--ask-servers', server]);
    expect(remarks.filter(({ code }) => code === 'unreadable').map(({ message }) => message)).toEqual([
      `${config}:11: this is neither a setting nor a condition nor an include`,
      expect.stringContaining('lighttpd cannot load its configuration'),
    ]);
    expect(exitCode).toBe(8);
  });
});

describe('doctor --ask-servers on nginx', { tags: ['nginx', 'chroot'] }, () => {
  it('takes the configuration that nginx prints, its lines where the files have them', async () => {
    const site = scene.issue('site');
    const [port, pidFile] = [await freePort(), scene.folder.at('nginx.pid')];
    const servers = [{ port, certificates: [{ chain: site.certificate, key: site.key }], staple: site.staple }];
    await keep(startNginx({ folder: scene.folder.path, pidFile, servers }));
    const config = scene.folder.at('nginx.conf');
    const [head = '', block = ''] = readFileSync(config, 'utf8').split(/(?=server \{)/);
    const included = scene.folder.write('sites/site.conf', block.replace(/\n\}\s*$/, '\n'));
    writeFileSync(config, `${head}include sites/*.conf;\n}\n`);
    const words = [`nginx:${config}`];
    const [read, printed] = [await look(words), await look(['--ask-servers', ...words])];
    expect(printed.certificates).toEqual(read.certificates);
    expect(printed.certificates).toMatchObject([{ state: 'unrefreshed', position: { file: included } }]);
    expect(printed.remarks).toEqual([]);
  });

  it('ends with 8 where nginx does not take its configuration, and judges what the files say', async () => {
    const site = scene.issue('site');
    const [port, pidFile] = [await freePort(), scene.folder.at('nginx.pid')];
    const servers = [{ port, certificates: [{ chain: site.certificate, key: site.key }], staple: site.staple }];
    await keep(startNginx({ folder: scene.folder.path, pidFile, servers }));
    const config = scene.folder.at('nginx.conf');
    writeFileSync(config, readFileSync(config, 'utf8').replace('access_log off;', 'acess_log off;'));
    const { certificates, remarks, exitCode } = await look(['--ask-servers', `nginx:${config}`]);
    expect(certificates).toMatchObject([{ state: 'unrefreshed' }]);
    expect(remarks[0]?.message).toContain('unknown directive "acess_log"');
    expect(exitCode).toBe(8);
    expect((await look([`nginx:${config}`])).exitCode).toBe(0);
  });
});

describe('a server that prints what it likes', { tags: ['perl', 'chroot'] }, () => {
  /** A program called nginx whose configuration is Perl: what it prints is up to its BEGIN block. */
  async function fakeNginx(code: string): Promise<string> {
    const program = scene.folder.at('bin/nginx');
    mkdirSync(scene.folder.at('bin'));
    copyFileSync('/usr/bin/perl', program);
    chmodSync(program, 0o755);
    const config = scene.folder.write('nginx.conf', `BEGIN { ${code} }\n`);
    const port = await freePort();
    const listen = `use IO::Socket::INET; $0 = "nginx: master process nginx -c ${config}"; my $s = IO::Socket::INET->new(LocalAddr => "127.0.0.1:${port}", Listen => 1); sleep 600;`;
    await keep(
      startDaemon({
        command: program,
        debianPackage: 'perl',
        args: ['-e', listen],
        folder: scene.folder.path,
        ports: [port],
      }),
    );
    return config;
  }

  it('is believed as its files are', async () => {
    const site = scene.issue('site');
    const text = `http { server { listen 127.0.0.1:1 ssl; ssl_certificate ${site.certificate}; ssl_stapling on; ssl_stapling_file ${site.staple}; } }`;
    const config = await fakeNginx(`print '# configuration file /x/nginx.conf:', chr 10, '${text}', chr 10;`);
    expect((await look([`nginx:${config}`])).certificates).toEqual([]);
    const { certificates, remarks } = await look(['--ask-servers', `nginx:${config}`]);
    expect(certificates, JSON.stringify(remarks)).toMatchObject([
      { certificate: site.certificate, staple: { file: site.staple } },
    ]);
  });

  it('prints 100 MB, or does not end: said, and nothing more', async () => {
    const config = await fakeNginx(`print 'a' x 1048576 for 1 .. 100;`);
    const words = ['--ask-servers', '--handshake-timeout', '20s', `nginx:${config}`];
    const much = await look(words);
    expect(much.remarks.map(({ message }) => message)).toContain(
      'nginx did not print its configuration: it printed more than 64 MiB',
    );
    expect(much.exitCode).toBe(0);
    writeFileSync(config, 'BEGIN { sleep 600; }\n');
    const long = await look(['--ask-servers', '--handshake-timeout', '1s', `nginx:${config}`]);
    expect(long.remarks.map(({ message }) => message)).toContain(
      'nginx did not print its configuration: it did not end within 1 s',
    );
  });

  it('is not run where its executable was replaced, or leads over a folder that others may write', async () => {
    const config = await fakeNginx(`print 'never';`);
    const reason = async (): Promise<string | undefined> => {
      const { remarks } = await look(['--ask-servers', `nginx:${config}`]);
      return remarks.find(({ code }) => code === 'not-asked')?.message;
    };
    chmodSync(scene.folder.at('bin'), 0o777);
    expect(await reason()).toContain(`others may write ${scene.folder.at('bin')}`);
    chmodSync(scene.folder.at('bin'), 0o755);
    rmSync(scene.folder.at('bin/nginx'));
    symlinkSync('/bin/true', scene.folder.at('bin/nginx'));
    expect(await reason()).toContain('has been replaced since process');
  });
});

describe('doctor --ask-servers on Apache', { tags: ['apache2', 'chroot'] }, () => {
  it('finds the certificates that it prints, by handshakes at its ports', async () => {
    const [one, two] = [scene.issue('one'), scene.issue('two', { mustStaple: true })];
    const plain = scene.issue('plain', { ocspUris: [] });
    const port = await freePort();
    const folder = scene.folder.path;
    const host = (site: Site, name: string): string =>
      `<VirtualHost 127.0.0.1:${port}>\nServerName ${name}.example\nSSLEngine on\nSSLCertificateFile \${DIR}/${name}.pem\nSSLCertificateKeyFile ${site.key}\n</VirtualHost>`;
    const file = scene.folder.write(
      'apache2.conf',
      `ServerRoot ${folder}
DefaultRuntimeDir ${folder}
Define DIR ${folder}
PidFile apache2.pid
ErrorLog ${folder}/error.log
ServerName localhost
User www-data
Group www-data
${['mpm_event', 'authz_core', 'socache_shmcb', 'ssl'].map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join('\n')}
Listen 127.0.0.1:${port}
<IfDefine PLAIN>
${host(plain, 'plain')}
</IfDefine>
${host(one, 'one')}
${host(two, 'two')}
`,
    );
    await keep(
      startDaemon({
        command: 'apache2',
        debianPackage: 'apache2',
        args: ['-f', file, '-DFOREGROUND', '-D', 'PLAIN'],
        folder,
        ports: [port],
      }),
    );
    const { certificates, exitCode, stdout } = await look(['--ask-servers', `apache:${file}`]);
    expect(
      certificates.map(({ certificate, state }) => [certificate, state]),
      stdout,
    ).toEqual([
      [two.certificate, 'must-staple-broken'],
      [one.certificate, 'not-served'],
      [plain.certificate, 'needs-nothing'],
    ]);
    expect(certificates[0]?.handshakes).toMatchObject([{ place: { port }, outcome: 'nothing-stapled' }]);
    expect(exitCode).toBe(10);
  });
});

describe('doctor on the socket of haproxy', { tags: ['haproxy'] }, () => {
  it('says what is loaded where no handshake can: a staple that haproxy was not told of', async () => {
    const site = scene.issue('site');
    await keep(startSceneHaproxy(scene, site.certificate));
    const file = scene.folder.at('haproxy.cfg');
    writeFileSync(file, readFileSync(file, 'utf8').replace('bind 127.0.0.1:', 'bind 203.0.113.5:'));
    const server = `haproxy:${file}`;
    expect((await look([server])).certificates).toMatchObject([
      { state: 'unrefreshed', loaded: { certificate: 'same', hasSlot: true, staple: 'same' } },
    ]);
    scene.age(site);
    const { certificates, exitCode } = await look([server]);
    expect(certificates).toMatchObject([
      {
        state: 'not-served',
        loaded: { staple: 'other' },
        reason: `haproxy has another staple loaded than ${site.staple}`,
        findings: [{ code: 'not-loaded' }, {}, {}],
      },
    ]);
    expect(exitCode).toBe(10);
  });

  it('says that a certificate is not loaded, and names what only a crt-list in memory has', async () => {
    const [one, two] = [scene.issue('one'), scene.issue('two')];
    const list = scene.folder.write('list.txt', `${one.certificate}\n${two.certificate}\n`);
    const port = await freePort();
    const config = haproxyConfig({ port, certificate: one.certificate, adminSocket: scene.folder.at('admin.sock') });
    await keep(
      startHaproxy({
        config: config.replace(`crt ${one.certificate}`, `crt-list ${list}`),
        folder: scene.folder.path,
        ports: [port],
      }),
    );
    const three = scene.issue('three');
    writeFileSync(list, `${one.certificate}\n${three.certificate}\n`);
    const { certificates, remarks } = await look([`haproxy:${scene.folder.at('haproxy.cfg')}`]);
    expect(certificates).toMatchObject([
      { certificate: three.certificate, state: 'not-served', loaded: { certificate: 'none' } },
      { certificate: one.certificate, state: 'unrefreshed', loaded: { certificate: 'same' } },
    ]);
    expect(certificates[0]?.reason).toContain('haproxy has not loaded this file');
    expect(remarks).toMatchObject([{ code: 'setting', message: expect.stringContaining(two.certificate) as string }]);
  });

  it('takes folders and halves of bundles in crt-lists for what the files name', async () => {
    const [one, two] = [scene.issue('one'), scene.issue('two')];
    scene.folder.write('certs/one.pem', readFileSync(one.certificate));
    scene.folder.write('both.pem.rsa', readFileSync(two.certificate));
    const list = scene.folder.write('list.txt', `both.pem\n`);
    const port = await freePort();
    const config = haproxyConfig({ port, certificate: 'certs/', adminSocket: scene.folder.at('admin.sock') })
      .replace('crt certs/', `crt certs/ crt-list ${list}`)
      .replace('maxconn', `crt-base ${scene.folder.path}\n    maxconn`);
    await keep(startHaproxy({ config, folder: scene.folder.path, ports: [port] }));
    const { certificates, remarks } = await look([`haproxy:${scene.folder.at('haproxy.cfg')}`]);
    expect(certificates.map(({ loaded }) => loaded?.certificate)).toEqual(['same', 'same']);
    expect(remarks).toEqual([]);
  });

  it('gives up on a socket that never answers, and on one that answers without an end', async () => {
    const site = scene.issue('site');
    const silent = await startFakeHaproxy(() => ({ fault: 'silence' }), scene.folder.at('silent.sock'));
    const flood = createServer((socket) => {
      socket.on('error', () => undefined);
      const chunk = Buffer.alloc(1024 * 1024, 'x\n');
      const pour = (): void => {
        if (!socket.destroyed) socket.write(chunk, () => setImmediate(pour));
      };
      pour();
    });
    await new Promise<void>((resolve) => flood.listen(scene.folder.at('flood.sock'), resolve));
    const server = await haproxyWithSocket(site, scene.folder.at('silent.sock'));
    try {
      const quiet = await look(['--handshake-timeout', '1s', server]);
      expect(quiet.certificates).toMatchObject([{ state: 'unrefreshed', handshakes: [{ outcome: 'served' }] }]);
      expect(quiet.remarks).toMatchObject([{ code: 'not-asked' }]);
      const file = scene.folder.at('haproxy.cfg');
      writeFileSync(file, readFileSync(file, 'utf8').replace('silent.sock', 'flood.sock'));
      const loud = await look([server]);
      expect(loud.certificates).toMatchObject([{ state: 'unrefreshed', handshakes: [{ outcome: 'served' }] }]);
      expect(loud.remarks).toMatchObject([{ code: 'not-asked' }]);
      expect(loud.exitCode).toBe(0);
    } finally {
      await silent.close();
      flood.close();
    }
  });
});

describe('doctor as root', { tags: ['haproxy', 'chroot'] }, () => {
  it('connects to no socket that others could have put there', async () => {
    const site = scene.issue('site');
    const fake = await startFakeHaproxy(() => '', scene.folder.at('fake.sock'));
    const server = await haproxyWithSocket(site, scene.folder.at('fake.sock'));
    try {
      chownSync(scene.folder.at('fake.sock'), 1234, 1234);
      const foreign = await look([server]);
      expect(foreign.remarks).toMatchObject([
        { code: 'not-asked', message: expect.stringContaining('fake.sock belongs to user 1234') as string },
      ]);
      chownSync(scene.folder.at('fake.sock'), 0, 0);
      chmodSync(scene.folder.path, 0o777);
      const open = await look([server]);
      chmodSync(scene.folder.path, 0o755);
      expect(open.remarks).toMatchObject([
        { code: 'not-asked', message: expect.stringContaining('others may write') as string },
      ]);
      expect(fake.connections()).toBe(0);
      await look([server]);
      expect(fake.connections()).toBe(1);
    } finally {
      await fake.close();
    }
  });

  it('asks over a socket of the user that haproxy runs as, in a folder of its group', async () => {
    const site = scene.issue('site');
    mkdirSync(scene.folder.at('run'));
    const port = await freePort();
    const config = haproxyConfig({
      port,
      certificate: site.certificate,
      adminSocket: scene.folder.at('run/admin.sock'),
    });
    const asUser = config
      .replace('maxconn 100', 'maxconn 100\n    user haproxy\n    group haproxy')
      .replace('mode 600', 'mode 660 user haproxy group haproxy');
    const { pid } = await keep(startHaproxy({ config: asUser, folder: scene.folder.path, ports: [port] }));
    const [, user = 0, group = 0] =
      /^Uid:\t\d+\t(\d+)[^]*^Gid:\t\d+\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.map(Number) ?? [];
    chownSync(scene.folder.at('run'), user, group);
    chmodSync(scene.folder.at('run'), 0o2775);
    const { certificates, remarks } = await look([`haproxy:${scene.folder.at('haproxy.cfg')}`]);
    expect(certificates).toMatchObject([{ loaded: { certificate: 'same', staple: 'same' } }]);
    expect(remarks).toEqual([]);
  });
});

if (isSince('haproxy', '2.8')) {
  describe('the own updates of haproxy', { tags: ['haproxy'] }, () => {
    it('are known to work, and to fail', async () => {
      const site = scene.issue('site');
      rmSync(site.staple);
      const list = scene.folder.write('list.txt', `${site.certificate} [ocsp-update on]\n`);
      const server = `haproxy:${scene.folder.at('haproxy.cfg')}`;
      const start = async (): Promise<{ stop(): Promise<void> }> => {
        const port = await freePort();
        const config = haproxyConfig({
          port,
          certificate: site.certificate,
          adminSocket: scene.folder.at('admin.sock'),
        });
        return await keep(
          startHaproxy({
            config: config.replace(`crt ${site.certificate}`, `crt-list ${list}`),
            folder: scene.folder.path,
            ports: [port],
          }),
        );
      };
      const state = async (): Promise<string | undefined> => (await look([server])).certificates[0]?.state;
      const first = await start();
      await expect.poll(state, { interval: 500 }).toBe('fine');
      const { certificates } = await look([server]);
      expect(certificates).toMatchObject([
        { loaded: { certificate: 'same', ownFetching: { isFailing: false } }, refreshedBy: [{ by: 'haproxy' }] },
      ]);
      expect(certificates[0]?.refreshedBy[0]?.when).toMatch(/^next \d/);
      await first.stop();

      scene.responder.behaviour = ({ response }) => void response.writeHead(500).end();
      await start();
      const failing = async (): Promise<unknown> =>
        (await look([server])).certificates[0]?.findings.map(({ code }) => code);
      await expect.poll(failing, { interval: 500 }).toContain('own-fetching-fails');
      expect((await look([server])).exitCode).toBe(10);
    });
  });
}

if (isSince('haproxy', '3.0')) {
  describe('the advice for a crt-store', { tags: ['haproxy'] }, () => {
    it('is the whole line, and haproxy takes it', async () => {
      const site = scene.issue('site');
      const port = await freePort();
      const base = haproxyConfig({ port, certificate: '@web/site', adminSocket: scene.folder.at('admin.sock') });
      const config = base.replace('defaults', `crt-store web\n    load crt ${site.certificate} alias site\ndefaults`);
      await keep(startHaproxy({ config, folder: scene.folder.path, ports: [port] }));
      const { certificates } = await look([`haproxy:${scene.folder.at('haproxy.cfg')}`]);
      const edit = certificates[0]!.findings[0]!.advice.find((step) => step.do === 'edit');
      expect(edit).toMatchObject({
        note: 'replace this line with',
        text: `load crt ${site.certificate} alias site ocsp ${site.staple}`,
      });
      await follow([edit!, { do: 'run', command: `haproxy -c -f ${scene.folder.at('haproxy.cfg')}` }], scene.folder);
    });
  });
}

describe('doctor on the console of dnsdist', { tags: ['dnsdist'] }, () => {
  it('knows the frontends that run, and says that one of the file does not', async () => {
    const site = scene.issue('site');
    await keep(startSceneDnsdist(scene, site));
    const file = scene.folder.at('dnsdist.conf');
    const server = `dnsdist:${file}`;
    expect((await look([server])).certificates).toMatchObject([{ loaded: { certificate: 'not-said' } }]);

    const port = await freePort();
    writeFileSync(
      file,
      `${readFileSync(file, 'utf8')}addTLSLocal("127.0.0.1:${port}", ${JSON.stringify(site.certificate)}, "x.key", {ocspResponses={${JSON.stringify(site.staple)}}})\n`,
    );
    scene.folder.write('other.pem', readFileSync(site.certificate));
    writeFileSync(
      file,
      readFileSync(file, 'utf8').replace(
        `"127.0.0.1:${port}", "${site.certificate}"`,
        `"127.0.0.1:${port}", "${scene.folder.at('other.pem')}"`,
      ),
    );
    const { certificates, exitCode } = await look([server]);
    expect(certificates).toMatchObject([
      {
        certificate: scene.folder.at('other.pem'),
        state: 'not-served',
        loaded: { certificate: 'none' },
        reason: 'dnsdist has not loaded this certificate',
      },
      { certificate: site.certificate, state: 'unrefreshed' },
    ]);
    expect(exitCode).toBe(10);
  });

  it('goes on where the console is closed, and where it has another key', async () => {
    const site = scene.issue('site');
    const { key } = await keep(startSceneDnsdist(scene, site));
    const file = scene.folder.at('dnsdist.conf');
    const text = readFileSync(file, 'utf8');
    const silent = createServer((socket) => void socket.resume());
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    running.push({ stop: () => new Promise((resolve) => silent.close(() => resolve())) });
    const { port } = silent.address() as AddressInfo;
    for (const other of [
      text.replace(/controlSocket\("127\.0\.0\.1:\d+"\)/, `controlSocket("127.0.0.1:${port}")`),
      text.replace(key, Buffer.alloc(32).toString('base64')),
      text.replace(key, 'none'),
      text.replace(/controlSocket\("127\.0\.0\.1:\d+"\)/, `controlSocket("127.0.0.1:${await freePort()}")`),
      text.replace(/controlSocket\("127\.0\.0\.1:/, 'controlSocket("203.0.113.9:'),
    ]) {
      writeFileSync(file, other);
      const { certificates, remarks, exitCode } = await look(['--handshake-timeout', '2s', `dnsdist:${file}`]);
      expect(certificates).toMatchObject([{ state: 'unrefreshed', handshakes: [{ outcome: 'served' }] }]);
      expect(remarks, other).toMatchObject([{ code: 'not-asked' }]);
      expect(exitCode).toBe(0);
    }
  });

  if (isSince('dnsdist', '2.0')) {
    it('is the same where dnsdist has a YAML configuration, the key of which serves a reload', async () => {
      const site = scene.issue('site');
      const [port, plain, consolePort] = [await freePort(), await freePort(), await freePort()];
      const file = scene.folder.write(
        'dnsdist.yml',
        `security_polling:
  suffix: ""
console:
  listen_address: "127.0.0.1:${consolePort}"
  key: "${randomBytes(32).toString('base64')}"
backends:
  - address: "127.0.0.1:9"
    protocol: "Do53"
    health_checks:
      mode: "up"
binds:
  - listen_address: "127.0.0.1:${plain}"
    protocol: "Do53"
  - listen_address: "127.0.0.1:${port}"
    protocol: "DoT"
    tls:
      certificates:
        - certificate: "${site.certificate}"
          key: "${site.key}"
      ocsp_response_files: ["${site.staple}"]
`,
      );
      const args = ['-C', file, '--supervised', '--disable-syslog'];
      await keep(
        startDaemon({
          command: 'dnsdist',
          debianPackage: 'dnsdist',
          args,
          folder: scene.folder.path,
          ports: [port, consolePort],
        }),
      );
      const server = `dnsdist:${file}`;
      expect((await look([server])).certificates).toMatchObject([
        {
          certificate: site.certificate,
          state: 'unrefreshed',
          loaded: { certificate: 'not-said' },
          handshakes: [{ outcome: 'served' }],
        },
      ]);
      scene.age(site);
      const { certificates } = await look([server]);
      expect(certificates).toMatchObject([{ state: 'not-served', target: `dnsdist:127.0.0.1:${consolePort}` }]);
      await follow(certificates[0]!.findings[0]!.advice, scene.folder);
      expect((await look([server])).certificates).toMatchObject([{ state: 'unrefreshed' }]);
    });
  }

  it('says of QUIC that nothing is stapled and nothing can be seen', async () => {
    const site = scene.issue('site');
    await keep(startSceneDnsdist(scene, site));
    const file = scene.folder.at('dnsdist.conf');
    scene.folder.write('quic.pem', readFileSync(site.certificate));
    writeFileSync(
      file,
      `${readFileSync(file, 'utf8')}addDOQLocal("127.0.0.1:853", "${scene.folder.at('quic.pem')}", "x.key")\n`,
    );
    const { certificates, exitCode } = await look([`dnsdist:${file}`]);
    expect(certificates).toMatchObject([
      { certificate: site.certificate, state: 'unrefreshed' },
      {
        certificate: scene.folder.at('quic.pem'),
        state: 'needs-nothing',
        reason: expect.stringContaining('QUIC at 127.0.0.1:853') as string,
      },
    ]);
    expect(exitCode).toBe(0);
  });
});

describe('what is no configuration', () => {
  it.for([
    ['dnsdist', 'garbage {{{\n'],
    ['dnsdist', 'hello this is a text\n'],
    ['lighttpd', 'garbage {{{\n'],
    ['lighttpd', 'ssl.engine = "enable\n'],
  ] as const)('of %s ends with 8: %j', async ([name, text]) => {
    const file = scene.folder.write(`${name}.conf`, text);
    const { stdout, exitCode } = await runRestaple(['doctor', `${name}:${file}`]);
    expect(stdout).toContain('no certificate of a TLS server was found in what could be read');
    expect(stdout).toContain(`${file}:`);
    expect(exitCode).toBe(8);
  });
});
