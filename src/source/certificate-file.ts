import {
  OcspError,
  decodeCertificate,
  decodePem,
  looksLikePem,
  type Certificate,
  type PemBlock,
} from '../core/index.js';
import { toHex } from '../core/bytes.js';
import { DerReader, Tag } from '../core/der/der.js';
import { unlessMalformed } from '../core/der/malformed.js';
import { kindOfDer, type DerKind } from '../core/kind-of-der.js';
import { canonicalName } from '../core/certificate/distinguished-name.js';
import { shownPath, type FilePath } from '../core/file-path.js';
import { authorityKeyIdentifier, isIssuedBy, subjectKeyIdentifier } from '../core/certificate/issuance.js';
import { naming, unlessOcspError } from '../core/ocsp-error.js';
import { pemLabelsIn } from '../core/pem.js';
import { isSameVersion, readInputFile, readVersionedFile, type FileVersion } from './input-file.js';
import { isPkcs7, readPkcs7Certificates } from './pkcs7.js';

/** A file's certificates: the first is the one that counts, the others may hold its issuer. At least one. */
export interface CertificateFile {
  readonly path: FilePath;
  readonly certificate: Certificate;
  /** The DER of the others in their order, not decoded yet: a broken one among them harms nothing. */
  readonly others: readonly Uint8Array[];
  /** What the reader should hear about it, without its name. */
  readonly warnings: readonly string[];
  /** Which contents of the file these are; undefined for a pipe. */
  readonly version: FileVersion | undefined;
  /** There is no file: a server sent it, and nothing lies beside it. */
  readonly isSent?: true;
}

type Warn = (warning: string) => unknown;

/** Bundles with chain and key are a few KiB; a CA bundle is 250 KiB. */
const largestCertificateFile = 1024 * 1024;

/** CA certificates may come as whole collections. */
export const largestBundle = 4 * 1024 * 1024;

/**
 * Reads a certificate file: PEM (also a bundle with chain and key), DER, or PKCS#7 in either form. Of a
 * PKCS#7, which has no order, the certificate counts that issued no other.
 *
 * @throws OcspError `file-not-found`, `file-unreadable`, `file-empty`, `file-too-large`, `malformed-pem`,
 *   `malformed-certificate`, `no-certificate`; messages name the file
 */
export async function readCertificateFile(path: FilePath): Promise<CertificateFile> {
  return await Promise.resolve(readCertificateFileNow(path));
}

/** As {@link readCertificateFile}, without a promise: a fleet is many files. */
export function readCertificateFileNow(path: FilePath): CertificateFile {
  const { bytes, version } = readVersionedFile(path, largestCertificateFile);
  const warnings: string[] = [];
  try {
    const [{ certificates, isUnordered }, ...more] = runsIn(bytes, (warning) => warnings.push(warning));
    const [first, ...others] = isUnordered ? inOrder(certificates) : certificates;
    for (const run of more) others.push(...run.certificates);
    return { path, certificate: decodeCertificate(first), others, warnings, version };
  } catch (error) {
    throw naming(shownPath(path), error);
  }
}

/**
 * Every certificate of a file that can be decoded: anchors and intermediates come in bundles.
 *
 * @throws OcspError as {@link readCertificateFile}, `malformed-certificate` where none of them can be decoded
 */
export function readCertificateBundle(path: FilePath, warn: Warn = () => undefined): Certificate[] {
  const bytes = readInputFile(path, largestBundle);
  try {
    const encoded = certificatesIn(bytes, (warning) => warn(`${shownPath(path)}: ${warning}`));
    const certificates = decodeSound(encoded);
    return certificates.length > 0 ? certificates : encoded.map(decodeCertificate);
  } catch (error) {
    throw naming(shownPath(path), error);
  }
}

/** Those of these that can be decoded. */
export function decodeSound(encoded: readonly Uint8Array[]): Certificate[] {
  return encoded.flatMap((der) => unlessOcspError(() => [decodeCertificate(der)]) ?? []);
}

/** Whether the file is still the one that was read; false once it was replaced or removed. */
export function isUnchanged({ path, version }: CertificateFile): boolean {
  return version === undefined || isSameVersion(path, version);
}

