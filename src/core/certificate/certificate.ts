import { readAlgorithmIdentifier, type AlgorithmIdentifier } from '../keys/algorithm-identifier.js';
import { bytesEqual, toHex } from '../bytes.js';
import { readCertificateExtensions, type CertificateExtensions } from './certificate-extensions.js';
import { DerError, Tag, contextTag, readWhole, readerOf } from '../der/der.js';
import { orMalformed } from '../der/malformed.js';
import { distinguishedNamesEqual, readDistinguishedName } from './distinguished-name.js';
import { readPublicKey, type PublicKey } from '../keys/public-key.js';

/**
 * An X.509 certificate (RFC 5280 §4.1) as this project needs it. Names are DER (`distinguishedNameToString` prints
 * them), `serialNumber` is lower-case hex of the exact INTEGER contents, `tbs` the exact bytes that were signed.
 */
export interface Certificate extends CertificateExtensions {
  readonly der: Uint8Array;
  readonly tbs: Uint8Array;
  /** 1, 2 or 3. */
  readonly version: number;
  readonly serialNumber: string;
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly publicKey: PublicKey;
  readonly signatureAlgorithm: AlgorithmIdentifier;
  readonly signature: Uint8Array;
}

/**
 * Decodes one certificate, strictly.
 *
 * @param der exactly one DER certificate
 * @throws OcspError `malformed-certificate`, its cause a DerError that names the rule
 */
export function decodeCertificate(der: Uint8Array): Certificate {
  const hint = 'check the file with: openssl x509 -in FILE -text';
  const what = 'the certificate is not valid DER';
  const tooLong = 'the certificate is too long for restaple';
  return orMalformed({ code: 'malformed-certificate', what, tooLong, hint }, () => readCertificate(der));
}

function readCertificate(der: Uint8Array): Certificate {
  const outer = readWhole(der, Tag.sequence, 'certificate');
  const tbsElement = outer.element(Tag.sequence, 'tbsCertificate');
  const signatureAlgorithm = readAlgorithmIdentifier(outer, 'signatureAlgorithm');
  const signature = outer.bitStringOctets('signatureValue');
  outer.end('certificate');

  const tbs = readerOf(tbsElement);
  const version = tbs.explicitSmallInteger(contextTag(0), 'version') ?? 0;
  if (version > 2) throw new DerError('value', `certificate version ${version + 1} does not exist`, tbsElement.offset);
  // Negative and zero serial numbers are deployed, whatever RFC 5280 §4.1.2.2 asks.
  const serialNumber = tbs.integer('serialNumber', { redundantZeros: true });
  const innerAlgorithm = readAlgorithmIdentifier(tbs, 'signature');
  if (!bytesEqual(innerAlgorithm.raw, signatureAlgorithm.raw)) {
    // RFC 5280 §4.1.1.2: the one inside is signed, the one outside is not.
    throw new DerError('value', 'the two signature algorithms of the certificate differ', tbsElement.offset);
  }
  const issuer = readDistinguishedName(tbs, 'issuer');
  const validity = tbs.sequence('validity');
  const notBefore = validity.time('notBefore');
  const notAfter = validity.time('notAfter');
  validity.end('validity');
  const subject = readDistinguishedName(tbs, 'subject');
  const publicKey = readPublicKey(tbs);
  tbs.optional(contextTag(1, 'primitive'), 'issuerUniqueID');
  tbs.optional(contextTag(2, 'primitive'), 'subjectUniqueID');
  const extensions = tbs.enterOptional(contextTag(3), 'extensions');
  if (extensions !== undefined && version !== 2) {
    // RFC 5280 §4.1.2.9: extensions are of version 3 only.
    throw new DerError('value', `a certificate of version ${version + 1} has extensions`, tbsElement.offset);
  }
  tbs.end('tbsCertificate');

  const extended = readCertificateExtensions(extensions);
  // Named one by one: V8 takes far longer to spread one object into another.
  return {
    der,
    tbs: tbsElement.raw,
    version: version + 1,
    serialNumber: toHex(serialNumber),
    issuer,
    subject,
    notBefore,
    notAfter,
    publicKey,
    signatureAlgorithm,
    signature,
    extensions: extended.extensions,
    ocspUris: extended.ocspUris,
    caIssuersUris: extended.caIssuersUris,
    crlUris: extended.crlUris,
    paddedUris: extended.paddedUris,
    extendedKeyUsage: extended.extendedKeyUsage,
    keyUsage: extended.keyUsage,
    isCa: extended.isCa,
    pathLength: extended.pathLength,
    ocspNoCheck: extended.ocspNoCheck,
    mustStaple: extended.mustStaple,
    unknownCriticalExtensions: extended.unknownCriticalExtensions,
  };
}

/** Whether issuer and subject are one name, as in a root certificate (the signature is not checked). */
export function isSelfIssued(certificate: Certificate): boolean {
  return distinguishedNamesEqual(certificate.issuer, certificate.subject);
}

/** Whether the certificate is within its validity period, both ends included (RFC 5280 §4.1.2.5). */
export function isInValidity(certificate: Certificate, now: Date): boolean {
  return certificate.notBefore <= now && now <= certificate.notAfter;
}
