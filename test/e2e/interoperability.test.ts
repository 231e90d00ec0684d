// @module-tag openssl
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { answer } from '../support/answer.js';
import type { IssuedCertificate } from '../support/certificate.js';
import type { KeyType } from '../support/keys.js';
import { startResponder, type Responder } from '../support/misbehaving-responder.js';
import {
  createOpensslAuthority,
  openssl,
  runProgram,
  type OpensslAuthority,
  type OpensslKey,
  type OpensslSigning,
} from '../support/openssl-authority.js';
import { createCertificateAuthority, type CertificateAuthority } from '../support/pki.js';
import { runRestaple } from '../support/run-program.js';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.js';

let folder: TemporaryFolder;
let responder: Responder;

beforeAll(async () => {
  folder = createTemporaryFolder();
  responder = await startResponder();
});

afterAll(async () => {
  await responder.close();
  folder.remove();
});

interface FetchLine {
  readonly outcome: string;
  readonly certificate: string;
  readonly staple: string;
  readonly error?: { readonly code: string };
}

/** Fetches, on loopback, and returns exit code and the line of each certificate in the order they were named. */
async function fetchAll(
  paths: readonly string[],
  flags: readonly string[] = [],
): Promise<{ exitCode: number | null; stderr: string; records: FetchLine[] }> {
  const result = await runRestaple(['fetch', '--json', '--allow-private', '--retries', '0', ...flags, ...paths]);
  const records = result.lines().filter((line) => 'outcome' in line) as unknown as FetchLine[];
  const inOrder = paths.map((path) => records.find((record) => record.certificate === path)!);
  return { exitCode: result.exitCode, stderr: result.stderr, records: inOrder };
}

