import { OcspError } from '../core/index.js';

/** Waits for so many milliseconds. Rejects with OcspError `interrupted` once the signal is aborted. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const interrupt = (): void => {
      clearTimeout(timer);
      reject(new OcspError('interrupted', 'interrupted while waiting for the next attempt'));
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
