import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';

import { generateKey, privateKeyPem, type KeyType } from '../support/keys.js';
import { createCertificateAuthority } from '../support/pki.js';
import { createGenerateScene, generate, type GenerateScene } from './support/generate-scene.js';

const passphrase = 'opén sesame';

function createScene(keyType: KeyType): GenerateScene {
  return createGenerateScene({ authority: createCertificateAuthority({ name: 'Key Forms', keyType }) });
}

const scenes = {
  rsa: createScene('rsa-2048'),
  pss: createScene('rsa-pss'),
  p256: createScene('ec-p256'),
  p384: createScene('ec-p384'),
  p521: createScene('ec-p521'),
  ed25519: createScene('ed25519'),
};

type SceneName = keyof typeof scenes;

afterAll(() => {
  for (const { folder } of Object.values(scenes)) folder.remove();
});

/** A form of the CA's key: what openssl or Node writes. */
type Form = (scene: GenerateScene) => string | Uint8Array;

const cipher = { cipher: 'aes-256-cbc', passphrase } as const;

const forms: readonly (readonly [string, Form, readonly SceneName[]])[] = [
  ['PKCS#8 PEM', ({ authority }) => privateKeyPem(authority.key), ['rsa', 'pss', 'p256', 'p384', 'p521', 'ed25519']],
  [
    'PKCS#8 DER',
    ({ authority }) => authority.key.export({ format: 'der', type: 'pkcs8' }),
    ['rsa', 'pss', 'p256', 'p384', 'p521', 'ed25519'],
  ],
  ['PKCS#1 PEM', ({ authority }) => privateKeyPem(authority.key, { form: 'pkcs1' }), ['rsa']],
  ['PKCS#1 DER', ({ authority }) => authority.key.export({ format: 'der', type: 'pkcs1' }), ['rsa']],
  ['SEC1 PEM', ({ authority }) => privateKeyPem(authority.key, { form: 'sec1' }), ['p256', 'p384', 'p521']],
  ['SEC1 DER', ({ authority }) => authority.key.export({ format: 'der', type: 'sec1' }), ['p256', 'p384', 'p521']],
  [
    'SEC1 PEM with the EC PARAMETERS that `openssl ecparam -genkey` writes before it',
    ({ authority }) =>
      `-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n${privateKeyPem(authority.key, { form: 'sec1' })}`,
    ['p256'],
  ],
  [
    'a bundle with the certificate before the key',
    ({ authority }) => authority.certificate.pem + authority.keyPem,
    ['rsa', 'p256'],
  ],
];

const encryptedForms: readonly (readonly [string, Form, readonly SceneName[]])[] = [
  [
    'encrypted PKCS#8 PEM',
    ({ authority }) => privateKeyPem(authority.key, { passphrase }),
    ['rsa', 'pss', 'p256', 'p384', 'p521', 'ed25519'],
  ],
  [
    'encrypted PKCS#8 DER',
    ({ authority }) => authority.key.export({ format: 'der', type: 'pkcs8', ...cipher }),
    ['rsa', 'p256', 'ed25519'],
  ],
  [
    'encrypted PKCS#1 PEM of the old kind',
    ({ authority }) => privateKeyPem(authority.key, { form: 'pkcs1', passphrase }),
    ['rsa'],
  ],
  [
    'encrypted SEC1 PEM of the old kind',
    ({ authority }) => privateKeyPem(authority.key, { form: 'sec1', passphrase }),
    ['p256'],
  ],
];

const encryptedByOpenssl: typeof encryptedForms = [
  [
    'encrypted PKCS#8 PEM with scrypt, by openssl',
    ({ authority }) =>
      execFileSync('openssl', ['pkcs8', '-topk8', '-scrypt', '-passout', `pass:${passphrase}`], {
        input: authority.keyPem,
      }),
    ['p256'],
  ],
];

const tableOf = (
  table: readonly (readonly [string, Form, readonly SceneName[]])[],
): readonly (readonly [string, SceneName, Form])[] =>
  table.flatMap(([name, form, kinds]) => kinds.map((kind) => [name, kind, form] as const));

