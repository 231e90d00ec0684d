import {
  OcspError,
  decodeCertificate,
  decodePem,
  looksLikePem,
  type Certificate,
  type PemBlock,
} from '../core/index.js';
import { issuanceFailure } from '../core/certificate.js';
import { DerError, DerReader, Tag } from '../core/der/der.js';
import { unlessMalformed } from '../core/der/malformed.js';
import { kindOfDer, type DerKind } from '../core/kind-of-der.js';
import { pemLabelsIn } from '../core/pem.js';
import { shownPath, type FilePath } from '../core/file-path.js';
import { naming } from '../core/ocsp-error.js';
import { Oid } from '../core/oid.js';
import { isSameVersion, readInputFile, readVersionedFile, type FileVersion } from './input-file.js';

/** A file's certificates: the first is the one that counts, the others may hold its issuer. At least one. */
export interface CertificateFile {
  readonly path: FilePath;
  readonly certificate: Certificate;
  /** The DER of the others in their order, not decoded yet: a broken one among them harms nothing. */
  readonly others: readonly Uint8Array[];
  /** What the reader should hear of it, without its name. */
  readonly warnings: readonly string[];
  /** Which contents of the file these are; undefined for a pipe. */
  readonly version: FileVersion | undefined;
}

type Warn = (warning: string) => unknown;

/** Bundles with chain and key are a few KiB; a CA bundle is 250 KiB. */
const largestCertificateFile = 1024 * 1024;

/**
 * Reads a certificate file: PEM (a bundle with chain and key as haproxy has it), DER, or PKCS#7 in either form. Of a
 * PKCS#7, which has no order, the certificate counts that issued no other.
 *
 * @throws OcspError `file-not-found`, `file-unreadable`, `file-empty`, `file-too-large`, `malformed-pem`,
 *   `malformed-certificate`, `no-certificate`; messages name the file
 */
export async function readCertificateFile(path: FilePath): Promise<CertificateFile> {
  return await readCertificateFileSoon(path);
}

/** As {@link readCertificateFile}, without a promise where nothing has to be loaded first, as for PKCS#7: a fleet is many files. */
export function readCertificateFileSoon(path: FilePath): CertificateFile | Promise<CertificateFile> {
  const { bytes, version } = readVersionedFile(path, largestCertificateFile);
  const warnings: string[] = [];
  const take = ([first, ...others]: readonly Uint8Array[]): CertificateFile => {
    if (first === undefined) throw new OcspError('no-certificate', 'there is no certificate in it');
    return { path, certificate: decodeCertificate(first), others, warnings, version };
  };
  try {
    const certificates = certificatesIn(bytes, (warning) => warnings.push(warning));
    if (!(certificates instanceof Promise)) return take(certificates);
    return certificates.then(take).catch((error: unknown) => {
      throw naming(shownPath(path), error);
    });
  } catch (error) {
    throw naming(shownPath(path), error);
  }
}

/** Whether the file is still the one that was read; false once it was replaced or removed. */
export function isUnchanged({ path, version }: CertificateFile): boolean {
  return version === undefined || isSameVersion(path, version);
}

/**
 * The DER of every certificate in these bytes, the one that counts first; a promise where PKCS#7 is among them.
 *
 * @param warn is told what was passed over
 * @throws OcspError `malformed-pem`, `malformed-certificate`, `no-certificate`
 */
export function certificatesIn(bytes: Uint8Array, warn: Warn = () => undefined): Uint8Array[] | Promise<Uint8Array[]> {
  if (bytes[0] === Tag.sequence && !looksLikePemText(bytes)) return certificatesInDer(bytes);
  if (!looksLikePem(bytes)) {
    throw new OcspError(
      'no-certificate',
      'it is neither PEM nor DER',
      'it must hold a line -----BEGIN CERTIFICATE-----',
    );
  }
  const blocks = decodePem(bytes);
  if (blocks.some(({ label }) => isPkcs7Label(label))) return certificatesWithPkcs7(blocks, warn);
  const certificates: Uint8Array[] = [];
  for (const [index, block] of blocks.entries()) {
    if (certificateLabels.has(block.label)) certificates.push(certificateOf(block, index + 1, warn));
  }
  if (certificates.length === 0) throw noCertificateAmong(blocks);
  return certificates;
}

function isPkcs7Label(label: string): boolean {
  return label === 'PKCS7' || label === 'CMS';
}

async function certificatesWithPkcs7(blocks: readonly PemBlock[], warn: Warn): Promise<Uint8Array[]> {
  const certificates: Uint8Array[] = [];
  for (const [index, block] of blocks.entries()) {
    if (certificateLabels.has(block.label)) certificates.push(certificateOf(block, index + 1, warn));
    if (isPkcs7Label(block.label)) certificates.push(...(await certificatesInPkcs7(block.der)));
  }
  return certificates;
}

const certificateLabels: ReadonlySet<string> = new Set(['CERTIFICATE', 'X509 CERTIFICATE', 'TRUSTED CERTIFICATE']);

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
  const certificate = unlessMalformed(() => new DerReader(der).element(Tag.sequence, 'certificate').raw) ?? der;
  const trailing = der.length - certificate.length;
  if (trailing > 0 && label !== 'TRUSTED CERTIFICATE') {
    const octets = trailing === 1 ? '1 trailing octet' : `${trailing} trailing octets`;
    warn(`${octets} after the certificate in PEM block ${number}, passed over`);
  }
  return certificate;
}

function certificatesInDer(bytes: Uint8Array): Uint8Array[] | Promise<Uint8Array[]> {
  return isPkcs7(bytes) ? certificatesInPkcs7(bytes) : [recogniseDer(bytes)];
}

/** A ContentInfo begins with its type, where a certificate has a SEQUENCE. */
function isPkcs7(bytes: Uint8Array): boolean {
  try {
    const type = new DerReader(bytes).sequence('ContentInfo').objectIdentifier('contentType');
    return type === Oid.pkcs7SignedData;
  } catch (error) {
    // BER with indefinite lengths is usual in PKCS#7 and unheard of in certificates.
    if (error instanceof DerError) return bytes[1] === 0x80 && kindOfDer(bytes) === 'pkcs7';
    throw error;
  }
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
    if (pemLabelsIn(bytes).some((label) => certificateLabels.has(label) || isPkcs7Label(label))) return true;
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

/** Certificates of a certs-only PKCS#7, the one that issued no other first. */
async function certificatesInPkcs7(der: Uint8Array): Promise<Uint8Array[]> {
  const { readPkcs7Certificates } = await import('./pkcs7.js');
  const certificates = readPkcs7Certificates(der).map(decodeCertificate);
  const issuedNoOther = certificates.filter(
    (candidate) =>
      !certificates.some((other) => other !== candidate && issuanceFailure(other, candidate) === undefined),
  );
  const [first = certificates[0]] = issuedNoOther;
  if (first === undefined) throw new OcspError('no-certificate', 'there is no certificate in this PKCS#7');
  return [first, ...certificates.filter((certificate) => certificate !== first)].map((certificate) => certificate.der);
}
