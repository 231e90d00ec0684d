import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { answer, requestBytes } from '../support/answer.js';
import { httpStatus, redirect } from '../support/behaviours.js';
import { startResponder, type Responder } from '../support/misbehaving-responder.js';
import { parseOcspRequest } from '../support/ocsp-request.js';
import { runOpenssl, runRestaple } from '../support/run-program.js';
import {
  day,
  fetchJson,
  fetchSite,
  namesIn,
  naming,
  storeStaple,
  withScene,
  type Scene,
} from './support/fetch-scene.js';

const updated = { exitCode: 0, outcome: 'updated' };

/** Lends a second responder, on another port and so another origin. */
async function withSecond(use: (second: Responder) => Promise<void>): Promise<void> {
  const second = await startResponder();
  try {
    await use(second);
  } finally {
    await second.close();
  }
}

function requestsOf({ responder }: Scene): string[] {
  return responder.requests.map(({ method, url }) => `${method} ${url}`);
}

describe('the method', () => {
  it('is POST by default', async () => {
    await withScene(async (scene) => {
      const { record } = await fetchSite(scene);
      const [request] = scene.responder.requests;
      expect(record.responder).toMatchObject({ url: `${scene.responder.url}/ocsp`, method: 'post', attempts: 1 });
      expect(request).toMatchObject({ method: 'POST', url: '/ocsp' });
      expect(request?.headers).toMatchObject({
        host: `127.0.0.1:${scene.responder.port}`,
        'content-type': 'application/ocsp-request',
        accept: 'application/ocsp-response',
      });
      expect(request?.headers['user-agent']).toMatch(/^restaple\/\d+\.\d+\.\d+/);
    }, naming('/ocsp'));
  });

  it.each(['/ocsp', '/ocsp/', '/ocsp//'])('is GET with exactly one slash before the base64 of %s', async (path) => {
    await withScene(async (scene) => {
      scene.responder.routes.set('/ocsp', answer(scene.authority));
      const { exitCode, record } = await fetchSite(scene, ['--method', 'get']);
      expect({ exitCode, outcome: record.outcome }).toEqual(updated);
      const [request] = scene.responder.requests;
      expect(request?.method).toBe('GET');
      const encoded = /^\/ocsp\/([A-Za-z0-9%]+)$/.exec(request?.url ?? '')?.[1] ?? '';
      const der = Buffer.from(decodeURIComponent(encoded), 'base64');
      expect(encodeURIComponent(der.toString('base64'))).toBe(encoded);
      expect(parseOcspRequest(der).certIds).toMatchObject([{ serialNumber: scene.site.serialNumber }]);
      expect(request?.headers.host).toBe(`127.0.0.1:${scene.responder.port}`);
    }, naming(path));
  });

  it('is GET with auto, and POST when that fails', async () => {
    await withScene(async (scene) => {
      const good = answer(scene.authority);
      scene.responder.routes.set('/ocsp', (exchange) =>
        exchange.request.method === 'GET' ? httpStatus(405)(exchange) : good(exchange),
      );
      const { exitCode, record } = await fetchSite(scene, ['--method', 'auto']);
      expect({ exitCode, outcome: record.outcome }).toEqual(updated);
      expect(record.responder).toMatchObject({ method: 'post', attempts: 2 });
      expect(scene.responder.requests.map(({ method }) => method)).toEqual(['GET', 'POST']);
    }, naming('/ocsp'));
  });

  it('is POST with auto when GET gives a stale answer', async () => {
    await withScene(async (scene) => {
      const stale = answer(scene.authority, 'good', { thisUpdateOffset: -9 * day, nextUpdateOffset: -2 * day });
      const good = answer(scene.authority);
      scene.responder.routes.set('/ocsp', (exchange) =>
        exchange.request.method === 'GET' ? stale(exchange) : good(exchange),
      );
      const { exitCode, record } = await fetchSite(scene, ['--method', 'auto']);
      expect({ exitCode, outcome: record.outcome }).toEqual(updated);
    }, naming('/ocsp'));
  });

  it('stays GET with auto where that works', async () => {
    await withScene(async (scene) => {
      scene.responder.routes.set('/ocsp', answer(scene.authority));
      const { record } = await fetchSite(scene, ['--method', 'auto']);
      expect(record.responder).toMatchObject({ method: 'get', attempts: 1 });
    }, naming('/ocsp'));
  });

  it.each([
    ['a nonce is asked', '/ocsp', ['--nonce']],
    ['the URL has a query', '/ocsp?ca=1', []],
    ['the URL would be longer than 255 bytes', `/${'o'.repeat(180)}`, []],
  ])('is POST with auto where %s', async (_why, path, flags) => {
    await withScene(async (scene) => {
      await fetchSite(scene, ['--method', 'auto', ...flags]);
      expect(requestsOf(scene)).toEqual([`POST ${path}`]);
    }, naming(path));
  });
});

