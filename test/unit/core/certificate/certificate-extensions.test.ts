import { describe, expect, it } from 'vitest';
import { OcspError } from '../../../../src/core/index.js';
import type { CertificateOptions } from '../../../support/certificate.js';
import {
  bitString,
  contextConstructed,
  contextPrimitive,
  integer,
  nullValue,
  objectIdentifier,
  octetString,
  sequence,
  tagged,
} from '../../../support/der-writer.js';
import { purposes, unheardOf, type Extension } from '../../../support/extensions.js';
import { authority, decode } from '../scene.js';
import type { Certificate } from '../../../../src/core/index.js';

const issue = (options: CertificateOptions): Certificate => decode(authority.issue(options));
const withExtension = (extension: Extension): Certificate => issue({ extensions: [extension] });

const informationAccess = '1.3.6.1.5.5.7.1.1';
const accessOcsp = objectIdentifier('1.3.6.1.5.5.7.48.1');

describe('the extensions of a certificate', () => {
  it('give responder, issuer and CRL addresses in their order, duplicates once', () => {
    const ocspUris = ['http://b/', 'http://a/', 'http://b/', 'ldap://c'];
    const read = issue({ ocspUris, caIssuersUris: ['http://i/1'], crlUris: ['http://l/1', 'http://l/2'] });
    expect(read.ocspUris).toEqual(['http://b/', 'http://a/', 'ldap://c']);
    expect(read.caIssuersUris).toEqual(['http://i/1']);
    expect(read.crlUris).toEqual(['http://l/1', 'http://l/2']);
  });

  it('give nothing where there is nothing', () => {
    expect(issue({ keyUsage: 'none', basicConstraints: 'none' })).toMatchObject({
      ocspUris: [],
      caIssuersUris: [],
      crlUris: [],
      extendedKeyUsage: undefined,
      keyUsage: undefined,
      isCa: false,
      pathLength: undefined,
      ocspNoCheck: false,
      mustStaple: false,
      unknownCriticalExtensions: [],
    });
  });

  it('leave a hostile address as it stands for others to judge', () => {
    const uri = 'http://a/\r\nHost: b\0\x1b[31m\xff';
    expect(issue({ ocspUris: [uri] }).ocspUris).toEqual([uri.replace('\xff', '%FF')]);
  });

  it('lose the blanks around an address, and say so', () => {
    const read = issue({ ocspUris: [' http://a/', 'http://a/', 'http://b/'], caIssuersUris: ['http://c/\r\n'] });
    expect(read).toMatchObject({ ocspUris: ['http://a/', 'http://b/'], caIssuersUris: ['http://c/'] });
    expect(read.paddedUris).toEqual(['http://a/', 'http://c/']);
  });

  it('pass over a responder that is not a URI', () => {
    const value = sequence(sequence(accessOcsp, contextPrimitive(2, Buffer.from('ocsp.example'))));
    expect(withExtension({ oid: informationAccess, value }).ocspUris).toEqual([]);
  });

  it('read key usage bit by bit', () => {
    expect([...issue({ keyUsage: ['digitalSignature', 'cRLSign'] }).keyUsage!]).toEqual([
      'digitalSignature',
      'cRLSign',
    ]);
    const decipherOnly = issue({
      keyUsage: 'none',
      extensions: [{ oid: '2.5.29.15', value: bitString(Buffer.from('0080', 'hex'), 7) }],
    });
    expect([...decipherOnly.keyUsage!]).toEqual(['decipherOnly']);
  });

  it('read purposes, constraints, nocheck and Must-Staple', () => {
    const read = issue({ extendedKeyUsage: [purposes.any, purposes.ocspSigning], ocspNoCheck: true, mustStaple: true });
    expect(read).toMatchObject({ extendedKeyUsage: ['2.5.29.37.0', '1.3.6.1.5.5.7.3.9'], ocspNoCheck: true });
    expect(read.mustStaple).toBe(true);
    expect(issue({ isCa: true, pathLength: 0 })).toMatchObject({ isCa: true, pathLength: 0 });
  });

  it('know Must-Staple only by the feature status_request', () => {
    const feature = (number: number): Certificate =>
      withExtension({ oid: '1.3.6.1.5.5.7.1.24', value: sequence(integer(17), integer(number)) });
    expect(feature(5).mustStaple).toBe(true);
    expect(feature(6).mustStaple).toBe(false);
  });

  it('accept an explicit FALSE for critical and cA, as deployed CAs write them', () => {
    const read = issue({
      basicConstraints: 'none',
      extensions: [{ oid: '2.5.29.19', value: sequence(Buffer.from('010100', 'hex')) }],
    });
    expect(read.isCa).toBe(false);
  });

  it('list unknown critical extensions, and none that is known or not critical', () => {
    expect(withExtension(unheardOf(true)).unknownCriticalExtensions).toEqual(['1.3.6.1.4.1.99999.1']);
    expect(withExtension(unheardOf(false)).unknownCriticalExtensions).toEqual([]);
    expect(issue({}).unknownCriticalExtensions).toEqual([]);
  });

  it.each<[string, Extension]>([
    ['authorityInfoAccess', { oid: informationAccess, value: nullValue() }],
    ['authorityInfoAccess', { oid: informationAccess, value: sequence(sequence(accessOcsp)) }],
    ['cRLDistributionPoints', { oid: '2.5.29.31', value: contextConstructed(0) }],
    ['extKeyUsage', { oid: '2.5.29.37', value: sequence(integer(1)) }],
    ['TLS feature', { oid: '1.3.6.1.5.5.7.1.24', value: sequence(octetString(Buffer.of(5))) }],
    ['extKeyUsage with data after it', { oid: '2.5.29.37', value: Buffer.concat([sequence(), nullValue()]) }],
    ['basicConstraints with a field too many', { oid: '2.5.29.19', value: sequence(integer(0), nullValue()) }],
    [
      'keyUsage with data after it',
      { oid: '2.5.29.15', value: Buffer.concat([bitString(Buffer.of(0x80), 7), nullValue()]) },
    ],
  ])('refuse a certificate whose %s is malformed', (_, extension) => {
    const bare = { keyUsage: 'none', basicConstraints: 'none' } as const;
    expect(() => issue({ ...bare, extensions: [extension] })).toThrow(OcspError);
    expect(issue(bare).extensions.map(({ oid }) => oid)).not.toContain(extension.oid);
  });

  it.each([
    ['no octets', tagged(0x03)],
    ['eight unused bits', bitString(Buffer.of(0x80), 8)],
    ['three octets', bitString(Buffer.of(0x80, 0x00, 0x01))],
  ])('refuse a keyUsage of %s', (_, value) => {
    expect(() => issue({ keyUsage: 'none', extensions: [{ oid: '2.5.29.15', value }] })).toThrow(OcspError);
  });
});
