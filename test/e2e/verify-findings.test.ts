import { describe, expect, it } from 'vitest';

import { buildOcspResponse, responseTimes } from '../support/ocsp-response.js';
import { buildCrl } from '../support/crl.js';
import { pem } from '../support/pem.js';
import { createCertificateAuthority } from '../support/pki.js';
import { requestFor } from '../support/request-for.js';
import { runRestaple } from '../support/run-program.js';
import {
  authority,
  certificate,
  delegated,
  expectFailure,
  expectGood,
  folder,
  issuerFile,
  judge,
  minute,
  now,
  other,
  response,
  site,
  statement,
  useVerifyScene,
  verify,
  year2025,
} from './support/verify-scene.js';

useVerifyScene();

describe('verify and the time', () => {
  const offset = (milliseconds: number): Date => new Date(responseTimes.now.getTime() + milliseconds);
  const between = (thisUpdate: number, nextUpdate: number | null): Buffer =>
    response({
      producedAt: offset(thisUpdate),
      responses: [
        statement({
          thisUpdate: offset(thisUpdate),
          nextUpdate: nextUpdate === null ? null : offset(nextUpdate),
        }),
      ],
    });

  it('refuses with 6 what expired or is not yet valid', async () => {
    const expired = await judge(between(-60 * minute, -6 * minute));
    expectFailure(expired, 'expired', 6);
    expect(expired.record.failure).toMatchObject({ nextUpdate: '2026-01-01T23:54:00Z', now: '2026-01-02T00:00:00Z' });
    const early = await judge(between(6 * minute, 60 * minute));
    expectFailure(early, 'not-yet-valid', 6);
  });

  it('allows five minutes of skew at both ends, or what --skew says', async () => {
    const ending = between(-60 * minute, -4 * minute);
    expectGood(await judge(ending), 'about-to-expire');
    expectFailure(await judge(ending, ['--skew', '0s']), 'expired', 6);
    const beginning = between(4 * minute, 60 * minute);
    expectGood(await judge(beginning));
    expectFailure(await judge(beginning, ['--skew', '3m']), 'not-yet-valid', 6);
    expectGood(await judge(between(-60 * minute, -40 * minute), ['--skew', '1h']), 'about-to-expire');
  });

  it('counts producedAt in the future as not yet valid', async () => {
    expectFailure(await judge(response({ producedAt: offset(10 * minute) })), 'not-yet-valid', 6);
  });

  it('finds less than 300 s left about to expire', async () => {
    expectGood(await judge(between(-60 * minute, 299_000)), 'about-to-expire');
    expectGood(await judge(between(-60 * minute, 300_000)));
  });

  it('believes a response without nextUpdate, with a finding, until --max-age', async () => {
    const endless = between(-60 * minute, null);
    const judged = await judge(endless);
    expectGood(judged, 'no-next-update');
    expect(judged.record['nextUpdate']).toBeNull();
    expectGood(await judge(endless, ['--max-age', '2h']), 'no-next-update');
    expectFailure(await judge(endless, ['--max-age', '30m']), 'too-old', 6);
  });

  it('applies --max-age where there is a nextUpdate too', async () => {
    expectFailure(await judge(response(), ['--max-age', '12h']), 'too-old', 6);
    expectGood(await judge(response(), ['--max-age', '3d']));
  });

  it('takes --at as ISO 8601 and as unix seconds', async () => {
    expectGood(await judge(response(), ['--at', '2026-01-07T23:00:00+01:00']));
    expectGood(await judge(response(), ['--at', '1767312000']));
    expectFailure(await judge(response(), ['--at', '2026-01-09']), 'expired', 6);
    expectFailure(await judge(response(), ['--at', '1700000000']), 'not-yet-valid', 6);
  });

  it('judges as of now without --at', async () => {
    folder.write('site.pem.ocsp', response());
    expect((await runRestaple(['verify', certificate])).exitCode).toBe(6);
  });

  it('looks at no time of the response with --ignore-times', async () => {
    for (const bytes of [between(-60 * minute, -40 * minute), between(60 * minute, 90 * minute)]) {
      expectGood(await judge(bytes, ['--ignore-times']));
    }
    expectGood(await judge(response(), ['--ignore-times', '--at', '2030-01-01']));
    expect((await judge(response({ corruptSignature: true }), ['--ignore-times'])).exitCode).toBe(5);
  });

  it('wants the signer to be valid even with --ignore-times', async () => {
    const judged = await judge(delegated(authority.issueResponder({ notAfter: year2025 })), ['--ignore-times']);
    expectFailure(judged, 'responder-not-authorized', 5);
  });
});

