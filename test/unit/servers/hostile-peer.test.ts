import { expect, it } from 'vitest';

import { readFrontends, stapleFileIn } from '../../../src/servers/dnsdist/replies.js';
import type { HaproxySession } from '../../../src/servers/haproxy/session.js';
import { slotsOf } from '../../../src/servers/haproxy/slots.js';
import { buildOcspResponse } from '../../support/ocsp-response.js';
import { createCertificateAuthority } from '../../support/pki.js';
import { stapleToPush } from '../../support/staple-to-push.js';

/** Far more than a linear reading takes on a slow machine, far less than a quadratic one on a fast machine. */
const patience = 5000;

it('reads a megabyte of an error of dnsdist without dwelling on it', () => {
  const reply = `DoT 0 failed: ${"OCSP response from 'x".repeat(50_000)}`;
  const started = performance.now();
  const [frontend] = readFrontends(reply);
  expect(stapleFileIn(frontend?.error ?? '')).toBeUndefined();
  expect(performance.now() - started).toBeLessThan(patience);
});

it('reads a text of haproxy with a line of blanks without dwelling on it', async () => {
  const authority = createCertificateAuthority();
  const issued = authority.issue();
  const bytes = buildOcspResponse({
    signer: authority,
    responses: [{ certId: { issuer: authority, serialNumber: issued.serialNumber } }],
  });
  const staple = stapleToPush({ certificatePath: 'a.pem', issued, issuer: authority, bytes, nextUpdate: new Date(0) });
  const text = `This Update: x${' '.repeat(400_000)}x\n`;
  const session: HaproxySession = { isConnected: true, ask: () => Promise.resolve(text), close: () => undefined };
  const started = performance.now();
  expect(await slotsOf(session).compare(staple)).toBe('not-shown');
  expect(performance.now() - started).toBeLessThan(patience);
});
