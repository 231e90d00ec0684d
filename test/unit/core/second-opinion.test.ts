import 'reflect-metadata';
import { X509Certificate } from '@peculiar/x509';
import * as asn1js from 'asn1js';
import { BasicOCSPResponse, OCSPResponse } from 'pkijs';
import { describe, expect, it } from 'vitest';
import { decodeCertificate, decodeResponse, isResponse, parseSerialNumber } from '../../../src/core/index.js';
import { buildOcspResponse } from '../../support/ocsp-response.js';
import { createCertificateAuthority } from '../../support/pki.js';

const authority = createCertificateAuthority({ name: 'Second Opinion CA' });

describe('our certificate reader and @peculiar/x509', () => {
  const issued = authority.issue({
    commonName: 'second.example',
    ocspUris: ['http://ocsp.example/'],
    caIssuersUris: ['http://ca.example/ca.der'],
    mustStaple: true,
  });
  const certificates = { 'an end-entity certificate': issued, 'a CA certificate': authority };

  for (const [name, { certificate }] of Object.entries(certificates)) {
    it(`agree on ${name}`, () => {
      const ours = decodeCertificate(certificate.der);
      const theirs = new X509Certificate(Buffer.from(certificate.der));
      expect(ours.serialNumber).toBe(parseSerialNumber(theirs.serialNumber));
      expect(ours.notBefore).toEqual(theirs.notBefore);
      expect(ours.notAfter).toEqual(theirs.notAfter);
      expect(Buffer.from(ours.publicKey.spki)).toEqual(Buffer.from(theirs.publicKey.rawData));
      expect(Buffer.from(ours.signature)).toEqual(Buffer.from(theirs.signature));
      expect(ours.extensions.map(({ oid, critical }) => ({ oid, critical }))).toEqual(
        theirs.extensions.map(({ type, critical }) => ({ oid: type, critical })),
      );
    });
  }
});

describe('our response reader and pkijs', () => {
  it('agree on a response', () => {
    const { serialNumber } = authority.issue({});
    const der = buildOcspResponse({ signer: authority, responses: [{ certId: { issuer: authority, serialNumber } }] });
    const ours = decodeResponse(der);
    if (!isResponse(ours) || ours.status !== 'successful') throw new Error('our reader refuses it');
    const outer = new OCSPResponse({ schema: asn1js.fromBER(Buffer.from(der)).result });
    const inner = outer.responseBytes?.response.valueBlock.valueHexView ?? new Uint8Array();
    const theirs = new BasicOCSPResponse({ schema: asn1js.fromBER(inner).result });
    expect(ours.basic.producedAt).toEqual(theirs.tbsResponseData.producedAt);
    const [statement] = theirs.tbsResponseData.responses;
    expect(ours.basic.responses[0]?.thisUpdate).toEqual(statement?.thisUpdate);
    expect(ours.basic.responses[0]?.nextUpdate).toEqual(statement?.nextUpdate);
    const theirSerial = Buffer.from(statement?.certID.serialNumber.valueBlock.valueHexView ?? []).toString('hex');
    expect(ours.basic.responses[0]?.certId.serialNumber).toBe(theirSerial);
  });
});
