import type { Certificate } from '../../core/index.js';
import { distinguishedNamesEqual } from '../../core/certificate/distinguished-name.js';

/** The host of a responder as URLs name it, in lower case, an IPv6 address in brackets; every port where none is given. */
export interface ResponderHost {
  readonly host: string;
  readonly port?: number;
}

/** The operator's word on whom to ask instead of what certificates name: `url`, or nobody where it is undefined. */
export type ResponderOverride = {
  readonly url: string | undefined;
} & ({ readonly host: ResponderHost } | { readonly issuer: Certificate });

/** Whom to ask, and on whose word: an operator's URL may lead where a certificate's may not. No URL: ask nobody. */
export interface OverriddenResponders {
  readonly urls: readonly string[];
  readonly origin: 'operator' | 'certificate';
}

/**
 * Whom to ask about a certificate by the operator's overrides. One for its issuer (by name, RFC 5280 §7.1; that this
 * issuer really signed it is found out later, as ever) speaks of the whole certificate. Else each http(s) URI of the
 * certificate is looked up by its host: where one has a URL, the operator's URLs are asked and no other; where all say
 * nobody, the certificate's remaining URIs are asked. Of several overrides for one issuer or host the first counts.
 *
 * @returns undefined where no override speaks of the certificate
 */
export function overriddenResponders(
  certificate: Pick<Certificate, 'issuer' | 'ocspUris'>,
  overrides: readonly ResponderOverride[],
): OverriddenResponders | undefined {
  if (overrides.length === 0) return undefined;
  const ofIssuer = overrides.find((one) => 'issuer' in one && isNamed(certificate, one.issuer));
  if (ofIssuer !== undefined) return { urls: urlsOf(ofIssuer), origin: 'operator' };
  const uris = certificate.ocspUris.filter((uri) => /^https?:/i.test(uri));
  const found = uris.map((uri) => ({ uri, override: overrideOfHost(uri, overrides) }));
  const overridden = found.flatMap(({ override }) => (override === undefined ? [] : [override]));
  if (overridden.length === 0) return undefined;
  const named = [...new Set(overridden.flatMap(urlsOf))];
  if (named.length > 0) return { urls: named, origin: 'operator' };
  const left = found.filter(({ override }) => override === undefined).map(({ uri }) => uri);
  return { urls: left, origin: 'certificate' };
}

/** `NAME`, `NAME:PORT`, an IPv4 address or `[IPv6]`, each with an optional port; undefined for anything else. */
export function parseResponderHost(text: string): ResponderHost | undefined {
  const match = /^([^\s/?#@\\:[\]]+|\[[0-9a-fA-F:.]+\])(?::(\d{1,5}))?$/.exec(text);
  const host = match?.[1] === undefined ? undefined : hostOf(`http://${match[1]}/`)?.host;
  if (host === undefined) return undefined;
  if (match?.[2] === undefined) return { host };
  const port = Number(match[2]);
  return port >= 1 && port <= 65_535 ? { host, port } : undefined;
}

function isNamed(certificate: Pick<Certificate, 'issuer'>, issuer: Certificate): boolean {
  return distinguishedNamesEqual(certificate.issuer, issuer.subject);
}

function urlsOf({ url }: ResponderOverride): string[] {
  return url === undefined ? [] : [url];
}

function overrideOfHost(uri: string, overrides: readonly ResponderOverride[]): ResponderOverride | undefined {
  const asked = hostOf(uri);
  if (asked === undefined) return undefined;
  return overrides.find(
    (one) =>
      'host' in one && one.host.host === asked.host && (one.host.port === undefined || one.host.port === asked.port),
  );
}

/** Host and port as the URL standard spells them, without the dot that may end a name. */
function hostOf(uri: string): Required<ResponderHost> | undefined {
  try {
    const { hostname, port, protocol } = new URL(uri);
    const host = hostname.replace(/\.$/, '');
    if (host === '') return undefined;
    return { host, port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port) };
  } catch {
    return undefined;
  }
}
