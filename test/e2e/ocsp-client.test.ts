// @module-tag openssl
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { answer, answerTo } from '../support/answer.js';
import { sendOcsp } from '../support/behaviours.js';
import { serialKey, type IssuedCertificate } from '../support/certificate.js';
import { startResponder, type Responder } from '../support/misbehaving-responder.js';
import { buildErrorResponse, buildOcspResponse, type CertificateStatus } from '../support/ocsp-response.js';
import { createCertificateAuthority } from '../support/pki.js';
import { requestFor } from '../support/request-for.js';
import { runCommand, runRestaple, startRestaple, withoutRoots, type RunResult } from '../support/run-program.js';
import { createTemporaryFolder } from '../support/temporary-folder.js';

const folder = createTemporaryFolder();
const root = createCertificateAuthority({ name: 'Root' });
const authority = root.issue({ isCa: true, commonName: 'Issuing CA' });
const delegate = authority.issueResponder();
const stranger = createCertificateAuthority({ name: 'Stranger' });
const notForOcsp = authority.issue({ commonName: 'not.for.ocsp' });
const good = authority.issue({ commonName: 'good.example' });
const revoked = authority.issue({ commonName: 'revoked.example' });
const unknown = authority.issue({ commonName: 'unknown.example', serialNumber: 4711n });
/** The same for both programs, however long one after the other runs. */
const now = new Date();
const statuses = new Map<string, CertificateStatus>([
  [good.serialNumber, 'good'],
  [revoked.serialNumber, { revokedAt: new Date('2026-01-02T03:04:05Z'), reason: 'keyCompromise' }],
]);

const files = {
  root: root.certificate.pem,
  ca: authority.certificate.pem,
  chain: authority.certificate.pem + root.certificate.pem,
  delegate: delegate.certificate.pem,
  stranger: stranger.certificate.pem,
  good: good.certificate.pem,
  revoked: revoked.certificate.pem,
  unknown: unknown.certificate.pem,
  key: good.keyPem,
};
for (const [name, contents] of Object.entries(files)) folder.write(`${name}.pem`, contents);

const day = 86_400_000;
const askedFor = (site: IssuedCertificate): Buffer => requestFor(authority, site);
const signed = (name: string, site: IssuedCertificate, options: Parameters<typeof answerTo>[3] = {}): void =>
  void folder.write(name, answerTo(askedFor(site), authority, statuses, { now, delegate, ...options }));
signed('good.der', good);
signed('revoked.der', revoked);
signed('unknown.der', unknown);
signed('expired.der', good, { thisUpdateOffset: -3 * day, nextUpdateOffset: -day });
const aboutGood = {
  certId: { serialNumber: good.serialNumber, issuer: authority, hash: 'sha1' },
  thisUpdate: new Date(now.getTime() - day),
  nextUpdate: new Date(now.getTime() + day),
} as const;
const stolen = { ...aboutGood, status: { revokedAt: new Date('2026-01-02T03:04:05Z') } } as const;
folder.write('both.der', buildOcspResponse({ signer: authority, producedAt: now, responses: [aboutGood, stolen] }));
signed('future.der', good, { thisUpdateOffset: 2 * day, nextUpdateOffset: 3 * day });
signed('endless.der', good, { nextUpdateOffset: null });
signed('stranger.der', good, { delegate: stranger });
signed('not-for-ocsp.der', good, { delegate: notForOcsp });
signed('direct.der', good, { delegate: authority });
folder.write('unauthorized.der', buildErrorResponse('unauthorized'));
folder.write('later.der', buildErrorResponse('tryLater'));
folder.write('good.req', askedFor(good));
folder.write('garbage.der', 'garbage');

let responder: Responder;

