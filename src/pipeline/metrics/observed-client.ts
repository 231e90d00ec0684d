import { OcspError, type OcspErrorCode } from '../../core/index.js';
import type { HttpClient } from '../../transport/http-client.js';

/** Errors before anybody was reached, or caused by others: they say nothing about a responder. */
const withoutContact: ReadonlySet<OcspErrorCode> = new Set([
  'usage',
  'malformed-uri',
  'unsupported-scheme',
  'address-blocked',
  'name-not-resolved',
  'interrupted',
]);

/**
 * The client, telling how long each exchange with a responder took, failed ones too.
 *
 * @param observe the URL's host, with a port that is not the scheme's own, and milliseconds by the monotonic clock
 */
export function observedClient(client: HttpClient, observe: (host: string, milliseconds: number) => void): HttpClient {
  return {
    exchange: async (request) => {
      // Downloads of issuers go through the same client.
      if (request.accept !== 'application/ocsp-response') return await client.exchange(request);
      const started = performance.now();
      const tell = (): void => observe(new URL(request.url).host, performance.now() - started);
      try {
        const reply = await client.exchange(request);
        tell();
        return reply;
      } catch (error) {
        if (error instanceof OcspError && !withoutContact.has(error.code)) tell();
        throw error;
      }
    },
    close: () => client.close(),
  };
}
