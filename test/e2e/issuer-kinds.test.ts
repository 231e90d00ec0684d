import { generateKeyPairSync } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { describe, expect, it } from 'vitest';

import { answer } from '../support/answer.js';
import { httpStatus } from '../support/behaviours.js';
import { certificatesOnlyBundle } from '../support/bundles.js';
import type { CertificateOptions, IssuedCertificate } from '../support/certificate.js';
import { objectIdentifier, sequence } from '../support/der-writer.js';
import { distinguishedName } from '../support/names.js';
import { buildOcspResponse } from '../support/ocsp-response.js';
import { pem } from '../support/pem.js';
import { createCertificateAuthority, type CertificateAuthority } from '../support/pki.js';
import { runRestaple } from '../support/run-program.js';
import { fetchJson, fetchSite, withScene } from './support/fetch-scene.js';
import { createGenerateScene, delegateFlags, generate } from './support/generate-scene.js';
import {
  authority,
  certificate,
  expectFailure,
  expectGood,
  folder,
  issuerFile,
  judge,
  now,
  response,
  root,
  site,
  stranger,
  useVerifyScene,
  verify,
  type Judged,
} from './support/verify-scene.js';

const vectors = join(import.meta.dirname, '..', '..', '..', 'shared', 'vectors', 'openssl');

/** A certificate of this CA and a good staple beside it; the CA stands where the test puts it. */
function certificateOf(ca: CertificateAuthority, options: CertificateOptions = {}, behind = ''): string {
  const leaf = ca.issue(options);
  const issuer = { ...ca, name: options.issuerName ?? ca.name };
  const certId = { issuer, serialNumber: leaf.serialNumber };
  folder.write('own.pem.ocsp', buildOcspResponse({ signer: ca, responses: [{ certId }] }));
  return folder.write('own.pem', leaf.certificate.pem + behind);
}

const old = createCertificateAuthority({ name: 'Old CA', version: 1 });
const bare = { basicConstraints: 'none', keyUsage: 'none' } as const;
const mute = createCertificateAuthority({ name: 'Mute CA', ...bare });