describe.each<[string, KeyType, boolean]>([
  ['an RSA issuer', 'rsa-2048', false],
  ['a delegate of an RSA issuer', 'rsa-2048', true],
  ['an EC issuer', 'ec-p256', false],
  ['a delegate of an EC issuer', 'ec-p256', true],
])('a staple signed by %s that fetch stored', (name, keyType, isDelegated) => {
  let authority: CertificateAuthority;
  let site: IssuedCertificate;
  let paths: Record<'ca' | 'alone' | 'bundle' | 'staple' | 'request', string>;
  let sent: Buffer;

  beforeAll(async () => {
    authority = createCertificateAuthority({ name: `Interoperable ${keyType}`, keyType });
    // The first bit of the serial number is set: its INTEGER begins with 00.
    site = authority.issue({ ocspUris: [responder.url], serialNumber: '0080aabbccddeeff00' });
    responder.behaviour = answer(
      authority,
      'good',
      isDelegated ? { delegate: authority.issueResponder({ keyType }) } : {},
    );
    const place = name.replaceAll(' ', '-');
    const bundle = folder.write(`${place}/site.pem`, site.certificate.pem + authority.certificate.pem + site.keyPem);
    paths = {
      ca: folder.write(`${place}/ca.pem`, authority.certificate.pem),
      alone: folder.write(`${place}/alone.pem`, site.certificate.pem),
      bundle,
      staple: `${bundle}.ocsp`,
      request: folder.at(place, 'request.der'),
    };
    const before = responder.requests.length;
    const result = await fetchAll([bundle], ['--request-out', paths.request]);
    expect(result).toMatchObject({ exitCode: 0, records: [{ outcome: 'updated' }] });
    sent = responder.requests[before]!.body;
  });

  it('is good and verified for openssl', async () => {
    const trust = ['-issuer', paths.ca, '-cert', paths.alone, '-CAfile', paths.ca];
    const result = await runProgram('openssl', ['ocsp', '-respin', paths.staple, ...trust, '-no_nonce']);
    expect(result.exitCode).toBe(0);
    expect(result.stderr).toContain('Response verify OK');
    expect(result.stdout).toContain(`${paths.alone}: good`);
  });

  /** A delegate is found in the response and leads to the trusted CA; a bare signature is tried with the CA's own key. */
  const verifyByGnutls = (response: string): ReturnType<typeof runProgram> =>
    runProgram('ocsptool', [
      '-e',
      '--load-response',
      response,
      isDelegated ? '--load-trust' : '--load-signer',
      paths.ca,
    ]);

  it('is verified by ocsptool, and says the same there', { tags: 'ocsptool' }, async () => {
    const verified = await verifyByGnutls(paths.staple);
    expect(verified.stdout + verified.stderr).toContain('Verifying OCSP Response: Success');
    expect(verified.exitCode).toBe(0);
    const printed = await runProgram('ocsptool', ['-j', '--infile', paths.staple]);
    expect(printed.stdout).toMatch(/Response Status: Successful/);
    expect(printed.stdout).toMatch(new RegExp(`Serial Number: ${site.serialNumber}\\n`));
    expect(printed.stdout).toMatch(/Certificate Status: good/);
    const [ours] = (await runRestaple(['verify', '--json', paths.bundle])).lines();
    const certId = ours!['certId'] as Record<string, string>;
    expect(printed.stdout).toContain(`Issuer Name Hash: ${certId['issuerNameHash']!}\n`);
    expect(printed.stdout).toContain(`Issuer Key Hash: ${certId['issuerKeyHash']!}\n`);
  });

  it('is refused by ocsptool, openssl and verify alike once a bit has changed', { tags: 'ocsptool' }, async () => {
    const bytes = Buffer.from(readFileSync(paths.staple));
    // The last digit of thisUpdate, which nextUpdate follows, so that everything still parses.
    const thisUpdate = bytes.toString('latin1').search(/\d{14}Z\xa0/);
    expect(thisUpdate).toBeGreaterThan(0);
    const at = thisUpdate + 13;
    bytes[at] = bytes[at]! ^ 0x01;
    const altered = folder.write('altered.ocsp', bytes);
    const trust = ['-issuer', paths.ca, '-cert', paths.alone, '-CAfile', paths.ca];
    const byOpenssl = await runProgram('openssl', ['ocsp', '-respin', altered, ...trust, '-no_nonce']);
    expect(byOpenssl.stderr).toContain('Response Verify Failure');
    const byGnutls = await verifyByGnutls(altered);
    expect(byGnutls.stdout + byGnutls.stderr).toMatch(/Verifying OCSP Response: Failure.*signature/i);
    expect((await runRestaple(['verify', '--response', altered, paths.bundle])).exitCode).toBe(5);
  });

  it('was asked for as openssl and ocsptool would ask, byte for byte', { tags: 'ocsptool' }, async () => {
    expect(readFileSync(paths.request)).toEqual(sent);
    const theirs = folder.at('openssl-request.der');
    await openssl(['ocsp', '-no_nonce', '-issuer', paths.ca, '-cert', paths.alone, '-reqout', theirs]);
    expect(sent).toEqual(readFileSync(theirs));
    const gnutls = folder.at('gnutls-request.der');
    const words = ['-q', '--load-issuer', paths.ca, '--load-cert', paths.alone, '--outfile', gnutls];
    expect((await runProgram('ocsptool', words)).exitCode).toBe(0);
    expect(sent).toEqual(readFileSync(gnutls));
  });
});

