import { describe, expect, it } from 'vitest';
import { OcspError, decodeCertificate, decodeRequest, decodeResponse } from '../../src/core/index.js';
import { encodeCertId } from '../support/cert-id.js';
import { readElement, readElements } from '../support/der-reader.js';
import { contextConstructed, integer, nullValue, sequence, tagged } from '../support/der-writer.js';
import { encodeExtensions, unheardOf } from '../support/extensions.js';
import { buildOcspResponse } from '../support/ocsp-response.js';
import { createCertificateAuthority } from '../support/pki.js';

/** Signed with RSA, so that every AlgorithmIdentifier has its parameters already. */
const authority = createCertificateAuthority({ keyType: 'rsa-2048' });
const server = authority.issue({ keyType: 'rsa-2048', ocspUris: ['http://a/'], mustStaple: true });
const certId = { issuer: authority, serialNumber: server.serialNumber };
const response = buildOcspResponse({
  signer: authority,
  responderId: 'by-name',
  responses: [
    { certId, status: { revokedAt: new Date('2025-01-01T00:00:00Z'), reason: 1 }, extensions: [unheardOf(false)] },
  ],
  extensions: [unheardOf(false)],
  explicitVersion: 0,
  certificates: [],
});
const extensions = contextConstructed(2, encodeExtensions([unheardOf(false)]));
const version = contextConstructed(0, integer(0));
const request = sequence(sequence(version, sequence(sequence(encodeCertId(certId))), extensions));

/** Whether contents hold elements: a constructed tag, or the OCTET STRING around a basic response. */
function holdsElements(tag: number, contents: Uint8Array): boolean {
  return (tag & 0x20) !== 0 || (tag === 0x04 && contents.length > 256);
}

/** The same value with NULL appended inside one of its elements: one variant for each of them. */
function variants(der: Uint8Array): Buffer[] {
  const { tag, contents } = readElement(der);
  if (!holdsElements(tag, contents)) return [];
  const children = readElements(contents).map((child) => child.der);
  const nested = children.flatMap((child, index) =>
    variants(child).map((variant) => tagged(tag, ...children.with(index, variant))),
  );
  return [tagged(tag, ...children, nullValue()), ...nested];
}

function isRefused(decode: (der: Uint8Array) => unknown, der: Uint8Array): boolean {
  try {
    decode(der);
    return false;
  } catch (error) {
    expect(error).toBeInstanceOf(OcspError);
    return true;
  }
}

describe('an element too many, wherever it is put in', () => {
  it('makes a response malformed', () => {
    const all = variants(response);
    expect(all).toHaveLength(27);
    for (const der of all)
      expect(decodeResponse(der), der.toString('hex')).toMatchObject({ code: 'malformed-response' });
    expect(decodeResponse(response)).toHaveProperty('status');
  });

  it.each([
    ['request', request, decodeRequest, 10],
    ['certificate', server.certificate.der, decodeCertificate, 22],
  ])('makes a %s malformed', (_, der, decode, count) => {
    const all = variants(der);
    expect(all).toHaveLength(count);
    expect(all.filter((variant) => !isRefused(decode, variant)).map((variant) => variant.toString('hex'))).toEqual([]);
    expect(isRefused(decode, der)).toBe(false);
  });
});
