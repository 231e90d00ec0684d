import { describe, expect, it } from 'vitest';

import type { decodeCertificate } from '../../../../src/core/index.js';
import { OcspError } from '../../../../src/core/index.js';
import { allReasons, crlScopeFailure, pointTexts } from '../../../../src/core/crl/crl-scope.js';
import { Tag, readWhole } from '../../../../src/core/der/der.js';
import { crlEntryOf, crlFailure, decodeCrl, type Crl } from '../../../../src/core/crl/crl.js';
import {
  buildCrl,
  crlNumber,
  crlTimes,
  deltaCrlIndicator,
  issuingDistributionPoint,
  type CrlOptions,
} from '../../../support/crl.js';
import { contextConstructed, objectIdentifier, sequence, setOf, utf8String } from '../../../support/der-writer.js';
import { unheardOf } from '../../../support/extensions.js';
import { createCertificateAuthority } from '../../../support/pki.js';
import { authority, decode, issuer, server } from '../scene.js';

const { revokedAt, thisUpdate, nextUpdate } = crlTimes;

function build(options: Partial<CrlOptions> = {}): Crl {
  return decodeCrl(buildCrl({ issuer: authority, ...options }).der);
}

/** The RDNs of a Name. */
function relativeNamesOf(name: Uint8Array): Uint8Array[] {
  const reader = readWhole(name, Tag.sequence, 'name');
  const names: Uint8Array[] = [];
  while (!reader.isAtEnd) names.push(reader.any('relative name').raw);
  return names;
}

