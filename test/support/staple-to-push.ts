import { decodeCertificate } from '../../src/core/index.js';
import type { StapleToPush } from '../../src/servers/reload-result.js';
import { digest, type HashName } from './signatures.js';
import type { IssuedCertificate } from './certificate.js';

/** The staple of a certificate as the reload drivers get it. */
export function stapleToPush(options: {
  readonly certificatePath: string;
  readonly issued: IssuedCertificate;
  readonly issuer: IssuedCertificate;
  readonly bytes: Uint8Array;
  readonly nextUpdate: Date;
  readonly hash?: HashName;
}): StapleToPush {
  const { certificatePath, issued, issuer, bytes, nextUpdate, hash = 'sha1' } = options;
  return {
    certificatePath,
    certificate: decodeCertificate(issued.certificate.der),
    staplePath: `${certificatePath}.ocsp`,
    bytes,
    certId: {
      hashAlgorithm: hash,
      issuerNameHash: digest(hash, issuer.name).toString('hex'),
      issuerKeyHash: digest(hash, issuer.subjectPublicKey).toString('hex'),
      serialNumber: issued.serialNumber,
    },
    nextUpdate,
    isChanged: true,
  };
}
