import { hostname } from 'node:os';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fetchStaples } from '../../../../src/pipeline/fleet/batch.js';
import type { FetchTools } from '../../../../src/pipeline/fetch/fetch-job.js';
import { listCertificates } from '../../../../src/source/certificate-list.js';
import { createIssuerFinder } from '../../../../src/source/issuer-finder.js';
import { createHttpClient } from '../../../../src/transport/http-client.js';
import { createResponderGate } from '../../../../src/transport/responder-gate.js';
import { createTemporaryFolder, type TemporaryFolder } from '../../../support/temporary-folder.js';
import { usualFetchOptions } from '../../../support/usual-fetch-options.js';

let folder: TemporaryFolder;
beforeEach(() => (folder = createTemporaryFolder()));
afterEach(() => folder.remove());

/** The certificates that came to an outcome, in their order, when the run is aborted after so many. */
async function outcomesUntil(abortAfter: number, names: readonly string[]): Promise<string[]> {
  const interrupt = new AbortController();
  const tools: FetchTools = {
    client: createHttpClient({ allowPrivate: true, allowAddresses: [], userAgent: 'restaple/test' }),
    gate: createResponderGate({ concurrency: 8, perResponder: 8 }),
    issuers: createIssuerFinder([]),
    downloadedIssuers: new Map(),
    ownProcess: { pid: process.pid, effectiveUserId: 0, hostName: hostname(), isProcessAlive: () => true },
    signal: interrupt.signal,
    now: () => new Date(),
    randomBytes: (count) => new Uint8Array(count),
  };
  const list = await listCertificates(names.map((name) => ({ path: folder.at(name) })));
  const seen: string[] = [];
  for await (const { position, outcome } of fetchStaples(list, usualFetchOptions, tools, { concurrency: 4 })) {
    seen.push(`${names[position]} ${outcome.outcome}`);
    if (seen.length === abortAfter) interrupt.abort();
  }
  return seen;
}

/** Damaged ones come to an outcome without traffic. */
function damagedCertificates(count: number): string[] {
  const names = Array.from({ length: count }, (_, index) => `${index}.pem`);
  for (const name of names) folder.write(name, '-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n');
  return names;
}

it('comes to one outcome for each certificate, more than are judged at once', async () => {
  const names = damagedCertificates(50);
  expect(await outcomesUntil(Number.POSITIVE_INFINITY, names)).toEqual(names.map((name) => `${name} input-error`));
});

it('tells of none after an abort', async () => {
  expect(await outcomesUntil(3, damagedCertificates(50))).toEqual([
    '0.pem input-error',
    '1.pem input-error',
    '2.pem input-error',
  ]);
});
