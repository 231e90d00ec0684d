import { existsSync, mkdirSync, readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { answer, requestBytes } from '../support/answer.js';
import { html, httpStatus, silent } from '../support/behaviours.js';
import type { CertificateStatus } from '../support/ocsp-response.js';
import { runRestaple } from '../support/run-program.js';
import {
  bundleOf,
  day,
  fetchJson,
  fetchSite,
  namesIn,
  snapshot,
  startFetch,
  storeStaple,
  withScene,
  type Scene,
} from './support/fetch-scene.js';

const revoked: CertificateStatus = { revokedAt: new Date('2026-01-05T10:00:00Z') };

/** Certificates that end in one way each; the name says how. */
const kinds = {
  good: 0,
  missing: 8,
  revoked: 3,
  unknown: 4,
  garbage: 5,
  expired: 6,
  down: 7,
  unwritable: 9,
  none: 11,
} as const;

type Kind = keyof typeof kinds;

function addCertificate(scene: Scene, kind: Kind): string {
  const { authority, responder, folder } = scene;
  const path = `${kind}.pem`;
  if (kind === 'missing') return folder.at(path);
  const certificate = authority.issue({
    commonName: `${kind}.example`,
    ocspUris: kind === 'none' ? [] : [`${responder.url}/${kind}`],
    mustStaple: kind === 'none',
  });
  const old = { thisUpdateOffset: -9 * day, nextUpdateOffset: -day };
  if (kind === 'revoked' || kind === 'unknown') {
    responder.routes.set(`/${kind}`, answer(authority, kind === 'revoked' ? revoked : 'unknown'));
  }
  if (kind === 'garbage') responder.routes.set('/garbage', html());
  if (kind === 'expired') responder.routes.set('/expired', answer(authority, 'good', old));
  if (kind === 'down') responder.routes.set('/down', httpStatus(503));
  if (kind === 'unwritable') mkdirSync(folder.at(`${path}.ocsp`));
  return folder.write(path, bundleOf(certificate, authority));
}

describe('the exit code of several certificates is the gravest', () => {
  const ranked: readonly Kind[] = [
    'revoked',
    'garbage',
    'unknown',
    'expired',
    'unwritable',
    'missing',
    'down',
    'none',
    'good',
  ];
  const pairs = ranked.slice(1).map((lesser, index) => [ranked[index] ?? 'good', lesser] as const);

  it.each(pairs)('%s before %s', async (graver, lesser) => {
    await withScene(async (scene) => {
      const paths = [addCertificate(scene, lesser), addCertificate(scene, graver)];
      const { exitCode, records } = await fetchJson(paths);
      expect({ exitCode, records: records.length }).toEqual({ exitCode: kinds[graver], records: 2 });
    });
  });

  it('and the summary counts each outcome by its name', async () => {
    await withScene(async (scene) => {
      const paths = (Object.keys(kinds) as Kind[]).map((kind) => addCertificate(scene, kind));
      storeStaple(scene);
      const { exitCode, records, summary } = await fetchJson([...paths, scene.certificate]);
      expect(exitCode).toBe(3);
      expect(summary).toEqual({
        total: 10,
        updated: 1,
        fresh: 1,
        kept: 0,
        withdrawn: 0,
        'no-responder': 1,
        revoked: 1,
        unknown: 1,
        invalid: 2,
        unavailable: 1,
        'input-error': 1,
        'store-error': 1,
        reload: [],
      });
      expect(records.map(({ certificate }) => certificate).sort()).toEqual([...paths, scene.certificate].sort());
    });
  });
});

it('goes on past a bad certificate with --concurrency 1', async () => {
  await withScene(async (scene) => {
    const { records } = await fetchJson(['--concurrency', '1', addCertificate(scene, 'missing'), scene.certificate]);
    expect(records.map(({ outcome }) => outcome)).toEqual(['input-error', 'updated']);
  });
});

it.each(['site.pem', './site.pem', '{dir}/{base}'])(
  'never puts a staple over a certificate: --out %s is exit 2 before any traffic',
  async (out) => {
    await withScene(async (scene) => {
      const before = snapshot(scene.folder.path);
      const result = await runRestaple(['fetch', '--allow-private', '--out', out, 'site.pem'], {
        cwd: scene.folder.path,
      });
      expect(result.exitCode).toBe(2);
      expect(result.stderr).toMatch(/--out would replace the certificate \S*site\.pem with a staple\n {2}hint: /);
      expect(scene.responder.connections()).toBe(0);
      expect(snapshot(scene.folder.path)).toEqual(before);
    });
  },
);

it('warns of a folder without a certificate, and ends with 0', async () => {
  await withScene(async ({ folder }) => {
    mkdirSync(folder.at('empty'));
    const result = await runRestaple(['fetch', folder.at('empty')]);
    expect(result).toMatchObject({ exitCode: 0, stdout: '' });
    expect(result.stderr).toBe(
      `restaple: warning: there is no certificate in ${folder.at('empty')} (subfolders are not searched)\n`,
    );
  });
});

it('says how long the staple on disk still holds when a refresh fails', async () => {
  await withScene(async (scene) => {
    storeStaple(scene);
    scene.responder.behaviour = html();
    const { exitCode, stderr, record } = await fetchSite(scene, ['--force']);
    expect(exitCode).toBe(5);
    expect(stderr).toContain(`the staple on disk stays, good until ${record.nextUpdate ?? ''}\n`);
  });
});

it('takes the end-entity certificates of a folder', async () => {
  await withScene(async (scene) => {
    scene.folder.write('ca.pem', scene.authority.certificate.pem);
    scene.folder.write('site.key', scene.site.keyPem);
    scene.folder.write('notes.txt', 'nothing of interest');
    const { exitCode, records } = await fetchJson([scene.folder.path]);
    expect({ exitCode, paths: records.map(({ certificate }) => certificate) }).toEqual({
      exitCode: 0,
      paths: [scene.certificate],
    });
    expect(namesIn(scene)).toEqual(['ca.pem', 'notes.txt', 'site.key', 'site.pem', 'site.pem.ocsp']);
  });
});

it.each([
  ['lines', ['-'], '\n'],
  ['NUL', ['-', '-0'], '\0'],
])('reads paths from stdin, by %s', async (_what, words, separator) => {
  await withScene(async (scene) => {
    const other = addCertificate(scene, 'good');
    const { exitCode, records } = await fetchJson(words, { input: [scene.certificate, other].join(separator) });
    expect({ exitCode, outcomes: records.map(({ outcome }) => outcome) }).toEqual({
      exitCode: 0,
      outcomes: ['updated', 'updated'],
    });
  });
});

describe('what is said', () => {
  it('is nothing on success when stderr is not a terminal', async () => {
    await withScene(async (scene) => {
      for (const outcome of ['updated', 'fresh']) {
        const { exitCode, stdout, stderr } = await runRestaple(['fetch', '--allow-private', scene.certificate]);
        expect({ outcome, exitCode, stdout, stderr }).toEqual({ outcome, exitCode: 0, stdout: '', stderr: '' });
      }
    });
  });

  it('is one line a certificate on success with --verbose, on stderr', async () => {
    await withScene(async (scene) => {
      for (const outcome of ['updated', 'fresh']) {
        const result = await runRestaple(['fetch', '--verbose', '--allow-private', scene.certificate]);
        expect(result.stdout).toBe('');
        expect(result.stderr).toMatch(
          new RegExp(`^restaple: ${outcome} \\S+/site\\.pem\\.ocsp \\(good until \\S+Z, due \\S+Z\\)\\n$`),
        );
      }
    });
  });

  it('is the trouble alone with --quiet, no warning', async () => {
    await withScene(async (scene) => {
      scene.responder.behaviour = answer(scene.authority, 'good', { headers: { 'content-type': 'text/plain' } });
      const calm = await runRestaple(['fetch', '--quiet', '--allow-private', scene.certificate]);
      expect(calm).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });
      const loud = await runRestaple(['fetch', '--quiet', scene.folder.at('missing.pem')]);
      expect(loud).toMatchObject({ exitCode: 8, stdout: '' });
      expect(loud.stderr).toMatch(/^restaple: input-error .*missing\.pem does not exist\n {2}hint: check the path\n$/);
    });
  });

  it('is coloured where FORCE_COLOR asks for it, and plain where NO_COLOR does', async () => {
    await withScene(async (scene) => {
      const words = ['fetch', '--verbose', '--allow-private', scene.certificate];
      const coloured = await runRestaple(words, { env: { NO_COLOR: undefined, FORCE_COLOR: '1' } });
      expect(coloured.stderr.startsWith('restaple: \u001b[32mupdated\u001b[39m /')).toBe(true);
      const plain = await runRestaple(words, { env: { FORCE_COLOR: '1' } });
      // Newer Nodes warn on their own when both variables are set.
      expect(plain.stderr).toMatch(/^restaple: fresh \//m);
      expect(plain.stderr).not.toContain('\u001b');
    });
  });

  it('is a usage error with exit 2 for flags and values that nobody knows', async () => {
    const wrong = [
      ['--frobnicate'],
      ['--timeout', 'soon'],
      ['--method', 'put'],
      ['--accept-status', 'unknown'],
      ['--hash', 'md5'],
    ];
    for (const words of wrong) {
      const result = await runRestaple(['fetch', '--json', ...words, 'site.pem']);
      expect({ words, exitCode: result.exitCode }).toEqual({ words, exitCode: 2 });
      expect(result.lines()).toMatchObject([{ error: { code: 'usage' } }]);
      expect(result.stderr).toMatch(/^restaple: .+\n {2}hint: /);
    }
    const none = await runRestaple(['fetch']);
    expect(none).toMatchObject({ exitCode: 2, stdout: '' });
    expect(none.stderr).toMatch(/no certificate was named\n {2}hint: name certificate files/);
  });
});

