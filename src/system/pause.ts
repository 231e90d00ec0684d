import { setTimeout as delay } from 'node:timers/promises';

import { OcspError } from '../core/index.js';

/** Waits for so many milliseconds, for what `purpose` names. Rejects with OcspError `interrupted` once the signal is aborted. */
export async function pause(milliseconds: number, signal: AbortSignal, purpose = 'the next attempt'): Promise<void> {
  await delay(milliseconds, undefined, { signal }).catch(() => {
    throw new OcspError('interrupted', `interrupted while waiting for ${purpose}`);
  });
}
