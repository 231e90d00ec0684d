import { createECDH, createPrivateKey } from 'node:crypto';

import {
  bitString,
  contextConstructed,
  integer,
  integerOfContents,
  nullValue,
  objectIdentifier,
  octetString,
  sequence,
  tagged,
} from './der-writer.js';
import { subjectPublicKey, type KeyType } from './keys.js';

/** A SubjectPublicKeyInfo that must not reach OpenSSL. */
export interface BrokenKey {
  readonly name: string;
  readonly spki: Uint8Array;
  /** A key that signs by the algorithm that would belong to it. */
  readonly like: KeyType;
  readonly failure: 'unsupported-algorithm' | 'weak-algorithm';
  /** What the program says of it. */
  readonly why: string;
}

const oid = {
  rsa: objectIdentifier('1.2.840.113549.1.1.1'),
  pss: objectIdentifier('1.2.840.113549.1.1.10'),
  mgf1: objectIdentifier('1.2.840.113549.1.1.8'),
  sha256: objectIdentifier('2.16.840.1.101.3.4.2.1'),
  md5: objectIdentifier('1.2.840.113549.2.5'),
  ec: objectIdentifier('1.2.840.10045.2.1'),
  ed25519: objectIdentifier('1.3.101.112'),
  ed448: objectIdentifier('1.3.101.113'),
};

function info(algorithm: readonly Uint8Array[], key: Uint8Array): Buffer {
  return sequence(sequence(...algorithm), bitString(key));
}

// RSA. That this modulus is not a product of two primes is not to be seen.

const modulus = 3n * 2n ** 2046n + 12_345n;
const rsaAlgorithm = [oid.rsa, nullValue()];

function rsaInfo(
  n: bigint | Uint8Array,
  e: bigint | Uint8Array = 65_537n,
  algorithm: readonly Uint8Array[] = rsaAlgorithm,
): Buffer {
  const number = (value: bigint | Uint8Array): Buffer =>
    value instanceof Uint8Array ? integerOfContents(value) : integer(value);
  return info(algorithm, sequence(number(n), number(e)));
}

const rsaNumbers: readonly (readonly [
  string,
  BrokenKey['failure'],
  string,
  bigint | Uint8Array,
  (bigint | Uint8Array)?,
])[] = [
  ['an empty modulus', 'unsupported-algorithm', 'RSA modulus is an empty INTEGER', Buffer.alloc(0)],
  ['a modulus of 0', 'weak-algorithm', 'the RSA modulus has 0 bits, fewer than 1024', 0n],
  ['a modulus of 1', 'weak-algorithm', 'the RSA modulus has 1 bits, fewer than 1024', 1n],
  ['a modulus of 1023 bits', 'weak-algorithm', 'the RSA modulus has 1023 bits, fewer than 1024', 2n ** 1023n - 1n],
  [
    'a modulus of 16385 bits',
    'unsupported-algorithm',
    'the RSA modulus has 16385 bits, more than 16384',
    2n ** 16_385n - 1n,
  ],
  ['a negative modulus', 'unsupported-algorithm', 'the RSA modulus is negative', -modulus],
  ['a modulus without its sign octet', 'unsupported-algorithm', 'the RSA modulus is negative', unsigned(modulus)],
  [
    'a modulus with a zero too many',
    'unsupported-algorithm',
    'RSA modulus is not encoded minimally',
    Buffer.concat([Buffer.alloc(2), unsigned(modulus)]),
  ],
  ['an even modulus', 'unsupported-algorithm', 'the RSA modulus is even', modulus + 1n],
  ['an empty exponent', 'unsupported-algorithm', 'RSA exponent is an empty INTEGER', modulus, Buffer.alloc(0)],
  ['an exponent of 0', 'weak-algorithm', 'the RSA exponent is below 3', modulus, 0n],
  ['an exponent of 1', 'weak-algorithm', 'the RSA exponent is below 3', modulus, 1n],
  ['an exponent of 2', 'weak-algorithm', 'the RSA exponent is below 3', modulus, 2n],
  ['a negative exponent', 'unsupported-algorithm', 'the RSA exponent is negative', modulus, -3n],
  ['an even exponent', 'unsupported-algorithm', 'the RSA exponent is even', modulus, 65_536n],
  [
    'an exponent of 34 bits',
    'unsupported-algorithm',
    'the RSA exponent has 34 bits, more than 33',
    modulus,
    2n ** 33n + 1n,
  ],
  [
    'an exponent as long as its modulus',
    'unsupported-algorithm',
    'the RSA exponent has 2048 bits, more than 33',
    modulus,
    modulus,
  ],
  [
    'an exponent with a zero too many',
    'unsupported-algorithm',
    'RSA exponent is not encoded minimally',
    modulus,
    Buffer.from('00010001', 'hex'),
  ],
];

