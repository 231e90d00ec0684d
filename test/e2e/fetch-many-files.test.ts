import { existsSync, linkSync, mkdirSync, writeFileSync } from 'node:fs';
import { on, once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';

import type { ThreadData } from '../../src/cli/fetch/helper-threads.js';
import type { FromThread, ToThread } from '../../src/pipeline/fleet/threads/thread-message.js';
import { answerTo } from '../support/answer.js';
import { fixed } from '../support/behaviours.js';
import { requestFor } from '../support/request-for.js';
import { programPath, runCommand, type RunResult } from '../support/run-program.js';
import { usualFetchOptions } from '../support/usual-fetch-options.js';
import {
  bundleOf,
  fetchJson,
  fetchSite,
  hour,
  stapleOf,
  withScene,
  withUsual,
  type Scene,
} from './support/fetch-scene.js';
import { startRunningFetch } from './support/running-fetch.js';

/** So many that several threads judge them, which is from 500 on. */
const many = 540;

const kinds = ['fresh', 'missing', 'expired', 'no-responder', 'damaged', 'no-certificate'] as const;
type Kind = (typeof kinds)[number];
const kindOf = (index: number): Kind => kinds[index % kinds.length]!;

/** Signs once for all, since every file has the same certificate. */
function answerAll({ responder, authority, site }: Scene): void {
  responder.behaviour = fixed(answerTo(requestFor(authority, site), authority));
}

/** Files that are told apart by their names; what is in them are few certificates. */
function addFiles(scene: Scene): void {
  answerAll(scene);
  const silent = scene.authority.issue({ ocspUris: [] });
  const contents: Readonly<Record<Kind, string>> = {
    fresh: scene.certificate,
    missing: scene.certificate,
    expired: scene.certificate,
    'no-responder': scene.folder.write('.silent.pem', bundleOf(silent, scene.authority)),
    damaged: scene.folder.write('.damaged.pem', '-----BEGIN CERTIFICATE-----\n&\n-----END CERTIFICATE-----\n'),
    'no-certificate': scene.folder.write('.text.pem', 'nothing of ours'),
  };
  const staples: Partial<Record<Kind, Buffer>> = {
    fresh: stapleOf(scene),
    expired: stapleOf(scene, { thisUpdateOffset: -48 * hour, nextUpdateOffset: -24 * hour }),
  };
  for (let index = 0; index < many; index += 1) {
    const kind = kindOf(index);
    const path = scene.folder.at(`${kind}-${index}.pem`);
    linkSync(contents[kind], path);
    if (staples[kind] !== undefined) writeFileSync(`${path}.ocsp`, staples[kind]);
  }
}

describe('a fleet that several threads judge', () => {
  it('has the outcome of each certificate, as one thread would have it', { timeout: 120_000 }, async () => {
    await withScene(async (scene) => {
      addFiles(scene);
      const leftover = scene.folder.write(`.fresh-0.pem.ocsp.restaple-tmp`, 'half a staple');
      const { exitCode, records, summary } = await fetchJson([scene.folder.path]);
      const each = many / kinds.length;
      // The scene's own certificate is one more without a staple.
      expect(summary).toMatchObject({
        total: 5 * each + 1,
        fresh: each,
        updated: 2 * each + 1,
        'no-responder': each,
        'input-error': each,
      });
      expect(exitCode).toBe(8);
      const named = new Map(records.map((record) => [record.certificate, record]));
      expect(named.size).toBe(5 * each + 1);
      for (let index = 0; index < many; index += 1) {
        const kind = kindOf(index);
        const path = scene.folder.at(`${kind}-${index}.pem`);
        const { outcome, staple, verdict, error } = named.get(path) ?? {};
        const expected = {
          fresh: { outcome: 'fresh', staple: `${path}.ocsp`, verdict: 'good' },
          missing: { outcome: 'updated', staple: `${path}.ocsp`, verdict: 'good' },
          expired: { outcome: 'updated', staple: `${path}.ocsp`, verdict: 'good' },
          'no-responder': { outcome: 'no-responder', staple: `${path}.ocsp`, verdict: null },
          damaged: { outcome: 'input-error', staple: null, verdict: null },
          'no-certificate': { outcome: undefined, staple: undefined, verdict: undefined },
        }[kind];
        expect({ outcome, staple, verdict }).toEqual(expected);
        expect(error?.code).toBe(
          kind === 'damaged' ? 'malformed-pem' : kind === 'no-responder' ? 'no-responder' : undefined,
        );
      }
      expect(existsSync(leftover)).toBe(false);
      const again = await fetchJson([scene.folder.path]);
      expect(again.summary).toMatchObject({ fresh: 3 * each + 1, updated: 0 });
    });
  });

  it('has its issuer from a pipe, which can be read once only', { timeout: 120_000 }, async () => {
    await withScene(async (scene) => {
      const leaf = scene.folder.write('.leaf.pem', scene.site.certificate.pem);
      const fleet = scene.folder.at('fleet');
      mkdirSync(fleet);
      for (let index = 0; index < many; index += 1) linkSync(leaf, join(fleet, `${index}.pem`));
      const issuer = scene.folder.write('.ca.pem', scene.authority.certificate.pem);
      answerAll(scene);
      const words = [process.execPath, programPath, ...withUsual(['--issuer', '/dev/stdin', fleet])];
      const runPiped = (): Promise<RunResult> =>
        runCommand('sh', ['-c', 'cat "$0" | "$@"', issuer, ...words], { timeoutMilliseconds: 60_000 });
      const cold = await runPiped();
      expect(cold.exitCode).toBe(0);
      expect(cold.lines().at(-1)).toMatchObject({ summary: { total: many, updated: many } });
      const fresh = await runPiped();
      expect(fresh.lines().at(-1)).toMatchObject({ summary: { total: many, fresh: many } });
    });
  });

  it('has its issuer downloaded once', { timeout: 120_000 }, async () => {
    await withScene(
      async (scene) => {
        const leaf = scene.folder.write('.leaf.pem', scene.site.certificate.pem);
        const fleet = scene.folder.at('fleet');
        mkdirSync(fleet);
        for (let index = 0; index < many; index += 1) linkSync(leaf, join(fleet, `${index}.pem`));
        answerAll(scene);
        scene.responder.routes.set('/ca.der', ({ response }) => {
          response.end(scene.authority.certificate.der);
        });
        const { exitCode, summary } = await fetchJson([fleet]);
        const downloads = scene.responder.requests.filter(({ url }) => url === '/ca.der').length;
        expect({ exitCode, downloads, ...summary }).toMatchObject({ exitCode: 0, downloads: 1, updated: many });
      },
      { certificate: (url) => ({ caIssuersUris: [`${url}/ca.der`] }) },
    );
  });

  it('ends at once on a signal', { timeout: 120_000 }, async () => {
    await withScene(async (scene) => {
      answerAll(scene);
      for (let index = 0; index < many; index += 1) linkSync(scene.certificate, scene.folder.at(`${index}.pem`));
      const fetch = startRunningFetch([scene.folder.path]);
      await expect.poll(() => scene.responder.requests.length).toBeGreaterThan(0);
      fetch.signal('SIGTERM');
      expect((await fetch.result).exitCode).toBe(143);
    });
  });
});

/** What a thread is started with that asks as the program usually does. */
const data: ThreadData = {
  at: undefined,
  client: { allowPrivate: true, allowAddresses: [], userAgent: 'restaple-test' },
  setting: {
    options: usualFetchOptions,
    issuers: [],
    shard: undefined,
    isObserved: true,
  },
};

/** A thread of the built program. */
function startThread(): { say(message: ToThread): void; hear(): Promise<FromThread>; end(): Promise<unknown> } {
  const thread = new Worker(new URL('../../dist/fetch-thread.cjs', import.meta.url), { workerData: data });
  const batches = on(thread, 'message');
  const heard: FromThread[] = [];
  return {
    say: (message) => thread.postMessage([message]),
    async hear() {
      while (heard.length === 0) heard.push(...((await batches.next()).value as [FromThread[]])[0]);
      return heard.shift()!;
    },
    async end() {
      const exit = once(thread, 'exit');
      thread.postMessage([{ kind: 'end' }]);
      return ((await exit) as [unknown])[0];
    },
  };
}

describe('the thread of the built program', () => {
  it('judges the files that it is asked about, and ends when it is told to', async () => {
    await withScene(async (scene) => {
      await fetchSite(scene);
      const other = scene.folder.write('none.pem', 'nothing of ours');
      const thread = startThread();
      const certificates = [scene.certificate, other, Buffer.from(scene.folder.at('gone.pem'))];
      thread.say({
        kind: 'scan',
        first: 7,
        certificates: certificates.map((path) => ({ path, named: false })),
        now: new Date(),
      });
      expect(await thread.hear()).toMatchObject({
        kind: 'scanned',
        first: 7,
        found: [{ kind: 'settled', outcome: { outcome: 'fresh', staple: scene.staple } }, null, null],
      });
      expect(await thread.end()).toBe(0);
    });
  });

  it('refreshes a certificate once it is let in, and tells of it', async () => {
    await withScene(async (scene) => {
      const thread = startThread();
      const { host } = new URL(scene.responder.url);
      thread.say({ kind: 'refresh', position: 3, certificate: { path: scene.certificate, named: false } });
      expect(await thread.hear()).toMatchObject({ kind: 'enter', number: 1, host });
      expect(scene.responder.requests).toHaveLength(0);
      thread.say({ kind: 'entry', number: 1, entry: { kind: 'pass', heldMilliseconds: 0 } });
      expect(await thread.hear()).toMatchObject({ kind: 'exchange', host });
      expect(await thread.hear()).toMatchObject({ kind: 'leave', number: 1, result: 'answered' });
      expect(await thread.hear()).toMatchObject({
        kind: 'refreshed',
        position: 3,
        end: { kind: 'settled', outcome: { outcome: 'updated', written: true, verdict: { kind: 'good' } } },
      });
      expect(existsSync(scene.staple)).toBe(true);
      expect(await thread.end()).toBe(0);
    });
  });

  it('gives up what waits at the gate when the run is interrupted', async () => {
    await withScene(async (scene) => {
      const thread = startThread();
      thread.say({ kind: 'refresh', position: 0, certificate: { path: scene.certificate, named: false } });
      expect(await thread.hear()).toMatchObject({ kind: 'enter', number: 1 });
      thread.say({ kind: 'abort' });
      thread.say({ kind: 'entry', number: 1, entry: { kind: 'interrupted' } });
      expect(await thread.hear()).toEqual({ kind: 'refreshed', position: 0, end: { kind: 'refused' } });
      expect(existsSync(scene.staple)).toBe(false);
      expect(await thread.end()).toBe(0);
    });
  });
});
