import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';

import { expect, it } from 'vitest';

import { answer } from '../support/answer.js';
import { fixed } from '../support/behaviours.js';
import { runRestaple } from '../support/run-program.js';
import {
  bundleOf,
  fetchSite,
  hour,
  minute,
  namesIn,
  revokedMarkOf,
  snapshot,
  stapleOf,
  storeStaple,
  withScene,
  type FetchResult,
  type Scene,
} from './support/fetch-scene.js';

const revoked = { revokedAt: new Date('2026-01-05T10:00:00Z'), reason: 'keyCompromise' } as const;
const dotFile = '.site.pem.ocsp.restaple-revoked';

/** The responder says revoked, as of an hour ago unless told otherwise, and this run hears it. Returns the signed answer. */
async function hearRevoked(scene: Scene, flags: readonly string[] = [], thisUpdateOffset = -hour): Promise<Buffer> {
  const bytes = stapleOf(scene, { status: revoked, thisUpdateOffset });
  scene.responder.behaviour = fixed(bytes);
  expectRevoked(await fetchSite(scene, flags));
  return bytes;
}

function expectRevoked({ exitCode, record, stderr }: FetchResult): void {
  expect({ exitCode, outcome: record.outcome }).toEqual({ exitCode: 3, outcome: 'revoked' });
  expect(stderr).toMatch(/^restaple: REVOKED /);
}

/** The responder sends this from now on. */
function sayGood(scene: Scene, thisUpdateOffset: number): void {
  scene.responder.behaviour = answer(scene.authority, 'good', { thisUpdateOffset });
}

it('is loud about a revoked certificate, writes no staple, and keeps the signed answer as a dot file', async () => {
  await withScene(async (scene) => {
    const bytes = stapleOf(scene, { status: revoked });
    scene.responder.behaviour = fixed(bytes);
    const { exitCode, stderr, record } = await fetchSite(scene, ['--quiet']);
    expect(exitCode).toBe(3);
    expect(stderr).toBe(
      `restaple: REVOKED ${scene.certificate}: the certificate has been REVOKED since 2026-01-05T10:00:00Z (keyCompromise)\n` +
        '  hint: replace the certificate now; the staple on disk is left as it was\n',
    );
    expect(record).toMatchObject({ outcome: 'revoked', written: false, verdict: null, error: { code: 'revoked' } });
    expect(namesIn(scene)).toEqual([dotFile, 'site.pem']);
    expect(readFileSync(revokedMarkOf(scene)).equals(bytes)).toBe(true);
  });
});

it('leaves a good staple as it is when the certificate is revoked', async () => {
  await withScene(async (scene) => {
    storeStaple(scene);
    const before = snapshot(scene.folder.path);
    const bytes = stapleOf(scene, { status: revoked, thisUpdateOffset: -hour });
    scene.responder.behaviour = fixed(bytes);
    const result = await fetchSite(scene, ['--force']);
    expectRevoked(result);
    expect(result.record).toMatchObject({ written: false, verdict: 'good', error: { code: 'revoked' } });
    expect(result.summary).toMatchObject({ total: 1, revoked: 1 });
    expect(snapshot(scene.folder.path)).toMatchObject(before);
    expect(namesIn(scene)).toEqual([dotFile, 'site.pem', 'site.pem.ocsp']);
  });
});

it('asks on every run while the revocation stands, and ends as revoked in an outage', async () => {
  await withScene(async (scene) => {
    storeStaple(scene);
    await hearRevoked(scene, ['--force']);
    await hearRevoked(scene);
    expect(scene.responder.requests).toHaveLength(2);
    await scene.responder.close();
    const before = snapshot(scene.folder.path);
    const result = await fetchSite(scene);
    expectRevoked(result);
    expect(result.record).toMatchObject({ verdict: 'good', written: false, error: { code: 'connection-failed' } });
    expect(result.stderr).toContain(
      `restaple: ${scene.certificate} has been revoked since 2026-01-05T10:00:00Z, says the kept signed answer\n` +
        '  hint: replace the certificate now\n',
    );
    expect(snapshot(scene.folder.path)).toEqual(before);
  });
});

it('believes a good answer with a later thisUpdate and forgets the revocation', async () => {
  await withScene(async (scene) => {
    storeStaple(scene);
    await hearRevoked(scene, ['--force']);
    sayGood(scene, -30 * minute);
    const { exitCode, stderr, record } = await fetchSite(scene);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(record).toMatchObject({ outcome: 'updated', written: true, verdict: 'good' });
    expect(namesIn(scene)).toEqual(['site.pem', 'site.pem.ocsp']);
  });
});

it('does not believe a good answer with an earlier thisUpdate', async () => {
  await withScene(async (scene) => {
    await hearRevoked(scene);
    const before = snapshot(scene.folder.path);
    sayGood(scene, -2 * hour);
    const result = await fetchSite(scene);
    expectRevoked(result);
    expect(result.record.error?.message).toMatch(/what the responder says now does not change that$/);
    expect(result.record.error?.hint).toMatch(/only a good answer with a later thisUpdate/);
    expect(snapshot(scene.folder.path)).toEqual(before);
  });
});

it('does not let the replay of an older revoked answer make room for a good one between the two', async () => {
  await withScene(async (scene) => {
    await hearRevoked(scene, [], -hour);
    const before = snapshot(scene.folder.path);
    await hearRevoked(scene, [], -5 * hour);
    expect(snapshot(scene.folder.path)).toEqual(before);
    sayGood(scene, -2 * hour);
    expectRevoked(await fetchSite(scene));
  });
});

