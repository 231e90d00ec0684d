import { afterEach, describe, expect, it, vi } from 'vitest';

import { createBoundedMemory } from '../../../../src/core/bounded-memory.js';
import type { Crl } from '../../../../src/core/crl/crl.js';
import { OcspError, decodeCertificate } from '../../../../src/core/index.js';
import { checkByDownloadedCrls } from '../../../../src/pipeline/verify/crl-downloads.js';
import type { HttpClient, HttpRequest } from '../../../../src/transport/http-client.js';
import { markUnanswered } from '../../../../src/transport/unanswered.js';
import {
  buildCrl,
  crlNumber,
  crlTimes,
  deltaCrlIndicator,
  issuingDistributionPoint,
  type CrlOptions,
} from '../../../support/crl.js';
import { contextConstructed, contextPrimitive, octetString, sequence } from '../../../support/der-writer.js';
import type { Extension } from '../../../support/extensions.js';
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

/** A client that has these bytes at http://crl.example/NAME, and nothing elsewhere. */
function serving(bodies: Readonly<Record<string, Uint8Array>>): { client: HttpClient; asked: string[] } {
  const asked: string[] = [];
  const client: HttpClient = {
    exchange({ url }) {
      asked.push(url);
      const body = bodies[url.slice('http://crl.example/'.length)];
      const status = body === undefined ? 404 : 200;
      return Promise.resolve({ status, headers: {}, body: body ?? new Uint8Array(), url, redirects: 0 });
    },
    close: () => undefined,
  };
  return { client, asked };
}

