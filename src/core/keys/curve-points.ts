import { toHex } from '../bytes.js';

/** A curve y² = x³ - 3x + b over the integers modulo p, of prime order, with p = 3 modulo 4 (SP 800-186 §3.2.1). */
export interface WeierstrassCurve {
  readonly name: string;
  /** Of one coordinate. */
  readonly octets: number;
  readonly p: bigint;
  readonly b: bigint;
}

export const p256: WeierstrassCurve = {
  name: 'P-256',
  octets: 32,
  p: 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n,
  b: 0x5ac635d8_aa3a93e7_b3ebbd55_769886bc_651d06b0_cc53b0f6_3bce3c3e_27d2604bn,
};

export const p384: WeierstrassCurve = {
  name: 'P-384',
  octets: 48,
  p: 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n,
  b: 0xb3312fa7_e23ee7e4_988e056b_e3f82d19_181d9c6e_fe814112_0314088f_5013875a_c656398d_8a2ed19d_2a85c8ed_d3ec2aefn,
};

export const p521: WeierstrassCurve = {
  name: 'P-521',
  octets: 66,
  p: 2n ** 521n - 1n,
  b: 0x51_953eb961_8e1c9a1f_929a21a0_b68540ee_a2da725b_99b315f3_b8b48991_8ef109e1_56193951_ec7e937b_1652c0bd_3bb1bf07_3573df88_3d2c34f1_ef451fd4_6b503f00n,
};

/**
 * What is wrong with a point as an EC public key (RFC 5480 §2.2, SEC 1 §2.3.4 and §3.2.2.1); undefined for a good one.
 * Since the order of these curves is prime, every point on them but the one at infinity is in the right group.
 */
export function pointProblem(point: Uint8Array, { name, octets, p, b }: WeierstrassCurve): string | undefined {
  const form = point[0];
  if (form === undefined) return `the point on ${name} has no octets`;
  if (form === 0x00 && point.length === 1) return `the point on ${name} is the point at infinity`;
  // RFC 5480 §2.2: any other first octet, as that of the hybrid form, must be rejected.
  if (form < 0x02 || form > 0x04)
    return `the point on ${name} is of an unknown form (0x${toHex(point.subarray(0, 1))})`;
  const expected = 1 + octets * (form === 0x04 ? 2 : 1);
  if (point.length !== expected) return `the point on ${name} has ${point.length} octets instead of ${expected}`;
  const x = bigEndian(point.subarray(1, 1 + octets));
  const y = form === 0x04 ? bigEndian(point.subarray(1 + octets)) : undefined;
  if (x >= p || (y !== undefined && y >= p))
    return `a coordinate of the point on ${name} is not below the field's prime`;
  const ySquared = modulo(x * x * x - 3n * x + b, p);
  const isOnCurve = y === undefined ? isSquare(ySquared, p) : modulo(y * y, p) === ySquared;
  return isOnCurve ? undefined : `the point is not on the curve ${name}`;
}

/** A curve ax² + y² = 1 + dx²y² over the integers modulo p (RFC 8032 §5.1, §5.2). */
export interface EdwardsCurve {
  readonly name: string;
  readonly octets: number;
  readonly p: bigint;
  readonly a: bigint;
  readonly d: bigint;
}

export const edwards25519: EdwardsCurve = {
  name: 'Ed25519',
  octets: 32,
  p: 2n ** 255n - 19n,
  a: -1n,
  d: 0x52036cee_2b6ffe73_8cc74079_7779e898_00700a4d_4141d8ab_75eb4dca_135978a3n,
};

export const edwards448: EdwardsCurve = {
  name: 'Ed448',
  octets: 57,
  p: 2n ** 448n - 2n ** 224n - 1n,
  a: 1n,
  d: -39_081n,
};

/**
 * What is wrong with an EdDSA public key (RFC 8032 §5.1.3, §5.2.3); undefined for a good one. `isWeak` for a point of
 * small order, under which one signature holds for many messages, without a private key.
 */
export function edwardsPointProblem(
  point: Uint8Array,
  { name, octets, p, a, d }: EdwardsCurve,
): { readonly why: string; readonly isWeak: boolean } | undefined {
  if (point.length !== octets) {
    return { why: `the ${name} key has ${point.length} octets instead of ${octets}`, isWeak: false };
  }
  const littleEndian = Uint8Array.from(point).reverse();
  // The highest bit is the sign of x; the others of Ed448's last octet have to be 0, which y < p asks for.
  littleEndian[0] = (littleEndian[0] ?? 0) & 0x7f;
  const y = bigEndian(littleEndian);
  if (y >= p) return { why: `the coordinate of the ${name} key is not below the field's prime`, isWeak: false };
  const yy = modulo(y * y, p);
  // The identity and the point of order 2 have y = ±1, those of order 4 have y = 0. A point of order 8 doubles to y = 0,
  // which is y² = ax²: with the equation of the curve that leaves dy⁴ - 2ay² + a = 0.
  if (y === 0n || yy === 1n || modulo(d * yy * yy - 2n * a * yy + a, p) === 0n) {
    return { why: `the ${name} key is a point of small order, under which anybody can sign`, isWeak: true };
  }
  // x² = (1 - y²) / (a - dy²), and a quotient is a square where the product is one.
  if (isSquare(modulo((1n - yy) * (a - d * yy), p), p)) return undefined;
  return { why: `the ${name} key is not a point on the curve`, isWeak: false };
}

/** Euler's criterion. */
function isSquare(value: bigint, p: bigint): boolean {
  return value === 0n || power(value, (p - 1n) / 2n, p) === 1n;
}

function power(base: bigint, exponent: bigint, p: bigint): bigint {
  let result = 1n;
  for (const bit of exponent.toString(2)) {
    result = (result * result) % p;
    if (bit === '1') result = (result * base) % p;
  }
  return result;
}

function modulo(value: bigint, p: bigint): bigint {
  const rest = value % p;
  return rest < 0n ? rest + p : rest;
}

function bigEndian(octets: Uint8Array): bigint {
  return BigInt(`0x${toHex(octets)}`);
}
