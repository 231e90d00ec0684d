import { describe, expect, it } from 'vitest';

import type { IssuedCertificate } from '../support/certificate.js';
import { buildErrorResponse, buildOcspResponse } from '../support/ocsp-response.js';
import { createCertificateAuthority, selfSigned } from '../support/pki.js';
import { runRestaple } from '../support/run-program.js';
import {
  type Judged,
  authority,
  certificate,
  expectFailure,
  expectGood,
  folder,
  issuerFile,
  judge,
  now,
  other,
  response,
  root,
  site,
  statement,
  stranger,
  useVerifyScene,
  verify,
  year2025,
} from './support/verify-scene.js';

useVerifyScene();

describe('verify without a certificate', () => {
  const withoutCertificate = (bytes: Uint8Array, ...flags: string[]): Promise<Judged> =>
    verify(['--issuer', issuerFile, '--response', folder.write('response.der', bytes), ...flags]);

  it('finds the statement of --serial, written in any usual way', async () => {
    const bytes = response({ responses: [statement({ status: { revokedAt: year2025 } }, other), statement()] });
    for (const serial of ['0a1b2c', '0A1B2C', 'a1b2c', '0x0a1b2c', '0A:1B:2C']) {
      expectGood(await withoutCertificate(bytes, '--serial', serial));
    }
    expect((await withoutCertificate(bytes, '--serial', '0d0e0f')).exitCode).toBe(3);
    expectFailure(await withoutCertificate(bytes, '--serial', '77'), 'cert-id-mismatch', 5);
  });

  it('lists every statement without --serial, and the gravest is the verdict', async () => {
    const third = authority.issue({ serialNumber: '11' });
    const bytes = response({
      responses: [
        statement(),
        statement({ status: { revokedAt: year2025, reason: 'superseded' } }, other),
        statement({ status: 'unknown' }, third),
      ],
    });
    const judged = await withoutCertificate(bytes);
    expect(judged).toMatchObject({ exitCode: 3, record: { verdict: 'revoked', revocationReason: 'superseded' } });
    expect(judged.record.statements?.map(({ verdict, certId }) => `${certId.serialNumber} ${String(verdict)}`)).toEqual(
      ['0a1b2c good', '0d0e0f revoked', '11 unknown'],
    );
    const file = folder.at('response.der');
    const text = await runRestaple(['verify', '--at', now, '--issuer', issuerFile, '--response', file]);
    expect(text.exitCode).toBe(3);
    expect(text.stdout).toMatch(/statement +0a1b2c: good/);
    expect(text.stdout).toMatch(/statement +0d0e0f: revoked/);
    expect(text.stdout).toMatch(/statement +11: unknown/);
  });

  it('ends well where every statement is good', async () => {
    expectGood(await withoutCertificate(response({ responses: [statement(), statement({}, other)] })));
  });

  it('says that a statement belongs to another issuer, which is graver than good and milder than revoked', async () => {
    const foreign = statement({ certId: { issuer: stranger, serialNumber: '42' } });
    expectFailure(await withoutCertificate(response({ responses: [statement(), foreign] })), 'cert-id-mismatch', 5);
    const revoked = statement({ status: { revokedAt: year2025 } }, other);
    expect((await withoutCertificate(response({ responses: [foreign, revoked] }))).exitCode).toBe(3);
  });

  it('tells what is not a response, and what is refused', async () => {
    expectFailure(await withoutCertificate(Buffer.from('x')), 'malformed-response', 5);
    expectFailure(await withoutCertificate(Buffer.alloc(0)), 'malformed-response', 5);
    expectFailure(await withoutCertificate(buildErrorResponse('unauthorized')), 'refused', 7);
    expectFailure(await withoutCertificate(response({ responses: [] })), 'cert-id-mismatch', 5);
  });

  it('ends with 8 where the response or the issuer is missing', async () => {
    const missing = folder.at('nowhere');
    expect((await verify(['--issuer', issuerFile, '--response', missing])).exitCode).toBe(8);
    expect((await verify(['--issuer', missing, '--response', folder.write('r.der', response())])).exitCode).toBe(8);
  });

  it.each([
    ['no flag', []],
    ['no response', ['--issuer', 'ca.crt']],
    ['no issuer', ['--response', 'r.der']],
    ['an empty list of trust', ['--untrusted', 'ca.crt', '--response', 'r.der']],
    ['a serial number that is none', ['--issuer', 'ca.crt', '--response', 'r.der', '--serial', 'xyz']],
  ])('is a usage error with %s', async (_what, flags) => {
    folder.write('r.der', response());
    const result = await runRestaple(['verify', ...flags], { cwd: folder.path });
    expect(result).toMatchObject({ exitCode: 2, stdout: '' });
    expect(result.stderr).toMatch(/hint: \S/);
  });

  const by = (flags: readonly string[], bytes: Uint8Array): Promise<Judged> =>
    verify([...flags, '--response', folder.write('response.der', bytes)]);
  const file = (name: string, of: IssuedCertificate): string => folder.write(name, of.certificate.pem);
  const negative = authority.issue({ serialNumber: '9a' });

  it('takes the word of a trusted responder, whoever issued the certificates', async () => {
    const responder = stranger.issue({ commonName: 'Our Responder' });
    const trusted = ['--trusted-responder', file('responder.pem', responder)];
    const bytes = response({
      signer: responder,
      responses: [statement(), statement({ status: { revokedAt: year2025 } }, other)],
    });
    const all = await by(trusted, bytes);
    expect(all).toMatchObject({ exitCode: 3, record: { verdict: 'revoked', responder: { kind: 'trusted' } } });
    expect(all.record.statements?.map(({ verdict }) => verdict)).toEqual(['good', 'revoked']);
    expectGood(await by([...trusted, '--serial', site.serialNumber], bytes));
    expect((await by([...trusted, '--serial', other.serialNumber], bytes)).exitCode).toBe(3);
    expectFailure(await by([...trusted, '--serial', '77'], bytes), 'cert-id-mismatch', 5);
    // It speaks for the issuers given with it.
    expectFailure(await by([...trusted, '--issuer', file('s.pem', stranger)], bytes), 'cert-id-mismatch', 5);
    expectGood(await by([...trusted, '--issuer', issuerFile, '--serial', site.serialNumber], bytes));
  });

  it('believes nobody else by a trusted responder: no other signer, no delegate of it, no altered or expired answer', async () => {
    const trusted = ['--trusted-responder', file('responder.pem', authority)];
    expectGood(await by(trusted, response()));
    expectFailure(await by(trusted, response({ signer: stranger })), 'responder-not-found', 5);
    const delegate = authority.issueResponder();
    const delegated = response({ signer: delegate, certificates: [delegate.certificate.der] });
    expectFailure(await by(trusted, delegated), 'responder-not-found', 5);
    expectFailure(await by(trusted, response({ corruptSignature: true })), 'signature-invalid', 5);
    expectFailure(await by([...trusted, '--at', '2026-03-01'], response()), 'expired', 6);
    expectFailure(await by(trusted, buildErrorResponse('tryLater')), 'refused', 7);
    const past = authority.issue({ commonName: 'Past', notAfter: year2025 });
    const byPast = ['--trusted-responder', file('past.pem', past)];
    expectFailure(await by(byPast, response({ signer: past })), 'responder-not-authorized', 5);
  });

  it('finds the issuer by --ca: named there, or in the response below it', async () => {
    const delegate = authority.issueResponder();
    const anchor = ['--ca', file('root.pem', root)];
    const below = ['--ca', file('authority.pem', authority)];
    expectGood(await by(below, response()));
    expectGood(await by(below, response({ signer: delegate, certificates: [delegate.certificate.der] })));
    expectGood(await by(anchor, response({ certificates: [authority.certificate.der] })));
    expectGood(
      await by(
        [...anchor, '--serial', site.serialNumber],
        response({ signer: delegate, certificates: [delegate.certificate.der, authority.certificate.der] }),
      ),
    );
    expectGood(await by([...anchor, '--untrusted', issuerFile], response()));
  });

  it('does not believe by --ca what nobody below it signed', async () => {
    const anchor = ['--ca', file('root.pem', root)];
    expectFailure(await by(anchor, response()), 'issuer-not-anchored', 5);
    const strange = statement({ certId: { issuer: stranger, serialNumber: site.serialNumber } });
    const foreign = response({ signer: stranger, responses: [strange], certificates: [stranger.certificate.der] });
    expectFailure(await by(anchor, foreign), 'issuer-not-anchored', 5);
    // A server below the anchor that calls itself the issuer of a serial number.
    const server = root.issue({ commonName: 'server.example' });
    const own = statement({ certId: { issuer: server, serialNumber: site.serialNumber } });
    const selfMade = response({ signer: server, responses: [own], certificates: [server.certificate.der] });
    expectFailure(await by([...anchor, '--serial', site.serialNumber], selfMade), 'issuer-not-anchored', 5);
  });

  it('refuses an issuer or anchor that may not issue certificates, as beside one of them', async () => {
    const kinds = {
      'is not a CA certificate (basicConstraints)': selfSigned({ commonName: 'No CA' }),
      'may not sign certificates (keyUsage)': createCertificateAuthority({ name: 'No CA', keyUsage: ['cRLSign'] }),
    };
    for (const [why, signer] of Object.entries(kinds)) {
      const file = folder.write('no-ca.pem', signer.certificate.pem);
      const certId = { issuer: signer, serialNumber: '05' };
      const bytes = folder.write('no-ca.der', buildOcspResponse({ signer, responses: [{ certId }] }));
      for (const flags of [
        ['--issuer', file],
        ['--ca', file],
        ['--issuer', file, '--issuer', issuerFile],
      ]) {
        for (const serial of [[], ['--serial', '05']]) {
          const judged = await verify(['--response', bytes, ...flags, ...serial]);
          expect(judged).toMatchObject({ exitCode: 8, record: { error: { code: 'issuer-mismatch' } } });
          expect(JSON.stringify(judged.record)).toContain(`CN=No CA was named as the issuer, but it ${why}`);
        }
      }
    }
  });

  it('takes several issuers, and a negative serial number as openssl writes it', async () => {
    const two = ['--issuer', issuerFile, '--issuer', file('stranger.pem', stranger)];
    const bytes = response({ responses: [statement(), statement({}, negative)] });
    expectGood(await by(two, bytes));
    const text = ['verify', '--json', '--at', now, ...two, '--response', folder.at('response.der')];
    for (const serial of [['--serial=-66'], ['--serial', '-66'], ['--serial', '-0x66'], ['--serial=-0066']]) {
      const { exitCode, stdout } = await runRestaple([...text, ...serial]);
      expect({ exitCode, stdout }).toEqual({
        exitCode: 0,
        stdout: expect.stringContaining('"serialNumber":"9a"') as string,
      });
    }
    // oclif knows -0 as a switch.
    const odd = await runRestaple([...text, '--serial', '-0A']);
    expect(odd).toMatchObject({ exitCode: 5, stdout: expect.stringContaining('0a1b2c, not f6') as string });
  });

  it('is a usage error with --serial beside a certificate', async () => {
    folder.write('site.pem.ocsp', response());
    expect((await verify(['--serial', '01', certificate])).exitCode).toBe(2);
  });
});

