import { randomBytes, type KeyObject } from 'node:crypto';

import {
  bitString,
  certificateTime,
  contextConstructed,
  integer,
  integerContents,
  integerOfContents,
  sequence,
} from './der-writer.js';
import * as extension from './extensions.js';
import { publicKeyInfo, subjectPublicKey, type KeyType } from './keys.js';
import { commonName, distinguishedName, type RelativeDistinguishedName } from './names.js';
import {
  corrupted,
  defaultSignatureAlgorithm,
  digest,
  signatureAlgorithmIdentifier,
  signBytes,
  type SignatureAlgorithm,
} from './signatures.js';

/** What a certificate shall say. Whatever is left out gets an ordinary value, so that a test names only its one defect. */
export interface CertificateOptions {
  /** The subject's commonName; default `server.example`. */
  readonly commonName?: string;
  /** A whole subject instead of the commonName, or a ready Name in DER. */
  readonly subject?: readonly RelativeDistinguishedName[] | Uint8Array;
  /** A number, or the exact contents octets in hex (leading 00 kept); default: 16 random octets, positive and minimal. */
  readonly serialNumber?: bigint | string;
  readonly keyType?: KeyType;
  /** A private key to use instead of a new one. */
  readonly key?: KeyObject;
  /** A whole SubjectPublicKeyInfo in place of the key's own. */
  readonly publicKeyInfo?: Uint8Array;
  /** Default 2020-01-01 to 2049-01-01, so that no test depends on today. */
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  readonly ocspUris?: readonly string[];
  readonly caIssuersUris?: readonly string[];
  readonly crlUris?: readonly string[];
  readonly mustStaple?: boolean;
  readonly isCa?: boolean;
  readonly pathLength?: number;
  /** `none` leaves the extension out; default by isCa. */
  readonly keyUsage?: readonly extension.KeyUsage[] | 'none';
  /** OIDs (see `purposes`); default none. */
  readonly extendedKeyUsage?: readonly string[];
  readonly ocspNoCheck?: boolean;
  readonly subjectAltNames?: readonly string[];
  readonly basicConstraints?: 'default' | 'none';
  readonly subjectKeyIdentifier?: 'default' | 'none';
  readonly authorityKeyIdentifier?: 'key-id' | 'issuer-and-serial' | 'none';
  /** Written after all others. */
  readonly extensions?: readonly extension.Extension[];
  readonly signatureAlgorithm?: SignatureAlgorithm;
  /** An AlgorithmIdentifier that both places name in place of what really signed. */
  readonly algorithmIdentifier?: Uint8Array;
  /** Default 3; 1 and 2 have no extensions. */
  readonly version?: 1 | 2 | 3;
  /** Another key than the issuer's own: a certificate that only claims to be from this issuer. */
  readonly signedBy?: KeyObject;
  /** Another issuer name (DER) than the issuer's own. */
  readonly issuerName?: Uint8Array;
  readonly corruptSignature?: boolean;
}

export interface CertificateBytes {
  readonly der: Uint8Array;
  readonly pem: string;
}

export interface IssuedCertificate {
  readonly certificate: CertificateBytes;
  /** The private key. */
  readonly key: KeyObject;
  /** The private key as PKCS#8 PEM. */
  readonly keyPem: string;
  /** The subject's Name, DER. */
  readonly name: Uint8Array;
  /** The issuer's Name, DER. */
  readonly issuerName: Uint8Array;
  /** The exact contents octets of the serial number, lower-case hex. */
  readonly serialNumber: string;
  /** What an issuerKeyHash is taken over. */
  readonly subjectPublicKey: Uint8Array;
}

/** Who signs: what a certificate takes over from its issuer. */
export interface CertificateIssuer {
  readonly key: KeyObject;
  readonly name: Uint8Array;
  readonly ownIssuerName: Uint8Array;
  readonly ownSerialNumber: string;
}

export const defaultNotBefore = new Date('2020-01-01T00:00:00Z');
export const defaultNotAfter = new Date('2049-01-01T00:00:00Z');

/** The subject's Name by the options, DER. */
export function subjectName(options: CertificateOptions): Uint8Array {
  const { subject } = options;
  if (subject instanceof Uint8Array) return subject;
  return subject === undefined ? commonName(options.commonName ?? 'server.example') : distinguishedName(subject);
}

