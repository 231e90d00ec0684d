import { lstatSync, readFileSync, writeFileSync } from 'node:fs';

import { beforeAll, describe, expect, it } from 'vitest';

import { answer } from '../support/answer.js';
import { fixed } from '../support/behaviours.js';
import { createCertificateAuthority } from '../support/pki.js';
import { runRestaple } from '../support/run-program.js';
import { testRow } from './support/fetch-row.js';
import {
  bundleOf,
  day,
  fetchJson,
  fetchSite,
  hour,
  minute,
  namesIn,
  snapshot,
  stapleOf,
  storeStaple,
  withScene,
  withScenes,
  type FetchRecord,
  type Scene,
} from './support/fetch-scene.js';

interface Stored {
  readonly what: string;
  readonly bytes: (scene: Scene) => Uint8Array;
  /** The verdict on it, in JSON. */
  readonly verdict: string;
}

/** Files where a staple should be that are worth nothing to a server. */
const worthless: readonly Stored[] = [
  { what: 'garbage', bytes: () => Buffer.from('not an OCSP response'), verdict: 'invalid' },
  { what: 'an empty file', bytes: () => Buffer.alloc(0), verdict: 'invalid' },
  {
    what: 'a staple forged by another CA of the same name, newer than any answer',
    bytes: (scene) =>
      stapleOf(scene, { thisUpdateOffset: -minute, response: { signer: createCertificateAuthority() } }),
    verdict: 'invalid',
  },
  {
    what: 'a staple with a wrong signature',
    bytes: (scene) => stapleOf(scene, { thisUpdateOffset: -minute, response: { corruptSignature: true } }),
    verdict: 'invalid',
  },
  {
    what: 'a staple dated in the future',
    bytes: (scene) => stapleOf(scene, { thisUpdateOffset: day }),
    verdict: 'invalid',
  },
  {
    what: "another certificate's staple",
    bytes: (scene) => stapleOf(scene, { subject: scene.authority.issue(), thisUpdateOffset: -minute }),
    verdict: 'invalid',
  },
  {
    what: 'an expired staple',
    bytes: (scene) => stapleOf(scene, { thisUpdateOffset: -3 * day, nextUpdateOffset: -day }),
    verdict: 'invalid',
  },
  {
    what: 'a staple with less than 300 s left',
    bytes: (scene) => stapleOf(scene, { nextUpdateOffset: 4 * minute }),
    verdict: 'good',
  },
  {
    what: 'a staple without nextUpdate',
    bytes: (scene) => stapleOf(scene, { nextUpdateOffset: null }),
    verdict: 'good',
  },
  { what: 'a staple with a SHA-256 CertID', bytes: (scene) => stapleOf(scene, { hash: 'sha256' }), verdict: 'good' },
];

/** What was found of one of them after the run. */
interface Afterwards {
  readonly record: FetchRecord;
  readonly stderr: string;
  readonly isReplaced: boolean;
  readonly names: readonly string[];
  readonly before: Readonly<Record<string, string>>;
  readonly after: Readonly<Record<string, string>>;
}

interface Afterall {
  readonly exitCode: number | null;
  readonly stderr: string;
  readonly verifyExitCode: number | null;
  readonly each: readonly Afterwards[];
}

/** Fetches for all of them in one process, after `arrange`, and verifies what is there then in another. */
function fetchAll(arrange: (scene: Scene) => unknown): Promise<Afterall> {
  return withScenes(
    worthless.map(() => ({})),
    async (scenes) => {
      const before: { readonly old: Uint8Array; readonly folder: Record<string, string> }[] = [];
      for (const [index, scene] of scenes.entries()) {
        const old = storeStaple(scene, worthless[index]!.bytes(scene));
        before.push({ old, folder: snapshot(scene.folder.path) });
        await arrange(scene);
      }
      const paths = scenes.map(({ certificate }) => certificate);
      const { exitCode, stderr, records } = await fetchJson(paths);
      const verified = await runRestaple(['verify', ...paths]);
      const each = scenes.map((scene, index): Afterwards => ({
        record: records.find(({ certificate }) => certificate === scene.certificate)!,
        stderr: stderr
          .split('\n')
          .filter((line) => line.includes(scene.certificate))
          .join('\n'),
        isReplaced: !readFileSync(scene.staple).equals(before[index]!.old),
        names: namesIn(scene),
        before: before[index]!.folder,
        after: snapshot(scene.folder.path),
      }));
      return { exitCode, stderr, verifyExitCode: verified.exitCode, each };
    },
  );
}