/** freshestCRL (RFC 5280 §4.2.1.15) with one point of these URIs. */
function freshestCrl(...uris: readonly string[]): Extension {
  const names = uris.map((uri) => contextPrimitive(6, Buffer.from(uri)));
  return { oid: '2.5.29.46', value: sequence(sequence(contextConstructed(0, contextConstructed(0, ...names)))) };
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

  it('is enough together with others where each is for some reasons, and not without them', async () => {
    const crlUris = ['http://crl.example/some', 'http://crl.example/others'];
    const part = (reasons: readonly number[]): Uint8Array =>
      buildCrl({ issuer: authority, extensions: [issuingDistributionPoint({ flags: [3], reasons })] }).der;
    const site = decodeCertificate(authority.issue({ crlUris }).certificate.der);
    const some = part([0x00, 0x60]);
    const others = part([0x07, 0x1f, 0x80]);
    const lookUp = async (bodies: Readonly<Record<string, Uint8Array>>): Promise<unknown> =>
      await checkByDownloadedCrls({ client: serving(bodies).client, ...limits }, times).lookUp(site, issuer);
    expect(await lookUp({ some, others })).toMatchObject({ kind: 'good' });
    expect(await lookUp({ some, others: some })).toMatchObject({
      kind: 'unusable',
      trouble: { code: 'crl-unsupported', message: expect.stringContaining('onlySomeReasons') as string },
    });
  });

  it('counts for no more reasons than the distribution point by which it is named', async () => {
    const uri = 'http://crl.example/some';
    const point = contextConstructed(0, contextConstructed(0, contextPrimitive(6, Buffer.from(uri))));
    const reasons = contextPrimitive(1, Buffer.from([0x05, 0x60]));
    const extensions = [{ oid: '2.5.29.31', value: sequence(sequence(point, reasons)) }];
    const site = decodeCertificate(authority.issue({ extensions }).certificate.der);
    const own = buildCrl({ issuer: authority, extensions: [issuingDistributionPoint({ uri })] }).der;
    const lookUp = async (some: Uint8Array): Promise<unknown> =>
      await checkByDownloadedCrls({ client: serving({ some }).client, ...limits }, times).lookUp(site, issuer);
    expect(await lookUp(own)).toMatchObject({
      kind: 'unusable',
      trouble: { message: expect.stringContaining('for some reasons only (cRLDistributionPoints)') as string },
    });
    // One for all certificates of the CA counts whoever names it (RFC 5280 §6.3.3, last paragraph).
    expect(await lookUp(buildCrl({ issuer: authority }).der)).toMatchObject({ kind: 'good' });
  });

  describe('with deltas', () => {
    const base = 'http://crl.example/base';
    const delta = 'http://crl.example/delta';
    const issued = authority.issue({ crlUris: [base], extensions: [freshestCrl(delta)] });
    const site = decodeCertificate(issued.certificate.der);
    const plain = decodeCertificate(
      authority.issue({ crlUris: [base], serialNumber: issued.serialNumber }).certificate.der,
    );
    const complete = (more: Partial<CrlOptions> = {}, ...extensions: readonly Extension[]): Uint8Array =>
      buildCrl({ issuer: authority, ...more, extensions: [crlNumber(5), ...extensions] }).der;
    const change = (more: Partial<CrlOptions> = {}, number = 6): Uint8Array =>
      buildCrl({ issuer: authority, ...more, extensions: [crlNumber(number), deltaCrlIndicator(5)] }).der;
    const listed = { entries: [{ serialNumber: issued.serialNumber, reason: 1 }] };
    const lookUp = async (bodies: Readonly<Record<string, Uint8Array>>, certificate = site): Promise<unknown> =>
      await checkByDownloadedCrls({ client: serving(bodies).client, ...limits }, times).lookUp(certificate, issuer);

    it('heeds those that the certificate names, or the complete CRL', async () => {
      const good = { kind: 'good', source: delta };
      expect(await lookUp({ base: complete(), delta: change() })).toMatchObject({ kind: 'good' });
      expect(await lookUp({ base: complete(), delta: change(listed) })).toMatchObject({
        kind: 'revoked',
        source: delta,
      });
      const naming = complete({}, freshestCrl(delta));
      expect(await lookUp({ base: naming, delta: change(listed) }, plain)).toMatchObject({ kind: 'revoked' });
      expect(await lookUp({ base: naming, delta: change() }, plain)).toMatchObject(good);
      expect(await lookUp({ base: complete(), delta: change(listed) }, plain)).toMatchObject({
        kind: 'good',
        source: base,
      });
    });

    it('takes a certificate off its hold by one', async () => {
      const serial = issued.serialNumber;
      const held = complete({ entries: [{ serialNumber: serial, reason: 6 }] });
      const removed = change({ entries: [{ serialNumber: serial, reason: 8 }] });
      expect(await lookUp({ base: held, delta: removed })).toMatchObject({ kind: 'good' });
      expect(await lookUp({ base: held })).toMatchObject({ kind: 'revoked', revocationReason: 'certificateHold' });
    });

    it.each<[string, Readonly<Record<string, Uint8Array>>]>([
      ['cannot be had', { base: complete() }],
      ['is stale', { base: complete(), delta: change({ nextUpdate: new Date(now.getTime() - 3_600_000) }) }],
      [
        'goes on a later one',
        { base: buildCrl({ issuer: authority, extensions: [crlNumber(4)] }).der, delta: change() },
      ],
      ['is forged', { base: complete(), delta: change({ corruptSignature: true }) }],
    ])('is not enough where one %s', async (_what, bodies) => {
      expect(await lookUp(bodies)).toMatchObject({ kind: 'unusable' });
    });

    it('tries every place of one, and no more than 8 downloads for all', async () => {
      const elsewhere = ['ldap://x', 'http://crl.example/gone', delta];
      const several = authority.issue({ crlUris: [base], extensions: [freshestCrl(...elsewhere)] });
      const { client, asked } = serving({ base: complete(), delta: change() });
      const check = checkByDownloadedCrls({ client, ...limits }, times);
      expect(await check.lookUp(decodeCertificate(several.certificate.der), issuer)).toMatchObject({ kind: 'good' });
      expect(asked).toEqual([base, 'http://crl.example/gone', delta]);
      const hostile = Array.from({ length: 50 }, (_, index) => `http://crl.example/none${index}`);
      const many = authority.issue({ crlUris: [base], extensions: [freshestCrl(...hostile)] });
      expect(await check.lookUp(decodeCertificate(many.certificate.der), issuer)).toMatchObject({ kind: 'unusable' });
      expect(asked).toHaveLength(3 + 7);
    });
  });

  it('is downloaded again where others have taken its room, and is never taken for absent', async () => {
    // Of few entries and many octets: an extension that nobody knows.
    const filler = { oid: '1.2.3.4', value: octetString(Buffer.alloc(60 * 1024)) };
    const site = authority.issue({ crlUris: ['http://crl.example/first'] });
    const certificate = decodeCertificate(site.certificate.der);
    const der = buildCrl({
      issuer: authority,
      entries: [{ serialNumber: site.serialNumber }],
      extensions: [filler],
    }).der;
    const { client, asked } = serving({ first: der });
    const memory = createBoundedMemory<Crl>(der.length);
    const check = checkByDownloadedCrls({ client, ...limits, memory }, times);
    const bare = decodeCertificate(authority.issue({ crlUris: ['http://crl.example/first'] }).certificate.der);
    expect(await check.lookUp(bare, issuer)).toMatchObject({ kind: 'good' });
    memory.makeRoom(der.length);
    expect(await check.lookUp(certificate, issuer)).toMatchObject({ kind: 'revoked' });
    expect(asked).toHaveLength(2);
  });

  it('has none for a serial number', () => {
    const { client } = clientGiving(new Uint8Array());
    const check = checkByDownloadedCrls({ client, ...limits }, times);
    expect(check.lookUpSerialNumber('01', issuer)).toMatchObject({ kind: 'unusable', trouble: { code: 'no-crl' } });
  });
});
