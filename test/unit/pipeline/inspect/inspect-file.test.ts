import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createCertId, createRequest, decodeCertificate } from '../../../../src/core/index.js';
import { inspectBytes, inspectFile } from '../../../../src/pipeline/inspect/inspect-file.js';
import type {
  BasicResponseRecord,
  CertificateRecord,
  Inspected,
  RequestRecord,
} from '../../../../src/pipeline/inspect/record.js';
import { certificateRequest, certificatesOnlyBundle } from '../../../support/bundles.js';
import { buildCrl, crlNumber } from '../../../support/crl.js';
import {
  bitString,
  contextConstructed,
  contextPrimitive,
  enumerated,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  setOf,
} from '../../../support/der-writer.js';
import { distinguishedName } from '../../../support/names.js';
import {
  buildErrorResponse,
  buildOcspResponse,
  wrapResponseBytes,
  type OcspResponseOptions,
} from '../../../support/ocsp-response.js';
import { pem } from '../../../support/pem.js';
import { createCertificateAuthority } from '../../../support/pki.js';
import { signatureAlgorithmIdentifier } from '../../../support/signatures.js';
import { createTemporaryFolder, type TemporaryFolder } from '../../../support/temporary-folder.js';

const authority = createCertificateAuthority();
const server = authority.issue({
  serialNumber: '00f1',
  ocspUris: ['http://ocsp.example/'],
  caIssuersUris: ['http://ca.example/ca.der'],
  crlUris: ['http://ca.example/ca.crl'],
  subjectAltNames: ['server.example', '192.0.2.1'],
  mustStaple: true,
});
const certId = { issuer: authority, serialNumber: server.serialNumber };
const ownCertId = createCertId(
  decodeCertificate(server.certificate.der),
  decodeCertificate(authority.certificate.der),
  'sha1',
);
const requestDer = createRequest({ certIds: [ownCertId], nonce: new Uint8Array(32).fill(7) });

function respond(options: Partial<OcspResponseOptions> = {}): Buffer {
  return buildOcspResponse({ signer: authority, responses: [{ certId }], ...options });
}

async function only(bytes: Uint8Array | string): Promise<Inspected> {
  const inspected = await inspectBytes(Buffer.from(bytes));
  expect(inspected).toHaveLength(1);
  return inspected[0]!;
}

async function response(der: Uint8Array): Promise<BasicResponseRecord> {
  const { record } = await only(der);
  expect(record).toMatchObject({ kind: 'response', responses: expect.any(Array) as unknown });
  return record as BasicResponseRecord;
}

let folder: TemporaryFolder;
beforeAll(() => {
  folder = createTemporaryFolder();
});
afterAll(() => folder.remove());

