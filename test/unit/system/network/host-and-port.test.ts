import { describe, expect, it } from 'vitest';

import { parseHostAndPort } from '../../../../src/system/network/host-and-port.js';

describe('a TCP address', () => {
  it.each(['::1:80', 'a b:80', '[::1]x:80', 'host:', 'host:123456', ':80', '[]:80', '/run/a:80'])(
    'is not %j',
    (text) => {
      expect(parseHostAndPort(text)).toBeUndefined();
    },
  );

  it('takes the usual port where none is written', () => {
    expect(parseHostAndPort('[fe80::1]', 443)).toEqual({ host: 'fe80::1', port: 443 });
  });
});
