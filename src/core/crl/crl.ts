import { readAlgorithmIdentifier, type AlgorithmIdentifier } from '../keys/algorithm-identifier.js';
import { bytesEqual, toHex } from '../bytes.js';
import { minimalSerialNumber } from '../cert-id.js';
import type { Certificate } from '../certificate/certificate.js';
import { readCrlScope, type CrlScope } from './crl-scope.js';
import {
  DerError,
  Tag,
  contextTag,
  readWhole,
  readerOf,
  smallIntegerOf,
  wholeElement,
  type DerElement,
  type DerReader,
} from '../der/der.js';
import { orMalformed } from '../der/malformed.js';
import { distinguishedNamesEqual, readDistinguishedName } from '../certificate/distinguished-name.js';
import { readExplicitExtensions, readExtensions, type Extension } from '../certificate/extension.js';
import { OcspError } from '../ocsp-error.js';
import { Oid } from '../oid.js';
import { revocationReasonOfNumber, type RevocationReason } from '../response.js';
import { checkSignature, type SignatureFailure } from '../keys/signature.js';
import { definedOnly } from '../defined-only.js';

/** What a CRL says of one certificate (RFC 5280 §5.3). */
export interface CrlEntry {
  readonly revokedAt: Date;
  readonly reason?: RevocationReason;
}

/** A CRL of one CA for its own certificates (RFC 5280 §5.1); `scope` says whether it is complete. `issuer` is DER, `tbs` the exact bytes that were signed. */
export interface Crl {
  readonly tbs: Uint8Array;
  readonly issuer: Uint8Array;
  readonly thisUpdate: Date;
  readonly nextUpdate?: Date;
  /** By serial number in its minimal form: see {@link crlEntryOf}. */
  readonly entries: Pick<ReadonlyMap<string, CrlEntry>, 'get' | 'size'>;
  readonly extensions: readonly Extension[];
  readonly scope: CrlScope;
  readonly signatureAlgorithm: AlgorithmIdentifier;
  readonly signature: Uint8Array;
}

/** All of a CRL but its entries, which are many. */
export type CrlHeader = Omit<Crl, 'entries'>;

/** An entry takes 20 octets at least and about 250 in memory; the largest public CRLs have a million of them. */
const maximumEntries = 2_000_000;

/**
 * Decodes one CRL, strictly; its signature is not looked at (see {@link crlFailure}). Of a serial number listed twice
 * the graver entry counts: any other than removeFromCRL, then the first.
 *
 * @param der exactly one DER CertificateList
 * @param accept throws for a CRL whose entries are not worth reading, as for one of another CA
 * @throws OcspError what `accept` throws; `malformed-crl`, its cause a DerError that names the rule; `crl-unsupported` for a CRL that
 *   must not be used: an indirect one, one of attribute certificates, one with an unknown critical extension
 */
export function decodeCrl(der: Uint8Array, accept: (header: CrlHeader) => void = () => undefined): Crl {
  const hint = 'check the file with: openssl crl -in FILE -text';
  return orMalformed(
    { code: 'malformed-crl', what: 'the CRL is not valid DER', tooLong: 'the CRL is too long for restaple', hint },
    () => readCrl(der, accept),
  );
}

function readCrl(der: Uint8Array, accept: (header: CrlHeader) => void): Crl {
  const outer = readWhole(der, Tag.sequence, 'CRL');
  const tbsElement = outer.element(Tag.sequence, 'tbsCertList');
  const signatureAlgorithm = readAlgorithmIdentifier(outer, 'signatureAlgorithm');
  const signature = outer.bitStringOctets('signatureValue');
  outer.end('CRL');

  const tbs = readerOf(tbsElement);
  const version = tbs.peekTag() === Tag.integer ? tbs.smallInteger('version') : 0;
  if (version > 1) throw new DerError('value', `CRL version ${version + 1} does not exist`, tbsElement.offset);
  const innerAlgorithm = readAlgorithmIdentifier(tbs, 'signature');
  if (!bytesEqual(innerAlgorithm.raw, signatureAlgorithm.raw)) {
    // RFC 5280 §5.1.1.2: the one inside is signed, the one outside is not.
    throw new DerError('value', 'the two signature algorithms of the CRL differ', tbsElement.offset);
  }
  const issuer = readDistinguishedName(tbs, 'issuer');
  const thisUpdate = tbs.time('thisUpdate');
  const hasNextUpdate = tbs.peekTag() === Tag.utcTime || tbs.peekTag() === Tag.generalizedTime;
  const nextUpdate = hasNextUpdate ? tbs.time('nextUpdate') : undefined;
  // RFC 5280 §5.1.2.6 wants an empty list left out; some CAs write it.
  const revoked = tbs.enterOptional(Tag.sequence, 'revokedCertificates');
  const extensions = readCrlExtensions(tbs.optional(contextTag(0), 'crlExtensions'), version);
  tbs.end('tbsCertList');
  // Before the entries, which are many: a CRL that cannot be used is not worth reading.
  const scope = readCrlScope(extensions, issuer);
  const header: CrlHeader = definedOnly({
    tbs: tbsElement.raw,
    issuer,
    thisUpdate,
    nextUpdate,
    extensions,
    scope,
    signatureAlgorithm,
    signature,
  });
  accept(header);
  return { ...header, entries: revoked === undefined ? new Map<string, CrlEntry>() : readEntries(revoked, version) };
}

