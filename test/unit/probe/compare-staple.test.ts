import { describe, expect, it } from 'vitest';

import { decodeCertificate, type Certificate } from '../../../src/core/index.js';
import { compareStaple, type StapleComparison, type StapleFault } from '../../../src/probe/compare-staple.js';
import type { CertificateOptions } from '../../support/certificate.js';
import { buildErrorResponse, buildOcspResponse, responseTimes } from '../../support/ocsp-response.js';
import { createCertificateAuthority } from '../../support/pki.js';

const authority = createCertificateAuthority();
const { now, thisUpdate } = responseTimes;
const hour = 3_600_000;

function issue(options: CertificateOptions = {}): Certificate {
  return decodeCertificate(authority.issue({ subjectAltNames: ['server.example'], ...options }).certificate.der);
}

function respond(
  certificate: Certificate,
  options: { readonly hours?: number; readonly issuer?: typeof authority; readonly nextUpdate?: Date } = {},
): Uint8Array {
  const { hours = 0, issuer = authority, nextUpdate = responseTimes.nextUpdate } = options;
  return buildOcspResponse({
    signer: issuer,
    responses: [
      {
        certId: { issuer, serialNumber: certificate.serialNumber },
        thisUpdate: new Date(thisUpdate.getTime() + hours * hour),
        nextUpdate,
      },
    ],
  });
}

/** With a subjectAltName that breaks the rules of DER. */
function brokenNames(): Certificate {
  const extensions = [{ oid: '2.5.29.17', value: Buffer.from([0x04, 0x00]) }];
  return decodeCertificate(authority.issue({ commonName: 'b.example', extensions }).certificate.der);
}

const server = issue();
const staple = respond(server);

/** Everything as it should be, but for what the test names. */
function compare(options: Partial<StapleComparison> = {}): StapleFault | undefined {
  return compareStaple({
    sentCertificates: [server.der, authority.certificate.der],
    sentStaple: staple,
    expectedCertificate: server,
    expectedStaple: staple,
    now,
    ...options,
  });
}

describe('a handshake with the expected certificate', () => {
  it('has no fault when it staples the very bytes of the file', () => {
    expect(compare({ sentStaple: Buffer.from(staple) })).toBeUndefined();
  });

  it.each([[undefined], [new Uint8Array()]])('staples nothing: %o', (sentStaple) => {
    const fault = compare({ sentStaple });
    expect(fault).toMatchObject({ code: 'nothing-stapled', message: 'the server staples nothing' });
  });

  it('staples nothing though clients insist on it', () => {
    const insisting = issue({ mustStaple: true });
    const fault = compare({
      sentCertificates: [insisting.der],
      expectedCertificate: insisting,
      sentStaple: undefined,
    });
    expect(fault).toMatchObject({ code: 'nothing-stapled' });
    expect(fault?.message).toContain('Must-Staple');
  });

  it.each([
    ['an older response', respond(server, { hours: -5 }), 'still staples an older response, from 2025-12-31T19:00:00Z'],
    [
      'an expired one',
      respond(server, { hours: -50, nextUpdate: new Date(now.getTime() - hour) }),
      'still staples an expired response',
    ],
    ['a newer one than the file', respond(server, { hours: 5 }), 'staples a newer response, from 2026-01-01T05:00:00Z'],
    ['one of the same time', respond(server, { nextUpdate: new Date('2026-02-01') }), 'different bytes from the file'],
    ['bytes that are not a response', Buffer.from('garbage'), 'not an OCSP response'],
    ['a refusal', buildErrorResponse('tryLater'), 'a refusal (tryLater)'],
    ['the response of another certificate', respond(issue()), 'the response of another certificate'],
    [
      'the response for the same serial number of another issuer',
      respond(server, { issuer: createCertificateAuthority({ name: 'Other CA' }) }),
      'the response of another certificate',
    ],
  ])('staples %s', (_, sentStaple, words) => {
    const fault = compare({ sentStaple });
    expect(fault?.code).toBe('other-staple');
    expect(fault?.message).toContain(words);
    expect(fault?.hint).not.toBe('');
  });

  it('is compared with a file that is broken', () => {
    expect(compare({ expectedStaple: Buffer.from('garbage') })?.message).toContain('the file holds none');
  });
});

describe('a handshake with another certificate', () => {
  const fault = (sent: Certificate | Uint8Array | undefined, expected = server): StapleFault | undefined =>
    compare({
      sentCertificates: sent === undefined ? [] : [sent instanceof Uint8Array ? sent : sent.der],
      expectedCertificate: expected,
    });

  it.each([
    ['none at all', undefined, 'no certificate'],
    ['something unreadable', Buffer.from('garbage'), 'cannot be read'],
    ['another name', issue({ commonName: 'b.example', subjectAltNames: ['b.example'] }), 'is for another name'],
    ['another key type', issue({ keyType: 'rsa-2048' }), 'another key type'],
    ['an older one', issue({ notBefore: new Date('2019-01-01') }), 'still runs an older certificate'],
    ['a newer one', issue({ notBefore: new Date('2021-01-01') }), 'another certificate for this name'],
    ['names that are not DER', brokenNames(), 'is for another name'],
  ])('is told apart: %s', (_, sent, words) => {
    const found = fault(sent);
    expect(found?.code).toBe('other-certificate');
    expect(found?.message).toContain(words);
    expect(found?.hint).not.toBe('');
  });

  it('asks for the server name where that selects the certificate', () => {
    const found = fault(issue({ commonName: 'b.example', subjectAltNames: ['b.example'] }));
    expect(found?.hint).toContain('--servername');
  });
});

describe('a handshake without files to compare with', () => {
  const alone = (sentStaple: Uint8Array | undefined, sent = server.der): StapleFault | undefined =>
    compareStaple({ sentCertificates: [sent], sentStaple, now });

  it('has no fault when the staple speaks of the certificate', () => {
    expect(alone(staple)).toBeUndefined();
  });

  it.each([
    ['nothing', undefined, 'nothing-stapled'],
    ['the staple of another certificate', respond(issue()), 'other-staple'],
    ['no response', Buffer.from('garbage'), 'other-staple'],
  ])('has one when it carries %s', (_, sentStaple, code) => {
    expect(alone(sentStaple)?.code).toBe(code);
  });

  it('says Must-Staple by the certificate that came', () => {
    expect(alone(undefined, issue({ mustStaple: true }).der)?.message).toContain('Must-Staple');
  });
});
