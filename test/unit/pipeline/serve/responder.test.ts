import { describe, expect, it } from 'vitest';

import { createRequest, decodeCertificate, decodeResponse, verifyResponse } from '../../../../src/core/index.js';
import type { BasicResponse } from '../../../../src/core/index.js';
import { derElement, derObjectIdentifier, derOctetString, derSequence } from '../../../../src/core/der/der-writer.js';
import { encodeCertId } from '../../../../src/core/cert-id.js';
import { createCertificateAuthority } from '../../../support/pki.js';
import {
  certIdOf,
  hour,
  issuer,
  later,
  now,
  otherIssuer,
  refused,
  requestOf,
  responderOf,
  signed,
  signer,
  sourceOf,
} from './scene.js';

const encoded = (serialNumber: string): Uint8Array => derSequence(encodeCertId(certIdOf(serialNumber)));

/** A request with whatever in it. */
function requestWith(requests: readonly Uint8Array[], extensions: readonly Uint8Array[] = []): Uint8Array {
  const explicit = extensions.length === 0 ? [] : [derElement(0xa2, derSequence(...extensions))];
  return derSequence(derSequence(derSequence(...requests), ...explicit));
}

function extension(oid: string, value: Uint8Array, critical = false): Uint8Array {
  return derSequence(
    derObjectIdentifier(oid),
    ...(critical ? [derElement(0x01, Uint8Array.of(0xff))] : []),
    derOctetString(value),
  );
}

const nonceOid = '1.3.6.1.5.5.7.48.1.2';
const unknownOid = '1.3.6.1.4.1.99999.1';

function basicOf(der: Uint8Array): BasicResponse {
  const response = decodeResponse(der);
  if (!('basic' in response)) throw new Error('no basic response');
  return response.basic;
}

const respond = (request: Uint8Array, options: Parameters<typeof responderOf>[0] = {}) =>
  responderOf(options)
    .respond(request, now)
    .then(({ answer }) => answer);

const statusOf = async (request: Uint8Array, options: Parameters<typeof responderOf>[0] = {}) =>
  refused(await respond(request, options)).refusal.status;

