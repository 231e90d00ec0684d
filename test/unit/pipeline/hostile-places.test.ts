import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it, onTestFinished } from 'vitest';

import type { FetchOptions, FetchTools } from '../../../src/pipeline/fetch/fetch-job.js';
import { fetchStaple } from '../../../src/pipeline/fetch/fetch-staple.js';
import type { Outcome } from '../../../src/pipeline/fetch/outcome.js';
import { verifyStaple } from '../../../src/pipeline/verify/verify-staple.js';
import { createIssuerFinder } from '../../../src/source/issuer-finder.js';
import { revokedMarkPath } from '../../../src/store/staple-path.js';
import { createHttpClient } from '../../../src/transport/http-client.js';
import { createResponderGate } from '../../../src/transport/responder-gate.js';
import { hour, minute, naming, stapleOf, withScene, type Scene } from '../../e2e/support/fetch-scene.js';
import { httpStatus } from '../../support/behaviours.js';
import { usualFetchOptions } from '../../support/usual-fetch-options.js';

const revoked = { revokedAt: new Date('2026-01-05T10:00:00Z'), reason: 'keyCompromise' } as const;

async function fetchIn(scene: Scene, options: Partial<FetchOptions> = {}): Promise<Outcome> {
  const client = createHttpClient({ allowPrivate: true, allowAddresses: [], userAgent: 'test' });
  const tools: FetchTools = {
    client,
    gate: createResponderGate({ concurrency: 1, perResponder: 1 }),
    issuers: createIssuerFinder([]),
    downloadedIssuers: new Map(),
    ownProcess: {
      pid: process.pid,
      effectiveUserId: process.geteuid?.() ?? 0,
      hostName: 'test',
      isProcessAlive: () => true,
    },
    signal: new AbortController().signal,
    now: () => new Date(),
    randomBytes: (count) => new Uint8Array(count),
  };
  const usual: FetchOptions = { ...usualFetchOptions, force: true, downloadIssuer: true };
  try {
    return await fetchStaple(scene.certificate, { ...usual, ...options }, tools);
  } finally {
    client.close();
  }
}

it('does not let an older good answer remove a revocation that another run heard of meanwhile', async () => {
  await withScene(async (scene) => {
    const mark = revokedMarkPath(scene.staple);
    const newer = stapleOf(scene, { status: revoked, thisUpdateOffset: -10 * minute });
    const older = stapleOf(scene, { thisUpdateOffset: -hour });
    scene.responder.behaviour = ({ response }) => {
      writeFileSync(mark, newer);
      response.writeHead(200, { 'content-type': 'application/ocsp-response' }).end(older);
    };
    const outcome = await fetchIn(scene);
    expect(outcome).toMatchObject({ outcome: 'revoked', trouble: { code: 'revoked' } });
    expect(readFileSync(mark).equals(newer)).toBe(true);
  });
});

it('ends as revoked while the revocation stands, also where this run has no responder to ask', async () => {
  await withScene(
    async (scene) => {
      writeFileSync(revokedMarkPath(scene.staple), stapleOf(scene, { status: revoked }));
      expect((await fetchIn(scene)).outcome).toBe('revoked');
    },
    { certificate: () => ({ ocspUris: [] }) },
  );
});

it('asks at most eight of the responders that a certificate names', async () => {
  const places = Array.from({ length: 100 }, (_, index) => `/${index}`);
  await withScene(
    async (scene) => {
      scene.responder.behaviour = httpStatus(404);
      expect((await fetchIn(scene)).outcome).toBe('unavailable');
      expect(scene.responder.requests).toHaveLength(8);
    },
    naming(...places),
  );
});

it('downloads the issuer from at most eight of the places that a certificate names', async () => {
  await withScene(
    async (scene) => {
      writeFileSync(scene.certificate, scene.site.certificate.pem);
      scene.responder.behaviour = httpStatus(404);
      const outcome = await fetchIn(scene);
      expect(outcome).toMatchObject({ trouble: { code: 'issuer-not-found' } });
      expect(scene.responder.requests).toHaveLength(8);
    },
    { certificate: (url) => ({ caIssuersUris: Array.from({ length: 100 }, (_, index) => `${url}/${index}`) }) },
  );
});

it('does not wait for a writer where a pipe lies in place of the staple', async () => {
  await withScene(async (scene) => {
    expect(spawnSync('mkfifo', [scene.staple]).status).toBe(0);
    // Ends the wait of a run that does wait, since nothing else would.
    const writer = spawn('sh', ['-c', 'sleep 5; : 3<>"$1"', 'sh', scene.staple], { stdio: 'ignore' });
    onTestFinished(() => void writer.kill());
    const report = await verifyStaple(scene.certificate, createIssuerFinder([]), {
      now: new Date(),
      skewMilliseconds: 0,
      ignoreTimes: false,
      trustedResponders: [],
      anchors: [],
      untrusted: [],
    });
    expect(report.trouble?.code).toBe('file-unreadable');
  });
});