describe('verify --nonce and --request', () => {
  const nonce = Buffer.from('00112233445566778899aabbccddeeff', 'hex');
  const hex = nonce.toString('hex');

  it('wants the nonce back', async () => {
    expectGood(await judge(response({ nonce }), ['--nonce', hex]));
    expectGood(await judge(response({ nonce }), ['--nonce', hex.toUpperCase()]));
    expectGood(await judge(response({ nonce, nonceEncoding: 'bare' }), ['--nonce', hex]));
    expectFailure(await judge(response({ nonce }), ['--nonce', 'ff'.repeat(16)]), 'nonce-mismatch', 5);
    expectFailure(await judge(response(), ['--nonce', hex]), 'nonce-missing', 5);
  });

  it('takes no nonce that is not hexadecimal', async () => {
    expect((await judge(response({ nonce }), ['--nonce', 'xyz'])).exitCode).toBe(2);
  });

  it('wants an answer to the request as it was asked', async () => {
    const request = folder.write('request.der', requestFor(authority, site));
    expectGood(await judge(response(), ['--request', request]));
    const about = folder.write('other.der', requestFor(authority, other));
    expectFailure(await judge(response(), ['--request', about]), 'request-mismatch', 5);
    const inSha256 = folder.write('sha256.der', requestFor(authority, site, 'sha256'));
    expectFailure(await judge(response(), ['--request', inSha256]), 'request-mismatch', 5);
  });

  it('ends with 8 where the request is missing or none', async () => {
    const missing = await judge(response(), ['--request', folder.at('nowhere')]);
    expect(missing).toMatchObject({ exitCode: 8, record: { error: { code: 'file-not-found' } } });
    const garbage = await judge(response(), ['--request', folder.write('garbage', 'x')]);
    expect(garbage).toMatchObject({ exitCode: 8, record: { error: { code: 'malformed-der' } } });
  });
});

describe('verify finds', () => {
  it('a SHA-1 signature', async () => {
    expectGood(await judge(response({ signatureAlgorithm: 'ecdsa-sha1' })), 'sha1-signature');
  });

  it('a delegate without nocheck', async () => {
    const judged = await judge(delegated(authority.issueResponder({ ocspNoCheck: false })));
    expectGood(judged, 'delegate-without-nocheck');
    expect(judged.record.findings?.[0]).toMatchObject({ severity: 'warning', source: /RFC 6960/ });
  });

  it('an issuer that has expired', async () => {
    const old = createCertificateAuthority({ name: 'Old CA', notAfter: year2025 });
    const leaf = old.issue();
    const path = folder.write('leaf.pem', leaf.certificate.pem + old.certificate.pem);
    const certId = { issuer: old, serialNumber: leaf.serialNumber };
    folder.write('leaf.pem.ocsp', buildOcspResponse({ signer: old, responses: [{ certId }] }));
    expectGood(await verify([path]), 'issuer-expired');
  });

  it('findings as text, each with its source', async () => {
    folder.write('site.pem.ocsp', response({ responses: [statement({ nextUpdate: null })] }));
    const result = await runRestaple(['verify', '--at', now, certificate]);
    expect(result.exitCode).toBe(0);
    expect(result.stdout).toMatch(/\n {2}warning {6}the response has no nextUpdate.*\(RFC 6960 .*\)\n$/);
    expect(result.stdout).toContain('next update  none');
  });
});

describe('verify and the end of the certificate', () => {
  const day = 24 * 60 * minute;
  const at = (days: number): Date => new Date(responseTimes.now.getTime() + days * day);

  /** A certificate of that life with a good staple; `null` for none. */
  const stapled = (notBefore: Date, notAfter: Date, bytes?: Uint8Array | null): string => {
    const issued = authority.issue({ ocspUris: ['http://ocsp.example/'], notBefore, notAfter });
    const path = folder.write('life.pem', issued.certificate.pem + authority.certificate.pem);
    if (bytes !== null) folder.write('life.pem.ocsp', bytes ?? response({ responses: [statement({}, issued)] }));
    return path;
  };

  it.each([
    ['15 days before its end', -75, 15, undefined],
    ['13 days before its end', -77, 13, 'certificate-expires'],
    ['3 of 6 days before its end', -3, 3, undefined],
    ['1 of 6 days before its end', -5, 1, 'certificate-expires'],
    ['after its end', -90, -1, 'certificate-expired'],
    ['after an end that is before its beginning', 90, -1, 'certificate-expired'],
  ])('finds that it is %s, and leaves the exit code', async (_what, begin, end, rule) => {
    const judged = await verify([stapled(at(begin), at(end))]);
    expectGood(judged, ...(rule === undefined ? [] : [rule]));
    expect(judged.record['certificateNotAfter']).toBe(at(end).toISOString().replace('.000', ''));
  });

  it('says so where there is no staple, and where none is needed', async () => {
    const missing = await verify([stapled(at(-90), at(-1), null)]);
    expect(missing).toMatchObject({ exitCode: 8, record: { findings: [{ rule: 'certificate-expired' }] } });
    const plain = authority.issue({ notBefore: at(-90), notAfter: at(1) });
    const path = folder.write('plain.pem', plain.certificate.pem + authority.certificate.pem);
    const record = { outcome: 'no-responder', findings: [{ rule: 'certificate-expires' }] };
    expect(await verify([path])).toMatchObject({ exitCode: 0, record });
    const text = await runRestaple(['verify', '--at', now, path]);
    expect(text.stdout).toMatch(/warning +the certificate expires at 2026-01-03T00:00:00Z, in 1d/);
  });
});

