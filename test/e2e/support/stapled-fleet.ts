import type { CertificateOptions } from '../../support/certificate.js';
import { buildOcspResponse, type CertificateStatus } from '../../support/ocsp-response.js';
import { createCertificateAuthority, type CertificateAuthority } from '../../support/pki.js';
import { createTemporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.js';

/** The instant of every run over this fleet. */
export const now = new Date('2026-01-04T00:00:00Z');
const hour = 3_600_000;

/** A folder of certificates of one authority; an e2e test fills it. */
export interface Fleet {
  readonly folder: TemporaryFolder;
  readonly authority: CertificateAuthority;
  /** Adds NAME with a staple that ends so many hours from now; `missing` for none. Its window is a week. */
  readonly add: (name: string, hoursLeft: number | 'missing', more?: FleetOptions) => string;
}

export interface FleetOptions {
  readonly status?: CertificateStatus;
  readonly certificate?: CertificateOptions;
  /** Other bytes in the place of the staple. */
  readonly bytes?: Uint8Array;
  /** The kept signed answer of a later hour, which says so. */
  readonly revokedSince?: Date;
}

export async function withFleet(use: (fleet: Fleet) => Promise<void>): Promise<void> {
  const folder = createTemporaryFolder();
  const authority = createCertificateAuthority({ name: 'Fleet CA' });
  try {
    await use({
      folder,
      authority,
      add: (name, hoursLeft, more) => add(folder, authority, name, hoursLeft, more ?? {}),
    });
  } finally {
    folder.remove();
  }
}

/** A configuration of a haproxy that does not run, with these certificates; what doctor is to look at. */
export function haproxyWith({ folder }: Fleet, certificates: readonly string[]): string {
  const words = certificates.map((path) => `crt ${path.replace(/[\\"' #]/g, '\\$&')}`).join(' ');
  return `haproxy:${folder.write('haproxy.cfg', `frontend www\n  bind 127.0.0.1:1 ssl ${words}\n`)}`;
}

function add(
  folder: TemporaryFolder,
  authority: CertificateAuthority,
  name: string,
  hoursLeft: number | 'missing',
  { status = 'good', certificate, bytes, revokedSince }: FleetOptions,
): string {
  const site = authority.issue({ ocspUris: ['http://ocsp.example/'], ...certificate });
  const path = folder.write(name, site.certificate.pem + authority.certificate.pem);
  if (hoursLeft === 'missing') return path;
  const nextUpdate = new Date(now.getTime() + hoursLeft * hour);
  const thisUpdate = new Date(nextUpdate.getTime() - 168 * hour);
  const certId = { issuer: authority, serialNumber: site.serialNumber };
  const answer = (said: CertificateStatus, from: Date): Buffer =>
    buildOcspResponse({
      signer: authority,
      producedAt: from,
      responses: [{ certId, status: said, thisUpdate: from, nextUpdate }],
    });
  folder.write(`${name}.ocsp`, bytes ?? answer(status, thisUpdate));
  if (revokedSince !== undefined) {
    folder.write(`.${name}.ocsp.restaple-revoked`, answer({ revokedAt: revokedSince }, revokedSince));
  }
  return path;
}
