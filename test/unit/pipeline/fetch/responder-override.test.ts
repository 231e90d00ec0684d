import { describe, expect, it } from 'vitest';

import { decodeCertificate } from '../../../../src/core/certificate/certificate.js';
import {
  overriddenResponders,
  parseResponderHost,
  type ResponderHost,
  type ResponderOverride,
} from '../../../../src/pipeline/fetch/responder-override.js';
import { createCertificateAuthority } from '../../../support/pki.js';

const authority = createCertificateAuthority({ name: 'Corporate CA' });
const other = createCertificateAuthority({ name: 'Other CA' });
const issuer = decodeCertificate(authority.certificate.der);

function certificate(...ocspUris: string[]): Parameters<typeof overriddenResponders>[0] {
  return decodeCertificate(authority.issue({ ocspUris }).certificate.der);
}

function forHost(text: string, url: string | undefined): ResponderOverride {
  return { host: parseResponderHost(text)!, url };
}

describe('a responder override', () => {
  it('of another issuer or host says nothing of the certificate', () => {
    const overrides = [
      { issuer: decodeCertificate(other.certificate.der), url: 'http://other/' },
      forHost('other.example', 'http://other/'),
      forHost('ocsp.example:8080', 'http://other/'),
    ];
    expect(overriddenResponders(certificate('http://ocsp.example/'), overrides)).toBeUndefined();
    expect(overriddenResponders(certificate(), overrides)).toBeUndefined();
    expect(overriddenResponders(certificate('http://ocsp.example/'), [])).toBeUndefined();
  });

  it('for the issuer speaks of every certificate with that issuer name, with or without URIs, before any host', () => {
    const overrides = [forHost('ocsp.example', 'http://host/'), { issuer, url: 'http://10.0.0.1/' }];
    const expected = { urls: ['http://10.0.0.1/'], origin: 'operator' };
    expect(overriddenResponders(certificate('http://ocsp.example/'), overrides)).toEqual(expected);
    expect(overriddenResponders(certificate(), overrides)).toEqual(expected);
  });

  it('for the issuer can say that nobody is asked', () => {
    expect(overriddenResponders(certificate('http://ocsp.example/'), [{ issuer, url: undefined }])).toEqual({
      urls: [],
      origin: 'operator',
    });
  });

  it('for a host stands for its URIs, and the certificate’s other URIs do not inherit the operator’s word', () => {
    const overrides = [forHost('a.example', 'http://10.0.0.1/'), forHost('b.example', 'http://10.0.0.1/')];
    const asked = certificate('http://a.example/x', 'http://evil.example/', 'http://b.example/y');
    expect(overriddenResponders(asked, overrides)).toEqual({ urls: ['http://10.0.0.1/'], origin: 'operator' });
  });

  it('for a host that nobody is to ask leaves the other URIs on the certificate’s own word', () => {
    const overrides = [forHost('a.example', undefined)];
    expect(overriddenResponders(certificate('http://a.example/', 'ldap://c/', 'http://b.example/'), overrides)).toEqual(
      {
        urls: ['http://b.example/'],
        origin: 'certificate',
      },
    );
    expect(overriddenResponders(certificate('http://a.example/'), overrides)).toEqual({
      urls: [],
      origin: 'certificate',
    });
  });

  it('counts by its first match, whatever the letter case, port spelling or final dot', () => {
    const overrides = [forHost('OCSP.example:80', 'http://first/'), forHost('ocsp.example', 'http://second/')];
    expect(overriddenResponders(certificate('HTTP://ocsp.Example./x'), overrides)?.urls).toEqual(['http://first/']);
    expect(overriddenResponders(certificate('https://ocsp.example/'), overrides)?.urls).toEqual(['http://second/']);
    expect(overriddenResponders(certificate('http://u@ocsp.example:81/'), overrides)?.urls).toEqual(['http://second/']);
  });

  it('passes over a URI that is none', () => {
    expect(overriddenResponders(certificate('http://[/'), [forHost('a.example', 'http://x/')])).toBeUndefined();
  });
});

describe('the host of an override', () => {
  it.each<[string, ResponderHost]>([
    ['ocsp.example.com', { host: 'ocsp.example.com' }],
    ['OCSP.example.com.:8080', { host: 'ocsp.example.com', port: 8080 }],
    ['10.1.2.3:80', { host: '10.1.2.3', port: 80 }],
    ['[2001:DB8::1]', { host: '[2001:db8::1]' }],
    ['[::1]:443', { host: '[::1]', port: 443 }],
  ])('%s is taken', (text, expected) => {
    expect(parseResponderHost(text)).toEqual(expected);
  });

  it.each(['', ':80', 'a/b', 'http://a', 'user@a', 'a:0', 'a:65536', 'a:b', 'a b', '::1', '[::g]', '.', 'a?b', 'a\\b'])(
    '"%s" is not',
    (text) => {
      expect(parseResponderHost(text)).toBeUndefined();
    },
  );
});
