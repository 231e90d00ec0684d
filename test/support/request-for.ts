import { encodeCertId } from './cert-id.js';
import type { IssuedCertificate } from './certificate.js';
import { sequence } from './der-writer.js';
import type { HashName } from './signatures.js';

/** The plain OCSPRequest (RFC 6960 §4.1.1) about one certificate, DER: what `answerTo` answers without a server. */
export function requestFor(
  issuer: IssuedCertificate,
  { serialNumber }: Pick<IssuedCertificate, 'serialNumber'>,
  hash: HashName = 'sha1',
): Buffer {
  const certId = encodeCertId({ issuer, serialNumber, hash });
  return sequence(sequence(sequence(sequence(certId))));
}