describe('a URI of the certificate', () => {
  it('is asked without the blanks around it, and percent-encoded where it is UTF-8', async () => {
    await withScene(
      async (scene) => {
        const { exitCode, record } = await fetchSite(scene);
        expect({ exitCode, outcome: record.outcome }).toEqual(updated);
        expect(record.responder?.url).toBe(`${scene.responder.url}/pr%C3%BCfen`);
        expect(record.warnings).toEqual([expect.stringMatching(/blanks or line ends around its URI http/)]);
        expect(requestsOf(scene)).toEqual(['POST /pr%C3%BCfen']);
      },
      { certificate: (url) => ({ ocspUris: [Buffer.from(` ${url}/pr\u00fcfen\n`, 'utf8').toString('latin1')] }) },
    );
  });
});

describe('--header', () => {
  it('proves who asks to a responder that the operator names only', async () => {
    await withScene(async (scene) => {
      const headers = [
        '--header',
        'Authorization: Bearer s3cret',
        '--header',
        'cookie: s3cret',
        '--header',
        'X-Other: x',
      ];
      await fetchSite(scene, headers);
      await fetchSite(scene, [...headers, '--force', '--url', scene.responder.url]);
      const configuration = scene.folder.write(
        'restaple.yaml',
        `certificates: ${scene.certificate}
responders: [{host: "127.0.0.1", url: ${scene.responder.url}/named}]
defaults: {header: ["Authorization: Bearer s3cret", "Cookie: s3cret"], force: true, allow-private: true, retries: "0"}
`,
      );
      await runRestaple(['fetch', '--config', configuration]);
      const [certificate, url, configured] = scene.responder.requests.map((request) => request.headers);
      expect(certificate).toHaveProperty('x-other', 'x');
      expect(certificate).not.toHaveProperty('authorization');
      expect(certificate).not.toHaveProperty('cookie');
      for (const named of [url, configured]) {
        expect(named).toMatchObject({ authorization: 'Bearer s3cret', cookie: 's3cret' });
      }
      const printed = await runRestaple(['fetch', '--print-curl', ...headers, scene.certificate]);
      expect(printed.stdout).toContain('X-Other: x');
      expect(printed.stdout).not.toContain('s3cret');
    });
  });

  it('says why a responder that wants to be authorized does not get the header', async () => {
    await withScene(async (scene) => {
      scene.responder.behaviour = httpStatus(401);
      const { record } = await fetchSite(scene, ['--header', 'Authorization: Bearer s3cret']);
      expect(record.error?.hint).toMatch(/only to a responder that --url or the configuration names/);
    });
  });

  it.each([
    ['--header', 'Authorization Bearer s3cret'],
    ['--url', 'http://user:s3c/s3cret@ocsp.example:x/'],
    ['--url', 'user:s3cret@ocsp.example'],
    ['--proxy', 'socks5://user:s3cret@proxy.example'],
    ['--proxy', 'http://user:s3cret@proxy.example:99999'],
  ])('and URLs that cannot be used are refused without a word of the secret: %s %j', async (flag, value) => {
    const variable = `RESTAPLE_${flag.slice(2).toUpperCase()}`;
    const given = [await runRestaple(['fetch', flag, value, '/nowhere.pem'])];
    if (flag !== '--header') given.push(await runRestaple(['fetch', '/nowhere.pem'], { env: { [variable]: value } }));
    for (const result of given) {
      expect(result.exitCode).toBe(2);
      expect(result.stdout + result.stderr).not.toContain('s3cret');
    }
  });

  it.each([
    ['Content-Length: 3', 'is set by restaple itself'],
    ['X-Note: 5 €', 'outside Latin-1'],
  ])('that cannot be sent is refused before anybody has to be asked: %s', async (header, said) => {
    await withScene(async (scene) => {
      storeStaple(scene);
      const { exitCode, stderr } = await runRestaple(['fetch', '--header', header, scene.certificate]);
      expect(exitCode).toBe(2);
      expect(stderr).toContain(said);
    });
  });

  it('reaches the responder', async () => {
    await withScene(async (scene) => {
      await fetchSite(scene, ['--header', 'X-Api-Key: s3cret', '--header', 'X-Other:  two words ']);
      expect(scene.responder.requests[0]?.headers).toMatchObject({ 'x-api-key': 's3cret', 'x-other': 'two words' });
    });
  });

  it('never reaches another origin', async () => {
    await withScene(async (scene) => {
      await withSecond(async (second) => {
        second.behaviour = answer(scene.authority);
        scene.responder.behaviour = redirect(`${second.url}/moved`, 307);
        const { exitCode, record } = await fetchSite(scene, ['--header', 'X-Api-Key: s3cret']);
        expect({ exitCode, outcome: record.outcome }).toEqual(updated);
        expect(scene.responder.requests[0]?.headers).toHaveProperty('x-api-key', 's3cret');
        expect(second.requests[0]).toMatchObject({ method: 'POST', url: '/moved' });
        expect(second.requests[0]?.headers).not.toHaveProperty('x-api-key');
      });
    });
  });
});

