import { expect, it, onTestFinished } from 'vitest';

import { askResponders, type AskOptions, type AskResult } from '../../../src/pipeline/ask-responders.js';
import { startBudget } from '../../../src/pipeline/budget.js';
import { graverTrouble } from '../../../src/pipeline/trouble.js';
import { createHttpClient } from '../../../src/transport/http-client.js';
import { createResponderGate } from '../../../src/transport/responder-gate.js';
import { startServer } from '../transport/loopback.js';

function ask(options: Pick<AskOptions, 'urls'> & Partial<AskOptions>, milliseconds: number): Promise<AskResult<never>> {
  const client = createHttpClient({ allowPrivate: true, allowAddresses: [], userAgent: 'test' });
  onTestFinished(() => client.close());
  const usual = {
    origin: 'certificate' as const,
    requestDer: new Uint8Array(8),
    hasNonce: false,
    method: 'post' as const,
    headers: [],
    timeoutMilliseconds: 100,
    connectTimeoutMilliseconds: 100,
    retries: 0,
    spread: 0,
    budget: startBudget(milliseconds),
    signal: new AbortController().signal,
    client,
    gate: createResponderGate({ concurrency: 1, perResponder: 1 }),
    now: () => new Date('2026-03-01T12:00:00Z'),
  };
  return askResponders<never>({ ...usual, ...options }, () => expect.unreachable('nothing answers'), graverTrouble);
}

it('asks nobody any more when the budget is spent, however many responders are named', async () => {
  const server = await startServer(() => undefined);
  const urls = Array.from({ length: 300 }, (_, index) => `${server.origin}/${index}`);
  const result = await ask({ urls, retries: 2 }, 250);
  expect('trouble' in result && result.trouble.code).toBe('timeout');
  expect(result.contact?.attempts).toBeLessThan(10);
});

it('keeps the credentials of the URL out of what it says of a responder that does not answer', async () => {
  const result = await ask({ urls: ['http://user:secret@127.0.0.1:1/ocsp'], origin: 'operator' }, 1000);
  expect(result.contact?.url).toBe('http://127.0.0.1:1/ocsp');
  expect(JSON.stringify(result)).not.toContain('secret');
});
