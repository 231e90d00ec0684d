import { describe, expect, it } from 'vitest';

import type { IssuedCertificate } from '../support/certificate.js';
import { purposes, unheardOf } from '../support/extensions.js';
import { buildErrorResponse, buildOcspResponse, type ResponseStatus } from '../support/ocsp-response.js';
import { createCertificateAuthority } from '../support/pki.js';
import { runRestaple } from '../support/run-program.js';
import type { HashName } from '../support/signatures.js';
import {
  authority,
  certificate,
  delegated,
  expectFailure,
  expectGood,
  folder,
  judge,
  judgeAll,
  now,
  other,
  response,
  root,
  site,
  staple,
  statement,
  stranger,
  useVerifyScene,
  verify,
  year2025,
} from './support/verify-scene.js';

useVerifyScene();

describe('verify', () => {
  it('prints a good staple as text on stdout, with 0 and a silent stderr', async () => {
    folder.write('site.pem.ocsp', response({ nonce: Buffer.from('aabbccdd', 'hex') }));
    const result = await runRestaple(['verify', '--at', now, certificate]);
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    expect(result.stdout).toBe(
      [
        `${certificate}: good`,
        `  response     ${staple}`,
        '  responder    CN=Verify CA (issuer)',
        '  serial       0a1b2c (CertID sha1)',
        '  produced at  2026-01-01T00:00:00Z',
        '  this update  2026-01-01T00:00:00Z',
        '  next update  2026-01-08T00:00:00Z (in 6d)',
        '  signature    ecdsa-with-SHA256',
        '  nonce        aabbccdd',
        '',
      ].join('\n'),
    );
  });

  it('says nothing of a good staple with --quiet, and of another one only what is wrong, on stderr', async () => {
    folder.write('site.pem.ocsp', response());
    const calm = { exitCode: 0, stdout: '', stderr: '' };
    expect(await runRestaple(['verify', '--quiet', '--at', now, certificate])).toMatchObject(calm);
    expect((await runRestaple(['verify', '--quiet', '--json', '--at', now, certificate])).lines()).toHaveLength(1);
    const late = await runRestaple(['verify', '--quiet', '--at', '2026-02-01', certificate]);
    expect(late).toMatchObject({ exitCode: 6, stdout: '' });
    expect(late.stderr).toMatch(/^restaple: .*site\.pem: /);
  });

  it('says that a certificate is revoked, since when and why, with 3', async () => {
    const status = { revokedAt: new Date('2025-12-24T18:00:00Z'), reason: 'keyCompromise' } as const;
    const bytes = response({ responses: [statement({ status })] });
    const { exitCode, record } = await judge(bytes);
    expect(exitCode).toBe(3);
    expect(record).toMatchObject({
      verdict: 'revoked',
      revocationTime: '2025-12-24T18:00:00Z',
      revocationReason: 'keyCompromise',
    });
    const text = await runRestaple(['verify', '--at', now, certificate]);
    expect(text.exitCode).toBe(3);
    expect(text.stdout).toContain(': revoked\n');
    expect(text.stdout).toContain('2025-12-24T18:00:00Z (keyCompromise)');
  });

  it('says that the responder does not know the certificate, with 4', async () => {
    const { exitCode, record } = await judge(response({ responses: [statement({ status: 'unknown' })] }));
    expect({ exitCode, verdict: record.verdict }).toEqual({ exitCode: 4, verdict: 'unknown' });
  });

  it('tells code and reason on stdout and stderr, and the next step', async () => {
    folder.write('site.pem.ocsp', response({ corruptSignature: true }));
    const result = await runRestaple(['verify', '--at', now, certificate]);
    expect(result.exitCode).toBe(5);
    expect(result.stdout).toMatch(/: invalid \(signature-invalid\)\n/);
    expect(result.stderr).toMatch(/^restaple: .*does not verify\n {2}hint: \S/);
  });

  it('judges a CertID in SHA-1, SHA-256, SHA-384 and SHA-512 by itself', async () => {
    const hashes: HashName[] = ['sha1', 'sha256', 'sha384', 'sha512'];
    const { exitCode, records } = await judgeAll(
      hashes.map((hash) =>
        response({ responses: [{ certId: { issuer: authority, serialNumber: site.serialNumber, hash } }] }),
      ),
    );
    expect(exitCode).toBe(0);
    expect(records).toMatchObject(hashes.map((hashAlgorithm) => ({ verdict: 'good', certId: { hashAlgorithm } })));
  });

  it('believes two statements about two certificates, and finds the one', async () => {
    expectGood(await judge(response({ responses: [statement({}, other), statement()] })));
  });

  it('takes the gravest of several statements about one certificate', async () => {
    const revoked = statement({ status: { revokedAt: year2025 } });
    const unknown = statement({ status: 'unknown' });
    expect((await judge(response({ responses: [statement(), unknown] }))).exitCode).toBe(4);
    expect((await judge(response({ responses: [statement(), revoked, unknown] }))).exitCode).toBe(3);
  });

  it('judges several certificates, a line each, and ends with the gravest', async () => {
    folder.write('site.pem.ocsp', response());
    const second = folder.write('other.pem', other.certificate.pem + authority.certificate.pem);
    const revoked = response({ responses: [statement({ status: { revokedAt: year2025 } }, other)] });
    folder.write('other.pem.ocsp', revoked);
    const missing = folder.at('missing.pem');
    const result = await runRestaple(['verify', '--json', '--at', now, certificate, missing, second]);
    expect(result.exitCode).toBe(3);
    expect(result.lines()).toMatchObject([
      { certificate, verdict: 'good' },
      { certificate: missing, verdict: null, error: { code: 'file-not-found' } },
      { certificate: second, verdict: 'revoked' },
    ]);
  });
});

