import { describe, expect, it } from 'vitest';

import { lintProfiles, lintResponse, type LintOptions } from '../../../../src/core/index.js';
import { lintRules } from '../../../../src/core/lint/lint-response.js';
import type { IssuedCertificate } from '../../../support/certificate.js';
import {
  contextConstructed,
  contextPrimitive,
  enumerated,
  objectIdentifier,
  octetString,
  sequence,
} from '../../../support/der-writer.js';
import { purposes, unheardOf } from '../../../support/extensions.js';
import {
  buildErrorResponse,
  type OcspResponseOptions,
  type SingleResponseOptions,
} from '../../../support/ocsp-response.js';
import {
  authority,
  certId,
  certificate,
  decode,
  issuer,
  now,
  respond,
  secondsAfter,
  skewMilliseconds,
} from '../scene.js';

const hour = 3600;
const day = 24 * hour;
const begin = secondsAfter(now, -hour);

interface Breach {
  readonly response: Uint8Array;
  readonly options?: Partial<LintOptions>;
}

function lint(response: Uint8Array, options: Partial<LintOptions> = {}): string[] {
  return lintResponse(response, {
    profile: 'web',
    subject: { certificate },
    issuer,
    now,
    skewMilliseconds,
    ...options,
  }).map(({ rule }) => rule);
}

/** A response that keeps every rule, but for these options of its statement. */
function respondWith(statement: Partial<SingleResponseOptions>, options: Partial<OcspResponseOptions> = {}): Buffer {
  const usual = { certId, thisUpdate: begin, nextUpdate: secondsAfter(begin, 4 * day) };
  return respond({ producedAt: begin, responses: [{ ...usual, ...statement }], ...options });
}

function lasting(seconds: number): Breach {
  return { response: respondWith({ nextUpdate: secondsAfter(begin, seconds) }) };
}

function seenAfter(seconds: number, lifetime: number): Breach {
  const response = respondWith({ nextUpdate: secondsAfter(begin, lifetime) });
  return { response, options: { now: secondsAfter(begin, seconds) } };
}

function delegated(delegate: IssuedCertificate, options: Partial<OcspResponseOptions> = {}): Buffer {
  return respondWith({}, { signer: delegate, certificates: [delegate.certificate.der], ...options });
}

type ResponderOptions = NonNullable<Parameters<typeof authority.issueResponder>[0]>;

/** Signed by a delegate as the Baseline Requirements want it, but for these options. */
function byDelegate(options: ResponderOptions = {}): Breach {
  return { response: delegated(authority.issueResponder({ keyUsage: ['digitalSignature'], ...options })) };
}

const nocheckOnly = authority.issueResponder({ keyUsage: ['digitalSignature'] });
const shortLived = authority.issueResponder({
  keyUsage: ['digitalSignature'],
  notBefore: secondsAfter(begin, -day),
  notAfter: secondsAfter(begin, day),
});
const young = authority.issueResponder({ keyUsage: ['digitalSignature'], notBefore: secondsAfter(begin, 60) });
const subordinate = authority.issue({ commonName: 'Subordinate CA', isCa: true });
const ofSubordinate = { issuer: authority, serialNumber: subordinate.serialNumber };
const aboutSubordinate = { subject: { certificate: decode(subordinate) } };
const expiring = authority.issue({ notAfter: secondsAfter(begin, 2 * day) });
const other = authority.issue({ commonName: 'other.example' });