beforeAll(async () => {
  const own = answer(authority, statuses, { now, delegate });
  responder = await startResponder({
    behaviour: own,
    routes: {
      '/wrong-nonce': answer(authority, statuses, { now, delegate, nonce: 'wrong' }),
      '/no-nonce': answer(authority, statuses, { now, delegate, nonce: 'omit' }),
      '/stranger': answer(authority, statuses, { now, delegate: stranger }),
      '/unauthorized': ({ response }) => sendOcsp(response, buildErrorResponse('unauthorized')),
      '/failing': ({ response }) => void response.writeHead(500).end(),
      '/html': ({ response }) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
      '/silent': () => undefined,
      '/moved': ({ response }) => void response.writeHead(307, { location: 'http://127.0.0.2:9/' }).end(),
    },
  });
});

afterAll(async () => {
  await responder.close();
  folder.remove();
});

/** What scripts look for on stderr, in either program's words. */
const talk =
  /^(?:Response verify OK|Response Verify Failure|WARNING: .*|Nonce Verify error|Error .*|Could not .*|Unable to .*|Can't open .*|No issuer .*|Missing .*|Need an .*|ocsp: (?:Unknown|Option|Use|Digest|Can't|Non-positive) .*)$/;

function talkOf({ stderr }: RunResult): string[] {
  return stderr.split('\n').filter((line) => talk.test(line));
}

/** Lines of the error queue name a thread and a place in the source; the reason is what scripts look for. */
function withoutPlaces(text: string): string {
  return text.replaceAll(/^\w+:(error:[^:]*:[^:]*:[^:]*:[^:]*):[^\n]*$/gm, '$1');
}

interface Both {
  readonly openssl: RunResult;
  readonly restaple: RunResult;
  /** What each wrote into `written`. */
  readonly written: readonly (Buffer | undefined)[];
}

async function both(args: readonly string[]): Promise<Both> {
  const words = args.map((word) => word.replace('$URL', responder.url).replace('$HOST', responder.url.slice(7)));
  const written: (Buffer | undefined)[] = [];
  const results: RunResult[] = [];
  for (const run of [
    () => runCommand('openssl', ['ocsp', ...words], { cwd: folder.path, env: withoutRoots }),
    () => runRestaple(['ocsp', ...words], { cwd: folder.path, env: withoutRoots }),
  ]) {
    rmSync(folder.at('written'), { force: true });
    results.push(await run());
    written.push(existsSync(folder.at('written')) ? readFileSync(folder.at('written')) : undefined);
  }
  const [openssl, restaple] = results;
  return { openssl: openssl!, restaple: restaple!, written };
}

async function expectSame(args: readonly string[], exitCode: number): Promise<RunResult> {
  const { openssl, restaple, written } = await both(args);
  expect(openssl.exitCode, openssl.stderr).toBe(exitCode);
  expect(restaple.exitCode, restaple.stderr).toBe(exitCode);
  expect(withoutPlaces(restaple.stdout)).toBe(withoutPlaces(openssl.stdout));
  expect(talkOf(restaple)).toEqual(talkOf(openssl));
  expect(written[1] === undefined).toBe(written[0] === undefined);
  return restaple;
}

const words = (text: string): string[] => text.split(' ').filter((word) => word !== '');

