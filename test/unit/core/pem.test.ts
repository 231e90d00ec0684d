import { describe, expect, it } from 'vitest';
import { OcspError, decodePem, looksLikePem } from '../../../src/core/index.js';
import { pem } from '../../support/pem.js';
import { authority, server } from './scene.js';

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
const labels = (text: string): string[] => decodePem(bytes(text)).map(({ label }) => label);

function errorOf(text: string): OcspError {
  try {
    decodePem(bytes(text));
  } catch (error) {
    if (error instanceof OcspError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('decodePem', () => {
  it('reads a bundle in its order and never decodes the key', () => {
    const blocks = decodePem(bytes(server.certificate.pem + server.keyPem + authority.certificate.pem));
    expect(blocks.map(({ label }) => label)).toEqual(['CERTIFICATE', 'PRIVATE KEY', 'CERTIFICATE']);
    expect(blocks[0]?.der).toEqual(new Uint8Array(server.certificate.der));
    expect(blocks[1]?.der).toEqual(new Uint8Array(0));
    expect(blocks[2]?.der).toEqual(new Uint8Array(authority.certificate.der));
  });

  it.each([
    'PRIVATE KEY',
    'RSA PRIVATE KEY',
    'EC PRIVATE KEY',
    'ENCRYPTED PRIVATE KEY',
    'EC PARAMETERS',
    'DH PARAMETERS',
  ])('passes over a block of %s whatever stands in it', (label) => {
    const text = `-----BEGIN ${label}-----\nProc-Type: 4,ENCRYPTED\n\n?!?\n-----END ${label}-----\n`;
    expect(decodePem(bytes(text))).toEqual([{ label, der: new Uint8Array(0) }]);
  });

  it.each([
    ['CRLF lines', (text: string) => text.replaceAll('\n', '\r\n')],
    ['CR lines', (text: string) => text.replaceAll('\n', '\r')],
    ['a UTF-8 byte order mark', (text: string) => `\u00ef\u00bb\u00bf${text}`],
    ['text around the block', (text: string) => `subject=CN = server\n\n${text}\nthe end -----\n`],
    ['spaces at line ends', (text: string) => text.replaceAll('\n', ' \t\n')],
    ['one long line', (text: string) => text.replace(/([^-])\n(?!-)/g, '$1')],
    ['no line end after the last line', (text: string) => text.trimEnd()],
    ['headers before the base64', (text: string) => text.replace('-----\n', '-----\nComment: x\n\n')],
  ])('reads %s', (_, change) => {
    expect(decodePem(bytes(change(server.certificate.pem)))).toEqual([
      { label: 'CERTIFICATE', der: new Uint8Array(server.certificate.der) },
    ]);
  });

  it('reads blocks whose END and BEGIN are one line, the line feed between two files being lost', () => {
    const { pem: own } = server.certificate;
    const text = `${server.keyPem.trimEnd()}${own.trimEnd()} \u00ef\u00bb\u00bf${authority.certificate.pem.trimEnd()}${own}`;
    expect(labels(text)).toEqual(['PRIVATE KEY', 'CERTIFICATE', 'CERTIFICATE', 'CERTIFICATE']);
    expect(decodePem(bytes(text)).at(-1)?.der).toEqual(new Uint8Array(server.certificate.der));
    const cut = own.trimEnd() + own.slice(0, 200);
    const line = own.trimEnd().split('\n').length;
    expect(errorOf(cut).message).toBe(`the CERTIFICATE block that begins in line ${line} has no end line`);
  });

  it('finds nothing in text without blocks', () => {
    expect(labels('')).toEqual([]);
    expect(labels('no certificate here\n')).toEqual([]);
    expect(labels('indented -----BEGIN CERTIFICATE-----\n')).toEqual([]);
  });

  it('refuses a block without its end line and says where it begins', () => {
    const text = `\n\n${server.certificate.pem.slice(0, 200)}`;
    expect(errorOf(text)).toMatchObject({
      code: 'malformed-pem',
      message: 'the CERTIFICATE block that begins in line 3 has no end line',
    });
  });

  it('refuses a block that ends with another label', () => {
    const text = server.certificate.pem.replace('END CERTIFICATE', 'END X509 CRL');
    expect(errorOf(text).code).toBe('malformed-pem');
  });

  it.each([
    ['letters that are not base64', 'AAAA!AAA'],
    ['letters of base64url', 'AA-_AAAA'],
    ['padding in the middle', 'AA==AAAA'],
    ['padding at the end of its first line', 'AA==\nAAAA'],
    ['too much padding', 'AAAAA==='],
    ['a lone character', 'AAAAA'],
    ['nothing', ''],
    ['a header without the empty line after it', 'Comment: x\nAAAA'],
  ])('refuses a block with %s', (_, body) => {
    const error = errorOf(`-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`);
    expect(error).toMatchObject({ code: 'malformed-pem', kind: 'input' });
    expect(error.hint).not.toBe('');
  });

  it('reads a megabyte of equals signs in no time', () => {
    const started = performance.now();
    expect(errorOf(`-----BEGIN X-----\n${'='.repeat(1_000_000)}a\n-----END X-----\n`).code).toBe('malformed-pem');
    expect(performance.now() - started).toBeLessThan(5000);
  });
});

describe('looksLikePem', () => {
  it('knows PEM by a line that begins a block', () => {
    expect(looksLikePem(bytes(server.certificate.pem))).toBe(true);
    expect(looksLikePem(bytes(`\u00ef\u00bb\u00bf${server.certificate.pem}`))).toBe(true);
    expect(looksLikePem(bytes(`text\r${server.certificate.pem}`))).toBe(true);
    expect(looksLikePem(bytes(pem('PRIVATE KEY', new Uint8Array(3))))).toBe(true);
  });

  it('does not take DER or other text for it', () => {
    expect(looksLikePem(server.certificate.der)).toBe(false);
    expect(looksLikePem(bytes('not at the start: -----BEGIN CERTIFICATE-----'))).toBe(false);
    expect(looksLikePem(new Uint8Array(0))).toBe(false);
  });
});
