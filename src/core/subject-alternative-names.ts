import type { Certificate } from './certificate.js';
import { contextTag, type DerReader } from './der/der.js';
import { orMalformed } from './der/malformed.js';
import { enterExtension } from './extension.js';
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
  const what = 'the subjectAltName of the certificate is not valid DER';
  const hint = 'check the file with: openssl x509 -in FILE -text';
  const list = orMalformed({ code: 'malformed-certificate', what, hint }, () =>
    enterExtension(certificate.extensions, Oid.subjectAlternativeName, 'subjectAltName')?.all(readDnsName),
  );
  return [...new Set(list?.filter((name) => name !== undefined))];
}

/** A GeneralName: the text of a dNSName that is a host name, undefined for all else. */
function readDnsName(list: DerReader): string | undefined {
  const { tag, contents } = list.any('general name');
  if (tag !== contextTag(2, 'primitive')) return undefined;
  const text = Buffer.from(contents).toString('latin1');
  return hostName.test(text) ? text.toLowerCase() : undefined;
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
