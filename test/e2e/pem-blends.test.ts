import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { pem } from '../support/pem.js';
import { runRestaple } from '../support/run-program.js';
import { createGenerateScene, generate, signedAt, type GenerateScene } from './support/generate-scene.js';
import { fetchSite, withScene } from './support/fetch-scene.js';

const warning = /warning: .*: 3 trailing octets after the certificate in PEM block 1, ignored/;

/** The certificate in PEM, with octets behind it inside its block. */
function trailing(der: Uint8Array): string {
  return pem('CERTIFICATE', Buffer.concat([der, Buffer.of(1, 2, 3)]));
}

let scene: GenerateScene;
beforeAll(() => {
  scene = createGenerateScene({ site: { ocspUris: ['http://ocsp.example/'] } });
});
afterAll(() => scene.folder.remove());

const at = ['--at', signedAt.toISOString()];

describe('trailing octets after a certificate, inside its PEM block, are a warning', () => {
  it('for uri, inspect, generate and verify', async () => {
    const path = scene.folder.write('trailing.pem', trailing(scene.site.certificate.der));
    const uri = await runRestaple(['uri', path]);
    expect(uri).toMatchObject({ exitCode: 0, stdout: 'http://ocsp.example/\n' });
    expect(uri.stderr).toMatch(warning);
    const uriJson = await runRestaple(['uri', '--json', path]);
    expect(String(uriJson.lines()[0]?.['warnings'])).toMatch(/^3 trailing octets/);

    const inspected = await runRestaple(['inspect', path]);
    expect(inspected).toMatchObject({ exitCode: 0 });
    expect(inspected.stdout).toContain('responder URI: http://ocsp.example/');
    expect(inspected.stderr).toMatch(warning);

    const signed = await generate([...scene.caFlags, path]);
    expect(signed).toMatchObject({ exitCode: 0, record: { status: 'good' } });
    expect(signed.record.warnings?.join()).toMatch(/^3 trailing octets/);
    expect(signed.stderr).toMatch(warning);

    const verify = ['verify', ...at, '--issuer', scene.folder.at('ca.pem')];
    const text = await runRestaple([...verify, path]);
    expect(text.exitCode).toBe(0);
    expect(text.stderr).toMatch(warning);
    const json = await runRestaple([...verify, '--json', path]);
    expect(json.lines()).toMatchObject([{ verdict: 'good' }]);
    expect(String(json.lines()[0]?.['warnings'])).toMatch(/^3 trailing octets/);
    expect(await runRestaple([...verify, '--quiet', path])).toMatchObject({ exitCode: 0, stderr: '' });
  });

  it('in an issuer, the certificate of the CA and one behind another', async () => {
    await generate([...scene.caFlags, scene.certificate]);
    const ca = trailing(scene.authority.certificate.der);
    const issuer = scene.folder.write('ca-trailing.pem', ca);
    for (const flag of ['--issuer', '--ca', '--untrusted']) {
      const issuers = flag === '--issuer' ? [] : ['--issuer', scene.folder.at('ca.pem')];
      const { exitCode, stderr } = await runRestaple(['verify', ...at, ...issuers, flag, issuer, scene.certificate]);
      expect({ flag, exitCode }).toEqual({ flag, exitCode: 0 });
      expect(stderr).toMatch(warning);
      expect(stderr).toContain(issuer);
    }
    const key = ['--ca-key', scene.folder.at('ca.key')];
    const signed = await generate(['--ca-cert', issuer, ...key, scene.certificate]);
    expect(signed.exitCode).toBe(0);
    expect(signed.stderr).toMatch(warning);
    const bundle = scene.folder.write('bundle.pem', scene.site.certificate.pem + ca);
    const found = await runRestaple(['verify', ...at, '--response', scene.staple, bundle]);
    expect(found.exitCode).toBe(0);
    expect(found.stderr).toContain('3 trailing octets after the certificate in PEM block 2, ignored');
  });

  it('for fetch, once a run for --issuer', async () => {
    await withScene(async (own) => {
      own.folder.write('site.pem', trailing(own.site.certificate.der));
      const issuer = own.folder.write('ca.txt', trailing(own.authority.certificate.der));
      const { exitCode, record, stderr } = await fetchSite(own, ['--issuer', issuer]);
      expect({ exitCode, outcome: record.outcome }).toEqual({ exitCode: 0, outcome: 'updated' });
      expect(record.warnings?.join()).toMatch(/^3 trailing octets/);
      expect(stderr.match(/--issuer .*: 3 trailing octets/g)).toHaveLength(1);
      // A fresh one too.
      expect(await fetchSite(own, ['--issuer', issuer])).toMatchObject({ exitCode: 0, record: { outcome: 'fresh' } });
    });
  });

  it('but in no other place: a response or DER with more behind it is refused', async () => {
    const der = Buffer.concat([scene.site.certificate.der, Buffer.of(0)]);
    expect(await runRestaple(['uri', scene.folder.write('more.der', der)])).toMatchObject({ exitCode: 8, stdout: '' });
  });
});

const blends: readonly (readonly [string, (first: string, second: string) => string])[] = [
  ['END and BEGIN on one line', (first, second) => first.trimEnd() + second],
  ['the same with CRLF', (first, second) => (first.trimEnd() + second).replaceAll('\n', '\r\n')],
  ['the same with lone CR', (first, second) => (first.trimEnd() + second).replaceAll('\n', '\r')],
  ['blanks between END and BEGIN', (first, second) => `${first.trimEnd()} \t${second}`],
  ['blanks at line ends', (first, second) => (first.trimEnd() + second).replaceAll('\n', ' \t\n')],
  ['a byte order mark in each file', (first, second) => `\ufeff${first.trimEnd()}\ufeff${second}`],
  ['CRLF in one, LF in the other', (first, second) => first.replaceAll('\n', '\r\n') + second],
  ['text between', (first, second) => `${first}\n 1 s:CN = x\n   i:CN = y\n${second}text at the end`],
];

describe('PEM files put together are read', () => {
  it.each(blends)('with %s', async (_, blend) => {
    const { folder, site, authority } = scene;
    // Key, certificate, issuer: each joint is of this kind.
    const path = folder.write('blend.pem', blend(blend(site.keyPem, site.certificate.pem), authority.certificate.pem));
    const signed = await generate([...scene.issuerFlags, '--ca-key', folder.at('ca.key'), path]);
    expect(signed).toMatchObject({ exitCode: 0, record: { status: 'good' } });
    const { exitCode, stderr } = await runRestaple(['verify', ...at, path]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  });

  it.each(blends)('also the key of the CA, with %s', async (_, blend) => {
    const { folder, authority, issuerFlags } = scene;
    const key = folder.write('blend.key', blend(authority.certificate.pem, authority.keyPem), 0o600);
    const signed = await generate([...issuerFlags, '--ca-key', key, scene.certificate]);
    expect(signed).toMatchObject({ exitCode: 0, stderr: '' });
  });
});
