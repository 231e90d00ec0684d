import { writeFileSync } from 'node:fs';
import { createServer } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';

import { httpStatus } from '../support/behaviours.js';
import { pointAtInfinity } from '../support/broken-keys.js';
import { certificatesOnlyBundle } from '../support/bundles.js';
import { buildCrl } from '../support/crl.js';
import {
  bitString,
  contextConstructed,
  integer,
  objectIdentifier,
  octetString,
  sequence,
} from '../support/der-writer.js';
import { responseTimes } from '../support/ocsp-response.js';
import { pem } from '../support/pem.js';
import { createCertificateAuthority } from '../support/pki.js';
import { runRestaple } from '../support/run-program.js';
import { bundleOf, fetchJson, fetchSite, withScene } from './support/fetch-scene.js';
import {
  authority,
  certificate,
  delegated,
  expectFailure,
  folder,
  judge,
  response,
  site,
  useVerifyScene,
  verify,
} from './support/verify-scene.js';

const infinity = 'the point on P-256 is the point at infinity';

/** A CA in whose certificate the key is one with which node:crypto aborts the process. */
function brokenAuthority(name: string): ReturnType<typeof createCertificateAuthority> {
  const made = createCertificateAuthority({ name, publicKeyInfo: pointAtInfinity.spki });
  return { ...made, subjectPublicKey: Buffer.of(0) };
}

describe('fetch, where the key of a CA is the point at infinity', () => {
  it('fetches the other staples of the folder', async () => {
    await withScene(async (scene) => {
      const tenant = brokenAuthority('Tenant CA');
      const honest = ['another.pem', 'yet-another.pem'].map((name) => {
        const path = scene.folder.at(name);
        writeFileSync(path, bundleOf(scene.authority.issue({ ocspUris: [scene.responder.url] }), scene.authority));
        return path;
      });
      const hostile = scene.folder.at('a-tenant.pem');
      writeFileSync(hostile, bundleOf(tenant.issue({ ocspUris: [scene.responder.url] }), tenant));
      const { exitCode, records } = await fetchJson([scene.folder.path]);
      const outcomes = Object.fromEntries(records.map((record) => [record.certificate, record.outcome]));
      expect(outcomes).toEqual({
        [hostile]: 'input-error',
        ...Object.fromEntries([scene.certificate, ...honest].map((path) => [path, 'updated'])),
      });
      const { error } = records.find((record) => record.certificate === hostile)!;
      expect(error?.code).toBe('issuer-not-found');
      expect(error?.message).toContain(`of that name is not usable: ${infinity}`);
      expect(exitCode).toBe(8);
    });
  });

  it('goes on after such an answer to the download of an issuer', async () => {
    const tenant = brokenAuthority('Tenant CA');
    await withScene(async (scene) => {
      const lone = tenant.issue({ ocspUris: [scene.responder.url], caIssuersUris: [`${scene.responder.url}/ca.crt`] });
      const hostile = scene.folder.write('a-tenant.pem', lone.certificate.pem);
      scene.responder.routes.set('/ca.crt', httpStatus(200, {}, tenant.certificate.der));
      const { exitCode, records } = await fetchJson([hostile, scene.certificate]);
      expect(exitCode).toBe(8);
      expect(records.map(({ certificate: path, outcome }) => [path, outcome])).toEqual(
        expect.arrayContaining([
          [hostile, 'input-error'],
          [scene.certificate, 'updated'],
        ]),
      );
      expect(records.find((record) => record.certificate === hostile)?.error?.message).toContain(infinity);
    });
  });

  it.each(['--issuer', 'CERT.issuer'])('refuses it as %s', async (place) => {
    await withScene(async (scene) => {
      const tenant = brokenAuthority('Tenant CA');
      writeFileSync(scene.certificate, tenant.issue({ ocspUris: [scene.responder.url] }).certificate.pem);
      const file = scene.folder.write('site.pem.issuer', tenant.certificate.pem);
      const { exitCode, record } = await fetchSite(scene, place === '--issuer' ? ['--issuer', file] : []);
      const code = place === '--issuer' ? 'issuer-mismatch' : 'issuer-not-found';
      expect({ exitCode, code: record.error?.code }).toEqual({ exitCode: 8, code });
      expect(record.error?.message).toContain(infinity);
    });
  });

  it('does not look at the key of the certificate itself', async () => {
    await withScene(
      async (scene) => {
        const { exitCode, record } = await fetchSite(scene);
        expect({ exitCode, outcome: record.outcome }).toEqual({ exitCode: 0, outcome: 'updated' });
      },
      { certificate: () => ({ publicKeyInfo: pointAtInfinity.spki }) },
    );
  });

  it('gives up on a file with dozens of certificates of that name before that holds up the others', async () => {
    await withScene(async (scene) => {
      // Without key identifiers only signatures tell them apart.
      const plain = { subjectKeyIdentifier: 'none', authorityKeyIdentifier: 'none' } as const;
      const namesake = (): string => createCertificateAuthority({ ...plain, keyType: 'ec-p521' }).certificate.pem;
      const namesakes = Array.from({ length: 64 }, namesake).join('');
      const { key } = scene.authority;
      const real = createCertificateAuthority({ ...plain, key });
      const own = real.issue({ ...plain, ocspUris: [scene.responder.url] });
      const hidden = own.certificate.pem + namesakes + real.certificate.pem;
      const hostile = scene.folder.write('a-tenant.pem', hidden);
      const { records } = await fetchJson([hostile, scene.certificate]);
      const outcomes = Object.fromEntries(records.map((record) => [record.certificate, record.outcome]));
      expect(outcomes).toEqual({ [hostile]: 'input-error', [scene.certificate]: 'updated' });
    });
  });
});