/** The contents octets of a serial number. */
export function serialContents(serialNumber: bigint | string): Buffer {
  return typeof serialNumber === 'bigint' ? integerContents(serialNumber) : Buffer.from(serialNumber, 'hex');
}

/** A serial as it is compared: lower-case hex without leading zeros. */
export function serialKey(serialNumber: bigint | string): string {
  return serialContents(serialNumber)
    .toString('hex')
    .replace(/^0+(?=.)/, '');
}

/** Builds and signs a Certificate (RFC 5280 §4.1); without an issuer it signs itself. */
export function encodeCertificate(
  options: CertificateOptions,
  key: KeyObject,
  serialNumber: Uint8Array,
  issuer?: CertificateIssuer,
): Buffer {
  const name = subjectName(options);
  const signer: CertificateIssuer = issuer ?? {
    key,
    name,
    ownIssuerName: name,
    ownSerialNumber: Buffer.from(serialNumber).toString('hex'),
  };
  const signingKey = options.signedBy ?? signer.key;
  const algorithm = options.signatureAlgorithm ?? defaultSignatureAlgorithm(signingKey);
  const { version = 3 } = options;
  const identifier = options.algorithmIdentifier ?? signatureAlgorithmIdentifier(algorithm);
  const extensions = (): Buffer =>
    contextConstructed(3, extension.encodeExtensions(certificateExtensions(options, key, signer)));
  const body = sequence(
    ...(version === 1 ? [] : [contextConstructed(0, integer(version - 1))]),
    integerOfContents(serialNumber),
    identifier,
    options.issuerName ?? signer.name,
    sequence(
      certificateTime(options.notBefore ?? defaultNotBefore),
      certificateTime(options.notAfter ?? defaultNotAfter),
    ),
    name,
    options.publicKeyInfo ?? publicKeyInfo(key),
    ...(version === 3 ? [extensions()] : []),
  );
  const signature = signBytes(body, signingKey, algorithm);
  return sequence(body, identifier, bitString(options.corruptSignature === true ? corrupted(signature) : signature));
}

/** 16 random octets that are a positive, minimal INTEGER. */
export function randomSerial(): Buffer {
  const octets = randomBytes(16);
  octets[0] = ((octets[0] ?? 0) & 0x3f) | 0x40;
  return octets;
}

/** The key identifier of a key: SHA-1 of the subjectPublicKey (RFC 5280 §4.2.1.2, method 1). */
export function keyIdentifier(key: KeyObject): Buffer {
  return digest('sha1', subjectPublicKey(key));
}

function certificateExtensions(
  options: CertificateOptions,
  key: KeyObject,
  issuer: CertificateIssuer,
): extension.Extension[] {
  const isCa = options.isCa ?? false;
  const list: extension.Extension[] = [];
  const usage = options.keyUsage ?? (isCa ? ['keyCertSign', 'cRLSign', 'digitalSignature'] : ['digitalSignature']);

  if (options.basicConstraints !== 'none') list.push(extension.basicConstraints(isCa, options.pathLength));
  if (usage !== 'none') list.push(extension.keyUsage(usage));
  if (options.extendedKeyUsage !== undefined) list.push(extension.extendedKeyUsage(options.extendedKeyUsage));
  if (options.subjectKeyIdentifier !== 'none') list.push(extension.subjectKeyIdentifier(keyIdentifier(key)));
  list.push(...authorityExtension(options, issuer));
  if (options.ocspUris !== undefined || options.caIssuersUris !== undefined) {
    list.push(extension.authorityInformationAccess(options.ocspUris ?? [], options.caIssuersUris ?? []));
  }
  if (options.crlUris !== undefined) list.push(extension.crlDistributionPoints(options.crlUris));
  if (options.subjectAltNames !== undefined) list.push(extension.subjectAlternativeNames(options.subjectAltNames));
  if (options.mustStaple === true) list.push(extension.mustStaple());
  if (options.ocspNoCheck === true) list.push(extension.ocspNoCheck());
  return [...list, ...(options.extensions ?? [])];
}

function authorityExtension(options: CertificateOptions, issuer: CertificateIssuer): extension.Extension[] {
  switch (options.authorityKeyIdentifier ?? 'key-id') {
    case 'key-id':
      return [extension.authorityKeyIdentifier(keyIdentifier(issuer.key))];
    case 'issuer-and-serial':
      return [extension.authorityIssuerAndSerial(issuer.ownIssuerName, Buffer.from(issuer.ownSerialNumber, 'hex'))];
    case 'none':
      return [];
  }
}
