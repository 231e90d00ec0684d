import { createPrivateKey, X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { certificateRequest, certificatesOnlyBundle } from '../../support/bundles.js';
import type { CertificateOptions } from '../../support/certificate.js';
import { purposes } from '../../support/extensions.js';
import { privateKeyPem, type KeyType } from '../../support/keys.js';
import { createCertificateAuthority, selfSigned } from '../../support/pki.js';
import { runOpenssl } from '../../support/run-program.js';
import { createTemporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.js';

let folder: TemporaryFolder;
beforeAll(() => {
  folder = createTemporaryFolder();
});
afterAll(() => folder.remove());

const root = createCertificateAuthority();
const verifyTime = ['-attime', '1767312000'];

async function text(options: CertificateOptions): Promise<string> {
  const { certificate } = root.issue(options);
  return (await runOpenssl(['x509', '-noout', '-text', '-inform', 'DER'], certificate.der)).stdout;
}

describe('the test authority', () => {
  const keyTypes: KeyType[] = ['ec-p256', 'ec-p384', 'ec-p521', 'rsa-2048', 'rsa-pss', 'ed25519', 'ed448'];

  it.each(keyTypes)('issues chains with %s keys that openssl verifies', { tags: 'openssl' }, async (keyType) => {
    const authority = createCertificateAuthority({ name: `Root of ${keyType}`, keyType });
    const intermediate = authority.issue({ isCa: true, commonName: 'Intermediate', keyType, pathLength: 0 });
    const leaf = intermediate.issue({ keyType, subjectAltNames: ['server.example', '192.0.2.1'] });
    const result = await runOpenssl([
      'verify',
      '-x509_strict',
      ...verifyTime,
      '-CAfile',
      folder.write(`${keyType}-root.pem`, authority.certificate.pem),
      '-untrusted',
      folder.write(`${keyType}-intermediate.pem`, intermediate.certificate.pem),
      folder.write(`${keyType}-leaf.pem`, leaf.certificate.pem),
    ]);
    expect(result.stderr).toBe('');
    expect(result.stdout).toMatch(/: OK\n$/);
  });

  it('issues a certificate whose key parameters ask for MGF1 with SHA-1', { tags: 'openssl' }, async () => {
    const authority = createCertificateAuthority({ keyType: 'rsa-pss-mgf1-sha1' });
    const file = folder.write('mgf1.pem', authority.certificate.pem);
    const result = await runOpenssl(['verify', ...verifyTime, '-check_ss_sig', '-CAfile', file, file]);
    expect(result.stdout).toMatch(/: OK\n$/);
  });

  it('makes a certificate of the same name and another key that the issuer did not sign', () => {
    const impostor = createCertificateAuthority();
    const issuer = new X509Certificate(root.certificate.der);
    const honest = new X509Certificate(root.issue().certificate.der);
    const forged = new X509Certificate(root.issue({ signedBy: impostor.key }).certificate.der);
    expect(honest.verify(issuer.publicKey)).toBe(true);
    expect(forged.issuer).toBe(issuer.subject);
    expect(forged.verify(issuer.publicKey)).toBe(false);
    expect(forged.verify(new X509Certificate(impostor.certificate.der).publicKey)).toBe(true);
  });

  it.each<KeyType>(['ec-p256', 'rsa-2048', 'ed25519'])('corrupts a signature of a %s key', (keyType) => {
    const authority = createCertificateAuthority({ keyType });
    const { certificate } = authority.issue({ corruptSignature: true });
    const { publicKey } = new X509Certificate(authority.certificate.der);
    expect(new X509Certificate(certificate.der).verify(publicKey)).toBe(false);
  });

  it('keeps the key of each authority its own and shares RSA keys of end entities', () => {
    const first = createCertificateAuthority({ keyType: 'rsa-2048' });
    const second = createCertificateAuthority({ keyType: 'rsa-2048' });
    expect(first.keyPem).not.toBe(second.keyPem);
    expect(first.issue({ keyType: 'rsa-2048' }).keyPem).toBe(second.issue({ keyType: 'rsa-2048' }).keyPem);
    expect(first.issueResponder({ keyType: 'rsa-2048' }).keyPem).not.toBe(first.issue({ keyType: 'rsa-2048' }).keyPem);
  });

  it('writes every extension so that openssl can read it', { tags: 'openssl' }, async () => {
    const printed = await text({
      ocspUris: ['http://ocsp.example/a', 'ldap://ocsp.example'],
      caIssuersUris: ['http://ca.example/ca.der'],
      crlUris: ['http://ca.example/ca.crl'],
      mustStaple: true,
      ocspNoCheck: true,
      extendedKeyUsage: [purposes.ocspSigning, purposes.serverAuth],
      subjectAltNames: ['server.example'],
      authorityKeyIdentifier: 'issuer-and-serial',
    });
    for (const expected of [
      'OCSP - URI:http://ocsp.example/a',
      'OCSP - URI:ldap://ocsp.example',
      'CA Issuers - URI:http://ca.example/ca.der',
      'URI:http://ca.example/ca.crl',
      'status_request',
      'OCSP No Check',
      'OCSP Signing, TLS Web Server Authentication',
      'DNS:server.example',
      'DirName:/CN=Test Root CA',
      'CA:FALSE',
      'Digital Signature',
    ]) {
      expect(printed).toContain(expected);
    }
  });

  it('leaves out what it is told to leave out', { tags: 'openssl' }, async () => {
    const printed = await text({
      basicConstraints: 'none',
      keyUsage: 'none',
      subjectKeyIdentifier: 'none',
      authorityKeyIdentifier: 'none',
    });
    for (const absent of ['Basic Constraints', 'Key Usage', 'Key Identifier']) expect(printed).not.toContain(absent);
  });

  it('takes hostile text, several attributes and exact serial octets', () => {
    const issued = root.issue({
      subject: [
        [
          { type: 'O', value: 'a\nb' },
          { type: 'OU', value: 'c' },
        ],
        { type: 'CN', value: '\u001b[31mred' },
      ],
      serialNumber: '008f01',
    });
    expect(issued.serialNumber).toBe('008f01');
    expect(Buffer.from(issued.certificate.der).includes(Buffer.from('0203008f01', 'hex'))).toBe(true);
    expect(Buffer.from(issued.certificate.der).includes('\u001b[31mred')).toBe(true);
    expect(new X509Certificate(issued.certificate.der).serialNumber).toBe('8F01');
  });

  it('makes self-signed certificates that are not an authority', () => {
    const own = new X509Certificate(selfSigned({ commonName: 'alone' }).certificate.der);
    expect(own.verify(own.publicKey)).toBe(true);
    expect(own.ca).toBe(false);
  });
});

describe('the files around certificates', () => {
  it('makes certificate requests that openssl verifies', { tags: 'openssl' }, async () => {
    const result = await runOpenssl(['req', '-verify', '-noout', '-config', '/dev/null'], certificateRequest().pem);
    expect(result.exitCode).toBe(0);
    expect(result.stderr).toContain('verify OK');
  });

  it('bundles certificates as PKCS#7 that openssl reads', { tags: 'openssl' }, async () => {
    const bundle = certificatesOnlyBundle([root.issue({ commonName: 'one' }), root]);
    const fromPem = await runOpenssl(['pkcs7', '-print_certs', '-noout'], bundle.pem);
    const fromDer = await runOpenssl(['pkcs7', '-print_certs', '-noout', '-inform', 'DER'], bundle.der);
    expect(fromPem.stdout).toMatch(/subject=CN ?= ?one/);
    expect(fromPem.stdout).toMatch(/subject=CN ?= ?Test Root CA/);
    expect(fromDer.stdout).toBe(fromPem.stdout);
  });

  it('writes private keys in every form, encrypted too', () => {
    const { key } = root.issue({ keyType: 'rsa-2048' });
    expect(privateKeyPem(key, { form: 'pkcs1' })).toContain('BEGIN RSA PRIVATE KEY');
    expect(privateKeyPem(root.key, { form: 'sec1' })).toContain('BEGIN EC PRIVATE KEY');
    const encrypted = privateKeyPem(key, { passphrase: 'secret' });
    expect(encrypted).toContain('BEGIN ENCRYPTED PRIVATE KEY');
    expect(createPrivateKey({ key: encrypted, passphrase: 'secret' }).equals(key)).toBe(true);
  });
});
