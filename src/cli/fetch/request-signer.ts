import { OcspError, type RequestSigner } from '../../core/index.js';
import { definedOnly } from '../../core/defined-only.js';
import { requireOwnKey } from '../../core/sign-response.js';
import { readCertificateFile } from '../../source/certificate-file.js';
import { readPrivateKey } from '../../source/private-key.js';
import { passphraseFrom } from '../flags/passphrase.js';

/** The files of --sign-with, --sign-key and --passphrase-file, each where it is named. */
export interface RequestSignerFiles {
  readonly certificate: string | undefined;
  readonly key: string | undefined;
  readonly passphrase: string | undefined;
}

/**
 * Who signs requests; undefined where nobody does. A key that is not named is in the file of the certificate.
 *
 * @param warn is told what the reader should hear of the files
 * @throws OcspError `usage` for a key without a certificate, `key-mismatch`, and what reading the files can throw
 */
export async function requestSignerFrom(
  { certificate: file, key: keyFile = file, passphrase: passphraseFile }: RequestSignerFiles,
  warn: (warning: string) => unknown,
): Promise<RequestSigner | undefined> {
  if (keyFile === undefined) return undefined;
  if (file === undefined) {
    throw new OcspError('usage', '--sign-key needs the certificate of the key', 'name it with --sign-with');
  }
  const { certificate, warnings } = await readCertificateFile(file);
  for (const warning of warnings) warn(`${file}: ${warning}`);
  const passphrase = passphraseFrom(passphraseFile, warn);
  const { key, warnings: ofKey } = readPrivateKey(keyFile, definedOnly({ passphrase }));
  for (const warning of ofKey) warn(warning);
  requireOwnKey({ key, certificate });
  return { certificate, key, embeddedCertificates: [certificate.der] };
}
