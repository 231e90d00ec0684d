import { mkdirSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';

import { createCertificateAuthority } from '../support/pki.js';
import { runRestaple } from '../support/run-program.js';
import {
  authority,
  certificate,
  expectGood,
  folder,
  issuerFile,
  judge,
  now,
  other,
  response,
  site,
  staple,
  statement,
  stranger,
  useVerifyScene,
  verify,
} from './support/verify-scene.js';

useVerifyScene();

describe('verify of what is not there', () => {
  it('ends with 8 where there is no staple', async () => {
    const judged = await verify([certificate]);
    expect(judged).toMatchObject({ exitCode: 8, record: { verdict: null, error: { code: 'response-missing' } } });
    const text = await runRestaple(['verify', certificate]);
    expect(text).toMatchObject({ exitCode: 8, stdout: '' });
    expect(text.stderr).toMatch(/site\.pem\.ocsp is not there.*\n {2}hint: .*restaple fetch/);
  });

  it('ends with 0 as no-responder where the certificate has no URI', async () => {
    const path = folder.write('other.pem', other.certificate.pem + authority.certificate.pem);
    const judged = await verify([path]);
    expect(judged).toMatchObject({ exitCode: 0, record: { verdict: null, outcome: 'no-responder' } });
    const text = await runRestaple(['verify', path]);
    expect(text).toMatchObject({ exitCode: 0, stdout: `${path}: no responder\n`, stderr: '' });
  });

  it('ends with 8 where it has none and is Must-Staple', async () => {
    const path = folder.write('must.pem', authority.issue({ mustStaple: true }).certificate.pem);
    const judged = await verify([path]);
    expect(judged).toMatchObject({ exitCode: 8, record: { error: { code: 'response-missing' } } });
    expect(judged.record.outcome).toBeUndefined();
  });

  it('judges a staple that is there although the certificate has no URI', async () => {
    const path = folder.write('other.pem', other.certificate.pem + authority.certificate.pem);
    folder.write('other.pem.ocsp', response({ responses: [statement({}, other)] }));
    expectGood(await verify([path]));
  });

  it('ends with 8 where a named response is missing or cannot be read', async () => {
    const missing = await verify(['--response', folder.at('nowhere'), certificate]);
    expect(missing).toMatchObject({ exitCode: 8, record: { error: { code: 'response-missing' } } });
    mkdirSync(folder.at('folder'));
    const unreadable = await verify(['--response', folder.at('folder'), certificate]);
    expect(unreadable).toMatchObject({ exitCode: 8, record: { error: { code: 'file-unreadable' } } });
  });

  it('ends with 8 where the response is larger than any', async () => {
    const judged = await judge(Buffer.alloc(65_537, 0x30));
    const hint = 'name the file of one OCSP response; restaple takes none that is larger';
    expect(judged).toMatchObject({ exitCode: 8, record: { error: { code: 'file-too-large', hint } } });
  });

  it('ends with 8 where the certificate is unusable', async () => {
    const key = folder.write('key.pem', site.keyPem);
    expect(await verify([key])).toMatchObject({ exitCode: 8, record: { error: { code: 'no-certificate' } } });
  });
});

describe('verify of names of 60 kB', () => {
  it('believes the response, and cuts them in what it prints for people', async () => {
    const ca = createCertificateAuthority({ name: 'N'.repeat(60_000) });
    const leaf = ca.issue({ commonName: 'm'.repeat(60_000) });
    const path = folder.write('long.pem', leaf.certificate.pem + ca.certificate.pem);
    const certId = { issuer: ca, serialNumber: leaf.serialNumber };
    folder.write('long.pem.ocsp', response({ signer: ca, responderId: 'by-key', responses: [{ certId }] }));
    expectGood(await verify([path]));
    const text = await runRestaple(['verify', '--at', now, path]);
    expect(text).toMatchObject({ exitCode: 0, stderr: '' });
    expect(text.stdout).toContain(`CN=${'N'.repeat(600)}`);
    expect(text.stdout.length).toBeLessThan(3000);
  });
});

describe('verify finds the issuer', () => {
  let alone: string;
  beforeEach(() => {
    alone = folder.write('alone.pem', site.certificate.pem);
    folder.write('alone.pem.ocsp', response());
  });

  it('nowhere: 8 and a hint', async () => {
    const judged = await verify([alone]);
    expect(judged).toMatchObject({ exitCode: 8, record: { error: { code: 'issuer-not-found' } } });
  });

  it('by --issuer FILE, by --issuer FOLDER, in CERT.issuer, in chain.pem, in --untrusted', async () => {
    expectGood(await verify(['--issuer', issuerFile, alone]));
    folder.write('cas/one.pem', stranger.certificate.pem);
    folder.write('cas/two.pem', authority.certificate.pem);
    expectGood(await verify(['--issuer', folder.at('cas'), alone]));
    expectGood(await verify(['--untrusted', issuerFile, alone]));
    folder.write('chain.pem', authority.certificate.pem);
    expectGood(await verify([alone]));
    folder.write('chain.pem', stranger.certificate.pem);
    folder.write('alone.pem.issuer', authority.certificate.pem);
    expectGood(await verify([alone]));
  });

  it('not in a file of the same name and another key: 8', async () => {
    const impostor = createCertificateAuthority({ name: 'Verify CA' });
    const file = folder.write('impostor.crt', impostor.certificate.pem);
    const judged = await verify(['--issuer', file, alone]);
    expect(judged).toMatchObject({ exitCode: 8, record: { error: { code: 'issuer-mismatch' } } });
  });
});

describe('verify --response and --out', () => {
  it('judges another file than the staple', async () => {
    folder.write('site.pem.ocsp', Buffer.from('garbage'));
    const file = folder.write('elsewhere.der', response());
    const judged = await verify(['--response', file, certificate]);
    expectGood(judged);
    expect(judged.record['response']).toBe(file);
  });

  it('looks where fetch --out puts staples: a file, a folder, a template', async () => {
    folder.write('staples/site.pem.ocsp', response());
    folder.write('staples/site-0a1b2c.der', response());
    for (const out of ['staples/site-0a1b2c.der', 'staples', 'staples/', 'staples/{name}-{serial}.der']) {
      expectGood(await verify(['--out', folder.at(out), certificate]));
    }
    expectGood(await verify(['--out', '{dir}/staples/{base}.ocsp', certificate]));
  });

  it('is a usage error for two certificates, and for a placeholder that does not exist', async () => {
    const second = folder.write('other.pem', other.certificate.pem);
    const two = await verify(['--response', staple, certificate, second]);
    expect(two).toMatchObject({ exitCode: 2, record: { error: { code: 'usage' } } });
    const template = await verify(['--out', '{subject}.ocsp', certificate]);
    expect(template).toMatchObject({ exitCode: 2, record: { error: { code: 'usage' } } });
  });
});
