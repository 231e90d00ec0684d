import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readCrtList } from '../../../src/source/crt-list.js';
import { createTemporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.js';
import { failureIn } from '../transport/loopback.js';

let folder: TemporaryFolder;
beforeEach(() => {
  folder = createTemporaryFolder();
});
afterEach(() => folder.remove());

const read = (text: string | Uint8Array, base?: string) => readCrtList(folder.write('list.txt', text), base);

describe('a crt-list of haproxy', () => {
  it('names a certificate in the first word of a line: options and SNI filters are no matter', () => {
    const text = [
      '/etc/haproxy/a.pem',
      '/etc/haproxy/b.pem [alpn h2 ssl-min-ver TLSv1.2] *.b.example !secure.b.example',
      '\t/etc/haproxy/c.pem\t[ocsp-update on]',
      '/etc/haproxy/d.pem[alpn h2] d.example',
      '/etc/haproxy/e.pem e.example # e',
    ].join('\n');
    expect(read(text)).toEqual(['a', 'b', 'c', 'd', 'e'].map((name) => `/etc/haproxy/${name}.pem`));
  });

  it('may have comments and empty lines, ends of lines as of Windows, and no end of its last line', () => {
    expect(read('# certificates\r\n\r\n/a.pem\r\n   \n#/b.pem\n  # c\n/d.pem \r\n/e.pem')).toEqual([
      '/a.pem',
      '/d.pem',
      '/e.pem',
    ]);
  });

  it('names each certificate once, however often it stands there', () => {
    expect(read('/a.pem a.example\n/b.pem\n/a.pem b.example\n')).toEqual(['/a.pem', '/b.pem']);
  });

  it('has relative names relative to its own folder, or to the base that is given', () => {
    expect(read('a.pem\nsub/b.pem\n/c.pem\n')).toEqual([folder.at('a.pem'), folder.at('sub', 'b.pem'), '/c.pem']);
    expect(read('a.pem\n/c.pem\n', '/etc/ssl/private')).toEqual(['/etc/ssl/private/a.pem', '/c.pem']);
  });

  it('may name a bundle by what its files have in common', () => {
    for (const name of ['x.pem.rsa', 'x.pem.ecdsa', 'y.pem', 'y.pem.rsa']) folder.write(name, 'certificate');
    const names = ['x.pem.rsa', 'x.pem.ecdsa', 'y.pem', 'gone.pem'];
    expect(read('x.pem\ny.pem\ngone.pem\n')).toEqual(names.map((name) => folder.at(name)));
  });

  it('keeps names that are not UTF-8 as the bytes they are', () => {
    const name = Buffer.from('/etc/caf\xe9.pem', 'latin1');
    expect(read(Buffer.concat([name, Buffer.from(' [alpn h2]\n/b.pem\n')]))).toEqual([name, '/b.pem']);
  });

  it.each([
    ['a certificate of a crt-store', '@site/a.pem', /names a certificate of a crt-store/],
    ['options without a certificate', '[alpn h2] a.pem', /not a line of a crt-list/],
    ['a certificate itself', '-----BEGIN CERTIFICATE-----', /not a line of a crt-list/],
    ['a NUL character', 'a\0.pem', /not a line of a crt-list/],
  ])('is refused for %s, with the number of its line and a next step', (_what, line, message) => {
    const error = failureIn(() => read(`# first\n\n/a.pem\n${line}\n/b.pem\n`));
    expect(error.code).toBe('malformed-crt-list');
    expect(error.message).toContain(`${folder.at('list.txt')}:4: `);
    expect(error.message).toMatch(message);
    expect(error.hint).not.toBe('');
  });

  it('is an error when it is missing, empty or a folder', () => {
    expect(failureIn(() => readCrtList(folder.at('none'))).code).toBe('file-not-found');
    expect(failureIn(() => read('')).code).toBe('file-empty');
    expect(failureIn(() => readCrtList(folder.path)).code).toBe('file-unreadable');
  });

  it('with comments alone names nothing', () => {
    expect(read('# nothing yet\n')).toEqual([]);
  });
});
