import { renameSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import { decodeCertificate } from '../../src/core/index.js';
import { spreadOf } from '../../src/core/schedule.js';
import { answer } from '../support/answer.js';
import { httpStatus } from '../support/behaviours.js';
import { startNotifyListener } from '../support/notify-listener.js';
import {
  bundleOf,
  fetchJson,
  hour,
  storeStaple,
  withScene,
  type FetchRecord,
  type Scene,
} from './support/fetch-scene.js';
import { startRunningFetch, type RunningFetch } from './support/running-fetch.js';

const of = (path: string, outcome: string) => (record: FetchRecord) =>
  record.certificate === path && record.outcome === outcome;

async function watching(words: readonly string[], use: (watch: RunningFetch) => Promise<void>): Promise<void> {
  const watch = startRunningFetch(['--watch', ...words]);
  try {
    await use(watch);
  } finally {
    watch.signal('SIGTERM');
  }
  expect((await watch.result).exitCode).toBe(143);
}

/** The --refresh-at by which the stored staple is due so long from now. */
function dueIn(scene: Scene, milliseconds: number): string {
  const start = Math.floor((Date.now() - hour) / 1000) * 1000;
  const end = start + 10 * hour;
  storeStaple(scene, { thisUpdateOffset: start - Date.now(), nextUpdateOffset: end - Date.now() });
  const spread = 0.1 * spreadOf(decodeCertificate(scene.site.certificate.der)) * (end - start);
  return `${Math.round((end - spread - Date.now() - milliseconds) / 1000)}s`;
}

describe('fetch --watch', () => {
  it('refreshes a staple when it falls due', { timeout: 60_000 }, async () => {
    await withScene(async (scene) => {
      // The first pass has to be over by then.
      const refreshAt = dueIn(scene, 15_000);
      await watching(['--refresh-at', refreshAt, scene.certificate], async (watch) => {
        await watch.line(of(scene.certificate, 'fresh'));
        expect(scene.responder.requests).toHaveLength(0);
        await watch.line(of(scene.certificate, 'updated'));
        expect(scene.responder.requests).toHaveLength(1);
      });
    });
  });

  it('reads its certificates again on SIGHUP, and tells only what is new', async () => {
    await withScene(async (scene) => {
      const words = [scene.folder.path];
      await watching(words, async (watch) => {
        await watch.line(of(scene.certificate, 'updated'));
        const later = scene.authority.issue({ ocspUris: [scene.responder.url] });
        const file = scene.folder.write('.later', bundleOf(later, scene.authority));
        renameSync(file, scene.folder.at('later.pem'));
        watch.signal('SIGHUP');
        await watch.line(of(scene.folder.at('later.pem'), 'updated'));
        watch.signal('SIGTERM');
        const { lines } = await watch.result;
        const told = lines().filter((line) => line['certificate'] === scene.certificate);
        expect(told).toHaveLength(1);
      });
    });
  });

  it('leaves a failing responder alone for a while, whatever else wakes it', async () => {
    await withScene(async (scene) => {
      scene.responder.behaviour = httpStatus(404);
      await watching([scene.folder.path], async (watch) => {
        await watch.line(of(scene.certificate, 'unavailable'));
        const asked = scene.responder.requests.length;
        const later = scene.authority.issue({ ocspUris: [`${scene.responder.url}/other`] });
        scene.responder.routes.set('/other', answer(scene.authority));
        scene.folder.write('later.pem', bundleOf(later, scene.authority));
        watch.signal('SIGHUP');
        await watch.line(of(scene.folder.at('later.pem'), 'updated'));
        expect(scene.responder.requests.filter(({ url }) => url === '/')).toHaveLength(asked);
      });
    });
  });

  it('lets another run in between its passes, which both hold the lock', { tags: 'flock' }, async () => {
    await withScene(async (scene) => {
      const lock = scene.folder.at('.run.lock');
      await watching(['--lock', lock, scene.certificate], async (watch) => {
        await watch.line(of(scene.certificate, 'updated'));
        const other = await fetchJson(['--lock', lock, '--force', scene.certificate]);
        expect(other).toMatchObject({ exitCode: 0, stderr: '' });
      });
    });
  });

  it(
    'tells the service manager that it is ready, reads again and stops',
    { timeout: 60_000, tags: ['python3', 'systemd-notify'] },
    async () => {
      await withScene(async (scene) => {
        const socket = scene.folder.at('.notify');
        const manager = await startNotifyListener(socket);
        try {
          const watch = startRunningFetch(['--watch', scene.certificate], { env: { NOTIFY_SOCKET: socket } });
          await watch.line(of(scene.certificate, 'updated'));
          watch.signal('SIGHUP');
          await expect.poll(async () => (await manager.heard()).flat()).toContain('RELOADING=1');
          watch.signal('SIGTERM');
          expect((await watch.result).exitCode).toBe(143);
          const heard = (await manager.heard()).flat();
          expect(heard).toContain('READY=1');
          expect(heard).toContain('STOPPING=1');
          expect(heard.some((word) => word.startsWith('STATUS=watching; next check at 2'))).toBe(true);
        } finally {
          await manager.close();
        }
      });
    },
  );

  it('goes on with what it had when the configuration cannot be read any more', { tags: 'flock' }, async () => {
    await withScene(async (scene) => {
      const config = scene.folder.write('.restaple.yaml', `certificates: [${scene.certificate}]\n`);
      const lock = scene.folder.at('.run.lock');
      const watch = startRunningFetch(['--watch', '--config', config, '--lock', lock]);
      await watch.line(of(scene.certificate, 'updated'));
      scene.folder.write('.restaple.yaml', 'certificates: 7: 8\n');
      watch.signal('SIGHUP');
      await watch.says('the watch goes on with the previous settings');
      watch.signal('SIGTERM');
      expect((await watch.result).exitCode).toBe(143);
    });
  });

  it('ends with the error of a first pass that cannot begin', async () => {
    await withScene(async (scene) => {
      const result = await startRunningFetch(['--watch', `${scene.folder.path}/*.crt`]).result;
      expect(result.exitCode).toBe(8);
    });
  });

  it.each([['--at', '2026-01-01'], ['--print-curl'], ['--request-out', 'q.der']])(
    'is refused beside %s',
    async (...flag) => {
      await withScene(async (scene) => {
        expect(await startRunningFetch(['--watch', ...flag, scene.certificate]).result).toMatchObject({ exitCode: 2 });
      });
    },
  );
});
