import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import { httpStatus } from '../support/behaviours.js';
import { runCommand, startRestaple } from '../support/run-program.js';
import { bundleOf, fetchJson, fetchSite, hour, storeStaple, withScene, type Scene } from './support/fetch-scene.js';
import { startRunningFetch } from './support/running-fetch.js';

function addSites(scene: Scene, count: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    const site = scene.authority.issue({ ocspUris: [scene.responder.url] });
    return scene.folder.write(`site${index}.pem`, bundleOf(site, scene.authority));
  });
}

describe('a crt-list of haproxy', () => {
  it('names the certificates, relative to its folder, whatever stands behind each', async () => {
    await withScene(async (scene) => {
      const [first] = addSites(scene, 1);
      const list = scene.folder.write('.list', `# sites\nsite.pem [alpn h2] example.com !no.example\n\n${first!}\n`);
      const { exitCode, records } = await fetchJson(['--crt-list', list]);
      expect(exitCode).toBe(0);
      // They come as they settle.
      expect(records.map(({ certificate, outcome }) => `${certificate} ${outcome}`).sort()).toEqual(
        [`${scene.certificate} updated`, `${first} updated`].sort(),
      );
    });
  });

  it('is refused where it is none, with the line', async () => {
    await withScene(async (scene) => {
      const result = await startRunningFetch(['--crt-list', scene.certificate]).result;
      expect(result.exitCode).toBe(8);
      expect(result.lines()).toMatchObject([
        { certificate: scene.certificate, outcome: 'input-error', error: { code: 'malformed-crt-list' } },
        { summary: { total: 1 } },
      ]);
      expect(scene.responder.requests).toHaveLength(0);
    });
  });
});

/** The certificates that a run told of; a shard of a few certificates may have none. */
async function takenBy(words: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<unknown[]> {
  const { exitCode, stderr, lines } = await startRunningFetch(words, { env }).result;
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return lines().flatMap(({ certificate }) => (certificate === undefined ? [] : [certificate]));
}

describe('--shard', () => {
  it('splits a folder so that each certificate is taken exactly once', async () => {
    await withScene(async (scene) => {
      const all = [...addSites(scene, 11), scene.certificate];
      const shards = ['0/3', '1/3', '2/3'].map((shard) => takenBy(['--shard', shard, scene.folder.path]));
      expect((await Promise.all(shards)).flat().sort()).toEqual(all.sort());
    });
  });

  it('takes its index from an indexed job', async () => {
    await withScene(async (scene) => {
      const all = [...addSites(scene, 3), scene.certificate];
      const pods = ['0', '1'].map((index) =>
        takenBy([scene.folder.path], { JOB_COMPLETION_INDEX: index, RESTAPLE_SHARD_COUNT: '2' }),
      );
      expect((await Promise.all(pods)).flat().sort()).toEqual(all.sort());
    });
  });
});

describe('--lock', () => {
  it('ends with 12 and names who holds it', { tags: 'flock' }, async () => {
    await withScene(async (scene) => {
      const lock = scene.folder.at('.run.lock');
      let release = (): void => undefined;
      const arrived = new Promise<void>((resolve) => {
        scene.responder.behaviour = async ({ response }) => {
          resolve();
          await new Promise<void>((free) => (release = free));
          response.destroy();
        };
      });
      const holder = startRunningFetch(['--timeout', '60s', '--lock', lock, scene.certificate]);
      await arrived;
      const second = await startRunningFetch(['--lock', lock, '--lock-wait', '0s', scene.certificate]).result;
      const third = startRestaple(['fetch', '--lock', lock, '--lock-wait', '1m', scene.certificate]);
      const { pid } = third.process;
      const children = (): string => readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1');
      // Its flock waits in the kernel's queue.
      await expect.poll(children).not.toBe('');
      third.process.kill('SIGTERM');
      expect((await third.result).exitCode).toBe(143);
      release();
      expect(second.exitCode).toBe(12);
      expect(second.lines()).toMatchObject([{ error: { code: 'run-locked' } }]);
      expect(second.stderr).toMatch(/locked by process \d+|process \d+ on /);
      expect((await holder.result).exitCode).toBe(7);
    });
  });

  it('is not taken by a run that writes nothing', async () => {
    await withScene(async (scene) => {
      const lock = scene.folder.at('.run.lock');
      expect((await fetchSite(scene, ['--lock', lock, '--dry-run'])).exitCode).toBe(0);
      expect(existsSync(lock)).toBe(false);
    });
  });
});

describe('--metrics', () => {
  it('writes figures that promtool takes, and a failed certificate is among them', { tags: 'promtool' }, async () => {
    await withScene(async (scene) => {
      const file = scene.folder.at('restaple.prom');
      addSites(scene, 2);
      const lost = scene.authority.issue({ ocspUris: [`${scene.responder.url}/gone`] });
      scene.folder.write('lost.pem', bundleOf(lost, scene.authority));
      scene.responder.routes.set('/gone', httpStatus(404));
      const certificates = ['site.pem', 'site0.pem', 'site1.pem', 'lost.pem'].map((name) => scene.folder.at(name));
      expect((await fetchJson(['--metrics', file, ...certificates])).exitCode).toBe(7);
      const text = readFileSync(file, 'utf8');
      const checked = await runCommand('promtool', ['check', 'metrics'], { input: text });
      expect({ exitCode: checked.exitCode, said: checked.stdout + checked.stderr }).toEqual({ exitCode: 0, said: '' });
      expect(text).toContain('restaple_run_certificates{outcome="updated"} 3');
      expect(text).toContain('restaple_run_certificates{outcome="unavailable"} 1');
      expect(text).toMatch(/restaple_run_failures\{code="http-status"\} 1/);
      expect(text).toMatch(
        /_bucket\{[^}]*host="127\.0\.0\.1:\d+"[^}]*le="\+Inf"\} 4|_bucket\{[^}]*le="\+Inf"[^}]*\} 4/,
      );
      expect(text).toContain(`restaple_certificate_stapled{certificate="${scene.certificate}"} 1`);
    });
  });

  it('writes none in a dry run', async () => {
    await withScene(async (scene) => {
      const file = scene.folder.at('.restaple.prom');
      await fetchSite(scene, ['--metrics', file, '--dry-run']);
      expect(existsSync(file)).toBe(false);
    });
  });
});

