import { describe, expect, it } from 'vitest';
import type { Certificate } from '../../../../src/core/index.js';
import { anchorFailure, chainToAnchor } from '../../../../src/core/verify/anchor.js';
import type { CertificateOptions } from '../../../support/certificate.js';
import { unheardOf } from '../../../support/extensions.js';
import { distinguishedName } from '../../../support/names.js';
import { createCertificateAuthority, type CertificateAuthority } from '../../../support/pki.js';
import { decode, now, secondsAfter } from '../scene.js';

const root = createCertificateAuthority({ name: 'Root' });

function below(
  authority: CertificateAuthority,
  commonName: string,
  options: CertificateOptions = {},
): CertificateAuthority {
  return authority.issue({ ...options, commonName, isCa: true });
}

function codeOf(
  issuer: CertificateAuthority,
  anchors: readonly CertificateAuthority[],
  untrusted: readonly CertificateAuthority[] = [],
): string {
  const all = (list: readonly CertificateAuthority[]): Certificate[] => list.map(decode);
  return anchorFailure(decode(issuer), { anchors: all(anchors), untrusted: all(untrusted), now })?.code ?? 'anchored';
}

describe('an issuer is anchored', () => {
  const middle = below(root, 'Middle');
  const issuer = below(middle, 'Issuer');

  it('when it is an anchor itself, self-signed or not', () => {
    expect(codeOf(root, [root])).toBe('anchored');
    expect(codeOf(issuer, [issuer])).toBe('anchored');
  });

  it('when an anchor issued it, directly or through untrusted certificates', () => {
    expect(codeOf(middle, [root])).toBe('anchored');
    expect(codeOf(issuer, [root], [middle])).toBe('anchored');
  });

  it('not without the certificate between, and not by untrusted certificates alone', () => {
    expect(codeOf(issuer, [root])).toBe('issuer-not-anchored');
    expect(codeOf(issuer, [], [middle, root])).toBe('issuer-not-anchored');
    expect(codeOf(root, [])).toBe('issuer-not-anchored');
  });

  it('not by another authority of the same name', () => {
    expect(codeOf(middle, [createCertificateAuthority({ name: 'Root' })])).toBe('issuer-not-anchored');
  });

  it.each<[string, CertificateOptions]>([
    ['has expired', { notAfter: secondsAfter(now, -1) }],
    ['is not valid yet', { notBefore: secondsAfter(now, 1) }],
    ['has an unknown critical extension', { extensions: [unheardOf(true)] }],
    ['may not sign certificates', { keyUsage: ['cRLSign'] }],
  ])('not through a certificate that %s', (_, options) => {
    const between = below(root, 'Middle', options);
    expect(codeOf(below(between, 'Issuer'), [root], [between])).toBe('issuer-not-anchored');
  });
});

describe('a path length', () => {
  it.each([
    [0, 'issuer-not-anchored'],
    [1, 'anchored'],
  ])('of %i on the certificate above one more authority: %s', (pathLength, code) => {
    const between = below(root, 'Middle', { pathLength });
    expect(codeOf(below(between, 'Issuer'), [root], [between])).toBe(code);
  });

  it('of 0 allows the authority itself to issue server certificates', () => {
    expect(codeOf(below(root, 'Issuer', { pathLength: 0 }), [root])).toBe('anchored');
  });

  it('does not count a certificate that an authority issued to itself', () => {
    const between = below(root, 'Middle', { pathLength: 0 });
    expect(codeOf(below(between, 'Middle'), [root], [between])).toBe('anchored');
  });
});

it('crossed certificates come to an end', () => {
  const first = createCertificateAuthority({ name: 'A' });
  const second = createCertificateAuthority({ name: 'B' });
  const crossed = [
    first.issue({ isCa: true, commonName: 'B', key: second.key }),
    second.issue({ isCa: true, commonName: 'A', key: first.key }),
  ];
  expect(codeOf(crossed[0]!, [root], crossed)).toBe('issuer-not-anchored');
});

describe('an old or oddly written anchor', () => {
  it('may lack basicConstraints, of whatever version', () => {
    for (const version of [1, 3] as const) {
      const old = createCertificateAuthority({ name: 'Old', version, basicConstraints: 'none', keyUsage: 'none' });
      expect(codeOf(below(old, 'Issuer'), [old])).toBe('anchored');
    }
  });

  it('is the same authority in another string type, and another one with the same key and another name is not', () => {
    const issuer = below(root, 'Issuer');
    const inBmp = distinguishedName([{ type: 'CN', value: 'ISSUER', encoding: 'bmp' }]);
    const { key } = issuer;
    expect(codeOf(issuer, [createCertificateAuthority({ subject: inBmp, key })])).toBe('anchored');
    expect(codeOf(issuer, [createCertificateAuthority({ name: 'Other', key })])).toBe('issuer-not-anchored');
  });

  it('is reached through an intermediate without basicConstraints only where that is a file of this machine', () => {
    const between = below(root, 'Middle', { basicConstraints: 'none', keyUsage: ['keyCertSign'] });
    const issuer = decode(below(between, 'Issuer'));
    const anchors = [decode(root)];
    const middle = [decode(between)];
    expect(anchorFailure(issuer, { anchors, untrusted: middle, now })?.code).toBe('issuer-not-anchored');
    expect(anchorFailure(issuer, { anchors, untrusted: [], local: middle, now })).toBeUndefined();
    expect(chainToAnchor(issuer, { anchors, untrusted: [], local: middle, now })).toEqual({
      chain: [...middle, ...anchors],
    });
  });

  it('is found behind namesakes by key identifiers, and few signatures are checked without them', () => {
    const issuer = below(root, 'Issuer');
    const namesakes = Array.from({ length: 40 }, () => createCertificateAuthority({ name: 'Root' }));
    expect(codeOf(issuer, [...namesakes, root])).toBe('anchored');
    const { key } = root;
    const unidentified = { name: 'Root', subjectKeyIdentifier: 'none' } as const;
    const many = Array.from({ length: 40 }, () => createCertificateAuthority(unidentified));
    expect(codeOf(issuer, [...many, createCertificateAuthority({ ...unidentified, key })])).toBe('issuer-not-anchored');
  });
});
