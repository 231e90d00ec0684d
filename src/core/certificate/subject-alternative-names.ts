import type { Certificate } from './certificate.js';
import { contextTag } from '../der/der.js';
import { orMalformed } from '../der/malformed.js';
import { attributeTexts } from './distinguished-name.js';
import { enterExtension } from './extension.js';
import { Oid } from '../oid.js';

/** What a host name may be (RFC 5280 §4.2.1.6, RFC 1034 §3.5), a wildcard as its whole first label, underscores as deployed. */
const hostName =
  /^(?=.{1,253}$)(?:\*\.)?[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*$/i;

/**
 * The dNSNames of a certificate's subjectAltName in their order, in lower case, duplicates once (RFC 5280 §4.2.1.6).
 * A dNSName that is not a host name (control characters, spaces, other than ASCII) is left out: no client could ask for it.
 *
 * @throws OcspError `malformed-certificate` where the extension breaks the rules of DER
 */
export function dnsNames(certificate: Pick<Certificate, 'extensions'>): string[] {
  return alternativeNames(certificate).dnsNames;
}

interface AlternativeNames {
  readonly dnsNames: string[];
  /** Octets in lower-case hex. */
  readonly addresses: ReadonlySet<string>;
}

function alternativeNames(certificate: Pick<Certificate, 'extensions'>): AlternativeNames {
  const what = 'the subjectAltName of the certificate is not valid DER';
  const hint = 'check the file with: openssl x509 -in FILE -text';
  const list = orMalformed({ code: 'malformed-certificate', what, hint }, () =>
    enterExtension(certificate.extensions, Oid.subjectAlternativeName, 'subjectAltName')?.all((names) =>
      names.any('general name'),
    ),
  );
  const contentsOf = (tag: number): Buffer[] =>
    (list ?? []).filter((name) => name.tag === tag).map(({ contents }) => Buffer.from(contents));
  const names = contentsOf(contextTag(2, 'primitive')).map((contents) => contents.toString('latin1'));
  return {
    dnsNames: [...new Set(names.filter((name) => hostName.test(name)).map((name) => name.toLowerCase()))],
    addresses: new Set(contentsOf(contextTag(7, 'primitive')).map((contents) => contents.toString('hex'))),
  };
}

/** A server as it was asked for: a name in ASCII, or the 4 or 16 octets of an address. */
export type AskedServer = { readonly name: string } | { readonly address: Iterable<number> };

/**
 * Whether a certificate is for a server (RFC 6125 §6): an address only by an iPAddress, a name by a dNSName, whose wildcard
 * stands for one label, the first. The common name counts only where there is neither.
 *
 * @throws OcspError `malformed-certificate`
 */
export function namesServer(certificate: Pick<Certificate, 'extensions' | 'subject'>, asked: AskedServer): boolean {
  const { dnsNames: names, addresses } = alternativeNames(certificate);
  if ('address' in asked) return addresses.has(Buffer.from([...asked.address]).toString('hex'));
  const name = asked.name.toLowerCase().replace(/\.$/, '');
  const presented = names.length > 0 || addresses.size > 0 ? names : commonNames(certificate);
  return presented.some((one) => one === name || one === name.replace(/^[^.]+\./, '*.'));
}

function commonNames({ subject }: Pick<Certificate, 'subject'>): string[] {
  return attributeTexts(subject, commonName).map((text) => text.toLowerCase());
}

const commonName = '2.5.4.3';

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
