import { describe, expect, it } from 'vitest';
import {
  appendToPath,
  asPath,
  containsNul,
  folderOf,
  joinPath,
  nameOf,
  shownPath,
} from '../../../src/core/file-path.js';

const latin = Buffer.from('/etc/gr\xfcn/a.pem', 'latin1');

describe('a file path', () => {
  it.each([
    ['/etc/tls/a.pem', '/etc/tls', 'a.pem'],
    ['/a.pem', '/', 'a.pem'],
    ['a.pem', '.', 'a.pem'],
    ['tls/', 'tls', ''],
  ])('%s is taken apart into folder and name', (path, folder, name) => {
    expect(folderOf(path)).toBe(folder);
    expect(nameOf(path).toString()).toBe(name);
  });

  it.each([
    ['/etc', 'a.pem', '/etc/a.pem'],
    ['/etc/', 'a.pem', '/etc/a.pem'],
    ['/etc', '/var/a.pem', '/var/a.pem'],
    ['/', 'a.pem', '/a.pem'],
  ])('%s and %s join', (folder, relative, joined) => {
    expect(joinPath(folder, relative)).toBe(joined);
  });

  it('keeps bytes that are not UTF-8 to the last one', () => {
    expect(asPath(latin)).toEqual(latin);
    expect(folderOf(latin)).toEqual(Buffer.from('/etc/gr\xfcn', 'latin1'));
    expect(joinPath(folderOf(latin), nameOf(latin))).toEqual(latin);
    expect(appendToPath(latin, '.ocsp')).toEqual(Buffer.concat([latin, Buffer.from('.ocsp')]));
    expect(shownPath(latin)).toBe('/etc/gr\ufffdn/a.pem');
  });

  it('knows a NUL in both forms', () => {
    expect([containsNul('a\0b'), containsNul(Buffer.from('a\0b')), containsNul('ab'), containsNul(latin)]).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});
