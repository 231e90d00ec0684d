import { randomBytes } from 'node:crypto';

import type { ServerTools } from '../../src/servers/server.js';

/** What a server is told with in tests that mean no harm: no key, no signal. */
export function serverTools(change: Partial<ServerTools> = {}): ServerTools {
  const refuse = (): never => {
    throw new Error('this test needs no such tool');
  };
  return {
    limits: { timeoutMilliseconds: 20_000, signal: new AbortController().signal },
    environment: {},
    effectiveUserId: process.geteuid?.() ?? -1,
    sendSignal: refuse,
    dnsdistKey: refuse,
    now: () => new Date(),
    randomBytes,
    ...change,
  };
}
