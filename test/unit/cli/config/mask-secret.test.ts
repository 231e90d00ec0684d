import { describe, expect, it } from 'vitest';

import { fleetFlags } from './fleet-flags.js';

const onScreen = (flag: string, text: string): string => fleetFlags[flag]?.masked?.(text) ?? text;

describe('a setting on the screen', () => {
  it.each([
    ['proxy', 'http://user:pass@proxy:3128', 'http://user:********@proxy:3128'],
    ['proxy', 'user:p@ss@proxy:3128', 'user:********@proxy:3128'],
    ['proxy', 'http://token@proxy', 'http://********@proxy'],
    ['url', 'https://u:p@ocsp.example/a@b', 'https://u:********@ocsp.example/a@b'],
    ['header', 'Authorization: Bearer abc:def', 'Authorization: ********'],
    ['header', 'X:a\nb', 'X: ********'],
    ['header', 'Authorization Bearer abc', '********'],
    ['proxy', 'http://user:p/ss@proxy:3128', 'http://user:********@proxy:3128'],
    ['url', 'http://user:p#s@ocsp.example/', 'http://user:********@ocsp.example/'],
  ])('of %s has no secret: %s', (flag, text, shown) => {
    expect(onScreen(flag, text)).toBe(shown);
  });

  it.each([
    ['proxy', 'http://proxy:3128'],
    ['proxy', ''],
    ['url', 'http://ocsp.example/a@b'],
    ['timeout', '10s'],
    ['on-failed', 'mail root@example.com'],
  ])('of %s is whole where there is none: %s', (flag, text) => {
    expect(onScreen(flag, text)).toBe(text);
  });
});