describe('verify of folders and lists', () => {
  it('judges the certificates of a folder, of a glob, and of a list on stdin', async () => {
    for (const name of ['a.pem', 'b.pem']) {
      folder.write(`crt/${name}`, site.certificate.pem + authority.certificate.pem);
      folder.write(`crt/${name}.ocsp`, response());
    }
    const names = ['a.pem', 'b.pem'].map((name) => folder.at('crt', name));
    const named = names.map((name) => ({ certificate: name, response: `${name}.ocsp`, verdict: 'good' }));
    for (const words of [[folder.at('crt')], [folder.at('crt', '*.pem')], ['-']]) {
      const input = `${names.join('\n')}\n`;
      const result = await runRestaple(['verify', '--json', '--at', now, ...words], { input });
      expect(result).toMatchObject({ exitCode: 0, stderr: '' });
      expect(result.lines()).toMatchObject(named);
    }
  });
});

describe('verify believes a responder', () => {
  it('that is the issuer, by name or by key, with or without certificates', async () => {
    const responses = (['by-name', 'by-key'] as const).flatMap((responderId) => [
      response({ responderId }),
      response({ responderId, certificates: [] }),
      response({ responderId, certificates: [authority.certificate.der] }),
    ]);
    const { exitCode, records } = await judgeAll(responses);
    expect(exitCode).toBe(0);
    const expected = { verdict: 'good', responder: { kind: 'issuer', name: 'CN=Verify CA' } };
    expect(records).toMatchObject(responses.map(() => expected));
  });

  it('that the issuer delegated, embedded or from --untrusted', async () => {
    const delegate = authority.issueResponder();
    const embedded = await judge(delegated(delegate));
    expectGood(embedded);
    expect(embedded.record.responder).toMatchObject({ kind: 'delegated', name: 'CN=Test OCSP Responder' });
    const bare = response({ signer: delegate });
    expectFailure(await judge(bare), 'responder-not-found', 5);
    const file = folder.write('delegate.crt', delegate.certificate.pem);
    expectGood(await judge(bare, ['--untrusted', file]));
  });

  it('that is trusted explicitly, without OCSPSigning and from anywhere', async () => {
    const trusted = stranger.issue({ commonName: 'Trusted' });
    const file = folder.write('trusted.crt', trusted.certificate.pem);
    expectFailure(await judge(delegated(trusted)), 'responder-not-authorized', 5);
    for (const bytes of [delegated(trusted), response({ signer: trusted })]) {
      const judged = await judge(bytes, ['--trusted-responder', file]);
      expectGood(judged);
      expect(judged.record.responder).toMatchObject({ kind: 'trusted', name: 'CN=Trusted' });
    }
  });

  it('but no trusted one that has expired, nor one that is not valid yet', async () => {
    const expired = stranger.issue({ notAfter: year2025 });
    const early = stranger.issue({ notBefore: new Date('2027-01-01T00:00:00Z') });
    for (const [signer, why] of [
      [expired, 'expired'],
      [early, 'not yet valid'],
    ] as const) {
      const file = folder.write('trusted.crt', signer.certificate.pem);
      const judged = await judge(response({ signer }), ['--trusted-responder', file]);
      expectFailure(judged, 'responder-not-authorized', 5);
      expect(judged.record.failure).toMatchObject({ why });
    }
  });

  it('but no delegate of another CA, without OCSPSigning, expired, or with an unknown critical extension', async () => {
    const delegates: readonly (readonly [string, IssuedCertificate])[] = [
      ['not issued by this issuer', stranger.issueResponder()],
      ['not issued by this issuer', root.issueResponder()],
      ['no OCSPSigning', authority.issue()],
      ['no OCSPSigning', authority.issueResponder({ extendedKeyUsage: [purposes.any] })],
      ['expired', authority.issueResponder({ notAfter: year2025 })],
      ['critical extension', authority.issueResponder({ extensions: [unheardOf(true)] })],
    ];
    const { exitCode, records } = await judgeAll(delegates.map(([, delegate]) => delegated(delegate)));
    expect(exitCode).toBe(5);
    const expected = delegates.map(([why]) => ({
      verdict: 'invalid',
      failure: { code: 'responder-not-authorized', why },
    }));
    expect(records).toMatchObject(expected);
  });
});

