import { randomBytes } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';

import { readCertificateBundle, readCertificateFile } from '../../../src/source/certificate-file.js';
import { readPkcs7Certificates } from '../../../src/source/pkcs7.js';
import { certificatesOnlyBundle } from '../../support/bundles.js';
import type { IssuedCertificate } from '../../support/certificate.js';
import { bitString, integerOfContents, nullValue, objectIdentifier, sequence } from '../../support/der-writer.js';
import { pem } from '../../support/pem.js';
import { createCertificateAuthority, selfSigned } from '../../support/pki.js';
import { createTemporaryFolder } from '../../support/temporary-folder.js';

const authority = createCertificateAuthority();
const site = authority.issue();
const chain = certificatesOnlyBundle([authority, site]).der;

function fileOf(contents: string | Uint8Array): string {
  const folder = createTemporaryFolder();
  onTestFinished(() => folder.remove());
  return folder.write('file', contents);
}

const hexOf = (list: readonly Uint8Array[]): string[] => list.map((der) => Buffer.from(der).toString('hex'));
const derOf = (list: readonly IssuedCertificate[]): Uint8Array[] => list.map(({ certificate }) => certificate.der);

/** What holds one certificate of these octets beside good ones. */
function with1(der: Uint8Array): Uint8Array {
  return certificatesOnlyBundle([authority, { certificate: { der, pem: '' } }, site]).der;
}

