import type { StapleToPush } from '../../src/servers/reload-result.js';
import type { IssuedCertificate } from './certificate.js';
import { buildOcspResponse, type OcspResponseOptions, type SingleResponseOptions } from './ocsp-response.js';
import type { CertificateAuthority } from './pki.js';
import { stapleToPush } from './staple-to-push.js';

const hour = 3_600_000;

/** A staple of a certificate, signed by its issuer: from an hour ago for six days, unless `change` says otherwise. */
export function stapleFor(
  certificate: IssuedCertificate,
  issuer: CertificateAuthority,
  now: Date,
  change: Partial<SingleResponseOptions> & Pick<OcspResponseOptions, 'producedAt'> = {},
): Buffer {
  const { producedAt = now, ...statement } = change;
  return buildOcspResponse({
    signer: issuer,
    producedAt,
    responses: [
      {
        certId: { issuer, serialNumber: certificate.serialNumber },
        thisUpdate: new Date(now.getTime() - hour),
        nextUpdate: new Date(now.getTime() + 143 * hour),
        ...statement,
      },
    ],
  });
}

/** A staple in a file of its own, as the configuration of dnsdist may name any. */
export function stapleInFile(
  issued: IssuedCertificate,
  issuer: CertificateAuthority,
  { certificatePath, staplePath }: { readonly certificatePath: string; readonly staplePath: string },
  bytes: Uint8Array,
  now: Date,
): StapleToPush {
  const nextUpdate = new Date(now.getTime() + 143 * hour);
  return { ...stapleToPush({ certificatePath, issued, issuer, bytes, nextUpdate }), staplePath };
}
