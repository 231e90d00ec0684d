import { createPrivateKey, type KeyObject } from 'node:crypto';
import * as asn1js from 'asn1js';
import { BasicOCSPResponse, Certificate as PkijsCertificate, OCSPResponse } from 'pkijs';
import { afterAll, describe, expect, it } from 'vitest';

import {
  OcspError,
  createCertId,
  createErrorResponse,
  createRequest,
  decodeRequest,
  decodeResponse,
  signResponse,
  verifyResponse,
  type BasicResponse,
  type CertId,
  type Certificate,
  type HashAlgorithm,
  type ResponseSigner,
  type StatementStatus,
  type StatementToSign,
  type Verdict,
} from '../../../src/core/index.js';
import type { IssuedCertificate } from '../../support/certificate.js';
import { generateKey, pssKey, type KeyType } from '../../support/keys.js';
import { createCertificateAuthority, type CertificateAuthority } from '../../support/pki.js';
import { runOpenssl } from '../../support/run-program.js';
import type { PssAlgorithm } from '../../support/signatures.js';
import { createTemporaryFolder } from '../../support/temporary-folder.js';
import { decode } from './scene.js';

const folder = createTemporaryFolder();
afterAll(folder.remove);

const now = new Date('2026-03-01T12:00:00Z');
const thisUpdate = new Date('2026-03-01T11:00:00Z');
const nextUpdate = new Date('2026-03-08T11:00:00Z');
const revokedAt = new Date('2026-02-14T10:20:30Z');
const serverSerial = '4142434445464748';

const keyTypes: readonly KeyType[] = ['rsa-2048', 'rsa-3072', 'rsa-pss', 'ec-p256', 'ec-p384', 'ec-p521', 'ed25519'];
const hashes: readonly HashAlgorithm[] = ['sha1', 'sha256', 'sha384', 'sha512'];
const statuses: readonly StatementStatus[] = [
  'good',
  'unknown',
  { revokedAt },
  { revokedAt, reason: 'keyCompromise' },
  { revokedAt, reason: 'unspecified' },
  { revokedAt, reason: 'aACompromise' },
];

interface Scene {
  readonly authority: CertificateAuthority;
  readonly delegate: IssuedCertificate;
  readonly issuer: Certificate;
  readonly certificate: Certificate;
}

const scenes = new Map<KeyType, Scene>();

/** An authority, its delegate and a server certificate; both sign with a key of this type. */
function sceneOf(keyType: KeyType): Scene {
  const known = scenes.get(keyType);
  if (known !== undefined) return known;
  const authority = createCertificateAuthority({ keyType });
  const delegate = authority.issueResponder({ keyType });
  const certificate = decode(authority.issue({ serialNumber: serverSerial }));
  const scene = { authority, delegate, issuer: decode(authority), certificate };
  scenes.set(keyType, scene);
  return scene;
}

function signerOf(issued: IssuedCertificate, options: Partial<ResponseSigner> = {}): ResponseSigner {
  return { certificate: decode(issued), key: issued.key, responderId: 'name', embeddedCertificates: [], ...options };
}

function statement(certId: CertId, status: StatementStatus = 'good'): StatementToSign {
  return { certId, status, thisUpdate, nextUpdate };
}

function verify(der: Uint8Array, { issuer, certificate }: Scene): Verdict {
  return verifyResponse(der, { subject: { certificate }, issuer, now, skewMilliseconds: 0 });
}

function basicOf(der: Uint8Array): BasicResponse {
  const response = decodeResponse(der);
  if (!('status' in response) || response.status !== 'successful') throw new Error('no successful response');
  return response.basic;
}

function nameOf(status: StatementStatus): 'good' | 'unknown' | 'revoked' {
  return typeof status === 'string' ? status : 'revoked';
}

/** A response of every signer, ResponderID, status and hash that this key type can have. */
function* variants(
  scene: Scene,
): Generator<{ der: Uint8Array; status: StatementStatus; hash: HashAlgorithm; form: string }> {
  const { authority, delegate, issuer, certificate } = scene;
  for (const signing of [authority, delegate]) {
    const embeddedCertificates = signing === delegate ? [delegate.certificate.der] : [];
    for (const responderId of ['name', 'key'] as const) {
      const signer = signerOf(signing, { responderId, embeddedCertificates });
      for (const hash of hashes) {
        for (const status of statuses) {
          const statements = [statement(createCertId(certificate, issuer, hash), status)];
          const form = `${signing === delegate ? 'delegated' : 'issuer'} by ${responderId}`;
          yield { der: signResponse({ statements, producedAt: now }, signer), status, hash, form };
        }
      }
    }
  }
}

