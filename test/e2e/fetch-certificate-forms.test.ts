import { symlinkSync } from 'node:fs';

import { expect, it } from 'vitest';

import { certificatesOnlyBundle } from '../support/bundles.js';
import { pem } from '../support/pem.js';
import { createCertificateAuthority } from '../support/pki.js';
import { runInTerminal } from '../support/run-in-terminal.js';
import { runOpenssl, runRestaple } from '../support/run-program.js';
import {
  bundleOf,
  day,
  fetchJson,
  fetchSite,
  fromNow,
  namesIn,
  stapleOf,
  withScene,
  type Scene,
} from './support/fetch-scene.js';
import { fixed } from '../support/behaviours.js';

const forms: readonly (readonly [string, (scene: Scene) => string | Uint8Array])[] = [
  ['DER', ({ site }) => site.certificate.der],
  [
    'PEM with text around it',
    ({ site }) => `subject=CN = server.example\n0 s:\n${site.certificate.pem}trailing text\n`,
  ],
  ['PEM with CR LF', ({ site }) => site.certificate.pem.replaceAll('\n', '\r\n')],
  ['PEM after its key', ({ site }) => site.keyPem + site.certificate.pem],
  ['PEM of openssl x509 -trustout', ({ site }) => pem('TRUSTED CERTIFICATE', site.certificate.der)],
  ['PKCS#7 in PEM, CA first', ({ authority, site }) => certificatesOnlyBundle([authority, site]).pem],
  ['PKCS#7 in DER, CA last', ({ authority, site }) => certificatesOnlyBundle([site, authority]).der],
];

it.each(forms)('reads a certificate from %s', async (_form, make) => {
  await withScene(async (scene) => {
    scene.folder.write('site.pem', make(scene));
    scene.folder.write('site.pem.issuer', scene.authority.certificate.pem);
    const { exitCode, record, stderr } = await fetchSite(scene);
    expect({ exitCode, outcome: record.outcome, stderr }).toEqual({ exitCode: 0, outcome: 'updated', stderr: '' });
  });
});

it.each(['rsa-2048', 'rsa-pss', 'ec-p384', 'ec-p521', 'ed25519', 'ed448'] as const)(
  'fetches the staple of a CA with a key of type %s',
  async (keyType) => {
    await withScene(
      async (scene) => {
        const { exitCode, record } = await fetchSite(scene);
        expect({ exitCode, outcome: record.outcome }).toEqual({ exitCode: 0, outcome: 'updated' });
      },
      { authority: { keyType } },
    );
  },
);

it('takes one fullchain.pem for each lineage of a certbot tree', async () => {
  await withScene(async (scene) => {
    for (const name of ['one.example', 'two.example']) {
      const certificate = scene.authority.issue({ commonName: name, ocspUris: [scene.responder.url] });
      scene.folder.write(`archive/${name}/fullchain1.pem`, bundleOf(certificate, scene.authority));
      scene.folder.write(`live/${name}/cert.pem`, certificate.certificate.pem);
      symlinkSync(`../../archive/${name}/fullchain1.pem`, scene.folder.at('live', name, 'fullchain.pem'));
    }
    scene.folder.write('live/README', 'certbot wrote this');
    const { exitCode, records } = await fetchJson([scene.folder.at('live')]);
    expect(exitCode).toBe(0);
    expect(records.map(({ staple }) => staple).sort()).toEqual(
      ['one.example', 'two.example'].map((name) => scene.folder.at('live', name, 'fullchain.pem.ocsp')),
    );
  });
});

it('expands a quoted glob, and says when nothing matches', async () => {
  await withScene(async (scene) => {
    const { exitCode, records } = await fetchJson([`${scene.folder.path}/*.pem`]);
    expect({ exitCode, paths: records.map(({ certificate }) => certificate) }).toEqual({
      exitCode: 0,
      paths: [scene.certificate],
    });
    const none = await runRestaple(['fetch', `${scene.folder.path}/*.crt`]);
    expect(none).toMatchObject({ exitCode: 8, stdout: '' });
    expect(none.stderr).toMatch(/^restaple: input-error .*\*\.crt: no file matches\n {2}hint: /);
  });
});

it('believes a responder that --trusted-responder names, and nobody else', async () => {
  await withScene(async (scene) => {
    const other = createCertificateAuthority({ name: 'Our own responder' });
    scene.responder.behaviour = fixed(stapleOf(scene, { response: { signer: other } }));
    const trusted = scene.folder.write('responder.crt', other.certificate.pem);
    const distrusted = await fetchSite(scene);
    expect({ exitCode: distrusted.exitCode, code: distrusted.record.error?.code }).toEqual({
      exitCode: 5,
      code: 'responder-not-found',
    });
    const { exitCode, record } = await fetchSite(scene, ['--trusted-responder', trusted]);
    expect({ exitCode, outcome: record.outcome }).toEqual({ exitCode: 0, outcome: 'updated' });
    // Without that word the staple is no good on the next run either.
    expect((await fetchSite(scene)).exitCode).toBe(5);
  });
});

it('stores what openssl verifies as good', { tags: 'openssl' }, async () => {
  await withScene(async (scene) => {
    const issuer = scene.folder.write('ca.crt', scene.authority.certificate.pem);
    await fetchSite(scene);
    const words = ['-respin', scene.staple, '-issuer', issuer, '-cert', scene.certificate, '-CAfile', issuer];
    const openssl = await runOpenssl(['ocsp', ...words]);
    expect(openssl).toMatchObject({ exitCode: 0 });
    expect(openssl.stderr).toContain('Response verify OK');
    expect(openssl.stdout).toContain(`${scene.certificate}: good`);
  });
});

it('has these fields in the line of a certificate, in this order', async () => {
  await withScene(async (scene) => {
    const { record, lines } = await fetchSite(scene);
    expect(Object.keys(record)).toEqual([
      'certificate',
      'outcome',
      'staple',
      'written',
      'responder',
      'verdict',
      'thisUpdate',
      'nextUpdate',
      'nextRefresh',
      'certificateNotAfter',
    ]);
    expect(Object.keys(record.responder ?? {})).toEqual(['url', 'method', 'milliseconds', 'attempts']);
    for (const time of [record.thisUpdate, record.nextUpdate, record.nextRefresh]) {
      expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    }
    expect(lines()).toHaveLength(2);
    await scene.responder.close();
    const failed = await fetchSite(scene, ['--force']);
    expect(Object.keys(failed.record.error ?? {})).toEqual(['code', 'message', 'hint']);
    expect(namesIn(scene)).toEqual(['site.pem', 'site.pem.ocsp']);
  });
});

it('says that the certificate expires to somebody who watches, or with --verbose, and to nobody else', async () => {
  const ending = { notBefore: fromNow(-80 * day), notAfter: fromNow(10 * day) };
  await withScene(
    async (scene) => {
      const words = ['fetch', '--allow-private', scene.certificate];
      const said = 'the certificate expires at ';
      expect(await runRestaple(words)).toMatchObject({ exitCode: 0, stderr: '' });
      const verbose = await runRestaple([...words, '--verbose']);
      expect(verbose).toMatchObject({ exitCode: 0, stderr: expect.stringContaining(said) as string });
      const terminal = await runInTerminal(words, { columns: 200 });
      expect(terminal.exitCode).toBe(0);
      expect(terminal.lines.join('\n')).toContain(said);
      expect((await runInTerminal([...words, '--quiet'])).received).toBe('');
    },
    { certificate: (url) => ({ ocspUris: [url], ...ending }) },
  );
});