describe('a responder', () => {
  it('signs what the source says, and its own side believes it', async () => {
    const { der } = signed(await respond(requestOf(['0a'])));
    expect(verifyResponse(der, { subject: { serialNumber: '0a' }, issuer, now, skewMilliseconds: 0 })).toMatchObject({
      kind: 'good',
    });
  });

  it('answers every CertID of a request, in their order', async () => {
    const answer = signed(await respond(requestOf(['0b', '0a', '0c'])));
    expect(answer.statuses).toEqual([
      { serialNumber: '0b', status: 'revoked' },
      { serialNumber: '0a', status: 'good' },
      { serialNumber: '0c', status: 'unknown' },
    ]);
    expect(basicOf(answer.der).responses.map(({ certId }) => certId.serialNumber)).toEqual(['0b', '0a', '0c']);
  });

  it.each(['sha1', 'sha256', 'sha384', 'sha512'] as const)('answers in the asked hash %s', async (hash) => {
    const certId = certIdOf('0a', hash);
    const [single] = basicOf(signed(await respond(createRequest({ certIds: [certId] }))).der).responses;
    expect(single?.certId).toEqual(certId);
  });

  it('knows a serial number with redundant leading zeros and gives it back as it came', async () => {
    expect(signed(await respond(requestOf(['00000a']))).statuses).toEqual([{ serialNumber: '00000a', status: 'good' }]);
  });

  it('does not take a negative serial number for the positive one', async () => {
    const source = { statusOf: (serial: string) => (serial === '00ff' ? ('good' as const) : ('unknown' as const)) };
    const answer = signed(await respond(requestOf(['ff', '00ff']), { source: () => source }));
    expect(answer.statuses.map(({ status }) => status)).toEqual(['unknown', 'good']);
  });

  it('is unauthorized for another CA, also among its own certificates', async () => {
    const foreign = certIdOf('0a', 'sha1', otherIssuer);
    expect(await statusOf(createRequest({ certIds: [foreign] }))).toBe('unauthorized');
    expect(await statusOf(createRequest({ certIds: [certIdOf('0a'), foreign] }))).toBe('unauthorized');
  });

  it('is unauthorized where only one of name and key is its own', async () => {
    const own = certIdOf('0a');
    const foreign = certIdOf('0a', 'sha1', otherIssuer);
    expect(await statusOf(createRequest({ certIds: [{ ...own, issuerKeyHash: foreign.issuerKeyHash }] }))).toBe(
      'unauthorized',
    );
    expect(await statusOf(createRequest({ certIds: [{ ...own, issuerNameHash: foreign.issuerKeyHash }] }))).toBe(
      'unauthorized',
    );
  });

  it('is unauthorized for a hash that cannot tell its CA', async () => {
    const md5 = { ...certIdOf('0a'), hashAlgorithm: '1.2.840.113549.2.5' };
    expect(await statusOf(createRequest({ certIds: [md5] }))).toBe('unauthorized');
  });

  it('is unauthorized for more CertIDs than it answers', async () => {
    const serials = Array.from({ length: 4 }, () => '0a');
    expect(signed(await respond(requestOf(serials), { maximumCertIds: 4 })).statuses).toHaveLength(4);
    expect(await statusOf(requestOf([...serials, '0a']), { maximumCertIds: 4 })).toBe('unauthorized');
  });

  it.each([
    ['nothing', new Uint8Array()],
    ['text', Buffer.from('GET / HTTP/1.0')],
    ['a cut request', requestOf(['0a']).subarray(0, 40)],
    ['a request with more behind it', Buffer.concat([requestOf(['0a']), Buffer.of(0)])],
    ['a request without CertID', requestWith([])],
    ['a serial number of 65 octets', requestOf(['11'.repeat(65)])],
    [
      'a critical extension of the request that nobody knows',
      requestWith([encoded('0a')], [extension(unknownOid, Buffer.of(5, 0), true)]),
    ],
    ['a nonce of no octets', requestWith([encoded('0a')], [extension(nonceOid, Buffer.of(4, 0))])],
    ['a nonce of 129 octets', requestWith([encoded('0a')], [extension(nonceOid, derOctetString(Buffer.alloc(129)))])],
    ['a nonce that is not an OCTET STRING', requestWith([encoded('0a')], [extension(nonceOid, Buffer.alloc(16, 1))])],
    [
      'two nonces',
      requestWith(
        [encoded('0a')],
        [1, 2].map((octet) => extension(nonceOid, Buffer.of(4, 1, octet))),
      ),
    ],
  ])('calls %s malformed', async (_what, request) => {
    expect(await statusOf(request)).toBe('malformedRequest');
  });

  it('ignores an extension that nobody knows and that is not critical', async () => {
    expect(
      signed(await respond(requestWith([encoded('0a')], [extension(unknownOid, Buffer.of(5, 0))]))).statuses,
    ).toEqual([{ serialNumber: '0a', status: 'good' }]);
  });

  it('answers a signed request, whatever its signature', async () => {
    const signature = derElement(
      0xa0,
      derSequence(derSequence(derObjectIdentifier('1.2.840.10045.4.3.2')), derElement(0x03, Buffer.of(0, 1, 2))),
    );
    const request = derSequence(derSequence(derSequence(encoded('0a'))), signature);
    expect(signed(await respond(request)).statuses).toHaveLength(1);
  });

  it.each([1, 32, 128])('echoes a nonce of %i octets', async (length) => {
    const nonce = Buffer.alloc(length, 7);
    const answer = signed(await respond(requestOf(['0a'], nonce)));
    expect(answer.hasNonce).toBe(true);
    expect(basicOf(answer.der).nonce).toBe(nonce.toString('hex'));
  });

  it('gives whole seconds, from now for as long as was asked', async () => {
    expect(signed(await respond(requestOf(['0a'])))).toMatchObject({
      producedAt: new Date('2026-03-01T12:00:00Z'),
      thisUpdate: new Date('2026-03-01T12:00:00Z'),
      nextUpdate: new Date('2026-03-02T12:00:00Z'),
    });
  });

  it('takes thisUpdate from the source and ends where the source ends', async () => {
    const source = sourceOf({ thisUpdate: later(-400 - 48 * hour), nextUpdate: later(-400 + 2 * hour) });
    expect(signed(await respond(requestOf(['0a']), { source: () => source }))).toMatchObject({
      producedAt: new Date('2026-03-01T12:00:00Z'),
      thisUpdate: source.thisUpdate,
      nextUpdate: source.nextUpdate,
    });
  });

  it('never outlives the certificate of its signer', async () => {
    const authority = createCertificateAuthority({ notAfter: new Date('2026-03-01T20:00:00Z') });
    const certificate = decodeCertificate(authority.certificate.der);
    const request = createRequest({ certIds: [certIdOf('0a', 'sha1', certificate)] });
    const answer = await respond(request, {
      issuer: certificate,
      signer: { ...signer, certificate, key: authority.key },
    });
    expect(signed(answer).nextUpdate).toEqual(certificate.notAfter);
  });

  it('says try later once the source has ended', async () => {
    const source = sourceOf({ thisUpdate: later(-2 * hour), nextUpdate: later(-hour) });
    expect(await statusOf(requestOf(['0a']), { source: () => source })).toBe('tryLater');
  });

  it('answers internalError, with the reason for the log, when the source fails', async () => {
    const trouble = new Error('the index is gone');
    const source = () => {
      throw trouble;
    };
    expect(refused(await respond(requestOf(['0a']), { source })).refusal).toEqual({
      status: 'internalError',
      reason: 'the index is gone',
      error: trouble,
    });
  });

  it('survives every single octet of a request being another', async () => {
    const request = requestOf(['0a'], Buffer.alloc(16, 3));
    const responder = responderOf();
    const kinds = new Set<string>();
    for (let position = 0; position < request.length; position += 1) {
      for (const flip of [0x01, 0x80, 0xff]) {
        const changed = Uint8Array.from(request);
        changed[position]! ^= flip;
        const { answer } = await responder.respond(changed, now);
        kinds.add(answer.kind === 'signed' ? 'signed' : answer.refusal.status);
        expect(decodeResponse(answer.der)).toBeDefined();
      }
    }
    expect(kinds).toEqual(new Set(['signed', 'malformedRequest', 'unauthorized']));
  });
});

