/**
 * Run by https.test.ts in a process of its own, since Node reads NODE_EXTRA_CA_CERTS at the start only. Arguments: the URL, and the proxy
 * or nothing. Prints the answer's body, or the code of the error; ends by itself only if no connection is left open.
 */
import { OcspError } from '../../../src/core/ocsp-error.js';
import { createHttpClient } from '../../../src/transport/http-client.js';
import { proxyFromFlag } from '../../../src/transport/proxy.js';

const [url = '', proxy = ''] = process.argv.slice(2);
const client = createHttpClient({
  allowPrivate: true,
  allowAddresses: [],
  userAgent: 'restaple/test',
  proxy: proxyFromFlag(proxy, {}),
  lookup: (_hostname, _options, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }]),
});
const limits = { maximumBodyBytes: 1000, timeoutMilliseconds: 20_000, connectTimeoutMilliseconds: 15_000 };
try {
  for (let count = 0; count < 2; count++) {
    const body = Buffer.from('DER');
    const reply = await client.exchange({ url, origin: 'certificate', method: 'POST', body, ...limits });
    console.log(Buffer.from(reply.body).toString());
  }
} catch (error) {
  console.log(error instanceof OcspError ? error.code : error);
}
client.close();
