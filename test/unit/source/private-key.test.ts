import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { chmodSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';

import { OcspError } from '../../../src/core/index.js';
import { readPassphraseFile } from '../../../src/source/passphrase-file.js';
import { readPrivateKey } from '../../../src/source/private-key.js';
import { generateKey, privateKeyPem, type KeyType } from '../../support/keys.js';
import { selfSigned } from '../../support/pki.js';
import { runOpenssl } from '../../support/run-program.js';
import { createTemporaryFolder } from '../../support/temporary-folder.js';

const folder = createTemporaryFolder();
afterAll(folder.remove);

const rsa = generateKey('rsa-2048');
const ec = generateKey('ec-p256');
const passphrase = 'correct horse';

function write(contents: string | Uint8Array, mode = 0o600): string {
  return folder.write('key.pem', contents, mode);
}

/** A plain key in a file, for openssl to make another form of. */
function plainFile(key: KeyObject): string {
  return folder.write('plain.pem', privateKeyPem(key), 0o600);
}

async function converted(key: KeyObject, ...args: readonly string[]): Promise<string> {
  const out = folder.at('converted');
  const [command = '', ...rest] = args;
  const { exitCode, stderr } = await runOpenssl([command, '-in', plainFile(key), '-out', out, ...rest]);
  expect(exitCode, stderr).toBe(0);
  chmodSync(out, 0o600);
  return out;
}

function samePublicKey(a: KeyObject, b: KeyObject): boolean {
  return createPublicKey(a).equals(createPublicKey(b));
}

function refusalOf(make: () => unknown): OcspError {
  try {
    make();
  } catch (error) {
    if (error instanceof OcspError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('a private key', () => {
  it.each<KeyType>(['rsa-2048', 'rsa-3072', 'rsa-pss', 'ec-p256', 'ec-p384', 'ec-p521', 'ed25519'])(
    'of type %s is read from PKCS#8, PEM and DER, without a warning',
    (type) => {
      const key = type === 'rsa-2048' ? rsa : generateKey(type);
      for (const contents of [privateKeyPem(key), key.export({ format: 'der', type: 'pkcs8' })]) {
        const read = readPrivateKey(write(contents));
        expect(read.warnings).toEqual([]);
        expect(read.key.type).toBe('private');
        expect(samePublicKey(read.key, key)).toBe(true);
      }
    },
  );

  it.each([
    ['PKCS#1 PEM', rsa, privateKeyPem(rsa, { form: 'pkcs1' })],
    ['PKCS#1 DER', rsa, rsa.export({ format: 'der', type: 'pkcs1' })],
    ['SEC1 PEM', ec, privateKeyPem(ec, { form: 'sec1' })],
    ['SEC1 DER', ec, ec.export({ format: 'der', type: 'sec1' })],
  ])('is read from %s', (_, key, contents) => {
    expect(samePublicKey(readPrivateKey(write(contents)).key, key)).toBe(true);
  });

  it('is read from what openssl ecparam writes, with the parameters first', { tags: 'openssl' }, async () => {
    const { stdout } = await runOpenssl(['ecparam', '-genkey', '-name', 'prime256v1']);
    expect(stdout).toContain('EC PARAMETERS');
    expect(readPrivateKey(write(stdout)).key.asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
  });

  it.each([
    ['PBES2 with AES', rsa, ['pkcs8', '-topk8', '-v2', 'aes-256-cbc']],
    ['PBES2 with AES in DER', ec, ['pkcs8', '-topk8', '-v2', 'aes-128-cbc', '-outform', 'DER']],
    ['PBES2 with scrypt', ec, ['pkcs8', '-topk8', '-scrypt']],
    ['PBES1 with 3DES', rsa, ['pkcs8', '-topk8', '-v1', 'PBE-SHA1-3DES']],
    ['the older PEM encryption of RSA', rsa, ['rsa', '-traditional', '-aes128']],
    ['the older PEM encryption of EC', ec, ['ec', '-aes256']],
  ])(
    'encrypted by %s opens with its passphrase alone',
    { tags: 'openssl' },
    async (_, key, [command = '', ...args]) => {
      const file = await converted(key, command, ...args, '-passout', `pass:${passphrase}`);
      expect(samePublicKey(readPrivateKey(file, { passphrase }).key, key)).toBe(true);
      const bytes = new TextEncoder().encode(passphrase);
      expect(samePublicKey(readPrivateKey(file, { passphrase: bytes }).key, key)).toBe(true);

      for (const wrong of [{}, { passphrase: 'wrong' }, { passphrase: '' }, { passphrase: 'x'.repeat(3000) }]) {
        const error = refusalOf(() => readPrivateKey(file, wrong));
        expect(error.code).toBe('key-passphrase');
        expect(error.message).toContain(file);
        expect(error.hint).toContain('--passphrase-file');
        expect(error.hint).toContain('RESTAPLE_PASSPHRASE');
      }
    },
  );

  it('that is not encrypted needs no passphrase and minds none', () => {
    expect(samePublicKey(readPrivateKey(write(privateKeyPem(ec)), { passphrase: 'any' }).key, ec)).toBe(true);
  });

  it('is found beside certificates, before or after them', () => {
    const own = selfSigned();
    const other = selfSigned({ keyType: 'rsa-2048' });
    for (const parts of [
      [own.certificate.pem, own.keyPem, other.certificate.pem],
      ['subject=CN = server\n', own.keyPem, own.certificate.pem],
      [other.certificate.pem, own.certificate.pem, own.keyPem.replaceAll('\n', '\r\n')],
    ]) {
      expect(samePublicKey(readPrivateKey(write(parts.join(''))).key, own.key)).toBe(true);
    }
  });

  it('is never in an error', () => {
    const pem = privateKeyPem(rsa);
    const secret = pem.split('\n')[3]!;
    for (const contents of [pem.replace('-----END', '----END'), pem.replace(secret, `${secret}*`), pem + pem]) {
      const error = refusalOf(() => readPrivateKey(write(contents)));
      expect(error.code).toBe('key-unreadable');
      expect([error.message, error.hint, error.stack, String(error.cause)].join()).not.toContain(secret.slice(0, 20));
    }
  });
});

describe('a file without a usable private key', () => {
  it.each([
    ['a certificate', selfSigned().certificate.pem],
    ['a certificate in DER', selfSigned().certificate.der],
    ['text', 'hello\n'],
    ['a public key', createPublicKey(ec).export({ format: 'pem', type: 'spki' })],
    ['a public key in DER', createPublicKey(ec).export({ format: 'der', type: 'spki' })],
    ['two keys', privateKeyPem(ec) + privateKeyPem(rsa)],
    ['a key cut short', privateKeyPem(rsa).slice(0, 500)],
    ['a key cut short in DER', rsa.export({ format: 'der', type: 'pkcs8' }).subarray(0, 500)],
    ['a key with something after it', Buffer.concat([rsa.export({ format: 'der', type: 'pkcs8' }), Buffer.of(0)])],
    ['a block that is not base64', '-----BEGIN PRIVATE KEY-----\n!!!!\n-----END PRIVATE KEY-----\n'],
    ['a block that is not a key', '-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n'],
  ])('is refused: %s', (_, contents) => {
    const path = write(contents);
    const error = refusalOf(() => readPrivateKey(path, { passphrase: 'any' }));
    expect(error.code).toBe('key-unreadable');
    expect(error.kind).toBe('input');
    expect(error.message).toContain(path);
    expect(error.hint).not.toBe('');
  });

  it.each([
    ['file-empty', () => write('')],
    ['file-too-large', () => write('x'.repeat(64 * 1024 + 1))],
    ['file-not-found', () => folder.at('none.pem')],
    ['file-unreadable', () => folder.path],
  ])('is refused as %s', (code, path) => {
    expect(refusalOf(() => readPrivateKey(path())).code).toBe(code);
  });

  it('is refused as unsupported where the key cannot sign responses', { tags: 'openssl' }, async () => {
    const { stdout: otherCurve } = await runOpenssl(['ecparam', '-genkey', '-noout', '-name', 'secp256k1']);
    const { stdout: agreement } = await runOpenssl(['genpkey', '-algorithm', 'X25519']);
    const { stdout: dsa } = await runOpenssl(['dsaparam', '-genkey', '-noout', '1024']);
    const { stdout: short } = await runOpenssl(['genrsa', '512']);
    for (const [word, pem] of [
      ['secp256k1', otherCurve],
      ['x25519', agreement],
      ['dsa', dsa],
      ['512 bits', short],
      ['ed448', privateKeyPem(generateKey('ed448'))],
    ] as const) {
      const error = refusalOf(() => readPrivateKey(write(pem)));
      expect(error.code).toBe('key-unsupported');
      expect(error.message).toContain(word);
    }
  });

  it('is refused where the cipher is no longer taken', { tags: 'openssl' }, async () => {
    const legacy = ['-provider', 'legacy', '-provider', 'default'];
    const file = await converted(ec, 'pkcs8', '-topk8', '-v1', 'PBE-MD5-DES', '-passout', 'pass:secret', ...legacy);
    const error = refusalOf(() => readPrivateKey(file, { passphrase: 'secret' }));
    expect(error.code).toBe('key-unreadable');
    expect(error.hint).toContain('pkcs8 -topk8');
  });
});

describe('the permissions of a key file', () => {
  it.each([
    [0o600, 0],
    [0o400, 0],
    [0o640, 0],
    [0o440, 0],
    [0o611, 0],
    [0o644, 1],
    [0o604, 1],
    [0o602, 1],
    [0o660, 1],
    [0o666, 2],
  ])('of mode %o give %i warnings', (mode, count) => {
    const path = write(privateKeyPem(ec), mode);
    const { warnings } = readPrivateKey(path);
    expect(warnings).toHaveLength(count);
    for (const warning of warnings) {
      expect(warning).toContain(path);
      expect(warning).toContain(`mode 0${mode.toString(8)}`);
      expect(warning).toContain('chmod');
    }
  });
});

describe('a passphrase file', () => {
  const read = (contents: string | Uint8Array, mode = 0o600): ReturnType<typeof readPassphraseFile> =>
    readPassphraseFile(folder.write('passphrase', contents, mode));
  const text = ({ passphrase }: ReturnType<typeof readPassphraseFile>): string => Buffer.from(passphrase).toString();

  it.each([
    ['secret', 'secret'],
    ['secret\n', 'secret'],
    ['secret\r\n', 'secret'],
    [' secret words \nmore\n', ' secret words '],
    ['geheim ß\n', 'geheim ß'],
  ])('gives the first line without its end: %j', (contents, expected) => {
    expect(text(read(contents))).toBe(expected);
  });

  it('keeps bytes that are not text', () => {
    expect([...read(Uint8Array.of(0xff, 0x00, 0xfe, 0x0a, 0x41)).passphrase]).toEqual([0xff, 0x00, 0xfe]);
  });

  it('opens a key that openssl encrypted with it', { tags: 'openssl' }, async () => {
    const path = folder.write('words', 'geheim ß\nnot this\n', 0o600);
    const key = generateKey('ec-p384');
    const file = await converted(key, 'pkcs8', '-topk8', '-passout', `file:${path}`);
    const { passphrase } = readPassphraseFile(path);
    expect(samePublicKey(readPrivateKey(file, { passphrase }).key, key)).toBe(true);
    expect(createPrivateKey(privateKeyPem(key)).equals(readPrivateKey(file, { passphrase }).key)).toBe(true);
  });

  it.each([
    ['key-passphrase', '\nsecret\n'],
    ['key-passphrase', '\r\n'],
    ['file-empty', ''],
    ['file-too-large', 'x'.repeat(4097)],
  ])('is refused as %s', (code, contents) => {
    expect(refusalOf(() => read(contents)).code).toBe(code);
  });

  it('that others may read gives a warning', () => {
    expect(read('secret', 0o600).warnings).toEqual([]);
    expect(read('secret', 0o640).warnings).toEqual([]);
    expect(read('secret', 0o644).warnings).toHaveLength(1);
    expect(read('secret', 0o644).warnings.join()).not.toContain('secret');
  });
});