describe('inspecting a response', () => {
  it('gives every field of a good one', async () => {
    const record = await response(respond({ nonce: Buffer.from('0102', 'hex') }));
    expect(record).toMatchObject({
      responseStatus: 'successful',
      responseType: '1.3.6.1.5.5.7.48.1.1',
      version: 1,
      responderId: { byKey: ownCertId.issuerKeyHash },
      producedAt: '2026-01-01T00:00:00Z',
      nonce: '0102',
      signatureAlgorithm: 'ecdsa-with-SHA256',
      certificates: [],
      responses: [
        {
          certId: { ...ownCertId, serialNumber: '00f1' },
          status: 'good',
          thisUpdate: '2026-01-01T00:00:00Z',
          nextUpdate: '2026-01-08T00:00:00Z',
          revocationTime: null,
          revocationReason: null,
          extensions: [],
        },
      ],
    });
    expect(record.signature).toMatch(/^30[0-9a-f]{130,}$/);
  });

  it('names the responder and the reason of a revocation', async () => {
    const revoked = { revokedAt: new Date('2025-12-24T18:00:00Z'), reason: 'superseded' } as const;
    const record = await response(
      respond({ responderId: 'by-name', responses: [{ certId, status: revoked, nextUpdate: null }] }),
    );
    expect(record.responderId).toEqual({ byName: 'CN=Test Root CA' });
    expect(record.responses[0]).toMatchObject({
      status: 'revoked',
      revocationTime: '2025-12-24T18:00:00Z',
      revocationReason: 'superseded',
      nextUpdate: null,
    });
  });

  it('shows embedded certificates in full', async () => {
    const delegate = authority.issueResponder({ commonName: 'OCSP' });
    const record = await response(respond({ signer: delegate, certificates: [delegate.certificate.der] }));
    expect(record.certificates).toMatchObject([
      { kind: 'certificate', subject: 'CN=OCSP', ocspNoCheck: true, extendedKeyUsage: ['OCSPSigning'] },
    ]);
  });

  it('shows the rest where an embedded certificate is broken, which is not trouble', async () => {
    const broken = sequence(octetString(Buffer.from('no certificate')));
    const { record, trouble } = await only(respond({ certificates: [server.certificate.der, broken] }));
    expect(record).toMatchObject({
      responseStatus: 'successful',
      certificates: [
        { kind: 'certificate' },
        { kind: 'undecoded-certificate', der: broken.toString('hex'), error: { code: 'malformed-certificate' } },
      ],
    });
    expect(trouble).toBeUndefined();
  });

  it.each([
    ['no SEQUENCE', octetString(Buffer.of(1, 2))],
    ['of another class', contextConstructed(0, sequence())],
    ['longer than its list', Buffer.of(0x30, 0x7f, 0x01)],
    ['of a high tag number', Buffer.of(0x1f, 0x81, 0x01, 0x00)],
    ['half an element', Buffer.of(0x30)],
  ])('shows the rest where what is embedded is %s', async (_, odd) => {
    const { record, trouble } = await only(respond({ certificates: [server.certificate.der, odd] }));
    expect(trouble).toBeUndefined();
    expect(record).toMatchObject({
      responses: [{ status: 'good' }],
      certificates: [{ kind: 'certificate' }, { kind: 'undecoded-certificate', der: odd.toString('hex') }],
    });
  });

  it('refuses more embedded certificates than anybody sends', async () => {
    const certificates = Array.from({ length: 257 }, () => sequence());
    const [found] = await inspectFile(folder.write('many.der', respond({ certificates })));
    expect(found).toMatchObject({ trouble: { code: 'malformed-der' } });
    expect(found!.trouble!.message).toMatch(/carries 257 certificates/);
  });

  it('reads the parameters of RSASSA-PSS', async () => {
    const rsa = createCertificateAuthority({ keyType: 'rsa-2048' });
    const record = await response(respond({ signer: rsa, signatureAlgorithm: 'rsa-pss-sha384' }));
    expect(record).toMatchObject({
      signatureAlgorithm: 'rsassaPss',
      signatureParameters: { hashAlgorithm: 'sha384', maskHashAlgorithm: 'sha384', saltLength: 48 },
    });
  });

  it('shows the status of a refusal', async () => {
    const { record, trouble } = await only(buildErrorResponse('tryLater'));
    expect(record).toEqual({ kind: 'response', octets: 5, responseStatus: 'tryLater' });
    expect(trouble).toBeUndefined();
  });

  it('shows the outer part of another response type and says that it is not decoded', async () => {
    const { record, trouble } = await only(respond({ responseType: '1.2.3.4' }));
    expect(record).toMatchObject({ responseStatus: 'successful', responseType: '1.2.3.4' });
    expect(record).not.toHaveProperty('responses');
    expect(trouble).toMatchObject({ code: 'unsupported-response-type' });
  });

  it('shows the outer part where the basic response is damaged, with rule and octet', async () => {
    const { record, trouble } = await only(wrapResponseBytes(Buffer.from('3003', 'hex')));
    expect(record).toMatchObject({ responseStatus: 'successful', responseType: '1.3.6.1.5.5.7.48.1.1' });
    expect(trouble).toMatchObject({ code: 'malformed-der' });
    expect(trouble!.message).toMatch(/at octet \d+ \(rule truncated\)$/);
  });

  it.each([
    ['trailing data', Buffer.concat([respond(), Buffer.of(0)]), 'trailing-data'],
    ['a missing end', respond().subarray(0, -1), 'truncated'],
    ['an undefined responseStatus', sequence(enumerated(4)), 'value'],
  ])('refuses %s with the rule that it breaks', async (_, der, rule) => {
    const { record, trouble } = await only(der);
    expect(record).toBeUndefined();
    expect(trouble).toMatchObject({ code: 'malformed-der' });
    expect(trouble!.message).toMatch(new RegExp(`at octet \\d+ \\(rule ${rule}\\)$`));
  });
});

