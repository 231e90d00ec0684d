import { describe, expect, it } from 'vitest';
import { createCertId, createRequest, decodeRequest, type OcspRequest } from '../../../../src/core/index.js';
import { authority, certId, certificate, codeOf, decode, issuer, respond, verify } from '../scene.js';

const nonce = Buffer.from('00112233445566778899aabbccddeeff', 'hex');
const expected = (
  required = false,
  value = nonce.toString('hex'),
): { nonce: { value: string; required: boolean } } => ({
  nonce: { value, required },
});

describe('a nonce', () => {
  it.each(['octet-string', 'bare'] as const)('that comes back as %s is the one that was sent', (nonceEncoding) => {
    expect(verify(respond({ nonce, nonceEncoding }), expected(true))).toMatchObject({ kind: 'good' });
  });

  it('that happens to be an OCTET STRING itself is known when it comes back bare', () => {
    const tricky = Buffer.from('0402cafe', 'hex');
    const options = expected(true, tricky.toString('hex'));
    expect(verify(respond({ nonce: tricky, nonceEncoding: 'bare' }), options).kind).toBe('good');
    expect(verify(respond({ nonce: tricky }), options).kind).toBe('good');
  });

  it('that differs is refused, required or not', () => {
    const other = Buffer.from(nonce).reverse();
    for (const required of [true, false]) {
      expect(verify(respond({ nonce: other }), expected(required))).toMatchObject({
        failure: { code: 'nonce-mismatch', values: { expected: nonce.toString('hex'), nonce: other.toString('hex') } },
      });
    }
  });

  it('that is a part of the one sent, or longer, is refused', () => {
    expect(codeOf(verify(respond({ nonce: nonce.subarray(1) }), expected()))).toBe('nonce-mismatch');
    expect(codeOf(verify(respond({ nonce: Buffer.concat([nonce, Buffer.of(0)]) }), expected()))).toBe('nonce-mismatch');
    expect(codeOf(verify(respond({ nonce: Buffer.alloc(0) }), expected()))).toBe('nonce-mismatch');
  });

  it('that is missing is refused only where it is required', () => {
    expect(codeOf(verify(respond(), expected(true)))).toBe('nonce-missing');
    expect(codeOf(verify(respond(), expected(false)))).toBe('good');
  });

  it('that nobody asked for is overlooked', () => {
    expect(verify(respond({ nonce }))).toMatchObject({ kind: 'good', nonce: nonce.toString('hex') });
  });
});

describe('a response to a request', () => {
  const request = (hash: 'sha1' | 'sha256', options: { nonce?: Uint8Array } = {}): OcspRequest =>
    decodeRequest(createRequest({ certIds: [createCertId(certificate, issuer, hash)], ...options }));

  it('answers it', () => {
    expect(codeOf(verify(respond(), { request: request('sha1') }))).toBe('good');
    expect(codeOf(verify(respond({ nonce }), { request: request('sha1', { nonce }) }))).toBe('good');
  });

  it('does not answer it in another hash', () => {
    expect(verify(respond(), { request: request('sha256') })).toMatchObject({
      failure: { code: 'request-mismatch', values: { hashAlgorithm: 'sha256' } },
    });
  });

  it('does not answer it when one of its certificates is missing', () => {
    const other = authority.issue();
    const certIds = [certificate, decode(other)].map((one) => createCertId(one, issuer, 'sha1'));
    const both = decodeRequest(createRequest({ certIds }));
    expect(verify(respond(), { request: both })).toMatchObject({
      failure: { code: 'request-mismatch', values: { serialNumber: other.serialNumber } },
    });
    const responses = [{ certId }, { certId: { issuer: authority, serialNumber: other.serialNumber } }];
    expect(codeOf(verify(respond({ responses }), { request: both }))).toBe('good');
  });

  it('must carry the nonce of the request', () => {
    expect(codeOf(verify(respond(), { request: request('sha1', { nonce }) }))).toBe('nonce-missing');
    const other = { request: request('sha1', { nonce: nonce.subarray(1) }) };
    expect(codeOf(verify(respond({ nonce }), other))).toBe('nonce-mismatch');
  });
});