/** In octets: those of real CRLs have some hundred. A bound on work that is done before the signature is looked at. */
const largestExtensions = 64 * 1024;

function readCrlExtensions(element: DerElement | undefined, version: number): Extension[] {
  if (element === undefined) return [];
  if (element.end - element.start > largestExtensions) {
    throw new DerError('limit', `its extensions are longer than ${largestExtensions} octets`, element.offset);
  }
  const explicit = readerOf(element);
  // RFC 5280 §5.1.2.1: extensions are of version 2 only.
  if (version !== 1) throw new DerError('value', 'a CRL of version 1 has extensions', explicit.offset);
  return readExplicitExtensions(explicit, 'crlExtensions', 'the CRL', { unique: true });
}

function readEntries(list: DerReader, version: number): ReadonlyMap<string, CrlEntry> {
  const entries = new Map<string, CrlEntry>();
  const reasonOf = createReasonReader();
  while (!list.isAtEnd) {
    if (entries.size >= maximumEntries) {
      throw new DerError('limit', `it has more than ${maximumEntries} entries`, list.offset);
    }
    const reader = list.sequence('entry of the CRL');
    const serial = reader.integer('userCertificate', { redundantZeros: true });
    const revokedAt = reader.time('revocationDate');
    const extensions = reader.optional(Tag.sequence, 'crlEntryExtensions');
    if (extensions !== undefined && version !== 1) {
      throw new DerError('value', 'a CRL of version 1 has entry extensions', extensions.offset);
    }
    reader.end('entry of the CRL');
    const reason = extensions === undefined ? undefined : reasonOf(readerOf(extensions), extensions.contents);
    const serialNumber = minimalSerialNumber(toHex(serial));
    const known = entries.get(serialNumber);
    if (known === undefined || known.reason === 'removeFromCRL') {
      entries.set(serialNumber, reason === undefined ? { revokedAt } : { revokedAt, reason });
    }
  }
  return entries;
}

/** Kinds of entry extensions that are remembered; the few that a CA writes again and again. */
const maximumKnownReasons = 64;

/** Reads the reason of crlEntryExtensions; the same octets, as almost all entries have, are read once. */
function createReasonReader(): (reader: DerReader, contents: Uint8Array) => RevocationReason | undefined {
  const known = new Map<string, RevocationReason | undefined>();
  return (reader, contents) => {
    const key = toHex(contents);
    if (known.has(key)) return known.get(key);
    const reason = readReason(readExtensions(reader, 'an entry of the CRL', { unique: true }));
    if (known.size < maximumKnownReasons) known.set(key, reason);
    return reason;
  };
}

const knownEntryExtensions: ReadonlySet<string> = new Set([
  Oid.reasonCode,
  Oid.invalidityDate,
  Oid.holdInstructionCode,
]);

function readReason(extensions: readonly Extension[]): RevocationReason | undefined {
  let reason: RevocationReason | undefined;
  for (const { oid, critical, value } of extensions) {
    if (oid === Oid.certificateIssuer) {
      // RFC 5280 §5.3.3: from there on the entries are another CA's.
      throw new OcspError(
        'crl-unsupported',
        'the CRL is indirect: it lists certificates of other CAs (certificateIssuer)',
        'name the CRL that this CA signs for its own certificates',
      );
    }
    if (critical && !knownEntryExtensions.has(oid)) {
      // RFC 5280 §5.3: a CRL with such an entry must not be used to determine the status of any certificate.
      throw new OcspError('crl-unsupported', `an entry of the CRL has the unknown critical extension ${oid}`);
    }
    if (oid !== Oid.reasonCode) continue;
    // A reason that nobody defined must not hide that the certificate is revoked.
    const number = smallIntegerOf(wholeElement(value, Tag.enumerated, 'reasonCode'), 'reasonCode');
    reason = revocationReasonOfNumber(number);
  }
  return reason;
}

/** What the CRL says of a serial number (hex of INTEGER contents); undefined where it does not list it. */
export function crlEntryOf(crl: Crl, serialNumber: string): CrlEntry | undefined {
  return crl.entries.get(minimalSerialNumber(serialNumber));
}

/** Why a CRL is not one of this CA. */
export type CrlFailure = 'other-name' | 'may-not-sign-crls' | SignatureFailure;

/**
 * Whether `issuer` really signed the CRL: names match, it may sign CRLs where it has a key usage, and the signature
 * verifies (RFC 5280 §6.3.3 (b), (f) and (g)). Times are not looked at.
 *
 * @returns undefined when it did, else the first reason why not
 */
export function crlFailure(crl: CrlHeader, issuer: Certificate): CrlFailure | undefined {
  if (!distinguishedNamesEqual(crl.issuer, issuer.subject)) return 'other-name';
  if (issuer.keyUsage !== undefined && !issuer.keyUsage.has('cRLSign')) return 'may-not-sign-crls';
  return checkSignature(crl.signatureAlgorithm, crl.signature, crl.tbs, issuer.publicKey);
}
