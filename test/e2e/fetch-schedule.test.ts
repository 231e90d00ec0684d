import { describe, expect, it } from 'vitest';

import { answer } from '../support/answer.js';
import { runRestaple } from '../support/run-program.js';
import {
  bundleOf,
  day,
  fetchJson,
  fetchSite,
  fromNow,
  hour,
  minute,
  snapshot,
  storeStaple,
  withScene,
  type FetchRecord,
  type Scene,
  type StapleOptions,
} from './support/fetch-scene.js';

/** A staple of a week whose half has long passed, however the spread falls. */
const dueStaple = { thisUpdateOffset: -5 * day, nextUpdateOffset: 2 * day };

async function expectFresh(scene: Scene, flags: readonly string[] = []): Promise<FetchRecord> {
  const before = snapshot(scene.folder.path);
  const { exitCode, stderr, record } = await fetchSite(scene, flags);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(record).toMatchObject({ outcome: 'fresh', written: false, verdict: 'good', responder: null });
  expect(scene.responder.connections()).toBe(0);
  expect(snapshot(scene.folder.path)).toEqual(before);
  return record;
}

async function expectAsked(scene: Scene, flags: readonly string[] = []): Promise<FetchRecord> {
  const { exitCode, record } = await fetchSite(scene, flags);
  expect({ exitCode, outcome: record.outcome, written: record.written }).toEqual({
    exitCode: 0,
    outcome: 'updated',
    written: true,
  });
  return record;
}

describe('a staple is fresh', () => {
  it('in the first part of its window: nobody is asked and nothing written', async () => {
    await withScene(async (scene) => {
      storeStaple(scene);
      await expectFresh(scene);
    });
  });

  it('right after it was fetched', async () => {
    await withScene(async (scene) => {
      const fetched = await expectAsked(scene);
      const { exitCode, record } = await fetchSite(scene);
      expect(exitCode).toBe(0);
      expect(record).toMatchObject({ outcome: 'fresh', nextRefresh: fetched.nextRefresh });
      expect(scene.responder.requests).toHaveLength(1);
    });
  });

  it('past its half with --refresh-at 12h', async () => {
    await withScene(async (scene) => {
      storeStaple(scene, dueStaple);
      await expectFresh(scene, ['--refresh-at', '12h']);
    });
  });

  it('until the second of nextRefresh, and due from then on', async () => {
    await withScene(async (scene) => {
      storeStaple(scene);
      const { nextRefresh } = await expectFresh(scene);
      const due = Date.parse(nextRefresh ?? '');
      await expectFresh(scene, ['--at', new Date(due - 1000).toISOString()]);
      scene.responder.behaviour = answer(scene.authority, 'good', { now: new Date(due) });
      await expectAsked(scene, ['--at', String(due / 1000)]);
    });
  });
});

describe('a staple is due', () => {
  it('past the half of its window', async () => {
    await withScene(async (scene) => {
      storeStaple(scene, dueStaple);
      await expectAsked(scene);
    });
  });

  it.each([['3d'], ['40%']])('by --refresh-at %s', async (policy) => {
    await withScene(async (scene) => {
      storeStaple(scene, { thisUpdateOffset: -5 * day, nextUpdateOffset: 2 * day });
      await expectAsked(scene, ['--refresh-at', policy]);
    });
  });

  it('at a time that --at names, by which the answer is judged too', async () => {
    await withScene(async (scene) => {
      const at = fromNow(30 * day);
      storeStaple(scene);
      scene.responder.behaviour = answer(scene.authority, 'good', { now: at });
      await expectAsked(scene, ['--at', at.toISOString()]);
    });
  });

  it('300 s before its end at the latest', async () => {
    await withScene(async (scene) => {
      storeStaple(scene, { thisUpdateOffset: -hour, nextUpdateOffset: 20 * minute });
      const { nextRefresh, nextUpdate } = await expectFresh(scene, [
        '--refresh-at',
        '100%',
        '--at',
        fromNow(-50 * minute).toISOString(),
      ]);
      expect(Date.parse(nextUpdate ?? '') - Date.parse(nextRefresh ?? '')).toBeGreaterThanOrEqual(300_000);
    });
  });

  it('before the certificate of its signer ends, where that is sooner', async () => {
    await withScene(async (scene) => {
      const notAfter = fromNow(2 * day);
      const delegate = scene.authority.issueResponder({ notAfter });
      scene.responder.behaviour = answer(scene.authority, 'good', { delegate, nextUpdateOffset: 30 * day });
      const { nextRefresh } = await expectAsked(scene);
      expect(Date.parse(nextRefresh ?? '')).toBeLessThan(fromNow(1.2 * day).getTime());
      const { stderr } = await runRestaple(['fetch', '--verbose', scene.certificate]);
      expect(stderr).toContain(`(good until ${notAfter.toISOString().slice(0, 10)}T`);
    });
  });
});

