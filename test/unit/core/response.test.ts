import { describe, expect, it } from 'vitest';
import {
  createCertId,
  decodeResponse,
  isResponse,
  type BasicResponse,
  type OcspResponse,
  type ResponseDecodingFailure,
} from '../../../src/core/index.js';
import {
  contextConstructed,
  contextPrimitive,
  enumerated,
  generalizedTime,
  integer,
  octetString,
  sequence,
  utcTime,
} from '../../support/der-writer.js';
import { unheardOf } from '../../support/extensions.js';
import { createCertificateAuthority } from '../../support/pki.js';
import {
  buildErrorResponse,
  responseTimes,
  responseStatuses,
  revocationReasons,
  wrapResponseBytes,
  type OcspResponseOptions,
} from '../../support/ocsp-response.js';
import { authority, certId, certificate, issuer, respond, server } from './scene.js';

function basicOf(options: Partial<OcspResponseOptions> = {}): BasicResponse {
  const response = decodeResponse(respond(options));
  if (!isResponse(response) || response.status !== 'successful') throw new Error(JSON.stringify(response));
  return response.basic;
}

const decode = (options: Partial<OcspResponseOptions>): OcspResponse | ResponseDecodingFailure =>
  decodeResponse(respond(options));
const revoked = new Date('2025-05-05T05:05:05Z');

