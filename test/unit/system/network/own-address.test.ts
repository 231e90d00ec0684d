import { networkInterfaces } from 'node:os';
import { describe, expect, it } from 'vitest';

import { isOwnAddress } from '../../../../src/system/network/own-address.js';

describe('an address', () => {
  const own = Object.values(networkInterfaces()).flatMap((addresses = []) => addresses.map(({ address }) => address));

  it.each(['127.0.0.1', '127.8.9.10', '::1', '0:0:0:0:0:0:0:1', 'localhost', ...own])('%s is of this host', (host) => {
    expect(isOwnAddress(host)).toBe(true);
  });

  it.each(['203.0.113.5', '2001:db8::5', 'haproxy.example', '127.0.0.1.example', '', '2130706433'])(
    '"%s" is not',
    (host) => {
      expect(isOwnAddress(host)).toBe(false);
    },
  );
});