describe('the request', () => {
  it('asks with a SHA-256 CertID under --hash sha256, and stores that', async () => {
    await withScene(async (scene) => {
      const { exitCode, record } = await fetchSite(scene, ['--hash', 'sha256']);
      expect({ exitCode, outcome: record.outcome }).toEqual(updated);
      const { certIds } = parseOcspRequest(requestBytes(scene.responder.requests[0]!, ''));
      expect(certIds).toMatchObject([{ hashAlgorithm: 'sha256', serialNumber: scene.site.serialNumber }]);
      expect((await runRestaple(['verify', scene.certificate])).exitCode).toBe(0);
      // For the SHA-1 that haproxy takes this staple is of no use, so it is due.
      expect((await fetchSite(scene)).record.outcome).toBe('updated');
    });
  });

  it('carries a nonce of 32 octets with --nonce, another one each time, and none without', async () => {
    await withScene(async (scene) => {
      for (const flags of [[], ['--nonce'], ['--nonce']]) await fetchSite(scene, ['--force', ...flags]);
      const [none, first, second] = scene.responder.requests.map(({ body }) => parseOcspRequest(body).nonce);
      expect(none).toBeUndefined();
      expect(first).toMatch(/^[0-9a-f]{64}$/);
      expect(second).not.toBe(first);
    });
  });

  it.each([['sha1'], ['sha256']] as const)("equals openssl's byte for byte (%s)", { tags: 'openssl' }, async (hash) => {
    await withScene(async (scene) => {
      const ours = scene.folder.at('ours.der');
      const theirs = scene.folder.at('theirs.der');
      const issuer = scene.folder.write('ca.pem', scene.authority.certificate.pem);
      await fetchSite(scene, ['--dry-run', '--hash', hash, '--request-out', ours]);
      const words = ['-no_nonce', `-${hash}`, '-issuer', issuer, '-cert', scene.certificate, '-reqout', theirs];
      const openssl = await runOpenssl(['ocsp', ...words]);
      expect(openssl.exitCode).toBe(0);
      expect(readFileSync(ours).equals(readFileSync(theirs))).toBe(true);
      expect(scene.responder.requests[0]?.body.equals(readFileSync(theirs))).toBe(true);
      expect(namesIn(scene)).toEqual(['ca.pem', 'ours.der', 'site.pem', 'theirs.der']);
    });
  });

  it('belongs to one certificate: --request-out with two is exit 2', async () => {
    await withScene(async (scene) => {
      const second = scene.folder.write('second.pem', scene.site.certificate.pem);
      const out = scene.folder.at('request.der');
      const result = await runRestaple(['fetch', '--allow-private', '--request-out', out, scene.certificate, second]);
      expect(result.exitCode).toBe(2);
      expect(scene.responder.connections()).toBe(0);
    });
  });

  it('that cannot be written is a store error with the reason, not a bug', async () => {
    await withScene(async (scene) => {
      const { exitCode, record } = await fetchSite(scene, ['--request-out', scene.folder.at('missing/request.der')]);
      expect({ exitCode, outcome: record.outcome }).toEqual({ exitCode: 9, outcome: 'store-error' });
      expect(record.error?.message).toMatch(/missing\/request\.der: its folder does not exist$/);
      const inFile = join(scene.certificate, 'request.der');
      expect(await fetchSite(scene, ['--request-out', inFile])).toMatchObject({ exitCode: 9 });
      expect(namesIn(scene)).toEqual(['site.pem']);
    });
  });
});