describe('generate signs with a key', () => {
  it.each(tableOf(forms))('as %s (%s)', async (name, kind, form) => {
    const scene = scenes[kind];
    const key = scene.folder.write(`plain/${name.replaceAll(/\W/g, '-')}`, form(scene), 0o600);
    const result = await generate([...scene.issuerFlags, '--ca-key', key, scene.certificate]);
    expect(result).toMatchObject({ exitCode: 0, stderr: '', record: { status: 'good' } });
  });

  const signsWithPassphrase = async (name: string, kind: SceneName, form: Form): Promise<void> => {
    const scene = scenes[kind];
    const place = `encrypted/${name.replaceAll(/\W/g, '-')}`;
    const key = scene.folder.write(place, form(scene), 0o600);
    const file = scene.folder.write(`${place}.pass`, `${passphrase}\nanother line\n`, 0o600);
    const words = [...scene.issuerFlags, '--ca-key', key, scene.certificate];
    const byFile = await generate([...words, '--passphrase-file', file]);
    expect(byFile).toMatchObject({ exitCode: 0, stderr: '', record: { status: 'good' } });
    const byEnvironment = await generate(words, { env: { RESTAPLE_PASSPHRASE: passphrase } });
    expect(byEnvironment).toMatchObject({ exitCode: 0, stderr: '', record: { status: 'good' } });
  };
  const title = 'as %s (%s), its passphrase in a file or the environment';
  it.each(tableOf(encryptedForms))(title, signsWithPassphrase);
  it.each(tableOf(encryptedByOpenssl))(title, { tags: 'openssl' }, signsWithPassphrase);

  it('prefers the passphrase file to the environment', async () => {
    const { folder, authority, issuerFlags, certificate } = scenes.p256;
    const key = folder.write('both.key', privateKeyPem(authority.key, { passphrase }), 0o600);
    const file = folder.write('both.pass', passphrase, 0o600);
    const words = [...issuerFlags, '--ca-key', key, '--passphrase-file', file, certificate];
    const result = await generate(words, { env: { RESTAPLE_PASSPHRASE: 'wrong' } });
    expect(result).toMatchObject({ exitCode: 0, record: { status: 'good' } });
  });

  it('has no flag that takes a passphrase itself', async () => {
    const { caFlags, certificate } = scenes.p256;
    const result = await generate([...caFlags, '--passphrase', passphrase, certificate]);
    expect(result).toMatchObject({ exitCode: 2, record: { error: { code: 'usage' } } });
  });

  it('warns of a key and a passphrase file that others can read, and signs all the same', async () => {
    const { folder, authority, issuerFlags, certificate } = scenes.p256;
    const key = folder.write('open.key', privateKeyPem(authority.key, { passphrase }), 0o644);
    const file = folder.write('open.pass', passphrase, 0o604);
    const result = await generate([...issuerFlags, '--ca-key', key, '--passphrase-file', file, certificate]);
    expect(result).toMatchObject({ exitCode: 0, record: { status: 'good' } });
    expect(result.stderr.split('\n').sort()).toEqual([
      '',
      `restaple: warning: the passphrase file ${file} can be read or changed by every user of this machine (mode 0604): chmod o= ${file}`,
      `restaple: warning: the private key ${key} can be read or changed by every user of this machine (mode 0644): chmod o= ${key}`,
    ]);
  });

  it('keeps that warning back with --quiet, and gives none where the group alone may read the key', async () => {
    const { folder, authority, issuerFlags, certificate } = scenes.p256;
    const open = folder.write('quiet.key', authority.keyPem, 0o644);
    const shared = folder.write('shared.key', authority.keyPem, 0o640);
    expect((await generate([...issuerFlags, '--quiet', '--ca-key', open, certificate])).stderr).toBe('');
    expect((await generate([...issuerFlags, '--ca-key', shared, certificate])).stderr).toBe('');
  });
});

describe('generate refuses with exit 8', () => {
  const { folder, authority, issuerFlags } = scenes.p256;
  const encrypted = folder.write('refused/encrypted.key', privateKeyPem(authority.key, { passphrase }), 0o600);
  const wrong = folder.write('refused/wrong.pass', 'wrong\n', 0o600);
  const empty = folder.write('refused/empty.pass', '\n', 0o600);

  it.each<[string, readonly string[], string, RegExp, Readonly<Record<string, string>>?]>([
    [
      'an encrypted key without a passphrase',
      [encrypted],
      'key-passphrase',
      /is encrypted, and no passphrase was given/,
    ],
    [
      'a wrong passphrase in a file',
      [encrypted, '--passphrase-file', wrong],
      'key-passphrase',
      /does not open with this passphrase/,
    ],
    [
      'a wrong passphrase in the environment',
      [encrypted],
      'key-passphrase',
      /does not open with this passphrase/,
      { RESTAPLE_PASSPHRASE: 'wrong' },
    ],
    ['an empty passphrase file', [encrypted, '--passphrase-file', empty], 'key-passphrase', /first line .* is empty/],
    [
      'a passphrase file that is not there',
      [encrypted, '--passphrase-file', folder.at('none')],
      'file-not-found',
      /none/,
    ],
    ['a key file that is not there', [folder.at('none.key')], 'file-not-found', /none\.key/],
    ['an empty key file', [folder.write('refused/empty.key', '', 0o600)], 'file-empty', /empty\.key/],
    [
      'a certificate where the key should be',
      [folder.write('refused/certificate', authority.certificate.pem, 0o600)],
      'key-unreadable',
      /there is no private key in it/,
    ],
    [
      'a file with two keys',
      [folder.write('refused/two.key', authority.keyPem + privateKeyPem(generateKey()), 0o600)],
      'key-unreadable',
      /more than one private key/,
    ],
    [
      'a key that was cut short',
      [folder.write('refused/cut.key', authority.keyPem.slice(0, 100), 0o600)],
      'key-unreadable',
      /no end line/,
    ],
    [
      'an Ed448 key',
      [folder.write('refused/ed448', privateKeyPem(generateKey('ed448')), 0o600)],
      'key-unsupported',
      /ed448/,
    ],
  ])('%s, and writes nothing', async (_, [key = '', ...more], code, message, env = {}) => {
    const { certificate } = createSite();
    const result = await generate([...issuerFlags, '--ca-key', key, ...more, certificate], { env });
    expect(result).toMatchObject({ exitCode: 8, record: { error: { code } } });
    expect(result.record.error!.message).toMatch(message);
    expect(result.record.error!.hint).not.toBe('');
    expect(result.stderr).toContain(result.record.error!.message);
    expect(result.stdout + result.stderr).not.toContain('PRIVATE KEY-----\nM');
    expect(existsSync(`${certificate}.ocsp`)).toBe(false);
  });

  let count = 0;
  function createSite(): { certificate: string } {
    count += 1;
    return { certificate: folder.write(`refused/site-${count}.pem`, authority.issue().certificate.pem) };
  }
});
