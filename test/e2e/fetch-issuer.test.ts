import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';

import { expect, it } from 'vitest';

import { answer } from '../support/answer.js';
import { httpStatus } from '../support/behaviours.js';
import { certificatesOnlyBundle } from '../support/bundles.js';
import type { Behaviour } from '../support/misbehaving-responder.js';
import { createCertificateAuthority } from '../support/pki.js';
import { fetchSite, namesIn, unprivileged, withScene, type Scene } from './support/fetch-scene.js';

const withDownload = {
  certificate: (url: string) => ({ ocspUris: [`${url}/ocsp`], caIssuersUris: [`${url}/ca.crt`] }),
};

/** Only the certificate is on disk, and the CA is served as these bytes. */
function serveIssuer(scene: Scene, issuer: Behaviour): void {
  writeFileSync(scene.certificate, scene.site.certificate.pem);
  scene.responder.routes.set('/ocsp', answer(scene.authority));
  scene.responder.routes.set('/ca.crt', issuer);
}

function file(bytes: string | Uint8Array): Behaviour {
  return httpStatus(200, { 'content-type': 'application/octet-stream' }, bytes);
}

it.each([
  ['in DER', ({ authority }: Scene) => file(authority.certificate.der)],
  ['in PEM', ({ authority }: Scene) => file(authority.certificate.pem)],
  ['in a PKCS#7', ({ authority }: Scene) => file(certificatesOnlyBundle([authority]).der)],
  [
    'in a PKCS#7 beside namesakes',
    ({ authority }: Scene) => file(certificatesOnlyBundle([createCertificateAuthority(), authority]).der),
  ],
])('downloads a missing issuer by caIssuers, %s', async (_form, serve) => {
  await withScene(async (scene) => {
    serveIssuer(scene, serve(scene));
    const { exitCode, record, stderr } = await fetchSite(scene);
    expect({ exitCode, outcome: record.outcome, stderr }).toEqual({ exitCode: 0, outcome: 'updated', stderr: '' });
    expect(scene.responder.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'GET /ca.crt',
      'POST /ocsp',
    ]);
    // What was downloaded is used, not kept: haproxy would take it for a certificate.
    expect(namesIn(scene)).toEqual(['site.pem', 'site.pem.ocsp']);
  }, withDownload);
});

it('downloads nothing with --no-fetch-issuer, and says what would help', async () => {
  await withScene(async (scene) => {
    serveIssuer(scene, file(scene.authority.certificate.der));
    const { exitCode, record } = await fetchSite(scene, ['--no-fetch-issuer']);
    expect({ exitCode, code: record.error?.code }).toEqual({ exitCode: 8, code: 'issuer-not-found' });
    expect(record.error?.hint).toMatch(/or allow its download \(without --no-fetch-issuer\)$/);
    expect(scene.responder.requests).toEqual([]);
  }, withDownload);
});

it.each([
  ['another CA', () => file(createCertificateAuthority().certificate.der), /serves did not issue it\)$/],
  ['an HTTP error', () => httpStatus(404), /HTTP status 404 to the download of the issuer\)$/],
  ['something that is no certificate', () => file('<html>'), /it is neither PEM nor DER\)$/],
])('says what came instead of the issuer: %s', async (_what, serve, message) => {
  await withScene(async (scene) => {
    serveIssuer(scene, serve());
    const { exitCode, record } = await fetchSite(scene);
    expect({ exitCode, code: record.error?.code, outcome: record.outcome }).toEqual({
      exitCode: 8,
      code: 'issuer-not-found',
      outcome: 'input-error',
    });
    expect(record.error?.message).toMatch(message);
    expect(namesIn(scene)).toEqual(['site.pem']);
  }, withDownload);
});

it('passes over namesakes in the bundle, in CERT.issuer and in chain.pem until one fits', async () => {
  await withScene(async (scene) => {
    const namesake = (): string => createCertificateAuthority().certificate.pem;
    writeFileSync(scene.certificate, scene.site.certificate.pem + namesake());
    writeFileSync(`${scene.certificate}.issuer`, namesake());
    scene.folder.write('chain.pem', namesake() + scene.authority.certificate.pem);
    const { exitCode, record } = await fetchSite(scene);
    expect({ exitCode, outcome: record.outcome }).toEqual({ exitCode: 0, outcome: 'updated' });
  });
});

it('finds the issuer in an --issuer folder that also holds other files', async () => {
  await withScene(async (scene) => {
    writeFileSync(scene.certificate, scene.site.certificate.pem);
    scene.folder.write('cas/namesake.pem', createCertificateAuthority().certificate.pem);
    scene.folder.write('cas/notes.txt', 'the CAs of this house');
    scene.folder.write('cas/real.crt', scene.authority.certificate.der);
    const { exitCode, record } = await fetchSite(scene, ['--issuer', scene.folder.at('cas')]);
    expect({ exitCode, outcome: record.outcome }).toEqual({ exitCode: 0, outcome: 'updated' });
  });
});

it('says of an --issuer FILE that it did not issue the certificate', async () => {
  await withScene(async (scene) => {
    writeFileSync(scene.certificate, scene.site.certificate.pem);
    const other = scene.folder.write('other.pem', createCertificateAuthority({ name: 'Other CA' }).certificate.pem);
    const { exitCode, record } = await fetchSite(scene, ['--issuer', other]);
    expect({ exitCode, code: record.error?.code }).toEqual({ exitCode: 8, code: 'issuer-not-found' });
    expect(record.error?.message).toContain(`(--issuer ${other} did not issue it)`);
  });
});

it('says of an --issuer folder that may not be listed why', async () => {
  await withScene(async (scene) => {
    mkdirSync(scene.folder.at('closed'), { mode: 0 });
    chmodSync(scene.folder.path, 0o755);
    const { exitCode, stderr } = await fetchSite(scene, ['--issuer', scene.folder.at('closed')], unprivileged);
    expect(exitCode).toBe(8);
    expect(stderr).toContain('closed cannot be listed: permission denied');
  });
});

it('warns of an expired issuer and goes on', async () => {
  await withScene(
    async (scene) => {
      const { exitCode, record, stderr } = await fetchSite(scene);
      expect({ exitCode, outcome: record.outcome }).toEqual({ exitCode: 0, outcome: 'updated' });
      expect(stderr).toBe(
        `restaple: warning: ${scene.certificate}: the issuer CN=Test Root CA expired at 2024-01-01T00:00:00Z\n`,
      );
    },
    { authority: { notAfter: new Date('2024-01-01T00:00:00Z') } },
  );
});
