import { describe, expect, it } from 'vitest';
import {
  addressPolicy,
  assertLiteralAllowed,
  assertWrittenHostAllowed,
  isAllowed,
  judgeAddress,
} from '../../../src/transport/address-guard.js';
import { failureIn } from './loopback.js';

const strict = addressPolicy({ allowPrivate: false, allowAddresses: [] });
const withPrivate = addressPolicy({ allowPrivate: true, allowAddresses: [] });

/** First and last address of each block, and the global neighbours on either side where there are any. */
const ipv4Blocks: readonly [first: string, last: string, below: string | null, above: string | null][] = [
  ['0.0.0.0', '0.255.255.255', null, '1.0.0.0'],
  ['10.0.0.0', '10.255.255.255', '9.255.255.255', '11.0.0.0'],
  ['100.64.0.0', '100.127.255.255', '100.63.255.255', '100.128.0.0'],
  ['127.0.0.0', '127.255.255.255', '126.255.255.255', '128.0.0.0'],
  ['169.254.0.0', '169.254.255.255', '169.253.255.255', '169.255.0.0'],
  ['172.16.0.0', '172.31.255.255', '172.15.255.255', '172.32.0.0'],
  ['192.0.0.0', '192.0.0.255', '191.255.255.255', '192.0.1.0'],
  ['192.0.2.0', '192.0.2.255', '192.0.1.255', '192.0.3.0'],
  ['192.31.196.0', '192.31.196.255', '192.31.195.255', '192.31.197.0'],
  ['192.52.193.0', '192.52.193.255', '192.52.192.255', '192.52.194.0'],
  ['192.88.99.0', '192.88.99.255', '192.88.98.255', '192.88.100.0'],
  ['192.168.0.0', '192.168.255.255', '192.167.255.255', '192.169.0.0'],
  ['192.175.48.0', '192.175.48.255', '192.175.47.255', '192.175.49.0'],
  ['198.18.0.0', '198.19.255.255', '198.17.255.255', '198.20.0.0'],
  ['198.51.100.0', '198.51.100.255', '198.51.99.255', '198.51.101.0'],
  ['203.0.113.0', '203.0.113.255', '203.0.112.255', '203.0.114.0'],
  ['224.0.0.0', '239.255.255.255', '223.255.255.255', null],
  ['240.0.0.0', '255.255.255.255', null, null],
];