describe('an issuer without basicConstraints', () => {
  useVerifyScene();

  const expectOld = (judged: Judged): void => expectGood(judged, 'issuer-without-basic-constraints');

  it('of version 1 is taken from files, with a finding', async () => {
    const behind = certificateOf(old, {}, old.certificate.pem);
    expectOld(await verify([behind]));
    const alone = certificateOf(old);
    const ca = folder.write('old.pem', old.certificate.pem);
    for (const flags of [
      ['--issuer', ca],
      ['--issuer', ca, '--ca', ca],
      ['--untrusted', ca],
      ['--ca', ca],
    ]) {
      expectOld(await verify([...flags, alone]));
    }
    folder.write('own.pem.issuer', old.certificate.pem);
    const text = await runRestaple(['verify', '--at', now, alone]);
    expect(text.exitCode).toBe(0);
    expect(text.stdout).toContain('the issuer CN=Old CA has no basicConstraints (version 1)');
  });

  it('is an anchor above a CA that has them, with the same finding', async () => {
    const middle = old.issue({ commonName: 'Middle', isCa: true });
    const path = certificateOf(middle, {}, middle.certificate.pem);
    expectOld(await verify(['--ca', folder.write('old.pem', old.certificate.pem), path]));
  });

  it('of version 3 without key usage is one only by --ca, which the hint names', async () => {
    const path = certificateOf(mute, {}, mute.certificate.pem);
    const refused = await runRestaple(['verify', '--at', now, path]);
    expect(refused.exitCode).toBe(8);
    expect(refused.stderr).toContain('(a certificate of that name has no basicConstraints');
    expect(refused.stderr).toMatch(/hint: if this CA is yours, vouch for it with --ca FILE\n/);
    const ca = folder.write('mute.pem', mute.certificate.pem);
    const byIssuer = await verify(['--issuer', ca, path]);
    expect(byIssuer).toMatchObject({ exitCode: 8, record: { error: { code: 'issuer-mismatch' } } });
    expectOld(await verify(['--ca', ca, path]));
    expectOld(await verify(['--ca', ca, '--issuer', ca, path]));
  });

  it('is not taken from a handshake, which is the reason given, but from a file', async () => {
    for (const ca of [old, mute]) {
      const leaf = ca.issue({ subjectAltNames: ['127.0.0.1'] });
      const certId = { issuer: ca, serialNumber: leaf.serialNumber };
      const staple = buildOcspResponse({ signer: ca, responses: [{ certId }] });
      const server = createServer({ cert: leaf.certificate.pem + ca.certificate.pem, key: leaf.keyPem });
      server.on('OCSPRequest', (_own, _issuer, send: (error: null, der: Buffer) => void) => send(null, staple));
      try {
        await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
        const place = ['--connect', `127.0.0.1:${(server.address() as AddressInfo).port}`];
        const { exitCode, record } = await verify(place);
        expect({ exitCode, code: record.error?.code }).toEqual({ exitCode: 8, code: 'issuer-not-found' });
        expect(record.error?.message).toContain(
          '(the one that it sends has no basicConstraints, and without them an issuer is taken from a file of this machine only)',
        );
        expectOld(await verify([...place, '--ca', folder.write('ca.pem', ca.certificate.pem)]));
      } finally {
        server.close();
      }
    }
  });

  it('signs by generate --ca-cert, itself and by a delegate, with a warning', async () => {
    for (const ca of [old, mute]) {
      const scene = createGenerateScene({ authority: ca });
      const delegate = ca.issueResponder({ keyUsage: ['nonRepudiation'] });
      for (const flags of [scene.caFlags, delegateFlags(scene, delegate)]) {
        const { exitCode, record, stderr } = await generate([...flags, scene.certificate]);
        expect({ exitCode, status: record.status }).toEqual({ exitCode: 0, status: 'good' });
        expect(stderr).toContain('(issuer-without-basic-constraints)');
      }
      scene.folder.remove();
    }
  });

  it('is fetched for where it stands in a file, and never taken from a download', async () => {
    await withScene(
      async (scene) => {
        const fetched = await fetchSite(scene);
        expect(fetched.exitCode).toBe(0);
        expect(fetched.record).toMatchObject({ findings: [{ rule: 'issuer-without-basic-constraints' }] });
        const again = await fetchSite(scene);
        expect(again.record).toMatchObject({
          outcome: 'fresh',
          findings: [{ rule: 'issuer-without-basic-constraints' }],
        });
        writeFileSync(scene.certificate, scene.site.certificate.pem);
        scene.responder.routes.set('/ocsp', answer(scene.authority));
        scene.responder.routes.set('/ca.crt', httpStatus(200, {}, scene.authority.certificate.der));
        const downloaded = await fetchSite(scene, ['--force']);
        expect(downloaded).toMatchObject({ exitCode: 8, record: { error: { code: 'issuer-not-found' } } });
        expect(downloaded.record.error?.hint).not.toContain('--ca ');
        expect(downloaded.record.error?.message).toMatch(
          /was not found \(what http\S+\/ca\.crt serves has no basicConstraints, and without them/,
        );
      },
      {
        authority: { version: 1 },
        certificate: (url) => ({ ocspUris: [`${url}/ocsp`], caIssuersUris: [`${url}/ca.crt`] }),
      },
    );
  });
});

describe('an issuer whose algorithm is not verified', () => {
  useVerifyScene();

  /** A CA on a curve that signs on P-256: its signature is not looked at. */
  const onCurve = (namedCurve: string): CertificateAuthority => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve });
    return createCertificateAuthority({ publicKeyInfo: publicKey.export({ format: 'der', type: 'spki' }) });
  };

  it.each([
    ['brainpoolP384r1', 'brainpoolP384r1'],
    ['secp256k1', 'secp256k1'],
    ['secp224r1', 'P-224'],
    ['SM2', 'SM2'],
  ])('is named by its curve %s, wherever it is', async (curve, name) => {
    const ca = onCurve(curve);
    const file = folder.write('curve.pem', ca.certificate.pem);
    const behind = certificateOf(ca, {}, ca.certificate.pem);
    const expectNamed = ({ exitCode, record, stderr }: Judged): void => {
      const { error } = record as unknown as { error?: { code: string; message: string } };
      expect({ exitCode, code: error?.code }).toEqual({ exitCode: 8, code: 'issuer-unsupported' });
      expect(error?.message).toContain(
        `is at hand, but its public key is not usable: the curve ${name} is not supported`,
      );
      expect(error?.message).not.toContain('not found');
      expect(stderr).not.toContain('issuer-unused');
    };
    expectNamed(await verify([behind]));
    const alone = certificateOf(ca);
    expectNamed(await verify(['--issuer', file, alone]));
    expectNamed(await verify(['--ca', file, alone]));
    folder.write('own.pem.issuer', ca.certificate.pem);
    expectNamed(await verify([alone]));
  });

  it('is named by the algorithm of the signature on the certificate', async () => {
    const ca = createCertificateAuthority();
    const algorithmIdentifier = sequence(objectIdentifier('2.16.840.1.101.3.4.3.10'));
    const path = certificateOf(ca, { algorithmIdentifier }, ca.certificate.pem);
    const { exitCode, record } = await verify([path]);
    expect({ exitCode, code: record.error?.code }).toEqual({ exitCode: 8, code: 'issuer-unsupported' });
    expect(JSON.stringify(record)).toContain('signed with ecdsa-with-SHA3-256, which is not supported');
  });

  it('is named by fetch, downloaded too, and by generate', async () => {
    const ca = onCurve('brainpoolP256r1');
    await withScene(async (scene) => {
      scene.responder.routes.set('/ca.crt', httpStatus(200, {}, ca.certificate.der));
      const leaf = ca.issue({ ocspUris: [scene.responder.url], caIssuersUris: [`${scene.responder.url}/ca.crt`] });
      writeFileSync(scene.certificate, leaf.certificate.pem);
      const { exitCode, record } = await fetchSite(scene);
      expect({ exitCode, code: record.error?.code }).toEqual({ exitCode: 8, code: 'issuer-unsupported' });
      expect(record.error?.message).toContain('brainpoolP256r1');
    });
    const scene = createGenerateScene();
    const other = scene.folder.write('other.pem', ca.issue().certificate.pem);
    const flags = [
      '--ca-cert',
      scene.folder.write('curve.pem', ca.certificate.pem),
      '--ca-key',
      scene.folder.at('ca.key'),
    ];
    const { exitCode, stdout } = await runRestaple(['generate', '--json', ...flags, other]);
    expect(exitCode).toBe(8);
    expect(stdout).toContain('brainpoolP256r1');
    scene.folder.remove();
  });
});

