import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Certificate } from '../../core/index.js';
import { unlessOcspError } from '../../core/ocsp-error.js';
import { readCertificateBundle } from '../../source/certificate-file.js';
import { orFailure } from './failure.js';
import type { OcspOptions } from './options.js';

/** Certificates in which chains may end: of a file at once, of a folder only where the file's are not enough. */
export interface TrustedCertificates {
  readonly ofFile: readonly Certificate[];
  readonly ofFolder: () => readonly Certificate[];
}

/** Where distributions keep what openssl finds as its default file and folder. */
const usualFiles = ['/usr/lib/ssl/cert.pem', '/etc/ssl/cert.pem', '/etc/pki/tls/cert.pem'];
const usualFolder = '/etc/ssl/certs';

/**
 * The trusted certificates of -CAfile and -CApath. Each that is absent stands for the system's, unless -no-CAfile or
 * -no-CApath is there.
 *
 * @throws OpensslFailure for a file that cannot be read; a folder that cannot is empty, as for openssl
 */
export async function trustedCertificates({ switches, texts }: OcspOptions): Promise<TrustedCertificates> {
  const { CAfile: file, CApath: folder } = texts;
  const ofFile =
    file === undefined
      ? switches.has('no-CAfile')
        ? []
        : systemFile()
      : await orFailure([`Error loading file ${file}`], () => readCertificateBundle(file));
  const place = folder ?? (switches.has('no-CApath') ? undefined : (process.env['SSL_CERT_DIR'] ?? usualFolder));
  return { ofFile, ofFolder: () => (place === undefined ? [] : place.split(':').flatMap(certificatesInFolder)) };
}

function systemFile(): Certificate[] {
  const own = process.env['SSL_CERT_FILE'];
  for (const file of own === undefined ? usualFiles : [own]) {
    const found = unlessOcspError(() => readCertificateBundle(file));
    if (found !== undefined) return found;
  }
  return [];
}

/** A system has some hundred. */
const mostFiles = 5000;

/** Those with the name that `openssl rehash` gives them: openssl looks at no other. */
function certificatesInFolder(folder: string): Certificate[] {
  const names = namesIn(folder).filter((name) => /^[0-9a-f]{8}\.\d+$/.test(name));
  return names
    .slice(0, mostFiles)
    .flatMap((name) => unlessOcspError(() => readCertificateBundle(join(folder, name))) ?? []);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