describe('a request of fetch', () => {
  let paths: Record<'ca' | 'alone' | 'bundle' | 'request', string>;
  let authority: CertificateAuthority;
  let site: IssuedCertificate;

  beforeAll(() => {
    authority = createCertificateAuthority({ name: 'Asked CA' });
    site = authority.issue({ ocspUris: [responder.url] });
    responder.behaviour = answer(authority);
    paths = {
      ca: folder.write('asked/ca.pem', authority.certificate.pem),
      alone: folder.write('asked/alone.pem', site.certificate.pem),
      bundle: folder.write('asked/site.pem', site.certificate.pem + authority.certificate.pem),
      request: folder.at('asked/request.der'),
    };
  });

  /** The request as `openssl ocsp -req_text` prints it, from what was written and from what arrived. */
  async function fetchAndRead(flags: readonly string[]): Promise<{ text: string; sent: Buffer }> {
    const before = responder.requests.length;
    const { exitCode } = await fetchAll([paths.bundle], ['--force', '--request-out', paths.request, ...flags]);
    expect(exitCode).toBe(0);
    const sent = responder.requests[before]!.body;
    expect(readFileSync(paths.request)).toEqual(sent);
    return { text: (await openssl(['ocsp', '-reqin', paths.request, '-req_text'])).stdout, sent };
  }

  it('in SHA-256 is that of openssl, byte for byte', async () => {
    const { text, sent } = await fetchAndRead(['--hash', 'sha256']);
    expect(text).toMatch(/Hash Algorithm: sha256/);
    const theirs = folder.at('asked/openssl.der');
    await openssl(['ocsp', '-no_nonce', '-sha256', '-issuer', paths.ca, '-cert', paths.alone, '-reqout', theirs]);
    expect(sent).toEqual(readFileSync(theirs));
  });

  it('is read by openssl: hash, serial number, no nonce', async () => {
    const { text } = await fetchAndRead([]);
    expect(text).toMatch(/Hash Algorithm: sha1/);
    expect(text).toMatch(new RegExp(`Serial Number: ${site.serialNumber.toUpperCase()}\\n`));
    expect(text).not.toMatch(/Nonce/);
  });

  it('with a nonce is read by openssl and by ocsptool', { tags: 'ocsptool' }, async () => {
    const { text } = await fetchAndRead(['--nonce']);
    const nonce = /OCSP Nonce:\s+0420((?:[0-9A-F]{2}){32})\s/.exec(text)?.[1];
    expect(nonce, text).toBeDefined();
    const printed = await runProgram('ocsptool', ['-i', '--infile', paths.request]);
    expect(printed.stdout.replace(/\s/g, '').toLowerCase()).toContain(nonce!.toLowerCase());
  });
});

interface Variant extends OpensslSigning {
  readonly name: string;
}

/** Who signs, how it names itself, and whether it sends its certificate. */
const variants: readonly Variant[] = [false, true].flatMap((isDelegated) =>
  [false, true].flatMap((byKey) =>
    [false, true].map((withoutCertificates) => ({
      name: [
        isDelegated ? 'delegated' : 'direct',
        byKey ? 'by-key' : 'by-name',
        withoutCertificates ? 'without-certificates' : 'with-certificates',
      ].join('-'),
      isDelegated,
      byKey,
      withoutCertificates,
    })),
  ),
);

