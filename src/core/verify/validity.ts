import type { BasicResponse, SingleResponse } from '../response.js';
import { formatDuration, formatTime } from '../time.js';
import { failure } from './failure.js';
import type { Failure } from './verdict.js';

export interface ValidityOptions {
  readonly now: Date;
  /** How far clocks may differ, at both ends; 300,000 is usual. */
  readonly skewMilliseconds: number;
  /** How long ago thisUpdate may be; no limit when absent. */
  readonly maximumAgeMilliseconds?: number;
  /** Looks at none of thisUpdate, nextUpdate, producedAt; the signer must still be valid at `now`. */
  readonly ignoreTimes?: boolean;
}

/** RFC 6960 §3.2 items 5 and 6, §4.2.2.1. */
export function checkValidity(
  basic: BasicResponse,
  statement: SingleResponse,
  options: ValidityOptions,
): Failure | undefined {
  if (options.ignoreTimes === true) return undefined;
  const now = options.now.getTime();
  const { skewMilliseconds: skew, maximumAgeMilliseconds: maximumAge } = options;
  const { thisUpdate, nextUpdate } = statement;
  if (nextUpdate !== undefined && nextUpdate < thisUpdate) {
    const message = `nextUpdate ${formatTime(nextUpdate)} is before thisUpdate ${formatTime(thisUpdate)}`;
    return failure('malformed-response', message);
  }
  const latestStart = thisUpdate >= basic.producedAt ? thisUpdate : basic.producedAt;
  if (latestStart.getTime() - skew > now) {
    const [name, time] = latestStart === thisUpdate ? ['thisUpdate', thisUpdate] : ['producedAt', basic.producedAt];
    const message = `the response is not yet valid: ${name} is ${formatTime(time)}, ${formatDuration(time.getTime() - now)} from now`;
    return failure('not-yet-valid', message, { [name]: formatTime(time), now: formatTime(options.now) });
  }
  if (nextUpdate !== undefined && nextUpdate.getTime() + skew < now) {
    const message = `the response expired at ${formatTime(nextUpdate)}, ${formatDuration(now - nextUpdate.getTime())} ago`;
    return failure('expired', message, { nextUpdate: formatTime(nextUpdate), now: formatTime(options.now) });
  }
  if (maximumAge !== undefined && now - thisUpdate.getTime() > maximumAge) {
    const message = `the response is too old: thisUpdate is ${formatTime(thisUpdate)}, ${formatDuration(now - thisUpdate.getTime())} ago`;
    return failure('too-old', message, { thisUpdate: formatTime(thisUpdate), now: formatTime(options.now) });
  }
  return undefined;
}
