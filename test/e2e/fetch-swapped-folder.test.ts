import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  unlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { runRestaple } from '../support/run-program.js';
import { withScene, type Scene } from './support/fetch-scene.js';

const runsAsRoot = process.geteuid?.() === 0;
const tenant = 65_534;

/** Waits by inotify for a file of restaple's in the folder, and then puts a link to another folder in its place. */
const swapper = `
  const { watch, renameSync, symlinkSync } = require('node:fs');
  const [folder, target, wanted] = process.argv.slice(1);
  let isDone = false;
  watch(folder, (_, name) => {
    if (isDone || !name.endsWith(wanted)) return;
    isDone = true;
    renameSync(folder, folder + '.was');
    symlinkSync(target, folder);
    process.stdout.write('swapped');
    process.exit(0);
  });
  process.stdout.write('ready');`;

interface Attempt {
  readonly exitCode: number | null;
  readonly isSwapped: boolean;
}

/** One run of root over the tenant's folder, which is swapped for a link to `locked` as soon as `wanted` is made in it. */
async function attempt(folder: string, locked: string, wanted: string, args: readonly string[]): Promise<Attempt> {
  const child = spawn(process.execPath, ['-e', swapper, folder, locked, wanted], {
    ...{ uid: tenant, gid: tenant, cwd: '/', stdio: ['ignore', 'pipe', 'inherit'] },
  });
  const closed = once(child, 'close');
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await once(child.stdout, 'data');
  const { exitCode } = await runRestaple(['fetch', '--allow-private', ...args]);
  if (child.exitCode === null) child.kill('SIGKILL');
  await closed;
  return { exitCode, isSwapped: said.includes('swapped') };
}

/** A folder of the tenant's with a certificate in it, in another one of the tenant's, and one of root's beside them. */
function placesIn({ folder, certificate }: Scene, name: string): { certs: string; locked: string } {
  chmodSync(folder.path, 0o711);
  const home = folder.at(`home-${name}`);
  const certs = join(home, 'certs');
  const locked = folder.at(`locked-${name}`);
  mkdirSync(certs, { recursive: true });
  mkdirSync(locked, { mode: 0o700 });
  cpSync(certificate, join(certs, 'site.pem'));
  for (const path of [home, certs, join(certs, 'site.pem')]) chownSync(path, tenant, tenant);
  return { certs, locked };
}

describe.runIf(runsAsRoot)('a folder that its owner swaps for a link during a run of root', () => {
  it.each(['.restaple-lock', '.restaple-tmp'])(
    'when %s is made has nothing written, replaced or removed where the link leads',
    async (wanted) => {
      await withScene(async (scene) => {
        let swaps = 0;
        for (let round = 0; round < 3; round += 1) {
          const { certs, locked } = placesIn(scene, `${round}`);
          scene.folder.write(`locked-${round}/site.pem.ocsp`, 'the staple of another');
          const { isSwapped, exitCode } = await attempt(certs, locked, wanted, [join(certs, 'site.pem')]);
          if (isSwapped) swaps += 1;
          expect(exitCode).toBe(0);
          expect(readdirSync(locked)).toEqual(['site.pem.ocsp']);
          expect(readFileSync(join(locked, 'site.pem.ocsp'), 'utf8')).toBe('the staple of another');
          expect(existsSync(join(`${certs}${isSwapped ? '.was' : ''}`, 'site.pem.ocsp'))).toBe(true);
        }
        expect(swaps).toBeGreaterThan(0);
      });
    },
  );

  it('has no request and no metrics written where the link leads', async () => {
    await withScene(async (scene) => {
      for (const [flag, name] of [
        ['--request-out', 'site.req'],
        ['--metrics', 'site.prom'],
      ] as const) {
        const { certs, locked } = placesIn(scene, name);
        await attempt(certs, locked, `.${name}.restaple-lock`, [flag, join(certs, name), scene.certificate]);
        expect(readdirSync(locked)).toEqual([]);
        rmSync(scene.staple);
      }
    });
  });

  it('and that was a link before the run is refused, exit 9, unless it leads to a folder of the same owner', async () => {
    await withScene(async (scene) => {
      const { certs, locked } = placesIn(scene, 'link');
      cpSync(scene.certificate, join(locked, 'site.pem'));
      await withLink(certs, locked);
      const refused = await runRestaple(['fetch', '--allow-private', join(certs, 'site.pem')]);
      expect(refused.exitCode).toBe(9);
      expect(refused.stderr).toContain(`user ${tenant} can change where ${certs} on the way to it leads`);
      expect(readdirSync(locked)).toEqual(['site.pem']);
      unlinkSync(certs);
      await withLink(certs, `${certs}.was`);
      const taken = await runRestaple(['fetch', '--allow-private', join(certs, 'site.pem')]);
      expect(taken.exitCode).toBe(0);
      expect(existsSync(join(`${certs}.was`, 'site.pem.ocsp'))).toBe(true);
    });
  });
});

/** The tenant puts a link in the place of a folder. */
async function withLink(folder: string, target: string): Promise<void> {
  const script =
    'const fs = require("node:fs"); const [a, b] = process.argv.slice(1); if (fs.existsSync(a)) fs.renameSync(a, a + ".was"); fs.symlinkSync(b, a)';
  const child = spawn(process.execPath, ['-e', script, folder, target], { uid: tenant, gid: tenant, cwd: '/' });
  await once(child, 'close');
}