describe('a signed response', () => {
  it.each(keyTypes)('of a key of type %s is believed, whatever it says and whoever signed', (keyType) => {
    const scene = sceneOf(keyType);
    let count = 0;
    for (const { der, status, hash, form } of variants(scene)) {
      const verdict = verify(der, scene);
      expect(verdict, form).toMatchObject({
        kind: nameOf(status),
        producedAt: now,
        responder: { kind: form.split(' ')[0] },
        statement: {
          certId: { hashAlgorithm: hash, serialNumber: serverSerial },
          thisUpdate,
          nextUpdate,
          ...(typeof status === 'string' ? {} : { revocationTime: revokedAt }),
        },
        statementCount: 1,
      });
      const expected = typeof status === 'string' ? undefined : status.reason;
      expect('statement' in verdict ? verdict.statement.revocationReason : 'none').toBe(expected);
      count += 1;
    }
    expect(count).toBe(96);
  });

  it.each(keyTypes)('of a key of type %s is taken by openssl', { tags: 'openssl' }, async (keyType) => {
    const scene = sceneOf(keyType);
    const file = folder.write(`${keyType}.pem`, scene.authority.certificate.pem);
    const tried = new Set<string>();
    for (const { der, status, hash, form } of variants(scene)) {
      // Each form once with each kind of status, and each hash: more programs would only take longer.
      const label = `${form} ${nameOf(status)}`;
      if (tried.has(label) && tried.has(`${form} ${hash}`)) continue;
      tried.add(label).add(`${form} ${hash}`);
      const response = folder.write(`${keyType}.ocsp`, der);
      const { stdout, stderr, exitCode } = await runOpenssl([
        ...['ocsp', '-respin', response, '-no_nonce', '-issuer', file, `-${hash}`, '-serial', `0x${serverSerial}`],
        ...['-CAfile', file, '-attime', String(now.getTime() / 1000)],
      ]);
      expect(exitCode, `${label} ${hash} ${stderr}`).toBe(0);
      expect(stderr, label).toContain('Response verify OK');
      // Between the two stands a warning when the test runs outside the response's window.
      expect(stdout, label).toMatch(new RegExp(`^(?:0x${serverSerial}: )?${nameOf(status)}$`, 'm'));
      expect(stdout, label).toContain('This Update: Mar  1 11:00:00 2026 GMT');
      expect(stdout, label).toContain('Next Update: Mar  8 11:00:00 2026 GMT');
    }
    expect(tried.size).toBe(4 * (3 + 4));
  });

  it.each(keyTypes.filter((keyType) => keyType !== 'ed25519'))(
    'of a key of type %s is taken by pkijs',
    async (keyType) => {
      const scene = sceneOf(keyType);
      const { authority } = scene;
      const signer = signerOf(authority, { embeddedCertificates: [authority.certificate.der] });
      const statements = [statement(createCertId(scene.certificate, scene.issuer, 'sha256'))];
      const der = signResponse({ statements, producedAt: now }, signer);
      const response = new OCSPResponse({ schema: asn1js.fromBER(der).result });
      const basic = new BasicOCSPResponse({
        schema: asn1js.fromBER(response.responseBytes!.response.valueBlock.valueHexView).result,
      });
      const trustedCerts = [new PkijsCertificate({ schema: asn1js.fromBER(authority.certificate.der).result })];
      expect(await basic.verify({ trustedCerts })).toBe(true);
    },
  );

  it.each([
    ['rsa-2048', 'sha384', 'sha384WithRSAEncryption'],
    ['rsa-2048', 'sha512', 'sha512WithRSAEncryption'],
    ['rsa-2048', 'sha224', 'sha224WithRSAEncryption'],
    ['rsa-2048', undefined, 'sha256WithRSAEncryption'],
    ['rsa-pss', 'sha512', 'rsassaPss'],
    ['ec-p256', undefined, 'ecdsa-with-SHA256'],
    ['ec-p384', undefined, 'ecdsa-with-SHA384'],
    ['ec-p521', undefined, 'ecdsa-with-SHA512'],
    ['ec-p521', 'sha256', 'ecdsa-with-SHA256'],
    ['ed25519', undefined, 'ED25519'],
  ] as const)('of a key of type %s with hash %s is signed as %s', (keyType, hash, name) => {
    const scene = sceneOf(keyType);
    const signer = signerOf(scene.authority, hash === undefined ? {} : { hash });
    const statements = [statement(createCertId(scene.certificate, scene.issuer, 'sha1'))];
    const verdict = verify(signResponse({ statements, producedAt: now }, signer), scene);
    expect(verdict).toMatchObject({ kind: 'good', signatureAlgorithm: name });
  });
});

