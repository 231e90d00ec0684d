import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { OcspError, decodeCertificate, type Certificate } from '../../../src/core/index.js';
import { readCrlSource, type CrlSource } from '../../../src/source/crl-file.js';
import { buildCrl, crlTimes, deltaCrlIndicator, issuingDistributionPoint, type CrlOptions } from '../../support/crl.js';
import { createOpensslAuthority, type OpensslAuthority } from '../../support/openssl-ca.js';
import { createCertificateAuthority } from '../../support/pki.js';
import { runOpenssl } from '../../support/run-program.js';
import { createTemporaryFolder } from '../../support/temporary-folder.js';

const authority = createCertificateAuthority();
const issuer = decodeCertificate(authority.certificate.der);
const folder = createTemporaryFolder();
afterAll(folder.remove);

const { now, revokedAt, thisUpdate, nextUpdate } = crlTimes;

function read(
  options: Partial<CrlOptions> = {},
  how: { now?: Date; allowStale?: boolean; issuer?: Certificate } = {},
): CrlSource {
  const path = folder.write('ca.crl', buildCrl({ issuer: authority, ...options }).der);
  return readCrlSource(path, how.issuer ?? issuer, { now, allowStale: false, ...how });
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

describe('a CRL file as a source', () => {
  it('knows what it lists as revoked and all else as good', () => {
    const source = read({ entries: [{ serialNumber: 5n, reason: 1 }, { serialNumber: 6n }] });
    expect(source.statusOf('05')).toEqual({ revokedAt, reason: 'keyCompromise' });
    expect(source.statusOf('0006')).toEqual({ revokedAt });
    expect(source.statusOf('07')).toBe('good');
    expect(source).toMatchObject({ thisUpdate, nextUpdate, warnings: [] });
  });

  it('counts entries that were removed as good', () => {
    expect(read({ entries: [{ serialNumber: 5n, reason: 8 }] }).statusOf('05')).toBe('good');
  });

  it('is read from PEM with text around it', () => {
    const { pem } = buildCrl({ issuer: authority, entries: [{ serialNumber: 5n }] });
    const path = folder.write('text.crl', `0 revoked so far\n${authority.certificate.pem}${pem}`);
    expect(readCrlSource(path, issuer, { now, allowStale: false }).statusOf('05')).toEqual({ revokedAt });
  });

  it('without nextUpdate is never stale and passes none on', () => {
    const source = read({ nextUpdate: null }, { now: new Date('2040-01-01T00:00:00Z') });
    expect('nextUpdate' in source).toBe(false);
  });

  it('says which certificates it is for, as limits and not as warnings', () => {
    const uri = 'http://ca.example/1.crl';
    const source = read({ extensions: [issuingDistributionPoint({ uri, flags: [1] })] });
    expect(source.warnings).toEqual([]);
    expect(source.limits).toHaveLength(2);
    expect(source.limits[0]).toContain('end-entity certificates only');
    expect(source.limits[1]).toContain(uri);
    expect(source.incomplete).toBeUndefined();
    const covered = decodeCertificate(authority.issue({ crlUris: [uri] }).certificate.der);
    const other = decodeCertificate(authority.issue({ crlUris: [`${uri}2`] }).certificate.der);
    expect(source.coverageFailure(covered)).toBeUndefined();
    expect(source.coverageFailure(other)).toContain(uri);
    expect(source.coverageFailure(issuer)).toContain('CA certificate');
  });

  it('that is complete has no limits', () => {
    const source = read();
    expect(source.limits).toEqual([]);
    expect(source.incomplete).toBeUndefined();
  });

  it.each([
    ['a delta CRL', deltaCrlIndicator(), 'delta CRL'],
    ['for some reasons', issuingDistributionPoint({ flags: [3] }), 'onlySomeReasons'],
    ['for CA certificates', issuingDistributionPoint({ flags: [2] }), 'onlyContainsCACerts'],
  ])('that is %s knows what it lists as revoked, and says why its silence never counts', (_, extension, why) => {
    const source = read({ extensions: [extension], entries: [{ serialNumber: 5n, reason: 1 }] });
    expect(source.statusOf('05')).toEqual({ revokedAt, reason: 'keyCompromise' });
    expect(source.incomplete?.code).toBe('crl-unsupported');
    expect(source.incomplete?.message).toContain(folder.at('ca.crl'));
    expect(source.incomplete?.message).toContain(why);
    expect(source.incomplete?.hint).toContain('complete CRL');
  });
});

describe('a CRL file that cannot be a source', () => {
  it('is one of another CA, and both are named', () => {
    const other = createCertificateAuthority({ name: 'Other CA' });
    const error = refusalOf(() => read({ issuer: other }));
    expect(error.code).toBe('crl-mismatch');
    expect(error.message).toContain('CN=Other CA');
    expect(error.message).toContain('CN=Test Root CA');
  });

  it.each([
    ['signed with another key', { signedBy: createCertificateAuthority().key }],
    ['with a signature that does not verify', { corruptSignature: true }],
  ])('is one %s', (_, options) => {
    const error = refusalOf(() => read(options));
    expect(error.code).toBe('crl-mismatch');
    expect(error.message).toContain('signature');
  });

  it('is a stale one, unless that is allowed', () => {
    const later = nextUpdate;
    const error = refusalOf(() => read({}, { now: later }));
    expect(error.code).toBe('crl-stale');
    expect(error.message).toContain('2026-03-08T12:00:00Z');
    expect(error.hint).toContain('--allow-stale-crl');

    const source = read({ entries: [{ serialNumber: 5n }] }, { now: later, allowStale: true });
    expect(source.statusOf('05')).toEqual({ revokedAt });
    expect(source.thisUpdate).toEqual(thisUpdate);
    expect('nextUpdate' in source).toBe(false);
    expect(source.warnings.join()).toContain('stale');
  });

  it('is fresh in the last second before nextUpdate', () => {
    expect(read({}, { now: new Date(nextUpdate.getTime() - 1000) }).nextUpdate).toEqual(nextUpdate);
  });

  it('is one that is not valid yet, even where stale ones are allowed', () => {
    const early = new Date(thisUpdate.getTime() - 1000);
    expect(refusalOf(() => read({}, { now: early, allowStale: true })).code).toBe('crl-not-yet-valid');
    expect(read({}, { now: thisUpdate }).thisUpdate).toEqual(thisUpdate);
  });

  it('is an indirect CRL, and the file is named', () => {
    const error = refusalOf(() => read({ extensions: [issuingDistributionPoint({ flags: [4] })] }));
    expect(error.code).toBe('crl-unsupported');
    expect(error.message).toContain(folder.at('ca.crl'));
    expect(error.message).toContain('indirect');
  });

  it.each([
    ['malformed-crl', 'a certificate', authority.certificate.pem],
    ['malformed-crl', 'a certificate in DER', authority.certificate.der],
    ['malformed-crl', 'text', 'no CRL here\n'],
    ['malformed-crl', 'two CRLs', buildCrl({ issuer: authority }).pem.repeat(2)],
    ['malformed-pem', 'a CRL without its end', buildCrl({ issuer: authority }).pem.slice(0, 200)],
    ['file-empty', 'nothing', ''],
  ])('is %s: %s', (code, _, contents) => {
    const path = folder.write('wrong.crl', contents);
    const error = refusalOf(() => readCrlSource(path, issuer, { now, allowStale: false }));
    expect(error.code).toBe(code);
    expect(error.message).toContain(path);
    expect(error.hint).not.toBe('');
  });

  it('is none at all', () => {
    const read = (): CrlSource => readCrlSource(folder.at('none.crl'), issuer, { now, allowStale: false });
    expect(refusalOf(read).code).toBe('file-not-found');
  });
});

describe('a CRL of openssl ca', { tags: 'openssl' }, () => {
  let ca: OpensslAuthority;
  beforeAll(() => {
    ca = createOpensslAuthority();
  });
  afterAll(() => ca.remove());

  it('says what openssl was told, in PEM and DER', async () => {
    const reasons = [
      ['first', ['-crl_reason', 'keyCompromise'], 'keyCompromise'],
      ['second', [], undefined],
      ['third', ['-crl_hold', 'holdInstructionReject'], 'certificateHold'],
      ['fourth', ['-crl_CA_compromise', '20250102000000Z'], 'cACompromise'],
    ] as const;
    ca.nextSerial('FF00');
    for (const [name, how] of reasons) {
      ca.issue(name);
      ca.revoke(name, ...how);
    }
    ca.issue('good');
    const path = ca.makeCrl();
    await runOpenssl(['crl', '-in', path, '-outform', 'DER', '-out', ca.at('crl.der')]);
    const own = decodeCertificate(new X509Certificate(readFileSync(ca.at('ca.pem'))).raw);
    const { stdout } = await runOpenssl(['crl', '-in', path, '-noout', '-lastupdate']);
    const made = new Date(stdout.replace('lastUpdate=', ''));
    for (const file of [path, ca.at('crl.der')]) {
      const source = readCrlSource(file, own, { now: new Date(made.getTime() + 1000), allowStale: false });
      expect(source.thisUpdate).toEqual(made);
      reasons.forEach(([, , reason], index) => {
        const status = source.statusOf(`00ff0${index}`);
        expect(status).toMatchObject({
          revokedAt: expect.any(Date) as Date,
          ...(reason === undefined ? {} : { reason }),
        });
        expect(status === 'good' || status === 'unknown' ? '' : status.reason).toBe(reason);
      });
      expect(source.statusOf('00ff04')).toBe('good');
    }
  });
});