describe('verify does not believe, with 5,', () => {
  const rows: readonly (readonly [string, string, () => Uint8Array])[] = [
    ['an empty file', 'malformed-response', () => Buffer.alloc(0)],
    ['garbage', 'malformed-response', () => Buffer.from('not an OCSP response')],
    ['a web page', 'malformed-response', () => Buffer.from('<!DOCTYPE html><html></html>')],
    ['a response cut short', 'malformed-response', () => response().subarray(0, -1)],
    ['a response with an octet too many', 'malformed-response', () => Buffer.concat([response(), Buffer.from([0])])],
    [
      'another type of response',
      'unsupported-response-type',
      () => response({ responseType: '1.3.6.1.5.5.7.48.1.99' }),
    ],
    ['another serial number', 'cert-id-mismatch', () => response({ responses: [statement({}, other)] })],
    [
      'the right serial number of another issuer',
      'cert-id-mismatch',
      () => response({ responses: [statement({ certId: { issuer: stranger, serialNumber: site.serialNumber } })] }),
    ],
    ['no statement', 'cert-id-mismatch', () => response({ responses: [] })],
    ['a signer that is not there', 'responder-not-found', () => response({ signer: stranger })],
    ['a wrong signature', 'signature-invalid', () => response({ corruptSignature: true })],
    [
      'altered times',
      'signature-invalid',
      () =>
        response({ tamper: (data) => Buffer.from(data.toString('latin1').replaceAll('202601', '202602'), 'latin1') }),
    ],
    ['an unheard-of algorithm', 'unsupported-algorithm', () => response({ statedAlgorithm: '1.3.6.1.4.1.99999.7' })],
    ['an unknown critical extension', 'critical-extension', () => response({ extensions: [unheardOf(true)] })],
    [
      'one in the statement',
      'critical-extension',
      () => response({ responses: [statement({ extensions: [unheardOf(true)] })] }),
    ],
  ];

  it('what is malformed, about others, wrongly signed, or asks for more than is known here', async () => {
    const { exitCode, records } = await judgeAll(rows.map(([, , make]) => make()));
    expect(exitCode).toBe(5);
    const found = records.map(({ verdict, failure }, index) => [rows[index]?.[0], verdict, failure?.code]);
    expect(found).toEqual(rows.map(([what, code]) => [what, 'invalid', code]));
  });

  it('a single one of them', async () => {
    expectFailure(await judge(Buffer.from('not an OCSP response')), 'malformed-response', 5);
    expectFailure(await judge(Buffer.alloc(0)), 'malformed-response', 5);
    expectFailure(await judge(response({ corruptSignature: true })), 'signature-invalid', 5);
  });

  it('an MD5 signature: weak-algorithm', async () => {
    const rsa = createCertificateAuthority({ name: 'RSA CA', keyType: 'rsa-2048' });
    const leaf = rsa.issue();
    const path = folder.write('leaf.pem', leaf.certificate.pem + rsa.certificate.pem);
    const certId = { issuer: rsa, serialNumber: leaf.serialNumber };
    const weak = buildOcspResponse({ signer: rsa, responses: [{ certId }], signatureAlgorithm: 'rsa-md5' });
    folder.write('leaf.pem.ocsp', weak);
    expectFailure(await verify([path]), 'weak-algorithm', 5);
  });

  it('bears an unknown extension that is not critical', async () => {
    expectGood(await judge(response({ extensions: [unheardOf(false)] })));
  });
});

describe('verify reports a refusal with 7', () => {
  const statuses: ResponseStatus[] = ['malformedRequest', 'internalError', 'tryLater', 'sigRequired', 'unauthorized'];

  it('whichever it is', async () => {
    const { exitCode, records } = await judgeAll(statuses.map((status) => buildErrorResponse(status)));
    expect(exitCode).toBe(7);
    expect(records).toMatchObject(
      statuses.map((responseStatus) => ({
        verdict: 'refused',
        responseStatus,
        failure: { code: 'refused', responseStatus },
      })),
    );
  });

  it('with the next step', async () => {
    expectFailure(await judge(buildErrorResponse('tryLater')), 'refused', 7);
    const text = await runRestaple(['verify', certificate]);
    expect(text).toMatchObject({
      exitCode: 7,
      stdout: `${certificate}: refused (refused)\n  response     ${staple}\n`,
    });
    expect(text.stderr).toMatch(/tryLater.*\n {2}hint: \S/);
  });
});
