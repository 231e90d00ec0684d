// @module-tag haproxy
// @module-tag dnsdist
import { createServer, type Server } from 'node:net';
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { encodeCertId } from '../support/cert-id.js';
import { buildOcspResponse } from '../support/ocsp-response.js';
import { createCertificateAuthority } from '../support/pki.js';
import { isSince } from '../support/programs.js';
import { runRestaple, type RunOptions, type RunResult } from '../support/run-program.js';
import type { Daemon } from '../support/servers/daemon.js';
import {
  createServerScene,
  fromNow,
  recordingCommand,
  responseFor,
  startSceneDnsdist,
  startSceneHaproxy,
  type DnsdistServer,
  type ServerScene,
  type Site,
  type TargetRecord,
  type TargetServer,
} from '../support/servers/server-scene.js';
import { startFakeHaproxy } from '../support/fake-haproxy.js';
import { freePort } from '../support/servers/free-port.js';
import { startNginx } from '../support/servers/nginx.js';
import { probe } from '../support/servers/stapling-scene.js';

const hour = 3_600_000;

let scene: ServerScene;
let site: Site;
let haproxy: TargetServer;
let dnsdist: DnsdistServer;

beforeAll(async () => {
  scene = await createServerScene();
  site = scene.issue('site');
  haproxy = await startSceneHaproxy(scene, site.certificate);
  dnsdist = await startSceneDnsdist(scene, site);
});

afterAll(async () => {
  await haproxy.stop();
  await dnsdist.stop();
  await scene.clear();
});

beforeEach(() => {
  scene.age(site);
});

async function reload(
  words: readonly string[],
  options: RunOptions = {},
): Promise<RunResult & { records: TargetRecord[] }> {
  const result = await runRestaple(['reload', '--json', ...words], options);
  return { ...result, records: result.lines() as unknown as TargetRecord[] };
}

const served = async ({ port }: TargetServer): Promise<Uint8Array | undefined> =>
  (await probe(port, { serverName: 'site.example' })).staple;
const stored = (): Uint8Array => new Uint8Array(scene.staple(site));
const anyText = expect.stringMatching(/\S/) as string;
const anyTime = expect.any(Number) as number;