describe('with what is worth nothing on disk', () => {
  let answered: Afterall;
  let unanswered: Afterall;
  beforeAll(async () => {
    answered = await fetchAll(() => undefined);
    unanswered = await fetchAll(({ responder }) => responder.close());
  });

  describe.each(worthless.map((stored, index) => ({ ...stored, index })))('$what', ({ verdict, index }) => {
    it('asks at once and replaces it', () => {
      const { exitCode, stderr, verifyExitCode, each } = answered;
      expect({ exitCode, stderr, verifyExitCode }).toEqual({ exitCode: 0, stderr: '', verifyExitCode: 0 });
      const { record, isReplaced, names } = each[index]!;
      expect(record).toMatchObject({ outcome: 'updated', written: true, verdict: 'good' });
      expect(isReplaced).toBe(true);
      expect(names).toEqual(['site.pem', 'site.pem.ocsp']);
    });

    it('never keeps it when the responder is down, and leaves it alone', () => {
      expect(unanswered.exitCode).toBe(7);
      const { record, stderr, before, after } = unanswered.each[index]!;
      expect(record).toMatchObject({ outcome: 'unavailable', written: false, verdict });
      expect(stderr).toMatch(/^restaple: unavailable /);
      expect(after).toEqual(before);
    });
  });

  it('ends with 7 for one of them alone too', async () => {
    await withScene(async (scene) => {
      storeStaple(scene, Buffer.alloc(0));
      await scene.responder.close();
      expect((await fetchSite(scene)).exitCode).toBe(7);
    });
  });
});

testRow({
  title: 'a response older than the stored one',
  arrange: (scene) => {
    storeStaple(scene, { thisUpdateOffset: -hour });
    scene.responder.behaviour = answer(scene.authority, 'good', { thisUpdateOffset: -3 * hour });
  },
  flags: ['--force'],
  isAlwaysStored: true,
  exitCode: 6,
  outcome: 'invalid',
  isSoftened: true,
  code: 'older-than-stored',
  message: /^the response is from \S+Z, the stored one from \S+Z$/,
  hint: /lags behind; the stored one is kept$/,
});

it('is heard of a response older than the stored one once that is about to end', async () => {
  await withScene(async (scene) => {
    storeStaple(scene, { thisUpdateOffset: -6 * day, nextUpdateOffset: day });
    scene.responder.behaviour = answer(scene.authority, 'good', { thisUpdateOffset: -7 * day });
    const before = snapshot(scene.folder.path);
    const { exitCode, record } = await fetchSite(scene);
    expect(exitCode).toBe(6);
    expect(record).toMatchObject({ outcome: 'invalid', error: { code: 'older-than-stored' }, verdict: 'good' });
    expect(snapshot(scene.folder.path)).toEqual(before);
  });
});

it('keeps the newer staple that another run stored while this one asked, and all is well', async () => {
  await withScene(async (scene) => {
    const older = answer(scene.authority, 'good', { thisUpdateOffset: -3 * hour });
    let newer: Uint8Array | undefined;
    scene.responder.behaviour = async (exchange) => {
      newer = storeStaple(scene, { thisUpdateOffset: -hour });
      await older(exchange);
    };
    const { exitCode, record } = await fetchSite(scene);
    expect(exitCode).toBe(0);
    expect(record).toMatchObject({ outcome: 'kept', verdict: 'good', error: { code: 'older-than-stored' } });
    expect(readFileSync(scene.staple)).toEqual(newer);
  });
});

