import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

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
      expect([...new Set(unusual)]).toEqual([folder.at('.config', 'restaple', 'theme.json')]);
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

  it('NODE_CHANNEL_FD that is no channel of a parent ends it', async () => {
    expect(await uri({ NODE_CHANNEL_FD: '9' })).toMatchObject({ exitCode: null, signal: 'SIGABRT' });
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
