import { readFileSync, rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import { answer, answerTo, requestBytes } from '../support/answer.js';
import { fixed, html, httpStatus, silent, tryLater } from '../support/behaviours.js';
import { unusedPort, type Behaviour } from '../support/misbehaving-responder.js';
import { buildErrorResponse } from '../support/ocsp-response.js';
import { createCertificateAuthority } from '../support/pki.js';
import { requestFor } from '../support/request-for.js';
import { runRestaple, startRestaple } from '../support/run-program.js';
import { withTemporaryFolder } from '../support/temporary-folder.js';
import { runInTerminal } from '../support/run-in-terminal.js';
import {
  bundleOf,
  day,
  fetchSite,
  fromNow,
  hour,
  namesIn,
  naming,
  revokedMarkOf,
  snapshot,
  stapleOf,
  storeStaple,
  withScene,
  type Scene,
} from './support/fetch-scene.js';
import { queryJson, querySite, queryText, rulesOf, withUsual } from './support/query-site.js';

const revoked = { revokedAt: new Date('2026-01-05T10:00:00Z'), reason: 'keyCompromise' } as const;

function aboutAnother(scene: Scene): Behaviour {
  const other = scene.authority.issue();
  return fixed(answerTo(requestFor(scene.authority, other), scene.authority));
}

type Case = readonly [
  what: string,
  behaviour: (scene: Scene) => Behaviour,
  expected: { readonly exitCode: number; readonly verdict: string | null; readonly code?: string },
  flags?: readonly string[],
];

const cases: readonly Case[] = [
  ['good', ({ authority }) => answer(authority), { exitCode: 0, verdict: 'good' }],
  ['revoked', ({ authority }) => answer(authority, revoked), { exitCode: 3, verdict: 'revoked' }],
  ['unknown', ({ authority }) => answer(authority, 'unknown'), { exitCode: 4, verdict: 'unknown' }],
  [
    'an expired answer',
    ({ authority }) => answer(authority, 'good', { thisUpdateOffset: -3 * day, nextUpdateOffset: -day }),
    { exitCode: 6, verdict: 'invalid', code: 'expired' },
  ],
  [
    'an answer of tomorrow',
    ({ authority }) => answer(authority, 'good', { thisUpdateOffset: day }),
    { exitCode: 6, verdict: 'invalid', code: 'not-yet-valid' },
  ],
  [
    'no nextUpdate, which is worth a word',
    ({ authority }) => answer(authority, 'good', { nextUpdateOffset: null }),
    { exitCode: 0, verdict: 'good' },
  ],
  ['tryLater', () => fixed(buildErrorResponse('tryLater')), { exitCode: 7, verdict: 'refused', code: 'refused' }],
  [
    'unauthorized',
    () => fixed(buildErrorResponse('unauthorized')),
    { exitCode: 7, verdict: 'refused', code: 'refused' },
  ],
  [
    'a forged signature',
    ({ authority }) => answer(authority, 'good', { response: { corruptSignature: true } }),
    { exitCode: 5, verdict: 'invalid', code: 'signature-invalid' },
  ],
  ["another certificate's answer", aboutAnother, { exitCode: 5, verdict: 'invalid', code: 'cert-id-mismatch' }],
  [
    'the answer of a stranger',
    ({ authority }) =>
      (exchange) => {
        const stranger = createCertificateAuthority({ name: 'Stranger' });
        const der = requestBytes(exchange.request, exchange.path);
        return fixed(answerTo(der, authority, 'good', { delegate: stranger }))(exchange);
      },
    { exitCode: 5, verdict: 'invalid', code: 'responder-not-authorized' },
  ],
  [
    'a wrong nonce',
    ({ authority }) => answer(authority, 'good', { nonce: 'wrong' }),
    { exitCode: 5, verdict: 'invalid', code: 'nonce-mismatch' },
    ['--nonce'],
  ],
  [
    'no nonce, where it must be there',
    ({ authority }) => answer(authority, 'good', { nonce: 'omit' }),
    { exitCode: 5, verdict: 'invalid', code: 'nonce-missing' },
    ['--nonce', '--strict'],
  ],
  ['a web page', () => html(), { exitCode: 5, verdict: 'invalid', code: 'malformed-response' }],
];

describe('query of a responder that answers', () => {
  it.each(cases.map(([what, behaviour, expected, flags = []]) => ({ what, behaviour, expected, flags })))(
    '$what ends as verify ends, and stores nothing',
    async ({ behaviour, expected, flags }) => {
      await withScene(async (scene) => {
        scene.responder.behaviour = behaviour(scene);
        const before = snapshot(scene.folder.path);
        const { exitCode, record } = await querySite(scene, flags);
        expect({ exitCode, verdict: record.verdict, code: record.failure?.code }).toEqual({
          code: undefined,
          ...expected,
        });
        expect(record).toMatchObject({
          certificate: scene.certificate,
          responder: {
            url: scene.responder.url,
            method: 'post',
            hash: 'sha1',
            address: '127.0.0.1',
            status: 200,
            milliseconds: expect.any(Number) as number,
          },
          certificateNotAfter: expect.any(String) as string,
        });
        expect(snapshot(scene.folder.path)).toEqual(before);
      });
    },
  );

  it('with caching headers and a delegate has both in responder, as the contract names them', async () => {
    await withScene(async (scene) => {
      const delegate = scene.authority.issueResponder({ commonName: 'Delegate' });
      const headers = { 'cache-control': 'max-age=600', etag: '"a"', expires: 'Thu, 01 Jan 2026 00:00:00 GMT' };
      scene.responder.behaviour = answer(scene.authority, 'good', { delegate, headers });
      const { record } = await querySite(scene, ['--method', 'get', '--hash', 'sha256']);
      expect(record.responder).toMatchObject({
        kind: 'delegated',
        name: 'CN=Delegate',
        url: scene.responder.url,
        method: 'get',
        hash: 'sha256',
        contentType: 'application/ocsp-response',
        cacheControl: 'max-age=600',
        etag: '"a"',
        expires: 'Thu, 01 Jan 2026 00:00:00 GMT',
      });
      expect(record.certId).toMatchObject({ hashAlgorithm: 'sha256' });
    });
  });

  it('without the nonce that was asked for is good, with a finding', async () => {
    await withScene(async (scene) => {
      scene.responder.behaviour = answer(scene.authority, 'good', { nonce: 'omit' });
      const { exitCode, record } = await querySite(scene, ['--nonce']);
      expect({ exitCode, rules: rulesOf(record) }).toEqual({ exitCode: 0, rules: ['nonce-not-echoed'] });
    });
  });

  it('in another hash than asked is good, with a finding', async () => {
    await withScene(async (scene) => {
      scene.responder.behaviour = answer(scene.authority, 'good', { hash: 'sha256' });
      const { exitCode, record } = await querySite(scene);
      expect({ exitCode, rules: rulesOf(record) }).toEqual({ exitCode: 0, rules: ['cert-id-hash-differs'] });
    });
  });

  it('is judged as of --at', async () => {
    await withScene(async (scene) => {
      const { exitCode, record } = await querySite(scene, ['--at', fromNow(30 * day).toISOString()]);
      expect({ exitCode, code: record.failure?.code }).toEqual({ exitCode: 6, code: 'expired' });
    });
  });

  it('tells of a certificate that expires soon', async () => {
    await withScene(
      async (scene) => {
        const { exitCode, record } = await querySite(scene);
        expect({ exitCode, rules: rulesOf(record) }).toEqual({ exitCode: 0, rules: ['certificate-expires'] });
      },
      { certificate: () => ({ notBefore: fromNow(-60 * day), notAfter: fromNow(5 * day) }) },
    );
  });
});

describe('query of a responder that does not answer', () => {
  it.each<readonly [string, () => Behaviour, string, number | undefined]>([
    ['says nothing', () => silent(), 'timeout', undefined],
    ['has HTTP status 500', () => httpStatus(500), 'http-status', 500],
    ['has HTTP status 404', () => httpStatus(404), 'http-status', 404],
  ])('since it %s is exit 7, and no good staple softens that', async (_what, behaviour, code, status) => {
    await withScene(async (scene) => {
      storeStaple(scene);
      scene.responder.behaviour = behaviour();
      const { exitCode, record } = await querySite(scene, ['--timeout', '500ms']);
      expect({ exitCode, verdict: record.verdict, code: record.error?.code }).toEqual({
        exitCode: 7,
        verdict: null,
        code,
      });
      expect(record.responder).toMatchObject({ url: scene.responder.url, method: 'post' });
      expect(record.responder?.['status']).toBe(status);
    });
  });

  it('since nobody listens there is exit 7, said on both streams', async () => {
    const port = await unusedPort();
    await withScene(
      async ({ certificate }) => {
        const result = await queryText([certificate]);
        expect(result.exitCode).toBe(7);
        expect(result.stdout).toContain(`${certificate}: no answer (connection-failed)\n`);
        expect(result.stderr).toContain(`restaple: ${certificate}: connection to 127.0.0.1:${port}`);
      },
      naming(`http://127.0.0.1:${port}/`),
    );
  });

  it('is asked again after tryLater, and another responder after a refusal', async () => {
    await withScene(
      async (scene) => {
        scene.responder.routes.set('/later', tryLater(1, answer(scene.authority)));
        scene.responder.routes.set('/no', fixed(buildErrorResponse('unauthorized')));
        const { exitCode, record } = await querySite(scene, ['--retries', '2', '--timeout', '10s']);
        expect({ exitCode, verdict: record.verdict }).toEqual({ exitCode: 0, verdict: 'good' });
        expect(scene.responder.requests).toHaveLength(3);
      },
      naming('/no', '/later'),
    );
  });

  it('is left at once by SIGINT, with exit 130', async () => {
    await withScene(async (scene) => {
      scene.responder.behaviour = silent();
      for (const flags of [[], ['--all']]) {
        scene.responder.requests.length = 0;
        const words = withUsual(['--timeout', '60s', ...flags, scene.certificate]);
        const { process: child, result } = startRestaple(['query', ...words]);
        await expect.poll(() => scene.responder.requests.length, { timeout: 20_000 }).toBe(1);
        child.kill('SIGINT');
        expect(await result).toMatchObject({ exitCode: 130, stdout: '' });
      }
    });
  });

  it('says nothing that could move the cursor of a terminal', async () => {
    const subject = { commonName: 'a\u001b[2Jb' };
    await withScene(
      async (scene) => {
        scene.responder.behaviour = answer(scene.authority, 'good', { headers: { etag: '"\u009b2J"' } });
        const { stdout, stderr } = await queryText(['--all', '--chain', scene.certificate]);
        expect(stdout).toContain('CN=a\\1B[2Jb');
        expect(stdout).toContain('etag "\\x9b2J"');
        // eslint-disable-next-line no-control-regex -- that is what is looked for
        expect(stdout + stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
      },
      { certificate: () => subject },
    );
  });

  it('is not connected to where its address is private', async () => {
    await withScene(async (scene) => {
      const result = await queryJson(['--no-fetch-issuer', scene.certificate]);
      expect(result.exitCode).toBe(0);
      const guarded = await runRestaple(['query', '--json', scene.certificate]);
      expect({ exitCode: guarded.exitCode, record: guarded.lines()[0] }).toMatchObject({
        exitCode: 7,
        record: { verdict: null, error: { code: 'address-blocked' } },
      });
      expect(scene.responder.requests).toHaveLength(1);
    });
  });
});

describe('query of a certificate', () => {
  it('without responder is no error, and of a Must-Staple one exit 11', async () => {
    const none = { certificate: () => ({ ocspUris: [] }) };
    await withScene(async (scene) => {
      const { exitCode, record } = await querySite(scene);
      expect({ exitCode, outcome: record['outcome'], code: record.error?.code }).toEqual({
        exitCode: 0,
        outcome: 'no-responder',
        code: 'no-responder',
      });
    }, none);
    await withScene(
      async (scene) => {
        const { exitCode, record } = await querySite(scene);
        expect({ exitCode, code: record.error?.code }).toEqual({ exitCode: 11, code: 'no-responder' });
      },
      { certificate: () => ({ ocspUris: [], mustStaple: true }) },
    );
  });

  it('without responder is no matter of its issuer', async () => {
    const authority = createCertificateAuthority();
    await withTemporaryFolder(async (folder) => {
      const lone = folder.write('lone.pem', authority.issue().certificate.pem);
      const { exitCode, record } = await queryJson([lone]);
      expect({ exitCode, outcome: record['outcome'] }).toEqual({ exitCode: 0, outcome: 'no-responder' });
    });
  });

  it('asks the responder of --url', async () => {
    await withScene(
      async (scene) => {
        const { exitCode, record } = await querySite(scene, ['--url', `${scene.responder.url}/own`]);
        expect({ exitCode, verdict: record.verdict }).toEqual({ exitCode: 0, verdict: 'good' });
        expect(record.responder).toMatchObject({ url: `${scene.responder.url}/own` });
      },
      { certificate: () => ({ ocspUris: [] }) },
    );
  });

  it('without issuer is exit 8, and a downloaded issuer is not kept', async () => {
    await withScene(
      async (scene) => {
        scene.responder.routes.set(
          '/ca',
          fixed(scene.authority.certificate.der, { 'content-type': 'application/pkix-cert' }),
        );
        const lone = scene.folder.write('lone.pem', scene.site.certificate.pem);
        rmSync(scene.certificate);
        const without = await queryJson(['--no-fetch-issuer', lone]);
        expect({ exitCode: without.exitCode, code: without.record.error?.code }).toEqual({
          exitCode: 8,
          code: 'issuer-not-found',
        });
        const { exitCode, record } = await queryJson([lone]);
        expect({ exitCode, verdict: record.verdict }).toEqual({ exitCode: 0, verdict: 'good' });
        expect(namesIn(scene)).toEqual(['lone.pem']);
      },
      { certificate: (url) => ({ ocspUris: [url], caIssuersUris: [`${url}/ca`] }) },
    );
  });

  it('that cannot be read stops no other, and the lines come in the order of the files', async () => {
    await withScene(async (scene) => {
      const stolen = scene.authority.issue({ ocspUris: [scene.responder.url] });
      const statuses = new Map([[stolen.serialNumber, revoked] as const]);
      scene.responder.behaviour = answer(scene.authority, statuses, { otherwise: 'good' });
      const second = scene.folder.write('stolen.pem', bundleOf(stolen, scene.authority));
      const missing = scene.folder.at('missing.pem');
      const { exitCode, records } = await queryJson([second, missing, scene.certificate]);
      expect(exitCode).toBe(3);
      expect(records.map(({ certificate, verdict, error }) => [certificate, verdict ?? error?.code])).toEqual([
        [second, 'revoked'],
        [missing, 'file-not-found'],
        [scene.certificate, 'good'],
      ]);
    });
  });

  it('that fetch has heard to be revoked stays revoked, whoever answers what', async () => {
    await withScene(async (scene) => {
      scene.responder.behaviour = answer(scene.authority, revoked);
      expect((await fetchSite(scene)).exitCode).toBe(3);
      const before = snapshot(scene.folder.path);
      for (const behaviour of [answer(scene.authority), httpStatus(500)]) {
        scene.responder.behaviour = behaviour;
        const { exitCode, record } = await querySite(scene);
        expect({ exitCode, record }).toMatchObject({
          exitCode: 3,
          record: { verdict: 'revoked', response: revokedMarkOf(scene), findings: [{ rule: 'known-revoked' }] },
        });
      }
      expect(snapshot(scene.folder.path)).toEqual(before);
    });
  });
});

describe('query --chain', () => {
  it('asks about every certificate of the file that names a responder, each by its issuer', async () => {
    await withScene(async (scene) => {
      const { responder, authority: root } = scene;
      const ofRoot = `${responder.url}/root`;
      const intermediate = root.issue({ commonName: 'Intermediate', isCa: true, ocspUris: [ofRoot] });
      const leaf = intermediate.issue({ commonName: 'leaf', ocspUris: [`${responder.url}/intermediate`] });
      responder.routes.set('/root', answer(root, revoked));
      responder.routes.set('/intermediate', answer(intermediate));
      const file = scene.folder.write(
        'chain.crt',
        leaf.certificate.pem + intermediate.certificate.pem + root.certificate.pem,
      );
      const { exitCode, records } = await queryJson(['--chain', file]);
      expect(exitCode).toBe(3);
      expect(records.map(({ certificate, subject, verdict }) => ({ certificate, subject, verdict }))).toEqual([
        { certificate: file, subject: 'CN=leaf', verdict: 'good' },
        { certificate: file, subject: 'CN=Intermediate', verdict: 'revoked' },
      ]);
      expect((await queryJson([file])).records).toHaveLength(1);
      const text = await queryText(['--chain', file]);
      expect(text.stdout).toContain(`${file} (CN=leaf): good\n`);
      expect(text.stdout).toContain(`${file} (CN=Intermediate): revoked\n`);
    });
  });
});

describe('query --out', () => {
  it('keeps the exact response, whatever it says, and no other file', async () => {
    await withScene(async (scene) => {
      const staple = stapleOf(scene, { status: revoked });
      scene.responder.behaviour = fixed(staple);
      const out = scene.folder.at('response.der');
      const { exitCode, record } = await querySite(scene, ['--out', out]);
      expect({ exitCode, out: record['out'] }).toEqual({ exitCode: 3, out });
      expect(readFileSync(out)).toEqual(staple);
      expect(namesIn(scene)).toEqual(['response.der', 'site.pem']);
    });
  });

  it('- writes the response to stdout, and the words to stderr', async () => {
    await withScene(async (scene) => {
      const staple = stapleOf(scene);
      scene.responder.behaviour = fixed(staple);
      const { exitCode, stdoutBytes, stderr } = await queryText(['--out', '-', scene.certificate]);
      expect({ exitCode, stdoutBytes }).toEqual({ exitCode: 0, stdoutBytes: staple });
      expect(stderr).toContain(`${scene.certificate}: good\n`);
    });
  });

  it('keeps nothing of what is no response', async () => {
    await withScene(async (scene) => {
      scene.responder.behaviour = html();
      const { exitCode, stdout } = await queryText(['--out', '-', scene.certificate]);
      expect({ exitCode, stdout }).toEqual({ exitCode: 5, stdout: '' });
    });
  });

  it('refuses to replace a key or a certificate, with exit 9', async () => {
    await withScene(async (scene) => {
      const before = snapshot(scene.folder.path);
      const { exitCode, record } = await querySite(scene, ['--out', scene.certificate]);
      expect({ exitCode, verdict: record.verdict, code: record.error?.code }).toEqual({
        exitCode: 9,
        verdict: 'good',
        code: 'overwrite-refused',
      });
      expect(snapshot(scene.folder.path)).toEqual(before);
    });
  });

  it.each([
    ['two certificates', ['--out', 'x.der'], '--out keeps the response about one certificate'],
    ['a monitoring system', ['--out', 'x.der', '--nagios'], '--nagios'],
    ['--json on one stdout', ['--out', '-', '--json'], '--out - and --json both want stdout'],
  ])('is for no more than it can keep: %s', async (_what, flags, message) => {
    await withScene(async (scene) => {
      const second = scene.folder.write('second.pem', bundleOf(scene.authority.issue(), scene.authority));
      const { exitCode, stdout, stderr } = await queryText([...flags, scene.certificate, second]);
      expect(exitCode).toBe(flags.includes('--nagios') ? 3 : 2);
      expect(stderr + stdout).toContain(message);
      expect(scene.responder.requests).toEqual([]);
    });
  });
});

describe('query for people', () => {
  it('says the verdict first and then the facts', async () => {
    await withScene(async (scene) => {
      const { exitCode, stdout, stderr } = await queryText([scene.certificate]);
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
      const lines = stdout.trimEnd().split('\n');
      expect(lines[0]).toBe(`${scene.certificate}: good`);
      expect(lines.slice(1).map((line) => line.trim().split(/ {2,}/)[0])).toEqual([
        'asked',
        expect.stringContaining('responder'),
        'serial',
        'produced at',
        'this update',
        expect.stringMatching('next update'),
        'signature',
      ]);
      expect(stdout).toMatch(
        new RegExp(`asked +${scene.responder.url} by POST \\(127\\.0\\.0\\.1\\), HTTP 200 in \\d+ ms`),
      );
    });
  });

  it('is coloured on a terminal, and a table of several', { tags: 'python3' }, async () => {
    await withScene(async (scene) => {
      const one = await runInTerminal(['query', ...withUsual([scene.certificate])], { env: { NO_COLOR: undefined } });
      expect(one.exitCode).toBe(0);
      expect(one.received).toContain(`${scene.certificate}: \u001b[32mgood\u001b[39m`);
      const second = scene.folder.write(
        'second.pem',
        bundleOf(scene.authority.issue({ ocspUris: [scene.responder.url] }), scene.authority),
      );
      const several = await runInTerminal(['query', ...withUsual([scene.certificate, second])]);
      expect(several.lines[0]).toMatch(/^STATE +LEFT +WINDOW/);
      expect(several.exitCode).toBe(0);
    });
  });
});

describe('query --nagios', () => {
  it.each<readonly [string, (scene: Scene) => Behaviour, number, RegExp]>([
    ['lasts', ({ authority }) => answer(authority), 0, /^OCSP OK - 1 answer good, next ends in (?:6d 23h|7d) \| /],
    [
      'ends soon',
      ({ authority }) => answer(authority, 'good', { nextUpdateOffset: 3 * hour + 60_000 }),
      2,
      /^OCSP CRITICAL - 1 below 6h .*\n.*the answer ends in 3h(?: \d+m)?; its responder should have signed a newer one/,
    ],
    ['is revoked', ({ authority }) => answer(authority, revoked), 2, /^OCSP CRITICAL - 1 revoked/],
    ['is refused', () => fixed(buildErrorResponse('tryLater')), 2, /^OCSP CRITICAL - 1 invalid/],
    ['does not come', () => httpStatus(503), 2, /^OCSP CRITICAL - 1 unreachable/],
  ])('of an answer that %s', async (_what, behaviour, exitCode, line) => {
    await withScene(async (scene) => {
      scene.responder.behaviour = behaviour(scene);
      const result = await queryText(['--nagios', scene.certificate]);
      expect(result.stdout).toMatch(line);
      expect({ exitCode: result.exitCode, stderr: result.stderr }).toEqual({ exitCode, stderr: '' });
    });
  });

  it('of a Must-Staple certificate without responder is CRITICAL, and of another one OK', async () => {
    for (const [mustStaple, exitCode, line] of [
      [true, 2, /^OCSP CRITICAL - 1 missing/],
      [false, 0, /^OCSP OK - 1 without responder/],
    ] as const) {
      await withScene(
        async ({ certificate }) => {
          const result = await queryText(['--nagios', certificate]);
          expect(result.stdout).toMatch(line);
          expect(result.exitCode).toBe(exitCode);
        },
        { certificate: () => ({ ocspUris: [], mustStaple }) },
      );
    }
  });

  it('of a wrong call is UNKNOWN', async () => {
    const { exitCode, stdout } = await queryText(['--nagios', '--warn', 'soon']);
    expect(exitCode).toBe(3);
    expect(stdout).toMatch(/^OCSP UNKNOWN - --warn: "soon" is not a duration/);
  });
});

describe('query of nothing', () => {
  it('is wrong usage, and so is a certificate beside --connect', async () => {
    expect(await queryText([])).toMatchObject({ exitCode: 2, stdout: '' });
    const both = await queryText(['--connect', '127.0.0.1:1', 'site.pem']);
    expect({ exitCode: both.exitCode, stderr: both.stderr }).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('--connect takes the certificate from the server') as string,
    });
  });
});