describe('restaple ocsp ends and prints as openssl ocsp does', () => {
  it.each([
    // A person, the tldr page, install guides.
    [0, '-issuer chain.pem -cert good.pem -url $URL -CAfile root.pem'],
    [1, '-issuer chain.pem -cert good.pem -url $URL'],
    [0, '-issuer chain.pem -cert good.pem -url $URL -CAfile root.pem -respout written'],
    [0, '-no_nonce -issuer chain.pem -cert good.pem -VAfile delegate.pem -url $URL -respout written'],
    // certbot, acme.sh, dehydrated, hapos-upd, cert-staple.sh, h2o.
    [
      0,
      '-no_nonce -issuer ca.pem -cert good.pem -url $URL -CAfile root.pem -verify_other ca.pem -trust_other -header Host=a.example',
    ],
    [0, '-no_nonce -issuer ca.pem -cert revoked.pem -url $URL -CAfile root.pem -verify_other ca.pem -trust_other'],
    [
      0,
      '-issuer ca.pem -cert good.pem -url $URL -header Host=a.example -respout written -verify_other ca.pem -CAfile root.pem',
    ],
    [
      0,
      '-no_nonce -issuer ca.pem -verify_other chain.pem -CAfile root.pem -cert good.pem -respin good.der -status_age 600',
    ],
    [0, '-partial_chain -issuer ca.pem -cert good.pem -respin good.der -no_nonce -CAfile chain.pem -out written'],
    [0, '-noverify -issuer ca.pem -cert good.pem -respin good.der -no_nonce -out written'],
    [0, '-issuer ca.pem -cert good.pem -respin good.der -no_nonce -CAfile root.pem -out /dev/null'],
    [0, '-issuer ca.pem -cert good.pem -url $URL -noverify -respout written'],
    // Several certificates, serial numbers, hashes.
    [0, '-issuer ca.pem -cert good.pem -cert revoked.pem -cert unknown.pem -CAfile root.pem -url $URL'],
    [0, '-issuer ca.pem -serial 4711 -url $URL -CAfile root.pem'],
    [0, '-issuer ca.pem -serial 0x1267 -url $URL -noverify'],
    [0, '-issuer ca.pem -sha256 -cert good.pem -CAfile root.pem -url $URL'],
    [0, '-issuer ca.pem -serial -5 -no_nonce -reqout written'],
    // Host and path.
    [0, '-host $HOST -path /ocsp -issuer ca.pem -cert good.pem -noverify'],
    [0, '-host $HOST -path ocsp -issuer ca.pem -cert good.pem -noverify -no_nonce'],
    [0, '-url $HOST/ocsp -issuer ca.pem -cert good.pem -noverify'],
    // Nonces.
    [0, '-issuer ca.pem -cert good.pem -url $URL/no-nonce -CAfile root.pem'],
    [1, '-issuer ca.pem -cert good.pem -url $URL/wrong-nonce -CAfile root.pem'],
    [0, '-issuer ca.pem -cert good.pem -url $URL/wrong-nonce -noverify'],
    [0, '-reqin good.req -nonce -url $URL -CAfile root.pem -verify_other ca.pem'],
    // Statuses, times.
    [0, '-no_nonce -issuer ca.pem -cert revoked.pem -respin revoked.der -CAfile root.pem'],
    [0, '-no_nonce -issuer ca.pem -cert unknown.pem -respin unknown.der -CAfile root.pem'],
    [0, '-no_nonce -issuer ca.pem -cert good.pem -respin expired.der -CAfile root.pem'],
    [0, '-no_nonce -issuer ca.pem -cert good.pem -respin expired.der -CAfile root.pem -validity_period 999999999'],
    [0, '-no_nonce -issuer ca.pem -cert good.pem -respin future.der -CAfile root.pem'],
    [0, '-no_nonce -issuer ca.pem -cert good.pem -respin endless.der -CAfile root.pem'],
    [0, '-no_nonce -issuer ca.pem -cert good.pem -respin good.der -CAfile root.pem -status_age 8000'],
    [1, '-no_nonce -issuer ca.pem -cert good.pem -respin revoked.der -noverify'],
    [1, '-no_nonce -issuer ca.pem -sha256 -cert good.pem -respin good.der -noverify'],
    // Who signed.
    [1, '-no_nonce -issuer ca.pem -cert good.pem -respin stranger.der -CAfile root.pem'],
    [1, '-no_nonce -issuer ca.pem -cert good.pem -respin stranger.der -CAfile stranger.pem'],
    [0, '-no_nonce -issuer ca.pem -cert good.pem -respin stranger.der -VAfile stranger.pem'],
    [1, '-no_nonce -issuer ca.pem -cert good.pem -respin stranger.der -verify_other stranger.pem'],
    [0, '-no_nonce -issuer ca.pem -cert good.pem -respin stranger.der -verify_other stranger.pem -trust_other'],
    [0, '-no_nonce -issuer ca.pem -cert good.pem -respin stranger.der -no_cert_verify'],
    [1, '-no_nonce -issuer ca.pem -cert good.pem -respin not-for-ocsp.der -CAfile root.pem'],
    [1, '-no_nonce -issuer ca.pem -cert good.pem -respin not-for-ocsp.der -CAfile root.pem -no_explicit'],
    [0, '-no_nonce -issuer ca.pem -cert good.pem -respin not-for-ocsp.der -CAfile root.pem -no_cert_checks'],
    [0, '-no_nonce -issuer ca.pem -cert good.pem -respin direct.der -CAfile root.pem'],
    [1, '-no_nonce -issuer ca.pem -cert good.pem -respin direct.der'],
    [1, '-no_nonce -issuer ca.pem -cert good.pem -respin good.der -CAfile root.pem -no_chain'],
    [1, '-no_nonce -issuer ca.pem -cert good.pem -respin good.der -CAfile root.pem -no_intern'],
    [1, '-no_nonce -issuer ca.pem -cert good.pem -respin good.der -CAfile root.pem -attime 1'],
    [
      0,
      '-no_nonce -issuer ca.pem -cert good.pem -respin good.der -CAfile root.pem -no_check_time -trusted_first -no_alt_chains',
    ],
    [0, '-respin good.der -CAfile root.pem -verify_other ca.pem'],
    [0, '-respin good.der -noverify -respout written'],
    // Refusals and trouble.
    [1, '-issuer ca.pem -cert good.pem -url $URL/unauthorized -respout written'],
    [1, '-issuer ca.pem -cert good.pem -respin later.der -ignore_err'],
    [1, '-issuer ca.pem -cert good.pem -url $URL/failing'],
    [1, '-issuer ca.pem -cert good.pem -url $URL/html -respout written'],
    [1, '-issuer ca.pem -cert good.pem -url $URL/silent -timeout 1'],
    [1, '-issuer ca.pem -cert good.pem -url http://127.0.0.1:1/'],
    [1, '-issuer ca.pem -cert good.pem -respin garbage.der'],
    [1, '-issuer ca.pem -cert good.pem -respin missing.der'],
    [1, '-issuer ca.pem -cert missing.pem -url $URL'],
    [1, '-issuer missing.pem -frobnicate'],
    [1, '-issuer ca.pem -cert key.pem -url $URL'],
    [1, '-cert good.pem -issuer ca.pem'],
    [1, '-issuer ca.pem -serial 12x -url $URL'],
    [1, '-respin good.der -CAfile missing.pem'],
    [1, '-respin good.der -verify_other missing.pem'],
    [1, '-respin good.der -verify_other key.pem'],
    [1, '-respin good.der -reqout written'],
    [1, '-issuer ca.pem -cert good.pem -reqout missing/written'],
    [1, '-issuer ca.pem -cert good.pem -out missing/written'],
    [1, '-reqin garbage.der'],
    [1, '-frobnicate'],
    [1, '-issuer ca.pem -cert good.pem -sha256'],
    [1, ''],
    [0, '-issuer ca.pem -cert good.pem'],
  ])('with %i for: %s', async (exitCode, args) => {
    await expectSame(words(args), exitCode);
  });
});