describe('answers that are kept', () => {
  const ask = async (responder: ReturnType<typeof responderOf>, request: Uint8Array, at: Date) => {
    const { answer, isCached } = await responder.respond(request, at);
    return { der: signed(answer).der, isCached };
  };

  const [second, minute] = [1000, 60_000];
  it.each([
    ['12 minutes', 12 * minute, 6 * minute],
    ['15 hours', 15 * hour, 7.5 * hour],
    ['16 hours', 16 * hour, 8 * hour],
    ['a day', 24 * hour, 12 * hour],
    ['7 days', 7 * 24 * hour, 3.5 * 24 * hour],
    ['10 days, of which 4 are the most', 10 * 24 * hour, 4 * 24 * hour],
  ])('are given again, byte for byte, until half of their life: %s', async (_what, validityMilliseconds, half) => {
    const responder = responderOf({ validityMilliseconds });
    const first = await ask(responder, requestOf(['0a']), now);
    expect(first.isCached).toBe(false);
    const before = later(half - 2 * second);
    expect(await ask(responder, requestOf(['0a']), before)).toEqual({ der: first.der, isCached: true });
    const renewed = await ask(responder, requestOf(['0a']), later(half));
    expect(renewed.isCached).toBe(false);
    expect(basicOf(renewed.der).responses[0]!.thisUpdate > basicOf(first.der).responses[0]!.thisUpdate).toBe(true);
    expect(await ask(responder, requestOf(['0a']), later(half + minute))).toEqual({ der: renewed.der, isCached: true });
  });

  it('are signed anew a few times where the source ends soon, not for everybody who asks', async () => {
    const source = sourceOf({ thisUpdate: later(-24 * hour), nextUpdate: later(4 * hour) });
    const responder = responderOf({ source: () => source });
    let signatures = 0;
    for (let minutes = 0; minutes < 240; minutes += 1) {
      const { isCached } = await ask(responder, requestOf(['0a']), later(minutes * minute));
      if (!isCached) signatures += 1;
    }
    expect(signatures).toBeGreaterThan(1);
    expect(signatures).toBeLessThan(10);
  });

  it('are for the same CertIDs only', async () => {
    const responder = responderOf();
    await ask(responder, requestOf(['0a']), now);
    expect((await ask(responder, requestOf(['0b']), now)).isCached).toBe(false);
    expect((await ask(responder, requestOf(['0a', '0b']), now)).isCached).toBe(false);
    expect((await ask(responder, createRequest({ certIds: [certIdOf('0a', 'sha256')] }), now)).isCached).toBe(false);
    expect((await ask(responder, requestOf(['0a', '0b']), now)).isCached).toBe(true);
  });

  it('are never those with a nonce, nor given to who sends one', async () => {
    const responder = responderOf();
    const withNonce = requestOf(['0a'], Buffer.alloc(8, 1));
    expect((await ask(responder, withNonce, now)).isCached).toBe(false);
    expect((await ask(responder, requestOf(['0a']), now)).isCached).toBe(false);
    expect((await ask(responder, withNonce, now)).isCached).toBe(false);
  });

  it('are dropped when the source speaks anew', async () => {
    let source = sourceOf();
    const responder = responderOf({ source: () => source });
    await ask(responder, requestOf(['0a']), now);
    source = { statusOf: () => ({ revokedAt: now }) };
    const { answer, isCached } = await responder.respond(requestOf(['0a']), now);
    expect(isCached).toBe(false);
    expect(signed(answer).statuses).toEqual([{ serialNumber: '0a', status: 'revoked' }]);
  });

  it('are at most as many as there is room for; the one not asked for longest goes', async () => {
    const responder = responderOf({ cacheCapacity: 2 });
    await ask(responder, requestOf(['01']), now);
    await ask(responder, requestOf(['02']), now);
    await ask(responder, requestOf(['01']), now);
    await ask(responder, requestOf(['03']), now);
    expect((await ask(responder, requestOf(['01']), now)).isCached).toBe(true);
    expect((await ask(responder, requestOf(['03']), now)).isCached).toBe(true);
    expect((await ask(responder, requestOf(['02']), now)).isCached).toBe(false);
  });

  it('are about a few certificates each, so that nobody fills the memory', async () => {
    const responder = responderOf();
    for (const [count, isCached] of [
      [4, true],
      [5, false],
    ] as const) {
      const request = requestOf(Array.from({ length: count }, () => '0a'));
      await ask(responder, request, now);
      expect((await ask(responder, request, now)).isCached).toBe(isCached);
    }
  });

  it('are none without room', async () => {
    const responder = responderOf({ cacheCapacity: 0 });
    await ask(responder, requestOf(['01']), now);
    expect((await ask(responder, requestOf(['01']), now)).isCached).toBe(false);
  });
});
