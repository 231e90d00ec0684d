// @module-tag bash
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';

import { fixed } from '../support/behaviours.js';
import { runCommand, runRestaple, startRestaple, programPath, type RunResult } from '../support/run-program.js';
import { stapleOf, withScene, type Scene } from './support/fetch-scene.js';

function plantPipe(path: string): void {
  expect(spawnSync('mkfifo', ['-m', '644', path]).status).toBe(0);
}

/** Far longer than any of these takes, and shorter than a test may. */
const patience = { timeoutMilliseconds: 25_000 };

async function run(args: readonly string[]): Promise<RunResult> {
  const result = await runRestaple(args, patience);
  expect(result.timedOut, args.join(' ')).toBe(false);
  return result;
}

describe('a pipe that somebody planted', () => {
  it('where a certificate was named is refused at once, and the others are fetched', async () => {
    await withScene(async ({ folder, certificate, staple }) => {
      const pipe = folder.at('a-pipe.pem');
      plantPipe(pipe);
      const { exitCode, stderr } = await run(['fetch', '--allow-private', pipe, certificate]);
      expect(exitCode).toBe(8);
      expect(stderr).toContain(`${pipe} is not a regular file`);
      expect(existsSync(staple)).toBe(true);
    });
  });

  it.each(['uri', 'verify', 'inspect', 'generate'])('is refused as the certificate of %s', async (command) => {
    await withScene(async ({ folder }) => {
      const pipe = folder.at('site.pipe');
      plantPipe(pipe);
      const ca = folder.write('ca.pem', '');
      const more = command === 'generate' ? ['--ca-cert', ca, '--ca-key', ca] : [];
      const { exitCode, stderr } = await run([command, ...more, pipe]);
      expect(exitCode).toBe(8);
      expect(stderr).toMatch(/is not a regular file|is empty/);
    });
  });

  it('as a staple, an issuer beside the certificate or its kept revocation is passed over', async () => {
    await withScene(async ({ folder, certificate, authority }) => {
      writeFileSync(certificate, authority.issue({ ocspUris: [] }).certificate.pem);
      for (const name of ['site.pem.ocsp', 'site.pem.issuer', 'chain.pem', '.site.pem.ocsp.restaple-revoked']) {
        plantPipe(folder.at(name));
      }
      const fetched = await run(['fetch', '--no-fetch-issuer', '--url', 'http://127.0.0.1:9/', certificate]);
      expect(fetched.exitCode).toBe(8);
      expect((await run(['verify', certificate])).exitCode).toBe(8);
    });
  });

  it('beside the staple of a revoked certificate, or a folder that may not be written, keeps nobody from hearing of it', async () => {
    await withScene(async (scene) => {
      const { folder, responder, certificate } = scene;
      responder.behaviour = fixed(stapleOf(scene, { status: { revokedAt: new Date('2026-01-05T10:00:00Z') } }));
      plantPipe(folder.at('.site.pem.ocsp.restaple-tmp'));
      plantPipe(folder.at('.site.pem.ocsp.restaple-lock'));
      const { exitCode, stderr } = await run(['fetch', '--allow-private', certificate]);
      expect(exitCode).toBe(3);
      expect(stderr).toContain('REVOKED');
    });
  });

  it.each([
    ['--issuer', 8],
    ['--trusted-responder', 8],
    ['--config', 2],
    ['--dnsdist-key-file', 8],
  ] as const)('is refused as the file of %s', async (flag, code) => {
    await withScene(async ({ folder, certificate }) => {
      plantPipe(folder.at('pipe'));
      const target = flag === '--dnsdist-key-file' ? ['--reload', 'dnsdist:127.0.0.1:9'] : [];
      const result = await run(['fetch', '--allow-private', ...target, flag, folder.at('pipe'), certificate]);
      expect(result.exitCode).toBe(code);
      expect(result.stderr).toContain('not a regular file');
    });
  });

  it('as a member of the configuration is one input error among good certificates', async () => {
    await withScene(async ({ folder, certificate, staple }) => {
      plantPipe(folder.at('planted.pem'));
      const lines = ['certificates:', `  - ${folder.at('planted.pem')}`, `  - ${certificate}`];
      const config = folder.write('restaple.yaml', `${lines.join('\n')}\n`, 0o600);
      const { exitCode } = await run(['fetch', '--allow-private', '--config', config, '--lock', folder.at('run.lock')]);
      expect(exitCode).toBe(8);
      expect(existsSync(staple)).toBe(true);
    });
  });

  it.each(['--crl', '--response', '--ca', '--untrusted'])('is refused as the file of verify %s', async (flag) => {
    await withScene(async ({ folder, certificate }) => {
      expect((await run(['fetch', '--allow-private', certificate])).exitCode).toBe(0);
      plantPipe(folder.at('pipe'));
      const { exitCode, stdout, stderr } = await run(['verify', flag, folder.at('pipe'), certificate]);
      expect(exitCode).toBe(8);
      expect(stdout + stderr).toContain('not a regular file');
    });
  });
});