describe('reload', () => {
  it('pushes a staple into haproxy and says so in JSON', async () => {
    expect(await served(haproxy)).not.toEqual(stored());
    const { exitCode, stderr, records } = await reload([haproxy.target, site.certificate]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const certificates = [{ certificate: site.certificate, ok: true }];
    expect(records).toEqual([{ target: haproxy.target, ok: true, certificates, milliseconds: anyTime }]);
    expect(await served(haproxy)).toEqual(stored());
  });

  it('lets dnsdist read its staple again, named or not', async () => {
    const named = await reload([dnsdist.target, '--dnsdist-key-file', dnsdist.keyFile, site.certificate]);
    expect(named).toMatchObject({ exitCode: 0, records: [{ ok: true, certificates: [{ ok: true }] }] });
    expect(await served(dnsdist)).toEqual(stored());
    scene.age(site);
    const unnamed = await reload([dnsdist.target, '--dnsdist-key-file', dnsdist.keyFile]);
    expect(unnamed).toMatchObject({ exitCode: 0, records: [{ ok: true, certificates: [] }] });
    expect(await served(dnsdist)).toEqual(stored());
  });

  it('tells a target that was told before, since it was asked to', async () => {
    const recorder = recordingCommand(scene, 'again');
    await reload([recorder.target, site.certificate]);
    await reload([recorder.target, site.certificate]);
    expect(recorder.runs()).toBe(2);
    expect(recorder.lines()).toMatchObject([{ staple: site.staple }, { staple: site.staple }]);
  });

  it('sets no staple again that haproxy took and shows, unless a handshake showed another', async () => {
    const { serialNumber } = site.issued;
    const key = encodeCertId({ issuer: scene.authority, serialNumber }).toString('hex');
    const isSet = ({ command }: { readonly command: string }): boolean => command === 'set ssl ocsp-response';
    const fake = await startFakeHaproxy((one) => {
      if (isSet(one)) return 'OCSP Response updated!';
      if (one.command === 'show ssl ocsp-response')
        return `# Certificate IDs\nCertificate ID key : ${key}\nCertificate path : x`;
      return one.command.startsWith('show ssl ocsp-response base64')
        ? scene.staple(site).toString('base64')
        : 'Unknown command, but maybe';
    });
    const sets = (): number => fake.commands.filter(isSet).length;
    try {
      const words = [`haproxy:${fake.address}`, site.certificate];
      expect(await reload(words)).toMatchObject({ exitCode: 0, stderr: '' });
      expect((await reload(words)).exitCode).toBe(0);
      expect(sets()).toBe(1);
      // It answers what it was sent, and another server staples another one.
      const denied = await reload([...words, '--confirm', haproxy.place, '--reload-timeout', '300ms']);
      expect(denied).toMatchObject({ exitCode: 10, records: [{ ok: true }, { ok: false }] });
      expect(sets()).toBe(1);
      expect((await reload(words)).exitCode).toBe(0);
      expect(sets()).toBe(2);
    } finally {
      await fake.close();
    }
  });

  it('says in words what a terminal would be told', async () => {
    const result = await runRestaple([
      'reload',
      '--verbose',
      haproxy.target,
      '--confirm',
      haproxy.place,
      site.certificate,
    ]);
    expect(result).toMatchObject({ exitCode: 0, stdout: '' });
    expect(result.stderr).toMatch(
      /^restaple: told haproxy:.*: 1 staple in \d+ ms\nrestaple: confirmed confirm:127\.0\.0\.1:\d+: 1 staple in \d+ ms\n$/,
    );
  });

  it.each([
    ['haproxy without a certificate', () => [haproxy.target], /no certificate was named/],
    ['dnsdist without a key', () => [dnsdist.target, site.certificate], /--dnsdist-key-file/],
    ['no target', () => [], /target/i],
    ['an unknown kind', () => ['apache:/run/apache.pid', site.certificate], /not a reload target/],
    ['a port that is none', () => ['dnsdist:127.0.0.1:99999', site.certificate], /not a reload target/],
    ['a place that is none', () => [haproxy.target, '--confirm', '#name', site.certificate], /not a place/],
    ['a proof without a certificate', () => ['exec:true', '--confirm', haproxy.place], /no certificate was named/],
    [
      'a proof of another certificate',
      () => [haproxy.target, '--confirm', `other.pem=${haproxy.place}`, site.certificate],
      /other\.pem is not a certificate of this run/,
    ],
  ])('ends with 2 for %s', async (_what, words, message) => {
    const result = await reload(words());
    expect(result.exitCode).toBe(2);
    expect(result.lines()).toMatchObject([{ error: { code: 'usage' } }]);
    expect(result.stdout + result.stderr).toMatch(message);
  });
});

describe('a target that cannot be told', () => {
  it.each([
    [
      'a socket that is not there',
      () => `haproxy:${scene.folder.at('none.sock')}`,
      'target-unreachable',
      /does not exist|not there|no socket/i,
    ],
    ['a port where nobody listens', () => 'dnsdist:127.0.0.1:1', 'target-unreachable', /nothing listens/],
  ])('%s ends with 10 and the repair', async (_what, target, code, message) => {
    const { exitCode, records, stderr } = await reload([target(), site.certificate], {
      env: { RESTAPLE_DNSDIST_KEY: dnsdist.key },
    });
    expect(exitCode).toBe(10);
    const trouble = { code, message: expect.stringMatching(message) as string, hint: anyText };
    expect(records).toMatchObject([
      { ok: false, certificates: [{ certificate: site.certificate, ok: false, code }], error: trouble },
    ]);
    expect(stderr).toMatch(/^restaple: reload failed .*\n {2}hint: \S/);
  });

  it('a socket that a haproxy left behind ends with 10', async () => {
    const lone = scene.issue('lone');
    const gone = await startSceneHaproxy(scene, lone.certificate, 'left.sock');
    // haproxy gives its socket the name only after it listens elsewhere.
    await expect.poll(() => existsSync(scene.folder.at('left.sock'))).toBe(true);
    gone.signal('SIGKILL');
    await gone.stop();
    const result = await reload([gone.target, lone.certificate]);
    expect(result).toMatchObject({ exitCode: 10, records: [{ ok: false, error: { code: 'target-unreachable' } }] });
    expect(result.records[0]?.error?.message).toMatch(/left that socket behind/);
  });

  it('a peer that never answers ends with 10 after --reload-timeout', async () => {
    const silent: Server = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(scene.folder.at('silent.sock'), resolve));
    try {
      const words = [`haproxy:${scene.folder.at('silent.sock')}`, '--reload-timeout', '300ms', site.certificate];
      const result = await reload(words);
      expect(result).toMatchObject({ exitCode: 10, timedOut: false, records: [{ error: { code: 'timeout' } }] });
    } finally {
      silent.close();
    }
  });

  it('a wrong dnsdist key ends with 10 and is shown nowhere', async () => {
    const wrong = Buffer.alloc(32, 9).toString('base64');
    const result = await reload([dnsdist.target, site.certificate], { env: { RESTAPLE_DNSDIST_KEY: wrong } });
    expect(result).toMatchObject({ exitCode: 10, records: [{ error: { code: 'authentication-failed' } }] });
    expect(result.stdout + result.stderr).not.toContain(wrong);
  });

  it('a key file that others may read is used with a warning, once', async () => {
    chmodSync(dnsdist.keyFile, 0o644);
    const result = await reload([dnsdist.target, '--dnsdist-key-file', dnsdist.keyFile, site.certificate]);
    chmodSync(dnsdist.keyFile, 0o600);
    expect(result.exitCode).toBe(0);
    expect(result.stderr.match(/warning: /g)).toHaveLength(1);
    expect(result.stderr).not.toContain(dnsdist.key);
  });
});

