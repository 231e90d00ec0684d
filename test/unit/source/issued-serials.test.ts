import { readFileSync, mkdirSync } from 'node:fs';
import { afterAll, afterEach, describe, expect, it } from 'vitest';

import { OcspError, decodeCertificate, decodePem } from '../../../src/core/index.js';
import { narrowToIssued, readIssuedSerials, type IssuedSerials } from '../../../src/source/issued-serials.js';
import { fixedStatus } from '../../../src/source/status-source.js';
import { certificatesOnlyBundle } from '../../support/bundles.js';
import { createOpensslAuthority } from '../../support/openssl-ca.js';
import { createCertificateAuthority } from '../../support/pki.js';
import { runOpenssl } from '../../support/run-program.js';
import { createTemporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.js';

const authority = createCertificateAuthority();
const issuer = decodeCertificate(authority.certificate.der);
const impostor = createCertificateAuthority();

let folder: TemporaryFolder = createTemporaryFolder();
afterEach(() => {
  folder.remove();
  folder = createTemporaryFolder();
});
afterAll(() => folder.remove());

const serials = (...list: readonly bigint[]): ReturnType<typeof authority.issue>[] =>
  list.map((serialNumber) => authority.issue({ serialNumber }));

function readList(contents: string): Promise<IssuedSerials> {
  return readIssuedSerials(folder.write('serials', contents), issuer);
}

describe('the serial numbers in a folder', () => {
  it('are those of certificates that this CA signed, in PEM, DER and PKCS#7', async () => {
    const [first, second, third, hidden, deeper] = serials(1n, 255n, 3n, 4n, 5n);
    folder.write('01.pem', first!.certificate.pem);
    folder.write('server', second!.certificate.der);
    folder.write('bundle.p7b', certificatesOnlyBundle([third!, authority]).pem);
    folder.write('.hidden.pem', hidden!.certificate.pem);
    folder.write('more/05.pem', deeper!.certificate.pem);
    folder.write('impostor.pem', impostor.issue({ serialNumber: 6n }).certificate.pem);
    folder.write('key.pem', first!.keyPem);
    folder.write('notes.txt', 'not a certificate\n');
    folder.write('empty', '');

    const issued = await readIssuedSerials(folder.path, issuer);
    expect(issued.warnings).toEqual([]);
    for (const serial of ['01', '00ff', '0000ff', '03']) expect(issued.has(serial), serial).toBe(true);
    for (const serial of ['04', '05', '06', 'ff', '07']) expect(issued.has(serial), serial).toBe(false);
  });

  it('come with a warning for each file that may have held one', async () => {
    folder.write('good.pem', serials(1n)[0]!.certificate.pem);
    folder.write('cut.pem', serials(2n)[0]!.certificate.pem.slice(0, 200));
    const issued = await readIssuedSerials(folder.path, issuer);
    expect(issued.has('01')).toBe(true);
    expect(issued.warnings).toHaveLength(1);
    expect(issued.warnings[0]).toContain('cut.pem');
  });

  it('come with a warning when there are none', async () => {
    mkdirSync(folder.at('empty'));
    const issued = await readIssuedSerials(folder.at('empty'), issuer);
    expect(issued.size).toBe(0);
    expect(issued.warnings.join()).toContain('unknown');
  });

  it('of openssl ca are all that it issued', { tags: 'openssl' }, async () => {
    const ca = createOpensslAuthority();
    try {
      ca.nextSerial('FE');
      for (const name of ['one', 'two', 'three']) ca.issue(name);
      const own = decodeCertificate(decodePem(readFileSync(ca.at('ca.pem')))[0]!.der);
      const issued = await readIssuedSerials(ca.at('certs'), own);
      expect(issued.size).toBe(3);
      for (const serial of ['00fe', '00ff', '0100']) expect(issued.has(serial), serial).toBe(true);

      const { stdout } = await runOpenssl(['x509', '-in', ca.at('two.pem'), '-noout', '-serial']);
      expect((await readIssuedSerials(ca.write('list', stdout), own)).has('00ff')).toBe(true);
    } finally {
      ca.remove();
    }
  });
});

describe('the serial numbers in a file', () => {
  it('are one a line, as people and openssl write them', async () => {
    const issued = await readList('# ours\n\nserial=0D\r\n0xFF\n 03:e8 \n-01\n00000005');
    expect(issued.size).toBe(5);
    for (const serial of ['0d', '00ff', '03e8', 'ff', '05']) expect(issued.has(serial), serial).toBe(true);
    expect(issued.warnings).toEqual([]);
  });

  it('are those of a PEM bundle', async () => {
    const bundle = [...serials(1n, 2n), impostor.issue({ serialNumber: 3n })];
    const issued = await readList(bundle.map(({ certificate }) => certificate.pem).join('\n'));
    expect([issued.has('01'), issued.has('02'), issued.has('03')]).toEqual([true, true, false]);
  });

  it.each(['server.example', '0D 0E', 'serial=', '0xx1', '12g'])('are refused with their line: %j', async (line) => {
    const error = await readList(`0D\n${line}\n`).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(OcspError);
    expect(error).toMatchObject({ code: 'malformed-serial-list' });
    expect((error as OcspError).message).toContain(`${folder.at('serials')} line 2: `);
  });

  it('are refused when the file is none', async () => {
    await expect(readIssuedSerials(folder.at('none'), issuer)).rejects.toMatchObject({ code: 'file-not-found' });
    await expect(readList('')).rejects.toMatchObject({ code: 'file-empty' });
  });
});

describe('a source narrowed to what was issued', () => {
  it('says unknown of all else and keeps the rest', async () => {
    const thisUpdate = new Date('2026-03-01T00:00:00Z');
    const source = narrowToIssued({ ...fixedStatus('good'), thisUpdate }, await readList('0D\n'));
    expect(source.statusOf('0d')).toBe('good');
    expect(source.statusOf('000d')).toBe('good');
    expect(source.statusOf('0e')).toBe('unknown');
    expect(source.thisUpdate).toEqual(thisUpdate);
  });
});
