import { expect, it, onTestFinished } from 'vitest';

import { askResponders, type AskOptions, type AskResult } from '../../../../src/pipeline/fetch/ask-in-turn.js';
import { startBudget } from '../../../../src/pipeline/fetch/budget.js';
import { createHttpClient } from '../../../../src/transport/http-client.js';
import { createResponderGate } from '../../../../src/transport/responder-gate.js';
import { startServer } from '../../transport/loopback.js';

function ask(options: Pick<AskOptions, 'urls'> & Partial<AskOptions>, milliseconds: number): Promise<AskResult> {
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
  return askResponders({ ...usual, ...options }, () => expect.unreachable('nothing answers'));
}

/** For an exchange that has to succeed. */
const patience = { timeoutMilliseconds: 5000, connectTimeoutMilliseconds: 5000 };

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

it('spends of its time what a responder asked others to wait', async () => {
  const server = await startServer((_request, response) => response.writeHead(404).end());
  const gate = createResponderGate({ concurrency: 1, perResponder: 1 });
  const host = server.origin.slice('http://'.length);
  const entry = await gate.enter(host, 0, new AbortController().signal);
  const budget = startBudget(20_000);
  const asking = ask({ urls: [server.origin], gate, budget, ...patience }, 0);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(server.seen).toHaveLength(0);
  gate.holdOff(host, 700);
  if (entry.kind === 'pass') entry.pass.leave('answered');
  await asking;
  expect(server.seen).toHaveLength(1);
  // 700 of the thousand milliseconds count, and what the exchange itself took.
  expect(budget.left()).toBeLessThan(19_400);
});

it('holds off all others where a responder answers 503 with Retry-After, for an hour at most', async () => {
  const server = await startServer((_request, response) => response.writeHead(503, { 'Retry-After': '999999' }).end());
  const gate = createResponderGate({ concurrency: 8, perResponder: 8 });
  const first = await ask({ urls: [server.origin], gate, ...patience }, 20_000);
  const second = await ask({ urls: [`${server.origin}/another`], gate, ...patience }, 20_000);
  expect(first).toMatchObject({ trouble: { code: 'retry-after-too-long' }, retryAfterMilliseconds: 999_999_000 });
  expect(second).toMatchObject({ trouble: { code: 'retry-after-too-long' } });
  expect('trouble' in second && second.retryAfterMilliseconds).toBeLessThanOrEqual(3_600_000);
  expect(server.seen).toHaveLength(1);
});