describe('--url', () => {
  it("is asked in place of the certificate's own responder, and needs no --allow-private", async () => {
    await withScene(async (scene) => {
      await withSecond(async (second) => {
        second.behaviour = answer(scene.authority);
        const result = await runRestaple(['fetch', '--json', '--url', `${second.url}/own`, scene.certificate]);
        expect(result.exitCode).toBe(0);
        expect(result.lines()[0]).toMatchObject({ outcome: 'updated', responder: { url: `${second.url}/own` } });
        expect(scene.responder.connections()).toBe(0);
      });
    });
  });

  it('opens that host and port alone: a redirect elsewhere is guarded', async () => {
    await withScene(async (scene) => {
      await withSecond(async (second) => {
        second.behaviour = redirect(scene.responder.url, 307);
        const result = await runRestaple(['fetch', '--json', '--retries', '0', '--url', second.url, scene.certificate]);
        expect(result.exitCode).toBe(7);
        expect(result.lines()[0]).toMatchObject({ outcome: 'unavailable', error: { code: 'address-blocked' } });
        expect(scene.responder.connections()).toBe(0);
      });
    });
  });

  it.each(['ldap://ldap.example/', 'ocsp.example', 'http://'])('is a usage error where it is %s', async (url) => {
    await withScene(async (scene) => {
      const result = await runRestaple(['fetch', '--url', url, scene.certificate]);
      expect({ exitCode: result.exitCode, stdout: result.stdout }).toEqual({ exitCode: 2, stdout: '' });
      expect(result.stderr).toMatch(/^restaple: --url: /);
    });
  });
});

it('warns of a wrong content type and takes the response', async () => {
  await withScene(async (scene) => {
    scene.responder.behaviour = answer(scene.authority, 'good', { headers: { 'content-type': 'text/plain' } });
    const { exitCode, record, stderr } = await fetchJson([scene.certificate]);
    expect({ exitCode, outcome: record.outcome }).toEqual(updated);
    expect(stderr).toMatch(
      /^restaple: warning: .*has the content type "text\/plain", expected application\/ocsp-response\n$/,
    );
  });
});