describe('a device', () => {
  it('is not opened as a certificate, issuer or key', async () => {
    await withScene(async ({ certificate }) => {
      for (const words of [['/dev/zero'], ['--issuer', '/dev/tty', certificate], ['/dev/full', certificate]]) {
        const { exitCode, stderr } = await run(['fetch', '--allow-private', ...words]);
        expect(exitCode).toBe(8);
        expect(stderr).not.toContain('remove');
      }
    });
  });

  it('is not written to, and the hint does not say to remove it', async () => {
    await withScene(async ({ certificate }) => {
      const { exitCode, stderr } = await run(['fetch', '--allow-private', '--out', '/dev/null', certificate]);
      expect(exitCode).toBe(9);
      expect(stderr).toContain('name another file with --out\n');
    });
  });
});

describe('a pipe that the caller hands over', () => {
  const inShell = (script: string, { folder }: Scene): Promise<RunResult> =>
    runCommand('bash', ['-c', script], {
      ...patience,
      cwd: folder.path,
      env: { RESTAPLE: programPath, NODE: process.execPath },
    });
  const restaple = '"$NODE" "$RESTAPLE"';

  it('by <(command) or /dev/stdin is read to its end, slow as it may come, and by several readers', async () => {
    await withScene(async (scene) => {
      const { authority, folder, site, responder } = scene;
      folder.write('leaf.pem', site.certificate.pem);
      folder.write('ca.pem', authority.certificate.pem);
      const slowly = await inShell(`${restaple} uri <(head -c 40 leaf.pem; sleep 1; tail -c +41 leaf.pem)`, scene);
      expect({ ...slowly, stdout: slowly.stdout.trim() }).toMatchObject({ exitCode: 0, stdout: responder.url });
      const stdin = await inShell(`cat leaf.pem | ${restaple} uri /dev/stdin`, scene);
      expect(stdin).toMatchObject({ exitCode: 0, stdout: slowly.stdout });
      const redirected = await inShell(`${restaple} uri /dev/stdin < leaf.pem`, scene);
      expect(redirected).toMatchObject({ exitCode: 0, stdout: slowly.stdout });
      const flags = '--allow-private --no-fetch-issuer';
      const fetched = await inShell(`${restaple} fetch ${flags} --issuer <(cat ca.pem) leaf.pem leaf.pem`, scene);
      expect(fetched.exitCode, fetched.stderr).toBe(0);
      const verified = await inShell(
        `${restaple} verify --issuer=<(cat ca.pem) --response <(cat leaf.pem.ocsp) leaf.pem`,
        scene,
      );
      expect(verified.exitCode, verified.stdout + verified.stderr).toBe(0);
    });
  });

  it('may hold the configuration, whose relative paths start at the current folder', async () => {
    await withScene(async (scene) => {
      const config = `certificates: [${basename(scene.certificate)}]\n`;
      for (const words of [`--config <(printf '${config}')`, `--config /dev/stdin <<< '${config}'`]) {
        const { exitCode, stderr } = await inShell(
          `${restaple} fetch --allow-private --lock ${scene.folder.at('run.lock')} ${words}`,
          scene,
        );
        expect([words, exitCode, stderr]).toEqual([words, 0, '']);
      }
    });
  });

  it('holds a key and its passphrase too', async () => {
    await withScene(async (scene) => {
      const { authority, folder, certificate } = scene;
      folder.write('ca.pem', authority.certificate.pem);
      folder.write('ca.key', authority.keyPem, 0o600);
      const signed = await inShell(
        `${restaple} generate --ca-cert ca.pem --ca-key <(cat ca.key) --status good ${certificate}`,
        scene,
      );
      expect(signed.exitCode, signed.stderr).toBe(0);
    });
  });

  it('through which nothing comes is ended by SIGTERM at once', async () => {
    await withScene(async ({ folder }) => {
      mkdirSync(folder.at('none'));
      for (const args of [['uri'], ['fetch'], ['verify', '--response']]) {
        const { process: child, result } = startWaiting([...args, '/dev/stdin']);
        await new Promise((resolve) => setTimeout(resolve, 700));
        child.kill('SIGTERM');
        const { timedOut, signal, exitCode } = await result;
        expect(timedOut).toBe(false);
        expect([signal, exitCode]).toEqual(['SIGTERM', null]);
      }
    });
  });
});

/** The program with a stdin that stays open and empty. */
function startWaiting(args: readonly string[]): ReturnType<typeof startRestaple> {
  return startRestaple(args, { ...patience, keepsInputOpen: true });
}
