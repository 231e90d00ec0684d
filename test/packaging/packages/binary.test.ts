import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { answer } from '../../support/answer.js';
import { startResponder } from '../../support/misbehaving-responder.js';
import { createCertificateAuthority } from '../../support/pki.js';
import { projectFolder, runCommand, type RunResult } from '../../support/run-program.js';
import { withTemporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.js';
import { packagingFile } from '../packaging-files.js';
import { smoke } from '../smoke.js';
import { librariesAlone, prepareForRuns, unpackDebian } from './debian-root.js';

const executable = join(projectFolder, 'build', 'binary', process.arch === 'arm64' ? 'arm64' : 'amd64', 'restaple');
const certificate = join(projectFolder, 'fixtures', 'server.pem');
const printed = { exitCode: 0, stdout: 'http://ocsp.fixture.example/\n', stderr: '' };

const uri = (env: Record<string, string>): Promise<RunResult> => runCommand(executable, ['uri', certificate], { env });

/** Code that leaves a file behind where it is run. */
const injected = (folder: TemporaryFolder): string =>
  folder.write('injected.cjs', `require('node:fs').writeFileSync(${JSON.stringify(folder.at('INJECTED'))}, '');\n`);

describe('the single executable', () => {
  it('does all that the package does, threads too', async () => {
    await smoke([executable]);
  });

  it.each(['bookworm', 'trixie'] as const)(
    'needs nothing in an empty root but the C and C++ libraries of Debian %s, and flock for the run lock',
    { tags: ['chroot'] },
    async (release) => {
      await withTemporaryFolder(async (root) => {
        await unpackDebian(release, librariesAlone, root.path);
        copyFileSync(executable, root.at('restaple'));
        copyFileSync(certificate, root.at('server.pem'));
        const alone = await runCommand('chroot', [root.path, '/restaple', 'uri', 'server.pem']);
        expect(alone).toMatchObject(printed);
        await unpackDebian(release, ['util-linux'], root.path);
        prepareForRuns(root);
        await smoke(['chroot', root.path, '/restaple'], { folder: root });
      });
    },
  );

  it('opens no file as code but the libraries of the system', { tags: ['strace'] }, async () => {
    await withTemporaryFolder(async (folder) => {
      // Where Node.js and oclif would look if they looked.
      const plugins = [{ name: 'planted', type: 'user', tag: 'latest' }];
      const planted = JSON.stringify({ name: 'planted', type: 'commonjs', main: 'index.js', oclif: { plugins } });
      for (const place of ['', '.local/share/restaple/', 'node_modules/planted/']) {
        folder.write(`${place}package.json`, planted);
      }
      const words = ['-f', '-qq', '-e', 'trace=open,openat,execve', executable, 'uri', certificate];
      const traced = await runCommand('strace', words, { cwd: folder.path, env: { HOME: folder.path } });
      expect(traced).toMatchObject({ exitCode: 0, stdout: printed.stdout });
      const opened = [...traced.stderr.matchAll(/(?:open|openat|execve)\((?:AT_FDCWD, )?"([^"]+)"/g)].map(
        ([, path = '']) => path,
      );
      const libraries = /^(?:\/usr)?\/lib(?:64)?\/[\w./+-]+\.so[.\d]*$/;
      const data = [/^\/(?:proc|sys|dev)\//, /^\/etc\/(?:ld\.so\.(?:cache|preload)|ssl\/openssl\.cnf|localtime)$/];
      const unusual = opened.filter(
        (path) =>
          path !== executable && path !== certificate && ![libraries, ...data].some((known) => known.test(path)),
      );
      expect(opened).toContain(executable);
      expect([...new Set(unusual)]).toEqual([]);
    });
  });

  it('has the same octets in two builds', () => {
    const before = readFileSync(executable);
    const built = spawnSync(process.execPath, [packagingFile('binary', 'build.mjs')], { encoding: 'utf8' });
    expect(built.status, built.stderr).toBe(0);
    expect(readFileSync(executable).equals(before)).toBe(true);
  });
});

describe('what variables do to the executable, as docs/binary.md has it', () => {
  it.each([
    ['NODE_OPTIONS', (file: string) => `--require ${file}`],
    ['NODE_OPTIONS', () => '--no-such-option'],
    ['NODE_PATH', () => '/nonexistent'],
    ['NODE_ENV', () => 'development'],
    ['NODE_UNIQUE_ID', () => '1'],
    ['NODE_CHANNEL_FD', () => '9'],
    ['NODE_EXTRA_CA_CERTS', () => '/nonexistent'],
    ['NODE_ICU_DATA', () => '/nonexistent'],
    ['NODE_PENDING_DEPRECATION', () => '1'],
    ['NODE_PRESERVE_SYMLINKS', () => '1'],
    ['NODE_TEST_CONTEXT', () => 'child-v8'],
    ['NODE_USE_ENV_PROXY', () => '1'],
    ['NODE_USE_SYSTEM_CA', () => '1'],
    ['RESTAPLE_DATA_DIR', (file: string) => join(file, '..')],
  ])('%s changes nothing', async (name, value) => {
    await withTemporaryFolder(async (folder) => {
      const file = injected(folder);
      expect(await uri({ [name]: value(file) })).toMatchObject(printed);
      expect(readdirSync(folder.path)).toEqual(['injected.cjs']);
    });
  });

  it('NODE_OPTIONS reaches no helper thread either', async () => {
    await withTemporaryFolder(async (folder) => {
      const file = injected(folder);
      await smoke([executable], { env: { NODE_OPTIONS: `--require ${file}` } });
      expect(readdirSync(folder.path)).toEqual(['injected.cjs']);
    });
  });

  it('NODE_COMPILE_CACHE makes an empty folder, from which nothing is read', { tags: ['strace'] }, async () => {
    await withTemporaryFolder(async (folder) => {
      const words = ['-f', '-qq', '-e', 'trace=open,openat', executable, 'uri', certificate];
      const traced = await runCommand('strace', words, { env: { NODE_COMPILE_CACHE: folder.at('cache') } });
      expect(traced).toMatchObject({ exitCode: 0, stdout: printed.stdout });
      expect(traced.stderr).not.toContain(folder.path);
      const names = readdirSync(folder.at('cache'), { recursive: true, encoding: 'utf8' });
      expect(names.filter((name) => statSync(folder.at('cache', name)).isFile())).toEqual([]);
    });
  });

  it.each(['LD_PRELOAD', 'OPENSSL_CONF'])(
    '%s loads the library that it leads to',
    { tags: ['strace'] },
    async (name) => {
      await withTemporaryFolder(async (folder) => {
        const library = folder.write('library.so', 'no library');
        const sections = ['openssl_conf = all', '[all]', 'providers = list', '[list]', 'own = own', '[own]'];
        const settings = [...sections, `module = ${library}`, 'activate = 1', ''].join('\n');
        const value = name === 'LD_PRELOAD' ? library : folder.write('openssl.cnf', `nodejs_conf = all\n${settings}`);
        const words = [
          '-f',
          '-qq',
          '-e',
          'trace=open,openat',
          '-E',
          `${name}=${value}`,
          executable,
          'uri',
          certificate,
        ];
        const traced = await runCommand('strace', words);
        expect(traced.stderr).toContain(`"${library}"`);
      });
    },
  );

  it.each([
    ['is not believed without a variable', () => ({}), 7],
    ['is not believed by NODE_TLS_REJECT_UNAUTHORIZED', () => ({ NODE_TLS_REJECT_UNAUTHORIZED: '0' }), 7],
    ['is believed by NODE_EXTRA_CA_CERTS', (ca: string) => ({ NODE_EXTRA_CA_CERTS: ca }), 0],
    ['is not believed by SSL_CERT_FILE alone', (ca: string) => ({ SSL_CERT_FILE: ca }), 7],
    [
      'is believed by NODE_USE_SYSTEM_CA with SSL_CERT_FILE',
      (ca: string) => ({ NODE_USE_SYSTEM_CA: '1', SSL_CERT_FILE: ca }),
      0,
    ],
  ])('an https responder of a private CA %s', async (_how, variables, exitCode) => {
    const authority = createCertificateAuthority();
    const server = authority.issue({ subjectAltNames: ['127.0.0.1'] });
    const tls = { cert: server.certificate.pem, key: server.keyPem };
    const responder = await startResponder({ behaviour: answer(authority, 'good'), tls });
    try {
      await withTemporaryFolder(async (folder) => {
        const ca = folder.write('ca.pem', authority.certificate.pem);
        const site = folder.write('site.pem', server.certificate.pem);
        const words = ['query', '--allow-private', '--retries', '0', '--url', responder.url, '--issuer', ca, site];
        const asked = await runCommand(executable, words, { env: variables(ca) });
        expect(asked, asked.stderr).toMatchObject({ exitCode });
        expect(responder.requests).toHaveLength(exitCode === 0 ? 1 : 0);
      });
    } finally {
      await responder.close();
    }
  });

  it('NODE_REPL_EXTERNAL_MODULE is refused, and its module not loaded', async () => {
    await withTemporaryFolder(async (folder) => {
      const ended = await uri({ NODE_REPL_EXTERNAL_MODULE: injected(folder) });
      expect(ended.exitCode).not.toBe(0);
      expect(ended.stderr).toContain('NODE_REPL_EXTERNAL_MODULE');
      expect(readdirSync(folder.path)).toEqual(['injected.cjs']);
    });
  });

  it('NODE_V8_COVERAGE writes files into its folder', async () => {
    await withTemporaryFolder(async (folder) => {
      mkdirSync(folder.at('coverage'));
      expect(await uri({ NODE_V8_COVERAGE: folder.at('coverage') })).toMatchObject(printed);
      expect(readdirSync(folder.at('coverage'))).toHaveLength(1);
    });
  });
});