function unsigned(value: bigint): Buffer {
  return Buffer.from(value.toString(16), 'hex');
}

const rsaForms: readonly (readonly [string, string, Uint8Array])[] = [
  ['no octets', 'RSA public key is missing', Buffer.alloc(0)],
  ['an octet instead of a SEQUENCE', 'RSA public key is cut short', Buffer.of(0x30)],
  ['a SET instead of a SEQUENCE', 'RSA public key has tag 0x31', tagged(0x31, integer(modulus), integer(3))],
  ['nothing in its SEQUENCE', 'RSA modulus is missing', sequence()],
  ['no exponent', 'RSA exponent is missing', sequence(integer(modulus))],
  ['a third number', 'data after the end of RSA public key', sequence(integer(modulus), integer(3), integer(3))],
  [
    'an octet after it',
    'data after the end of RSA public key',
    Buffer.concat([sequence(integer(modulus), integer(3)), Buffer.of(0)]),
  ],
  ['an OCTET STRING as modulus', 'RSA modulus has tag 0x04', sequence(octetString(Buffer.alloc(256, 1)), integer(3))],
  [
    'a SEQUENCE of indefinite length',
    'RSA public key has an indefinite length',
    Buffer.concat([Buffer.of(0x30, 0x80), integer(modulus), integer(3), Buffer.of(0, 0)]),
  ],
  ['a length beyond its end', 'RSA public key is cut short', sequence(integer(modulus), integer(3)).subarray(0, 200)],
];

const pssSha256 = contextConstructed(0, sequence(oid.sha256, nullValue()));
const badPss = 'the parameters of the RSASSA-PSS key are malformed or not supported';
const pssParameters: readonly (readonly [string, Uint8Array])[] = [
  ['NULL', nullValue()],
  ['an INTEGER', integer(1)],
  ['a hash that nobody knows', sequence(contextConstructed(0, sequence(objectIdentifier('1.2.3'))))],
  ['MD5', sequence(contextConstructed(0, sequence(oid.md5, nullValue())))],
  ['a hash without its SEQUENCE', sequence(contextConstructed(0, oid.sha256))],
  ['another mask than MGF1', sequence(pssSha256, contextConstructed(1, sequence(oid.sha256, nullValue())))],
  ['MGF1 without a hash', sequence(pssSha256, contextConstructed(1, sequence(oid.mgf1)))],
  ['a negative salt length', sequence(pssSha256, contextConstructed(2, integer(-1)))],
  ['a salt of 3000 octets', sequence(pssSha256, contextConstructed(2, integer(3000)))],
  ['a salt length of 31 bits', sequence(pssSha256, contextConstructed(2, integer(0x7fff_ffff)))],
  ['a salt length of 63 bits', sequence(pssSha256, contextConstructed(2, integer(2n ** 63n - 1n)))],
  ['another trailer', sequence(pssSha256, contextConstructed(3, integer(2)))],
  ['something after them', sequence(pssSha256, contextConstructed(4, integer(1)))],
];

