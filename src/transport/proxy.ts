import { domainToASCII } from 'node:url';
import { OcspError } from '../core/ocsp-error.js';
import { blockContains, literalAddress, parseAddress, parseBlock } from './internet-address.js';
import { basicAuthorization } from './request-headers.js';
import { portOf } from './target-url.js';

/** Which proxy serves which scheme, as the operator wrote it, and which hosts go without. May hold credentials: never print it. */
export interface ProxySettings {
  readonly http?: string;
  readonly https?: string;
  /** Entries of NO_PROXY: a name that stands for all below it too, `*`, a CIDR block, each with an optional `:port`. */
  readonly bypass: readonly string[];
}

/** One proxy to go through: its URL without credentials, and the value of Proxy-Authorization if it had any. */
export interface ProxyEndpoint {
  readonly url: string;
  readonly authorization?: string;
}

/** The variables of a process, as `process.env` gives them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The proxies that the environment names. A lower-case variable wins over the upper-case one, also when it is empty (no proxy);
 * HTTP_PROXY is ignored in a CGI program (REQUEST_METHOD is set: there a client's `Proxy:` header would choose it); ALL_PROXY fills gaps.
 */
export function proxyFromEnvironment(environment: Environment): ProxySettings {
  const inCgi = environment['REQUEST_METHOD'] !== undefined;
  const all = environment['all_proxy'] ?? environment['ALL_PROXY'];
  const http = environment['http_proxy'] ?? (inCgi ? undefined : environment['HTTP_PROXY']) ?? all ?? '';
  const https = environment['https_proxy'] ?? environment['HTTPS_PROXY'] ?? all ?? '';
  return {
    ...(http.trim() === '' ? {} : { http }),
    ...(https.trim() === '' ? {} : { https }),
    bypass: bypassEntries(environment),
  };
}

/**
 * The proxy of `--proxy`, for http and https; an empty one means none. It wins over the environment's proxies, and as with curl
 * NO_PROXY still applies to it. Throws OcspError `usage` if it cannot be used.
 */
export function proxyFromFlag(url: string, environment: Environment): ProxySettings {
  const bypass = bypassEntries(environment);
  if (url.trim() === '') return { bypass };
  parseProxy(url);
  return { http: url, https: url, bypass };
}

/** The proxy through which `target` is asked, undefined for a direct connection. Throws OcspError `usage` for a proxy URL that cannot be used. */
export function chooseProxy(settings: ProxySettings | undefined, target: URL): ProxyEndpoint | undefined {
  const text = target.protocol === 'https:' ? settings?.https : settings?.http;
  if (settings === undefined || text === undefined || isBypassed(target, settings.bypass)) return undefined;
  return parseProxy(text);
}

/** The proxy for messages and commands: scheme, host and port, never its credentials. */
export function describeProxy(proxy: ProxyEndpoint): string {
  return proxy.url.replace(/\/$/, '');
}

function bypassEntries(environment: Environment): string[] {
  const text = environment['no_proxy'] ?? environment['NO_PROXY'] ?? '';
  return text.split(/[\s,]+/).filter((entry) => entry !== '');
}

/** Reads a proxy URL; without a scheme it means http://. Credentials are percent-decoded and kept apart (RFC 7617). */
function parseProxy(text: string): ProxyEndpoint {
  const trimmed = text.trim();
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(trimmed)?.[1]?.toLowerCase();
  if (scheme !== undefined && scheme !== 'http' && scheme !== 'https') {
    throw new OcspError(
      'usage',
      `a ${scheme} proxy is not supported, only http and https proxies are`,
      'name an http proxy with --proxy, or exempt the responder in NO_PROXY',
    );
  }
  const credentials = /^(?:https?:\/\/)?(?:([^/?#]*)@)?/i.exec(trimmed)?.[1];
  const bare = trimmed.replace(/^((?:https?:\/\/)?)[^/?#]*@/i, '$1');
  const full = scheme === undefined ? `http://${bare}` : bare;
  const url = URL.canParse(full) ? new URL(full) : undefined;
  if (url === undefined || url.hostname === '' || url.port === '0') {
    throw new OcspError('usage', 'the proxy URL cannot be parsed', 'write it like http://proxy.example.com:3128');
  }
  const [user = '', ...rest] = (credentials ?? '').split(':');
  const password = rest.join(':');
  const endpoint = `${url.protocol}//${url.host}/`;
  return user === '' && password === ''
    ? { url: endpoint }
    : { url: endpoint, authorization: basicAuthorization(user, password) };
}

function isBypassed(target: URL, entries: readonly string[]): boolean {
  const host = bareHost(target.hostname);
  return entries.some((entry) => matchesEntry(host, portOf(target), entry.toLowerCase()));
}

function matchesEntry(host: string, port: string, entry: string): boolean {
  if (entry === '*') return true;
  const { pattern, onlyPort } = splitPort(entry);
  if (onlyPort !== undefined && onlyPort !== port) return false;
  if (pattern === '' || pattern === '*') return onlyPort !== undefined;
  const address = parseAddress(host);
  const block = parseBlock(pattern);
  if (block !== undefined) return address !== undefined && blockContains(block, address);
  if (address !== undefined) return false;
  // As with curl and Go, a name stands for itself and all below it, with or without the dot.
  const name = domainToASCII(pattern.replace(/^\*?\./, '').replace(/\.+$/, ''));
  return name !== '' && (host === name || host.endsWith(`.${name}`));
}

/** Splits `host:port`, `[v6]:port` and `:port`; a bare IPv6 address or block has no port. */
function splitPort(entry: string): { pattern: string; onlyPort?: string } {
  const bracketed = /^\[([^\]]*)\](?::(\d+))?$/.exec(entry);
  const plain = bracketed ?? /^([^:]*)(?::(\d+))?$/.exec(entry);
  const pattern = plain?.[1] ?? entry;
  const onlyPort = plain?.[2];
  return onlyPort === undefined ? { pattern } : { pattern, onlyPort };
}

function bareHost(hostname: string): string {
  return literalAddress(hostname) ?? hostname.toLowerCase().replace(/\.+$/, '');
}