/** One response for each rule that breaks it, and no other one. */
const breaches: Readonly<Record<string, Breach>> = {
  'explicit-version': { response: respondWith({}, { explicitVersion: 0 }) },
  'empty-certificates': { response: respondWith({}, { certificates: [] }) },
  'responder-key-hash-length': {
    response: respondWith({}, { responderId: contextConstructed(2, octetString(new Uint8Array(32))) }),
  },
  'this-update-after-produced-at': { response: respondWith({}, { producedAt: secondsAfter(begin, -1) }) },
  'contradictory-statements': {
    response: respond({
      producedAt: begin,
      responses: [
        { certId, thisUpdate: begin, nextUpdate: secondsAfter(begin, 4 * day) },
        { certId, status: 'unknown', thisUpdate: begin, nextUpdate: secondsAfter(begin, 4 * day) },
      ],
    }),
    options: { profile: 'private' },
  },
  'empty-window': { response: respondWith({ nextUpdate: begin }), options: { profile: 'private' } },
  'nonce-length': { response: respondWith({}, { nonce: new Uint8Array(129) }), options: { profile: 'private' } },
  'bare-nonce': {
    response: respondWith({}, { nonce: new Uint8Array(32), nonceEncoding: 'bare' }),
    options: { profile: 'private' },
  },
  'signer-not-valid-when-signing': { response: delegated(young) },
  'outlives-signer': { response: delegated(shortLived) },
  'outlives-certificate': {
    response: respondWith({ certId: { issuer: authority, serialNumber: expiring.serialNumber } }),
    options: { subject: { certificate: decode(expiring) } },
  },
  'delegate-not-embedded': {
    response: respondWith({}, { signer: nocheckOnly }),
    options: { untrusted: [decode(nocheckOnly)] },
  },
  'needless-certificates': { response: respondWith({}, { certificates: [authority.certificate.der] }) },

  'several-statements': {
    response: respond({
      producedAt: begin,
      responses: [certId, { issuer: authority, serialNumber: other.serialNumber }].map((one) => ({
        certId: one,
        thisUpdate: begin,
        nextUpdate: secondsAfter(begin, 4 * day),
      })),
    }),
  },
  'response-extensions': { response: respondWith({}, { extensions: [unheardOf(false)] }) },
  'responder-by-name': { response: respondWith({}, { responderId: 'by-name' }) },
  'delegate-with-revocation-uris': byDelegate({ ocspUris: ['http://ocsp.example/'] }),

  'window-under-8-hours': lasting(8 * hour - 2),
  'window-over-10-days': lasting(10 * day),
  'window-over-7-days': lasting(7 * day + 1),
  'newer-answer-overdue': seenAfter(4 * day + 1, 6 * day),
  'newer-answer-due-at-half': seenAfter(3 * day + 1, 6 * day),
  'reason-code-extension': { response: respondWith({ extensions: [{ oid: '2.5.29.21', value: enumerated(1) }] }) },
  'ca-revoked-without-reason': {
    response: respondWith({ certId: ofSubordinate, status: { revokedAt: begin } }),
    options: aboutSubordinate,
  },
  'revocation-reason-not-allowed': {
    response: respondWith({ status: { revokedAt: begin, reason: 'certificateHold' } }),
  },
  'delegate-extended-key-usage': byDelegate({ extendedKeyUsage: [purposes.ocspSigning, purposes.serverAuth] }),
  'delegate-key-usage': byDelegate({ keyUsage: ['digitalSignature', 'nonRepudiation'] }),
  'delegate-is-ca': byDelegate({ isCa: true, keyUsage: ['digitalSignature'] }),
  'delegate-forbidden-extension': byDelegate({ subjectAltNames: ['ocsp.example'] }),
};

describe('each rule', () => {
  it('has its breach here', () => {
    expect(Object.keys(breaches).toSorted()).toEqual(lintRules.map(({ rule }) => rule).toSorted());
  });

  it.each(Object.entries(breaches))(
    '%s is found where it is broken, and nothing else',
    (rule, { response, options }) => {
      expect(lint(response, options)).toEqual([rule]);
    },
  );

  it('is found from its own profile on', () => {
    for (const { rule, profile: smallest } of lintRules) {
      const { response, options } = breaches[rule]!;
      for (const profile of lintProfiles) {
        const isHeld = lintProfiles.indexOf(profile) >= lintProfiles.indexOf(smallest);
        expect(lint(response, { ...options, profile }).includes(rule), `${rule} of ${profile}`).toBe(isHeld);
      }
    }
  });

  it('says in a sentence what is wrong, and where that stands', () => {
    for (const { response, options } of Object.values(breaches)) {
      const [finding] = lintResponse(response, {
        profile: 'web',
        subject: { certificate },
        issuer,
        now,
        skewMilliseconds,
        ...options,
      });
      expect(finding!.message).toMatch(/^[a-z0-9].{20,}[^.]$/i);
      expect(finding!.source).toMatch(/^(?:RFC|X\.690|CA\/Browser|Microsoft|certmagic)/);
    }
  });
});

describe('a response that keeps all rules', () => {
  it.each<[string, Breach]>([
    ['of the issuer', { response: respondWith({}) }],
    ['of a delegate', byDelegate()],
    ['revoked, with a reason', { response: respondWith({ status: { revokedAt: begin, reason: 'keyCompromise' } }) }],
    ['of the least length', lasting(8 * hour - 1)],
    ['of the greatest length', lasting(7 * day)],
    ['seen when the next is not yet due', seenAfter(3 * day, 6 * day)],
    ['that expired', seenAfter(7 * day, 6 * day)],
    ['of 15 hours, seen before half of them', seenAfter(7 * hour, 15 * hour)],
    ['of a trusted responder that is not embedded', trusted()],
    ['about a CA certificate, for months', aboutTheSubordinate()],
  ])('%s has no finding', (_, { response, options }) => {
    expect(lint(response, options)).toEqual([]);
  });

  function trusted(): Breach {
    return {
      response: respondWith({}, { signer: nocheckOnly }),
      options: { trustedResponders: [decode(nocheckOnly)] },
    };
  }

  function aboutTheSubordinate(): Breach {
    const response = respondWith({ certId: ofSubordinate, nextUpdate: secondsAfter(begin, 300 * day) });
    return { response, options: aboutSubordinate };
  }
});

