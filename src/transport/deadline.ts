import { setMaxListeners } from 'node:events';
import { OcspError } from '../core/ocsp-error.js';

/** The one limit in time of an exchange. */
export interface Deadline {
  /** Why it is over: `timeout`, or `interrupted`; undefined while it is not. */
  reason(): OcspError | undefined;
  /** Calls `listener` once it is over, unless the function that comes back is called before. */
  onOver(listener: (reason: OcspError) => void): () => void;
  /** The same for what takes a signal; made with its first use, since few exchanges need one. */
  signal(): AbortSignal;
  /** What the exchange is at, for the message of a timeout: `waiting for the answer`. */
  stage: string;
  /** Ends it as `interrupted`. */
  interrupt(): void;
  /** Clears the timer and forgets the caller's signal; after a failure it also ends what still hangs on the signal. */
  end(outcome: 'done' | 'failed'): void;
}

/** Starts a deadline that ends by time or by the caller's signal. */
export function startDeadline(options: {
  readonly milliseconds: number;
  readonly host: string;
  readonly signal: AbortSignal | undefined;
}): Deadline {
  const listeners = new Set<(reason: OcspError) => void>();
  let over: OcspError | undefined;
  let controller: AbortController | undefined;
  const end = (reason: OcspError): void => {
    if (over !== undefined) return;
    over = reason;
    for (const listener of listeners) listener(reason);
    controller?.abort(reason);
  };
  const interrupt = (): void => end(new OcspError('interrupted', `the request to ${options.host} was interrupted`));
  const expire = (): void => end(timedOut(options.host, options.milliseconds, deadline.stage));
  const timer = setTimeout(expire, options.milliseconds);
  const deadline: Deadline = {
    reason: () => over,
    onOver(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    signal() {
      controller ??= new AbortController();
      if (over !== undefined) controller.abort(over);
      return controller.signal;
    },
    stage: 'connecting',
    interrupt,
    end(outcome) {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', interrupt);
      // A connection to a proxy that no request owns yet: nothing else would close it.
      if (outcome === 'failed') controller?.abort();
    },
  };
  const { signal } = options;
  if (signal?.aborted === true) interrupt();
  else if (signal !== undefined) listenWithMany(signal, interrupt);
  return deadline;
}

/** Many exchanges at once listen to one signal, or wait at it: that is not a leak to warn of. */
export function listenWithMany(signal: AbortSignal, listener: () => void): void {
  setMaxListeners(0, signal);
  signal.addEventListener('abort', listener, { once: true });
}

/** The error of an exchange that took longer than it may. */
export function timedOut(host: string, milliseconds: number, stage: string): OcspError {
  return new OcspError(
    'timeout',
    `${host} took longer than ${roundedSeconds(milliseconds)} s, while ${stage}`,
    'try again later, or give it more time with --timeout or --connect-timeout',
  );
}

/** What is left of a budget is never a round number; two digits are what a reader wants. */
function roundedSeconds(milliseconds: number): number {
  const seconds = milliseconds / 1000;
  return seconds < 10 ? Number(seconds.toPrecision(2)) : Math.round(seconds);
}
