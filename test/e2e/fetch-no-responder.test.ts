import { describe, expect, it } from 'vitest';

import type { CertificateOptions } from '../support/certificate.js';
import { selfSigned } from '../support/pki.js';
import { distinguishedName } from '../support/names.js';
import { runRestaple } from '../support/run-program.js';
import { testRow } from './support/fetch-row.js';
import { day, fetchSite, fromNow, snapshot, storeStaple, withScene, type SceneOptions } from './support/fetch-scene.js';

interface Reason {
  readonly title: string;
  readonly certificate: CertificateOptions;
  readonly authority?: SceneOptions['authority'];
  readonly message: RegExp;
  readonly hint: RegExp;
}

const reasons: readonly Reason[] = [
  {
    title: "a certificate of Let's Encrypt",
    certificate: {},
    authority: {
      subject: distinguishedName([
        { type: 'C', value: 'US' },
        { type: 'O', value: "Let's Encrypt" },
        { type: 'CN', value: 'R11' },
      ]),
    },
    message: /^the certificate has no OCSP responder: Let's Encrypt ended its OCSP service on 2025-08-06$/,
    hint: /turn stapling off.*revocation is by CRL now/,
  },
  {
    title: 'a short-lived certificate',
    certificate: { notBefore: fromNow(-day), notAfter: fromNow(5 * day) },
    message: /it is short-lived and needs none$/,
    hint: /turn stapling off/,
  },
  {
    title: 'a certificate of a private CA',
    certificate: {},
    message: /as is usual for a private CA$/,
    hint: /name it: restaple fetch --url URL/,
  },
  {
    title: 'a certificate that names a CRL alone',
    certificate: { crlUris: ['http://crl.example/ca.crl'] },
    message: /only a CRL, as is usual since OCSP became optional/,
    hint: /name it: restaple fetch --url URL/,
  },
  {
    title: 'a certificate whose only responder is an ldap:// URI',
    certificate: { ocspUris: ['ldap://ldap.example/cn=ocsp'] },
    message: /names a responder only by ldap: and not by http or https$/,
    hint: /ldap:\/\/ is not supported; .*--url URL$/,
  },
  {
    title: 'a certificate whose only responder is a URI without a scheme',
    certificate: { ocspUris: ['//x/'] },
    message: /names a responder only by \/\/x\/ and not by http or https$/,
    hint: /^a URI needs a scheme such as http:\/\/; .*--url URL$/,
  },
];

for (const { title, certificate, authority, message, hint } of reasons) {
  const options: SceneOptions = {
    certificate: () => ({ ocspUris: [], ...certificate }),
    ...(authority === undefined ? {} : { authority }),
  };
  testRow({
    ...options,
    title: `${title}, with --require-ocsp`,
    flags: ['--require-ocsp'],
    exitCode: 11,
    outcome: 'no-responder',
    code: 'no-responder',
    message,
    hint,
  });

  it.each([['without a staple'], ['with a good staple']])(
    `needs no staple and is silent about ${title} %s`,
    async (what) => {
      await withScene(async (scene) => {
        if (what === 'with a good staple') storeStaple(scene);
        const before = snapshot(scene.folder.path);
        const { exitCode, stderr, record } = await fetchSite(scene);
        expect({ exitCode, stderr, outcome: record.outcome }).toEqual({
          exitCode: 0,
          stderr: '',
          outcome: 'no-responder',
        });
        expect(record.error?.message).toMatch(message);
        expect(record.verdict).toBe(what === 'with a good staple' ? 'good' : null);
        expect(snapshot(scene.folder.path)).toEqual(before);
      }, options);
    },
  );

  it(`says the likely reason and the next step with --verbose about ${title}`, async () => {
    await withScene(async (scene) => {
      const { exitCode, stderr, stdout } = await runRestaple(['fetch', '--verbose', scene.certificate]);
      expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' });
      const [first, second] = stderr.split('\n');
      expect(first?.replace(`restaple: no responder ${scene.certificate}: `, '')).toMatch(message);
      expect(second?.replace('  hint: ', '')).toMatch(hint);
    }, options);
  });
}

describe('a self-signed certificate', () => {
  it.each([
    ['silent and exit 0', [], 0],
    ['exit 11 with --require-ocsp', ['--require-ocsp'], 11],
  ])('needs no staple: %s', async (_what, flags, expected) => {
    await withScene(async (scene) => {
      scene.folder.write('site.pem', selfSigned().certificate.pem);
      const { exitCode, stderr, record } = await fetchSite(scene, flags);
      expect({ exitCode, outcome: record.outcome }).toEqual({ exitCode: expected, outcome: 'no-responder' });
      expect(record.error?.message).toBe('the certificate has no OCSP responder: it is self-signed');
      expect(record.error?.hint).toMatch(/nobody can revoke a self-signed certificate/);
      expect(stderr === '').toBe(expected === 0);
    });
  });
});

testRow({
  title: 'a Must-Staple certificate without a responder',
  certificate: () => ({ ocspUris: [], mustStaple: true }),
  exitCode: 11,
  outcome: 'no-responder',
  code: 'no-responder',
  message: /^the certificate is Must-Staple, but .*: clients that honour it will refuse the server$/,
  hint: /get a certificate without Must-Staple/,
});

testRow({
  title: 'a Must-Staple certificate whose only responder is an ldap:// URI',
  certificate: () => ({ ocspUris: ['ldap://ldap.example/'], mustStaple: true }),
  exitCode: 11,
  outcome: 'no-responder',
  code: 'no-responder',
  message: /^the certificate is Must-Staple, but .*only by ldap: /,
  hint: /get a certificate without Must-Staple/,
});

it('asks --url for a certificate that names no responder', async () => {
  await withScene(
    async (scene) => {
      const { exitCode, record } = await fetchSite(scene, ['--url', scene.responder.url]);
      expect({ exitCode, outcome: record.outcome }).toEqual({ exitCode: 0, outcome: 'updated' });
    },
    { certificate: () => ({ ocspUris: [] }) },
  );
});

it('passes over an ldap:// URI beside an http one', async () => {
  await withScene(
    async (scene) => {
      const { exitCode, record, stderr } = await fetchSite(scene);
      expect({ exitCode, outcome: record.outcome, stderr }).toEqual({ exitCode: 0, outcome: 'updated', stderr: '' });
    },
    { certificate: (url) => ({ ocspUris: ['ldap://ldap.example/', url] }) },
  );
});
