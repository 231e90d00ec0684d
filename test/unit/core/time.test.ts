import { describe, expect, it } from 'vitest';
import { formatDuration, formatTime } from '../../../src/core/time.js';

describe('formatTime', () => {
  it.each([
    ['2026-03-01T12:00:00.000Z', '2026-03-01T12:00:00Z'],
    ['2026-03-01T12:00:00.999Z', '2026-03-01T12:00:00Z'],
    ['0000-01-01T00:00:00.000Z', '0000-01-01T00:00:00Z'],
    ['9999-12-31T23:59:59.000Z', '9999-12-31T23:59:59Z'],
  ])('prints %s to the second', (time, expected) => {
    expect(formatTime(new Date(time))).toBe(expected);
  });
});

describe('formatDuration', () => {
  it.each([
    [0, '0s'],
    [999, '0s'],
    [1000, '1s'],
    [-90_000, '1m 30s'],
    [3_600_000, '1h'],
    [3_601_000, '1h'],
    [86_400_000 + 3_600_000, '1d 1h'],
    [86_399_000, '23h 59m'],
    [400 * 86_400_000, '400d'],
  ])('prints %i ms as %s', (milliseconds, expected) => {
    expect(formatDuration(milliseconds)).toBe(expected);
  });
});
