import { describe, expect, it } from 'vitest';
import { parseTarget, shownUrl } from '../../../src/transport/target-url.js';
import { failureIn } from './loopback.js';

describe('a URI to connect to', () => {
  it.each([
    'http://a.example/x\u0000y',
    'http://a.example/x\ny',
    'http://a.example/x\ty',
    'http://a.example/x y',
    ' http://a.example/',
    'http://a.example/\u007f',
    'http://a.example\\@127.0.0.1/',
    'http:///a.example/',
    'http:/a.example/',
    'http:a.example',
    'http://',
    'http://a.example:99999/',
    'http://a.example:0/',
    'http://a..example/',
    'http://.example/',
    'http://a.example../',
    'http://[::1/',
    'http://user:secret@a.example/',
    'http://user@a.example/',
    'a.example/ocsp',
    '/ocsp',
    '',
    `http://a.example/${'x'.repeat(9000)}`,
  ])('is malformed: %j', (text) => {
    const error = failureIn(() => parseTarget(text));
    expect(error.code).toBe('malformed-uri');
    expect(error.hint).toContain('--url');
    expect(error.message).not.toContain('secret');
    expect(error.message.length).toBeLessThan(400);
  });

  it.each([
    'ldap://ldap.example/cn=x',
    'ftp://a.example/',
    'file:///etc/passwd',
    'urn:x',
    'unix:/run/x',
    'javascript:1',
  ])('has a scheme that is not asked: %s', (text) => {
    const error = failureIn(() => parseTarget(text));
    expect(error.code).toBe('unsupported-scheme');
    expect(error.message).toContain(`${text.split(':')[0]} URI`);
  });

  it('is normalised, without its fragment', () => {
    expect(parseTarget('HTTP://A.Example:80/x?y#z').href).toBe('http://a.example/x?y');
  });

  it('may be relative to a base only', () => {
    const base = new URL('http://a.example/x/y');
    expect(parseTarget('../z', { base }).href).toBe('http://a.example/z');
    expect(parseTarget('//b.example/', { base }).href).toBe('http://b.example/');
    expect(failureIn(() => parseTarget('ldap://b.example/', { base })).code).toBe('unsupported-scheme');
  });

  it('is shown without credentials and not too long', () => {
    expect(shownUrl('http://u:p@a.example/@')).toBe('http://a.example/@');
    expect(shownUrl(`http://a.example/${'x'.repeat(500)}`)).toHaveLength(203);
  });
});

it.each([
  'http://user:se/cret@a.example:1x/',
  'http://user:se#cret@a.example/',
  'user:secret@a.example',
  'secret@a.example',
  '//user:se/cret@a.example',
  'user:se/cret@a.example/',
  'socks5://user:se/cret@a.example',
])('nothing of a password that does not parse is shown: %s', (text) => {
  expect(shownUrl(text)).not.toMatch(/se.?cret|cret/);
  expect(shownUrl(text)).toContain('a.example');
});

it('an @ in a path is shown', () => {
  expect(shownUrl('http://a.example/x@y')).toBe('http://a.example/x@y');
});
