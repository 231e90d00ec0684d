import { describe, expect, it } from 'vitest';

import { describeExtension } from '../../../src/pipeline/inspect/extension.js';
import {
  bitString,
  contextConstructed,
  contextPrimitive,
  enumerated,
  generalizedTime,
  ia5String,
  integer,
  nullValue,
  objectIdentifier,
  octetString,
  sequence,
  utf8String,
} from '../../support/der-writer.js';
import * as extensions from '../../support/extensions.js';
import { commonName } from '../../support/names.js';
import { signatureAlgorithmIdentifier } from '../../support/signatures.js';

const time = new Date('2025-03-01T12:00:00Z');
const uri = contextPrimitive(6, Buffer.from('http://ca.example/x'));

function textOf(oid: string, value: Uint8Array): readonly string[] | undefined {
  return describeExtension({ oid, critical: false, value }).text;
}

function describeSupport({ oid, critical = false, value }: extensions.Extension): readonly string[] | undefined {
  return describeExtension({ oid, critical, value }).text;
}

describe('extensions of requests and responses', () => {
  it.each([
    ['a nonce', '1.3.6.1.5.5.7.48.1.2', octetString(Buffer.of(1, 2)), ['0102 (2 octets)']],
    ['a nonce without inner string', '1.3.6.1.5.5.7.48.1.2', Buffer.of(1, 2), ['0102 (2 octets)']],
    ['an archive cutoff', '1.3.6.1.5.5.7.48.1.6', generalizedTime(time), ['2025-03-01T12:00:00Z']],
    [
      'a CRL reference',
      '1.3.6.1.5.5.7.48.1.3',
      sequence(
        contextConstructed(0, ia5String('http://ca.example/crl')),
        contextConstructed(1, integer(258)),
        contextConstructed(2, generalizedTime(time)),
      ),
      ['URI:http://ca.example/crl', 'CRL number 0102 (hex)', 'CRL of 2025-03-01T12:00:00Z'],
    ],
    [
      'acceptable responses',
      '1.3.6.1.5.5.7.48.1.4',
      sequence(objectIdentifier('1.3.6.1.5.5.7.48.1.1'), objectIdentifier('1.2.3')),
      ['id-pkix-ocsp-basic (1.3.6.1.5.5.7.48.1.1)', '1.2.3'],
    ],
    [
      'a service locator',
      '1.3.6.1.5.5.7.48.1.7',
      sequence(commonName('CA'), sequence(sequence(objectIdentifier('1.3.6.1.5.5.7.48.1'), uri))),
      ['issuer CN=CA', 'OCSP (1.3.6.1.5.5.7.48.1) URI:http://ca.example/x'],
    ],
    [
      'preferred algorithms',
      '1.3.6.1.5.5.7.48.1.8',
      sequence(sequence(signatureAlgorithmIdentifier('ecdsa-sha256'))),
      ['ecdsa-with-SHA256'],
    ],
    ['extended revoke', '1.3.6.1.5.5.7.48.1.9', nullValue(), ['present']],
    ['a reason', '2.5.29.21', enumerated(1), ['keyCompromise']],
    ['an undefined reason', '2.5.29.21', enumerated(7), ['undefined reason 07 (hex)']],
    ['an invalidity date', '2.5.29.24', generalizedTime(time), ['2025-03-01T12:00:00Z']],
  ])('reads %s', (_, oid, value, expected) => {
    expect(textOf(oid, value)).toEqual(expected);
  });

  it('lists certificate timestamps by log and time', () => {
    const timestamp = Buffer.alloc(47);
    timestamp.fill(0xab, 1, 33);
    timestamp.writeBigUInt64BE(BigInt(time.getTime()), 33);
    const list = Buffer.concat([Buffer.of(0, 49, 0, 47), timestamp]);
    expect(textOf('1.3.6.1.4.1.11129.2.4.5', octetString(list))).toEqual([
      '1 signed certificate timestamps',
      `v1, log ${'ab'.repeat(32)}, 2025-03-01T12:00:00.000Z`,
    ]);
    expect(textOf('1.3.6.1.4.1.11129.2.4.5', octetString(list.subarray(0, -1)))).toBeUndefined();
  });
});

