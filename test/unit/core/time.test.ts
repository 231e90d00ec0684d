import { describe, expect, it } from 'vitest';
import { formatDuration, formatTime, parseAsn1Time } from '../../../src/core/time.js';

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

describe('parseAsn1Time', () => {
  it.each([
    ['260214102030Z', '2026-02-14T10:20:30Z'],
    ['490101000000Z', '2049-01-01T00:00:00Z'],
    ['500101000000Z', '1950-01-01T00:00:00Z'],
    ['20260214102030Z', '2026-02-14T10:20:30Z'],
    ['99991231235959Z', '9999-12-31T23:59:59Z'],
  ])('reads %s as %s', (text, expected) => {
    expect(parseAsn1Time(text)).toEqual(new Date(expected));
  });

  it.each([
    '',
    '2602141020Z',
    '260214102030',
    '260230102030Z',
    '260214102030+0100',
    'x',
    '２60214102030Z',
    ' 60214102030Z',
  ])('refuses %j', (text) => {
    expect(parseAsn1Time(text)).toBeUndefined();
  });
});