describe('windows', () => {
  it('of less than 16 hours want a newer answer from half of them on', () => {
    const { response, options } = seenAfter(7.5 * hour + 1, 15 * hour);
    expect(lint(response, options)).toEqual(['newer-answer-overdue']);
  });

  it('of 16 hours and more want it 8 hours before their end', () => {
    const { response, options } = seenAfter(12 * hour + 1, 20 * hour);
    expect(lint(response, options)).toEqual(['newer-answer-overdue']);
    expect(lint(response, { now: secondsAfter(begin, 12 * hour) })).toEqual(['newer-answer-due-at-half']);
    expect(lint(response, { now: secondsAfter(begin, 10 * hour) })).toEqual([]);
  });

  it('are not judged where only a serial number is known, which may be that of a CA', () => {
    const subject = { serialNumber: certificate.serialNumber };
    expect(lint(lasting(300 * day).response, { subject })).toEqual([]);
  });
});

describe('two statements about one certificate', () => {
  type Hash = 'sha1' | 'sha256' | 'sha384';
  const inHashes = (hashes: readonly Hash[], ...statements: Partial<SingleResponseOptions>[]): Buffer =>
    respond({
      producedAt: begin,
      responses: hashes.map((hash, index) => ({
        certId: { ...certId, hash },
        thisUpdate: begin,
        nextUpdate: secondsAfter(begin, 4 * day),
        ...statements[index],
      })),
    });

  it('are allowed in SHA-1 and SHA-256, and in no other hashes', () => {
    expect(lint(inHashes(['sha1', 'sha256']))).toEqual([]);
    expect(lint(inHashes(['sha256', 'sha1']))).toEqual([]);
    expect(lint(inHashes(['sha256', 'sha384']))).toEqual(['several-statements']);
    expect(lint(inHashes(['sha1', 'sha256', 'sha384']))).toEqual(['several-statements']);
  });

  it('must be of this issuer both', () => {
    const foreign = { issuer: subordinate, serialNumber: certificate.serialNumber, hash: 'sha256' as const };
    expect(lint(inHashes(['sha1', 'sha256'], {}, { certId: foreign }))).toEqual(['several-statements']);
  });

  it('must not say two things, in whichever hash a client reads', () => {
    const revoked = { status: { revokedAt: begin, reason: 'keyCompromise' as const } };
    expect(lint(inHashes(['sha1', 'sha256'], {}, revoked))).toEqual(['contradictory-statements']);
  });
});

describe('reasons', () => {
  it.each(['cACompromise', 'aACompromise', 'unspecified', 'removeFromCRL'] as const)(
    '%s is none of a server',
    (reason) => {
      expect(lint(respondWith({ status: { revokedAt: begin, reason } }))).toEqual(['revocation-reason-not-allowed']);
    },
  );

  it('of a CA certificate may be more', () => {
    const response = respondWith({ certId: ofSubordinate, status: { revokedAt: begin, reason: 'cACompromise' } });
    expect(lint(response, aboutSubordinate)).toEqual([]);
  });
});

describe('certificates in a response', () => {
  it('may be needed where the responder is one that only some trust', () => {
    const response = respondWith({}, { signer: nocheckOnly, certificates: [authority.certificate.der] });
    expect(lint(response, { trustedResponders: [decode(nocheckOnly)] })).toEqual([]);
  });
});

describe('a response that is not believed', () => {
  it('is held to the rules all the same, as far as it goes', () => {
    const forged = respondWith({}, { explicitVersion: 0, corruptSignature: true });
    expect(lint(forged)).toEqual(['explicit-version']);
    const ofAnother = respondWith(
      { certId: { issuer: authority, serialNumber: other.serialNumber } },
      { certificates: [] },
    );
    expect(lint(ofAnother)).toEqual(['empty-certificates']);
  });

  it('that refuses must not carry response bytes', () => {
    const whole = sequence(
      enumerated(3),
      contextConstructed(
        0,
        sequence(objectIdentifier('1.3.6.1.5.5.7.48.1.1'), octetString(contextPrimitive(0, new Uint8Array()))),
      ),
    );
    expect(lint(whole)).toEqual(['error-with-response-bytes']);
    expect(lint(buildErrorResponse('tryLater'))).toEqual([]);
  });

  it('has no finding where it cannot be decoded', () => {
    expect(lint(new Uint8Array(0))).toEqual([]);
    expect(lint(respondWith({}).subarray(0, 40))).toEqual([]);
  });
});
