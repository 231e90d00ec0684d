import type { KeyObject } from 'node:crypto';

import { serialContents, type CertificateBytes, type IssuedCertificate } from './certificate.js';
import {
  bitString,
  certificateTime,
  contextConstructed,
  contextPrimitive,
  enumerated,
  integer,
  integerOfContents,
  sequence,
} from './der-writer.js';
import { encodeExtension, encodeExtensions, type Extension } from './extensions.js';
import { pem } from './pem.js';
import {
  corrupted,
  defaultSignatureAlgorithm,
  signatureAlgorithmIdentifier,
  signBytes,
  type SignatureAlgorithm,
} from './signatures.js';

export interface CrlEntryOptions {
  /** A number, or the exact contents octets in hex. */
  readonly serialNumber: bigint | string;
  readonly revokedAt?: Date;
  /** The number of a CRLReason, defined or not. */
  readonly reason?: number;
  readonly extensions?: readonly Extension[];
}

/** What a CRL shall say. Whatever is left out gets an ordinary value, so that a test names only its one defect. */
export interface CrlOptions {
  readonly issuer: IssuedCertificate;
  /** Default 2026-03-01 to 2026-03-08. */
  readonly thisUpdate?: Date;
  readonly nextUpdate?: Date | null;
  readonly entries?: readonly CrlEntryOptions[];
  /** Written as an empty SEQUENCE where there are no entries. */
  readonly emptyList?: boolean;
  readonly extensions?: readonly Extension[];
  /** The number as it is encoded; default 1, which is version 2; null leaves it out, which is version 1. */
  readonly version?: number | null;
  readonly signedBy?: KeyObject;
  readonly innerAlgorithm?: SignatureAlgorithm;
  readonly algorithm?: SignatureAlgorithm;
  readonly corruptSignature?: boolean;
}

export const crlTimes = {
  revokedAt: new Date('2026-02-14T10:20:30Z'),
  thisUpdate: new Date('2026-03-01T12:00:00Z'),
  now: new Date('2026-03-02T12:00:00Z'),
  nextUpdate: new Date('2026-03-08T12:00:00Z'),
} as const;

/** Builds and signs a CertificateList (RFC 5280 §5.1). */
export function buildCrl(options: CrlOptions): CertificateBytes {
  const key = options.signedBy ?? options.issuer.key;
  const algorithm = options.algorithm ?? defaultSignatureAlgorithm(key);
  const { version = 1, entries = [], extensions = [], nextUpdate = crlTimes.nextUpdate } = options;
  const body = sequence(
    ...(version === null ? [] : [integer(version)]),
    signatureAlgorithmIdentifier(options.innerAlgorithm ?? algorithm),
    options.issuer.name,
    certificateTime(options.thisUpdate ?? crlTimes.thisUpdate),
    ...(nextUpdate === null ? [] : [certificateTime(nextUpdate)]),
    ...(entries.length > 0 || options.emptyList === true ? [sequence(...entries.map(encodeEntry))] : []),
    ...(extensions.length > 0 ? [contextConstructed(0, encodeExtensions(extensions))] : []),
  );
  const signature = signBytes(body, key, algorithm);
  const der = sequence(
    body,
    signatureAlgorithmIdentifier(algorithm),
    bitString(options.corruptSignature === true ? corrupted(signature) : signature),
  );
  return { der, pem: pem('X509 CRL', der) };
}

function encodeEntry({ serialNumber, revokedAt, reason, extensions = [] }: CrlEntryOptions): Buffer {
  const all = reason === undefined ? extensions : [reasonCode(reason), ...extensions];
  return sequence(
    integerOfContents(serialContents(serialNumber)),
    certificateTime(revokedAt ?? crlTimes.revokedAt),
    ...(all.length === 0 ? [] : [sequence(...all.map(encodeExtension))]),
  );
}

/** reasonCode (RFC 5280 §5.3.1). */
export function reasonCode(reason: number): Extension {
  return { oid: '2.5.29.21', value: enumerated(reason) };
}

/** deltaCRLIndicator (RFC 5280 §5.2.4), with the number of the base. */
export function deltaCrlIndicator(base = 1): Extension {
  return { oid: '2.5.29.27', critical: true, value: integer(base) };
}

/** cRLNumber (RFC 5280 §5.2.3). */
export function crlNumber(number: number): Extension {
  return { oid: '2.5.29.20', value: integer(number) };
}

/**
 * issuingDistributionPoint (RFC 5280 §5.2.5): a URI or the contents of a DistributionPointName, and the numbers of the
 * flags that are TRUE; 3 gives the reasons of these BIT STRING contents.
 */
export function issuingDistributionPoint(options: {
  readonly uri?: string;
  readonly point?: Uint8Array;
  readonly flags?: readonly number[];
  readonly reasons?: readonly number[];
}): Extension {
  const { uri, flags = [], reasons = [0x01, 0x02] } = options;
  const point =
    uri === undefined ? options.point : contextConstructed(0, contextPrimitive(6, Buffer.from(uri, 'latin1')));
  const name = point === undefined ? [] : [contextConstructed(0, point)];
  const fields = flags.map((flag) => contextPrimitive(flag, flag === 3 ? Buffer.from(reasons) : Buffer.from([0xff])));
  return { oid: '2.5.29.28', critical: true, value: sequence(...name, ...fields) };
}
