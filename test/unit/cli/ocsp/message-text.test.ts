// @module-tag openssl
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { requestText } from '../../../../src/cli/ocsp/text/request-text.js';
import { responseText } from '../../../../src/cli/ocsp/text/response-text.js';
import { decodeResponse, isResponse } from '../../../../src/core/index.js';
import { generateKey, privateKeyPem, type KeyType } from '../../../support/keys.js';
import { withoutRoots } from '../../../support/run-program.js';
import { createTemporaryFolder, type TemporaryFolder } from '../../../support/temporary-folder.js';

const configuration = `
[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical,CA:TRUE,pathlen:3
keyUsage = critical,keyCertSign,cRLSign,digitalSignature
subjectKeyIdentifier = hash
[plain]
[talkative]
basicConstraints = CA:FALSE
keyUsage = critical,digitalSignature,nonRepudiation
extendedKeyUsage = OCSPSigning,serverAuth,clientAuth,codeSigning,emailProtection,timeStamping,1.2.3.9
noCheck = ignored
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always,issuer:always
authorityInfoAccess = OCSP;URI:http://ocsp.example/,caIssuers;URI:http://ca.example/,caIssuers;dirName:dn
crlDistributionPoints = URI:http://crl.example/a,URI:http://crl.example/b
certificatePolicies = 1.2.3.4,2.5.29.32.0,@policy
subjectAltName = DNS:a.example,IP:192.0.2.1,IP:2001:db8::1,email:a@b.example,URI:http://c.example/,dirName:dn,RID:1.2.3
tlsfeature = status_request,status_request_v2
1.2.3.4.5 = ASN1:UTF8String:Some ü thing
[keyid]
authorityKeyIdentifier = keyid:always
[dn]
C = DE
CN = Foo
[policy]
policyIdentifier = 1.3.5.8
CPS.1 = http://cps.example/
`;

let folder: TemporaryFolder;

function openssl(...words: readonly string[]): string {
  return execFileSync('openssl', words, {
    cwd: folder.path,
    stdio: 'pipe',
    env: { PATH: process.env['PATH'], ...withoutRoots },
  }).toString();
}

const keys = {
  rsa: 'rsa-2048',
  pss: 'rsa-pss',
  p256: 'ec-p256',
  p384: 'ec-p384',
  p521: 'ec-p521',
  ed25519: 'ed25519',
} as const satisfies Record<string, KeyType>;

const names = {
  plain: '/CN=ocsp',
  odd: '/C=DE/O=Quoted "A", B; <C>/OU=  blank #ü€ /serialNumber=12/emailAddress=a@b.example/DC=example/CN=a\\\\b',
  several: '/C=DE/OU=one+CN=two',
} as const;

/** A certificate of the CA, `NAME.pem`, for the one key of this kind, `KIND.key`. */
function issue(name: string, key: keyof typeof keys, subject: string, extensions: string, serial: string): void {
  const request = ['-nodes', '-subj', subject, '-utf8', '-multivalue-rdn', '-config', 'openssl.cnf'];
  openssl('req', '-new', '-key', `${key}.key`, ...request, '-out', `${name}.csr`);
  const how = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-set_serial', serial, '-days', '3650'];
  openssl(
    'x509',
    '-req',
    '-in',
    `${name}.csr`,
    ...how,
    '-extfile',
    'openssl.cnf',
    '-extensions',
    extensions,
    '-out',
    `${name}.pem`,
  );
}

beforeAll(() => {
  folder = createTemporaryFolder();
  folder.write('openssl.cnf', configuration);
  for (const [name, type] of Object.entries(keys)) folder.write(`${name}.key`, privateKeyPem(generateKey(type)));
  folder.write('ca.key', privateKeyPem(generateKey('rsa-2048')));
  const words = ['-nodes', '-days', '3650', '-config', 'openssl.cnf', '-extensions', 'authority', '-utf8'];
  openssl('req', '-x509', '-new', '-key', 'ca.key', ...words, '-subj', names.odd, '-out', 'ca.pem');
  issue('leaf', 'p256', '/CN=leaf', 'keyid', '0x1001');
  const rows = [
    'V\t491231235959Z\t\t1001\tunknown\t/CN=good',
    'R\t491231235959Z\t260101000000Z,keyCompromise\t1002\tunknown\t/CN=revoked',
    'R\t491231235959Z\t250101000000Z\t1003\tunknown\t/CN=revoked',
    'R\t491231235959Z\t250101000000Z,holdInstruction,holdInstructionReject\t1004\tunknown\t/CN=hold',
    'R\t491231235959Z\t250101000000Z,keyTime,20240102030405Z\t1005\tunknown\t/CN=since',
  ];
  folder.write('index.txt', `${rows.join('\n')}\n`);
});

