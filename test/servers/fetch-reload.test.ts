// @module-tag haproxy
// @module-tag dnsdist
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { runRestaple } from '../support/run-program.js';
import {
  createServerScene,
  fetchAndReload,
  recordingCommand,
  startSceneDnsdist,
  startSceneHaproxy,
  type DnsdistServer,
  type ServerScene,
  type Site,
  type TargetServer,
} from '../support/servers/server-scene.js';
import { probe } from '../support/servers/stapling-scene.js';

let scene: ServerScene;
let site: Site;
let haproxy: TargetServer;
let dnsdist: DnsdistServer;

beforeAll(async () => {
  scene = await createServerScene();
  site = scene.issue('site');
  haproxy = await startSceneHaproxy(scene, site.certificate);
  dnsdist = await startSceneDnsdist(scene, site);
});

afterAll(async () => {
  await haproxy.stop();
  await dnsdist.stop();
  await scene.clear();
});

const line = (): string[] => [
  ...['--reload', haproxy.target],
  ...['--reload', dnsdist.target, '--dnsdist-key-file', dnsdist.keyFile],
  ...['--confirm', haproxy.place, '--confirm', dnsdist.place],
  site.certificate,
];

const served = async ({ port }: TargetServer): Promise<Uint8Array | undefined> =>
  (await probe(port, { serverName: 'site.example' })).staple;

const bytesOf = (staple: Buffer): Uint8Array => new Uint8Array(staple);

