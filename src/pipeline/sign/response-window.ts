import { OcspError } from '../../core/index.js';
import { formatTime } from '../../core/time.js';
import { definedOnly } from '../../core/defined-only.js';

/** One end that a response may not outlive, and whose it is. */
export interface WindowLimit {
  readonly end: Date | undefined;
  readonly what: string;
}

export interface ResponseWindow {
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
  /** Why nextUpdate is sooner than was asked for, where it is. */
  readonly clippedBy?: string;
}

/**
 * The times of a response to sign: from the source's thisUpdate, or now, until now and the asked validity, but past none
 * of the limits.
 *
 * @throws OcspError `validity-empty` when a limit has already passed
 */
export function responseWindow(
  now: Date,
  validityMilliseconds: number,
  sourceThisUpdate: Date | undefined,
  limits: readonly WindowLimit[],
): ResponseWindow {
  const thisUpdate = toSecond(sourceThisUpdate ?? now);
  const asked = toSecond(new Date(now.getTime() + validityMilliseconds));
  let nextUpdate = asked;
  let clippedBy: string | undefined;
  for (const { end, what } of limits) {
    if (end === undefined || end >= nextUpdate) continue;
    nextUpdate = end;
    clippedBy = what;
  }
  if (nextUpdate <= now || nextUpdate <= thisUpdate) {
    throw new OcspError(
      'validity-empty',
      `no response can be valid: ${clippedBy ?? 'the validity'} ends at ${formatTime(nextUpdate)}`,
      'renew what has ended, or check this clock',
    );
  }
  return definedOnly({ thisUpdate, nextUpdate, clippedBy });
}

function toSecond(time: Date): Date {
  return new Date(Math.floor(time.getTime() / 1000) * 1000);
}
