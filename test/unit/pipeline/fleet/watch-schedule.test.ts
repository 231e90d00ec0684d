import { describe, expect, it } from 'vitest';

import { createWatchSchedule, type WatchSchedule } from '../../../../src/pipeline/fleet/watch-schedule.js';
import { failedOutcome, freshOutcome, refusal, revokedOutcome, updatedOutcome } from '../../../support/outcomes.js';

const minute = 60_000;
const start = new Date('2026-03-01T12:00:00Z').getTime();
const at = (minutes: number): Date => new Date(start + minutes * minute);

function scheduleWith(freshUntil?: Date): WatchSchedule {
  const schedule = createWatchSchedule(() => freshUntil);
  schedule.beginPass();
  return schedule;
}

const minutesTo = (schedule: WatchSchedule): number => (schedule.next(at(10_000)).getTime() - start) / minute;

describe('the schedule of a watch', () => {
  it('looks again when the first staple is due, and at the latest when it is told', () => {
    const schedule = scheduleWith();
    schedule.take(freshOutcome('site.pem', { nextRefresh: at(90) }), at(0));
    schedule.take(updatedOutcome('other.pem', { nextRefresh: at(60) }), at(0));
    expect(minutesTo(schedule)).toBe(60);
    expect(schedule.next(at(5))).toEqual(at(5));
  });

  it('asks again after five minutes for a due staple of which there is nothing newer, later where the responder says so', () => {
    const schedule = scheduleWith();
    schedule.take(freshOutcome('site.pem', { nextRefresh: at(-10) }), at(0));
    expect(minutesTo(schedule)).toBe(5);
    const patient = scheduleWith(at(30));
    patient.take(freshOutcome('site.pem', { nextRefresh: at(-10) }), at(0));
    expect(minutesTo(patient)).toBe(30);
  });

  it.each(['kept', 'unavailable', 'invalid', 'unknown', 'revoked'] as const)(
    'leaves the responder of an outcome %s alone for a minute, then for twice as long each time, up to an hour',
    (name) => {
      const schedule = scheduleWith();
      let now = 0;
      const waits = Array.from({ length: 8 }, () => {
        schedule.beginPass();
        schedule.take(name === 'revoked' ? revokedOutcome('site.pem') : failedOutcome('site.pem', name), at(now));
        const wait = minutesTo(schedule) - now;
        now += wait;
        expect(schedule.postponed('site.pem', at(now - 0.1))).toMatchObject({ outcome: name });
        expect(schedule.postponed('site.pem', at(now))).toBeUndefined();
        return wait;
      });
      expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
    },
  );

  it('heeds a longer Retry-After, but not for days', () => {
    const schedule = scheduleWith();
    schedule.take(
      failedOutcome('site.pem', 'unavailable', { trouble: refusal, retryAfterMilliseconds: 20 * minute }),
      at(0),
    );
    expect(minutesTo(schedule)).toBe(20);
    const silenced = scheduleWith();
    silenced.take(
      failedOutcome('site.pem', 'unavailable', { trouble: refusal, retryAfterMilliseconds: 10_000 * minute }),
      at(0),
    );
    expect(minutesTo(silenced)).toBe(60);
  });

  it('forgets failures with a success, and certificates that are gone', () => {
    const schedule = scheduleWith();
    schedule.take(failedOutcome('site.pem', 'unavailable'), at(0));
    schedule.take(updatedOutcome('site.pem', { nextRefresh: at(500) }), at(1));
    schedule.beginPass();
    schedule.take(failedOutcome('site.pem', 'unavailable'), at(2));
    expect(minutesTo(schedule)).toBe(3);
    schedule.endPass();
    schedule.beginPass();
    schedule.endPass();
    schedule.beginPass();
    expect(schedule.postponed('site.pem', at(2))).toBeUndefined();
  });

  it('does not wait for certificates whose trouble lies in files: the next look sees them', () => {
    const schedule = scheduleWith();
    schedule.take(failedOutcome('site.pem', 'input-error'), at(0));
    schedule.take(failedOutcome('site.pem', 'store-error'), at(0));
    schedule.take(failedOutcome('site.pem', 'no-responder'), at(0));
    expect(minutesTo(schedule)).toBe(10_000);
    expect(schedule.postponed('site.pem', at(0))).toBeUndefined();
  });
});
