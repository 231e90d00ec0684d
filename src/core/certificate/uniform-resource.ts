import { isUtf8 } from 'node:buffer';

/** A URI as it is used: in ASCII (RFC 3987 §3.1), without blanks around it. */
export interface ReadUri {
  readonly uri: string;
  /** Whether there were blanks or line ends around it. */
  readonly isPadded: boolean;
}

/** The text of a uniformResourceIdentifier as a certificate writes it: UTF-8, which IA5String does not allow, or else octets. */
export function uriText(octets: Uint8Array): string {
  return Buffer.from(octets).toString(isUtf8(octets) ? 'utf8' : 'latin1');
}

/**
 * Reads a uniformResourceIdentifier. A host in another script is turned into its ASCII form, everything else that is not
 * ASCII is percent-encoded octet by octet. A host that has no ASCII form stays as it is, and is not a URL's.
 */
export function readUniformResource(octets: Uint8Array): ReadUri {
  const text = uriText(octets);
  const uri = text.trim();
  return { uri: isAscii(uri) ? uri : asciiUri(uri, isUtf8(octets) ? 'utf8' : 'latin1'), isPadded: uri !== text };
}

function asciiUri(text: string, encoding: 'utf8' | 'latin1'): string {
  const [, scheme = '', authority = '', rest = text] = /^([a-z][a-z0-9+.-]*:\/\/)([^/?#]*)(.*)$/is.exec(text) ?? [];
  const [, user = '', host = '', port = ''] = /^(.*@)?(.*?)(:\d*)?$/s.exec(authority) ?? [];
  const name = isAscii(host) ? host : encoding === 'utf8' ? asciiHost(host) : undefined;
  // Guessing at a host would ask another one.
  const place = name ?? host.replace(/[^\0-\x7f]/g, '\ufffd');
  return `${scheme}${percentEncoded(user, encoding)}${place}${port}${percentEncoded(rest, encoding)}`;
}

/** By the rules of URLs (UTS #46), where nothing in the name ends a host or changes what it is. */
function asciiHost(host: string): string | undefined {
  if (/[^\p{L}\p{M}\p{N}\p{Pd}\p{Pc}\p{So}\p{Sk}.\u3002\uff0e\uff61\u00b7\u200c\u200d]/u.test(host)) return undefined;
  const url = `http://${host}/`;
  return URL.canParse(url) ? new URL(url).hostname : undefined;
}

function percentEncoded(text: string, encoding: 'utf8' | 'latin1'): string {
  return text.replace(/[^\0-\x7f]+/g, (characters) =>
    [...Buffer.from(characters, encoding)]
      .map((octet) => `%${octet.toString(16).padStart(2, '0').toUpperCase()}`)
      .join(''),
  );
}

function isAscii(text: string): boolean {
  return !/[^\0-\x7f]/.test(text);
}
