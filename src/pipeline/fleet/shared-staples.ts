import { OcspError } from '../../core/index.js';
import { shownPath, type FilePath } from '../../core/file-path.js';
import { readCertificateFile } from '../../source/certificate-file.js';
import type { CertificateList, ListedCertificate } from '../../source/certificate-list.js';
import { readFolderMember } from '../../source/folder-member.js';
import { staplePathFor, staplePlace } from '../../store/staple-location.js';

/**
 * Makes sure that no two certificates have one staple, and that no staple would replace one of the certificates, before
 * anything is sent. Where every staple stands beside its certificate there is nothing to look at.
 *
 * @throws OcspError `usage` naming both certificates and the staple
 */
export async function refuseSharedStaples(list: CertificateList, defaultOut: string | undefined): Promise<void> {
  if (defaultOut === undefined && !list.hasOwnPlaces) return;
  const certificates = new Set<string>();
  const owners = new Map<string, Claim>();
  for (let position = 0; position < list.length; position += 1) {
    const listed = list.at(position);
    const claim = await claimOf(listed, defaultOut);
    if (claim === undefined) continue;
    certificates.add(staplePlace(listed.path));
    if (claim === 'unreadable') continue;
    const place = staplePlace(claim.staple);
    const owner = owners.get(place);
    if (owner !== undefined) throw sharedStaple(owner, claim);
    owners.set(place, claim);
  }
  for (const [place, { staple }] of owners) if (certificates.has(place)) throw replacedCertificate(staple);
}

/** A certificate and where its staple goes. */
interface Claim {
  readonly certificate: FilePath;
  readonly staple: FilePath;
}

/** Undefined for a file that is none of ours; of one that cannot be read the error comes with its own line. */
async function claimOf(
  listed: ListedCertificate,
  defaultOut: string | undefined,
): Promise<Claim | 'unreadable' | undefined> {
  const { path, named, out = defaultOut } = listed;
  try {
    const file = named ? await readCertificateFile(path) : readFolderMember(path);
    if (file === undefined) return undefined;
    return { certificate: path, staple: staplePathFor(path, file.certificate, out) };
  } catch (error) {
    if (error instanceof OcspError && error.kind === 'input') return 'unreadable';
    throw error;
  }
}

function sharedStaple(one: Claim, other: Claim): OcspError {
  const certificates = `${shownPath(one.certificate)} and ${shownPath(other.certificate)}`;
  return new OcspError(
    'usage',
    `${certificates} would have the same staple ${shownPath(other.staple)}`,
    'give --out a folder or a template such as {dir}/{name}.ocsp',
  );
}

function replacedCertificate(staple: FilePath): OcspError {
  return new OcspError(
    'usage',
    `--out would replace the certificate ${shownPath(staple)} by a staple`,
    'give --out another file, a folder, or a template such as {dir}/{base}.ocsp',
  );
}
