import { mkdirSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { buildCrl } from '../support/crl.js';
import { purposes } from '../support/extensions.js';
import { generateKey, privateKeyPem, type KeyType } from '../support/keys.js';
import { createCertificateAuthority } from '../support/pki.js';
import {
  after,
  contentsOf,
  createGenerateScene,
  day,
  delegateFlags,
  generate,
  indexLine,
  type GenerateResult,
  type GenerateScene,
} from './support/generate-scene.js';

const past = new Date('2026-01-01T00:00:00Z');

let scene: GenerateScene;
let caFlags: readonly string[];
let issuerFlags: readonly string[];
let certificate: string;

beforeEach(() => {
  scene = createGenerateScene();
  ({ caFlags, issuerFlags, certificate } = scene);
});

afterEach(() => scene.folder.remove());

interface Refusal {
  readonly exitCode: number;
  readonly code: string;
  readonly message: RegExp;
  readonly hint: RegExp;
}

/** Expects exactly one error, in JSON and on stderr, and that no file was changed or created. */
async function expectRefusal(words: readonly string[], refusal: Refusal): Promise<GenerateResult> {
  const before = contentsOf(scene.folder.path);
  const result = await generate(words);
  const error = result.records.find((record) => record.error !== undefined)?.error;
  expect({ exitCode: result.exitCode, code: error?.code }).toEqual({ exitCode: refusal.exitCode, code: refusal.code });
  expect(error!.message).toMatch(refusal.message);
  expect(error!.message).not.toMatch(/\.$/);
  expect(error!.hint).toMatch(refusal.hint);
  expect(result.stderr).toMatch(/^restaple: /);
  expect(result.stderr).toContain(`${error!.message}\n  hint: ${error!.hint}\n`);
  expect(contentsOf(scene.folder.path)).toEqual(before);
  return result;
}

describe('generate refuses, and writes nothing, when the signer is', () => {
  it('the CA with the key of another certificate', async () => {
    const key = scene.folder.write('other.key', privateKeyPem(generateKey()), 0o600);
    await expectRefusal([...issuerFlags, '--ca-key', key, certificate], {
      exitCode: 8,
      code: 'key-mismatch',
      message: /private key \S+\/other\.key does not belong to the signing certificate \S+\/ca\.pem$/,
      hint: /openssl pkey -in KEY -pubout/,
    });
  });

  it('a delegate with the key of another certificate', async () => {
    const delegate = { ...scene.authority.issueResponder(), keyPem: privateKeyPem(generateKey('rsa-2048')) };
    await expectRefusal([...delegateFlags(scene, delegate), certificate], {
      exitCode: 8,
      code: 'key-mismatch',
      message: /private key \S+\/delegate\.key does not belong to the signing certificate \S+\/delegate\.pem$/,
      hint: /name the key/,
    });
  });

  it.each<[string, readonly string[] | undefined]>([
    ['without an extendedKeyUsage', undefined],
    ['for TLS servers', [purposes.serverAuth]],
  ])('a delegate %s', async (_, extendedKeyUsage) => {
    const options = { commonName: 'No EKU', ...(extendedKeyUsage === undefined ? {} : { extendedKeyUsage }) };
    await expectRefusal([...delegateFlags(scene, scene.authority.issue(options)), certificate], {
      exitCode: 8,
      code: 'signer-unusable',
      message: /CN=No EKU .*not for OCSP signing \(id-kp-OCSPSigning\)/,
      hint: /extendedKeyUsage = OCSPSigning/,
    });
  });

  it('a delegate that another CA issued', async () => {
    const stranger = createCertificateAuthority({ name: 'Stranger CA' });
    await expectRefusal([...delegateFlags(scene, stranger.issueResponder()), certificate], {
      exitCode: 8,
      code: 'signer-unusable',
      message: /was not issued by this issuer/,
      hint: /issue it by this CA/,
    });
  });

  it('a delegate that has expired', async () => {
    const delegate = scene.authority.issueResponder({ notAfter: past });
    const flags = delegateFlags(scene, delegate);
    await expectRefusal([...flags, certificate], {
      exitCode: 8,
      code: 'signer-unusable',
      message: /expired at 2026-01-01T00:00:00Z/,
      hint: /valid now, or check the clock of this machine/,
    });
    const before = await generate([...flags, '--at', '2025-12-01T00:00:00Z', certificate]);
    expect(before).toMatchObject({ exitCode: 0, record: { status: 'good' } });
  });

  it('a CA that has expired', async () => {
    const authority = createCertificateAuthority({ name: 'Old CA', notAfter: past });
    scene.folder.remove();
    scene = createGenerateScene({ authority });
    await expectRefusal([...scene.caFlags, scene.certificate], {
      exitCode: 8,
      code: 'signer-unusable',
      message: /CN=Old CA is valid from 2020-01-01T00:00:00Z to 2026-01-01T00:00:00Z, not now/,
      hint: /renew the CA certificate/,
    });
    const before = await generate([...scene.caFlags, '--at', '2025-12-01T00:00:00Z', scene.certificate]);
    expect(before).toMatchObject({ exitCode: 0, record: { status: 'good' } });
  });

  it('a certificate that is not a CA', async () => {
    const key = scene.folder.write('site.key', scene.site.keyPem, 0o600);
    await expectRefusal(['--ca-cert', certificate, '--ca-key', key, certificate], {
      exitCode: 8,
      code: 'signer-unusable',
      message: /not a CA certificate \(basicConstraints\)/,
      hint: /^--ca-cert is for the CA that issued the certificates; a delegated responder goes to --responder-cert$/,
    });
  });

  it.each<[string, KeyType, string, RegExp]>([
    ['an Ed25519 key, which takes no hash', 'ed25519', 'sha256', /Ed25519 takes no hash of its own/],
    ['an RSA-PSS key whose mask has another hash', 'rsa-pss-mgf1-sha1', 'sha256', /prescribes sha1 for its mask/],
    ['an RSA-PSS key that prescribes another hash', 'rsa-pss-mgf1-sha1', 'sha384', /the key prescribes sha256/],
  ])('asked for a hash that does not fit: %s', async (_, keyType, hash, message) => {
    const delegate = scene.authority.issueResponder({ keyType });
    await expectRefusal([...delegateFlags(scene, delegate), '--signature-hash', hash, certificate], {
      exitCode: 8,
      code: 'key-unsupported',
      message,
      hint: /./,
    });
  });

  it.each<[string, readonly string[]]>([
    ['nobody', []],
    ['a delegate without a key', ['--responder-cert', 'delegate.pem']],
    ['a delegate without a certificate', ['--responder-key', 'delegate.key']],
    [
      'both the CA and a delegate',
      ['--ca-key', 'ca.key', '--responder-cert', 'delegate.pem', '--responder-key', 'delegate.key'],
    ],
  ])('%s', async (_, words) => {
    delegateFlags(scene, scene.authority.issueResponder());
    const named = words.map((word) => (word.startsWith('--') ? word : scene.folder.at(word)));
    await expectRefusal([...issuerFlags, ...named, certificate], {
      exitCode: 2,
      code: 'usage',
      message: /no signer was named|it is not clear who signs/,
      hint: /--ca-key/,
    });
  });
});

describe('generate refuses, and writes nothing, for', () => {
  it('a certificate that this CA did not issue', async () => {
    const strange = createCertificateAuthority({ name: 'Stranger CA' }).issue();
    const path = scene.folder.write('strange.pem', strange.certificate.pem);
    await expectRefusal([...caFlags, path], {
      exitCode: 8,
      code: 'issuer-mismatch',
      message: /strange\.pem was not issued by CN=Own CA$/,
      hint: /--ca-cert/,
    });
  });

  it('a certificate that only claims the name of this CA', async () => {
    const strange = createCertificateAuthority({ name: 'Own CA' }).issue();
    const path = scene.folder.write('claims.pem', strange.certificate.pem);
    await expectRefusal([...caFlags, path], {
      exitCode: 8,
      code: 'issuer-mismatch',
      message: /was not issued by/,
      hint: /--ca-cert/,
    });
  });

  it('a certificate that has expired, for no response can be valid', async () => {
    const path = scene.folder.write('old.pem', scene.authority.issue({ notAfter: past }).certificate.pem);
    await expectRefusal([...caFlags, path], {
      exitCode: 8,
      code: 'validity-empty',
      message: /the certificate ends at 2026-01-01T00:00:00Z/,
      hint: /renew/,
    });
  });

  it('a file without a certificate, and one that is not there', async () => {
    const empty = scene.folder.write('text.pem', 'no certificate\n');
    await expectRefusal([...caFlags, empty], {
      exitCode: 8,
      code: 'no-certificate',
      message: /text\.pem/,
      hint: /./,
    });
    await expectRefusal([...caFlags, scene.folder.at('none.pem')], {
      exitCode: 8,
      code: 'file-not-found',
      message: /none\.pem/,
      hint: /./,
    });
  });

  it('no certificate at all', async () => {
    await expectRefusal(caFlags, { exitCode: 2, code: 'usage', message: /certificate/, hint: /./ });
  });

  it('an index with a malformed line, naming its number', async () => {
    const index = scene.folder.write('index.txt', `${indexLine('V', '0a01')}\n# comment\nR\t\t0a02\n`);
    await expectRefusal([...caFlags, '--index', index, certificate], {
      exitCode: 8,
      code: 'malformed-index',
      message: /index\.txt line 3: expected six columns with tabs between them, found 3/,
      hint: /repair the line/,
    });
  });

  it('a CRL of another issuer', async () => {
    const stranger = createCertificateAuthority({ name: 'Stranger CA' });
    const crl = scene.folder.write('other.crl', buildCrl({ issuer: stranger }).pem);
    await expectRefusal([...caFlags, '--crl', crl, certificate], {
      exitCode: 8,
      code: 'crl-mismatch',
      message: /of CN=Stranger CA was not signed by the CA CN=Own CA: it names another issuer/,
      hint: /CRL of the CA/,
    });
  });

  it('a CRL whose signature is not of this CA', async () => {
    const crl = scene.folder.write('forged.crl', buildCrl({ issuer: scene.authority, signedBy: generateKey() }).pem);
    await expectRefusal([...caFlags, '--crl', crl, certificate], {
      exitCode: 8,
      code: 'crl-mismatch',
      message: /signature does not verify/,
      hint: /CRL of the CA/,
    });
  });

  it('a stale CRL, until it is allowed', async () => {
    const nextUpdate = new Date('2026-03-02T11:00:00Z');
    const crl = scene.folder.write('stale.crl', buildCrl({ issuer: scene.authority, nextUpdate }).pem);
    const words = [...caFlags, '--crl', crl, certificate];
    await expectRefusal(words, {
      exitCode: 8,
      code: 'crl-stale',
      message: /stale: the next one was due at 2026-03-02T11:00:00Z/,
      hint: /--allow-stale-crl/,
    });
    const allowed = await generate([...words, '--allow-stale-crl']);
    expect(allowed).toMatchObject({ exitCode: 0, record: { status: 'good', thisUpdate: '2026-03-01T12:00:00Z' } });
    expect(allowed.record.nextUpdate).toBe(after(7 * day));
    expect(allowed.stderr).toContain('is stale: the next one was due at 2026-03-02T11:00:00Z');
  });

  it('a CRL of tomorrow', async () => {
    const times = { thisUpdate: new Date('2026-03-03T12:00:00Z'), nextUpdate: new Date('2026-03-09T12:00:00Z') };
    const crl = scene.folder.write('early.crl', buildCrl({ issuer: scene.authority, ...times }).pem);
    await expectRefusal([...caFlags, '--crl', crl, certificate], {
      exitCode: 8,
      code: 'crl-not-yet-valid',
      message: /not valid before 2026-03-03T12:00:00Z/,
      hint: /clock/,
    });
  });
});

describe('generate takes for wrong usage, with exit 2 and nothing written,', () => {
  it.each<[string, readonly string[], RegExp, RegExp?]>([
    [
      '--revoked-at in the future',
      ['--status', 'revoked', '--revoked-at', '2026-03-02T12:00:01Z'],
      /--revoked-at is in the future/,
      /a time in the past/,
    ],
    [
      'a reason without revoked',
      ['--reason', 'keyCompromise'],
      /--reason is for a revoked certificate/,
      /--status revoked/,
    ],
    [
      'a reason for good',
      ['--status', 'good', '--reason', 'superseded'],
      /--reason is for a revoked/,
      /--status revoked/,
    ],
    [
      'a revocation time for unknown',
      ['--status', 'unknown', '--revoked-at', '2026-01-01'],
      /--revoked-at is for a revoked/,
      /--status revoked/,
    ],
    [
      'an unknown reason',
      ['--status', 'revoked', '--reason', 'stolen'],
      /--reason: "stolen" is not a reason/,
      /unspecified.*keyCompromise/,
    ],
    [
      'removeFromCRL, which is none for OCSP',
      ['--status', 'revoked', '--reason', 'removeFromCRL'],
      /is not a reason/,
      /keyCompromise/,
    ],
    ['an unknown status', ['--status', 'fine'], /--status/],
    [
      'days and minutes of zero',
      ['--days', '0', '--minutes', '0'],
      /cannot be valid for --days 0 and --minutes 0/,
      /above 0/,
    ],
    ['no days', ['--days', '0'], /cannot be valid for --days 0 and --minutes 0/, /above 0/],
    ['no minutes', ['--minutes', '0'], /a response cannot be valid for/, /above 0/],
    ['negative days', ['--days=-1'], /cannot be valid for --days -1 and --minutes 0/, /above 0/],
    [
      'negative minutes beside days',
      ['--days', '1', '--minutes=-5'],
      /cannot be valid for --days 1 and --minutes -5/,
      /above 0/,
    ],
    ['days that are not a number', ['--days', 'week'], /week/],
    ['a hundred years', ['--days', '36500'], /a response cannot be valid for/, /ten years at most/],
    [
      '--serial beside a certificate',
      ['--serial', '0a01', '--out', 'x.ocsp'],
      /--serial replaces a certificate file/,
      /leave one/,
    ],
    ['a hash that is none', ['--hash', 'md5'], /md5/],
    ['a placeholder that does not exist', ['--out', '{subject}.ocsp'], /no placeholder \{subject\}/, /\{dir\}/],
  ])('%s', async (_, words, message, hint = /./) => {
    await expectRefusal([...caFlags, ...words, certificate], { exitCode: 2, code: 'usage', message, hint });
  });

  it.each<[string, readonly string[], RegExp, RegExp]>([
    [
      '--serial without --out',
      ['--serial', '0a01'],
      /a serial number names no file to put the response beside/,
      /--out/,
    ],
    [
      'a serial number that is none',
      ['--serial', 'xyz', '--out', 'x.ocsp'],
      /"xyz" is not hexadecimal/,
      /openssl x509/,
    ],
    [
      'a placeholder that needs a certificate with --serial',
      ['--serial', '0a01', '--out', '{name}.ocsp'],
      /\{name\} needs a certificate file/,
      /\{serial\}/,
    ],
  ])('%s', async (_, words, message, hint) => {
    await expectRefusal([...caFlags, ...words], { exitCode: 2, code: 'usage', message, hint });
  });

  it('--status beside --index or --crl, and --index beside --crl', async () => {
    const index = scene.folder.write('index.txt', `${indexLine('V', '0a01')}\n`);
    const crl = scene.folder.write('own.crl', buildCrl({ issuer: scene.authority }).pem);
    const refusal = { exitCode: 2, code: 'usage', hint: /./ };
    const status = ['--status', 'good'];
    await expectRefusal([...caFlags, ...status, '--index', index, certificate], {
      ...refusal,
      message: /--index|--status/,
    });
    await expectRefusal([...caFlags, ...status, '--crl', crl, certificate], { ...refusal, message: /--crl|--status/ });
    await expectRefusal([...caFlags, '--index', index, '--crl', crl, certificate], {
      ...refusal,
      message: /--crl|--index/,
    });
  });

  it.each<[string, string]>([
    ['--reason', 'superseded'],
    ['--revoked-at', '2026-01-01T00:00:00Z'],
  ])('%s beside a source of statuses', async (flag, value) => {
    const index = scene.folder.write('index.txt', `${indexLine('R', '0a01', '260214102030Z')}\n`);
    await expectRefusal([...caFlags, '--index', index, flag, value, certificate], {
      exitCode: 2,
      code: 'usage',
      message: new RegExp(`${flag} is for --status revoked`),
      hint: /leave it out: --index says when and why/,
    });
  });

  it('--allow-stale-crl without a CRL', async () => {
    await expectRefusal([...caFlags, '--allow-stale-crl', certificate], {
      exitCode: 2,
      code: 'usage',
      message: /--crl|crl/,
      hint: /./,
    });
  });
});

describe('generate cannot write, with exit 9, when', () => {
  it('the folder of the output is not there', async () => {
    const out = scene.folder.at('missing', 'site.ocsp');
    await expectRefusal([...caFlags, '--out', out, certificate], {
      exitCode: 9,
      code: 'staple-unwritable',
      message: /missing/,
      hint: /./,
    });
  });

  it('the staple is a folder', async () => {
    mkdirSync(scene.staple);
    await expectRefusal([...caFlags, certificate], {
      exitCode: 9,
      code: 'staple-unwritable',
      message: /site\.pem\.ocsp.* it is a folder/,
      hint: /--out/,
    });
  });
});

describe('when one of several certificates is bad, generate', () => {
  it('signs the others and ends with the code of the bad one', async () => {
    const strange = createCertificateAuthority({ name: 'Stranger CA' }).issue();
    const path = scene.folder.write('strange.pem', strange.certificate.pem);
    const second = scene.folder.write('second.pem', scene.authority.issue().certificate.pem);
    const { exitCode, records } = await generate([...caFlags, certificate, path, second]);
    expect(exitCode).toBe(8);
    const byPath = Object.fromEntries(records.map((record) => [record.certificate ?? '', record]));
    expect(byPath[certificate]).toMatchObject({ status: 'good', staple: `${certificate}.ocsp` });
    expect(byPath[second]).toMatchObject({ status: 'good', staple: `${second}.ocsp` });
    expect(byPath[path]).toMatchObject({ staple: null, status: null, error: { code: 'issuer-mismatch' } });
    expect(Object.keys(byPath[path]!)).toEqual([
      ...['certificate', 'staple', 'status', 'certId', 'thisUpdate', 'nextUpdate', 'responder', 'error'],
    ]);
    expect(Object.keys(contentsOf(scene.folder.path))).not.toContain('strange.pem.ocsp');
  });

  it('signs for the first of two with one staple path, and for the one that has it already', async () => {
    const second = scene.folder.write('second.pem', scene.authority.issue().certificate.pem);
    const words = [...caFlags, '--out', scene.folder.at('one.ocsp')];
    for (const named of [
      [certificate, second],
      [second, certificate],
    ]) {
      const { exitCode, records } = await generate([...words, ...named]);
      expect(exitCode).toBe(8);
      const byPath = Object.fromEntries(records.map((record) => [record.certificate ?? '', record]));
      expect(byPath[certificate]).toMatchObject({ status: 'good', staple: scene.folder.at('one.ocsp') });
      expect(byPath[second]).toMatchObject({ staple: null, error: { code: 'staple-path-taken' } });
      expect(byPath[second]?.error?.hint).toBe('use {name} in --out, which tells them apart');
    }
  });

  it('leaves an old staple as it was', async () => {
    writeFileSync(scene.staple, 'old');
    const index = scene.folder.write('index.txt', 'nonsense\n');
    await expectRefusal([...caFlags, '--index', index, certificate], {
      exitCode: 8,
      code: 'malformed-index',
      message: /line 1/,
      hint: /./,
    });
  });
});