describe('verify and a serial number that was never issued', () => {
  it('says that the CA does not know it, in JSON, as text and to a monitoring system', async () => {
    const status = { revokedAt: new Date(0), reason: 'certificateHold' } as const;
    const judged = await judge(response({ responses: [statement({ status })] }));
    expect(judged).toMatchObject({ exitCode: 3, record: { verdict: 'revoked', findings: [{ rule: 'never-issued' }] } });
    const text = await runRestaple(['verify', '--at', now, certificate]);
    expect(text.stdout).toContain('the CA never issued this serial number');
    const check = await runRestaple(['verify', '--nagios', '--at', now, certificate]);
    expect(check.stdout).toContain('the CA never issued this serial number');
  });

  it.each([
    ['another reason', { revokedAt: new Date(0), reason: 'superseded' }],
    ['another time', { revokedAt: new Date(1000), reason: 'certificateHold' }],
    ['no reason', { revokedAt: new Date(0) }],
  ] as const)('is not meant by %s', async (_what, status) => {
    const judged = await judge(response({ responses: [statement({ status })] }));
    expect(judged.record.verdict).toBe('revoked');
    expect(judged.record).not.toHaveProperty('findings');
  });
});

describe('verify of what is not a response, or is over', () => {
  const request = requestFor(authority, site);

  it.each<[string, () => string | Uint8Array, string]>([
    ['a certificate in PEM', () => site.certificate.pem, 'this is a certificate, not an OCSP response'],
    ['a certificate in DER', () => site.certificate.der, 'this is a certificate, not an OCSP response'],
    ['a key', () => site.keyPem, 'this is a private key, not an OCSP response'],
    ['a request', () => request, 'this is an OCSP request, not an OCSP response'],
    ['a CRL', () => buildCrl({ issuer: authority }).pem, 'this is a CRL, not an OCSP response'],
    ['a CRL in DER', () => buildCrl({ issuer: authority }).der, 'this is a CRL, not an OCSP response'],
    [
      'a response in PEM',
      () => pem('OCSP RESPONSE', response()),
      'this is an OCSP response in PEM; it has to be in DER, as servers read it',
    ],
  ])('names %s for what it is', async (_what, contents, message) => {
    const file = folder.write('named', contents());
    const named = await runRestaple(['verify', '--at', now, '--response', file, certificate]);
    expect(named.exitCode).toBe(5);
    expect(named.stderr).toContain(message);
    expect(named.stderr).toContain('hint: name the file of an OCSP response with --response');
    expect(named.stderr).not.toContain('PRIVATE KEY');
    expectFailure(await verify(['--issuer', issuerFile, '--response', file]), 'malformed-response', 5);
  });

  it('asks after the timer where the staple of a certificate is over', async () => {
    folder.write('site.pem.ocsp', response());
    const own = await runRestaple(['verify', '--at', '2026-03-01', certificate]);
    expect(own).toMatchObject({
      exitCode: 6,
      stderr: expect.stringContaining('run restaple fetch; is the timer running?') as string,
    });
    const words = ['verify', '--at', '2026-03-01', '--response', `${certificate}.ocsp`, certificate];
    expect((await runRestaple(words)).stderr).not.toContain('timer');
  });
});

describe('verify --quiet', () => {
  it('says nothing of what is good, on either stream', async () => {
    folder.write('site.pem.ocsp', response());
    const result = await runRestaple(['verify', '--quiet', '--at', now, certificate]);
    expect(result).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });
    const record = await runRestaple(['verify', '--quiet', '--json', '--at', now, certificate]);
    expect(record.lines()).toMatchObject([{ verdict: 'good' }]);
  });

  it.each<[string, Uint8Array, number, RegExp]>([
    ['revoked', response({ responses: [statement({ status: { revokedAt: year2025 } })] }), 3, /REVOKED since 2025/],
    ['unknown', response({ responses: [statement({ status: 'unknown' })] }), 4, /does not know the certificate/],
    ['altered', response({ corruptSignature: true }), 5, /signature .* does not verify/],
  ])('still says what is %s, on stderr alone', async (_what, bytes, exitCode, line) => {
    folder.write('site.pem.ocsp', bytes);
    const result = await runRestaple(['verify', '--quiet', '--at', now, certificate]);
    expect(result).toMatchObject({ exitCode, stdout: '' });
    expect(result.stderr).toMatch(line);
  });
});
