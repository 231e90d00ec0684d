import type {
  CertificateRecord,
  CertificateRequestRecord,
  EmbeddedCertificateRecord,
  PublicKeyRecord,
} from '../../pipeline/inspect/record.js';
import { extensionLines, signatureLines } from './common-lines.js';
import { field, hexLines, section, type Line } from './line.js';

export function certificateLines(certificate: CertificateRecord): Line[] {
  const { fingerprints } = certificate;
  return [
    field('version', certificate.version),
    field('subject', certificate.subject),
    field('issuer', certificate.issuer),
    field('serial number', certificate.serialNumber),
    field('not before', certificate.notBefore),
    field('not after', certificate.notAfter),
    ...publicKeyLines(certificate.publicKey),
    ...uriLines('responder URI', certificate.ocspUris),
    field('Must-Staple', certificate.mustStaple ? 'yes' : 'no'),
    ...extensionLines('extensions', certificate.extensions),
    ...signatureLines(certificate),
    field('SHA-1 fingerprint', fingerprints.sha1),
    field('SHA-256 fingerprint', fingerprints.sha256),
  ];
}

export function certificateRequestLines(request: CertificateRequestRecord): Line[] {
  return [
    field('version', request.version),
    field('subject', request.subject),
    ...publicKeyLines(request.publicKey),
    ...extensionLines('requested extensions', request.extensions),
    ...request.attributes.flatMap(({ oid, values }) => section(`attribute ${oid}`, values.flatMap(hexLines))),
    ...signatureLines(request),
  ];
}

/** What a response or a signed request carries, each in full. */
export function embeddedCertificateLines(certificates: readonly EmbeddedCertificateRecord[]): Line[] {
  return certificates.flatMap((certificate, index) =>
    section(
      `certificate ${index + 1} of ${certificates.length} (${certificate.octets} octets)`,
      certificate.kind === 'certificate'
        ? certificateLines(certificate)
        : [field('not decoded', certificate.error.message), ...hexLines(certificate.der)],
    ),
  );
}

function uriLines(label: string, uris: readonly string[]): Line[] {
  return uris.length === 0 ? [field(label, 'none')] : uris.map((uri) => field(label, uri));
}

function publicKeyLines({ algorithm, bits, curve, modulus, exponent, octets, sha1 }: PublicKeyRecord): Line[] {
  const size = bits === null ? '' : `, ${bits} bits`;
  return [
    field('public key', `${algorithm}${size}${curve === undefined ? '' : `, ${curve}`}`),
    ...section('modulus', modulus === undefined ? [] : hexLines(modulus)),
    ...(exponent === undefined ? [] : [field('exponent', exponent)]),
    ...section('key', modulus === undefined ? hexLines(octets) : []),
    field('SHA-1 of the key', sha1),
  ];
}