it('spreads certificates over the tenth of the window before its half', async () => {
  await withScene(async (scene) => {
    const paths = Array.from({ length: 6 }, (_, index) => {
      const certificate = scene.authority.issue({ ocspUris: [scene.responder.url] });
      return scene.folder.write(`${index}.pem`, bundleOf(certificate, scene.authority));
    });
    const { records } = await fetchJson(paths);
    const parts = records.map(({ thisUpdate, nextUpdate, nextRefresh }) => {
      const [start, end, due] = [thisUpdate, nextUpdate, nextRefresh].map((time) => Date.parse(time ?? ''));
      return ((due ?? NaN) - (start ?? NaN)) / ((end ?? NaN) - (start ?? NaN));
    });
    expect(parts).toHaveLength(6);
    for (const part of parts) {
      expect(part).toBeGreaterThan(0.399);
      expect(part).toBeLessThanOrEqual(0.5);
    }
    expect(new Set(parts).size).toBeGreaterThan(1);
  });
});

it.each(['50', '101%', 'soon', '12'])('refuses --refresh-at %s with exit 2', async (text) => {
  const result = await runRestaple(['fetch', '--refresh-at', text, 'site.pem']);
  expect({ exitCode: result.exitCode, stdout: result.stdout }).toEqual({ exitCode: 2, stdout: '' });
  expect(result.stderr).toMatch(/--refresh-at: .* is not a percentage/);
});

describe('a failed refresh', () => {
  interface Case {
    readonly what: string;
    readonly stored: StapleOptions;
    readonly flags?: readonly string[];
    readonly mustStaple?: boolean;
    readonly kept: boolean;
  }
  const cases: readonly Case[] = [
    {
      what: 'while a quarter of the life is left',
      stored: { thisUpdateOffset: -4 * day, nextUpdateOffset: 3 * day },
      kept: true,
    },
    { what: 'in the last quarter', stored: { thisUpdateOffset: -6 * day, nextUpdateOffset: day }, kept: false },
    {
      what: 'in the last quarter with --alert-before 12h',
      stored: { thisUpdateOffset: -6 * day, nextUpdateOffset: day },
      flags: ['--alert-before', '12h'],
      kept: true,
    },
    {
      what: 'long before the last quarter with --alert-before 5d',
      stored: { thisUpdateOffset: -4 * day, nextUpdateOffset: 3 * day },
      flags: ['--alert-before', '5d'],
      kept: false,
    },
    {
      what: 'in the second half of a Must-Staple certificate',
      stored: { thisUpdateOffset: -4 * day, nextUpdateOffset: 3 * day },
      mustStaple: true,
      kept: false,
    },
    {
      what: 'in the first half of a Must-Staple certificate',
      stored: { thisUpdateOffset: -day, nextUpdateOffset: 6 * day },
      mustStaple: true,
      kept: true,
    },
    {
      what: 'when servers no longer take the staple, whatever --alert-before says',
      stored: { thisUpdateOffset: -6 * day, nextUpdateOffset: 4 * minute },
      flags: ['--alert-before', '0s'],
      kept: false,
    },
  ];

  it.each(cases)('is heard or not: $what', async ({ stored, flags = [], mustStaple = false, kept }) => {
    await withScene(
      async (scene) => {
        storeStaple(scene, stored);
        const before = snapshot(scene.folder.path);
        await scene.responder.close();
        const { exitCode, record } = await fetchSite(scene, ['--force', ...flags]);
        expect({ exitCode, outcome: record.outcome }).toEqual(
          kept ? { exitCode: 0, outcome: 'kept' } : { exitCode: 7, outcome: 'unavailable' },
        );
        expect(record).toMatchObject({ verdict: 'good', written: false, error: { code: 'connection-failed' } });
        expect(snapshot(scene.folder.path)).toEqual(before);
      },
      { certificate: () => ({ mustStaple }) },
    );
  });
});