describe('where the key of a certificate is the point at infinity', () => {
  useVerifyScene();

  it('uri takes the certificate out of a PKCS#7 beside it', async () => {
    const tenant = brokenAuthority('Tenant CA');
    const leaf = tenant.issue({ ocspUris: ['http://tenant.example/'] });
    const file = folder.write('tenant.p7b', certificatesOnlyBundle([leaf, tenant]).der);
    const { exitCode, stdout, stderr } = await runRestaple(['uri', file]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toContain('http://tenant.example/');
  });

  it('inspect shows it', async () => {
    const file = folder.write('tenant.pem', brokenAuthority('Tenant CA').certificate.pem);
    const { exitCode, stdout } = await runRestaple(['inspect', file]);
    expect({ exitCode, names: stdout.includes('Tenant CA') }).toEqual({ exitCode: 0, names: true });
  });

  it('verify does not believe a delegate with it', async () => {
    const delegate = authority.issueResponder({ publicKeyInfo: pointAtInfinity.spki });
    const judged = await judge(delegated(delegate, { responderId: 'by-name' }));
    expectFailure(judged, 'unsupported-algorithm', 5);
    expect(judged.record.failure?.['message']).toContain(infinity);
  });

  it('verify does not believe a CA with it, nor its CRL', async () => {
    const tenant = brokenAuthority('Tenant CA');
    const ca = folder.write('tenant-ca.pem', tenant.certificate.pem);
    const bytes = response({
      signer: tenant,
      responderId: 'by-name',
      responses: [{ certId: { issuer: tenant, serialNumber: site.serialNumber } }],
    });
    const words = ['--response', folder.write('tenant.ocsp', bytes), '--issuer', ca, '--serial', site.serialNumber];
    const judged = await verify(words);
    expectFailure(judged, 'unsupported-algorithm', 5);
    expect(judged.record.failure?.['message']).toContain(infinity);
    const { thisUpdate, nextUpdate } = responseTimes;
    const crl = folder.write('tenant.crl', buildCrl({ issuer: tenant, thisUpdate, nextUpdate }).der);
    const withCrl = await verify([...words, '--crl', crl]);
    expect(withCrl.exitCode).toBe(5);
    const why = `the public key of the CA is not usable: ${infinity}`;
    expect(withCrl.record['crl']).toMatchObject({ status: 'unusable', error: { code: 'crl-mismatch' } });
    expect(withCrl.stdout).toContain(why);
  });

  it('verify refuses a CA with it', async () => {
    const tenant = brokenAuthority('Tenant CA');
    const file = folder.write('tenant.pem', tenant.issue().certificate.pem);
    folder.write('tenant.pem.ocsp', response());
    const ca = folder.write('tenant-ca.pem', tenant.certificate.pem);
    for (const flags of [
      ['--issuer', ca],
      ['--ca', ca],
      ['--untrusted', ca],
    ]) {
      const { exitCode, stdout } = await verify([...flags, file]);
      expect({ flags, exitCode, why: stdout.includes(infinity) }).toEqual({ flags, exitCode: 8, why: true });
    }
    const { exitCode } = await verify([certificate, file]);
    expect(exitCode).toBe(8);
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('verify --connect judges the chain of a server by %s', async (version) => {
    const tenant = brokenAuthority('Tenant CA');
    const leaf = tenant.issue();
    const certId = { issuer: tenant, serialNumber: leaf.serialNumber };
    const staple = response({ responses: [{ certId }] });
    const chain = leaf.certificate.pem + tenant.certificate.pem;
    const server = createServer({ key: leaf.keyPem, cert: chain, minVersion: version, maxVersion: version });
    server.on('OCSPRequest', (_certificate, _issuer, callback: (error: null, staple: Buffer) => void) =>
      callback(null, staple),
    );
    server.on('secureConnection', (socket) => socket.on('error', () => undefined));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const place = `127.0.0.1:${(server.address() as AddressInfo).port}`;
      const ca = folder.write('ca.pem', authority.certificate.pem);
      const { exitCode, stdout } = await runRestaple(['verify', '--json', '--connect', place, '--ca', ca]);
      expect({ exitCode, why: stdout.includes(infinity) }).toEqual({ exitCode: 8, why: true });
    } finally {
      server.close();
    }
  });

  it.each([
    ['the certificate', infinity, brokenAuthority('Tenant CA').certificate.pem, authority.keyPem],
    ['the private key', 'it has no usable public part', authority.certificate.pem, brokenPrivateKey()],
  ])('generate signs nothing: %s', async (_, why, ca, key) => {
    const words = ['--ca-cert', folder.write('ca.pem', ca), '--ca-key', folder.write('ca.key', key, 0o600)];
    const { exitCode, stdout } = await runRestaple(['generate', '--json', '--status', 'good', ...words, certificate]);
    expect({ exitCode, why: stdout.includes(why) }).toEqual({ exitCode: 8, why: true });
  });
});

/** A PKCS#8 key (RFC 5958, RFC 5915) whose public part is the point at infinity. */
function brokenPrivateKey(): string {
  const algorithm = sequence(objectIdentifier('1.2.840.10045.2.1'), objectIdentifier('1.2.840.10045.3.1.7'));
  const scalar = Buffer.alloc(32, 1);
  const key = sequence(integer(1), octetString(scalar), contextConstructed(1, bitString(Buffer.of(0))));
  return pem('PRIVATE KEY', sequence(integer(0), algorithm, octetString(key)));
}
