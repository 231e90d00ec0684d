import { describe, expect, it } from 'vitest';

import { answer, requestBytes } from '../support/answer.js';
import { fixed, html, httpStatus, silent } from '../support/behaviours.js';
import type { Behaviour } from '../support/misbehaving-responder.js';
import { parseOcspRequest } from '../support/ocsp-request.js';
import { buildErrorResponse } from '../support/ocsp-response.js';
import { day, fromNow, naming, snapshot, withScene, type Scene } from './support/fetch-scene.js';
import { querySite, queryText, rulesOf } from './support/query-site.js';

const revoked = { revokedAt: new Date('2026-01-05T10:00:00Z') } as const;
const caching = { headers: { 'cache-control': 'max-age=3600' } } as const;

/** One behaviour for requests that fit, another for the rest. */
function split(
  fits: (request: { method: string; hash: string }) => boolean,
  then: Behaviour,
  otherwise: Behaviour,
): Behaviour {
  return (exchange) => {
    const [certId] = parseOcspRequest(requestBytes(exchange.request, exchange.path)).certIds;
    const asked = { method: exchange.request.method, hash: certId?.hashAlgorithm ?? '' };
    return (fits(asked) ? then : otherwise)(exchange);
  };
}

const byGet = ({ method }: { method: string }): boolean => method === 'GET';
const inSha256 = ({ hash }: { hash: string }): boolean => hash === 'sha256';

