import { hostname } from 'node:os';

import { fetchStaples } from '../../../src/pipeline/fleet/batch.js';
import type { FetchOptions, FetchTools } from '../../../src/pipeline/fetch/fetch-job.js';
import { listCertificates } from '../../../src/source/certificate-list.js';
import { createIssuerFinder } from '../../../src/source/issuer-finder.js';
import { createHttpClient } from '../../../src/transport/http-client.js';
import { createResponderGate } from '../../../src/transport/responder-gate.js';
import { usualFetchOptions } from '../../support/usual-fetch-options.js';

/**
 * Refreshes the folder of the first argument, issued by the second, again and again until it is killed, as one run of the
 * program does once. Says so on stdout when it has written the first staple.
 */
async function refreshForEver(folder: string, issuer: string): Promise<never> {
  const options: FetchOptions = { ...usualFetchOptions, force: true };
  const tools: FetchTools = {
    client: createHttpClient({ allowPrivate: true, allowAddresses: [], userAgent: 'restaple/test' }),
    gate: createResponderGate({ concurrency: 8, perResponder: 8 }),
    issuers: createIssuerFinder([issuer]),
    downloadedIssuers: new Map(),
    ownProcess: { pid: process.pid, effectiveUserId: process.geteuid?.() ?? 0, hostName: hostname(), isProcessAlive },
    signal: new AbortController().signal,
    now: () => new Date(),
    randomBytes: (count) => new Uint8Array(count),
  };
  let hasBegun = false;
  for (;;) {
    const list = await listCertificates([{ path: folder }]);
    for await (const { outcome } of fetchStaples(list, options, tools, { concurrency: 16 })) {
      if (!hasBegun) process.stdout.write('begins\n');
      hasBegun = true;
      const message = 'trouble' in outcome ? outcome.trouble.message : '';
      if (outcome.outcome !== 'updated') process.stdout.write(`${outcome.outcome} ${message}\n`);
    }
  }
}

function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const [folder = '', issuer = ''] = process.argv.slice(2);
await refreshForEver(folder, issuer);