describe('extensions of certificates', () => {
  it.each([
    ['basicConstraints', extensions.basicConstraints(true, 2), ['CA: yes, path length 2']],
    ['keyUsage', extensions.keyUsage(['keyCertSign', 'cRLSign']), ['keyCertSign, cRLSign']],
    [
      'extKeyUsage',
      extensions.extendedKeyUsage(['1.3.6.1.5.5.7.3.9', '1.2.3']),
      ['OCSPSigning (1.3.6.1.5.5.7.3.9)', '1.2.3'],
    ],
    ['authorityKeyIdentifier', extensions.authorityKeyIdentifier(Buffer.of(9)), ['key identifier 09']],
    [
      'authorityKeyIdentifier by name',
      extensions.authorityIssuerAndSerial(commonName('Root'), Buffer.of(5)),
      ['issuer dirName:CN=Root', 'serial number 05'],
    ],
    [
      'authorityInfoAccess',
      extensions.authorityInformationAccess(['http://o.example'], ['http://c.example']),
      ['OCSP URI:http://o.example', 'caIssuers URI:http://c.example'],
    ],
    ['cRLDistributionPoints', extensions.crlDistributionPoints(['http://crl.example']), ['URI:http://crl.example']],
    [
      'subjectAltName',
      extensions.subjectAlternativeNames(['a.example', '192.0.2.7']),
      ['DNS:a.example', 'IP:192.0.2.7'],
    ],
    ['tlsfeature', extensions.mustStaple(), ['status_request (Must-Staple)']],
    ['nocheck', extensions.ocspNoCheck(), ['present']],
  ])('reads %s', (_, extension, expected) => {
    expect(describeSupport(extension)).toEqual(expected);
  });

  it('reads general names of every kind', () => {
    const names = sequence(
      contextConstructed(0, objectIdentifier('1.2.3'), contextConstructed(0, utf8String('user'))),
      contextPrimitive(1, Buffer.from('a@b.example')),
      contextConstructed(4, commonName('X')),
      contextPrimitive(7, Buffer.from('20010db8000000000000000000000001', 'hex')),
      contextPrimitive(7, Buffer.of(1, 2, 3)),
      contextPrimitive(8, Buffer.of(0x2a, 3)),
    );
    expect(textOf('2.5.29.17', names)).toEqual([
      'otherName:1.2.3:user',
      'email:a@b.example',
      'dirName:CN=X',
      'IP:2001:db8::1',
      'IP:#010203',
      'registeredID:1.2.3',
    ]);
  });

  it('reads policies with their qualifiers', () => {
    const cps = sequence(objectIdentifier('1.3.6.1.5.5.7.2.1'), ia5String('http://cps.example'));
    const notice = sequence(objectIdentifier('1.3.6.1.5.5.7.2.2'), sequence(utf8String('be careful')));
    const value = sequence(sequence(objectIdentifier('2.23.140.1.2.1'), sequence(cps, notice)));
    expect(textOf('2.5.29.32', value)).toEqual([
      'domain-validated (2.23.140.1.2.1)',
      'CPS http://cps.example',
      'user notice be careful',
    ]);
  });

  it('reads name constraints', () => {
    const subtree = sequence(contextPrimitive(2, Buffer.from('example')));
    expect(textOf('2.5.29.30', sequence(contextConstructed(0, subtree), contextConstructed(1, subtree)))).toEqual([
      'permitted DNS:example',
      'excluded DNS:example',
    ]);
  });
});

describe('extensions that cannot be read', () => {
  it('come with OID and octets where they are unknown', () => {
    const unknown = { oid: '1.3.6.1.4.1.99999.1', critical: true, value: bitString(Buffer.of(1)) };
    expect(describeExtension(unknown)).toEqual({ oid: unknown.oid, critical: true, value: '03020001' });
  });

  it.each(['1.3.6.1.5.5.7.48.1.6', '2.5.29.17', '2.5.29.15', '1.3.6.1.4.1.11129.2.4.5', '2.5.29.21', '2.5.29.31'])(
    'come with name and octets where %s is damaged',
    (oid) => {
      const described = describeExtension({ oid, critical: false, value: Buffer.of(0x30, 0x82, 0x01) });
      expect(described).toEqual({ oid, name: expect.any(String) as unknown, critical: false, value: '308201' });
    },
  );
});
