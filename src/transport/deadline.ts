import { setMaxListeners } from 'node:events';
import { OcspError } from '../core/ocsp-error.js';

/** The one limit in time of an exchange. */
export interface Deadline {
  /** Aborts with an OcspError as its reason: `timeout`, or `interrupted`. */
  readonly signal: AbortSignal;
  /** What the exchange is at, for the message of a timeout: `waiting for the answer`. */
  stage: string;
  /** Clears the timer and forgets the caller's signals; after a failure it also ends what still hangs on the signal. */
  end(outcome: 'done' | 'failed'): void;
}

/** Starts a deadline that ends by time or by any of `interrupts`. */
export function startDeadline(options: {
  readonly milliseconds: number;
  readonly host: string;
  readonly interrupts: readonly AbortSignal[];
}): Deadline {
  const controller = new AbortController();
  const interrupt = (): void =>
    controller.abort(new OcspError('interrupted', `the request to ${options.host} was interrupted`));
  const expire = (): void => controller.abort(timedOut(options.host, options.milliseconds, deadline.stage));
  const timer = setTimeout(expire, options.milliseconds);
  const deadline: Deadline = {
    signal: controller.signal,
    stage: 'connecting',
    end(outcome) {
      clearTimeout(timer);
      for (const signal of options.interrupts) signal.removeEventListener('abort', interrupt);
      // A connection to a proxy that no request owns yet: nothing else would close it.
      if (outcome === 'failed') controller.abort();
    },
  };
  for (const signal of options.interrupts) {
    // Many exchanges at once listen to one signal: that is no leak to warn of.
    setMaxListeners(0, signal);
    if (signal.aborted) interrupt();
    else signal.addEventListener('abort', interrupt, { once: true });
  }
  return deadline;
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
