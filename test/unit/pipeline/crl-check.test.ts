import { describe, expect, it } from 'vitest';

import { decodeCertificate } from '../../../src/core/index.js';
import { checkByDownloadedCrl } from '../../../src/pipeline/crl-check.js';
import type { HttpClient, HttpRequest } from '../../../src/transport/http-client.js';
import { buildCrl, crlTimes } from '../../support/crl.js';
import { createCertificateAuthority } from '../../support/pki.js';

const authority = createCertificateAuthority({ name: 'Listing CA' });
const issuer = decodeCertificate(authority.certificate.der);
const { now } = crlTimes;

/** A client that gives these bytes for every URI, and remembers what it was asked. */
function clientGiving(body: Uint8Array): { client: HttpClient; asked: HttpRequest[] } {
  const asked: HttpRequest[] = [];
  const client: HttpClient = {
    exchange(request) {
      asked.push(request);
      return Promise.resolve({ status: 200, headers: {}, body, url: request.url, redirects: 0 });
    },
    close: () => undefined,
  };
  return { client, asked };
}

const limits = { timeoutMilliseconds: 1000, connectTimeoutMilliseconds: 1000 };

describe('a downloaded CRL', () => {
  it('is asked for at 8 places of a hostile certificate and no more, each guarded as the certificate named it', async () => {
    const crlUris = Array.from({ length: 100 }, (_, index) => `http://crl.example/${index}`);
    const hostile = decodeCertificate(authority.issue({ crlUris }).certificate.der);
    const { client, asked } = clientGiving(Buffer.from('no CRL'));
    const report = await checkByDownloadedCrl({ client, ...limits }, now).lookUp(hostile, issuer);
    expect(report).toMatchObject({ kind: 'unusable', trouble: { code: 'malformed-crl' } });
    expect(asked.map(({ url }) => url)).toEqual(crlUris.slice(0, 8));
    expect(asked.every(({ origin, method }) => origin === 'certificate' && method === 'GET')).toBe(true);
  });

  it('of one CA says nothing of the certificates of another that names the same place', async () => {
    const crlUris = ['http://crl.example/ca.crl'];
    const namesake = createCertificateAuthority({ name: 'Listing CA' });
    const own = authority.issue({ crlUris });
    const foreign = namesake.issue({ crlUris, serialNumber: own.serialNumber });
    const { client, asked } = clientGiving(
      buildCrl({ issuer: authority, entries: [{ serialNumber: own.serialNumber }] }).der,
    );
    const check = checkByDownloadedCrl({ client, ...limits }, now);
    expect(await check.lookUp(decodeCertificate(own.certificate.der), issuer)).toMatchObject({ kind: 'revoked' });
    const other = decodeCertificate(namesake.certificate.der);
    expect(await check.lookUp(decodeCertificate(foreign.certificate.der), other)).toMatchObject({
      kind: 'unusable',
      trouble: { code: 'crl-mismatch' },
    });
    expect(asked).toHaveLength(1);
  });

  it('counts what was taken off a hold as good', async () => {
    const site = authority.issue({ crlUris: ['http://crl.example/ca.crl'] });
    const entries = [{ serialNumber: site.serialNumber, reason: 8 }];
    const { client } = clientGiving(buildCrl({ issuer: authority, entries }).der);
    const report = await checkByDownloadedCrl({ client, ...limits }, now).lookUp(
      decodeCertificate(site.certificate.der),
      issuer,
    );
    expect(report).toEqual({
      kind: 'good',
      source: 'http://crl.example/ca.crl',
      thisUpdate: crlTimes.thisUpdate,
      nextUpdate: crlTimes.nextUpdate,
    });
  });
});
