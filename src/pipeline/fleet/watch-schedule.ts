import { pathKey, type FilePath } from '../../core/file-path.js';
import type { Outcome } from '../fetch/outcome.js';

/** When the certificates of a watch have to be looked at again. */
export type WatchSchedule = ReturnType<typeof createWatchSchedule>;

/** A responder that has nothing newer for a due staple is asked again after so long, unless it said itself. */
const reaskMilliseconds = 300_000;
const firstBackoffMilliseconds = 60_000;
const longestBackoffMilliseconds = 3_600_000;

interface Failing {
  readonly failures: number;
  readonly until: number;
  readonly outcome: Outcome;
  pass: number;
}

/**
 * A schedule without a clock of its own. A staple is looked at when it is due; a certificate that failed after a back-off
 * that doubles from one minute to an hour, or what its responder asked for.
 *
 * @param freshUntil until when a responder has nothing newer for a staple, where it said so
 */
export function createWatchSchedule(freshUntil: (outcome: Outcome) => Date | undefined) {
  const failing = new Map<string, Failing>();
  let earliest = Number.POSITIVE_INFINITY;
  let pass = 0;
  const wakeAt = (time: number): void => {
    earliest = Math.min(earliest, time);
  };
  return {
    /** A new pass begins: what it does not see again is forgotten at its end. */
    beginPass(): void {
      pass += 1;
      earliest = Number.POSITIVE_INFINITY;
    },
    endPass(): void {
      for (const [key, entry] of failing) if (entry.pass !== pass) failing.delete(key);
    },
    /** Notes how a certificate ended in this pass. */
    take(outcome: Outcome, now: Date): void {
      const key = pathKey(outcome.certificate);
      if (!('trouble' in outcome)) {
        failing.delete(key);
        wakeAt(dueTime(outcome, now, freshUntil));
        return;
      }
      if (!isWorthAsking(outcome)) return;
      const failures = (failing.get(key)?.failures ?? 0) + 1;
      const until = now.getTime() + backoff(failures, outcome.retryAfterMilliseconds);
      failing.set(key, { failures, until, outcome, pass });
      wakeAt(until);
    },
    /** The last outcome of a certificate whose responder is not asked for now; undefined where it may be asked. */
    postponed(certificate: FilePath, now: Date): Outcome | undefined {
      const entry = failing.get(pathKey(certificate));
      if (entry === undefined) return undefined;
      entry.pass = pass;
      if (entry.until <= now.getTime()) return undefined;
      wakeAt(entry.until);
      return entry.outcome;
    },
    /** When the first of them is due, at the latest at `latest`. */
    next: (latest: Date): Date => new Date(Math.min(earliest, latest.getTime())),
  };
}

function dueTime(outcome: Outcome, now: Date, freshUntil: (outcome: Outcome) => Date | undefined): number {
  const due = outcome.nextRefresh?.getTime() ?? Number.POSITIVE_INFINITY;
  if (due > now.getTime()) return due;
  const again = now.getTime() + reaskMilliseconds;
  return Math.max(again, freshUntil(outcome)?.getTime() ?? again);
}

/** What lies in files is seen by the next pass over them; only responders are not asked for a while. */
function isWorthAsking({ outcome }: Outcome): boolean {
  return ['kept', 'revoked', 'unknown', 'invalid', 'unavailable', 'withdrawn'].includes(outcome);
}

function backoff(failures: number, retryAfterMilliseconds = 0): number {
  const doubled = firstBackoffMilliseconds * 2 ** Math.min(failures - 1, 10);
  const asked = Math.min(retryAfterMilliseconds, longestBackoffMilliseconds);
  return Math.max(Math.min(doubled, longestBackoffMilliseconds), asked);
}