const rsaKeys: readonly BrokenKey[] = [
  ...rsaNumbers.flatMap(([what, failure, why, n, e]): BrokenKey[] => [
    { name: `RSA with ${what}`, spki: rsaInfo(n, e), like: 'rsa-1024', failure, why },
    { name: `RSA-PSS with ${what}`, spki: rsaInfo(n, e, [oid.pss]), like: 'rsa-pss', failure, why },
  ]),
  ...rsaForms.flatMap(([what, why, key]): BrokenKey[] => [
    {
      name: `RSA with ${what}`,
      spki: info(rsaAlgorithm, key),
      like: 'rsa-1024',
      failure: 'unsupported-algorithm',
      why,
    },
    {
      name: `RSA-PSS with ${what}`,
      spki: info([oid.pss], key),
      like: 'rsa-pss',
      failure: 'unsupported-algorithm',
      why,
    },
  ]),
  {
    name: 'RSA with parameters',
    spki: rsaInfo(modulus, 3n, [oid.rsa, sequence()]),
    like: 'rsa-1024',
    failure: 'unsupported-algorithm',
    why: 'the RSA key has parameters',
  },
  ...pssParameters.map(([what, parameters]): BrokenKey => ({
    name: `RSA-PSS with parameters that say ${what}`,
    spki: rsaInfo(modulus, 3n, [oid.pss, parameters]),
    like: 'rsa-pss',
    failure: 'unsupported-algorithm',
    why: badPss,
  })),
];

// EC. A point of each curve by a private key of 7, so that every run has the same.

interface Curve {
  readonly name: string;
  readonly like: KeyType;
  readonly oid: Uint8Array;
  readonly octets: number;
  readonly p: bigint;
  /** The point, uncompressed. */
  readonly point: Buffer;
}

function curve(name: string, like: KeyType, openssl: string, dotted: string, p: bigint): Curve {
  const octets = Math.ceil(p.toString(2).length / 8);
  const agreement = createECDH(openssl);
  agreement.setPrivateKey(bigEndian(7n, octets));
  return { name, like, oid: objectIdentifier(dotted), octets, p, point: agreement.getPublicKey() };
}

const curves: readonly Curve[] = [
  curve('P-256', 'ec-p256', 'prime256v1', '1.2.840.10045.3.1.7', 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n),
  curve('P-384', 'ec-p384', 'secp384r1', '1.3.132.0.34', 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n),
  curve('P-521', 'ec-p521', 'secp521r1', '1.3.132.0.35', 2n ** 521n - 1n),
];

function bigEndian(value: bigint, octets: number): Buffer {
  return Buffer.from(value.toString(16).padStart(octets * 2, '0'), 'hex');
}

function brokenPoints({ name, like, oid: named, octets, p, point }: Curve): BrokenKey[] {
  const x = point.subarray(1, 1 + octets);
  const y = point.subarray(1 + octets);
  const uncompressed = (...parts: Uint8Array[]): Buffer => Buffer.concat([Buffer.of(4), ...parts]);
  const compressed = (form: number, ...parts: Uint8Array[]): Buffer => Buffer.concat([Buffer.of(form), ...parts]);
  const length = (found: number, expected: number): string =>
    `the point on ${name} has ${found} octets instead of ${expected}`;
  const off = `the point is not on the curve ${name}`;
  const tooLarge = `a coordinate of the point on ${name} is not below the field's prime`;
  const zero = Buffer.alloc(octets);
  const other = Buffer.from(y);
  other[octets - 1]! ^= 1;
  const rows: [string, string, Uint8Array][] = [
    ['the point at infinity', `the point on ${name} is the point at infinity`, Buffer.of(0)],
    ['the point at infinity and more', `of an unknown form (0x00)`, Buffer.alloc(1 + 2 * octets)],
    ['no octets', `the point on ${name} has no octets`, Buffer.alloc(0)],
    ['an unknown form', 'of an unknown form (0x05)', compressed(5, x, y)],
    ['a form of 01', 'of an unknown form (0x01)', compressed(1, x)],
    ['the hybrid form', `of an unknown form (0x0${6 + (y.at(-1)! & 1)})`, compressed(6 + (y.at(-1)! & 1), x, y)],
    ['the form alone', length(1, 1 + 2 * octets), Buffer.of(4)],
    ['no y', length(1 + octets, 1 + 2 * octets), uncompressed(x)],
    ['an octet too few', length(2 * octets, 1 + 2 * octets), point.subarray(0, -1)],
    ['an octet too many', length(2 + 2 * octets, 1 + 2 * octets), uncompressed(x, y, Buffer.of(0))],
    ['a SEQUENCE around its point', 'of an unknown form (0x', sequence(point)],
    ['another y', off, uncompressed(x, other)],
    ['x and y exchanged', off, uncompressed(y, x)],
    ['x and y of 0', off, uncompressed(zero, zero)],
    ['an x of the prime', tooLarge, uncompressed(bigEndian(p, octets), y)],
    ['a y of the prime', tooLarge, uncompressed(x, bigEndian(p, octets))],
    ['a compressed point of an octet too few', length(octets, 1 + octets), compressed(2, x.subarray(1))],
    ['a compressed point of an octet too many', length(2 + octets, 1 + octets), compressed(3, x, Buffer.of(0))],
    ['a compressed x of the prime', tooLarge, compressed(2, bigEndian(p, octets))],
    ['a compressed x that no point has', off, compressed(2, bigEndian(withoutPoint[name]!, octets))],
  ];
  return rows.map(([what, why, key]) => ({
    name: `EC ${name} with ${what}`,
    spki: info([oid.ec, named], key),
    like,
    failure: 'unsupported-algorithm',
    why,
  }));
}