describe('a stored staple that is newer, but of no use to the server', () => {
  it.each([
    ['has its CertID in another hash', { hash: 'sha256' }, []],
    ['has its CertID in another hash, the other way round', { hash: 'sha1' }, ['--hash', 'sha256']],
    ['has no nextUpdate', { nextUpdateOffset: null }, []],
    ['is about to end', { nextUpdateOffset: 2 * minute }, []],
  ] as const)('since it %s, keeps no older one out', async (_what, options, flags) => {
    await withScene(async (scene) => {
      storeStaple(scene, { thisUpdateOffset: -hour, ...options });
      scene.responder.behaviour = answer(scene.authority, 'good', { thisUpdateOffset: -3 * hour });
      const { exitCode, record } = await fetchSite(scene, flags);
      expect({ exitCode, outcome: record.outcome }).toEqual({ exitCode: 0, outcome: 'updated' });
    });
  });

  it('keeps a good one out where it says that the certificate is revoked', async () => {
    await withScene(async (scene) => {
      const status = { revokedAt: new Date('2026-01-01T00:00:00Z') };
      const stored = storeStaple(scene, { thisUpdateOffset: -hour, status, hash: 'sha256' });
      scene.responder.behaviour = answer(scene.authority, 'good', { thisUpdateOffset: -3 * hour });
      const { exitCode, record } = await fetchSite(scene);
      expect({ exitCode, code: record.error?.code }).toEqual({ exitCode: 6, code: 'older-than-stored' });
      expect(readFileSync(scene.staple)).toEqual(stored);
    });
  });
});

describe('--hash sha256', () => {
  it.each([
    ['haproxy:/run/nobody.sock', true],
    ['hitch:/run/nobody.pid', true],
    ['nginx:/run/nobody.pid', false],
  ])('with --reload %s is warned of: %s', async (target, isWarned) => {
    await withScene(async (scene) => {
      for (const hash of ['sha256', 'sha1']) {
        const { stderr, exitCode } = await fetchSite(scene, ['--dry-run', '--reload', target, '--hash', hash]);
        expect(exitCode).toBe(0);
        const isSaid = stderr.includes('warning: ') && stderr.includes(`with --hash sha256 ${target} will serve none`);
        expect(isSaid).toBe(isWarned && hash === 'sha256');
      }
    });
  });
});

it('takes an older response where only the clock skew makes the stored one current', async () => {
  await withScene(async (scene) => {
    storeStaple(scene, { thisUpdateOffset: 3 * minute });
    const { exitCode, record } = await fetchSite(scene, ['--force']);
    expect({ exitCode, outcome: record.outcome, written: record.written }).toEqual({
      exitCode: 0,
      outcome: 'updated',
      written: true,
    });
  });
});

it('finds identical bytes fresh with --force and writes nothing', async () => {
  await withScene(async (scene) => {
    const bytes = storeStaple(scene);
    scene.responder.behaviour = fixed(bytes);
    const before = snapshot(scene.folder.path);
    const { exitCode, stderr, record } = await fetchSite(scene, ['--force']);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(record).toMatchObject({ outcome: 'fresh', written: false, verdict: 'good' });
    expect(scene.responder.requests).toHaveLength(1);
    expect(snapshot(scene.folder.path)).toEqual(before);
  });
});

it('replaces a staple in a new file that keeps the mode of the old one', async () => {
  await withScene(async (scene) => {
    storeStaple(scene);
    const old = lstatSync(scene.staple);
    scene.folder.write('site.pem.ocsp', readFileSync(scene.staple), 0o640);
    const { record } = await fetchSite(scene, ['--force']);
    expect(record).toMatchObject({ outcome: 'updated', written: true });
    const { ino, mode } = lstatSync(scene.staple);
    expect({ isNewFile: ino !== old.ino, mode: mode & 0o777 }).toEqual({ isNewFile: true, mode: 0o640 });
  });
});

describe('after the certificate was replaced by another one', () => {
  const renew = (scene: Scene): void => {
    const renewed = scene.authority.issue({ ocspUris: [scene.responder.url] });
    writeFileSync(scene.certificate, bundleOf(renewed, scene.authority));
  };

  it('asks at once for the new one, however fresh the old staple is', async () => {
    await withScene(async (scene) => {
      storeStaple(scene);
      renew(scene);
      const { exitCode, record } = await fetchSite(scene);
      expect({ exitCode, outcome: record.outcome, verdict: record.verdict }).toEqual({
        exitCode: 0,
        outcome: 'updated',
        verdict: 'good',
      });
    });
  });

  it('never keeps the old staple', async () => {
    await withScene(async (scene) => {
      storeStaple(scene);
      renew(scene);
      await scene.responder.close();
      const { exitCode, record } = await fetchSite(scene);
      expect({ exitCode, outcome: record.outcome, verdict: record.verdict }).toEqual({
        exitCode: 7,
        outcome: 'unavailable',
        verdict: 'invalid',
      });
    });
  });
});
