import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';
import { expect, it, onTestFinished } from 'vitest';

import { decodeCertificate } from '../../../src/core/index.js';
import { verifyConnection } from '../../../src/pipeline/verify/verify-connection.js';
import type { ConnectionReport } from '../../../src/pipeline/verify/verify-report.js';
import { createIssuerFinder } from '../../../src/source/issuer-finder.js';
import { unheardOf } from '../../support/extensions.js';
import { buildOcspResponse } from '../../support/ocsp-response.js';
import { createCertificateAuthority } from '../../support/pki.js';

const now = new Date('2026-03-01T12:00:00Z');
const hour = 3_600_000;

const root = createCertificateAuthority({ name: 'Root' });
const middle = root.issue({ isCa: true, commonName: 'Middle' });

/** The real answer about the authority below the root, which anybody can fetch. */
const answerAboutMiddle = buildOcspResponse({
  signer: root,
  producedAt: new Date(now.getTime() - hour),
  responses: [
    {
      certId: { issuer: root, serialNumber: middle.serialNumber },
      status: 'good',
      thisUpdate: new Date(now.getTime() - hour),
      nextUpdate: new Date(now.getTime() + 24 * hour),
    },
  ],
});

async function connectTo(cert: string, key: string, staple: Buffer): Promise<readonly ConnectionReport[]> {
  const server = createServer({ cert, key });
  server.on('OCSPRequest', (_certificate: unknown, _issuer: unknown, staplesIt: (error: null, der: Buffer) => void) =>
    staplesIt(null, staple),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return await verifyConnection(undefined, createIssuerFinder([]), {
    place: { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
    timeoutMilliseconds: 10_000,
    signal: new AbortController().signal,
    now,
    skewMilliseconds: 0,
    ignoreTimes: false,
    trustedResponders: [],
    anchors: [],
    untrusted: [],
    systemRoots: () => [decodeCertificate(root.certificate.der)],
  });
}

it("does not take the next certificate of the chain for the server's own where that cannot be read", async () => {
  const attacker = createCertificateAuthority({ name: 'Attacker' });
  // The same extension twice: OpenSSL serves it, a strict reader does not read it.
  const own = attacker.issue({ extensions: [unheardOf(false), unheardOf(false)] });
  const chain = own.certificate.pem + middle.certificate.pem;
  const reports = await connectTo(chain, own.keyPem, answerAboutMiddle);
  expect(reports.map(({ fault }) => fault?.code)).toEqual(['other-certificate']);
});
