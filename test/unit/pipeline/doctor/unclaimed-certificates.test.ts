import { mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { DoctorRecord } from '../../../../src/pipeline/doctor/doctor-report.js';
import { unclaimedCertificates } from '../../../../src/pipeline/doctor/unclaimed-certificates.js';
import { reportCertificateFile } from '../../../../src/pipeline/verify/certificate-report.js';
import type { CertificateOptions } from '../../../support/certificate.js';
import { createCertificateAuthority } from '../../../support/pki.js';
import { createTemporaryFolder, type TemporaryFolder } from '../../../support/temporary-folder.js';

const authority = createCertificateAuthority({ name: 'Tree CA' });
const now = new Date('2026-01-01T00:00:00Z');

let folder: TemporaryFolder;
beforeEach(() => {
  folder = createTemporaryFolder();
});
afterEach(() => folder.remove());

/** Writes a certificate where a client has it, and returns its file. */
function issue(path: string, options: CertificateOptions = {}): string {
  const { certificate } = authority.issue({ ocspUris: ['http://ocsp.example/'], ...options });
  folder.write(`${dirname(path)}/chain.pem`, authority.certificate.pem);
  return folder.write(path, certificate.pem + authority.certificate.pem);
}

async function remarks(records: readonly DoctorRecord[] = []): Promise<string[]> {
  const found = await unclaimedCertificates(records, { now, root: folder.path });
  return found.map(({ message }) => message.replaceAll(folder.path, ''));
}

const live = (name: string): string => `etc/letsencrypt/live/${name}/fullchain.pem`;

describe('certificates that no server uses', () => {
  it('are one line for each tree of an ACME client', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) issue(live(`${name}.example`));
    issue('root/.acme.sh/shop.example_ecc/fullchain.cer');
    issue('var/lib/lego/certificates/mail.example.crt');
    rmSync(folder.at('var/lib/lego/certificates/chain.pem'));
    issue('var/lib/dehydrated/certs/dns.example/fullchain.pem');
    const no = 'no server that doctor could read uses these certificates of';
    expect(await remarks()).toEqual([
      `${no} certbot in /etc/letsencrypt/live: a.example, b.example, c.example and 2 more`,
      `${no} acme.sh in /root/.acme.sh: shop.example_ecc`,
      `${no} lego in /var/lib/lego/certificates: mail.example.crt`,
      `${no} dehydrated in /var/lib/dehydrated/certs: dns.example`,
    ]);
  });

  it('are nobody’s concern where they have nothing to staple or have expired', async () => {
    issue(live('no-responder.example'), { ocspUris: [] });
    issue(live('expired.example'), { notAfter: new Date('2025-12-31T00:00:00Z') });
    folder.write(live('broken.example'), 'no certificate\n');
    mkdirSync(folder.at('etc/acme.sh'));
    expect(await remarks()).toEqual([]);
    issue(live('must-staple.example'), { ocspUris: [], mustStaple: true });
    expect(await remarks()).toEqual([expect.stringMatching(/: must-staple\.example$/)]);
  });

  it('are none where a server has a copy', async () => {
    const path = issue(live('copied.example'));
    const found = await reportCertificateFile({ path, named: true });
    const facts = 'report' in found ? found.report : undefined;
    expect(await remarks([{ facts } as unknown as DoctorRecord])).toEqual([]);
  });
});