describe('a staple that is due', () => {
  const due = { thisUpdateOffset: -6 * hour, nextUpdateOffset: 5 * hour };

  it('stays where the responder says that there is nothing newer, and is asked for again by the next run', async () => {
    await withScene(async (scene) => {
      const stored = storeStaple(scene, due);
      scene.responder.behaviour = httpStatus(304);
      for (let run = 1; run <= 2; run += 1) {
        const { exitCode, record, stderr } = await fetchSite(scene, ['--method', 'get']);
        expect({ exitCode, outcome: record.outcome, written: record.written, stderr }).toEqual({
          exitCode: 0,
          outcome: 'fresh',
          written: false,
          stderr: '',
        });
        expect(scene.responder.requests).toHaveLength(run);
      }
      expect(readFileSync(scene.staple)).toEqual(Buffer.from(stored));
      const { records } = await fetchJson(['--dry-run', scene.certificate]);
      expect(scene.responder.requests[0]?.headers['if-modified-since']).toBe(
        new Date(records[0]?.thisUpdate ?? '').toUTCString(),
      );
    });
  });

  it.each([
    ['within the alert window', ['--alert-before', '9h']],
    ['with --force', ['--force']],
    ['with a nonce', ['--nonce']],
  ])('is asked for in full %s, and a 304 is not an answer then', async (_when, flags) => {
    await withScene(async (scene) => {
      storeStaple(scene, due);
      scene.responder.behaviour = httpStatus(304);
      const { record } = await fetchSite(scene, flags);
      expect(record.error?.code).toBe('http-status');
      expect(scene.responder.requests[0]?.headers).not.toHaveProperty('if-modified-since');
    });
  });
});

describe('a configuration file', () => {
  it('says for each source where its staples go, and whom to ask', { tags: 'flock' }, async () => {
    await withScene(async (scene) => {
      mkdirSync(scene.folder.at('ocsp'));
      const bare = scene.authority.issue({ ocspUris: [] });
      const other = scene.folder.write('bare.pem', bundleOf(bare, scene.authority));
      const issuer = scene.folder.write('.issuer.pem', scene.authority.certificate.pem);
      const list = scene.folder.write('.list', `${scene.certificate}\n`);
      const config = scene.folder.write(
        '.restaple.yaml',
        [
          'certificates:',
          `  - {crt-list: ${list}}`,
          `  - {path: ${other}, out: '${scene.folder.at('ocsp')}/{name}.der'}`,
          'responders:',
          `  - {issuer: ${issuer}, url: '${scene.responder.url}/mine'}`,
          `lock: ${scene.folder.at('.run.lock')}`,
          `metrics: ${scene.folder.at('.figures.prom')}`,
          '',
        ].join('\n'),
      );
      const { exitCode, records, stderr } = await fetchJson(['--config', config]);
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
      expect(records.map(({ outcome }) => outcome)).toEqual(['updated', 'updated']);
      expect(existsSync(scene.folder.at('ocsp/bare.der'))).toBe(true);
      expect(existsSync(scene.staple)).toBe(true);
      expect(scene.responder.requests.map(({ url }) => url)).toEqual(['/mine', '/mine']);
      expect(readFileSync(scene.folder.at('.figures.prom'), 'utf8')).toContain(
        'restaple_run_certificates{outcome="updated"} 2',
      );
    });
  });
});