/** The smallest x on each curve without a y, which OpenSSL refuses to decompress. */
const withoutPoint: Readonly<Record<string, bigint>> = { 'P-256': 1n, 'P-384': 1n, 'P-521': 3n };

const [firstCurve] = curves;
const noName = 'the EC key does not name its curve';
const ecKeys: readonly BrokenKey[] = [
  ...curves.flatMap(brokenPoints),
  ...(
    [
      ['no parameters', noName, []],
      ['NULL parameters', noName, [nullValue()]],
      ['a curve that is spelt out', noName, [sequence(integer(1), sequence(), sequence())]],
      ['an empty name of a curve', 'curve is not an OBJECT IDENTIFIER', [tagged(0x06)]],
      ['secp256k1', 'the curve secp256k1 is not supported', [objectIdentifier('1.3.132.0.10')]],
      ['a curve that nobody knows', 'the curve 1.2.3 is not supported', [objectIdentifier('1.2.3')]],
    ] as const
  ).map(([what, why, parameters]): BrokenKey => ({
    name: `EC with ${what}`,
    spki: info([oid.ec, ...parameters], firstCurve!.point),
    like: 'ec-p256',
    failure: 'unsupported-algorithm',
    why,
  })),
];

// Ed25519 and Ed448 (RFC 8410). Numbers are little-endian, the sign of x in the highest bit.

interface Edwards {
  readonly name: 'Ed25519' | 'Ed448';
  readonly like: KeyType;
  readonly oid: Uint8Array;
  readonly octets: number;
  readonly p: bigint;
  readonly good: Uint8Array;
  /** The y of every point of small order that has a canonical encoding. */
  readonly smallOrder: readonly bigint[];
  /** The smallest y that no point has. */
  readonly withoutPoint: bigint;
}

/** By a private key of zeros. */
function publicOctets(algorithm: Uint8Array, seedOctets: number): Uint8Array {
  const der = sequence(integer(0), sequence(algorithm), octetString(octetString(Buffer.alloc(seedOctets))));
  return subjectPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
}

const p25519 = 2n ** 255n - 19n;
const p448 = 2n ** 448n - 2n ** 224n - 1n;
const edwards: readonly Edwards[] = [
  {
    name: 'Ed25519',
    like: 'ed25519',
    oid: oid.ed25519,
    octets: 32,
    p: p25519,
    good: publicOctets(oid.ed25519, 32),
    smallOrder: [
      0n,
      1n,
      p25519 - 1n,
      // The four points of order 8 have two y, as in the list of libsodium's ge25519_has_small_order.
      littleEndianValue('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'),
      littleEndianValue('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'),
    ],
    withoutPoint: 2n,
  },
  {
    name: 'Ed448',
    like: 'ed448',
    oid: oid.ed448,
    octets: 57,
    p: p448,
    good: publicOctets(oid.ed448, 57),
    smallOrder: [0n, 1n, p448 - 1n],
    withoutPoint: 2n,
  },
];

function littleEndianValue(hex: string): bigint {
  return BigInt(`0x${Buffer.from(hex, 'hex').reverse().toString('hex')}`);
}