const ipv6Blocks: readonly [first: string, last: string, below: string | null, above: string | null][] = [
  ['2001:2::', '2001:2:0:ffff:ffff:ffff:ffff:ffff', null, null],
  ['2001:10::', '2001:2f:ffff:ffff:ffff:ffff:ffff:ffff', null, null],
  ['2001:1::', '2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff', '2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '2001:200::'],
  ['2001:db8::', '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff', '2001:db7:ffff::', '2001:db9::'],
  ['2620:4f:8000::', '2620:4f:8000:ffff:ffff:ffff:ffff:ffff', '2620:4f:7fff::', '2620:4f:8001::'],
  ['3fff::', '3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff', '3ffe:ffff::', '3fff:1000::'],
  ['4000::', 'fbff:ffff::', '3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', null],
  ['fc00::', 'fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', null, null],
  ['fe80::', 'febf:ffff::', null, null],
  ['fec0::', 'feff:ffff::', null, null],
  ['ff00::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', null, null],
  ['64:ff9b:1::', '64:ff9b:1:ffff:ffff:ffff:ffff:ffff', null, null],
  ['100::', '100::ffff:ffff:ffff:ffff', null, null],
  ['5f00::', '5f00:ffff::', null, null],
  ['::', '::1', null, null],
  ['::ffff:0:808:808', '1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', null, '2000::'],
];

describe('the address table', () => {
  it.each([...ipv4Blocks, ...ipv6Blocks])('denies %s to %s and nothing beside it', (first, last, below, above) => {
    expect([first, last].map((address) => isAllowed(address, strict))).toEqual([false, false]);
    for (const neighbour of [below, above]) {
      if (neighbour !== null) expect([neighbour, judgeAddress(neighbour).verdict]).toEqual([neighbour, 'global']);
    }
  });

  it.each(['8.8.8.8', '1.1.1.1', '151.101.1.91', '2600::1', '2a00:1450:4001:80b::200e', '2606:4700::6810:84e5'])(
    'lets the public address %s through',
    (address) => expect(isAllowed(address, strict)).toBe(true),
  );

  it.each([
    ['10.0.0.1', 'private', '10.0.0.0/8', 'RFC 1918'],
    ['100.64.0.1', 'private', '100.64.0.0/10', 'RFC 6598'],
    ['127.0.0.1', 'private', '127.0.0.0/8', 'RFC 1122'],
    ['fd12::1', 'private', 'fc00::/7', 'RFC 4193'],
    ['::1', 'private', '::1/128', 'RFC 4291'],
    ['169.254.169.254', 'special', '169.254.0.0/16', 'RFC 3927'],
    ['255.255.255.255', 'special', '255.255.255.255/32', 'RFC 919'],
    ['fe80::1%eth0', 'special', 'fe80::/10', 'RFC 4291'],
    ['2001:20::5', 'special', '2001:20::/28', 'RFC 7343'],
  ])('names the block of %s', (address, kind, block, source) => {
    expect(judgeAddress(address)).toMatchObject({ verdict: 'blocked', kind, block, source });
  });

  it.each(['', 'example.com', '010.0.0.1', '1.2.3', '127.1', '::g', '1.2.3.4/8'])(
    'denies "%s", which is not an address',
    (text) => {
      expect(isAllowed(text, withPrivate)).toBe(false);
      expect(judgeAddress(text)).toMatchObject({ verdict: 'blocked', name: 'not an IP address' });
    },
  );
});

describe('addresses that carry an IPv4 address', () => {
  it.each([
    ['mapped', '::ffff:8.8.8.8', '::ffff:10.0.0.1'],
    ['mapped in hex', '::ffff:808:808', '::ffff:7f00:1'],
    ['compatible', '::8.8.8.8', '::10.0.0.1'],
    ['NAT64', '64:ff9b::808:808', '64:ff9b::a00:1'],
    ['6to4', '2002:808:808::1', '2002:a00:1::1'],
    ['Teredo client', '2001:0:808:808::f7f7:f7f7', '2001:0:808:808::f5ff:fffe'],
    ['Teredo server', '2001:0:808:808::f7f7:f7f7', '2001:0:a00:1::f7f7:f7f7'],
  ])('are judged by what they carry: %s', (_form, open, closed) => {
    expect(isAllowed(open, strict)).toBe(true);
    expect(isAllowed(closed, strict)).toBe(false);
    expect(isAllowed(closed, withPrivate)).toBe(true);
  });

  it.each([
    '::ffff:169.254.169.254',
    '64:ff9b::a9fe:a9fe',
    '2002:a9fe:a9fe::',
    '::169.254.169.254',
    '2001:0:a9fe:a9fe::f7f7:f7f7',
  ])('reach no metadata service in disguise: %s', (address) => expect(isAllowed(address, withPrivate)).toBe(false));
});

describe('--allow-private', () => {
  it.each(['10.1.2.3', '172.20.0.1', '192.168.1.1', '100.64.0.1', '127.0.0.1', '::1', 'fd00::1', '::ffff:192.168.0.1'])(
    'opens %s',
    (address) => expect(isAllowed(address, withPrivate)).toBe(true),
  );

  it.each([
    '0.0.0.0',
    '169.254.169.254',
    '192.0.0.192',
    '100.100.100.200',
    '168.63.129.16',
    'fd00:ec2::254',
    'fd20:ce::254',
    'fe80::1',
    '224.0.0.1',
    '192.0.2.1',
    '::',
  ])('leaves %s closed', (address) => expect(isAllowed(address, withPrivate)).toBe(false));
});

describe('--allow-address', () => {
  const policyOf = (...allowAddresses: string[]) => addressPolicy({ allowPrivate: false, allowAddresses });

  it('opens exactly the block it names', () => {
    const policy = policyOf('10.8.0.0/14', 'fe80::/10', '169.254.169.254');
    expect(
      ['10.8.0.0', '10.11.255.255', 'fe80::1', 'fe80::1%eth0', '169.254.169.254'].map((a) => isAllowed(a, policy)),
    ).toEqual([true, true, true, true, true]);
    expect(
      ['10.7.255.255', '10.12.0.0', '169.254.169.253', '127.0.0.1', '::1'].map((a) => isAllowed(a, policy)),
    ).toEqual([false, false, false, false, false]);
  });

  it('opens the forms that carry an opened address, and the other way round', () => {
    expect(isAllowed('::ffff:10.0.0.1', policyOf('10.0.0.0/8'))).toBe(true);
    expect(isAllowed('64:ff9b::a00:1', policyOf('10.0.0.0/8'))).toBe(true);
    expect(isAllowed('10.0.0.1', policyOf('::ffff:10.0.0.0/104'))).toBe(true);
    expect(isAllowed('11.0.0.1', policyOf('::ffff:10.0.0.0/104'))).toBe(true);
    expect(isAllowed('192.168.0.1', policyOf('::ffff:10.0.0.0/104'))).toBe(false);
  });

  it('opens a Teredo address only when both carried addresses are open', () => {
    const address = '2001:0:a00:1::f5ff:fffe';
    expect(isAllowed(address, policyOf('10.0.0.1'))).toBe(true);
    expect(isAllowed('2001:0:a00:1::3f57:fffe', policyOf('10.0.0.1'))).toBe(false);
  });

  it.each([
    '',
    '10',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    '10.0.0.0/-1',
    '10.0.0.0/08',
    'fe80::1%eth0',
    '::/129',
    'host.example',
  ])('refuses "%s" as a usage error', (text) => {
    const error = failureIn(() => policyOf(text));
    expect(error.code).toBe('usage');
    expect(error.hint).toContain('--allow-address');
  });
});

describe('hosts of URLs', () => {
  const hostOf = (url: string) => new URL(url).hostname;

  it.each([
    'http://127.0.0.1/',
    'http://127.0.0.1./',
    'http://127.0.0.1../',
    'http://0x7f.1/',
    'http://0177.0.0.1/',
    'http://2130706433/',
    'http://127.1/',
    'http://①②⑦.0.0.1/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[0:0:0:0:0:ffff:7f00:1]/',
    'http://[64:ff9b::7f00:1]/',
    'http://0/',
    'http://%31%32%37.0.0.1/',
  ])('are denied in every notation: %s', (url) => {
    expect(failureIn(() => assertLiteralAllowed(hostOf(url), strict)).code).toBe('address-blocked');
  });

  it('pass when they are names or public addresses', () => {
    for (const url of ['http://ocsp.example.com/', 'http://8.8.8.8/', 'http://[2600::1]/', 'http://1e100.net/']) {
      expect(() => assertLiteralAllowed(hostOf(url), strict)).not.toThrow();
    }
  });

  it('are refused with the flag that would open them', () => {
    const own = failureIn(() => assertLiteralAllowed('10.0.0.1', strict));
    expect(own.message).toBe('10.0.0.1 is not a public address: private-use, 10.0.0.0/8, RFC 1918');
    expect(own.hint).toContain('--allow-private');
    expect(own.hint).toContain('--allow-address 10.0.0.1');
    const metadata = failureIn(() => assertLiteralAllowed('169.254.169.254', withPrivate));
    expect(metadata.hint).toContain('--allow-address 169.254.169.254');
    expect(metadata.hint).not.toContain('--allow-private');
    expect(failureIn(() => assertLiteralAllowed('[::1]', strict)).hint).toContain('--allow-address ::1');
  });
});

describe('hosts that a proxy looks up', () => {
  it.each([
    'localhost',
    'LOCALHOST',
    'localhost.',
    'a.localhost',
    'printer.local',
    'ca.internal',
    'ca.internal.',
    'ca',
    'CA.',
    'router.home.arpa',
    'ocsp.pki.svc.',
    'ocsp.pki.svc.Cluster.Local',
    '127.0.0.1',
    '[::1]',
  ])('are judged as written: %s is refused, and opened by --allow-private', (host) => {
    const error = failureIn(() => assertWrittenHostAllowed(host, strict));
    expect(error.code).toBe('address-blocked');
    expect(error.hint).toContain('--allow-private');
    expect(() => assertWrittenHostAllowed(host, withPrivate)).not.toThrow();
  });

  it.each(['ocsp.example.com', 'x.mylocalhost', 'x.notlocal', 'internal.example.com', 'local.example'])(
    '%s is left to the proxy',
    (host) => {
      expect(() => assertWrittenHostAllowed(host, strict)).not.toThrow();
    },
  );

  it('include no metadata service, whatever is allowed', () => {
    expect(failureIn(() => assertWrittenHostAllowed('metadata.google.internal', withPrivate)).code).toBe(
      'address-blocked',
    );
    expect(failureIn(() => assertWrittenHostAllowed('169.254.169.254', withPrivate)).code).toBe('address-blocked');
  });
});