afterAll(() => folder.remove());

const someCertIds = [
  ...['-issuer', 'ca.pem', '-cert', 'leaf.pem', '-sha512', '-serial', '0x1002', '-sha256', '-serial', '4099'],
  ...[
    '-sha384',
    '-serial',
    '77',
    '-serial',
    '-5',
    '-serial',
    `0x${'1234567890'.repeat(9)}`,
    '-serial',
    '0x80',
    '-serial',
    '0',
  ],
];

describe('the text of a request', () => {
  it.each([
    ['of one certificate without nonce', ['-issuer', 'ca.pem', '-cert', 'leaf.pem', '-no_nonce']],
    ['of many serial numbers in several hashes', someCertIds],
  ])("is openssl's, %s", (_title, words) => {
    const expected = openssl('ocsp', ...words, '-reqout', 'request.der', '-req_text');
    expect(requestText(readFileSync(folder.at('request.der')))).toBe(expected);
  });

  it.each(['rsa', 'p256', 'p384'] as const)("is openssl's, signed with %s", (key) => {
    issue('signer', key, names.odd, 'talkative', '0x0777');
    const words = ['-signer', 'signer.pem', '-signkey', `${key}.key`, '-sign_other', 'ca.pem'];
    const expected = openssl('ocsp', ...someCertIds, ...words, '-reqout', 'request.der', '-req_text');
    expect(requestText(readFileSync(folder.at('request.der')))).toBe(expected);
  });
});

function answer(...words: readonly string[]): { readonly ours: string; readonly theirs: string } {
  const theirs = openssl(
    'ocsp',
    '-index',
    'index.txt',
    '-CA',
    'ca.pem',
    ...words,
    '-respout',
    'answer.der',
    '-resp_text',
  );
  const response = decodeResponse(readFileSync(folder.at('answer.der')));
  if (!isResponse(response)) throw new Error(response.message);
  return { ours: responseText(response), theirs };
}

describe('the text of a response', () => {
  const ca = ['-rsigner', 'ca.pem', '-rkey', 'ca.key'];

  it.each([
    ['of every status', ['-ndays', '3', ...someCertIds]],
    ['without nextUpdate, by key and without certificates', ['-resp_key_id', '-resp_no_certs', ...someCertIds]],
    ['signed with RSA-PSS', ['-rsigopt', 'rsa_padding_mode:pss', '-rsigopt', 'rsa_pss_saltlen:32', ...someCertIds]],
    ['about a key that was compromised earlier', ['-issuer', 'ca.pem', '-serial', '0x1005']],
  ])("is openssl's, %s", (_title, words) => {
    const { ours, theirs } = answer(...ca, ...words);
    expect(ours).toBe(theirs);
  });

  it.each(
    (Object.keys(keys) as (keyof typeof keys)[]).flatMap((key) => [
      [key, 'plain', 'plain', '0x0777'] as const,
      [key, 'odd', 'talkative', '0xffeeddccbbaa99887766'] as const,
      [key, 'several', 'keyid', '0x80ffeeddccbbaa99'] as const,
    ]),
  )("is openssl's, its %s signer having %s names and %s extensions", (key, name, extensions, serial) => {
    issue('signer', key, names[name], extensions, serial);
    const { ours, theirs } = answer(
      '-rsigner',
      'signer.pem',
      '-rkey',
      `${key}.key`,
      '-rother',
      'ca.pem',
      ...someCertIds,
    );
    expect(ours).toBe(theirs);
  });

  it.each(['malformedRequest', 'internalError', 'tryLater', 'sigRequired', 'unauthorized'] as const)(
    "is openssl's, of the refusal %s",
    (status) => {
      const number = { malformedRequest: 1, internalError: 2, tryLater: 3, sigRequired: 5, unauthorized: 6 }[status];
      folder.write('answer.der', Uint8Array.of(0x30, 3, 0x0a, 1, number));
      const words = ['ocsp', '-respin', 'answer.der', '-resp_text', '-noverify', '-ignore_err'];
      const theirs = spawnSync('openssl', words, { cwd: folder.path, encoding: 'utf8' }).stdout;
      expect(theirs).toContain(responseText({ status }));
    },
  );
});