function brokenEdwards({
  name,
  like,
  oid: algorithm,
  octets,
  p,
  good,
  smallOrder,
  withoutPoint,
}: Edwards): BrokenKey[] {
  const encoded = (y: bigint, sign = 0): Buffer => {
    const key = bigEndian(y, octets).reverse();
    key[octets - 1]! |= sign << 7;
    return key;
  };
  const length = (found: number): string => `the ${name} key has ${found} octets instead of ${octets}`;
  const tooLarge = `the coordinate of the ${name} key is not below the field's prime`;
  const small = `the ${name} key is a point of small order, under which anybody can sign`;
  const row = (
    what: string,
    why: string,
    key: Uint8Array,
    parameters: readonly Uint8Array[] = [],
    failure: BrokenKey['failure'] = 'unsupported-algorithm',
  ): BrokenKey => ({ name: `${name} with ${what}`, spki: info([algorithm, ...parameters], key), like, failure, why });
  return [
    row('no octets', length(0), Buffer.alloc(0)),
    row('an octet too few', length(octets - 1), good.subarray(1)),
    row('an octet too many', length(octets + 1), Buffer.concat([good, Buffer.of(0)])),
    row('an OCTET STRING around its key', length(octets + 2), octetString(good)),
    row('NULL parameters', `the ${name} key has parameters`, good, [nullValue()]),
    row('a y of the prime', tooLarge, encoded(p)),
    row('a y of the prime and 1', tooLarge, encoded(p + 1n, 1)),
    row('all bits set', tooLarge, Buffer.alloc(octets, 0xff)),
    ...(name === 'Ed448' ? [row('a bit between y and the sign', tooLarge, encoded(2n ** 454n + 5n))] : []),
    row('a y that no point has', `the ${name} key is not a point on the curve`, encoded(withoutPoint)),
    ...smallOrder.flatMap((y, index) =>
      [0, 1].map((sign) =>
        row(`the small order of point ${index}, sign ${sign}`, small, encoded(y, sign), [], 'weak-algorithm'),
      ),
    ),
  ];
}

const otherKeys: readonly BrokenKey[] = (
  [
    ['X25519', '1.3.101.110', '1.3.101.110'],
    ['DSA', '1.2.840.10040.4.1', 'DSA'],
    ['nobody', '1.2.3', '1.2.3'],
  ] as const
).map(([name, dotted, told]) => ({
  name: `a key of ${name}`,
  spki: info([objectIdentifier(dotted)], Buffer.alloc(32, 9)),
  like: 'ec-p256',
  failure: 'unsupported-algorithm',
  why: `keys of the algorithm ${told} are not supported`,
}));

/** Every malformed form of a key, each with its one defect. */
export const brokenKeys: readonly BrokenKey[] = [
  ...rsaKeys,
  ...ecKeys,
  ...edwards.flatMap(brokenEdwards),
  ...otherKeys,
];

/** The key with which node:crypto aborts the process. */
export const pointAtInfinity: BrokenKey = brokenKeys.find(
  ({ name }) => name === 'EC P-256 with the point at infinity',
)!;

/** A well-formed SubjectPublicKeyInfo of every kind and form, the same in every run. */
export const soundKeys: Readonly<Record<string, Buffer>> = {
  RSA: rsaInfo(modulus),
  'RSA without NULL': rsaInfo(modulus, 3n, [oid.rsa]),
  'RSA-PSS': rsaInfo(modulus, 65_537n, [oid.pss]),
  'RSA-PSS with parameters': rsaInfo(modulus, 65_537n, [
    oid.pss,
    sequence(
      pssSha256,
      contextConstructed(1, sequence(oid.mgf1, sequence(oid.sha256, nullValue()))),
      contextConstructed(2, integer(32)),
    ),
  ]),
  ...Object.fromEntries(
    curves.flatMap(({ name, oid: named, octets, point }) => [
      [`EC ${name}`, info([oid.ec, named], point)],
      [
        `EC ${name}, compressed`,
        info([oid.ec, named], Buffer.concat([Buffer.of(2 + (point.at(-1)! & 1)), point.subarray(1, 1 + octets)])),
      ],
    ]),
  ),
  ...Object.fromEntries(edwards.map(({ name, oid: algorithm, good }) => [name, info([algorithm], good)])),
};
