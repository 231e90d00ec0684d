import { shellQuoted } from '../system/shell-words.js';
import { ocspGetUrl } from './ocsp-get.js';
import { type ProxyEndpoint, describeProxy } from './proxy.js';
import { type HeaderLine, assertHeaderLines, headersFor, percentDecoded } from './request-headers.js';
import { parseTarget } from './target-url.js';

/** What `--print-curl` shows: the request that would have been sent. */
export interface CurlQuery {
  readonly url: string;
  readonly method: 'get' | 'post';
  readonly requestDer: Uint8Array;
  readonly headers?: readonly HeaderLine[];
  readonly timeoutSeconds: number;
  readonly connectTimeoutSeconds: number;
  /** Who named the URL: Authorization and Cookie go to the operator's only. */
  readonly origin?: 'certificate' | 'operator';
  /** As chooseProxy gave it; undefined means that curl must use none either. Its credentials are left out. */
  readonly proxy?: ProxyEndpoint | undefined;
  readonly family?: 4 | 6 | undefined;
  /** Where curl writes the response; absent: its stdout. */
  readonly outputFile?: string;
}

/**
 * One line for sh that sends the same request with curl, every value in single quotes. It follows at most 3 redirects, none when headers
 * are given (curl would take them along). Throws OcspError: malformed-uri, unsupported-scheme, usage (a header).
 */
export function curlCommand(query: CurlQuery): string {
  const { method, requestDer } = query;
  assertHeaderLines(query.headers ?? []);
  const headers = headersFor(query.headers ?? [], query.origin ?? 'operator');
  const words = ['curl', '--globoff', '--silent', '--show-error', '--fail', '--proto', "'=http,https'"];
  if (headers.length === 0) {
    words.push('--location', '--max-redirs', '3', '--post301', '--post302', '--proto-redir', "'=http,https'");
  }
  words.push('--connect-timeout', String(query.connectTimeoutSeconds), '--max-time', String(query.timeoutSeconds));
  if (query.family !== undefined) words.push(`--ipv${query.family}`);
  words.push(...proxyWords(query.proxy));
  const named = new Set(headers.map(([name]) => name.toLowerCase()));
  if (!named.has('accept')) words.push('--header', "'Accept: application/ocsp-response'");
  if (method === 'post' && !named.has('content-type')) {
    words.push('--header', "'Content-Type: application/ocsp-request'");
  }
  // "Name;" is how curl sends an empty header, "Name:" would leave it out.
  for (const [name, value] of headers)
    words.push('--header', shellQuoted(value === '' ? `${name};` : `${name}: ${value}`));
  if (query.outputFile !== undefined) words.push('--output', shellQuoted(plainFile(query.outputFile)));
  const text = method === 'get' ? ocspGetUrl(query.url, requestDer) : query.url;
  const url = parseTarget(text, { allowCredentials: true });
  // curl asks for the password, which is not for a screen.
  if (url.username !== '' && !named.has('authorization'))
    words.push('--user', shellQuoted(percentDecoded(url.username)));
  url.username = '';
  url.password = '';
  if (method === 'get') return [...words, shellQuoted(url.href)].join(' ');
  const body = Buffer.from(requestDer).toString('base64');
  return `printf %s '${body}' | base64 -d | ${[...words, '--data-binary', '@-', shellQuoted(url.href)].join(' ')}`;
}

/** curl reads the environment itself, so that the choice made here must be said either way. */
function proxyWords(proxy: ProxyEndpoint | undefined): string[] {
  if (proxy === undefined) return ['--noproxy', "'*'"];
  return ['--noproxy', "''", '--proxy', shellQuoted(describeProxy(proxy))];
}

/** For curl `-` is stdout, not a file of that name. */
function plainFile(path: string): string {
  return path === '-' ? './-' : path;
}
