import { describe, expect, it } from 'vitest';

import { answer } from '../support/answer.js';
import { failing, html, httpStatus, redirect, resetConnection, silent, tryLater } from '../support/behaviours.js';
import { unusedPort } from '../support/misbehaving-responder.js';
import { runRestaple } from '../support/run-program.js';
import { testRow } from './support/fetch-row.js';
import { day, fetchSite, naming, withScene, type Scene } from './support/fetch-scene.js';

const updated = { exitCode: 0, outcome: 'updated' };

const brokenPort = await unusedPort();

function requestsOf({ responder }: Scene): string[] {
  return responder.requests.map(({ method, url }) => `${method} ${url}`);
}

describe('of several responders', () => {
  const broken: readonly (readonly [string, Parameters<Scene['responder']['routes']['set']>[1]])[] = [
    ['a web page', html()],
    ['an HTTP error', httpStatus(503)],
    ['a redirect to nowhere', redirect('http://169.254.169.254/')],
    ['a closed connection', resetConnection()],
  ];
  it.each(broken)('takes the second one where the first gives %s', async (_what, behaviour) => {
    await withScene(
      async (scene) => {
        scene.responder.routes.set('/first', behaviour);
        const { exitCode, record } = await fetchSite(scene);
        expect({ exitCode, outcome: record.outcome }).toEqual(updated);
        expect(record.responder).toMatchObject({ url: `${scene.responder.url}/second`, method: 'post', attempts: 2 });
        expect(requestsOf(scene)).toEqual(['POST /first', 'POST /second']);
      },
      naming('/first', '/second'),
    );
  });

  it('takes the second one where the first is down', async () => {
    await withScene(
      async (scene) => {
        const { exitCode, record, stderr } = await fetchSite(scene);
        expect({ exitCode, outcome: record.outcome }).toEqual(updated);
        expect(stderr).toBe('');
      },
      naming(`http://127.0.0.1:${brokenPort}`, '/second'),
    );
  });

  testRow({
    title: 'a first responder that sends garbage and a second that is down',
    ...naming('/first', `http://127.0.0.1:${brokenPort}`),
    arrange: ({ responder }) => responder.routes.set('/first', html()),
    exitCode: 5,
    outcome: 'invalid',
    code: 'malformed-response',
    message: /^a web page/,
    hint: /restaple fetch --print-curl$/,
  });

  testRow({
    title: 'a first responder that is down and a second that sends an expired response',
    ...naming(`http://127.0.0.1:${brokenPort}`, '/second'),
    arrange: (scene) => {
      scene.responder.behaviour = answer(scene.authority, 'good', {
        thisUpdateOffset: -3 * day,
        nextUpdateOffset: -day,
      });
    },
    exitCode: 6,
    outcome: 'invalid',
    isSoftened: true,
    code: 'expired',
    message: /expired/,
    hint: /tell the CA/,
  });
});

describe('retries', () => {
  // At once, for they wait more than they work.
  it.concurrent.each([
    ['HTTP 503', httpStatus(503)],
    ['HTTP 429', httpStatus(429)],
    ['a closed connection', resetConnection()],
  ])('ask again after %s, with a pause that grows', async (_what, fail) => {
    await withScene(async (scene) => {
      scene.responder.behaviour = failing(2, fail, answer(scene.authority));
      const { exitCode, record } = await fetchSite(scene, ['--retries', '2', '--timeout', '10s']);
      expect({ exitCode, outcome: record.outcome }).toEqual(updated);
      expect(record.responder?.attempts).toBe(3);
      const [first = 0, second = 0, third = 0] = scene.responder.requests.map(({ at }) => at);
      expect(second - first).toBeGreaterThan(300);
      expect(third - second).toBeGreaterThan(700);
    });
  });

  it('that lead to nothing but HTTP 429 end with what to do about it', async () => {
    await withScene(async (scene) => {
      scene.responder.behaviour = httpStatus(429);
      const { record } = await fetchSite(scene, ['--retries', '0']);
      expect(record.error?.hint).toMatch(/lower --rate/);
    });
  });

  it.concurrent('ask again after tryLater, no sooner than its Retry-After says', async () => {
    await withScene(async (scene) => {
      scene.responder.behaviour = tryLater(1, answer(scene.authority), '2');
      const { exitCode, record } = await fetchSite(scene, ['--retries', '1', '--timeout', '10s']);
      expect({ exitCode, outcome: record.outcome }).toEqual(updated);
      const [first = 0, second = 0] = scene.responder.requests.map(({ at }) => at);
      expect(second - first).toBeGreaterThan(1900);
    });
  });

  it.each([
    ['HTTP 404', httpStatus(404)],
    ['a web page', html()],
    ['a redirect to a blocked address', redirect('http://10.0.0.1/')],
  ])('are not made after %s, which would not get better', async (_what, behaviour) => {
    await withScene(async (scene) => {
      scene.responder.behaviour = behaviour;
      await runRestaple([...['fetch', '--retries', '2', '--allow-address', '127.0.0.1', scene.certificate]]);
      expect(scene.responder.requests).toHaveLength(1);
    });
  });

  it('end at once where Retry-After is longer than the time there is', async () => {
    await withScene(async (scene) => {
      scene.responder.behaviour = httpStatus(503, { 'retry-after': '3600' });
      const started = performance.now();
      const { exitCode, record } = await fetchSite(scene, ['--retries', '2', '--timeout', '20s']);
      expect(performance.now() - started).toBeLessThan(15_000);
      expect({ exitCode, code: record.error?.code }).toEqual({ exitCode: 7, code: 'retry-after-too-long' });
      expect(record.error?.message).toMatch(/HTTP status 503 and asks to come back in 3600 s/);
      expect(scene.responder.requests).toHaveLength(1);
    });
  });

  it('stay within the time for all attempts together', async () => {
    await withScene(
      async (scene) => {
        scene.responder.behaviour = silent();
        const started = performance.now();
        const { exitCode, record } = await fetchSite(scene, ['--retries', '1', '--timeout', '1500ms']);
        // Three silent responders, two rounds: 9 s one by one, 3 s as the budget has it.
        expect(performance.now() - started).toBeLessThan(12_000);
        expect({ exitCode, code: record.error?.code }).toEqual({ exitCode: 7, code: 'timeout' });
        expect(record.responder?.milliseconds).toBeLessThan(8500);
        expect(scene.responder.requests.length).toBeLessThan(4);
      },
      naming('/1', '/2', '/3'),
    );
  });
});
