import { definedOnly } from '../../core/defined-only.js';
import type { HashAlgorithm } from '../../core/index.js';
import { unlessOcspError } from '../../core/ocsp-error.js';
import type { HttpClient, HttpReply, HttpRequest } from '../../transport/http-client.js';
import { ocspGetUrl } from '../../transport/ocsp-get.js';
import { withoutCredentials } from '../../transport/target-url.js';
import type { ResponderExchange } from '../verify/verify-report.js';

/** A client that remembers what its exchanges with responders came to. */
export interface RecordingClient {
  readonly client: HttpClient;
  /** The latest exchange, a failed one too; undefined before the first. */
  last(): ResponderExchange | undefined;
}

/** @param asked the responders and the one request that they are sent */
export function recordExchanges(
  client: HttpClient,
  asked: { readonly urls: readonly string[]; readonly requestDer: Uint8Array; readonly hash: HashAlgorithm },
): RecordingClient {
  const named = new Map(asked.urls.map((url) => [url, url]));
  for (const url of asked.urls) {
    const byGet = unlessOcspError(() => ocspGetUrl(url, asked.requestDer));
    if (byGet !== undefined) named.set(byGet, url);
  }
  let last: ResponderExchange | undefined;
  const exchange = async (request: HttpRequest): Promise<HttpReply> => {
    const started = performance.now();
    const record = (reply?: HttpReply): void => {
      const { address, status, headers = {} } = reply ?? {};
      last = definedOnly({
        url: withoutCredentials(named.get(request.url) ?? request.url),
        method: request.method === 'GET' ? ('get' as const) : ('post' as const),
        hash: asked.hash,
        address,
        status,
        milliseconds: Math.round(performance.now() - started),
        contentType: headers['content-type'],
        cacheControl: headers['cache-control'],
        etag: headers['etag'],
        expires: headers['expires'],
      });
    };
    try {
      const reply = await client.exchange(request);
      record(reply);
      return reply;
    } catch (error) {
      record();
      throw error;
    }
  };
  return { client: { exchange, close: () => client.close() }, last: () => last };
}