describe('query --all', () => {
  it('asks in eight ways, each once, and finds nothing where all are answered alike', async () => {
    await withScene(async (scene) => {
      scene.responder.behaviour = answer(scene.authority, 'good', caching);
      const before = snapshot(scene.folder.path);
      const { exitCode, record } = await querySite(scene, ['--all']);
      expect({ exitCode, verdict: record.verdict, rules: rulesOf(record) }).toEqual({
        exitCode: 0,
        verdict: 'good',
        rules: [],
      });
      const ways = (record.probes ?? []).map((probe) => [probe['method'], probe['hash'], probe['nonceSent']].join(' '));
      expect(ways).toEqual([
        'post sha1 false',
        'post sha1 true',
        'post sha256 false',
        'post sha256 true',
        'get sha1 false',
        'get sha1 true',
        'get sha256 false',
        'get sha256 true',
      ]);
      const sent = scene.responder.requests.map(({ method }) => method);
      expect(sent).toEqual([...Array<string>(4).fill('POST'), ...Array<string>(4).fill('GET')]);
      expect(record.probes?.[5]).toMatchObject({
        url: scene.responder.url,
        address: '127.0.0.1',
        status: 200,
        milliseconds: expect.any(Number) as number,
        contentType: 'application/ocsp-response',
        cacheControl: 'max-age=3600',
        nonceEchoed: true,
        verdict: 'good',
        thisUpdate: expect.any(String) as string,
        nextUpdate: expect.any(String) as string,
        signer: { kind: 'issuer', name: 'CN=Test Root CA', notAfter: expect.any(String) as string },
      });
      expect(snapshot(scene.folder.path)).toEqual(before);
    });
  });

  it.each<
    readonly [string, (scene: Scene) => Behaviour, { readonly exitCode: number; readonly rules: readonly string[] }]
  >([
    [
      'refuses GET',
      ({ authority }) => split(byGet, httpStatus(405), answer(authority)),
      { exitCode: 0, rules: ['get-refused'] },
    ],
    [
      'sends a web page by GET',
      ({ authority }) => split(byGet, html(), answer(authority)),
      { exitCode: 0, rules: ['get-refused'] },
    ],
    [
      'refuses POST',
      ({ authority }) => split(byGet, answer(authority, 'good', caching), httpStatus(405)),
      { exitCode: 0, rules: ['post-refused'] },
    ],
    [
      'sends no caching headers',
      ({ authority }) => answer(authority),
      { exitCode: 0, rules: ['caching-headers-missing'] },
    ],
    [
      'lets caches keep its answers beyond nextUpdate',
      ({ authority }) => answer(authority, 'good', { headers: { 'cache-control': 'public, max-age=864000' } }),
      { exitCode: 0, rules: ['cached-past-next-update'] },
    ],
    [
      'does so by Expires',
      ({ authority }) => answer(authority, 'good', { headers: { expires: fromNow(9 * day).toUTCString() } }),
      { exitCode: 0, rules: ['cached-past-next-update'] },
    ],
    [
      'answers a SHA-256 CertID as unknown',
      ({ authority }) => split(inSha256, answer(authority, 'unknown', caching), answer(authority, 'good', caching)),
      { exitCode: 0, rules: ['sha256-unknown'] },
    ],
    [
      'refuses a SHA-256 CertID',
      ({ authority }) => split(inSha256, fixed(buildErrorResponse('unauthorized')), answer(authority, 'good', caching)),
      { exitCode: 0, rules: ['sha256-refused'] },
    ],
    [
      'does not echo nonces',
      ({ authority }) => answer(authority, 'good', { ...caching, nonce: 'omit' }),
      { exitCode: 0, rules: ['nonce-not-echoed'] },
    ],
    [
      'lies about nonces',
      ({ authority }) => answer(authority, 'good', { ...caching, nonce: 'wrong' }),
      { exitCode: 5, rules: ['verdicts-differ'] },
    ],
    [
      'signs by a delegate that ends before nextUpdate',
      ({ authority }) => {
        const delegate = authority.issueResponder({ notBefore: fromNow(-day), notAfter: fromNow(2 * day) });
        return answer(authority, 'good', { ...caching, delegate });
      },
      { exitCode: 0, rules: ['signer-ends-first'] },
    ],
    [
      'says good by POST and revoked by GET',
      ({ authority }) => split(byGet, answer(authority, revoked, caching), answer(authority)),
      { exitCode: 3, rules: ['verdicts-differ'] },
    ],
    [
      'says revoked in SHA-256 alone',
      ({ authority }) => split(inSha256, answer(authority, revoked, caching), answer(authority, 'good', caching)),
      { exitCode: 3, rules: ['verdicts-differ'] },
    ],
    [
      'hands out an older answer by GET',
      ({ authority }) =>
        split(byGet, answer(authority, 'good', { ...caching, thisUpdateOffset: -2 * day }), answer(authority)),
      { exitCode: 0, rules: ['windows-differ'] },
    ],
    [
      'sends another content type',
      ({ authority }) => answer(authority, 'good', { headers: { ...caching.headers, 'content-type': 'text/plain' } }),
      { exitCode: 0, rules: ['content-type'] },
    ],
    ['refuses everything', () => fixed(buildErrorResponse('tryLater')), { exitCode: 7, rules: [] }],
    ['has HTTP status 500', () => httpStatus(500), { exitCode: 7, rules: [] }],
  ])('of a responder that %s says so', async (_what, behaviour, expected) => {
    await withScene(async (scene) => {
      scene.responder.behaviour = behaviour(scene);
      const { exitCode, record } = await querySite(scene, ['--all']);
      expect({ exitCode, rules: rulesOf(record) }).toEqual(expected);
      expect(record.probes).toHaveLength(8);
    });
  });

  it('leaves a responder alone that has not answered twice by one method', async () => {
    await withScene(async (scene) => {
      scene.responder.behaviour = silent();
      const { exitCode, record } = await querySite(scene, ['--all', '--timeout', '300ms']);
      expect({ exitCode, verdict: record.verdict, code: record.error?.code }).toEqual({
        exitCode: 7,
        verdict: null,
        code: 'timeout',
      });
      const codes = (record.probes ?? []).map(({ error }) => (error as { code: string }).code);
      const ofMethod = ['timeout', 'timeout', 'responder-suspended', 'responder-suspended'];
      expect(codes).toEqual([...ofMethod, ...ofMethod]);
      expect(scene.responder.requests.length).toBeLessThanOrEqual(4);
    });
  });

  it('compares all responders that the certificate names', async () => {
    await withScene(
      async (scene) => {
        scene.responder.routes.set('/a', answer(scene.authority, 'good', caching));
        scene.responder.routes.set('/b', answer(scene.authority, revoked, caching));
        const { exitCode, record } = await querySite(scene, ['--all']);
        expect({ exitCode, verdict: record.verdict }).toEqual({ exitCode: 3, verdict: 'revoked' });
        expect(record.probes).toHaveLength(16);
        expect(rulesOf(record)).toEqual(['verdicts-differ']);
        expect(record.findings?.[0]?.message).toContain(`good by POST sha1 of ${scene.responder.url}/a`);
      },
      naming('/a', '/b'),
    );
  });

  it('is a table for people, with what the answers have in common below it', async () => {
    await withScene(async (scene) => {
      scene.responder.behaviour = split(byGet, answer(scene.authority, 'good', caching), answer(scene.authority));
      const { exitCode, stdout, stderr } = await queryText(['--all', scene.certificate]);
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
      const lines = stdout.split('\n');
      expect(lines[0]).toBe(`${scene.certificate}: good`);
      const start = lines.indexOf(`  ${scene.responder.url}`);
      expect(lines[start + 1]).toMatch(/^ {4}ASKED +CERTID +NONCE +HTTP +TIME +VERDICT +THIS UPDATE +NEXT UPDATE$/);
      expect(lines[start + 2]).toMatch(/^ {4}POST +sha1 +- +200 +\d+ ms +good +\S+Z +\S+Z$/);
      expect(lines[start + 9]).toMatch(/^ {4}GET +sha256 +echoed +200 +\d+ ms +good/);
      expect(stdout).toContain('    address  127.0.0.1\n');
      expect(stdout).toContain('    type     application/ocsp-response\n');
      expect(stdout).toContain('    caching  none (POST sha1, POST sha1 nonce, POST sha256, POST sha256 nonce)\n');
      expect(stdout).toMatch(/ {4}signer {3}CN=Test Root CA \(issuer\), until \S+Z\n/);
    });
  });

  it('goes with neither --out nor --nagios', async () => {
    for (const flags of [['--out', 'x.der'], ['--nagios']]) {
      const { exitCode } = await queryText(['--all', ...flags, 'site.pem']);
      expect(exitCode).toBe(flags.includes('--nagios') ? 3 : 2);
    }
  });
});