/**
 * The DER of every certificate in these bytes, in the order of the file.
 *
 * @param warn is told what was skipped
 * @throws OcspError `malformed-pem`, `malformed-certificate`, `no-certificate`
 */
export function certificatesIn(bytes: Uint8Array, warn: Warn = () => undefined): Uint8Array[] {
  return runsIn(bytes, warn).flatMap(({ certificates }) => certificates);
}

type OneOrMore<Item> = [Item, ...Item[]];

/** Certificates that stand together: a single one, or those of a PKCS#7, whose order says nothing. */
interface Run {
  readonly certificates: OneOrMore<Uint8Array>;
  readonly isUnordered: boolean;
}

function runsIn(bytes: Uint8Array, warn: Warn): OneOrMore<Run> {
  if (bytes[0] === Tag.sequence && !looksLikePemText(bytes)) {
    return isPkcs7(bytes) ? atLeastOne(runsOfPkcs7(bytes)) : [runOf(recogniseDer(bytes))];
  }
  if (!looksLikePem(bytes)) {
    throw new OcspError(
      'no-certificate',
      'it is neither PEM nor DER',
      'it must hold a line -----BEGIN CERTIFICATE-----',
    );
  }
  const blocks = decodePem(bytes);
  const runs: Run[] = [];
  let isAnyHeld = false;
  for (const [index, block] of blocks.entries()) {
    if (!certificateLabels.has(block.label)) continue;
    isAnyHeld = true;
    // AD CS writes PKCS#7 under CERTIFICATE; what a block holds says more than its label.
    if (isPkcs7(block.der)) runs.push(...runsOfPkcs7(block.der));
    else runs.push(runOf(certificateOf(block, index + 1, warn)));
  }
  if (!isAnyHeld) throw noCertificateAmong(blocks);
  return atLeastOne(runs);
}

function runOf(certificate: Uint8Array): Run {
  return { certificates: [certificate], isUnordered: false };
}

function runsOfPkcs7(der: Uint8Array): Run[] {
  const [first, ...others] = readPkcs7Certificates(der);
  return first === undefined ? [] : [{ certificates: [first, ...others], isUnordered: true }];
}

function atLeastOne(runs: readonly Run[]): OneOrMore<Run> {
  const [first, ...more] = runs;
  if (first === undefined) throw new OcspError('no-certificate', 'there is no certificate in this PKCS#7');
  return [first, ...more];
}

/** RFC 7468 §5, §8, §9 and what openssl and its elders write; PKCS#7 may stand under each of them, and a certificate too. */
export const certificateLabels: ReadonlySet<string> = new Set([
  'CERTIFICATE',
  'X509 CERTIFICATE',
  'TRUSTED CERTIFICATE',
  'CERTIFICATE CHAIN',
  'PKCS7',
  'PKCS #7 SIGNED DATA',
  'CMS',
]);

/** Text before the first PEM block may begin with the octet that begins a SEQUENCE, which is the digit 0. */
function looksLikePemText(bytes: Uint8Array): boolean {
  return bytes[1] !== undefined && bytes[1] < 0x80 && bytes[1] >= 0x20 && looksLikePem(bytes);
}

/**
 * The certificate in a block of a PEM file, without what stands behind it: openssl's own settings in a TRUSTED CERTIFICATE,
 * somebody's mistake in any other.
 *
 * @param number of the block, from 1
 */
export function certificateOf({ label, der }: PemBlock, number: number, warn: Warn): Uint8Array {
  if (isOneElement(der)) return der;
  const certificate = unlessMalformed(() => new DerReader(der).element(Tag.sequence, 'certificate').raw) ?? der;
  const trailing = der.length - certificate.length;
  if (trailing > 0 && label !== 'TRUSTED CERTIFICATE') {
    const octets = trailing === 1 ? '1 trailing octet' : `${trailing} trailing octets`;
    warn(`${octets} after the certificate in PEM block ${number}, ignored`);
  }
  return certificate;
}

/** Whether a SEQUENCE of a usual length fills these octets: nearly every block does, which its header says. */
function isOneElement(der: Uint8Array): boolean {
  const high = der[2] ?? 0;
  return der[0] === Tag.sequence && der[1] === 0x82 && high > 0 && der.length === 4 + high * 256 + (der[3] ?? 0);
}