describe('restaple ocsp writes what openssl ocsp writes', () => {
  it.each([
    '-issuer ca.pem -cert good.pem -no_nonce -reqout written',
    '-issuer ca.pem -sha256 -cert good.pem -sha512 -serial 0x80 -serial -129 -no_nonce -reqout written',
    '-reqin good.req -reqout written',
    '-reqin good.req -no_nonce -url $URL -noverify -reqout written',
    '-respin good.der -noverify -respout written',
    '-respin unauthorized.der -respout written',
    '-no_nonce -issuer ca.pem -cert good.pem -respin good.der -noverify -out written',
  ])('octet by octet: %s', async (args) => {
    const { openssl, restaple, written } = await both(words(args));
    expect(restaple.exitCode).toBe(openssl.exitCode);
    expect(written[1]).toBeDefined();
    expect(written[1]).toEqual(written[0]);
  });

  it('to stdout for -', async () => {
    const { openssl, restaple } = await both(words('-issuer ca.pem -cert good.pem -no_nonce -reqout -'));
    expect(restaple.stdoutBytes).toEqual(openssl.stdoutBytes);
  });

  it('and reads stdin for -', async () => {
    const args = ['ocsp', '-respin', '-', '-noverify', '-issuer', 'ca.pem', '-cert', 'good.pem'];
    const input = readFileSync(folder.at('good.der'));
    const { result } = startRestaple(args, { cwd: folder.path, input });
    expect(await result).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^good\.pem: good\n/) as string });
  });

  it('with a nonce of 16 octets, by default as by -nonce', async () => {
    for (const more of [[], ['-nonce']]) {
      const { written } = await both([...words('-issuer ca.pem -cert good.pem -reqout written'), ...more]);
      expect(written[1]).toHaveLength(written[0]!.length);
    }
  });

  it('with a signature that has the certificates of openssl, or none', async () => {
    const sign = '-issuer ca.pem -cert good.pem -no_nonce -signer good.pem -signkey key.pem -reqout written';
    for (const more of ['', ' -sign_other chain.pem', ' -no_certs']) {
      const { openssl, restaple, written } = await both(words(sign + more));
      expect([openssl.exitCode, restaple.exitCode]).toEqual([0, 0]);
      // ECDSA signatures differ in length by some octets.
      expect(Math.abs(written[0]!.length - written[1]!.length)).toBeLessThan(6);
      const shown = await runCommand('openssl', ['ocsp', '-reqin', '-', '-req_text'], { input: written[1]! });
      expect(shown.stdout).toContain('Requestor Name: DirName:CN = good.example');
    }
  });
});

