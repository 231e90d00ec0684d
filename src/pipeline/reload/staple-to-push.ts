import { isBelieved, type Verdict } from '../../core/index.js';
import type { FilePath } from '../../core/file-path.js';
import type { StapleToPush } from '../../servers/reload-result.js';
import { readCertificateFile } from '../../source/certificate-file.js';
import { readStaple } from '../../store/staple-file.js';

/**
 * The staple on disk as reload targets take it: read once more, so that what is pushed is what is stored.
 *
 * @param verdict the verdict on the file in this run
 * @returns undefined unless it was found good, with nextUpdate, and is still there
 * @throws OcspError `file-unreadable` and what reading the certificate can throw
 */
export async function stapleToPush(
  certificatePath: FilePath,
  staplePath: FilePath,
  verdict: Verdict | undefined,
  isChanged: boolean,
): Promise<StapleToPush | undefined> {
  if (verdict === undefined || !isBelieved(verdict) || verdict.kind !== 'good') return undefined;
  const { certId, nextUpdate } = verdict.statement;
  if (nextUpdate === undefined) return undefined;
  const [{ certificate }, found] = await Promise.all([readCertificateFile(certificatePath), readStaple(staplePath)]);
  if (found.state !== 'present') return undefined;
  return { certificatePath, certificate, staplePath, bytes: found.bytes, certId, nextUpdate, isChanged };
}