describe('an RSASSA-PSS key with parameters', () => {
  function sceneWith(parameters: PssAlgorithm): {
    scene: Scene;
    sign: (hash?: ResponseSigner['hash']) => Uint8Array;
  } {
    const root = createCertificateAuthority();
    const delegate = root.issueResponder({ key: pssKey(parameters) });
    const scene: Scene = {
      authority: root,
      delegate,
      issuer: decode(root),
      certificate: decode(root.issue({ serialNumber: serverSerial })),
    };
    const statements = [statement(createCertId(scene.certificate, scene.issuer, 'sha1'))];
    const sign = (hash?: ResponseSigner['hash']): Uint8Array =>
      signResponse(
        { statements, producedAt: now },
        signerOf(delegate, {
          embeddedCertificates: [delegate.certificate.der],
          ...(hash === undefined ? {} : { hash }),
        }),
      );
    return { scene, sign };
  }

  it.each<PssAlgorithm>([
    { pss: 'sha256' },
    { pss: 'sha256', saltLength: 20 },
    { pss: 'sha384', saltLength: 48 },
    { pss: 'sha512', saltLength: 100 },
  ])('signs with the hash and salt that it prescribes: %j', { tags: 'openssl' }, async (options) => {
    const { scene, sign } = sceneWith(options);
    const der = sign();
    expect(verify(der, scene)).toMatchObject({ kind: 'good', signatureAlgorithm: 'rsassaPss' });
    const file = folder.write('pss.pem', scene.authority.certificate.pem);
    const common = ['ocsp', '-respin', folder.write('pss.ocsp', der), '-no_nonce', '-issuer', file, '-CAfile', file];
    const { stderr } = await runOpenssl([...common, '-serial', `0x${serverSerial}`, '-attime', '1772366400']);
    expect(stderr).toContain('Response verify OK');
  });

  it('refuses another hash than it prescribes, and two different ones', () => {
    const prescribed = sceneWith({ pss: 'sha256' });
    expect(codeOf(() => prescribed.sign('sha512'))).toBe('key-unsupported');
    expect(prescribed.sign('sha256')).toBeInstanceOf(Uint8Array);
    const mixed = sceneWith({ pss: 'sha256', mgf1Hash: 'sha1' });
    expect(codeOf(() => mixed.sign())).toBe('key-unsupported');
  });
});

function codeOf(make: () => unknown): string {
  try {
    make();
  } catch (error) {
    if (error instanceof OcspError) return error.code;
    throw error;
  }
  return 'nothing was thrown';
}

