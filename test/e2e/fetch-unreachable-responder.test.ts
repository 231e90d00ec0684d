import { gzipSync } from 'node:zlib';

import {
  endless,
  fixed,
  html,
  httpStatus,
  redirect,
  silent,
  silentAfterHeaders,
  slow,
  tryLater,
} from '../support/behaviours.js';
import { unusedPort } from '../support/misbehaving-responder.js';
import { buildErrorResponse } from '../support/ocsp-response.js';
import { testRow } from './support/fetch-row.js';
import { stapleOf, type Scene } from './support/fetch-scene.js';

function behave(make: (scene: Scene) => Scene['responder']['behaviour']): (scene: Scene) => void {
  return (scene) => {
    scene.responder.behaviour = make(scene);
  };
}

const unavailable = { exitCode: 7, outcome: 'unavailable', isSoftened: true } as const;
const shortTime = ['--timeout', '400ms'];

testRow({
  ...unavailable,
  title: 'a responder that is down',
  arrange: ({ responder }) => responder.close(),
  code: 'connection-failed',
  message: /^connection to 127\.0\.0\.1:\d+ .*failed: connection refused$/,
  hint: /check that the responder runs/,
});

testRow({
  ...unavailable,
  title: 'a responder that sends one byte a second',
  arrange: behave((scene) => slow(stapleOf(scene), 1000)),
  flags: shortTime,
  code: 'timeout',
  message: /took longer than 0\.\d{1,2} s, while /,
  hint: /--timeout/,
});

testRow({
  ...unavailable,
  title: 'a responder that falls silent after its headers',
  arrange: behave(() => silentAfterHeaders()),
  flags: shortTime,
  code: 'timeout',
  message: /took longer than 0\.\d{1,2} s, while /,
  hint: /--timeout/,
});

testRow({
  ...unavailable,
  title: 'a responder that takes the request and says nothing',
  arrange: behave(() => silent()),
  flags: shortTime,
  code: 'timeout',
  message: /took longer than 0\.\d{1,2} s, while /,
  hint: /--timeout/,
});

testRow({
  ...unavailable,
  title: 'a responder whose body never ends',
  arrange: behave(() => endless()),
  flags: ['--timeout', '15s'],
  code: 'body-too-large',
  message: /goes on, more than 65536 bytes are not accepted$/,
  hint: /leads to an OCSP responder/,
});

testRow({
  exitCode: 5,
  outcome: 'invalid',
  title: 'a web page where DER should be',
  arrange: behave(() => html()),
  code: 'malformed-response',
  message: /^a web page \(HTML or XML\) came instead of an OCSP response: /,
  hint: /restaple fetch --print-curl$/,
});

testRow({
  exitCode: 5,
  outcome: 'invalid',
  title: 'an empty body with status 200',
  arrange: behave(() => fixed(new Uint8Array())),
  code: 'malformed-response',
  message: /^an empty body came instead of an OCSP response: /,
  hint: /restaple fetch --print-curl$/,
});

testRow({
  exitCode: 5,
  outcome: 'invalid',
  title: 'a response that is cut short',
  arrange: behave((scene) => fixed(stapleOf(scene).subarray(0, 100))),
  code: 'malformed-response',
  message: /^OCSPResponse is cut short/,
  hint: /restaple fetch --print-curl$/,
});

testRow({
  ...unavailable,
  title: 'a compressed response that is cut short',
  arrange: behave((scene) => fixed(gzipSync(stapleOf(scene)).subarray(0, -20), { 'content-encoding': 'gzip' })),
  code: 'connection-failed',
  message: /came compressed \(gzip\) and ends too soon$/,
  hint: /try again later/,
});

for (const status of [404, 500]) {
  testRow({
    ...unavailable,
    title: `an HTTP ${status}`,
    arrange: behave(() => httpStatus(status, {}, 'no')),
    code: 'http-status',
    message: new RegExp(`answered with HTTP status ${status}$`),
    hint: status === 404 ? /check the path of the responder's URI/ : /try again later/,
  });
}

testRow({
  ...unavailable,
  title: 'a redirect to the metadata address 169.254.169.254',
  arrange: behave(() => redirect('http://169.254.169.254/latest/meta-data/')),
  code: 'address-blocked',
  message: /^169\.254\.169\.254 is not a public address: .*redirected there by 127\.0\.0\.1/,
  hint: /--allow-address 169\.254\.169\.254$/,
});

testRow({
  ...unavailable,
  title: 'a redirect that turns in circles',
  arrange: behave(() => redirect('/again')),
  code: 'too-many-redirects',
  message: /redirects more than 3 times/,
  hint: /--url/,
});

testRow({
  ...unavailable,
  title: 'a responder that says tryLater',
  arrange: behave(() => fixed(buildErrorResponse('tryLater'))),
  code: 'refused',
  message: /answered tryLater/,
  hint: /try again later/,
});

testRow({
  ...unavailable,
  title: 'a responder that says tryLater with a Retry-After far away',
  arrange: behave((scene) => tryLater(9, fixed(stapleOf(scene)), '86400')),
  code: 'retry-after-too-long',
  message: /answered tryLater .* asks to come back in 86400 s/,
  hint: /--timeout or --retries/,
});

testRow({
  ...unavailable,
  title: 'a responder that says unauthorized',
  arrange: behave(() => fixed(buildErrorResponse('unauthorized'))),
  code: 'refused',
  message: /answered unauthorized/,
  hint: /does not know this certificate/,
});

testRow({
  ...unavailable,
  title: 'a responder URI with control characters',
  certificate: (url) => ({ ocspUris: [`${url}/\u001b[2J`] }),
  code: 'malformed-uri',
  message: /control character/,
  hint: /--url/,
});

testRow({
  ...unavailable,
  title: 'a --url where nobody listens',
  flagsOf: () => ['--url', `http://127.0.0.1:${closedPort}/`],
  code: 'connection-failed',
  message: /connection refused$/,
  hint: /check that the responder runs/,
});

const closedPort = await unusedPort();