describe('verify --ca', () => {
  const write = (name: string, of: IssuedCertificate): string => folder.write(name, of.certificate.pem);

  it('wants a chain from the issuer to an anchor', async () => {
    folder.write('site.pem.ocsp', response());
    expectGood(await verify(['--ca', write('root.crt', root), certificate]));
    const judged = await verify(['--ca', write('stranger.crt', stranger), certificate]);
    expectFailure(judged, 'issuer-not-anchored', 5);
    expect(judged.record.failure).toMatchObject({ issuer: 'CN=Verify CA' });
  });

  it('trusts an anchor that is not self-signed, and the issuer itself', async () => {
    expectGood(await judge(response(), ['--ca', issuerFile]));
  });

  it('finds an issuer among the anchors', async () => {
    const alone = folder.write('alone.pem', site.certificate.pem);
    folder.write('alone.pem.ocsp', response());
    expectGood(await verify(['--ca', issuerFile, alone]));
  });

  it('finds intermediates in --untrusted, in bundles and in separate files', async () => {
    const middle = root.issue({ commonName: 'Middle', isCa: true });
    const low = middle.issue({ commonName: 'Low', isCa: true });
    const leaf = low.issue();
    const path = folder.write('leaf.pem', leaf.certificate.pem + low.certificate.pem);
    const certId = { issuer: low, serialNumber: leaf.serialNumber };
    folder.write('leaf.pem.ocsp', buildOcspResponse({ signer: low, responses: [{ certId }] }));
    const rootFile = write('root.crt', root);
    expectFailure(await verify(['--ca', rootFile, path]), 'issuer-not-anchored', 5);
    expectGood(await verify(['--ca', rootFile, '--untrusted', write('middle.crt', middle), path]));
    const bundle = folder.write('bundle.pem', stranger.certificate.pem + middle.certificate.pem);
    expectGood(await verify(['--ca', rootFile, '--untrusted', bundle, path]));
    const anchors = folder.write('anchors.pem', stranger.certificate.pem + root.certificate.pem);
    expectGood(await verify(['--ca', anchors, '--untrusted', bundle, path]));
  });

  it('does not trust what is only --untrusted', async () => {
    const anchors = ['--ca', write('stranger.crt', stranger), '--untrusted', write('root.crt', root)];
    expectFailure(await judge(response(), anchors), 'issuer-not-anchored', 5);
  });

  it('says of a bad signature that it is bad, anchored or not', async () => {
    const flags = ['--ca', write('stranger.crt', stranger)];
    expectFailure(await judge(response({ corruptSignature: true }), flags), 'signature-invalid', 5);
  });

  it('ends with 8 where an anchor file is missing', async () => {
    const judged = await judge(response(), ['--ca', folder.at('nowhere.crt')]);
    expect(judged).toMatchObject({ exitCode: 8, record: { error: { code: 'file-not-found' } } });
  });
});
