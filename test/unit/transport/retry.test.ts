import { describe, expect, it } from 'vitest';
import { OcspError, type OcspErrorCode } from '../../../src/core/ocsp-error.js';
import { isRetriable, parseRetryAfter, retryDelay } from '../../../src/transport/retry.js';
import { StatusError } from '../../../src/transport/status-error.js';

describe('the wait before the next attempt', () => {
  it('doubles with each attempt', () => {
    const delays = [1, 2, 3, 4].map((attempt) => retryDelay({ attempt, spread: 0.5 }));
    expect(delays).toEqual([500, 1000, 2000, 4000]);
  });

  it('is spread by a quarter to either side', () => {
    expect(retryDelay({ attempt: 1, baseMilliseconds: 1000, spread: 0 })).toBe(750);
    expect(retryDelay({ attempt: 1, baseMilliseconds: 1000, spread: 1 })).toBe(1250);
  });

  it('never grows beyond half a minute and its spread', () => {
    expect(retryDelay({ attempt: 60, spread: 1 })).toBe(37_500);
  });

  it('never undercuts a Retry-After', () => {
    expect(retryDelay({ attempt: 1, spread: 0.5, retryAfterMilliseconds: 60_000 })).toBe(60_000);
    expect(retryDelay({ attempt: 3, spread: 0.5, retryAfterMilliseconds: 1 })).toBe(2000);
  });
});

describe('what is worth another attempt', () => {
  it.each<[OcspErrorCode, boolean]>([
    ['connection-failed', true],
    ['name-not-resolved', true],
    ['timeout', true],
    ['proxy-failed', true],
    ['address-blocked', false],
    ['malformed-uri', false],
    ['unsupported-scheme', false],
    ['tls-failed', false],
    ['too-many-redirects', false],
    ['body-too-large', false],
    ['interrupted', false],
    ['usage', false],
  ])('%s: %s', (code, expected) => expect(isRetriable(new OcspError(code, 'x'))).toBe(expected));

  it.each([
    [429, true],
    [500, true],
    [503, true],
    [599, true],
    [400, false],
    [404, false],
    [302, false],
    [204, false],
  ])('HTTP status %s: %s', (status, expected) => {
    expect(isRetriable(new StatusError('http-status', 'x', '', { status }))).toBe(expected);
  });

  it('does not ask a proxy again that wants credentials', () => {
    expect(isRetriable(new StatusError('proxy-failed', 'x', '', { status: 407 }))).toBe(false);
  });

  it('is never a bug of ours', () => expect(isRetriable(new TypeError('x'))).toBe(false));
});

describe('Retry-After', () => {
  const now = Date.UTC(1994, 10, 6, 8, 49, 7);

  it.each<[string, number | undefined]>([
    ['0', 0],
    ['120', 120_000],
    [' 5 ', 5000],
    ['Sun, 06 Nov 1994 08:49:37 GMT', 30_000],
    ['Sunday, 06-Nov-94 08:49:37 GMT', 30_000],
    ['Sun Nov  6 08:49:37 1994', 30_000],
    ['Sun, 06 Nov 1994 08:48:37 GMT', 0],
    ['-1', undefined],
    ['1.5', undefined],
    ['', undefined],
    ['soon', undefined],
    ['9999999999', undefined],
    ['Sun, 99 Nov 1994 08:49:37 GMT', undefined],
    ['1994-11-06T08:49:37Z', undefined],
  ])('"%s" is %s ms', (value, expected) => expect(parseRetryAfter(value, now)).toBe(expected));
});
