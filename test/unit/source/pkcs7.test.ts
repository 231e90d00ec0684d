import { expect, it } from 'vitest';

import { readPkcs7Certificates } from '../../../src/source/pkcs7.js';

it('refuses a PKCS#7 that is larger than any bundle, before it costs anything', () => {
  const arcs = Buffer.alloc(1024 * 1024, 0x01);
  const oid = Buffer.concat([Buffer.from([0x06, 0x83, 0x10, 0x00, 0x00]), arcs]);
  const bomb = Buffer.concat([Buffer.from('308006092a864886f70d010702a080', 'hex'), oid, Buffer.alloc(4)]);
  expect(() => readPkcs7Certificates(bomb)).toThrow('larger than 262144 octets');
});
