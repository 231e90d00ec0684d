import { hasNoParameters, readAlgorithmIdentifier, type AlgorithmIdentifier } from './keys/algorithm-identifier.js';
import { bytesEqual, fromHex, toHex } from './bytes.js';
import type { Certificate } from './certificate/certificate.js';
import { DerError, Tag, readerOf, type DerElement } from './der/der.js';
import { derElement, derNull, derObjectIdentifier, derOctetString, derSequence } from './der/der-writer.js';
import { digest, hashByOid, hashOid, isHashName, type HashAlgorithm } from './hash.js';

/**
 * A CertID (RFC 6960 §4.1.1). Hashes and serial number are lower-case hex of the exact contents; `hashAlgorithm` is a
 * name, or the OID where the hash is none that a CertID may use here.
 */
export interface CertId {
  readonly hashAlgorithm: string;
  readonly issuerNameHash: string;
  readonly issuerKeyHash: string;
  readonly serialNumber: string;
}

/** The hash algorithms that {@link createCertId} takes. */
export type { HashAlgorithm } from './hash.js';

/**
 * The CertID of a certificate (RFC 6960 §4.1.1): the issuer's name is hashed as it stands in the certificate, the key
 * without tag, length and unused bits.
 */
export function createCertId(certificate: Certificate, issuer: Certificate, hash: HashAlgorithm): CertId {
  return certIdOf(certificate.issuer, certificate.serialNumber, issuer, hash);
}

/** The CertID of a serial number (lower-case hex of the INTEGER contents) of this issuer. */
export function createCertIdForSerialNumber(serialNumber: string, issuer: Certificate, hash: HashAlgorithm): CertId {
  return certIdOf(issuer.subject, serialNumber, issuer, hash);
}

function certIdOf(issuerName: Uint8Array, serialNumber: string, issuer: Certificate, hash: HashAlgorithm): CertId {
  const known = issuerHashes(issuer, hash);
  const issuerNameHash = bytesEqual(issuerName, issuer.subject) ? known.nameHash : toHex(digest(hash, issuerName));
  return { hashAlgorithm: hash, issuerNameHash, issuerKeyHash: known.keyHash, serialNumber };
}

interface IssuerHashes {
  readonly nameHash: string;
  readonly keyHash: string;
}

/** A fleet shares a handful of issuers: their hashes are kept as long as they are. */
const hashesOfIssuers = new WeakMap<Certificate, Map<HashAlgorithm, IssuerHashes>>();

function issuerHashes(issuer: Certificate, hash: HashAlgorithm): IssuerHashes {
  const byHash = hashesOfIssuers.get(issuer) ?? new Map<HashAlgorithm, IssuerHashes>();
  hashesOfIssuers.set(issuer, byHash);
  const hashes = byHash.get(hash) ?? {
    nameHash: toHex(digest(hash, issuer.subject)),
    keyHash: toHex(digest(hash, issuer.publicKey.keyBits)),
  };
  byHash.set(hash, hashes);
  return hashes;
}

/** Whether two CertIDs name the same certificate: all four fields, serial numbers by value. */
export function certIdsEqual(a: CertId, b: CertId): boolean {
  return (
    a.hashAlgorithm === b.hashAlgorithm &&
    a.issuerNameHash === b.issuerNameHash &&
    a.issuerKeyHash === b.issuerKeyHash &&
    serialNumbersEqual(a.serialNumber, b.serialNumber)
  );
}

/** Whether two serial numbers (hex of INTEGER contents) have the same value, redundant leading zeros aside. */
export function serialNumbersEqual(a: string, b: string): boolean {
  return a === b || minimalSerialNumber(a) === minimalSerialNumber(b);
}

/** The one form that equal serial numbers share (hex of INTEGER contents without redundant leading zeros), for use as a key. */
export function minimalSerialNumber(serialNumber: string): string {
  return serialNumber.replace(/^(?:00)+(?=00|[0-7][0-9a-f])/, '');
}

/** The serial number as people write it, `0x` and colons allowed, as hex of its INTEGER contents; undefined when it is none. */
export function parseSerialNumber(text: string): string | undefined {
  const digits = text.trim().replace(/^0x/i, '').replaceAll(':', '');
  const bytes = fromHex(digits.length % 2 === 0 ? digits : `0${digits}`);
  if (bytes === undefined) return undefined;
  const hex = toHex(bytes);
  // Written without the sign octet that DER puts before a high first bit, as openssl prints serial numbers.
  return (bytes[0] ?? 0) >= 0x80 ? `00${hex}` : minimalSerialNumber(hex);
}

/** As {@link parseSerialNumber}, of text that may have a minus sign, as openssl writes negative serial numbers. */
export function parseSignedSerialNumber(text: string): string | undefined {
  const trimmed = text.trim();
  return trimmed.startsWith('-') ? negated(parseSerialNumber(trimmed.slice(1))) : parseSerialNumber(trimmed);
}

/** Negative serial numbers are deployed, whatever RFC 5280 §4.1.2.2 asks. */
function negated(positive: string | undefined): string | undefined {
  return positive === undefined ? undefined : serialNumberOfInteger(-BigInt(`0x${positive}`));
}

/** A whole number as a serial number: lower-case hex of its INTEGER contents, two's complement without redundant octets. */
export function serialNumberOfInteger(value: bigint): string {
  const magnitude = value < 0n ? -value - 1n : value;
  // One bit more than the magnitude takes, for the sign.
  const octets = Math.floor(magnitude === 0n ? 0 : magnitude.toString(2).length / 8) + 1;
  return BigInt.asUintN(octets * 8, value)
    .toString(16)
    .padStart(octets * 2, '0');
}

/** The DER of a CertID; the hash algorithm's parameters are NULL, as openssl writes them. */
export function encodeCertId(certId: CertId): Uint8Array {
  const hash = certId.hashAlgorithm;
  return derSequence(
    derSequence(derObjectIdentifier(isHashName(hash) ? hashOid(hash) : hash), derNull),
    derOctetString(Buffer.from(certId.issuerNameHash, 'hex')),
    derOctetString(Buffer.from(certId.issuerKeyHash, 'hex')),
    derElement(Tag.integer, Buffer.from(certId.serialNumber, 'hex')),
  );
}

/** Reads a CertID element; throws DerError. */
export function certIdOfElement(element: DerElement): CertId {
  const reader = readerOf(element);
  const algorithm = readAlgorithmIdentifier(reader, 'hashAlgorithm');
  const issuerNameHash = reader.octetString('issuerNameHash');
  const issuerKeyHash = reader.octetString('issuerKeyHash');
  const serialNumber = reader.integer('serialNumber', { redundantZeros: true });
  reader.end('CertID');
  return {
    hashAlgorithm: hashName(algorithm, element),
    issuerNameHash: toHex(issuerNameHash),
    issuerKeyHash: toHex(issuerKeyHash),
    serialNumber: toHex(serialNumber),
  };
}

function hashName(algorithm: AlgorithmIdentifier, element: DerElement): string {
  const name = hashByOid(algorithm.oid);
  if (!isHashName(name)) return algorithm.oid;
  if (!hasNoParameters(algorithm)) {
    throw new DerError('value', 'the hash algorithm of the CertID has parameters', element.offset);
  }
  return name;
}