describe('decodeResponse', () => {
  it('reads what a response says', () => {
    const basic = basicOf({ nonce: Buffer.from('0102', 'hex'), certificates: [server.certificate.der] });
    expect(basic).toMatchObject({
      version: 1,
      producedAt: responseTimes.thisUpdate,
      nonce: '0102',
      responses: [
        {
          certId: createCertId(certificate, issuer, 'sha1'),
          status: 'good',
          thisUpdate: responseTimes.thisUpdate,
          nextUpdate: responseTimes.nextUpdate,
          extensions: [],
        },
      ],
    });
    expect(basic.certificates.map((der) => Buffer.from(der).equals(server.certificate.der))).toEqual([true]);
    expect(basic.signatureAlgorithm.oid).toBe('1.2.840.10045.4.3.2');
  });

  it('keeps the signed bytes as exact slices of the input', () => {
    const der = respond();
    const response = decodeResponse(der);
    if (!isResponse(response) || response.status !== 'successful') throw new Error('no response');
    const { tbs } = response.basic;
    expect(tbs.buffer).toBe(der.buffer);
    expect(der.indexOf(Buffer.from(tbs))).toBe(tbs.byteOffset - der.byteOffset);
  });

  it('names the responder by key or by name', () => {
    expect(basicOf({ responderId: 'by-key' }).responderId).toEqual({
      byKey: createCertId(certificate, issuer, 'sha1').issuerKeyHash,
    });
    const byName = basicOf({ responderId: 'by-name' }).responderId;
    expect('byName' in byName && Buffer.from(byName.byName).equals(authority.name)).toBe(true);
  });

  it.each(Object.entries(responseStatuses).filter(([name]) => name !== 'successful'))(
    'reads the refusal %s',
    (name) => {
      expect(decodeResponse(buildErrorResponse(name as keyof typeof responseStatuses))).toEqual({ status: name });
    },
  );

  it.each(Object.entries(revocationReasons))('reads the revocation reason %s', (reason, code) => {
    const [statement] = basicOf({ responses: [{ certId, status: { revokedAt: revoked, reason: code } }] }).responses;
    expect(statement).toMatchObject({ status: 'revoked', revocationTime: revoked, revocationReason: reason });
  });

  it('reads a revocation without a reason, or with one that nobody defined', () => {
    for (const status of [
      { revokedAt: revoked },
      { revokedAt: revoked, reason: 7 },
      { revokedAt: revoked, reason: 99 },
    ]) {
      const [statement] = basicOf({ responses: [{ certId, status }] }).responses;
      expect(statement).toMatchObject({ status: 'revoked', revocationTime: revoked });
      expect(statement).not.toHaveProperty('revocationReason');
    }
  });

  it('reads unknown, no nextUpdate, an explicit version and extensions in both places', () => {
    const basic = basicOf({
      explicitVersion: 0,
      extensions: [unheardOf(false)],
      responses: [{ certId, status: 'unknown', nextUpdate: null, extensions: [unheardOf(true)] }],
    });
    expect(basic).toMatchObject({ version: 1, nonce: undefined, extensions: [{ oid: '1.3.6.1.4.1.99999.1' }] });
    expect(basic.responses[0]).toMatchObject({ status: 'unknown', extensions: [{ critical: true }] });
    expect(basic.responses[0]).not.toHaveProperty('nextUpdate');
  });

  it('reads a bare nonce as older responders write it', () => {
    expect(basicOf({ nonce: Buffer.from('cafe', 'hex'), nonceEncoding: 'bare' }).nonce).toBe('cafe');
    // Its first octets could be an OCTET STRING, the whole cannot.
    expect(basicOf({ nonce: Buffer.from('0401cafe', 'hex'), nonceEncoding: 'bare' }).nonce).toBe('0401cafe');
  });

  it('reads a response without statements and one with an empty list of certificates', () => {
    expect(basicOf({ responses: [] }).responses).toEqual([]);
    expect(basicOf({ certificates: [] }).certificates).toEqual([]);
  });

  it('refuses another type of response by its own code', () => {
    expect(decode({ responseType: '1.2.3' })).toMatchObject({ code: 'unsupported-response-type' });
  });

  it.each<[string, Uint8Array, string]>([
    ['nothing', new Uint8Array(0), 'truncated'],
    ['HTML', Buffer.from('<html><body>Not found</body></html>'), 'unexpected-tag'],
    ['data after the response', Buffer.concat([respond(), Buffer.of(0)]), 'trailing-data'],
    ['data after a refusal', Buffer.concat([buildErrorResponse('tryLater'), Buffer.of(0)]), 'trailing-data'],
    ['the unused status 4', buildErrorResponse(4), 'value'],
    ['the status 7', buildErrorResponse(7), 'value'],
    ['a negative status', buildErrorResponse(-1), 'integer-out-of-range'],
    ['a success without a response', buildErrorResponse('successful'), 'value'],
    ['no basic response', wrapResponseBytes(integer(1)), 'unexpected-tag'],
    ['data after the basic response', wrapResponseBytes(Buffer.concat([sequence(), Buffer.of(0)])), 'trailing-data'],
    ['an empty basic response', wrapResponseBytes(sequence()), 'truncated'],
    ['a certificate', server.certificate.der, 'unexpected-tag'],
  ])('refuses %s', (_, der, rule) => {
    expect(decodeResponse(der)).toMatchObject({ code: 'malformed-response', rule });
  });

  it.each<[string, Partial<OcspResponseOptions>, string]>([
    ['a version 2', { explicitVersion: 1 }, 'value'],
    ['a responder that is neither name nor key', { responderId: contextConstructed(3, sequence()) }, 'unexpected-tag'],
    ['a responder name that is none', { responderId: contextConstructed(1, sequence(integer(1))) }, 'unexpected-tag'],
    ['a producedAt as UTCTime', { producedAt: utcTime(revoked) }, 'unexpected-tag'],
    ['a producedAt with a fraction', { producedAt: '20260101000000.5Z' }, 'time-syntax'],
    ['a thisUpdate in local time', { responses: [{ certId, thisUpdate: '20260101000000' }] }, 'time-syntax'],
    ['a nextUpdate as UTCTime', { responses: [{ certId, nextUpdate: utcTime(revoked) }] }, 'unexpected-tag'],
    ['a certStatus of nobody', { responses: [{ certId, status: contextPrimitive(3, Buffer.of()) }] }, 'unexpected-tag'],
    ['a constructed good', { responses: [{ certId, status: contextConstructed(0) }] }, 'unexpected-tag'],
    ['a revocation without time', { responses: [{ certId, status: contextConstructed(1) }] }, 'truncated'],
    [
      'a revocation with data after it',
      {
        responses: [
          {
            certId,
            status: contextConstructed(1, generalizedTime(revoked), contextConstructed(0, enumerated(1)), integer(1)),
          },
        ],
      },
      'trailing-data',
    ],
    [
      'an extension twice in a statement',
      { responses: [{ certId, extensions: [unheardOf(false), unheardOf(true)] }] },
      'duplicate',
    ],
    ['embedded certificates that are not sequences', { certificates: [octetString(Buffer.of(1))] }, 'unexpected-tag'],
  ])('refuses %s', (_, options, rule) => {
    expect(decode(options)).toMatchObject({ code: 'malformed-response', rule });
  });

  it('takes a thousand statements and no more', () => {
    const statements = (count: number): Partial<OcspResponseOptions> => ({
      responses: Array.from({ length: count }, () => ({ certId })),
    });
    expect(basicOf(statements(1000)).responses).toHaveLength(1000);
    expect(decode(statements(1001))).toMatchObject({ code: 'malformed-response', rule: 'value' });
  });

  it('does not look into embedded certificates, and refuses what is shaped otherwise, as OpenSSL does', () => {
    const { der } = createCertificateAuthority({ extensions: [unheardOf(false), unheardOf(false)] }).certificate;
    expect(basicOf({ certificates: [der] }).certificates).toHaveLength(1);
    for (const other of [sequence(integer(1)), sequence(sequence()), sequence(der)]) {
      expect(decode({ certificates: [der, other] })).toMatchObject({ code: 'malformed-response' });
    }
  });
});
