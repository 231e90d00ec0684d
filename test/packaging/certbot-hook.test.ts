import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { delimiter } from 'node:path';
import { describe, expect, it } from 'vitest';

import { defaultRunLockPath } from '../../src/cli/fetch/run-lock-place.js';
import { answer } from '../support/answer.js';
import { httpStatus } from '../support/behaviours.js';
import { runCommand, programPath, type RunResult } from '../support/run-program.js';
import { withScene, type Scene } from '../e2e/support/fetch-scene.js';
import { withTemporaryFolder } from '../support/temporary-folder.js';
import { packagingFile } from './packaging-files.js';

const hook = packagingFile('certbot', 'restaple-deploy-hook');

/** A name as nobody should give one, and as a hook must take it. */
const lineageName = 'a b; $(touch hacked) \'c"';

interface Renewal {
  readonly scene: Scene;
  readonly lineage: string;
  readonly staple: string;
  /** What the server's reload saw, a line a reload; undefined where there was none. */
  readonly reloads: () => string | undefined;
  readonly run: (settings: string) => Promise<RunResult>;
}

/** certbot's tree after a renewal, `restaple` on PATH, and a server whose reload writes down what it finds. */
async function withRenewal(use: (renewal: Renewal) => Promise<void>): Promise<void> {
  await withScene(async (scene) => {
    const { folder, authority, site } = scene;
    const live = `live/${lineageName}`;
    folder.write(`${live}/fullchain.pem`, site.certificate.pem + authority.certificate.pem);
    folder.write(`${live}/privkey.pem`, site.keyPem, 0o600);
    folder.write('bin/restaple', `#!/bin/sh\nexec '${process.execPath}' '${programPath}' "$@"\n`, 0o755);
    const log = folder.at('reloads');
    folder.write(
      'bin/reload-server',
      `#!/bin/sh\ncertificate=$1\n{ test -s "$certificate" && echo certificate; test -s "$certificate.ocsp" && echo staple; echo reloaded; } |\n  paste -sd ' ' >> '${log}'\n`,
      0o755,
    );
    const lineage = folder.at(live);
    await use({
      scene,
      lineage,
      staple: `${lineage}/fullchain.pem.ocsp`,
      reloads: () => (existsSync(log) ? readFileSync(log, 'utf8') : undefined),
      run: (settings) =>
        runCommand('sh', [hook], {
          cwd: folder.path,
          env: {
            PATH: `${folder.at('bin')}${delimiter}${process.env['PATH'] ?? ''}`,
            RENEWED_LINEAGE: lineage,
            // The lock of /etc/restaple.yaml is this machine's, not the test's.
            RESTAPLE_CERTBOT_SETTINGS: folder.write('settings', `RESTAPLE_LOCK=\n${settings}`),
          },
        }),
    });
    expect(existsSync(folder.at('hacked'))).toBe(false);
  });
}

const usual = `RESTAPLE_FETCH='--allow-private --retries 0 --timeout 5s'
RESTAPLE_RELOAD='reload-server "$RESTAPLE_CERT"'
`;

