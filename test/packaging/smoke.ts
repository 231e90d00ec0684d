// The main job by a program as it was installed. By hand, with the words that run it: npx tsx test/packaging/smoke.ts restaple
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { startFakeHaproxy } from '../support/fake-haproxy.js';
import { createCertificateAuthority } from '../support/pki.js';
import { missingAmong } from '../support/programs.js';
import { projectFolder, runCommand, type RunResult } from '../support/run-program.js';
import { freePort } from '../support/servers/free-port.js';
import { haproxyConfig, startHaproxy } from '../support/servers/haproxy.js';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.js';

/** From this many certificates on, `fetch` starts threads. */
const fleetSize = 500;

export interface SmokeOptions {
  /** Where the program works; default: a temporary folder. */
  readonly folder?: TemporaryFolder;
  /** Added to the environment of the program. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Runs uri, serve, fetch, verify, inspect, generate and reload, and what is loaded on demand: help, settings from a file, a
 * glob, a proxy, threads. It names files by their name in the folder alone, which is also the working folder, and talks to
 * 127.0.0.1: a program in a chroot or a container that has this folder as its own can be tried as well.
 *
 * @param command the words that run the program, such as `['node', 'bin/run.js']`
 * @throws AssertionError for the first step that does not come out as it should, with what the program said
 */
export async function smoke(command: readonly string[], options: SmokeOptions = {}): Promise<void> {
  const folder = options.folder ?? createTemporaryFolder('restaple-smoke-');
  const program = programOf(command, folder, options.env ?? {});
  try {
    await saysWhatItIs(program);
    const port = await freePort();
    issueCertificates(folder, `http://127.0.0.1:${port}`);
    const responder = await program.serve(port);
    try {
      await refreshesOne(program, folder, `http://127.0.0.1:${port}`);
      await refreshesMany(program, folder);
      await tellsHaproxy(program, folder);
    } finally {
      await responder.stop();
    }
    await signsForItsOwn(program);
  } finally {
    if (options.folder === undefined) folder.remove();
  }
}

interface Program {
  /** Runs it, and expects this exit code and this on stderr, by default nothing. */
  readonly run: (exitCode: number, words: readonly string[], stderr?: RegExp, input?: string) => Promise<RunResult>;
  /** Starts the responder of the CA, and waits until it serves. */
  readonly serve: (port: number) => Promise<{ readonly stop: () => Promise<void> }>;
}

function programOf(
  [file = '', ...first]: readonly string[],
  folder: TemporaryFolder,
  env: Readonly<Record<string, string>>,
): Program {
  return {
    async run(exitCode, words, stderr = /^$/, input = '') {
      const result = await runCommand(file, [...first, ...words], {
        cwd: folder.path,
        env,
        input,
        timeoutMilliseconds: 600_000,
      });
      const shown = `${words.join(' ')}\n${result.stdout}${result.stderr}`;
      assert.equal(result.exitCode, exitCode, `exit code ${String(result.exitCode)} in place of ${exitCode}: ${shown}`);
      assert.match(result.stderr, stderr, shown);
      return result;
    },
    async serve(port) {
      const source = ['--ca-cert', 'ca.pem', '--ca-key', 'ca.key', '--index', 'index.txt'];
      const child = spawn(file, [...first, 'serve', '--listen', `127.0.0.1:${port}`, ...source], {
        cwd: folder.path,
        env: { PATH: process.env['PATH'], HOME: folder.path, ...env },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      let said = '';
      const end = once(child, 'close');
      await new Promise<void>((listens, fails) => {
        child.stderr.on('data', (chunk: Buffer) => {
          said += chunk.toString();
          if (said.includes('serving on ')) listens();
        });
        end.then(() => fails(new Error(`serve ended: ${said}`)), fails);
      });
      return {
        async stop() {
          child.kill('SIGTERM');
          assert.deepEqual(await end, [0, null], said);
        },
      };
    },
  };
}

/** A CA with an index of its certificates: site.pem, and a fleet. */
function issueCertificates(folder: TemporaryFolder, url: string): void {
  const authority = createCertificateAuthority({ name: 'Smoke CA' });
  folder.write('ca.pem', authority.certificate.pem);
  folder.write('ca.key', authority.keyPem, 0o600);
  const names = ['site.pem', ...Array.from({ length: fleetSize }, (_, index) => `fleet/${index}.pem`)];
  const lines = names.map((name) => {
    const { certificate, keyPem, serialNumber } = authority.issue({ ocspUris: [url] });
    folder.write(name, certificate.pem + authority.certificate.pem + keyPem, 0o600);
    return `${['V', '490101000000Z', '', serialNumber.toUpperCase(), 'unknown', '/CN=smoke'].join('\t')}\n`;
  });
  folder.write('index.txt', lines.join(''));
}

async function saysWhatItIs({ run }: Program): Promise<void> {
  const { version } = JSON.parse(readFileSync(join(projectFolder, 'package.json'), 'utf8')) as { version: string };
  const said = await run(0, ['--version']);
  assert.ok(said.stdout.startsWith(`restaple/${version} `), said.stdout);
  assert.match((await run(0, ['--help'])).stdout, /^ +fetch /m);
  assert.match((await run(0, ['fetch', '-h'])).stdout, /^Usage: restaple fetch /m);
  assert.match((await run(0, ['fetch', '--help'])).stdout, /--allow-private/);
  await run(2, ['fetsh', 'site.pem'], /fetch/);
}

async function refreshesOne({ run }: Program, folder: TemporaryFolder, url: string): Promise<void> {
  assert.equal((await run(0, ['uri', 'site.pem'])).stdout, `${url}\n`);
  await run(7, ['fetch', 'site.pem'], /--allow-private/);
  await run(0, ['fetch', '--allow-private', 'site.pem']);
  const [report] = (await run(0, ['verify', '--json', 'site.pem'])).lines();
  assert.equal(report?.['verdict'], 'good');
  assert.match((await run(0, ['inspect', 'site.pem.ocsp'])).stdout, /good/);
  await run(0, ['verify', '--issuer', '/dev/stdin', 'site.pem'], /^$/, readFileSync(folder.at('ca.pem'), 'utf8'));
  // The responder is also the proxy, since a request through one goes by another HTTP client.
  await run(0, ['query', '--allow-private', '--proxy', url, 'site.pem']);
}

async function refreshesMany({ run }: Program, folder: TemporaryFolder): Promise<void> {
  folder.write('restaple.yaml', "certificates: ['fleet/*.pem']\ndefaults: { allow-private: true }\n");
  await run(0, ['config', 'check', '--config', 'restaple.yaml']);
  const lines = (await run(0, ['fetch', '--json', '--config', 'restaple.yaml'])).lines();
  assert.equal((lines.at(-1)?.['summary'] as Record<string, unknown>)['updated'], fleetSize);
}

async function signsForItsOwn({ run }: Program): Promise<void> {
  const signer = ['--ca-cert', 'ca.pem', '--ca-key', 'ca.key'];
  await run(0, ['generate', ...signer, '--status', 'revoked', '--out', 'revoked.ocsp', 'site.pem']);
  const [report] = (await run(3, ['verify', '--json', '--response', 'revoked.ocsp', 'site.pem'])).lines();
  assert.equal(report?.['verdict'], 'revoked');
}

/** The real one where it is installed, with a handshake that shows the staple; otherwise one that has no certificate loaded. */
async function tellsHaproxy({ run }: Program, folder: TemporaryFolder): Promise<void> {
  if (missingAmong(['haproxy']).length > 0) {
    const haproxy = await startFakeHaproxy(({ command }) => (command === 'show ssl cert' ? '# filename\n' : ''));
    try {
      await run(0, ['reload', '--json', `haproxy:${haproxy.address}`, 'site.pem']);
      assert.ok(haproxy.commands.length > 0);
    } finally {
      await haproxy.close();
    }
    return;
  }
  const [port, adminPort] = [await freePort(), await freePort()];
  const config = haproxyConfig({ port, certificate: 'site.pem', adminSocket: `127.0.0.1:${adminPort}` });
  const haproxy = await startHaproxy({ config, folder: folder.path, ports: [port, adminPort] });
  try {
    await run(0, ['fetch', '--force', '--allow-private', 'site.pem']);
    await run(0, ['reload', '--confirm', `127.0.0.1:${port}`, `haproxy:127.0.0.1:${adminPort}`, 'site.pem']);
  } finally {
    await haproxy.stop();
  }
}

if (process.argv[1] === import.meta.filename) {
  await smoke(process.argv.slice(2));
  console.log('uri, serve, fetch, verify, inspect, query, generate and reload work');
}