it.each(['--issuer', '--trusted-responder', '--header', '--allow-address'])(
  'takes one value for each %s, so that the certificate may follow',
  async (flag) => {
    await withScene(async (scene) => {
      const issuer = scene.folder.write('ca.crt', scene.authority.certificate.pem);
      const values = { '--header': 'X-One: 1', '--allow-address': '127.0.0.1' } as Readonly<Record<string, string>>;
      const value = values[flag] ?? issuer;
      const { exitCode, record } = await fetchJson([flag, value, flag, value, scene.certificate]);
      expect({ exitCode, certificate: record.certificate }).toEqual({ exitCode: 0, certificate: scene.certificate });
    });
  },
);

describe('interrupted while it waits', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('by %s it ends with exit %i, and the old staple is whole', async (signal, exitCode) => {
    await withScene(async (scene) => {
      storeStaple(scene);
      const before = snapshot(scene.folder.path);
      const arrived = new Promise<void>((resolve) => {
        scene.responder.behaviour = (exchange) => {
          resolve();
          return silent()(exchange);
        };
      });
      const running = startFetch(scene, ['--force', '--timeout', '60s']);
      await arrived;
      running.process.kill(signal);
      const result = await running.result;
      expect({ exitCode: result.exitCode, timedOut: result.timedOut }).toEqual({ exitCode, timedOut: false });
      expect(snapshot(scene.folder.path)).toEqual(before);
    });
  });

  it('keeps what was finished, and leaves out what was not', async () => {
    await withScene(async (scene) => {
      const slow = scene.authority.issue({ ocspUris: [`${scene.responder.url}/slow`] });
      const second = scene.folder.write('slow.pem', bundleOf(slow, scene.authority));
      const arrived = new Promise<void>((resolve) => {
        scene.responder.routes.set('/slow', (exchange) => {
          resolve();
          return silent()(exchange);
        });
      });
      const running = startFetch(scene, ['--timeout', '60s', '--concurrency', '1', second]);
      await arrived;
      running.process.kill('SIGINT');
      const { exitCode, lines } = await running.result;
      expect(exitCode).toBe(130);
      expect(lines()).toMatchObject([{ summary: { total: 0 } }]);
      expect(existsSync(scene.staple)).toBe(false);
    });
  });
});

it('lets two runs at once both succeed', async () => {
  await withScene(async (scene) => {
    const both = await Promise.all([fetchSite(scene, ['--force']), fetchSite(scene, ['--force'])]);
    expect(both.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    expect(namesIn(scene)).toEqual(['site.pem', 'site.pem.ocsp']);
    const sent = scene.responder.requests.map((request) => requestBytes(request, '').length);
    expect(sent).toHaveLength(2);
    expect(readFileSync(scene.staple).length).toBeGreaterThan(100);
  });
});
