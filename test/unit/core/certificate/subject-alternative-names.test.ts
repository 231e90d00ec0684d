import { describe, expect, it } from 'vitest';

import { decodeCertificate, OcspError } from '../../../../src/core/index.js';
import { dnsNames, namesServer, serverNameFor } from '../../../../src/core/certificate/subject-alternative-names.js';
import { authority } from '../scene.js';

function withNames(names: readonly string[]): ReturnType<typeof decodeCertificate> {
  return decodeCertificate(authority.issue({ subjectAltNames: names }).certificate.der);
}

describe('the dNSNames of a certificate', () => {
  it('come in their order, in lower case, duplicates once, without addresses', () => {
    const names = ['B.example', '192.0.2.1', 'a.example', 'b.example', '*.c.example', '_dmarc.example'];
    expect(dnsNames(withNames(names))).toEqual(['b.example', 'a.example', '*.c.example', '_dmarc.example']);
  });

  it('are none without a subjectAltName', () => {
    expect(dnsNames(decodeCertificate(authority.issue().certificate.der))).toEqual([]);
  });

  it.each(['a\0.example', 'a b', 'a\n', 'ä.example', '', '.', 'a..b', '-a.example', 'a.*.example', 'x'.repeat(64)])(
    'leave out %j, which no client can ask for',
    (name) => {
      expect(dnsNames(withNames([name, 'good.example']))).toEqual(['good.example']);
    },
  );

  it.each([
    ['no sequence', Buffer.from([0x04, 0x00])],
    ['cut short', Buffer.from([0x30, 0x05, 0x82, 0x09, 0x61, 0x62, 0x63])],
    ['something behind', Buffer.from([0x30, 0x03, 0x82, 0x01, 0x61, 0x00])],
  ])('are refused where the extension is broken: %s', (_, value) => {
    const { certificate } = authority.issue({ extensions: [{ oid: '2.5.29.17', value }] });
    const read = (): string[] => dnsNames(decodeCertificate(certificate.der));
    expect(read).toThrow(OcspError);
    expect(read).toThrow(expect.objectContaining({ code: 'malformed-certificate' }));
  });
});

describe('the server name for a certificate', () => {
  it('is its first dNSName', () => {
    expect(serverNameFor(withNames(['a.example', 'b.example']))).toBe('a.example');
  });

  it('is rather a name of its own than one that a wildcard only covers', () => {
    expect(serverNameFor(withNames(['*.example.org', 'example.org']))).toBe('example.org');
  });

  it('has www for a wildcard that stands alone', () => {
    expect(serverNameFor(withNames(['*.example.org']))).toBe('www.example.org');
  });

  it('is none where the certificate names no host', () => {
    expect(serverNameFor(withNames(['192.0.2.1']))).toBeUndefined();
  });
});

describe('a certificate', () => {
  it.each([
    ['www.example', ['www.example'], true],
    ['WWW.Example.', ['www.example'], true],
    ['www.example', ['WWW.EXAMPLE'], true],
    ['example', ['www.example'], false],
    ['a.www.example', ['www.example'], false],
    ['www.example', ['other.example', 'www.example'], true],
    ['www.example.org', ['*.example.org'], true],
    ['WWW.EXAMPLE.org', ['*.example.org'], true],
    ['example.org', ['*.example.org'], false],
    ['a.b.example.org', ['*.example.org'], false],
    ['b.example.org', ['*.org'], false],
    ['www.example.org', ['w*.example.org'], false],
    ['www.example.org', ['www.*.org'], false],
    ['www.example.org', ['*'], false],
    ['xn--bcher-kva.example', ['*.example'], true],
    ['192.0.2.1', ['192.0.2.1'], false],
  ])('names %s by %j: %s', (name, names, expected) => {
    expect(namesServer(withNames(names), { name })).toBe(expected);
  });

  it('names an address by its octets alone', () => {
    const certificate = withNames(['192.0.2.1', '192.0.2.2', '192.0.2.9.example']);
    expect(namesServer(certificate, { address: [192, 0, 2, 2] })).toBe(true);
    expect(namesServer(certificate, { address: [192, 0, 2, 9] })).toBe(false);
    const mapped = [...Array.from({ length: 10 }, () => 0), 0xff, 0xff, 192, 0, 2, 1];
    expect(namesServer(certificate, { address: mapped })).toBe(false);
  });

  it('names a server by its common name only where it has no other', () => {
    const issue = (subjectAltNames?: string[]) =>
      decodeCertificate(
        authority.issue({ commonName: 'Common.example', ...(subjectAltNames && { subjectAltNames }) }).certificate.der,
      );
    const asked = { name: 'common.example' };
    expect(namesServer(issue(), asked)).toBe(true);
    expect(namesServer(issue(), { name: 'www.common.example' })).toBe(false);
    expect(namesServer(issue(['other.example']), asked)).toBe(false);
    expect(namesServer(issue(['192.0.2.1']), asked)).toBe(false);
  });
});
