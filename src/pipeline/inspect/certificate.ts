import { OcspError, decodeCertificate, distinguishedNameToString, type Extension } from '../../core/index.js';
import { toHex } from '../../core/bytes.js';
import { DerError, Tag, contextTag, readWhole } from '../../core/der/der.js';
import { findExtension } from '../../core/certificate/extension.js';
import { digest } from '../../core/hash.js';
import { Oid } from '../../core/oid.js';
import { formatTime } from '../../core/time.js';
import { describePublicKey, describeSignature } from './algorithm.js';
import { describeExtension } from './extension.js';
import { describeGeneralNames } from './general-name.js';
import { namingTheRule } from './malformed.js';
import { objectName } from './object-name.js';
import { attempt } from './reading.js';
import type { CertificateRecord, EmbeddedCertificateRecord } from './record.js';

/**
 * Describes one DER certificate.
 *
 * @throws OcspError `malformed-certificate`, its message with the rule of DER that was broken
 */
export function describeCertificate(der: Uint8Array): CertificateRecord {
  const certificate = namingTheRule(() => decodeCertificate(der));
  const { keyUsage, extendedKeyUsage, pathLength } = certificate;
  return {
    kind: 'certificate',
    octets: der.length,
    version: versionOf(der),
    subject: distinguishedNameToString(certificate.subject),
    issuer: distinguishedNameToString(certificate.issuer),
    serialNumber: certificate.serialNumber,
    notBefore: formatTime(certificate.notBefore),
    notAfter: formatTime(certificate.notAfter),
    publicKey: describePublicKey(certificate.publicKey),
    ocspUris: certificate.ocspUris,
    caIssuersUris: certificate.caIssuersUris,
    crlUris: certificate.crlUris,
    keyUsage: keyUsage === undefined ? null : [...keyUsage],
    extendedKeyUsage: extendedKeyUsage === undefined ? null : extendedKeyUsage.map(objectName),
    isCa: certificate.isCa,
    pathLength: pathLength ?? null,
    ocspNoCheck: certificate.ocspNoCheck,
    mustStaple: certificate.mustStaple,
    subjectAltNames: subjectAltNames(certificate.extensions),
    fingerprints: { sha1: toHex(digest('sha1', der)), sha256: toHex(digest('sha256', der)) },
    extensions: certificate.extensions.map(describeExtension),
    ...describeSignature(certificate.signatureAlgorithm, certificate.signature),
  };
}

/** More than any responder embeds; a bound on work and on what is printed, not a rule of RFC 6960. */
const maximumEmbedded = 256;

/**
 * Describes the certificates that a response or a signed request carries; one that is broken hides no other.
 *
 * @throws OcspError `malformed-der` for more than 256 of them
 */
export function describeEmbeddedCertificates(certificates: readonly Uint8Array[]): EmbeddedCertificateRecord[] {
  if (certificates.length > maximumEmbedded) {
    throw new OcspError(
      'malformed-der',
      `it carries ${certificates.length} certificates, more than the ${maximumEmbedded} that are shown`,
      'no responder sends that many: do not use it',
    );
  }
  return certificates.map((der) => {
    try {
      return describeCertificate(der);
    } catch (error) {
      if (!(error instanceof OcspError) && !(error instanceof DerError)) throw error;
      const { message } = error;
      const hint = 'it cannot have signed this: verify ignores what it cannot decode';
      const undecoded = { code: 'malformed-certificate', message, hint };
      return { kind: 'undecoded-certificate', octets: der.length, der: toHex(der), error: undecoded };
    }
  });
}

/** The version of a certificate that has been decoded already (RFC 5280 §4.1.2.1). */
function versionOf(der: Uint8Array): number {
  const tbs = readWhole(der, Tag.sequence, 'certificate').sequence('tbsCertificate');
  return (tbs.enterOptional(contextTag(0), 'version')?.smallInteger('version') ?? 0) + 1;
}

function subjectAltNames(extensions: readonly Extension[]): string[] {
  const extension = findExtension(extensions, Oid.subjectAlternativeName);
  if (extension === undefined) return [];
  return attempt(() => describeGeneralNames(readWhole(extension.value, Tag.sequence, 'subjectAltName'))) ?? [];
}
