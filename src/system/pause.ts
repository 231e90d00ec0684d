import { OcspError } from '../core/index.js';

/** Waits for so many milliseconds, for what `purpose` names. Rejects with OcspError `interrupted` once the signal is aborted. */
export function pause(milliseconds: number, signal: AbortSignal, purpose = 'the next attempt'): Promise<void> {
  return new Promise((resolve, reject) => {
    const interrupt = (): void => {
      clearTimeout(timer);
      reject(new OcspError('interrupted', `interrupted while waiting for ${purpose}`));
    };
    if (signal.aborted) {
      interrupt();
      return;
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', interrupt);
      resolve();
    }, milliseconds);
    signal.addEventListener('abort', interrupt, { once: true });
  });
}