it('is revoked when another run has heard so meanwhile, and tells when the staple that it wrote is due', async () => {
  await withScene(async (scene) => {
    const revokedNow = stapleOf(scene, { status: revoked, thisUpdateOffset: -hour });
    const good = answer(scene.authority, 'good', { thisUpdateOffset: -2 * hour });
    scene.responder.behaviour = async (exchange) => {
      writeFileSync(revokedMarkOf(scene), revokedNow);
      await good(exchange);
    };
    const result = await fetchSite(scene);
    expectRevoked(result);
    expect(result.record).toMatchObject({
      written: true,
      verdict: 'good',
      nextUpdate: expect.stringMatching(/Z$/) as string,
      nextRefresh: expect.stringMatching(/Z$/) as string,
    });
    expect(namesIn(scene)).toEqual([dotFile, 'site.pem', 'site.pem.ocsp']);
  });
});

it('stays revoked when the responder no longer knows the certificate', async () => {
  await withScene(async (scene) => {
    await hearRevoked(scene);
    scene.responder.behaviour = answer(scene.authority, 'unknown');
    expectRevoked(await fetchSite(scene));
  });
});

it('holds nothing against another certificate in the same file', async () => {
  await withScene(async (scene) => {
    storeStaple(scene);
    await hearRevoked(scene, ['--force']);
    const renewed = scene.authority.issue({ ocspUris: [scene.responder.url] });
    writeFileSync(scene.certificate, bundleOf(renewed, scene.authority));

    scene.responder.behaviour = answer(scene.authority, 'unknown');
    const unknown = await fetchSite(scene);
    expect({ exitCode: unknown.exitCode, outcome: unknown.record.outcome }).toEqual({
      exitCode: 4,
      outcome: 'unknown',
    });

    sayGood(scene, -2 * hour);
    const { exitCode, record } = await fetchSite(scene);
    expect({ exitCode, outcome: record.outcome }).toEqual({ exitCode: 0, outcome: 'updated' });
    expect(namesIn(scene)).toEqual(['site.pem', 'site.pem.ocsp']);
  });
});

it('takes no notice of a forged revocation beside the staple', async () => {
  await withScene(async (scene) => {
    storeStaple(scene);
    writeFileSync(revokedMarkOf(scene), stapleOf(scene, { status: revoked, response: { corruptSignature: true } }));
    const { exitCode, record } = await fetchSite(scene);
    expect({ exitCode, outcome: record.outcome }).toEqual({ exitCode: 0, outcome: 'fresh' });
  });
});

it('takes no staple for fresh while what it kept of a revocation cannot be read', async () => {
  await withScene(async (scene) => {
    storeStaple(scene);
    symlinkSync(dotFile, revokedMarkOf(scene));
    const { exitCode, record, stderr } = await fetchSite(scene);
    expect({ exitCode, outcome: record.outcome }).toEqual({ exitCode: 8, outcome: 'input-error' });
    expect(stderr).toContain(`cannot read ${revokedMarkOf(scene)}`);
    expect(scene.responder.requests).toEqual([]);
  });
});

it('writes a revoked staple where that is accepted, and still ends with exit 3', async () => {
  await withScene(async (scene) => {
    storeStaple(scene);
    const bytes = stapleOf(scene, { status: revoked, thisUpdateOffset: -hour });
    scene.responder.behaviour = fixed(bytes);
    const flags = ['--accept-status', 'good,revoked'];
    const result = await fetchSite(scene, ['--force', ...flags]);
    expectRevoked(result);
    expect(result.record).toMatchObject({ written: true, verdict: 'revoked' });
    expect(result.record.error?.hint).toBe('replace the certificate now; the staple on disk says revoked too');
    expect(readFileSync(scene.staple).equals(bytes)).toBe(true);

    const again = await fetchSite(scene, flags);
    expectRevoked(again);
    expect(again.record).toMatchObject({ written: false, verdict: 'revoked' });

    await scene.responder.close();
    const inOutage = await fetchSite(scene, flags);
    expectRevoked(inOutage);
    expect(readFileSync(scene.staple).equals(bytes)).toBe(true);
  });
});

it('remembers nothing with --dry-run and ends with exit 3 all the same', async () => {
  await withScene(async (scene) => {
    await hearRevoked(scene, ['--dry-run']);
    expect(namesIn(scene)).toEqual(['site.pem']);
  });
});

it('lets verify tell of the revocation that stands beside a good staple', async () => {
  await withScene(async (scene) => {
    storeStaple(scene);
    await hearRevoked(scene, ['--force']);
    const verified = await runRestaple(['verify', '--json', scene.certificate]);
    expect(verified.exitCode).toBe(3);
    expect(verified.lines()).toMatchObject([
      { verdict: 'revoked', revocationReason: 'keyCompromise', findings: [{ rule: 'known-revoked' }] },
    ]);
  });
});

it('says of a serial number that was never issued that the CA does not know it (RFC 6960 §2.2)', async () => {
  await withScene(async (scene) => {
    const status = { revokedAt: new Date(0), reason: 'certificateHold' } as const;
    scene.responder.behaviour = fixed(stapleOf(scene, { status }));
    const { exitCode, stderr, record } = await fetchSite(scene);
    expect(exitCode).toBe(3);
    expect(stderr).toContain('hint: the CA never issued this serial number');
    expect(record.findings).toMatchObject([{ rule: 'never-issued' }]);
  });
});