describe('an issuer in another string type', () => {
  useVerifyScene();
  const subject = [{ type: 'O', value: 'Gr\u00f6\u00dfe  CA', encoding: 'teletex' }] as const;
  const teletex = createCertificateAuthority({ subject });

  it.each(['universal', 'bmp', 'utf8'] as const)('is found for a certificate that names it in %s', async (encoding) => {
    const issuerName = distinguishedName([{ type: 'O', value: 'GR\u00d6SSE ca', encoding }]);
    const path = certificateOf(teletex, { issuerName }, teletex.certificate.pem);
    expectGood(await verify([path]));
    expectGood(await verify(['--ca', folder.write('ca.pem', teletex.certificate.pem), path]));
    // The hash of the CertID is that of the octets in the certificate (RFC 6960 §4.1.1).
    const { serialNumber } = teletex.issue();
    const ofSubject = { certId: { issuer: teletex, serialNumber } };
    folder.write('own.pem.ocsp', buildOcspResponse({ signer: teletex, responses: [ofSubject] }));
    expectFailure(await verify([path]), 'cert-id-mismatch', 5);
  });
});

describe('PKCS#7 as a source of issuers', () => {
  useVerifyScene();
  const broken: { certificate: IssuedCertificate['certificate'] } = {
    certificate: { der: Buffer.from('3003020101', 'hex'), pem: '' },
  };
  const agencies = Array.from({ length: 40 }, (_, index) => createCertificateAuthority({ name: `Agency ${index}` }));
  const bundle = certificatesOnlyBundle([...agencies, broken, authority]).der;

  it('serves --issuer, --ca, CERT.issuer and the certificate itself, under any label', async () => {
    folder.write('own.pem.ocsp', response());
    const alone = folder.write('own.pem', site.certificate.pem);
    const file = folder.write('cas.p7b', pem('CERTIFICATE', bundle));
    expectGood(await verify(['--issuer', file, alone]));
    expectGood(await verify(['--ca', file, alone]));
    folder.write('own.pem.issuer', bundle);
    expectGood(await verify([alone]));
    const whole = folder.write(
      'own.p7b',
      pem('PKCS #7 SIGNED DATA', certificatesOnlyBundle([authority, broken, site]).der),
    );
    folder.write('own.p7b.ocsp', response());
    expectGood(await verify([whole]));
  });

  it('is downloaded by caIssuers', async () => {
    await withScene(
      async (scene) => {
        writeFileSync(scene.certificate, scene.site.certificate.pem);
        scene.responder.routes.set('/ocsp', answer(scene.authority));
        const served = certificatesOnlyBundle([...agencies, broken, scene.authority]).der;
        scene.responder.routes.set('/ca.crt', httpStatus(200, {}, pem('CMS', served)));
        const { exitCode, record } = await fetchSite(scene);
        expect({ exitCode, outcome: record.outcome }).toEqual({ exitCode: 0, outcome: 'updated' });
      },
      { certificate: (url) => ({ ocspUris: [`${url}/ocsp`], caIssuersUris: [`${url}/ca.crt`] }) },
    );
  });
});

