import { describe, expect, it } from 'vitest';
import {
  alertTime,
  defaultRefreshPolicy,
  refreshTime,
  windowOf,
  type Responder,
  type Statement,
} from '../../../src/core/index.js';
import { spreadOf } from '../../../src/core/schedule.js';
import { authority, certificate, decode, secondsAfter } from './scene.js';

const start = new Date('2026-01-01T00:00:00Z');
const end = new Date('2026-01-11T00:00:00Z');
const window = { start, end };
const hour = 3_600_000;
const day = 24 * hour;

const statement: Statement = {
  certId: { hashAlgorithm: 'sha1', issuerNameHash: '', issuerKeyHash: '', serialNumber: '01' },
  status: 'good',
  thisUpdate: start,
  nextUpdate: end,
};
const responder = (notAfter: Date): Responder => ({ kind: 'issuer', name: 'CN=x', keyHash: '', notAfter });

describe('windowOf', () => {
  it('reaches from thisUpdate to nextUpdate', () => {
    expect(windowOf(statement, responder(secondsAfter(end, 1)))).toEqual(window);
  });

  it('ends with the certificate of the signer where that is sooner', () => {
    const notAfter = secondsAfter(end, -1);
    expect(windowOf(statement, responder(notAfter))).toEqual({ start, end: notAfter });
  });

  it('is unknown without nextUpdate', () => {
    const { certId, status, thisUpdate } = statement;
    expect(windowOf({ certId, status, thisUpdate }, responder(end))).toBeUndefined();
  });
});

describe('refreshTime', () => {
  const spread = spreadOf(certificate);

  it('is the planned part of the window less a spread of up to a tenth', () => {
    const time = refreshTime(window, defaultRefreshPolicy, certificate).getTime();
    expect(time).toBe(Math.floor((start.getTime() + 5 * day - day * spread) / 1000) * 1000);
    expect(time).toBeGreaterThan(start.getTime() + 4 * day - 1000);
    expect(time).toBeLessThanOrEqual(start.getTime() + 5 * day);
  });

  it('counts from the end where a time before it is asked', () => {
    const time = refreshTime(window, { beforeEndMilliseconds: 12 * hour }, certificate).getTime();
    expect(time).toBe(Math.floor((end.getTime() - 12 * hour - day * spread) / 1000) * 1000);
  });

  it('is the same in every run and spread over certificates', () => {
    const times = Array.from({ length: 20 }, () => decode(authority.issue())).map((one) => [
      refreshTime(window, defaultRefreshPolicy, one).getTime(),
      refreshTime(window, defaultRefreshPolicy, one).getTime(),
    ]);
    expect(times.every(([a, b]) => a === b)).toBe(true);
    expect(new Set(times.map(([a]) => a)).size).toBeGreaterThan(10);
  });

  it('is the start of a window that ends before it begins', () => {
    const inverted = { start: end, end: start };
    expect(refreshTime(inverted, defaultRefreshPolicy, certificate)).toEqual(end);
  });

  it('stands for windows at the ends of time', () => {
    const widest = { start: new Date('0000-01-01T00:00:00Z'), end: new Date('9999-12-31T23:59:59Z') };
    expect(refreshTime(widest, defaultRefreshPolicy, certificate).getTime()).not.toBeNaN();
    expect(alertTime(widest, certificate).getTime()).not.toBeNaN();
  });
});

describe('alertTime', () => {
  it('is a quarter of the life before the end, half for Must-Staple, or as asked', () => {
    expect(alertTime(window, certificate)).toEqual(new Date(end.getTime() - 2.5 * day));
    const mustStaple = decode(authority.issue({ mustStaple: true }));
    expect(alertTime(window, mustStaple)).toEqual(new Date(end.getTime() - 5 * day));
    expect(alertTime(window, mustStaple, hour)).toEqual(new Date(end.getTime() - hour));
  });
});
