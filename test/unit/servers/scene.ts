import { createCertId, decodeCertificate } from '../../../src/core/index.js';
import type { StapleToPush } from '../../../src/servers/reload-result.js';
import { buildOcspResponse, responseTimes } from '../../support/ocsp-response.js';
import { createCertificateAuthority } from '../../support/pki.js';

const authority = createCertificateAuthority();
const issuer = decodeCertificate(authority.certificate.der);

/** A good staple of a new certificate, as the drivers get it. */
export function stapleToPush(options: Partial<StapleToPush> = {}): StapleToPush {
  const issued = authority.issue();
  const certificate = decodeCertificate(issued.certificate.der);
  return {
    certificatePath: '/etc/certificates/server.pem',
    certificate,
    staplePath: '/etc/certificates/server.pem.ocsp',
    bytes: buildOcspResponse({
      signer: authority,
      responses: [{ certId: { issuer: authority, serialNumber: issued.serialNumber } }],
    }),
    certId: createCertId(certificate, issuer, 'sha1'),
    nextUpdate: responseTimes.nextUpdate,
    isChanged: true,
    ...options,
  };
}