describe('a staple that is not good', () => {
  const revokedAt = new Date('2026-01-01T00:00:00Z');
  it.each([
    ['revoked', 3, () => responseFor(scene, site, { status: { revokedAt } })],
    ['unknown', 4, () => responseFor(scene, site, { status: 'unknown' })],
    ['garbage', 5, () => Buffer.from('garbage')],
    ['expired', 6, () => responseFor(scene, site, { thisUpdate: fromNow(-9 * hour), nextUpdate: fromNow(-hour) })],
    ['just over', 6, () => responseFor(scene, site, { thisUpdate: fromNow(-9 * hour), nextUpdate: fromNow(-60_000) })],
    ['without nextUpdate', 6, () => responseFor(scene, site, { nextUpdate: null })],
    ['about another certificate', 5, () => responseFor(scene, scene.issue('other'))],
    ['missing', 8, undefined],
  ])('%s is not pushed and ends with %i', async (_what, exitCode, bytes) => {
    const before = await served(haproxy);
    if (bytes === undefined) rmSync(site.staple);
    else writeFileSync(site.staple, bytes());
    const recorder = recordingCommand(scene, `not-good-${exitCode}`);
    for (const target of [haproxy.target, recorder.target]) {
      const result = await reload([target, site.certificate]);
      expect(result.exitCode).toBe(exitCode);
      const refused = { certificate: site.certificate, ok: false, code: 'not-good', message: anyText, hint: anyText };
      expect(result.records).toEqual([{ target, ok: false, certificates: [refused], milliseconds: anyTime }]);
      expect(result.stderr).toMatch(/^restaple: not pushed /);
    }
    expect(recorder.runs()).toBe(0);
    expect(await served(haproxy)).toEqual(before);
  });

  it('is good by the word of --trusted-responder', async () => {
    const stranger = createCertificateAuthority({ name: 'Stranger' });
    const certId = { issuer: scene.authority, serialNumber: site.issued.serialNumber };
    const times = { thisUpdate: fromNow(-hour), nextUpdate: fromNow(100 * hour) };
    const certificates = [stranger.certificate.der];
    const signed = { signer: stranger, certificates, producedAt: fromNow(-hour), responses: [{ certId, ...times }] };
    writeFileSync(site.staple, buildOcspResponse(signed));
    expect((await reload([haproxy.target, site.certificate])).exitCode).toBe(5);
    const trusted = scene.folder.write('stranger.pem', stranger.certificate.pem);
    const words = [haproxy.target, '--trusted-responder', trusted, '--confirm', haproxy.place, site.certificate];
    expect((await reload(words)).exitCode).toBe(0);
  });

  it('does not keep a good one from being pushed', async () => {
    const bad = scene.issue('bad');
    writeFileSync(bad.staple, responseFor(scene, bad, { status: 'unknown' }));
    const result = await reload([haproxy.target, bad.certificate, site.certificate]);
    expect(result.exitCode).toBe(4);
    expect(result.records[0]).toMatchObject({
      ok: false,
      certificates: [
        { certificate: site.certificate, ok: true },
        { certificate: bad.certificate, ok: false, code: 'not-good' },
      ],
    });
    expect(await served(haproxy)).toEqual(stored());
  });

  it('and is kept beside a newer revoked answer is not pushed', async () => {
    const known = scene.issue('known');
    const revoked = responseFor(scene, known, { status: { revokedAt } });
    writeFileSync(scene.folder.at(`.known.pem.ocsp.restaple-revoked`), revoked);
    const recorder = recordingCommand(scene, 'known');
    const result = await reload([recorder.target, known.certificate]);
    expect(result).toMatchObject({ exitCode: 3, records: [{ ok: false, certificates: [{ code: 'not-good' }] }] });
    expect(recorder.runs()).toBe(0);
  });

  it('is not the fault of a certificate that needs none', async () => {
    const plain = scene.issue('plain', { ocspUris: [] });
    rmSync(plain.staple);
    const result = await reload([haproxy.target, plain.certificate, site.certificate]);
    expect(result).toMatchObject({ exitCode: 0, records: [{ ok: true }] });
    expect(result.records[0]?.certificates).toMatchObject([
      { certificate: site.certificate, ok: true },
      { certificate: plain.certificate, ok: true, message: anyText },
    ]);
  });

  it('is missing for one that cannot be read', async () => {
    const result = await reload(['exec:true', scene.folder.at('no-such.pem')]);
    expect(result.exitCode).toBe(8);
  });
});

