import { describe, expect, it } from 'vitest';
import { fitsGet, ocspGetUrl } from '../../../src/transport/ocsp-get.js';
import { failureIn } from './loopback.js';

/** Its base64 is `+/++7w==`: every character that needs encoding. */
const awkward = Uint8Array.from([0xfb, 0xff, 0xbe, 0xef]);

describe('the URL of an OCSP GET', () => {
  it.each([
    ['http://ocsp.example.com', 'http://ocsp.example.com/'],
    ['http://ocsp.example.com/', 'http://ocsp.example.com/'],
    ['http://ocsp.example.com/ca1', 'http://ocsp.example.com/ca1/'],
    ['http://ocsp.example.com/ca1/', 'http://ocsp.example.com/ca1/'],
    ['http://ocsp.example.com:8080/ca1///', 'http://ocsp.example.com:8080/ca1/'],
    ['http://ocsp.example.com/a%2Fb', 'http://ocsp.example.com/a%2Fb/'],
  ])('puts exactly one slash before the base64: %s', (url, prefix) => {
    expect(ocspGetUrl(url, awkward)).toBe(`${prefix}%2B%2F%2B%2B7w%3D%3D`);
  });

  it('keeps a query behind the path and drops a fragment', () => {
    expect(ocspGetUrl('http://h.example/ocsp?ca=1#x', awkward)).toBe('http://h.example/ocsp/%2B%2F%2B%2B7w%3D%3D?ca=1');
  });

  it.each(['ldap://h.example/', 'nonsense', 'http://h .example/'])('refuses %s', (url) => {
    expect(['malformed-uri', 'unsupported-scheme']).toContain(failureIn(() => ocspGetUrl(url, awkward)).code);
  });
});

describe('whether GET fits', () => {
  // "http://h.example/" has 17 bytes; 30 zero bytes are 40 of base64 that need no encoding.
  const request = new Uint8Array(30);
  const urlOfLength = (length: number) => `http://h.example/${'a'.repeat(length - 17 - 1 - 40)}`;

  it('is decided by the whole encoded URL: 255 bytes fit, 256 do not', () => {
    expect(ocspGetUrl(urlOfLength(255), request)).toHaveLength(255);
    expect(fitsGet(urlOfLength(255), request)).toBe(true);
    expect(fitsGet(urlOfLength(256), request)).toBe(false);
  });

  it('counts the percent signs', () => {
    const slashes = new Uint8Array(84).fill(0xff);
    expect(fitsGet('http://h.example/', slashes)).toBe(false);
    expect(fitsGet('http://h.example/', new Uint8Array(84))).toBe(true);
  });

  it.each(['http://h.example/?a', 'http://h.example/?', 'http://h.example/#x', 'ldap://h.example/', 'nonsense'])(
    'is not for %s',
    (url) => {
      expect(fitsGet(url, request)).toBe(false);
    },
  );
});
