import { readFileSync } from 'node:fs';

import * as pkijs from 'pkijs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { IssuedCertificate } from '../../support/certificate.js';
import { utcTime } from '../../support/der-writer.js';
import { unheardOf } from '../../support/extensions.js';
import type { KeyType } from '../../support/keys.js';
import { parseOcspRequest } from '../../support/ocsp-request.js';
import {
  buildErrorResponse,
  buildOcspResponse,
  responseTimes,
  type OcspResponseOptions,
} from '../../support/ocsp-response.js';
import { createCertificateAuthority, type CertificateAuthority } from '../../support/pki.js';
import { runOpenssl, type RunResult } from '../../support/run-program.js';
import { hashIdentifier, type HashName, type SignatureAlgorithm } from '../../support/signatures.js';
import { createTemporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.js';

let folder: TemporaryFolder;
beforeAll(() => {
  folder = createTemporaryFolder();
});
afterAll(() => folder.remove());

const authorities = new Map<KeyType, CertificateAuthority>();
function authorityOf(keyType: KeyType): CertificateAuthority {
  const authority = authorities.get(keyType) ?? createCertificateAuthority({ keyType });
  authorities.set(keyType, authority);
  return authority;
}

const root = authorityOf('ec-p256');
const leaf = root.issue({ serialNumber: 0x1234n });

async function print(response: Uint8Array): Promise<string> {
  const file = folder.write('printed.der', response);
  return (await runOpenssl(['ocsp', '-respin', file, '-resp_text', '-noverify'])).stdout;
}

async function verify(
  response: Uint8Array,
  issuer: IssuedCertificate,
  certificate: IssuedCertificate,
  hash: HashName = 'sha1',
): Promise<RunResult> {
  const issuerFile = folder.write('issuer.pem', issuer.certificate.pem);
  return runOpenssl([
    'ocsp',
    ...['-respin', folder.write('verified.der', response), '-CAfile', issuerFile, '-attime', '1767312000'],
    ...['-issuer', issuerFile, `-${hash}`, '-cert', folder.write('certificate.pem', certificate.certificate.pem)],
  ]);
}

/** openssl warns before the status when the clock of the day is past nextUpdate. */
const saysGood = /(: |^)good$/m;

function good(options: Partial<OcspResponseOptions> = {}): Buffer {
  const responses = [{ certId: { issuer: root, serialNumber: leaf.serialNumber } }];
  return buildOcspResponse({ signer: root, responses, ...options });
}

describe('signed responses', () => {
  const rsa: readonly HashName[] = ['sha1', 'sha224', 'sha256', 'sha384', 'sha512', 'md5'];
  const algorithms: [KeyType, SignatureAlgorithm][] = [
    ...rsa.map((hash): [KeyType, SignatureAlgorithm] => ['rsa-2048', `rsa-${hash}`]),
    ...rsa.slice(0, 5).map((hash): [KeyType, SignatureAlgorithm] => ['rsa-2048', `rsa-pss-${hash}`]),
    ['rsa-pss', 'rsa-pss-sha384'],
    ['rsa-2048', { pss: 'sha256', saltLength: 0 }],
    ['rsa-2048', { pss: 'sha256', mgf1Hash: 'sha1' }],
    ['rsa-pss-mgf1-sha1', { pss: 'sha256', mgf1Hash: 'sha1' }],
    ['ec-p256', 'ecdsa-sha1'],
    ['ec-p256', 'ecdsa-sha224'],
    ['ec-p256', 'ecdsa-sha256'],
    ['ec-p384', 'ecdsa-sha384'],
    ['ec-p521', 'ecdsa-sha512'],
    ['ed25519', 'ed25519'],
    ['ed448', 'ed448'],
  ];

  it.each(algorithms)(
    'with a %s key and %j are believed by openssl, and not when corrupted',
    { tags: 'openssl' },
    async (keyType, signatureAlgorithm) => {
      const issuer = authorityOf(keyType);
      const certificate = issuer.issue();
      const options: OcspResponseOptions = {
        signer: issuer,
        responses: [{ certId: { issuer, serialNumber: certificate.serialNumber } }],
        signatureAlgorithm,
      };
      const result = await verify(buildOcspResponse(options), issuer, certificate);
      expect(result.stderr).toContain('Response verify OK');
      expect(result.stdout).toMatch(saysGood);

      const damaged = await verify(buildOcspResponse({ ...options, corruptSignature: true }), issuer, certificate);
      expect(damaged.stderr + damaged.stdout).toContain('Response Verify Failure');
    },
  );

  it.each<HashName>(['sha1', 'sha256', 'sha384', 'sha512'])(
    'speak of a certificate by %s',
    { tags: 'openssl' },
    async (hash) => {
      const response = good({ responses: [{ certId: { issuer: root, serialNumber: leaf.serialNumber, hash } }] });
      expect((await verify(response, root, leaf, hash)).stdout).toMatch(saysGood);
    },
  );

  it('name the responder by name or by key', { tags: 'openssl' }, async () => {
    expect(await print(good({ responderId: 'by-name' }))).toMatch(/Responder Id: CN ?= ?Test Root CA/);
    expect(await print(good({ responderId: 'by-key' }))).toMatch(/Responder Id: [0-9A-F]{40}/);
    expect((await verify(good({ responderId: 'by-name' }), root, leaf)).stderr).toContain('Response verify OK');
  });

  it('are believed from a delegate, and not from one without OCSPSigning', { tags: 'openssl' }, async () => {
    const delegate = root.issueResponder();
    const accepted = await verify(good({ signer: delegate, certificates: [delegate.certificate.der] }), root, leaf);
    expect(accepted.stderr).toContain('Response verify OK');

    const plain = root.issue({ commonName: 'No purpose' });
    const refused = await verify(good({ signer: plain, certificates: [plain.certificate.der] }), root, leaf);
    expect(refused.stderr + refused.stdout).toContain('Response Verify Failure');
  });

  it('carry status, reason, times, nonce and extensions', { tags: 'openssl' }, async () => {
    const certId = { issuer: root, serialNumber: leaf.serialNumber };
    const printed = await print(
      good({
        nonce: Buffer.from('0123456789abcdef', 'hex'),
        extensions: [unheardOf(true)],
        responses: [
          { certId, status: { revokedAt: responseTimes.thisUpdate, reason: 'keyCompromise' }, nextUpdate: null },
          { certId: { issuer: root, serialNumber: '00ff' }, status: 'unknown' },
        ],
      }),
    );
    expect(printed).toContain(
      'Cert Status: revoked\n    Revocation Time: Jan  1 00:00:00 2026 GMT\n    Revocation Reason: keyCompromise (0x1)',
    );
    expect(printed).toContain('Cert Status: unknown');
    expect(printed).toContain('Serial Number: FF');
    expect(printed.match(/Next Update: /g)).toHaveLength(1);
    expect(printed).toContain('04080123456789ABCDEF');
    expect(printed).toContain('1.3.6.1.4.1.99999.1: critical');
  });

  it('can lie about the algorithm and be tampered with after signing', { tags: 'openssl' }, async () => {
    expect(await print(good({ statedAlgorithm: '1.2.840.113549.1.1.2' }))).toContain('md2WithRSAEncryption');
    const tampered = good({
      tamper: (data) => Buffer.from(data.toString('latin1').replace('20260108000000Z', '20360108000000Z'), 'latin1'),
    });
    expect(await print(tampered)).toContain('Next Update: Jan  8 00:00:00 2036 GMT');
    const result = await verify(tampered, root, leaf);
    expect(result.stderr + result.stdout).toContain('Response Verify Failure');
  });

  it('write times exactly as given', () => {
    expect(good({ producedAt: '20260101000000.25Z' }).includes('20260101000000.25Z')).toBe(true);
    const time = utcTime(responseTimes.thisUpdate);
    expect(good({ producedAt: time }).includes(time)).toBe(true);
  });

  it('can make the default version explicit', () => {
    expect(good({ explicitVersion: 0 }).includes(Buffer.from('a003020100', 'hex'))).toBe(true);
    expect(good().includes(Buffer.from('a003020100', 'hex'))).toBe(false);
  });

  it('can leave the hash parameters out', () => {
    const certId = { issuer: root, serialNumber: 1n, hashParameters: 'absent' } as const;
    expect(good({ responses: [{ certId }] }).includes(Buffer.from('300706052b0e03021a', 'hex'))).toBe(true);
  });

  it('are read by pkijs with the same CertID', () => {
    const response = pkijs.OCSPResponse.fromBER(Uint8Array.from(good()).buffer);
    const contents = response.responseBytes?.response.valueBlock.valueHexView;
    const basic = pkijs.BasicOCSPResponse.fromBER(Uint8Array.from(contents!).buffer);
    const [single] = basic.tbsResponseData.responses;
    expect(single?.certID.hashAlgorithm.algorithmId).toBe(hashIdentifier('sha1'));
    expect(Buffer.from(single!.certID.serialNumber.valueBlock.valueHexView).toString('hex')).toBe('1234');
    expect(single?.thisUpdate).toEqual(responseTimes.thisUpdate);
    expect(single?.nextUpdate).toEqual(responseTimes.nextUpdate);
  });
});

describe('unsigned refusals', () => {
  it.each([
    ['malformedRequest', 'malformedrequest (1)'],
    ['internalError', 'internalerror (2)'],
    ['tryLater', 'trylater (3)'],
    ['sigRequired', 'sigrequired (5)'],
    ['unauthorized', 'unauthorized (6)'],
  ] as const)('say %s', { tags: 'openssl' }, async (status, printed) => {
    const result = await runOpenssl(['ocsp', '-respin', folder.write('error.der', buildErrorResponse(status))]);
    expect(result.stdout + result.stderr).toContain(`Responder Error: ${printed}`);
  });
});

describe('the request reader of the tests', () => {
  it('reads what openssl asks', { tags: 'openssl' }, async () => {
    const out = folder.at('request.der');
    const issuer = folder.write('asked-issuer.pem', root.certificate.pem);
    const result = await runOpenssl([
      'ocsp',
      ...['-issuer', issuer, '-serial', '0x1234', '-sha256', '-serial', '0xff00', '-nonce', '-reqout', out],
    ]);
    expect(result.stderr).toBe('');
    const request = parseOcspRequest(readFileSync(out));
    expect(request.certIds.map((certId) => [certId.hashAlgorithm, certId.serialNumber])).toEqual([
      ['sha1', '1234'],
      ['sha256', '00ff00'],
    ]);
    expect(request.nonce).toMatch(/^[0-9a-f]{32}$/);
  });

  it.each([[''], ['30'], ['3000'], ['ffff'], ['3006300430023000'], ['3003020101']])('throws for %j', (bytes) => {
    expect(() => parseOcspRequest(Buffer.from(bytes, 'hex'))).toThrow();
  });
});