/** What servers do with a response for another certificate than the one that they send. */
const dropsForeign = isSince('openssl', '3.6');

describe('--confirm', { tags: 'nginx' }, () => {
  let nginx: Daemon;
  let place: string;
  let alpha: Site;
  let beta: Site;
  const staples = { alpha: '', beta: '' };

  beforeAll(async () => {
    alpha = scene.issue('alpha');
    beta = scene.issue('beta', { keyType: 'rsa-2048' });
    const port = await freePort();
    place = `127.0.0.1:${port}`;
    // What nginx staples is a copy, so that it is not what restaple takes for the staple.
    staples.alpha = scene.folder.write('alpha.der', scene.staple(alpha));
    staples.beta = scene.folder.write('beta.der', scene.staple(alpha));
    const server = (one: Site, serverName: string, staple?: string) => ({
      port,
      serverName,
      certificates: [{ chain: one.certificate, key: one.key }],
      ...(staple === undefined ? {} : { staple }),
    });
    nginx = await startNginx({
      folder: scene.folder.path,
      pidFile: scene.folder.at('nginx.pid'),
      servers: [
        server(alpha, 'alpha.example', staples.alpha),
        server(beta, 'beta.example', staples.beta),
        server(alpha, 'bare.example'),
      ],
    });
  });
  afterAll(() => nginx.stop());

  const confirm = async (
    words: readonly string[],
  ): Promise<{ exitCode: number | null; proof: TargetRecord | undefined }> => {
    const { exitCode, records } = await reload(['exec:true', ...words]);
    return { exitCode, proof: records[1] };
  };
  /** For a proof that fails: it is tried again for so long, and a handshake has to end within. */
  const inVain = ['--reload-timeout', '1s'];

  it('asks by the first name of the certificate', async () => {
    const { exitCode, proof } = await confirm(['--confirm', place, alpha.certificate]);
    expect(exitCode).toBe(0);
    expect(proof).toMatchObject({ target: `confirm:${place}`, ok: true, certificates: [{ ok: true }] });
  });

  it.each([
    ['a server name where nothing is stapled', () => `${place}#bare.example`, 'nothing-stapled', /staples nothing/],
    ['another certificate by name', () => `${place}#beta.example`, 'target-unreachable', /no certificate or cipher/],
    ['a port where nobody listens', () => '127.0.0.1:1', 'target-unreachable', /refused/],
  ])('finds out %s', async (_what, where, code, message) => {
    const { exitCode, proof } = await confirm([...inVain, '--confirm', where(), alpha.certificate]);
    expect(exitCode).toBe(10);
    const certificates = [{ certificate: alpha.certificate, ok: false, code, hint: anyText }];
    expect(proof).toMatchObject({ target: `confirm:${where()}`, ok: false, certificates });
    expect(proof?.certificates[0]?.message).toMatch(message);
  });

  it("finds out that another certificate's response is in the file", async () => {
    const { exitCode, proof } = await confirm([
      ...inVain,
      '--confirm',
      `${beta.certificate}=${place}`,
      alpha.certificate,
      beta.certificate,
    ]);
    expect(exitCode).toBe(10);
    const code = dropsForeign ? 'nothing-stapled' : 'other-staple';
    expect(proof?.certificates).toMatchObject([{ certificate: beta.certificate, code }]);
    const { message = '', hint = '' } = proof!.certificates[0]!;
    expect(message + hint).toContain(dropsForeign ? 'for another certificate' : alpha.issued.serialNumber);
  });

  it('finds out that the server runs the certificate of before a renewal, among others of the run too', async () => {
    const text = readFileSync(alpha.certificate);
    const renewed = scene.issue('alpha', { notBefore: new Date('2025-01-01T00:00:00Z') });
    const { exitCode, proof } = await confirm([...inVain, '--confirm', place, renewed.certificate, site.certificate]);
    writeFileSync(alpha.certificate, text);
    expect(exitCode).toBe(10);
    expect(proof?.certificates).toMatchObject([{ certificate: renewed.certificate, code: 'other-certificate' }]);
    expect(proof?.certificates[0]?.message).toContain('older certificate');
  });

  it('fails where the server has none of the certificates of the run', async () => {
    const { exitCode, proof } = await confirm([
      ...inVain,
      '--confirm',
      haproxy.place,
      beta.certificate,
      scene.issue('gamma').certificate,
    ]);
    expect(exitCode).toBe(10);
    expect(proof?.certificates).toMatchObject([{ ok: false, code: 'other-certificate' }]);
    expect(proof?.certificates[0]?.message).toContain('sends none of these certificates');
  });

  it('of a certificate whose staple is not good is not proof', async () => {
    const bad = scene.issue('bad');
    writeFileSync(bad.staple, 'garbage');
    const { exitCode, records } = await reload([
      'exec:true',
      '--confirm',
      `${bad.certificate}=${place}`,
      bad.certificate,
    ]);
    expect(exitCode).toBe(5);
    expect(records[1]).toMatchObject({ ok: false, certificates: [{ certificate: bad.certificate, code: 'not-good' }] });
  });
});
