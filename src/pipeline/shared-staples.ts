import { OcspError } from '../core/index.js';
import { shownPath, type FilePath } from '../core/file-path.js';
import { readCertificateFile } from '../source/certificate-file.js';
import { pathsOf, type CertificateList } from '../source/certificate-list.js';
import { staplePathFor, staplePlace } from '../store/staple-location.js';

/**
 * Makes sure that no two certificates have one staple, and that no staple would replace one of the certificates, before
 * anything is sent. Where every staple stands beside its certificate there is nothing to look at.
 *
 * @throws OcspError `usage` naming both certificates and the staple
 */
export async function refuseSharedStaples(list: CertificateList, defaultOut: string | undefined): Promise<void> {
  if (defaultOut === undefined && !list.hasOwnPlaces) return;
  const places = new Set(pathsOf(list).map(staplePlace));
  const owners = new Map<string, FilePath>();
  for (let position = 0; position < list.length; position += 1) {
    const { path, out = defaultOut } = list.at(position);
    const staple = await staplePathOf(path, out);
    if (staple === undefined) continue;
    const key = staplePlace(staple);
    if (places.has(key)) {
      throw new OcspError(
        'usage',
        `--out would replace the certificate ${shownPath(staple)} by a staple`,
        'give --out another file, a folder, or a template such as {dir}/{base}.ocsp',
      );
    }
    const owner = owners.get(key);
    if (owner !== undefined) {
      throw new OcspError(
        'usage',
        `${shownPath(owner)} and ${shownPath(path)} would have the same staple ${shownPath(staple)}`,
        'give --out a folder or a template such as {dir}/{name}.ocsp',
      );
    }
    owners.set(key, path);
  }
}

/** Undefined for a certificate that cannot be read: its own error comes with its own line. */
async function staplePathOf(path: FilePath, out: string | undefined): Promise<FilePath | undefined> {
  try {
    const { certificate } = await readCertificateFile(path);
    return staplePathFor(path, certificate, out);
  } catch (error) {
    if (error instanceof OcspError && error.kind === 'input') return undefined;
    throw error;
  }
}
