import { OcspError, isResponse, decodeResponse } from '../../core/index.js';
import { askResponder } from '../../transport/ask-responder.js';
import { createHttpClient } from '../../transport/http-client.js';
import { proxyFromEnvironment, proxyFromFlag } from '../../transport/proxy.js';
import { orFailure } from './failure.js';
import type { Endpoint, OcspOptions } from './options.js';

/** Longer than any responder takes; openssl itself would wait for ever. */
const usualTimeoutMilliseconds = 60_000;

/**
 * Sends the request to the responder of -url or -host, whatever its address: it is the caller's word. What comes back is one
 * OCSPResponse, not looked at further.
 *
 * @throws OpensslFailure
 */
export async function askAsOpenssl(
  requestDer: Uint8Array,
  options: OcspOptions,
  userAgent: string,
): Promise<Uint8Array> {
  const { endpoint, headers, numbers, texts } = options;
  const environment = { ...process.env, ...(texts.no_proxy === undefined ? {} : { no_proxy: texts.no_proxy }) };
  const timeoutMilliseconds = numbers.timeout === undefined ? usualTimeoutMilliseconds : numbers.timeout * 1000;
  return await orFailure(['Error querying OCSP responder'], async () => {
    const proxy =
      texts.proxy === undefined ? proxyFromEnvironment(environment) : proxyFromFlag(texts.proxy, environment);
    const client = createHttpClient({
      // Of redirects only: -url itself is the caller's word.
      allowPrivate: false,
      allowAddresses: [],
      proxy,
      userAgent,
      verifiesServer: false,
    });
    try {
      const answer = await askResponder(client, {
        url: urlOf(endpoint),
        origin: 'operator',
        method: 'post',
        requestDer,
        headers,
        timeoutMilliseconds,
        connectTimeoutMilliseconds: timeoutMilliseconds,
      });
      assertResponse(answer.body, answer.headers['content-type']);
      return answer.body;
    } finally {
      client.close();
    }
  });
}

function assertResponse(body: Uint8Array, contentType: string | undefined): void {
  if (contentType?.split(';')[0]?.trim().toLowerCase() !== 'application/ocsp-response') {
    const message = `unexpected content type: expected=application/ocsp-response, actual=${contentType ?? 'none'}`;
    throw new OcspError('http-status', message, 'check the URL');
  }
  const response = decodeResponse(body);
  if (!isResponse(response) && response.code === 'malformed-response')
    throw new OcspError('malformed-der', response.message);
}

function urlOf({ isTls, host = '', port, path = '/' }: Endpoint): string {
  // -host may have the port too; an IPv6 address comes with brackets or without.
  const [, name = host, own] = /^(\[[^\]]*\]|[^:]*):(\d+)$/.exec(host) ?? [];
  const bare = name.includes(':') && !name.startsWith('[') ? `[${name}]` : name;
  const scheme = isTls ? 'https' : 'http';
  const chosen = port ?? own ?? (isTls ? '443' : '80');
  return `${scheme}://${bare}:${chosen}${path.startsWith('/') ? '' : '/'}${path}`;
}