describe.each<OpensslKey>(['rsa', 'ec'])('a response made by openssl with an %s CA', (key) => {
  let authority: OpensslAuthority;
  let bundles: Map<string, string>;

  beforeAll(async () => {
    authority = await createOpensslAuthority(folder, key);
    bundles = new Map();
    for (const [index, variant] of variants.entries()) {
      const serial = `80aabb0${index}`;
      authority.record({ serial });
      responder.routes.set(`/${key}/${variant.name}`, authority.behaviour(variant));
      const issued = await authority.issue(variant.name, serial, `${responder.url}/${key}/${variant.name}`);
      bundles.set(variant.name, issued.bundle);
    }
  });

  const bundlesOf = (which: (variant: Variant) => boolean): string[] =>
    variants.filter(which).map(({ name }) => bundles.get(name)!);
  /** Nobody but the operator knows a delegate that does not send its certificate. */
  const isUnknownDelegate = ({ isDelegated, withoutCertificates }: Variant): boolean =>
    isDelegated === true && withoutCertificates === true;

  it('is fetched, stored and verified: direct and delegated, by name and by key, with and without certificates', async () => {
    const usual = bundlesOf((variant) => !isUnknownDelegate(variant));
    const fetched = await fetchAll(usual);
    expect(fetched).toMatchObject({ exitCode: 0, records: usual.map(() => ({ outcome: 'updated' })) });
    const verified = await runRestaple(['verify', '--json', ...usual]);
    expect(verified.exitCode).toBe(0);
    expect(verified.lines()).toMatchObject(
      variants
        .filter((variant) => !isUnknownDelegate(variant))
        .map(({ isDelegated }) => ({
          verdict: 'good',
          responder:
            isDelegated === true
              ? { kind: 'delegated', name: 'CN=delegate' }
              : { kind: 'issuer', name: `CN=${key} CA,O=openssl` },
        })),
    );
  });

  it('without the certificate of its delegate is believed only by --trusted-responder', async () => {
    const unusual = bundlesOf(isUnknownDelegate);
    const distrusted = await fetchAll(unusual);
    const missing = { outcome: 'invalid', error: { code: 'responder-not-found' } };
    expect(distrusted).toMatchObject({ exitCode: 5, records: unusual.map(() => missing) });
    const trust = ['--trusted-responder', authority.delegate];
    const trusted = await fetchAll(unusual, trust);
    expect(trusted).toMatchObject({ exitCode: 0, records: unusual.map(() => ({ outcome: 'updated' })) });
    const verified = await runRestaple(['verify', '--json', ...trust, ...unusual]);
    expect(verified.lines()).toMatchObject(
      unusual.map(() => ({ verdict: 'good', responder: { kind: 'trusted', name: 'CN=delegate' } })),
    );
    expect((await runRestaple(['verify', '--untrusted', authority.delegate, ...unusual])).exitCode).toBe(0);
  });

  it('is fetched with a nonce, by GET, and in SHA-256', async () => {
    const bundle = bundles.get('direct-by-name-with-certificates')!;
    const request = folder.at(key, 'nonce-request');
    const withNonce = await fetchAll([bundle], ['--force', '--nonce', '--strict', '--request-out', request]);
    expect(withNonce).toMatchObject({ exitCode: 0, stderr: '' });
    expect((await runRestaple(['verify', '--request', request, bundle])).exitCode).toBe(0);
    expect((await fetchAll([bundle], ['--force', '--method', 'get'])).exitCode).toBe(0);
    const inSha256 = await fetchAll([bundle], ['--hash', 'sha256']);
    expect(inSha256).toMatchObject({ exitCode: 0, records: [{ outcome: 'updated' }] });
  });

  it('is revoked and unknown where the index says so', async () => {
    const url = `${responder.url}/${key}/direct-by-name-with-certificates`;
    authority.record({ serial: '0999', revocation: '260105100000Z,keyCompromise' });
    const revoked = await authority.issue('revoked', '0999', url);
    const unknown = await authority.issue('unknown', '0998', url);
    const result = await fetchAll([revoked.bundle, unknown.bundle]);
    expect(result).toMatchObject({ exitCode: 3, records: [{ outcome: 'revoked' }, { outcome: 'unknown' }] });
    expect(result.stderr).toContain('2026-01-05T10:00:00Z (keyCompromise)');
    const kept = folder.at(key, 'bundles', '.revoked.pem.ocsp.restaple-revoked');
    const verified = await runRestaple(['verify', '--json', '--response', kept, revoked.bundle]);
    expect(verified).toMatchObject({ exitCode: 3 });
    expect(verified.lines()).toMatchObject([{ verdict: 'revoked', revocationReason: 'keyCompromise' }]);
  });

  it.each([
    ['expired', '2020-01-10 00:00:00'],
    ['not-yet-valid', '2040-01-10 00:00:00'],
  ])('is %s when openssl made it at %s', { tags: 'faketime' }, async (code, at) => {
    const bundle = bundles.get('direct-by-name-with-certificates')!;
    const request = folder.at(key, 'faketime-request');
    responder.routes.set(`/${key}/faketime`, authority.behaviour({ at }));
    const url = ['--url', `${responder.url}/${key}/faketime`];
    const out = ['--out', folder.at(key, `${code}.ocsp`)];
    const fetched = await fetchAll([bundle], [...url, ...out, '--request-out', request]);
    expect(fetched).toMatchObject({ exitCode: 6, records: [{ outcome: 'invalid', error: { code } }] });
    expect(existsSync(folder.at(key, `${code}.ocsp`))).toBe(false);

    const response = folder.write(`${key}/${code}.der`, await authority.respond(readFileSync(request), { at }));
    const verified = await runRestaple(['verify', '--json', '--response', response, bundle]);
    expect(verified.exitCode).toBe(6);
    expect(verified.lines()).toMatchObject([{ verdict: 'invalid', failure: { code } }]);
    const then = new Date(`${at.replace(' ', 'T')}Z`).getTime() / 1000 + 3600;
    const words = ['--at', String(then), '--response', response, bundle];
    expect((await runRestaple(['verify', ...words])).exitCode).toBe(0);
  });
});