describe('inspecting a request', () => {
  it('gives every field', async () => {
    const { record } = await only(requestDer);
    expect(record).toMatchObject({
      kind: 'request',
      version: 1,
      requests: [{ certId: ownCertId, extensions: [] }],
      nonce: '07'.repeat(32),
      signed: false,
    });
    expect(record).not.toHaveProperty('requestorName');
    expect(record).not.toHaveProperty('signature');
  });

  it('shows requestor, signature and certificates of a signed one', async () => {
    const { record, trouble } = await only(
      signedRequest(bitString(Buffer.from('abcd', 'hex')), contextConstructed(0, sequence(server.certificate.der))),
    );
    expect(trouble).toBeUndefined();
    expect(record as RequestRecord).toMatchObject({
      signed: true,
      requestorName: 'CN=Client,O=Example',
      signatureAlgorithm: 'sha256WithRSAEncryption',
      signature: 'abcd',
      certificates: [{ kind: 'certificate', subject: 'CN=server.example' }],
    });
  });

  it('refuses a signature that is none', async () => {
    await expect(inspectBytes(signedRequest(octetString(Buffer.of(1))))).rejects.toMatchObject({
      code: 'malformed-der',
      message: expect.stringMatching(/signature of the OCSP request.*rule unexpected-tag/) as unknown,
    });
  });

  function signedRequest(...signature: Buffer[]): Buffer {
    const requestor = distinguishedName([
      { type: 'O', value: 'Example' },
      { type: 'CN', value: 'Client' },
    ]);
    // The requestList of a request whose three headers take two octets each.
    const list = createRequest({ certIds: [ownCertId] }).subarray(4);
    return sequence(
      sequence(contextConstructed(1, contextConstructed(4, requestor)), list),
      contextConstructed(0, sequence(signatureAlgorithmIdentifier('rsa-sha256'), ...signature)),
    );
  }
});

describe('inspecting a certificate', () => {
  it('gives every field', async () => {
    const { record } = await only(server.certificate.der);
    expect(record as CertificateRecord).toMatchObject({
      kind: 'certificate',
      version: 3,
      subject: 'CN=server.example',
      issuer: 'CN=Test Root CA',
      serialNumber: '00f1',
      notBefore: '2020-01-01T00:00:00Z',
      notAfter: '2049-01-01T00:00:00Z',
      publicKey: { algorithm: 'id-ecPublicKey', bits: 256, curve: 'P-256' },
      signatureAlgorithm: 'ecdsa-with-SHA256',
      ocspUris: ['http://ocsp.example/'],
      caIssuersUris: ['http://ca.example/ca.der'],
      crlUris: ['http://ca.example/ca.crl'],
      keyUsage: ['digitalSignature'],
      extendedKeyUsage: null,
      isCa: false,
      pathLength: null,
      ocspNoCheck: false,
      mustStaple: true,
      subjectAltNames: ['DNS:server.example', 'IP:192.0.2.1'],
    });
  });

  it.each([
    ['rsa-3072', { algorithm: 'rsaEncryption', bits: 3072, exponent: '65537' }],
    ['ec-p521', { algorithm: 'id-ecPublicKey', bits: 521, curve: 'P-521' }],
    ['ed25519', { algorithm: 'ED25519', bits: 256 }],
    ['ed448', { algorithm: 'ED448', bits: 456 }],
  ] as const)('describes a key of type %s', async (keyType, expected) => {
    const { record } = await only(createCertificateAuthority({ keyType }).certificate.der);
    expect((record as CertificateRecord).publicKey).toMatchObject(expected);
  });
});

