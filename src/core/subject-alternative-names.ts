import type { Certificate } from './certificate.js';
import { DerError, Tag, contextTag, readWhole } from './der/der.js';
import { findExtension } from './extension.js';
import { OcspError } from './ocsp-error.js';
import { Oid } from './oid.js';

/** What a host name may be (RFC 5280 §4.2.1.6, RFC 1034 §3.5), a wildcard as its whole first label, underscores as deployed. */
const hostName =
  /^(?=.{1,253}$)(?:\*\.)?[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*$/i;

/**
 * The dNSNames of a certificate's subjectAltName in their order, in lower case, duplicates once (RFC 5280 §4.2.1.6).
 * A dNSName that is no host name (control characters, spaces, other than ASCII) is left out: no client could ask for it.
 *
 * @throws OcspError `malformed-certificate` where the extension breaks the rules of DER
 */
export function dnsNames(certificate: Pick<Certificate, 'extensions'>): string[] {
  const extension = findExtension(certificate.extensions, Oid.subjectAlternativeName);
  if (extension === undefined) return [];
  try {
    return readDnsNames(extension.value);
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    throw new OcspError(
      'malformed-certificate',
      `the subjectAltName of the certificate is not valid DER: ${error.message}`,
      'check the file with: openssl x509 -in FILE -text',
      { cause: error },
    );
  }
}

function readDnsNames(value: Uint8Array): string[] {
  const names = new Set<string>();
  const list = readWhole(value, Tag.sequence, 'subjectAltName');
  while (!list.isAtEnd) {
    const name = list.any('general name');
    if (name.tag !== contextTag(2, 'primitive')) continue;
    const text = Buffer.from(name.contents).toString('latin1');
    if (hostName.test(text)) names.add(text.toLowerCase());
  }
  return [...names];
}

/**
 * The name to ask a server for, so that it picks this certificate (RFC 6066 §3): the first dNSName without a wildcard, since another
 * certificate may stand for a name that a wildcard only covers; else the first one with `www` for the wildcard. Undefined without dNSNames.
 *
 * @throws OcspError `malformed-certificate`
 */
export function serverNameFor(certificate: Pick<Certificate, 'extensions'>): string | undefined {
  const names = dnsNames(certificate);
  return names.find((name) => !name.startsWith('*.')) ?? names[0]?.replace(/^\*/, 'www');
}
