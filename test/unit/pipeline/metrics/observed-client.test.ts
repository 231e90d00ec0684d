import { describe, expect, it } from 'vitest';

import { OcspError, type OcspErrorCode } from '../../../../src/core/index.js';
import { observedClient } from '../../../../src/pipeline/metrics/observed-client.js';
import type { HttpReply, HttpRequest } from '../../../../src/transport/http-client.js';

const request: HttpRequest = {
  url: 'http://user:secret@OCSP.example:8080/a/b?c',
  origin: 'certificate',
  method: 'POST',
  accept: 'application/ocsp-response',
  maximumBodyBytes: 1,
  timeoutMilliseconds: 1,
  connectTimeoutMilliseconds: 1,
};
const reply: HttpReply = { status: 503, headers: {}, body: new Uint8Array(), url: request.url, redirects: 0 };

/** What is observed of one exchange that ends so. */
async function observedOf(end: HttpReply | Error, more: Partial<HttpRequest> = {}): Promise<[string, number][]> {
  const observed: [string, number][] = [];
  const exchange = (): Promise<HttpReply> => (end instanceof Error ? Promise.reject(end) : Promise.resolve(end));
  const client = observedClient({ exchange, close: () => undefined }, (...one) => observed.push(one));
  const result: unknown = await client.exchange({ ...request, ...more }).catch((error: unknown) => error);
  expect(result).toBe(end);
  return observed;
}

describe('the observed client', () => {
  it('tells host and port, without credentials or path, and how long it took', async () => {
    const [[host, milliseconds] = ['', NaN]] = await observedOf(reply);
    expect(host).toBe('ocsp.example:8080');
    expect(milliseconds).toBeGreaterThanOrEqual(0);
  });

  it.each<[OcspErrorCode, number]>([
    ['timeout', 1],
    ['connection-failed', 1],
    ['body-too-large', 1],
    ['address-blocked', 0],
    ['name-not-resolved', 0],
    ['malformed-uri', 0],
    ['interrupted', 0],
  ])('of an exchange that ends as %s observes %i', async (code, count) => {
    expect(await observedOf(new OcspError(code, 'no'))).toHaveLength(count);
  });

  it('does not take the download of an issuer for a responder', async () => {
    expect(await observedOf(reply, { accept: 'application/pkix-cert' })).toEqual([]);
  });
});
