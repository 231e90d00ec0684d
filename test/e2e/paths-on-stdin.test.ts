import { generateKeyPairSync } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';

import { createCertificateAuthority } from '../support/pki.js';
import { runRestaple } from '../support/run-program.js';
import { createTemporaryFolder } from '../support/temporary-folder.js';

const authority = createCertificateAuthority();
const site = authority.issue();
const folder = createTemporaryFolder();
afterAll(folder.remove);
const caFile = folder.write('ca.pem', authority.certificate.pem);
const caKeyFile = folder.write('ca.key', authority.keyPem);

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const keyPem = privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
const keyDer = privateKey.export({ format: 'der', type: 'pkcs8' });
const shortKey = generateKeyPairSync('ed25519').privateKey;
const base64 = (pem: string): string => pem.replace(/^-----.*\n/gm, '');

const commands: readonly (readonly string[])[] = [
  ['fetch'],
  ['uri'],
  ['verify'],
  ['inspect'],
  ['reload', 'exec:/bin/true'],
  ['generate', '--ca-cert', caFile, '--ca-key', caKeyFile, '--status', 'good'],
];

/** The text of the key in every spelling of its octets that a message might have, in pieces that nothing else has. */
function piecesOf(input: string | Uint8Array): string[] {
  const text = typeof input === 'string' ? base64(input) : Buffer.from(input).toString('latin1');
  return (text.match(/[A-Za-z0-9+/]{12,}/g) ?? []).map((line) => line.slice(0, 24));
}

async function expectRefused(words: readonly string[], input: string | Uint8Array): Promise<void> {
  const result = await runRestaple([...words, '-'], { input, cwd: folder.path });
  const { exitCode, stdout, stderr } = result;
  expect({ exitCode, stderr }).toEqual({
    exitCode: 2,
    stderr: expect.stringMatching(
      /^restaple: stdin does not list paths: [^\n]*\n {2}hint: name the file as an argument/,
    ) as string,
  });
  for (const piece of piecesOf(input)) expect(stdout + stderr).not.toContain(piece);
}

describe('a file on stdin in place of its path', () => {
  it.each(commands.map((words) => [words[0], words] as const))(
    'is refused by %s, none of it shown',
    async (_, words) => {
      for (const more of [[], ['-0'], ['--json']]) {
        const { exitCode, stdout, stderr } = await runRestaple([...words, ...more, '-'], { input: keyPem });
        expect(exitCode).toBe(2);
        expect(stderr).toContain('stdin does not list paths: the contents of a PEM file came');
        for (const piece of piecesOf(keyPem)) expect(stdout + stderr).not.toContain(piece);
      }
    },
  );

  it.each<[string, string | Uint8Array]>([
    ['with a certificate before it', site.certificate.pem + keyPem],
    ['with lines that end in CR LF', keyPem.replaceAll('\n', '\r\n')],
    ['after text', `Bag Attributes\n    friendlyName: site\nKey Attributes: <No Attributes>\n${keyPem}`],
    ['after a path', `site.pem\n${keyPem}`],
    ['in UTF-16', Buffer.from(`\ufeff${keyPem}`, 'utf16le')],
    ['without its first line', keyPem.replace(/^.*\n/, '')],
    ['without its first and last line', base64(keyPem)],
    [
      'that is short, without its first and last line',
      base64(shortKey.export({ format: 'pem', type: 'pkcs8' }) as string),
    ],
    ['in one line without its first and last', base64(keyPem).replaceAll('\n', '')],
    ['in DER', keyDer],
    ['that is short, in DER', shortKey.export({ format: 'der', type: 'pkcs8' })],
    ['after a certificate in DER', Buffer.concat([site.certificate.der, keyDer])],
    ['in binary', Buffer.concat([Buffer.from('PK\u0003\u0004'), keyDer])],
  ])('is recognised: a key %s', async (what, input) => {
    await expectRefused(['fetch'], input);
    if (what !== 'in binary') await expectRefused(['fetch', '-0'], input);
  });

  it('is recognised by a line that is longer than any path', async () => {
    await expectRefused(['uri'], `site.pem\n${'(none)/'.repeat(1000)}`);
  });

  it('is not a file with a long name of these letters', async () => {
    const name = 'Abcdefgh0123456789'.repeat(4);
    folder.write(name, site.certificate.pem);
    const { exitCode, stderr } = await runRestaple(['uri', '-'], { input: `${name}\n0.pem\n`, cwd: folder.path });
    expect({ exitCode, stderr }).toEqual({
      exitCode: 8,
      stderr: expect.stringContaining('0.pem does not exist') as string,
    });
    expect(stderr).toContain(`${name}: `);
  });

  it.each<[string, (text: string) => readonly string[]]>([
    ['a certificate', (text) => ['fetch', text]],
    ['a certificate after text', (text) => ['fetch', `Bag Attributes\n${text}`]],
    ['a path', (text) => ['verify', `--crl=${text}`, caFile]],
    ['a duration', (text) => ['fetch', `--timeout=${text}`, caFile]],
    ['a target', (text) => ['reload', `x${text}`, caFile]],
  ])('is not shown either where the command line has it as %s', async (_, words) => {
    const { exitCode, stdout, stderr } = await runRestaple(words(keyPem));
    expect(exitCode).not.toBe(0);
    for (const piece of piecesOf(keyPem)) expect(stdout + stderr).not.toContain(piece);
  });
});