describe('signing', () => {
  const scene = sceneOf('ec-p256');
  const certId = createCertId(scene.certificate, scene.issuer, 'sha1');
  const sign = (options: Partial<ResponseSigner> = {}): Uint8Array =>
    signResponse({ statements: [statement(certId)], producedAt: now }, signerOf(scene.authority, options));
  const withKey = (key: KeyObject): Uint8Array => {
    const own = createCertificateAuthority({ key });
    return signResponse({ statements: [statement(certId)], producedAt: now }, signerOf(own));
  };

  it.each<KeyType>(['ec-p256', 'ec-p384', 'rsa-2048', 'ed25519'])(
    'refuses a key of type %s that is not the certificate’s',
    (keyType) => {
      expect(codeOf(() => sign({ key: generateKey(keyType) }))).toBe('key-mismatch');
      // Nothing of it stays behind in OpenSSL.
      expect(() => createPrivateKey(scene.authority.keyPem)).not.toThrow();
    },
  );

  it('refuses the key of another certificate even after it signed with the right one', () => {
    sign();
    expect(codeOf(() => sign({ certificate: decode(scene.delegate) }))).toBe('key-mismatch');
  });

  it.each([
    ['SHA-1', () => sign({ hash: 'sha1' })],
    ['a hash for Ed25519', () => signEd25519('sha512')],
    ['Ed448', () => withKey(generateKey('ed448'))],
  ])('refuses %s', (_, make) => {
    expect(codeOf(make)).toBe('key-unsupported');
  });

  function signEd25519(hash: ResponseSigner['hash']): Uint8Array {
    const { authority } = sceneOf('ed25519');
    const options = hash === undefined ? {} : { hash };
    return signResponse({ statements: [statement(certId)], producedAt: now }, signerOf(authority, options));
  }

  it('wants at least one statement', () => {
    expect(() => signResponse({ statements: [], producedAt: now }, signerOf(scene.authority))).toThrow(TypeError);
  });

  it('writes times to the second, never ahead of what was asked', () => {
    const late = (time: Date): Date => new Date(time.getTime() + 999);
    const statements = [
      { certId, status: { revokedAt: late(revokedAt) }, thisUpdate: late(thisUpdate), nextUpdate: late(nextUpdate) },
    ];
    const basic = basicOf(signResponse({ statements, producedAt: late(now) }, signerOf(scene.authority)));
    expect(basic.producedAt).toEqual(now);
    expect(basic.responses[0]).toMatchObject({ thisUpdate, nextUpdate, revocationTime: revokedAt });
  });

  it('leaves nextUpdate out where there is none', () => {
    const statements = [{ certId, status: 'good' as const, thisUpdate }];
    const [single] = basicOf(signResponse({ statements, producedAt: now }, signerOf(scene.authority))).responses;
    expect(single).toMatchObject({ status: 'good', thisUpdate });
    expect(single).not.toHaveProperty('nextUpdate');
  });

  it('answers several CertIDs in their order, each with its own status', () => {
    const statements = statuses.map((status, index) =>
      statement({ ...certId, serialNumber: `0${index + 1}`, hashAlgorithm: 'sha1' }, status),
    );
    const { responses } = basicOf(signResponse({ statements, producedAt: now }, signerOf(scene.authority)));
    expect(responses.map(({ certId: { serialNumber } }) => serialNumber)).toEqual(['01', '02', '03', '04', '05', '06']);
    expect(responses.map(({ status }) => status)).toEqual(statuses.map(nameOf));
  });

  it('keeps a serial number exactly as it was asked', () => {
    for (const serialNumber of ['00', '00ff', '000005', 'ff', `7f${'00'.repeat(30)}`]) {
      const statements = [statement({ ...certId, serialNumber })];
      const [single] = basicOf(signResponse({ statements, producedAt: now }, signerOf(scene.authority))).responses;
      expect(single?.certId).toEqual({ ...certId, serialNumber });
    }
  });

  it.each([1, 32, 128])('echoes a nonce of %i octets as a request carries it', (length) => {
    const nonce = new Uint8Array(length).fill(0x5a);
    const statements = [statement(certId)];
    const der = signResponse({ statements, producedAt: now, nonce }, signerOf(scene.authority));
    const request = decodeRequest(createRequest({ certIds: [certId], nonce }));
    expect(basicOf(der).nonce).toBe(request.nonce);
    expect(basicOf(der).extensions[0]?.value).toEqual(request.extensions[0]?.value);
    const options = { subject: { certificate: scene.certificate }, issuer: scene.issuer, now, skewMilliseconds: 0 };
    expect(verifyResponse(der, { ...options, request }).kind).toBe('good');
  });

  it('writes no nonce, no extension and no certificate that nobody asked for', () => {
    const basic = basicOf(sign());
    expect([basic.nonce, basic.extensions, basic.certificates]).toEqual([undefined, [], []]);
  });

  it('embeds the certificates given, as they are and in their order', () => {
    const embedded = [scene.delegate.certificate.der, scene.authority.certificate.der];
    const { certificates } = basicOf(sign({ embeddedCertificates: embedded }));
    expect(certificates.map((der) => Buffer.from(der))).toEqual(embedded.map((der) => Buffer.from(der)));
  });

  it('names the responder by name or by the hash of its key', () => {
    expect(basicOf(sign()).responderId).toEqual({ byName: expect.any(Uint8Array) as Uint8Array });
    expect(basicOf(sign({ responderId: 'key' })).responderId).toEqual({
      byKey: createCertId(scene.certificate, scene.issuer, 'sha1').issuerKeyHash,
    });
  });
});

describe('an unsigned refusal', () => {
  it.each([
    ['malformedRequest', 1],
    ['internalError', 2],
    ['tryLater', 3],
    ['sigRequired', 5],
    ['unauthorized', 6],
  ] as const)('says %s and nothing else', (status, number) => {
    const der = createErrorResponse(status);
    expect(Buffer.from(der).toString('hex')).toBe(`30030a010${number}`);
    expect(decodeResponse(der)).toEqual({ status });
  });
});