function refusalOf(make: () => unknown): OcspError {
  try {
    make();
  } catch (error) {
    if (error instanceof OcspError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('a CRL', () => {
  it('is decoded with issuer, times and entries', () => {
    const crl = build({ entries: [{ serialNumber: 5n }, { serialNumber: server.serialNumber, reason: 1 }] });
    expect(Buffer.from(crl.issuer)).toEqual(Buffer.from(authority.name));
    expect(crl).toMatchObject({ thisUpdate, nextUpdate });
    expect(crl.entries.size).toBe(2);
    expect(crlEntryOf(crl, '05')).toEqual({ revokedAt });
    expect(crlEntryOf(crl, server.serialNumber)).toEqual({ revokedAt, reason: 'keyCompromise' });
    expect(crlEntryOf(crl, '06')).toBeUndefined();
  });

  it('may have no entries, no nextUpdate, or an empty list', () => {
    const crl = build({ nextUpdate: null });
    expect(crl.entries.size).toBe(0);
    expect('nextUpdate' in crl).toBe(false);
    expect(build({ emptyList: true }).entries.size).toBe(0);
  });

  it('of version 1 is read', () => {
    expect(crlEntryOf(build({ version: null, entries: [{ serialNumber: 5n }] }), '05')).toEqual({ revokedAt });
  });

  it('is read with times after 2049', () => {
    expect(build({ nextUpdate: new Date('2055-01-01T00:00:00Z') }).nextUpdate).toEqual(
      new Date('2055-01-01T00:00:00Z'),
    );
  });

  it.each([
    ['00ff', '00ff'],
    ['0000ff', '00ff'],
    ['00ff', '000000ff'],
    ['0005', '05'],
  ])('with the serial number %s lists %s, which has the same value', (listed, asked) => {
    expect(crlEntryOf(build({ entries: [{ serialNumber: listed }] }), asked)).toEqual({ revokedAt });
  });

  it('does not take a negative serial number for the positive one of the same octets', () => {
    const crl = build({ entries: [{ serialNumber: 'ff' }] });
    expect(crlEntryOf(crl, 'ff')).toEqual({ revokedAt });
    expect(crlEntryOf(crl, '00ff')).toBeUndefined();
  });

  it.each([
    [0, 'unspecified'],
    [2, 'cACompromise'],
    [6, 'certificateHold'],
    [8, 'removeFromCRL'],
    [10, 'aACompromise'],
  ])('gives reason %i its name %s', (reason, name) => {
    expect(crlEntryOf(build({ entries: [{ serialNumber: 5n, reason }] }), '05')).toEqual({ revokedAt, reason: name });
  });

  it('with a reason that nobody defined still says that the certificate is revoked', () => {
    expect(crlEntryOf(build({ entries: [{ serialNumber: 5n, reason: 7 }] }), '05')).toEqual({ revokedAt });
    expect(crlEntryOf(build({ entries: [{ serialNumber: 5n, reason: 99 }] }), '05')).toEqual({ revokedAt });
  });

  it('overlooks an instruction and an invalidity date beside the reason', () => {
    const extensions = [
      { oid: '2.5.29.23', value: Buffer.from('06072a8648ce380202', 'hex') },
      { oid: '2.5.29.24', value: Buffer.from('180f32303235303130313030303030305a', 'hex') },
    ];
    const crl = build({ entries: [{ serialNumber: 5n, reason: 6, extensions }] });
    expect(crlEntryOf(crl, '05')).toEqual({ revokedAt, reason: 'certificateHold' });
  });

  it('keeps the graver of two entries for one serial number', () => {
    const removed = { serialNumber: 5n, reason: 8 };
    const held = { serialNumber: '0005', reason: 6, revokedAt: new Date('2026-01-01T00:00:00Z') };
    const expected = { revokedAt: held.revokedAt, reason: 'certificateHold' };
    expect(crlEntryOf(build({ entries: [removed, held] }), '05')).toEqual(expected);
    expect(crlEntryOf(build({ entries: [held, removed] }), '05')).toEqual(expected);
  });

  it('with many entries of many kinds keeps each apart', () => {
    const kinds = [undefined, 1, 3, 4, 5, 6];
    const entries = Array.from({ length: 3000 }, (_, index) => {
      const reason = kinds[index % kinds.length];
      return { serialNumber: BigInt(index + 1), ...(reason === undefined ? {} : { reason }) };
    });
    const crl = build({ entries });
    expect(crl.entries.size).toBe(3000);
    expect(crlEntryOf(crl, '01')?.reason).toBeUndefined();
    expect(crlEntryOf(crl, '02')?.reason).toBe('keyCompromise');
    expect(crlEntryOf(crl, '0bb8')?.reason).toBe('certificateHold');
  });
});

describe('a CRL that is not valid DER', () => {
  const good = buildCrl({ issuer: authority, entries: [{ serialNumber: 5n, reason: 1 }] }).der;

  it.each([
    ['cut short', good.subarray(0, good.length - 1)],
    ['with an octet after its end', Buffer.concat([good, Buffer.of(0)])],
    ['that is a certificate', server.certificate.der],
    ['that is text', Buffer.from('hello')],
    ['without a byte', new Uint8Array(0)],
    ['of version 3', buildCrl({ issuer: authority, version: 2 }).der],
    [
      'of version 1 with extensions',
      buildCrl({ issuer: authority, version: null, extensions: [unheardOf(false)] }).der,
    ],
    [
      'of version 1 with entry extensions',
      buildCrl({ issuer: authority, version: null, entries: [{ serialNumber: 5n, reason: 1 }] }).der,
    ],
    [
      'whose signed algorithm is another than the one outside',
      buildCrl({ issuer: authority, innerAlgorithm: 'ecdsa-sha384' }).der,
    ],
    ['with an extension twice', buildCrl({ issuer: authority, extensions: [unheardOf(false), unheardOf(false)] }).der],
    [
      'whose reason is not an ENUMERATED',
      buildCrl({
        issuer: authority,
        entries: [{ serialNumber: 5n, extensions: [{ oid: '2.5.29.21', value: utf8String('x') }] }],
      }).der,
    ],
    [
      'whose issuing distribution point is empty text',
      buildCrl({ issuer: authority, extensions: [{ oid: '2.5.29.28', value: utf8String('') }] }).der,
    ],
  ])('is refused: one %s', (_, der) => {
    const error = refusalOf(() => decodeCrl(der));
    expect(error.code).toBe('malformed-crl');
    expect(error.kind).toBe('input');
    expect(error.hint).toContain('openssl crl');
  });

  it('is refused wherever it is cut', () => {
    for (let length = 0; length < good.length; length += 1) {
      expect(refusalOf(() => decodeCrl(good.subarray(0, length))).code).toBe('malformed-crl');
    }
  });
});

describe('a CRL that must not be used', () => {
  it.each([
    ['indirectCRL', [issuingDistributionPoint({ flags: [4] })]],
    ['onlyContainsAttributeCerts', [issuingDistributionPoint({ flags: [5] })]],
    [unheardOf(true).oid, [unheardOf(true)]],
  ])('is refused: %s', (words, extensions) => {
    const error = refusalOf(() => build({ extensions }));
    expect(error.code).toBe('crl-unsupported');
    expect(error.message).toContain(words);
  });

  it('is refused when an entry names another CA', () => {
    const certificateIssuer = { oid: '2.5.29.29', critical: true, value: sequence(authority.name) };
    const error = refusalOf(() => build({ entries: [{ serialNumber: 5n, extensions: [certificateIssuer] }] }));
    expect(error.code).toBe('crl-unsupported');
    expect(error.message).toContain('indirect');
  });

  it('is refused when an entry has an unknown critical extension', () => {
    const entries = [{ serialNumber: 5n }, { serialNumber: 6n, reason: 1, extensions: [unheardOf(true)] }];
    expect(refusalOf(() => build({ entries })).code).toBe('crl-unsupported');
  });

  it('is taken with unknown extensions that are not critical', () => {
    const crl = build({
      extensions: [unheardOf(false)],
      entries: [{ serialNumber: 5n, extensions: [unheardOf(false)] }],
    });
    expect(crlEntryOf(crl, '05')).toEqual({ revokedAt });
  });
});

describe('the scope of a CRL', () => {
  const uri = 'http://ca.example/1.crl';
  const scopeOf = (options: Parameters<typeof issuingDistributionPoint>[0]): Crl['scope'] =>
    build({ extensions: [issuingDistributionPoint(options)] }).scope;
  const certificateOf = (options: Parameters<typeof authority.issue>[0]): ReturnType<typeof decodeCertificate> =>
    decode(authority.issue(options));

  it('is everything without an issuing distribution point', () => {
    const { scope } = build();
    expect(scope).toMatchObject({ onlyUserCertificates: false, onlyAuthorities: false, reasons: allReasons });
    expect(scope).toMatchObject({ distributionPoint: undefined, baseNumber: undefined, number: undefined });
    expect(crlScopeFailure(scope, certificateOf({ isCa: true, crlUris: [uri] }))).toBeUndefined();
  });

  it('leaves CA certificates out with onlyContainsUserCerts', () => {
    const scope = scopeOf({ flags: [1] });
    expect(scope.onlyUserCertificates).toBe(true);
    expect(crlScopeFailure(scope, certificateOf({}))).toBeUndefined();
    expect(crlScopeFailure(scope, certificateOf({ isCa: true }))).toBe('a-ca-certificate');
  });

  it('leaves out certificates that name another distribution point', () => {
    const scope = scopeOf({ uri });
    expect(pointTexts(scope)).toEqual([uri]);
    expect(crlScopeFailure(scope, certificateOf({ crlUris: ['http://ca.example/2.crl'] }))).toBe(
      'another-distribution-point',
    );
    expect(crlScopeFailure(scope, certificateOf({ crlUris: ['http://ca.example/2.crl', uri] }))).toBeUndefined();
    expect(crlScopeFailure(scope, certificateOf({}))).toBe('no-distribution-point');
  });

  it('leaves end-entity certificates out with onlyContainsCACerts', () => {
    const scope = scopeOf({ flags: [2] });
    expect(crlScopeFailure(scope, certificateOf({}))).toBe('no-ca-certificate');
    expect(crlScopeFailure(scope, certificateOf({ isCa: true }))).toBeUndefined();
  });

  it('knows the reasons, the number, and the base of a delta', () => {
    expect(scopeOf({ flags: [3], reasons: [0x01, 0x02] }).reasons).toBe(0x04);
    expect(scopeOf({ flags: [3], reasons: [0x07, 0x7f, 0x80] }).reasons).toBe(allReasons);
    const { scope } = build({ extensions: [crlNumber(300), deltaCrlIndicator(299)] });
    expect(scope).toMatchObject({ number: 300n, baseNumber: 299n });
  });

  const relativeName = sequence(objectIdentifier('2.5.4.3'), utf8String('CRL1'));
  const directory = (text: string): Buffer =>
    contextConstructed(
      0,
      contextConstructed(
        4,
        sequence(...relativeNamesOf(authority.name), setOf(sequence(objectIdentifier('2.5.4.3'), utf8String(text)))),
      ),
    );
  const own = contextConstructed(0, contextConstructed(4, authority.name));
  const pointing = (...fields: readonly Uint8Array[]): ReturnType<typeof decodeCertificate> =>
    certificateOf({ extensions: [{ oid: '2.5.29.31', value: sequence(sequence(...fields)) }] });

  it.each<[string, Uint8Array, () => ReturnType<typeof decodeCertificate>, boolean]>([
    ['the same directoryName', directory('CRL1'), () => pointing(contextConstructed(0, directory('CRL1'))), true],
    ['it in another case', directory('CRL1'), () => pointing(contextConstructed(0, directory('crl1'))), true],
    ['another directoryName', directory('CRL1'), () => pointing(contextConstructed(0, directory('CRL2'))), false],
    [
      'the name relative to the issuer',
      directory('CRL1'),
      () => pointing(contextConstructed(0, contextConstructed(1, relativeName))),
      true,
    ],
    [
      'the full name of a relative one',
      contextConstructed(1, relativeName),
      () => pointing(contextConstructed(0, directory('CRL1'))),
      true,
    ],
    ['no point, where the CRL is for the name of the CA', own, () => certificateOf({}), true],
    [
      'no name but the CA as cRLIssuer',
      own,
      () => pointing(contextConstructed(2, contextConstructed(4, authority.name))),
      true,
    ],
    [
      'the same name by another cRLIssuer',
      directory('CRL1'),
      () =>
        pointing(contextConstructed(0, directory('CRL1')), contextConstructed(2, contextConstructed(4, sequence()))),
      false,
    ],
    [
      'a name that cannot be decoded',
      directory('CRL1'),
      () => pointing(contextConstructed(0, contextConstructed(0, contextConstructed(4, utf8String('x'))))),
      false,
    ],
  ])('compares names of any kind: %s', (_, point, make, isCovered) => {
    const failure = crlScopeFailure(scopeOf({ point }), make());
    expect(failure === undefined).toBe(isCovered);
  });
});

describe('a CRL that would be work before its signature is looked at', () => {
  it('is refused for an issuer or extensions without measure', () => {
    const extension = { oid: '1.3.6.1.4.1.99999.1', value: new Uint8Array(70_000) };
    expect(() => build({ extensions: [extension] })).toThrow(
      'the CRL is too long for restaple: its extensions are longer than 65536 octets',
    );
    const relativeName = sequence(objectIdentifier('2.5.4.3'), utf8String('x'));
    const name = sequence(...Array.from({ length: 6000 }, () => setOf(relativeName)));
    expect(() => build({ issuer: { ...authority, name } })).toThrow(
      'the CRL is too long for restaple: issuer is longer than 65536 octets',
    );
  });

  it('is shown to its taker before its entries are read', () => {
    const der = buildCrl({ issuer: authority, entries: [{ serialNumber: 5n, reason: 77 }] }).der;
    const refuse = (): never => {
      throw new OcspError('crl-mismatch', 'not this one');
    };
    expect(() => decodeCrl(der, refuse)).toThrow('not this one');
  });
});

describe('the signature of a CRL', () => {
  it('verifies with its issuer', () => {
    expect(crlFailure(build(), issuer)).toBeUndefined();
  });

  it.each(['rsa-2048', 'ec-p384', 'ed25519'] as const)('verifies with a key of type %s', (keyType) => {
    const other = createCertificateAuthority({ keyType });
    expect(crlFailure(decodeCrl(buildCrl({ issuer: other }).der), decode(other))).toBeUndefined();
  });

  it.each([
    ['other-name', buildCrl({ issuer: createCertificateAuthority({ name: 'Other CA' }) })],
    ['signature-invalid', buildCrl({ issuer: authority, corruptSignature: true })],
    ['signature-invalid', buildCrl({ issuer: authority, signedBy: createCertificateAuthority().key })],
  ])('fails as %s', (failure, { der }) => {
    expect(crlFailure(decodeCrl(der), issuer)).toBe(failure);
  });

  it('fails with an issuer that may not sign CRLs', () => {
    const other = createCertificateAuthority({ keyUsage: ['keyCertSign'] });
    expect(crlFailure(decodeCrl(buildCrl({ issuer: other }).der), decode(other))).toBe('may-not-sign-crls');
    const without = createCertificateAuthority({ keyUsage: 'none' });
    expect(crlFailure(decodeCrl(buildCrl({ issuer: without }).der), decode(without))).toBeUndefined();
  });
});