describe('a key that is named as another file', () => {
  it.each<[string, (file: string) => readonly string[]]>([
    ['--crt-list', (file) => ['fetch', '--crt-list', file]],
    ['--config', (file) => ['fetch', '--config', file]],
    ['--issuer', (file) => ['fetch', '--issuer', file, '--no-fetch-issuer', 'site.pem']],
    ['--trusted-responder', (file) => ['fetch', '--trusted-responder', file, 'site.pem']],
    ['--response', (file) => ['verify', '--response', file, 'site.pem']],
    ['--request', (file) => ['verify', '--request', file, 'site.pem']],
    ['--crl', (file) => ['verify', '--crl', file, '--issuer', caFile, 'site.pem']],
    ['--dnsdist-key-file', (file) => ['reload', 'dnsdist://127.0.0.1:1', '--dnsdist-key-file', file, 'site.pem']],
    [
      '--passphrase-file',
      (file) => ['generate', '--ca-cert', caFile, '--ca-key', caKeyFile, '--passphrase-file', file],
    ],
    ['--index', (file) => ['generate', '--ca-cert', caFile, '--ca-key', caKeyFile, '--index', file, 'site.pem']],
  ])('is not shown: %s', async (_, words) => {
    folder.write('site.pem', site.certificate.pem);
    for (const contents of [keyPem, `Bag Attributes\n${keyPem}`, keyPem.replace(/^.*\n/, '')]) {
      const file = folder.write('wrong', contents);
      const { stdout, stderr } = await runRestaple(words(file), { cwd: folder.path });
      for (const piece of piecesOf(keyPem)) expect(stdout + stderr).not.toContain(piece);
    }
  });

  it('is not shown where a configuration has it as a value', async () => {
    const text = keyPem.trimEnd().replaceAll('\n', '\n    ');
    for (const key of ['certificates', 'issuer', 'reload', 'timeout', 'url', 'header']) {
      const file = folder.write('restaple.yaml', `${key}:\n  - |\n    ${text}\n`);
      const { exitCode, stdout, stderr } = await runRestaple(['fetch', '--config', file], { cwd: folder.path });
      expect(exitCode).not.toBe(0);
      for (const piece of piecesOf(keyPem)) expect(`${key}: ${stdout}${stderr}`).not.toContain(piece);
    }
  });
});

it.each([
  ['a key cut short', (der: Buffer) => der.subarray(0, 60)],
  ['a key with text after it', (der: Buffer) => Buffer.concat([der, Buffer.from('hello\n')])],
  ['a key with text before it', (der: Buffer) => Buffer.concat([Buffer.from('x\n'), der])],
])('%s in DER is not shown', async (_, change) => {
  const der = shortKey.export({ format: 'der', type: 'pkcs8' });
  for (const words of [
    ['uri', '-0', '-'],
    ['uri', '-'],
    ['fetch', '--json', '-0', '-'],
  ]) {
    const { exitCode, stdoutBytes, stderr } = await runRestaple(words, { input: change(der), cwd: folder.path });
    expect(exitCode).toBe(2);
    expect(Buffer.concat([stdoutBytes, Buffer.from(stderr)]).includes(der.subarray(16, 24))).toBe(false);
    expect(stderr).not.toMatch(/[^\n\x20-\x7e]/);
  }
});
