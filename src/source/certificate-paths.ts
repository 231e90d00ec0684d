import { definedOnly } from '../core/defined-only.js';
import type { FilePath } from '../core/file-path.js';
import { listCertificates, type ListedCertificate } from './certificate-list.js';
import { isCertificateOfFolder } from './folder-member.js';
import type { NamedSource } from './named-source.js';

/** A path from the command line and whether the user named this very file: only then are its errors reported. */
export type CertificatePath = Pick<ListedCertificate, 'path' | 'named' | 'failure'>;

/**
 * The certificate files that these arguments mean, each once, in their order: files, folders (the end-entity
 * certificates in them, not deeper), trees of ACME clients (one file per lineage) and quoted globs. What leads to no file
 * stands among them with its failure.
 */
export async function certificatePaths(argumentsGiven: readonly FilePath[]): Promise<CertificatePath[]> {
  return await certificatesOf(argumentsGiven.map((path) => ({ path })));
}

/** The certificate files of these sources, as {@link certificatePaths} finds them. */
export async function certificatesOf(sources: readonly NamedSource[]): Promise<CertificatePath[]> {
  const list = await listCertificates(sources);
  const found: CertificatePath[] = [];
  for (let index = 0; index < list.length; index += 1) {
    const { path, named, failure } = list.at(index);
    if (named || isCertificateOfFolder(path)) found.push(definedOnly({ path, named, failure }));
  }
  return found;
}
