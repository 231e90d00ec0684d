import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  certIdsEqual,
  createCertId,
  createCertIdForSerialNumber,
  parseSerialNumber,
  serialNumbersEqual,
} from '../../../src/core/index.js';
import {
  certIdOfElement,
  encodeCertId,
  minimalSerialNumber,
  parseSignedSerialNumber,
} from '../../../src/core/cert-id.js';
import { DerError, DerReader, Tag } from '../../../src/core/der/der.js';
import { encodeCertId as encodeByOther } from '../../support/cert-id.js';
import { integerContents } from '../../support/der-writer.js';
import { distinguishedName } from '../../support/names.js';
import { authority, certId, certificate, decode, issuer, server } from './scene.js';

describe('createCertId', () => {
  it.each(['sha1', 'sha256', 'sha384', 'sha512'] as const)('hashes name and key of the issuer with %s', (hash) => {
    const hex = (bytes: Uint8Array): string => createHash(hash).update(bytes).digest('hex');
    expect(createCertId(certificate, issuer, hash)).toEqual({
      hashAlgorithm: hash,
      issuerNameHash: hex(authority.name),
      issuerKeyHash: hex(authority.subjectPublicKey),
      serialNumber: server.serialNumber,
    });
  });

  it('takes the name as it stands in the certificate, not as the issuer writes its own', () => {
    const issuerName = distinguishedName([{ type: 'CN', value: 'Test Root CA', encoding: 'printable' }]);
    const renamed = decode(authority.issue({ issuerName }));
    const expected = createHash('sha1').update(issuerName).digest('hex');
    expect(createCertId(renamed, issuer, 'sha1').issuerNameHash).toBe(expected);
    expect(createCertIdForSerialNumber('01', issuer, 'sha1').issuerNameHash).not.toBe(expected);
  });

  it('is written as an independent encoder writes it', () => {
    for (const hash of ['sha1', 'sha256', 'sha384', 'sha512'] as const) {
      const ours = Buffer.from(encodeCertId(createCertId(certificate, issuer, hash)));
      expect(ours.equals(encodeByOther({ ...certId, hash }))).toBe(true);
    }
  });
});

describe('reading a CertID', () => {
  const read = (der: Uint8Array): ReturnType<typeof certIdOfElement> =>
    certIdOfElement(new DerReader(der).element(Tag.sequence, 'certID'));

  it('returns what was written, with NULL parameters or without', () => {
    const ours = createCertId(certificate, issuer, 'sha256');
    expect(read(encodeCertId(ours))).toEqual(ours);
    expect(read(encodeByOther({ ...certId, hash: 'sha256', hashParameters: 'absent' }))).toEqual(ours);
  });

  it('names a hash that it does not take by its OID', () => {
    expect(read(encodeByOther({ ...certId, hash: 'sha224' })).hashAlgorithm).toBe('2.16.840.1.101.3.4.2.4');
    expect(read(encodeByOther({ ...certId, hash: 'md5' })).hashAlgorithm).toBe('1.2.840.113549.2.5');
  });

  it('keeps leading zeros of a serial number and refuses an empty one', () => {
    expect(read(encodeByOther({ ...certId, serialNumber: '000001' })).serialNumber).toBe('000001');
    expect(() => read(encodeByOther({ ...certId, serialNumber: '' }))).toThrow(DerError);
  });
});

describe('certIdsEqual', () => {
  const ours = createCertId(certificate, issuer, 'sha1');

  it('compares serial numbers by value', () => {
    expect(certIdsEqual(ours, { ...ours, serialNumber: `0000${ours.serialNumber}` })).toBe(true);
  });

  it.each(['hashAlgorithm', 'issuerNameHash', 'issuerKeyHash', 'serialNumber'] as const)('compares %s', (field) => {
    expect(certIdsEqual(ours, { ...ours, [field]: '01' })).toBe(false);
  });

  it.each([
    ['00', '0000', true],
    ['01', '000001', true],
    ['0080', '000080', true],
    ['80', '0080', false],
    ['00', '01', false],
    ['10', '01', false],
    ['0100', '01', false],
  ])('says of the serial numbers %s and %s that they are equal: %s', (a, b, equal) => {
    expect(serialNumbersEqual(a, b)).toBe(equal);
    expect(serialNumbersEqual(b, a)).toBe(equal);
  });
});

describe('parseSerialNumber', () => {
  it.each([
    ['1', '01'],
    ['0x1', '01'],
    ['0X0A', '0a'],
    ['F3:74:54', '00f37454'],
    ['00f37454', '00f37454'],
    ['000001', '01'],
    ['7f', '7f'],
    ['80', '0080'],
    ['0', '00'],
    [' 10 ', '10'],
  ])('reads %s as %s', (text, expected) => {
    expect(parseSerialNumber(text)).toBe(expected);
  });

  it.each(['', '0x', ':', '-1', '12 34', 'xyz', '1.5', '٣'])('refuses %j', (text) => {
    expect(parseSerialNumber(text)).toBeUndefined();
  });
});

describe('parseSignedSerialNumber', () => {
  it.each([
    ['0D', '0d'],
    ['FF', '00ff'],
    ['-0D', 'f3'],
    ['-1', 'ff'],
    ['-80', '80'],
    ['-81', 'ff7f'],
    ['-FF', 'ff01'],
    ['-0100', 'ff00'],
    ['-8000', '8000'],
    ['-0', '00'],
  ])('reads %s as %s', (text, expected) => {
    expect(parseSignedSerialNumber(text)).toBe(expected);
  });

  it('writes each value as DER does', () => {
    for (let value = -70_000; value <= 70_000; value += 37) {
      const text = `${value < 0 ? '-' : ''}${Math.abs(value).toString(16)}`;
      expect(parseSignedSerialNumber(text)).toBe(integerContents(BigInt(value)).toString('hex'));
    }
  });

  it.each(['', '-', '--1', '-0x', '- 1 2', '1-'])('refuses %j', (text) => {
    expect(parseSignedSerialNumber(text)).toBeUndefined();
  });
});

describe('minimalSerialNumber', () => {
  it.each([
    ['00', '00'],
    ['0000', '00'],
    ['000005', '05'],
    ['00ff', '00ff'],
    ['0000ff', '00ff'],
    ['ff', 'ff'],
    ['7f00', '7f00'],
  ])('makes %s to %s', (serialNumber, expected) => {
    expect(minimalSerialNumber(serialNumber)).toBe(expected);
  });
});