describe('the certbot deploy hook', () => {
  it('is a script that sh and certbot can run', async () => {
    expect(await runCommand('sh', ['-n', hook])).toMatchObject({ exitCode: 0, stderr: '' });
    expect((await runCommand(hook, [])).stderr).toContain('RENEWED_LINEAGE is not set');
  });

  it('fetches the staple beside the new certificate, then reloads the server once, without a word', async () => {
    await withRenewal(async ({ run, reloads, staple }) => {
      expect(await run(usual)).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });
      expect(reloads()).toBe('certificate staple reloaded\n');
      expect(existsSync(staple)).toBe(true);
    });
  });

  it('puts the new certificate in place first, where a server reads it elsewhere', async () => {
    await withRenewal(async ({ scene: { folder }, run, reloads, staple }) => {
      mkdirSync(folder.at('haproxy certs'));
      const place = `RESTAPLE_CERT='${folder.at('haproxy certs')}/site.pem'
RESTAPLE_INSTALL='umask 077 && cat "$RENEWED_LINEAGE/fullchain.pem" "$RENEWED_LINEAGE/privkey.pem" > "$RESTAPLE_CERT"'
`;
      expect(await run(place + usual)).toMatchObject({ exitCode: 0, stderr: '' });
      expect(reloads()).toBe('certificate staple reloaded\n');
      expect(existsSync(folder.at('haproxy certs', 'site.pem.ocsp'))).toBe(true);
      expect(existsSync(staple)).toBe(false);
    });
  });

  it('takes flags with blanks, as for a template of --out', async () => {
    await withRenewal(async ({ scene: { folder }, run }) => {
      mkdirSync(folder.at('my staples'));
      const flags = `--allow-private --retries 0 --out '${folder.at('my staples')}/{name}.der'`;
      expect(await run(`RESTAPLE_FETCH="${flags}"\n`)).toMatchObject({ exitCode: 0, stderr: '' });
      expect(existsSync(folder.at('my staples', 'fullchain.der'))).toBe(true);
    });
  });

  it('reloads without a staple where the responder is down, and ends with the code of fetch', async () => {
    await withRenewal(async ({ scene, run, reloads }) => {
      scene.responder.behaviour = httpStatus(503);
      const { exitCode, stderr } = await run(usual);
      expect(exitCode).toBe(7);
      expect(stderr).toContain('reloading without a new staple (restaple exit 7)');
      expect(reloads()).toBe('certificate reloaded\n');
    });
  });

  it('leaves the old certificate in use where a staple is required', async () => {
    await withRenewal(async ({ scene, lineage, run, reloads }) => {
      scene.responder.behaviour = httpStatus(503);
      const { exitCode, stderr } = await run(`${usual}RESTAPLE_REQUIRE_STAPLE=yes\n`);
      expect(exitCode).toBe(7);
      expect(stderr).toContain('the old certificate stays in use');
      expect(stderr).toContain(lineage);
      expect(reloads()).toBeUndefined();
    });
  });

  it.each([
    [3, { revokedAt: new Date('2026-01-05T10:00:00Z') }],
    [4, 'unknown'],
  ] as const)('does not reload a certificate that its CA does not vouch for: exit %i', async (code, status) => {
    await withRenewal(async ({ scene, run, reloads }) => {
      scene.responder.behaviour = answer(scene.authority, status);
      const { exitCode, stderr } = await run(usual);
      expect(exitCode).toBe(code);
      expect(stderr).toContain('nothing was reloaded');
      expect(reloads()).toBeUndefined();
    });
  });

  it('stops with the code of a certificate that could not be put in place', async () => {
    await withRenewal(async ({ run, reloads, staple }) => {
      const { exitCode, stderr } = await run(`${usual}RESTAPLE_INSTALL='exit 23'\n`);
      expect(exitCode).toBe(23);
      expect(stderr).toContain('RESTAPLE_INSTALL ended with 23');
      expect(existsSync(staple)).toBe(false);
      expect(reloads()).toBeUndefined();
    });
  });

  it('ends with the code of a reload that failed', async () => {
    await withRenewal(async ({ run, staple }) => {
      const { exitCode, stderr } = await run(`${usual}RESTAPLE_RELOAD='exit 42'\n`);
      expect(exitCode).toBe(42);
      expect(stderr).toContain('RESTAPLE_RELOAD ended with 42');
      expect(existsSync(staple)).toBe(true);
    });
  });

  it('does not go on with settings that are not a shell', async () => {
    await withRenewal(async ({ run, reloads, staple }) => {
      expect((await run(`${usual}if\n`)).exitCode).toBe(2);
      expect(existsSync(staple)).toBe(false);
      expect(reloads()).toBeUndefined();
    });
  });

  it('needs no settings, and takes part in the lock of /etc/restaple.yaml', async () => {
    await withTemporaryFolder(async (folder) => {
      folder.write('bin/restaple', '#!/bin/sh\nprintf "<%s>" "$@"\n', 0o755);
      const env = {
        PATH: `${folder.at('bin')}${delimiter}${process.env['PATH'] ?? ''}`,
        RENEWED_LINEAGE: `/live/${lineageName}`,
        RESTAPLE_CERTBOT_SETTINGS: folder.at('absent'),
      };
      const lock = defaultRunLockPath({}, 0, '/etc/restaple.yaml');
      expect(await runCommand('sh', [hook], { env })).toMatchObject({
        exitCode: 0,
        stdout: `<fetch><--lock><${lock}><--lock-wait><10m><--></live/${lineageName}/fullchain.pem>`,
        stderr: '',
      });
    });
  });
});
