import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  OcspError,
  decodeCertificate,
  decodePem,
  decodeRequest,
  decodeResponse,
  isBelieved,
  isResponse,
  verifyResponse,
} from '../../src/core/index.js';
import { encodeCertId } from '../support/cert-id.js';
import { sequence } from '../support/der-writer.js';
import { buildOcspResponse, responseTimes } from '../support/ocsp-response.js';
import { createCertificateAuthority } from '../support/pki.js';

/** Fixed, so that every run tries the same bytes. */
const runs = { seed: 20_260_101, numRuns: 300 };

const authority = createCertificateAuthority();
const server = authority.issue();
const other = authority.issue();
const delegate = authority.issueResponder();
const certId = { issuer: authority, serialNumber: server.serialNumber };
const statement = { certId, status: { revokedAt: new Date('2025-01-01T00:00:00Z'), reason: 'superseded' } } as const;

const options = {
  issuer: decodeCertificate(authority.certificate.der),
  now: responseTimes.now,
  skewMilliseconds: 300_000,
};
const ours = { ...options, subject: { certificate: decodeCertificate(server.certificate.der) } };
const theirs = { ...options, subject: { certificate: decodeCertificate(other.certificate.der) } };

const responses: Readonly<Record<string, Buffer>> = {
  'signed by the issuer': buildOcspResponse({ signer: authority, responses: [{ certId }] }),
  'signed by a delegate': buildOcspResponse({
    signer: delegate,
    certificates: [delegate.certificate.der],
    nonce: Buffer.alloc(32, 7),
    responses: [statement, { certId: { ...certId, hash: 'sha256' } }],
  }),
  'with a stranger beside it': buildOcspResponse({
    signer: authority,
    responderId: 'by-name',
    certificates: [other.certificate.der],
    responses: [{ certId }],
  }),
};
const request = sequence(sequence(sequence(sequence(encodeCertId(certId)))));

/** Calls a decoder that throws only for bad input, and says whether it took the bytes. */
function accepts(decode: (bytes: Uint8Array) => unknown, bytes: Uint8Array): boolean {
  try {
    decode(bytes);
    return true;
  } catch (error) {
    if (!(error instanceof OcspError)) throw error;
    return false;
  }
}

describe.each(Object.entries(responses))('a true response %s', (_, response) => {
  const believed = verifyResponse(response, ours);
  const decoded = decodeResponse(response);
  const embedded =
    isResponse(decoded) && decoded.status === 'successful'
      ? decoded.basic.certificates.map((der) => Buffer.from(der))
      : [];

  /** Whether an octet of the response lies in an embedded certificate, which no signature of the response covers. */
  const isEmbedded = (position: number): boolean =>
    embedded.some((der) => {
      const start = response.indexOf(der);
      return start >= 0 && position >= start && position < start + der.length;
    });

  it('is believed for its own certificate and for no other', () => {
    expect(isBelieved(believed)).toBe(true);
    expect(isBelieved(verifyResponse(response, theirs))).toBe(false);
  });

  it('is believed no more when any one bit of what is signed or framed has changed', { timeout: 120_000 }, () => {
    for (let position = 0; position < response.length; position += 1) {
      for (const bit of [0x01, 0x20, 0x80]) {
        const changed = Buffer.from(response);
        changed[position] = (changed[position] ?? 0) ^ bit;
        if (isBelieved(verifyResponse(changed, theirs))) expect.fail(`octet ${position} changed by ${bit}`);
        const verdict = verifyResponse(changed, ours);
        if (!isBelieved(verdict)) continue;
        expect(isEmbedded(position), `octet ${position} changed by ${bit}`).toBe(true);
        expect(verdict.kind).toBe(believed.kind);
      }
    }
  });

  it('is believed no more when any octets have been replaced by any others', () => {
    const position = fc.nat(response.length - 1);
    fc.assert(
      fc.property(position, fc.uint8Array({ minLength: 1, maxLength: 8 }), (at, octets) => {
        const changed = Buffer.from(response);
        changed.set(octets.subarray(0, changed.length - at), at);
        expect(isBelieved(verifyResponse(changed, theirs))).toBe(false);
        const verdict = verifyResponse(changed, ours);
        if (isBelieved(verdict)) expect(changed.equals(response) || isEmbedded(at)).toBe(true);
      }),
      runs,
    );
  });

  it('is malformed wherever it is cut short', () => {
    for (let length = 0; length < response.length; length += 1) {
      expect(verifyResponse(response.subarray(0, length), ours)).toMatchObject({
        kind: 'invalid',
        failure: { code: 'malformed-response' },
      });
    }
  });
});

describe('a decoder of hostile bytes', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 400 }),
    // Bytes that begin like DER get further.
    fc.uint8Array({ maxLength: 100 }).map((contents) => sequence(contents)),
    fc.uint8Array({ maxLength: 60 }).map((contents) => sequence(Buffer.from('0a0100', 'hex'), sequence(contents))),
  );

  it('never throws for a response', () => {
    fc.assert(
      fc.property(bytes, (input) => {
        expect(isBelieved(verifyResponse(input, ours))).toBe(false);
        decodeResponse(input);
      }),
      runs,
    );
  });

  it('throws nothing but an OcspError for a certificate, a request or a PEM text', () => {
    fc.assert(
      fc.property(bytes, (input) => {
        accepts(decodeCertificate, input);
        accepts(decodeRequest, input);
        accepts(decodePem, input);
      }),
      runs,
    );
  });

  it.each([
    ['certificate', server.certificate.der, decodeCertificate],
    ['request', request, decodeRequest],
  ])('throws nothing but an OcspError for a %s with any one bit changed', (_, der, decode) => {
    for (let position = 0; position < der.length; position += 1) {
      for (let bit = 1; bit < 0x100; bit <<= 1) {
        const changed = Buffer.from(der);
        changed[position] = (changed[position] ?? 0) ^ bit;
        accepts(decode, changed);
      }
    }
    expect(accepts(decode, der)).toBe(true);
  });

  it.each([
    ['certificate', server.certificate.der, decodeCertificate],
    ['request', request, decodeRequest],
  ])('refuses a %s wherever it is cut short', (_, der, decode) => {
    for (let length = 0; length < der.length; length += 1) expect(accepts(decode, der.subarray(0, length))).toBe(false);
  });

  it('throws nothing but an OcspError for a PEM text with lines left out, doubled or changed', () => {
    const lines = (authority.certificate.pem + server.keyPem + server.certificate.pem).split('\n');
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constantFrom(...lines), fc.string({ maxLength: 40 })), { maxLength: 30 }),
        (some) => {
          accepts(decodePem, Buffer.from(some.join('\n'), 'utf8'));
        },
      ),
      runs,
    );
  });
});