describe('inspecting a file', () => {
  it('takes the blocks of a bundle one by one and never reads its private key', async () => {
    const bundle = [
      server.certificate.pem,
      server.keyPem,
      authority.certificate.pem,
      pem('OCSP RESPONSE', respond()),
      pem('OCSP REQUEST', requestDer),
      pem('DH PARAMETERS', Buffer.of(1)),
    ].join('');
    const inspected = await inspectFile(folder.write('bundle.pem', bundle));
    expect(inspected.map(({ block, record }) => [block, record?.kind])).toEqual([
      [1, 'certificate'],
      [2, 'private-key'],
      [3, 'certificate'],
      [4, 'response'],
      [5, 'request'],
      [6, 'other'],
    ]);
    expect(inspected[1]?.record).toEqual({ kind: 'private-key', label: 'PRIVATE KEY' });
  });

  it('goes on after a broken block', async () => {
    const path = folder.write('broken.pem', pem('CERTIFICATE', Buffer.of(0x30, 0x05)) + server.certificate.pem);
    const [first, second] = await inspectFile(path);
    expect(first!.trouble!.code).toBe('malformed-certificate');
    expect(first!.trouble!.message).toMatch(new RegExp(`^${path}: block 1: .*\\(rule truncated\\)$`));
    expect(second!.record).toMatchObject({ kind: 'certificate' });
  });

  it.each([
    ['base64 of a response', () => respond().toString('base64'), 'response'],
    ['base64 in lines', () => respond().toString('base64').replace(/.{64}/g, '$&\r\n'), 'response'],
    ['base64url without padding', () => Buffer.from(requestDer).toString('base64url'), 'request'],
    ['the path of a GET request', () => `/${escaped()}\n`, 'request'],
    ['the URL of a GET request', () => `http://ocsp.example/a/b/${escaped()}`, 'request'],
    ['a certificate with text before it', () => `0. the server\n${server.certificate.pem}`, 'certificate'],
  ])('understands %s', async (_, text, kind) => {
    expect((await only(text())).record).toMatchObject({ kind });
  });

  function escaped(): string {
    return encodeURIComponent(Buffer.from(requestDer).toString('base64'));
  }

  it('shows the certificates of a PKCS#7', async () => {
    const inspected = await inspectBytes(certificatesOnlyBundle([server, authority]).der);
    expect(inspected.map(({ record }) => (record as CertificateRecord).subject)).toEqual([
      'CN=server.example',
      'CN=Test Root CA',
    ]);
  });

  it.each(['CERTIFICATE', 'X509 CERTIFICATE', 'CERTIFICATE CHAIN', 'PKCS7', 'PKCS #7 SIGNED DATA', 'CMS'])(
    'shows a certificate and those of a PKCS#7 under the label %s',
    async (label) => {
      const bundle = certificatesOnlyBundle([server, authority]).der;
      const inspected = await inspectBytes(Buffer.from(pem(label, bundle) + pem(label, server.certificate.der)));
      expect(inspected.map(({ record, block }) => [block, (record as CertificateRecord).subject])).toEqual([
        [1, 'CN=server.example'],
        [1, 'CN=Test Root CA'],
        [2, 'CN=server.example'],
      ]);
    },
  );

  it.each([
    [
      'a private key in DER',
      () => server.key.export({ format: 'der', type: 'pkcs8' }),
      'no-certificate',
      /private key/,
    ],
    ['a private key in PEM', () => server.keyPem, 'no-certificate', /only PRIVATE KEY/],
    ['an error page', () => '<html><body>502', 'malformed-der', /HTML/],
    ['plain text', () => 'hello world', 'malformed-der', /neither DER nor PEM nor base64/],
    ['another SEQUENCE', () => sequence(contextPrimitive(5, Buffer.of(1))), 'malformed-der', /is not a request/],
    ['a block without end', () => '-----BEGIN CERTIFICATE-----\nMIIB', 'malformed-pem', /no end line/],
    ['an empty file', () => '', 'file-empty', /is empty/],
    ['more than 4 MiB', () => Buffer.alloc(4 * 1024 * 1024 + 1, 0x30), 'file-too-large', /larger/],
  ])('reports %s with the file in the message', async (name, contents, code, message) => {
    const path = folder.write(`${name}.bin`, contents());
    const [{ record, trouble } = {}, ...others] = await inspectFile(path);
    expect(others).toEqual([]);
    expect(record).toBeUndefined();
    expect(trouble).toMatchObject({ kind: 'error', errorKind: 'input', code });
    expect(trouble!.message).toMatch(message);
    expect(trouble!.message).toContain(path);
    expect(trouble!.hint).not.toBe('');
  });

  it('shows all values of an attribute as octets where one of them cannot be read', async () => {
    const extensions = sequence(sequence(objectIdentifier('2.5.29.19'), octetString(sequence())));
    const hidden = sequence(integer(66));
    const attribute = sequence(objectIdentifier('1.2.840.113549.1.9.14'), setOf(extensions, hidden));
    const { record } = await only(certificateRequest({ attributes: [attribute] }).der);
    const values = [extensions, hidden].map((value) => value.toString('hex')).sort();
    expect(record).toMatchObject({
      extensions: [],
      attributes: [{ values: expect.arrayContaining(values) as unknown }],
    });
  });

  it('never throws for a response, request, certificate or CRL that was cut anywhere', async () => {
    const crl = buildCrl({ issuer: authority, entries: [{ serialNumber: 1n, reason: 1 }], extensions: [crlNumber(1)] });
    const kinds = [respond(), requestDer, server.certificate.der, certificateRequest().der, crl.der];
    for (const der of kinds.map((one) => Buffer.from(one))) {
      for (let length = 1; length < der.length; length += 1) {
        const [found] = await inspectFile(folder.write('cut.der', der.subarray(0, length)));
        expect(found!.trouble).toMatchObject({ kind: 'error', errorKind: 'input' });
      }
    }
  });
});