describe('--issuer FILE', () => {
  useVerifyScene();
  const impostor = createCertificateAuthority({ name: 'Verify CA' });

  it('of the right name and another key is passed over where another source has the issuer, with a warning', async () => {
    const file = folder.write('impostor.pem', impostor.certificate.pem);
    const judged = await judge(response(), ['--issuer', file]);
    expect(judged).toMatchObject({ exitCode: 0, record: { verdict: 'good' } });
    expect(judged.record.findings?.map(({ rule }) => rule)).toEqual(['issuer-unused']);
    expect(judged.stderr).toBe(`restaple: warning: --issuer ${file} issued none of the certificates (issuer-unused)\n`);
    const both = await judge(response(), ['--issuer', file, '--issuer', issuerFile]);
    expect(both).toMatchObject({ exitCode: 0, record: { verdict: 'good' } });
  });

  it('of the right name and another key is exit 8 where no source has the issuer', async () => {
    const file = folder.write('impostor.pem', impostor.certificate.pem);
    const alone = folder.write('own.pem', site.certificate.pem);
    folder.write('own.pem.ocsp', response());
    const judged = await verify(['--issuer', file, alone]);
    expect(judged).toMatchObject({ exitCode: 8, record: { error: { code: 'issuer-mismatch' } } });
    expect(judged.stderr).not.toContain('issuer-unused');
  });

  it('that is of use for one certificate of a run gives no warning', async () => {
    const alone = folder.write('own.pem', site.certificate.pem);
    folder.write('own.pem.ocsp', response());
    const other = folder.write('stranger.pem', stranger.issue().certificate.pem + stranger.certificate.pem);
    const { stderr } = await verify(['--issuer', issuerFile, other, alone]);
    expect(stderr).not.toContain('issuer-unused');
  });

  it('has the warning in the summary of fetch, and is tried before a download', async () => {
    await withScene(
      async (scene) => {
        writeFileSync(scene.certificate, scene.site.certificate.pem);
        scene.responder.routes.set('/ocsp', answer(scene.authority));
        scene.responder.routes.set('/ca.crt', httpStatus(200, {}, scene.authority.certificate.der));
        const file = scene.folder.write('impostor.crt', createCertificateAuthority().certificate.pem);
        const { exitCode, record, summary, stderr } = await fetchJson(['--issuer', file, scene.certificate]);
        expect({ exitCode, outcome: record.outcome }).toEqual({ exitCode: 0, outcome: 'updated' });
        expect(summary).toMatchObject({ warnings: [{ code: 'issuer-unused' }] });
        expect(stderr).toContain('(issuer-unused)');
        const configured = scene.folder.write('restaple.yaml', `issuers: [${file}]\n`);
        const quiet = await fetchJson(['--config', configured, scene.certificate]);
        expect(quiet.stderr).not.toContain('issuer-unused');
      },
      { certificate: (url) => ({ ocspUris: [`${url}/ocsp`], caIssuersUris: [`${url}/ca.crt`] }) },
    );
  });

  it('may hold what leads to --ca, as may the file of the certificate and CERT.issuer', async () => {
    const middle = root.issue({ commonName: 'Middle', isCa: true });
    const low = middle.issue({ commonName: 'Low', isCa: true });
    const anchor = ['--ca', folder.write('root.crt', root.certificate.pem)];
    const chain = low.certificate.pem + middle.certificate.pem;
    const alone = certificateOf(low);
    expectFailure(
      await verify([...anchor, '--issuer', folder.write('low.pem', low.certificate.pem), alone]),
      'issuer-not-anchored',
      5,
    );
    const file = folder.write('chain.crt', chain);
    expectGood(await verify([...anchor, '--issuer', file, alone]));
    const words = ['--issuer', file, '--response', folder.at('own.pem.ocsp')];
    expectGood(await verify([...anchor, ...words]));
    expectGood(await verify([...anchor, certificateOf(low, {}, chain)]));
    const beside = certificateOf(low);
    folder.write('own.pem.issuer', chain);
    expectGood(await verify([...anchor, beside]));
  });

  it.skipIf(!existsSync(vectors))('may be that of a public vector with a cross-signed CA', async () => {
    const at = (name: string): string => join(vectors, name);
    const flags = ['--issuer', at('ND1_Issuer_ICA-Cross.pem'), '--ca', at('ND1_Cross_Root.pem')];
    const judged = await verify([
      ...['--at', '1355875200', '--ignore-times', '--response', at('ND1.ors.der')],
      ...flags,
      at('ND1_Cert_EE.pem'),
    ]);
    expectGood(judged, 'sha1-signature');
  });

  it('leaves a certificate with its chain as it was', async () => {
    expectGood(await judge(response(), ['--issuer', issuerFile]));
    expectGood(await verify([certificate]));
  });
});
