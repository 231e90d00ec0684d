import { afterEach, describe, expect, it, vi } from 'vitest';

import { OcspError, decodeCertificate } from '../../../../src/core/index.js';
import { checkByDownloadedCrls } from '../../../../src/pipeline/verify/crl-downloads.js';
import type { HttpClient, HttpRequest } from '../../../../src/transport/http-client.js';
import { markUnanswered } from '../../../../src/transport/unanswered.js';
import { buildCrl, crlTimes } from '../../../support/crl.js';
import { createCertificateAuthority } from '../../../support/pki.js';

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

const times = { now, skewMilliseconds: 300_000, ignoreTimes: false };
afterEach(() => void vi.restoreAllMocks());

const limits = { timeoutMilliseconds: 1000, connectTimeoutMilliseconds: 1000 };

describe('a downloaded CRL', () => {
  it('is asked for at 8 places of a hostile certificate and no more, each guarded as the certificate named it', async () => {
    const crlUris = Array.from({ length: 100 }, (_, index) => `http://crl.example/${index}`);
    const hostile = decodeCertificate(authority.issue({ crlUris }).certificate.der);
    const { client, asked } = clientGiving(Buffer.from('no CRL'));
    const report = await checkByDownloadedCrls({ client, ...limits }, times).lookUp(hostile, issuer);
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
    const check = checkByDownloadedCrls({ client, ...limits }, times);
    expect(await check.lookUp(decodeCertificate(own.certificate.der), issuer)).toMatchObject({ kind: 'revoked' });
    const other = decodeCertificate(namesake.certificate.der);
    expect(await check.lookUp(decodeCertificate(foreign.certificate.der), other)).toMatchObject({
      kind: 'unusable',
      trouble: { code: 'crl-mismatch' },
    });
    // What is kept is the CRL of an issuer, and not what came.
    expect(asked).toHaveLength(2);
  });

  it('counts what was taken off a hold as good', async () => {
    const site = authority.issue({ crlUris: ['http://crl.example/ca.crl'] });
    const entries = [{ serialNumber: site.serialNumber, reason: 8 }];
    const { client } = clientGiving(buildCrl({ issuer: authority, entries }).der);
    const report = await checkByDownloadedCrls({ client, ...limits }, times).lookUp(
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

  it('that cannot be verified is downloaded and read once', async () => {
    const site = authority.issue({ crlUris: ['http://crl.example/ca.crl'] });
    const { client, asked } = clientGiving(buildCrl({ issuer: authority, corruptSignature: true }).der);
    const check = checkByDownloadedCrls({ client, ...limits }, times);
    const certificate = decodeCertificate(site.certificate.der);
    for (let round = 0; round < 3; round += 1) {
      expect(await check.lookUp(certificate, issuer)).toMatchObject({ trouble: { code: 'crl-mismatch' } });
    }
    expect(asked).toHaveLength(1);
  });

  it('is asked for no longer at a host that says nothing three times', async () => {
    const asked: string[] = [];
    const client: HttpClient = {
      exchange({ url }) {
        asked.push(url);
        const error = new OcspError('timeout', 'no answer');
        markUnanswered(error);
        return Promise.reject(error);
      },
      close: () => undefined,
    };
    const check = checkByDownloadedCrls({ client, ...limits }, times);
    for (let shard = 0; shard < 10; shard += 1) {
      const site = authority.issue({ crlUris: [`http://crl.example/${shard}.crl`] });
      const report = await check.lookUp(decodeCertificate(site.certificate.der), issuer);
      expect(report).toMatchObject({ kind: 'unusable', trouble: { code: 'timeout' } });
    }
    expect(asked).toEqual([0, 1, 2].map((shard) => `http://crl.example/${shard}.crl`));
  });

  it('that had no time left is asked for again', async () => {
    let clock = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => clock);
    const asked: string[] = [];
    const client: HttpClient = {
      exchange({ url, timeoutMilliseconds }) {
        asked.push(url);
        // The first takes almost all of the time, so that the second has little.
        clock += timeoutMilliseconds - 50;
        return Promise.reject(new OcspError('timeout', 'too slow'));
      },
      close: () => undefined,
    };
    const check = checkByDownloadedCrls({ client, ...limits }, times);
    const [first, second] = ['http://crl.example/first', 'http://crl.example/second'] as const;
    const lookUp = async (...crlUris: string[]): Promise<unknown> =>
      await check.lookUp(decodeCertificate(authority.issue({ crlUris }).certificate.der), issuer);
    await lookUp(first, second);
    await lookUp(second);
    await lookUp(second);
    await lookUp(first);
    expect(asked).toEqual([first, second, second]);
  });

  it('that says something about itself is reported before one that could not be had', async () => {
    const bodies: Readonly<Record<string, number>> = {
      'http://crl.example/stale': 200,
      'http://crl.example/gone': 404,
    };
    const stale = buildCrl({ issuer: authority, nextUpdate: new Date(now.getTime() - 3_600_000) }).der;
    const client: HttpClient = {
      exchange: ({ url }) =>
        Promise.resolve({ status: bodies[url] ?? 500, headers: {}, body: stale, url, redirects: 0 }),
      close: () => undefined,
    };
    const crlUris = Object.keys(bodies);
    for (const uris of [crlUris, crlUris.toReversed()]) {
      const site = decodeCertificate(authority.issue({ crlUris: uris }).certificate.der);
      const report = await checkByDownloadedCrls({ client, ...limits }, times).lookUp(site, issuer);
      expect(report).toMatchObject({ kind: 'unusable', trouble: { code: 'crl-stale' } });
    }
  });

  it('is none for a serial number', () => {
    const { client } = clientGiving(new Uint8Array());
    const check = checkByDownloadedCrls({ client, ...limits }, times);
    expect(check.lookUpSerialNumber('01', issuer)).toEqual({ kind: 'none', schemes: [] });
  });
});