describe('a PKCS#7', () => {
  it.each(['PKCS7', 'PKCS #7 SIGNED DATA', 'CMS', 'CERTIFICATE', 'X509 CERTIFICATE', 'CERTIFICATE CHAIN'])(
    'is read under the label %s',
    async (label) => {
      const { certificate, others } = await readCertificateFile(fileOf(pem(label, chain)));
      expect(hexOf([certificate.der, ...others])).toEqual(hexOf(derOf([site, authority])));
    },
  );

  it('is read beside certificates in one PEM, in the order of the file', async () => {
    const stranger = createCertificateAuthority({ name: 'Stranger' });
    const path = fileOf(stranger.certificate.pem + pem('CERTIFICATE', chain) + site.keyPem);
    const { certificate, others } = await readCertificateFile(path);
    expect(hexOf([certificate.der, ...others])).toEqual(hexOf(derOf([stranger, authority, site])));
  });

  it('may hold hundreds of certificates', async () => {
    const cas = Array.from({ length: 300 }, (_, index) => createCertificateAuthority({ name: `CA ${index}` }));
    const path = fileOf(certificatesOnlyBundle([...cas, authority, site]).der);
    expect(readCertificateBundle(path)).toHaveLength(302);
    expect(hexOf([(await readCertificateFile(path)).certificate.der])).toEqual(hexOf(derOf([site])));
  });

  it.each([
    ['is not a certificate', sequence(nullValue())],
    ['is garbage inside', sequence(Buffer.from('30ff', 'hex'))],
    ['is cut short inside', Buffer.concat([Buffer.of(0x30, 0x20), Buffer.from(site.certificate.der.subarray(4, 36))])],
  ])('is read around one member that %s', async (_, broken) => {
    const path = fileOf(with1(broken));
    const { certificate, others } = await readCertificateFile(path);
    expect(hexOf([certificate.der])).toEqual(hexOf(derOf([site])));
    expect(others).toHaveLength(2);
    expect(hexOf(readCertificateBundle(path).map(({ der }) => der))).toEqual(hexOf(derOf([authority, site])));
  });

  it('passes over members that are not X.509 certificates', () => {
    const attribute = { certificate: { der: Buffer.from('a1023000', 'hex'), pem: '' } };
    const bundle = certificatesOnlyBundle([attribute, site]);
    expect(hexOf(readPkcs7Certificates(bundle.der))).toEqual(hexOf(derOf([site])));
  });

  it('is read in BER with indefinite lengths, and with octets behind it', () => {
    const end = Buffer.alloc(2);
    const open = (tag: number, ...parts: Uint8Array[]): Buffer => Buffer.concat([Buffer.of(tag, 0x80), ...parts, end]);
    const contents = open(
      0x30,
      objectIdentifier('1.2.840.113549.1.7.1'),
      open(0xa0, open(0x24, Buffer.from('040101', 'hex'))),
    );
    const certificates = open(0xa0, ...derOf([site, authority]));
    const data = open(0x30, Buffer.from('0201013100', 'hex'), contents, certificates, Buffer.from('3100', 'hex'));
    const whole = open(0x30, objectIdentifier('1.2.840.113549.1.7.2'), open(0xa0, data));
    expect(hexOf(readPkcs7Certificates(Buffer.concat([whole, Buffer.from('\n')])))).toEqual(
      hexOf(derOf([site, authority])),
    );
  });

  it.each([
    ['cut short', chain.subarray(0, -20), 'it is cut short'],
    [
      'nested without end',
      Buffer.from(`308006092a864886f70d010702a080${'3080'.repeat(1000)}`, 'hex'),
      'nested too deeply',
    ],
    ['of another content', Buffer.from('300d06092a864886f70d010702a000', 'hex'), 'not a SignedData'],
    ['without content', Buffer.from('300b06092a864886f70d010702', 'hex'), 'no content'],
  ])('is refused where it is %s', (_, der, why) => {
    expect(() => readPkcs7Certificates(der)).toThrow(why);
  });

  it('without certificates has none', async () => {
    const path = fileOf(certificatesOnlyBundle([]).der);
    await expect(readCertificateFile(path)).rejects.toMatchObject({ code: 'no-certificate' });
  });

  it('has the certificate first that issued no other, found without a signature where names tell', async () => {
    const middle = authority.issue({ commonName: 'Middle', isCa: true });
    const leaf = middle.issue();
    const unrelated = createCertificateAuthority({ name: 'Unrelated' });
    const path = fileOf(certificatesOnlyBundle([unrelated, authority, leaf, middle]).der);
    expect(hexOf([(await readCertificateFile(path)).certificate.der])).toEqual(hexOf(derOf([leaf])));
  });

  it('has it first where it bears the name of its CA', async () => {
    const plain = { subjectKeyIdentifier: 'none', authorityKeyIdentifier: 'none' } as const;
    const ca = createCertificateAuthority({ ...plain, name: 'Same' });
    const leaf = ca.issue({ ...plain, commonName: 'Same' });
    const path = fileOf(certificatesOnlyBundle([ca, leaf]).der);
    expect(hexOf([(await readCertificateFile(path)).certificate.der])).toEqual(hexOf(derOf([leaf])));
  });

  it('costs little where all of its members could have issued each other under keys of 16,384 bits', async () => {
    const costly = Array.from({ length: 32 }, () =>
      createCertificateAuthority({
        publicKeyInfo: rsaKey(16_384),
        algorithmIdentifier: sequence(objectIdentifier('1.2.840.113549.1.1.11'), nullValue()),
        subjectKeyIdentifier: 'none',
        authorityKeyIdentifier: 'none',
      }),
    );
    const path = fileOf(certificatesOnlyBundle(costly).der);
    const started = process.cpuUsage();
    await readCertificateFile(path);
    const { user, system } = process.cpuUsage(started);
    // Pair by pair it would be 992 checks of 3 to 9 ms.
    expect((user + system) / 1000).toBeLessThan(1500);
  });

  it('costs little where thousands of its members have one name', async () => {
    const one = selfSigned({ commonName: 'Same', isCa: true });
    const many = Array.from({ length: 1500 }, (_, index) => {
      const der = Buffer.from(one.certificate.der);
      der.writeUInt16BE(index, der.length - 2);
      return { certificate: { der, pem: '' } };
    });
    const started = process.cpuUsage();
    expect((await readCertificateFile(fileOf(certificatesOnlyBundle(many).der))).others).toHaveLength(1499);
    const { user, system } = process.cpuUsage(started);
    expect((user + system) / 1000).toBeLessThan(3000);
  });
});

function rsaKey(bits: number): Buffer {
  const modulus = randomBytes(bits / 8);
  modulus[0] = 0x80;
  modulus[modulus.length - 1] = 1;
  const numbers = sequence(
    integerOfContents(Buffer.concat([Buffer.of(0), modulus])),
    integerOfContents(Buffer.from('010001', 'hex')),
  );
  return sequence(sequence(objectIdentifier('1.2.840.113549.1.1.1'), nullValue()), bitString(numbers));
}
