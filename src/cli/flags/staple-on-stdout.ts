import { OcspError } from '../../core/index.js';
import type { CertificateList } from '../../source/certificate-list.js';
import { isCertificateOfFolder } from '../../source/folder-member.js';

/** Makes sure that --out - can be what it says: one staple on stdout, and nothing else. Throws OcspError `usage`. */
export function requireOneStaple(
  list: CertificateList,
  flags: { readonly json: boolean; readonly reload: readonly string[]; readonly confirm: readonly string[] },
): void {
  if (flags.json) throw new OcspError('usage', '--out - and --json both write to stdout', 'leave one of them out');
  if (flags.reload.length > 0 || flags.confirm.length > 0) {
    const message = '--reload and --confirm need the staple in a file, and --out - has none';
    throw new OcspError('usage', message, 'name a file, a folder or a template with --out');
  }
  let count = 0;
  for (let index = 0; index < list.length && count < 2; index += 1) {
    const { path, named, failure } = list.at(index);
    if (failure === undefined && (named || isCertificateOfFolder(path))) count += 1;
  }
  if (count < 2) return;
  const hint = 'name one certificate, or give --out a folder or a template such as {dir}/{base}.ocsp';
  throw new OcspError('usage', '--out - is for the staple of one certificate', hint);
}