describe('restaple ocsp goes beyond openssl 3', () => {
  it.each([[['Host: a.example']], [['Host', 'a.example']]])('in a header written as %j', async (header) => {
    const args = words(`-issuer ca.pem -cert good.pem -url ${responder.url} -noverify`);
    const before = responder.requests.length;
    const result = await runRestaple(['ocsp', ...args, '-header', ...header], { cwd: folder.path });
    expect(result.exitCode).toBe(0);
    expect(responder.requests.slice(before).map(({ headers }) => headers.host)).toEqual(['a.example']);
  });

  it('in following redirects, but to no private address', async () => {
    const args = words(`-issuer ca.pem -cert good.pem -noverify -url ${responder.url}/moved`);
    const result = await runRestaple(['ocsp', ...args], { cwd: folder.path });
    expect(result).toMatchObject({ exitCode: 1, stdout: '' });
    expect(result.stderr).toMatch(/^Error querying OCSP responder\nocsp: .*127\.0\.0\.2/);
  });

  it('in saying behind ocsp: why a response cannot be parsed', async () => {
    folder.write('half.der', Uint8Array.of(0x30, 3, 0x0a, 1, 0));
    const { exitCode, stderr } = await runRestaple(['ocsp', '-respin', 'half.der'], { cwd: folder.path });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^Error parsing response\nocsp: a successful response without responseBytes/);
  });

  it('in saying that -tlsout is of no use', async () => {
    const result = await runRestaple(['ocsp', ...words('-tlsout -respin good.der -noverify')], { cwd: folder.path });
    expect(result).toMatchObject({ exitCode: 0, stderr: 'ocsp: -tlsout is ignored: openssl 3 has no such option\n' });
  });

  it.each(['-reqout', '-respout', '-out'])('in leaving keys and certificates alone: %s', async (option) => {
    for (const name of ['key.pem', 'good.pem']) {
      const before = readFileSync(folder.at(name), 'utf8');
      const args = words(`-issuer ca.pem -cert good.pem -respin good.der -noverify ${option} ${name}`);
      const result = await runRestaple(['ocsp', '--strict-exit', ...args], { cwd: folder.path });
      expect(result.exitCode).toBe(9);
      expect(result.stderr).toContain(`ocsp: ${name} is left alone: it is PEM with a`);
      expect(readFileSync(folder.at(name), 'utf8')).toEqual(before);
    }
    // What it wrote itself is written over, the certificates in it too.
    for (let turn = 0; turn < 2; turn += 1) {
      const args = words(`-issuer ca.pem -cert good.pem -respin good.der -noverify -text ${option} own`);
      expect((await runRestaple(['ocsp', ...args], { cwd: folder.path })).exitCode).toBe(0);
    }
  });

  it('in a passphrase for the key of -signer', async () => {
    const protect = words('pkcs8 -topk8 -in key.pem -passout pass:secret -out locked.pem');
    await runCommand('openssl', protect, { cwd: folder.path });
    folder.write('word', 'secret\nother\n');
    const sign = words('-issuer ca.pem -cert good.pem -signer good.pem -signkey locked.pem -reqout written');
    for (const [source, exitCode] of [
      ['pass:secret', 0],
      ['file:word', 0],
      ['pass:other', 1],
      ['env:RESTAPLE_NOBODY', 1],
      ['word', 1],
    ] as const) {
      const result = await runRestaple(['ocsp', ...sign, '-passin', source], { cwd: folder.path });
      expect(result.exitCode, result.stderr).toBe(exitCode);
      expect(result.stderr).not.toContain('secret');
    }
  });

  it.each([
    [0, 'good', 'good.der'],
    [3, 'revoked', 'revoked.der'],
    [4, 'unknown', 'unknown.der'],
    [3, 'good', 'both.der'],
    [6, 'good', 'expired.der'],
    [5, 'good', 'stranger.der'],
    [5, 'good', 'revoked.der'],
    [7, 'good', 'unauthorized.der'],
    [8, 'good', 'garbage.der'],
    [8, 'missing', 'good.der'],
  ])('in exit code %i of --strict-exit for %s with %s', async (exitCode, name, response) => {
    const args = words(`-no_nonce -issuer ca.pem -cert ${name}.pem -respin ${response} -CAfile root.pem --strict-exit`);
    expect((await runRestaple(['ocsp', ...args], { cwd: folder.path })).exitCode).toBe(exitCode);
  });

  it.each([
    [2, '-frobnicate'],
    [7, '-issuer ca.pem -cert good.pem -url http://127.0.0.1:1/'],
    [9, '-issuer ca.pem -cert good.pem -reqout missing/written'],
  ])('in exit code %i of --strict-exit for: %s', async (exitCode, args) => {
    const result = await runRestaple(['ocsp', '--strict-exit', ...words(args)], { cwd: folder.path });
    expect(result.exitCode).toBe(exitCode);
  });
});

describe('the labels of restaple ocsp', () => {
  it('are the words of the command line', async () => {
    const { restaple } = await both([
      ...words('-issuer ca.pem -noverify -url $URL -no_nonce -serial 04711'),
      '-cert',
      './good.pem',
    ]);
    expect(restaple.stdout).toMatch(/^04711: unknown\n[^]*^\.\/good\.pem: good\n/m);
  });

  it('may be of several statements, of which one is missing', async () => {
    expect(serialKey(good.serialNumber)).not.toBe(serialKey(revoked.serialNumber));
    const args = words('-no_nonce -issuer ca.pem -cert good.pem -cert revoked.pem -respin good.der -noverify');
    const result = await expectSame(args, 1);
    expect(result.stdout).toMatch(/^good\.pem: good\n[^]*^revoked\.pem: ERROR: No Status found\.\n/m);
  });
});