describe('one line of fetch with haproxy and dnsdist', () => {
  let before: Buffer;

  beforeEach(() => {
    before = scene.age(site);
  });

  it('updates the file and both servers and proves it, and tells nobody of a fresh staple', async () => {
    const first = await fetchAndReload(line());
    expect({ exitCode: first.exitCode, stderr: first.stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(first.outcomes).toEqual(['updated']);
    const told = { certificate: site.certificate, ok: true };
    expect(first.reload).toEqual(
      [haproxy.target, dnsdist.target, `confirm:${haproxy.place}`, `confirm:${dnsdist.place}`].map((target) => ({
        target,
        ok: true,
        certificates: [told],
        milliseconds: expect.any(Number) as number,
      })),
    );
    const stored = scene.staple(site);
    expect(stored.equals(before)).toBe(false);
    expect(await served(haproxy)).toEqual(bytesOf(stored));
    expect(await served(dnsdist)).toEqual(bytesOf(stored));

    const second = await fetchAndReload(line());
    expect(second).toMatchObject({ exitCode: 0, stderr: '', outcomes: ['fresh'] });
    expect(second.reload.map(({ certificates }) => certificates.length)).toEqual([0, 0, 1, 1]);
    expect(second.reload.every(({ ok }) => ok)).toBe(true);
    expect(scene.staple(site)).toEqual(stored);
  });

  it('takes the key of dnsdist from the environment, and shows it to no command', async () => {
    const recorder = recordingCommand(scene, 'keyed');
    const words = ['--reload', dnsdist.target, '--reload', recorder.target, '--confirm', dnsdist.place];
    const env = { RESTAPLE_DNSDIST_KEY: dnsdist.key, OTHER_VARIABLE: 'kept' };
    const result = await fetchAndReload(['--verbose', ...words, site.certificate], { env });
    expect(result).toMatchObject({ exitCode: 0, outcomes: ['updated'] });
    expect(result.reload.map(({ ok }) => ok)).toEqual([true, true, true]);
    expect(recorder.environment()).toContain('OTHER_VARIABLE=kept');
    expect(recorder.environment()).not.toContain('RESTAPLE_DNSDIST_KEY');
    expect(result.stdout + result.stderr + recorder.environment()).not.toContain(dnsdist.key);
    expect(await served(dnsdist)).toEqual(bytesOf(scene.staple(site)));
  });

  it.each([
    ['without a key', {}, [], /none was given/, /--dnsdist-key-file, or set RESTAPLE_DNSDIST_KEY/],
    ['with a short key', { RESTAPLE_DNSDIST_KEY: 'c2hvcnQ=' }, [], /decodes to 5 bytes/, /makeKey\(\)/],
  ])('ends with 2 %s, before anything is asked or written', async (_what, env, flags, message, hint) => {
    const requests = scene.responder.requests.length;
    const words = ['--allow-private', '--reload', haproxy.target, '--reload', dnsdist.target, ...flags];
    const result = await runRestaple(['fetch', ...words, site.certificate], { env });
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toMatch(message);
    expect(result.stderr).toMatch(hint);
    expect(result.stderr).not.toContain('c2hvcnQ=');
    expect(scene.responder.requests).toHaveLength(requests);
    expect(scene.staple(site)).toEqual(before);
  });

  it('ends with 10 for a wrong key, tells the others, and the next run tells dnsdist although the staple is fresh', async () => {
    const wrong = Buffer.alloc(32, 7).toString('base64');
    const words = ['--reload', dnsdist.target, '--reload', haproxy.target, '--confirm', haproxy.place];
    const first = await fetchAndReload([...words, site.certificate], { env: { RESTAPLE_DNSDIST_KEY: wrong } });
    expect(first).toMatchObject({ exitCode: 10, outcomes: ['updated'] });
    expect(first.reload).toMatchObject([
      { target: dnsdist.target, ok: false, error: { code: 'authentication-failed' } },
      { target: haproxy.target, ok: true },
      { ok: true },
    ]);
    expect(first.stderr).toMatch(/^restaple: reload failed dnsdist:.*\n {2}hint: .+$/m);
    expect(first.stderr).not.toContain(wrong);
    const stored = scene.staple(site);
    expect(stored.equals(before)).toBe(false);
    expect(await served(dnsdist)).not.toEqual(bytesOf(stored));

    const second = await fetchAndReload([...words, site.certificate], { env: { RESTAPLE_DNSDIST_KEY: dnsdist.key } });
    expect(second).toMatchObject({ exitCode: 0, outcomes: ['fresh'] });
    expect(second.reload.map(({ certificates }) => certificates.length)).toEqual([1, 0, 1]);
    expect(await served(dnsdist)).toEqual(bytesOf(stored));
    const third = await fetchAndReload([...words, site.certificate], { env: { RESTAPLE_DNSDIST_KEY: dnsdist.key } });
    expect(third.reload.map(({ certificates }) => certificates.length)).toEqual([0, 0, 1]);
  });

  it('tells nobody in a --dry-run', async () => {
    const recorder = recordingCommand(scene, 'dry');
    const result = await fetchAndReload(['--dry-run', '--reload', recorder.target, ...line()]);
    expect(result).toMatchObject({ exitCode: 0, outcomes: ['updated'] });
    expect(result.reload.flatMap(({ certificates }) => certificates)).toEqual([]);
    expect(recorder.runs()).toBe(0);
    expect(scene.staple(site)).toEqual(before);
    // The staple of the test before.
    expect(await served(haproxy)).not.toEqual(bytesOf(before));
  });

  it('has the next run tell a server whose handshake did not show the staple', async () => {
    // haproxy is told and the proof asked of dnsdist, which nobody tells.
    const words = ['--reload', haproxy.target, '--confirm', dnsdist.place, '--reload-timeout', '2s'];
    const first = await fetchAndReload([...words, site.certificate]);
    expect(first).toMatchObject({ exitCode: 10, outcomes: ['updated'] });
    expect(first.reload).toMatchObject([
      { ok: true },
      { target: `confirm:${dnsdist.place}`, ok: false, certificates: [{ ok: false, code: 'other-staple' }] },
    ]);
    expect(first.stderr).toMatch(/not confirmed confirm:.*older response/);
    const second = await fetchAndReload([...words, site.certificate]);
    expect(second).toMatchObject({ exitCode: 10, outcomes: ['fresh'] });
    expect(second.reload[0]?.certificates).toHaveLength(1);
  });
});

describe('a server that is gone for a while', () => {
  let own: TargetServer | undefined;
  afterEach(async () => await own?.stop());

  it('ends in 10, undoes no write, and is told by the run after its return', async () => {
    const lone = scene.issue('lone');
    own = await startSceneHaproxy(scene, lone.certificate, 'lone.sock');
    await own.stop();
    const before = scene.staple(lone);
    const recorder = recordingCommand(scene, 'beside');
    const words = ['--reload', own.target, '--reload', recorder.target, lone.certificate];
    const first = await fetchAndReload(words);
    expect(first).toMatchObject({ exitCode: 10, outcomes: ['updated'] });
    expect(first.reload).toMatchObject([
      {
        ok: false,
        certificates: [{ certificate: lone.certificate, ok: false, code: 'target-unreachable' }],
        error: { code: 'target-unreachable', hint: expect.stringMatching(/\S/) as string },
      },
      { ok: true, certificates: [{ ok: true }] },
    ]);
    const stored = scene.staple(lone);
    expect(stored.equals(before)).toBe(false);

    const gone = await fetchAndReload(words);
    expect(gone).toMatchObject({ exitCode: 10, outcomes: ['fresh'] });
    expect(recorder.runs()).toBe(1);

    own = await startSceneHaproxy(scene, lone.certificate, 'lone.sock');
    const back = await fetchAndReload([...words, '--confirm', `${lone.certificate}=${own.place}`]);
    expect(back).toMatchObject({
      exitCode: 0,
      outcomes: ['fresh'],
      reload: [{ ok: true }, { ok: true }, { ok: true }],
    });
    expect(back.reload[0]?.certificates).toHaveLength(1);
    expect(recorder.runs()).toBe(1);
  });

  it('leaves the proof failed at once and not after a wait, where every target failed', async () => {
    const lone = scene.issue('unproven');
    const socket = scene.folder.at('nobody.sock');
    const words = ['--reload', `haproxy:${socket}`, '--confirm', '127.0.0.1:1', '--reload-timeout', '1h'];
    const result = await fetchAndReload([...words, lone.certificate]);
    expect(result).toMatchObject({ exitCode: 10, timedOut: false });
    expect(result.reload[1]).toMatchObject({ ok: false, certificates: [{ code: 'target-unreachable' }] });
  });
});

describe('two certificates in one run', () => {
  it('are pushed together, one refusal does not hide the other, and only that is tried again', async () => {
    const here = scene.issue('here');
    const nowhere = scene.issue('nowhere');
    const own = await startSceneHaproxy(scene, here.certificate, 'two.sock');
    try {
      const words = ['--reload', own.target, '--confirm', own.place, here.certificate, nowhere.certificate];
      const first = await fetchAndReload(words);
      expect(first).toMatchObject({ exitCode: 10, outcomes: ['updated', 'updated'] });
      expect(first.reload[0]).toMatchObject({
        ok: false,
        certificates: [
          { certificate: here.certificate, ok: true },
          { certificate: nowhere.certificate, ok: false, code: 'no-slot' },
        ],
      });
      // The other one is served elsewhere, or nowhere: of this server only what it has is asked.
      expect(first.reload[1]).toMatchObject({ ok: true, certificates: [{ certificate: here.certificate, ok: true }] });
      const second = await fetchAndReload(words);
      expect(second.reload[0]?.certificates.map(({ certificate }) => certificate)).toEqual([nowhere.certificate]);
    } finally {
      await own.stop();
    }
  });
});