/** Says what a DER file is that is not a certificate, since keys, requests and CRLs lie beside certificates. */
function recogniseDer(bytes: Uint8Array): Uint8Array {
  const kind = kindOfDer(bytes);
  if (kind === undefined || kind === 'certificate') return bytes;
  throw new OcspError('no-certificate', `it is ${nounOf[kind]}, not a certificate`, 'name the file of the certificate');
}

const nounOf: Readonly<Record<Exclude<DerKind, 'certificate'>, string>> = {
  response: 'an OCSP response',
  request: 'an OCSP request',
  pkcs7: 'a PKCS#7 without certificates',
  'private key': 'a private key',
  'public key': 'a public key',
  'certificate request': 'a certificate request (CSR)',
  'certificate revocation list': 'a CRL',
};

/** Whether a file that could not be read as a certificate is one by what it begins with, so that it is a damaged one. */
export function mayHoldCertificate(path: FilePath): boolean {
  try {
    const bytes = readInputFile(path, largestCertificateFile);
    if (pemLabelsIn(bytes).some((label) => certificateLabels.has(label))) return true;
    const kind = kindOfDer(bytes);
    return kind === 'certificate' || kind === 'pkcs7';
  } catch (error) {
    // It changes under the run.
    if (error instanceof OcspError) return false;
    throw error;
  }
}

function noCertificateAmong(blocks: readonly PemBlock[]): OcspError {
  const labels = [...new Set(blocks.map((block) => block.label))].join(', ');
  const isRequest = blocks.some((block) => block.label.endsWith('CERTIFICATE REQUEST'));
  const isKey = blocks.some((block) => block.label.endsWith('PRIVATE KEY'));
  const what = isRequest ? 'a certificate request (CSR)' : isKey ? 'a private key without certificate' : labels;
  return new OcspError(
    'no-certificate',
    `there is no certificate in it, only ${what === '' ? 'text' : what}`,
    isRequest ? 'name the certificate that the CA issued for it' : 'name the file of the certificate',
  );
}

/** The same, the one first that issued no other; those that cannot be decoded last. */
function inOrder(certificates: Readonly<OneOrMore<Uint8Array>>): OneOrMore<Uint8Array> {
  const counts = theOneThatCounts(decodeSound(certificates))?.der ?? certificates[0];
  return [counts, ...certificates.filter((der) => der !== counts)];
}

/** So many signatures are checked at most where names and key identifiers do not tell who issued whom. */
const maximumChecks = 16;

/** Names and key identifiers tell it; signatures only where by those each of them issued another. */
function theOneThatCounts(certificates: readonly Certificate[]): Certificate | undefined {
  const distinct = [...new Map(certificates.map((one) => [Buffer.from(one.der).toString('latin1'), one])).values()];
  const named = new Map<string, Certificate[]>();
  const add = (key: string, certificate: Certificate): void => {
    const known = named.get(key);
    if (known === undefined) named.set(key, [certificate]);
    else known.push(certificate);
  };
  for (const certificate of distinct) {
    const name = canonicalName(certificate.issuer);
    add(name, certificate);
    add(`${name}#${hexOf(authorityKeyIdentifier(certificate))}`, certificate);
  }
  const issuedAny = (candidate: Certificate, really: (other: Certificate) => boolean): boolean => {
    const name = canonicalName(candidate.subject);
    const key = subjectKeyIdentifier(candidate);
    const lists = key === undefined ? [named.get(name)] : [named.get(`${name}#${hexOf(key)}`), named.get(`${name}#`)];
    return lists.some((list = []) => list.some((other) => other !== candidate && really(other)));
  };
  const issuedNone = distinct.filter((candidate) => !issuedAny(candidate, () => true));
  if (issuedNone.length > 0) return issuedNone.find(({ isCa }) => !isCa) ?? issuedNone[0];
  let checks = 0;
  const isIssuer = (candidate: Certificate): boolean =>
    issuedAny(candidate, (other) => (checks += 1) > maximumChecks || isIssuedBy(other, candidate, 'local'));
  return distinct.find((candidate) => !isIssuer(candidate)) ?? distinct[0];
}

function hexOf(octets: Uint8Array | undefined): string {
  return octets === undefined ? '' : toHex(octets);
}
