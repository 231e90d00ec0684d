import { describe, expect, it } from 'vitest';
import { readUniformResource, uriText } from '../../../../src/core/certificate/uniform-resource.js';

const utf8 = (text: string): Uint8Array => Buffer.from(text, 'utf8');
const latin1 = (text: string): Uint8Array => Buffer.from(text, 'latin1');

describe('a uniformResourceIdentifier', () => {
  it.each<[string, string]>([
    ['http://ocsp.example.com', 'http://ocsp.example.com'],
    ['HTTP://Ocsp.Example.com:80/A%2f', 'HTTP://Ocsp.Example.com:80/A%2f'],
    ['http://b\u00fccher.example/', 'http://xn--bcher-kva.example/'],
    [
      'http://B\u00dcCHER.example:8080/pl\u00e4in?q=\u00f6#\u00fc',
      'http://xn--bcher-kva.example:8080/pl%C3%A4in?q=%C3%B6#%C3%BC',
    ],
    ['http://\u4f8b\u3048.example', 'http://xn--r8jz45g.example'],
    ['http://ocsp.example/\u4f8b\u3048/', 'http://ocsp.example/%E4%BE%8B%E3%81%88/'],
    ['http://us\u00e9r@ocsp.example/', 'http://us%C3%A9r@ocsp.example/'],
    ['ldap://ldap.example/cn=M\u00fcller', 'ldap://ldap.example/cn=M%C3%BCller'],
    ['http://ocsp.example/\u202e\u2028x', 'http://ocsp.example/%E2%80%AE%E2%80%A8x'],
    ['http://\uff11\uff12\uff17.0.0.1/', 'http://127.0.0.1/'],
  ])('%s is read as %s', (text, uri) => {
    expect(readUniformResource(utf8(text))).toEqual({ uri, isPadded: false });
  });

  it.each([' http://a.example/', 'http://a.example/\r\n', '\n\t http://a.example/ \n', '\u00a0http://a.example/'])(
    'loses what is blank around it: %j',
    (text) => expect(readUniformResource(utf8(text))).toEqual({ uri: 'http://a.example/', isPadded: true }),
  );

  it('keeps octets that are not UTF-8, and never guesses at a host', () => {
    expect(readUniformResource(latin1('http://a.example/pl\u00e4in')).uri).toBe('http://a.example/pl%E4in');
    const { uri } = readUniformResource(latin1('http://b\u00fccher.example/'));
    expect(URL.canParse(uri)).toBe(false);
  });

  it.each([
    'b\u00fc\\evil',
    'b\u00fc%2fevil',
    'b\u00fc evil',
    'b\u00fc\tevil',
    'b\uff0fevil',
    'b\uff20evil',
    'b\u2100x',
    'b\u00fc\u0000evil',
  ])('asks no other host for %j', (host) => {
    const { uri } = readUniformResource(utf8(`http://${host}.example/`));
    expect(uri).not.toMatch(/^http:\/\/(?:xn--|evil|b[/@.])/);
    if (URL.canParse(uri)) expect(new URL(uri).hostname).not.toMatch(/^evil|^b$/);
  });

  it('is shown as it is written', () => {
    expect(uriText(utf8(' http://b\u00fccher.example/'))).toBe(' http://b\u00fccher.example/');
    expect(uriText(latin1('http://a.example/\u00e4'))).toBe('http://a.example/\u00e4');
  });
});
