import { describe, expect, it } from 'vitest';

import { httpStatus } from '../support/behaviours.js';
import type { IssuedCertificate } from '../support/certificate.js';
import { buildCrl, crlNumber, deltaCrlIndicator, issuingDistributionPoint, type CrlOptions } from '../support/crl.js';
import { contextConstructed, contextPrimitive, sequence } from '../support/der-writer.js';
import { unheardOf } from '../support/extensions.js';
import { startResponder, type Responder } from '../support/misbehaving-responder.js';
import { commonName } from '../support/names.js';
import { buildErrorResponse, responseTimes } from '../support/ocsp-response.js';
import { runInTerminal } from '../support/run-in-terminal.js';
import { runRestaple } from '../support/run-program.js';
import {
  authority,
  certificate,
  expectGood,
  folder,
  issuerFile,
  now,
  other,
  response,
  site,
  statement,
  stranger,
  useVerifyScene,
  verify,
  type Judged,
} from './support/verify-scene.js';

useVerifyScene();

const hour = 3_600_000;
const day = 24 * hour;
const from = responseTimes.thisUpdate;
const revokedAt = new Date('2025-12-24T00:00:00Z');
const until = new Date(from.getTime() + 7 * day);
const times = {
  thisUpdate: from.toISOString().replace('.000', ''),
  nextUpdate: until.toISOString().replace('.000', ''),
};

function crl(options: Partial<CrlOptions> = {}): Uint8Array {
  return buildCrl({ issuer: authority, thisUpdate: from, nextUpdate: until, ...options }).der;
}

function listing(of: IssuedCertificate, options: Partial<CrlOptions> = {}): Uint8Array {
  return crl({ entries: [{ serialNumber: of.serialNumber, revokedAt, reason: 1 }], ...options });
}

function expectRevoked(judged: Judged, source: string): void {
  expect({ exitCode: judged.exitCode, stderr: judged.stderr }).toEqual({ exitCode: 3, stderr: '' });
  const revocation = { revocationTime: '2025-12-24T00:00:00Z', revocationReason: 'keyCompromise' };
  expect(judged.record).toMatchObject({
    verdict: 'revoked',
    ...revocation,
    crl: { status: 'revoked', source, ...times, ...revocation },
  });
}

/** A good staple of another CA's certificate. */
function answerOf(foreign: IssuedCertificate): Buffer {
  const certId = { issuer: stranger, serialNumber: foreign.serialNumber };
  return response({ signer: stranger, responses: [{ certId }] });
}

function expectUnusable({ exitCode, record }: Judged, code: string, expectedExitCode: number): void {
  expect({ exitCode, crl: record['crl'] }).toMatchObject({
    exitCode: expectedExitCode,
    crl: { status: 'unusable', error: { code } },
  });
}

describe('verify --crl FILE', () => {
  it('says that the CRL does not list it, DER or PEM', async () => {
    folder.write('site.pem.ocsp', response());
    for (const contents of [
      crl(),
      listing(other),
      buildCrl({ issuer: authority, thisUpdate: from, nextUpdate: until }).pem,
    ]) {
      const file = folder.write('ca.crl', contents);
      const judged = await verify(['--crl', file, certificate]);
      expectGood(judged);
      expect(judged.record['crl']).toEqual({ status: 'good', source: file, ...times });
    }
  });

  it('counts the graver of the two sources: revoked by the CRL is revoked, whatever the staple says', async () => {
    const file = folder.write('ca.crl', listing(site));
    folder.write('site.pem.ocsp', response());
    expectRevoked(await verify(['--crl', file, certificate]), file);
    folder.write('site.pem.ocsp', response({ corruptSignature: true }));
    const forged = await verify(['--crl', file, certificate]);
    expectRevoked(forged, file);
    expect(forged.record.failure!.code).toBe('signature-invalid');
    folder.write('site.pem.ocsp', buildErrorResponse('tryLater'));
    expectRevoked(await verify(['--crl', file, certificate]), file);
  });

  it('leaves the verdict of the response where the CRL says nothing worse', async () => {
    const file = folder.write('ca.crl', crl());
    folder.write('site.pem.ocsp', response({ responses: [statement({ status: { revokedAt: from } })] }));
    const { exitCode, record } = await verify(['--crl', file, certificate]);
    expect({ exitCode, verdict: record.verdict, crl: record['crl'] }).toMatchObject({
      exitCode: 3,
      verdict: 'revoked',
      crl: { status: 'good' },
    });
  });

  it('is the only source where OCSP is gone, and no staple is needed', async () => {
    const bare = authority.issue();
    const path = folder.write('bare.pem', bare.certificate.pem + authority.certificate.pem);
    const good = await verify(['--crl', folder.write('ca.crl', crl()), path]);
    expect({ exitCode: good.exitCode, record: good.record }).toMatchObject({
      exitCode: 0,
      record: { verdict: null, outcome: 'no-responder', crl: { status: 'good' } },
    });
    const file = folder.write('ca.crl', listing(bare));
    expectRevoked(await verify(['--crl', file, path]), file);
    folder.write('bare.pem', bare.certificate.pem);
    expectUnusable(await verify(['--crl', file, path]), 'issuer-not-found', 8);
  });

  it('does not make up for a staple that is missing', async () => {
    const { exitCode, record } = await verify(['--crl', folder.write('ca.crl', crl()), certificate]);
    expect({ exitCode, record }).toMatchObject({
      exitCode: 8,
      record: { verdict: null, error: { code: 'response-missing' }, crl: { status: 'good' } },
    });
    const revoked = await verify(['--crl', folder.write('ca.crl', listing(site)), certificate]);
    expect({ exitCode: revoked.exitCode, verdict: revoked.record.verdict }).toEqual({
      exitCode: 3,
      verdict: 'revoked',
    });
  });

  it('takes a revocation from a stale CRL, and nothing from its silence', async () => {
    folder.write('site.pem.ocsp', response());
    const stale = { nextUpdate: new Date(responseTimes.now.getTime() - hour - 1000) };
    const silent = await verify(['--crl', folder.write('ca.crl', crl(stale)), certificate]);
    expectUnusable(silent, 'crl-stale', 8);
    expect(silent.record.verdict).toBe('good');
    const revoked = await verify(['--crl', folder.write('ca.crl', listing(site, stale)), certificate]);
    expect({ exitCode: revoked.exitCode, crl: revoked.record['crl'] }).toMatchObject({
      exitCode: 3,
      crl: { status: 'revoked', nextUpdate: '2026-01-01T22:59:59Z', stale: true },
    });
    const { stdout } = await runRestaple(['verify', '--at', now, '--crl', folder.at('ca.crl'), certificate]);
    expect(stdout).toContain('next update 1h overdue)');
  });

  const onlyAuthorities = contextPrimitive(2, Buffer.of(0xff));
  const ofAnotherPoint = contextConstructed(
    0,
    contextConstructed(0, contextPrimitive(6, Buffer.from('http://crl.example/2.crl'))),
  );
  const scope = (field: Uint8Array): Partial<CrlOptions> => ({
    extensions: [{ oid: '2.5.29.28', critical: true, value: sequence(field) }],
  });

  it.each<[string, () => Uint8Array, string]>([
    ['of another CA', () => buildCrl({ issuer: stranger, thisUpdate: from, nextUpdate: until }).der, 'crl-mismatch'],
    ['with a forged signature', () => crl({ corruptSignature: true }), 'crl-mismatch'],
    ['from the future', () => crl({ thisUpdate: new Date(responseTimes.now.getTime() + day) }), 'crl-not-yet-valid'],
    ['for CA certificates only', () => crl(scope(onlyAuthorities)), 'crl-unsupported'],
    ['that is none', () => Buffer.from('no CRL at all\n'), 'malformed-crl'],
  ])('believes no CRL %s, and says so beside the verdict', async (_, contents, code) => {
    folder.write('site.pem.ocsp', response());
    const file = folder.write('ca.crl', contents());
    const judged = await verify(['--crl', file, certificate]);
    expectUnusable(judged, code, 8);
    expect(judged.record.verdict).toBe('good');
    const text = await runRestaple(['verify', '--at', now, '--crl', file, certificate]);
    expect(text.stdout).toContain(`  crl          unusable (${code})\n`);
    expect(text.stderr).toMatch(/^restaple: .*ca\.crl.*\n {2}hint: /);
  });

  it('hears nothing from a CRL for another distribution point', async () => {
    const pointed = authority.issue({ crlUris: ['http://crl.example/1.crl'] });
    const path = folder.write('pointed.pem', pointed.certificate.pem + authority.certificate.pem);
    const file = folder.write('ca.crl', crl(scope(ofAnotherPoint)));
    expectUnusable(await verify(['--crl', file, path]), 'crl-unsupported', 8);
    // Nor does a certificate that names none belong to it.
    folder.write('site.pem.ocsp', response());
    expectUnusable(await verify(['--crl', file, certificate]), 'crl-unsupported', 8);
    const serial = ['--serial', site.serialNumber, '--issuer', issuerFile, '--response', `${certificate}.ocsp`];
    expectUnusable(await verify(['--crl', file, ...serial]), 'crl-unsupported', 8);
    const listed = folder.write('listed.crl', listing(site, scope(ofAnotherPoint)));
    expectRevoked(await verify(['--crl', listed, ...serial]), listed);
  });

  it('believes a CRL of the next minutes, and takes revocations from one of the future', async () => {
    folder.write('site.pem.ocsp', response());
    const begins = (milliseconds: number): Partial<CrlOptions> => ({
      thisUpdate: new Date(responseTimes.now.getTime() + milliseconds),
    });
    const soon = folder.write('soon.crl', crl(begins(4 * 60_000)));
    expectGood(await verify(['--crl', soon, certificate]));
    expectUnusable(await verify(['--crl', soon, '--skew', '3m', certificate]), 'crl-not-yet-valid', 8);
    expectGood(await verify(['--crl', soon, '--skew', '3m', '--ignore-times', certificate]));
    const later = await verify(['--crl', folder.write('later.crl', listing(site, begins(day))), certificate]);
    expect({ exitCode: later.exitCode, verdict: later.record.verdict }).toEqual({ exitCode: 3, verdict: 'revoked' });
  });

  it('hears nothing from one without nextUpdate, or older than --max-age', async () => {
    folder.write(
      'site.pem.ocsp',
      response({ responses: [statement({ thisUpdate: responseTimes.now })], producedAt: responseTimes.now }),
    );
    const endless = folder.write('endless.crl', crl({ nextUpdate: null }));
    expectUnusable(await verify(['--crl', endless, certificate]), 'crl-stale', 8);
    expectGood(await verify(['--crl', endless, '--max-age', '2d', certificate]));
    expectUnusable(await verify(['--crl', endless, '--max-age', '12h', certificate]), 'crl-stale', 8);
    // One that says until when it holds is held to that.
    expectGood(await verify(['--crl', folder.write('ca.crl', crl()), '--max-age', '12h', certificate]));
  });

  it('takes no CRL of a CA whose chain reaches no --ca', async () => {
    const anchor = folder.write('anchor.pem', stranger.certificate.pem);
    const bare = authority.issue();
    const path = folder.write('bare.pem', bare.certificate.pem + authority.certificate.pem);
    const file = folder.write('ca.crl', crl());
    expectUnusable(await verify(['--crl', file, '--ca', anchor, path]), 'issuer-not-anchored', 5);
    expect((await verify(['--crl', file, '--ca', issuerFile, path])).exitCode).toBe(0);
  });

  it('finds the CRL of each CA among several', async () => {
    const foreign = stranger.issue({ ocspUris: ['http://ocsp.example/'] });
    const path = folder.write('foreign.pem', foreign.certificate.pem + stranger.certificate.pem);
    folder.write('foreign.pem.ocsp', answerOf(foreign));
    folder.write('site.pem.ocsp', response());
    const files = [
      folder.write('ca.crl', crl()),
      folder.write('stranger.crl', buildCrl({ issuer: stranger, thisUpdate: from, nextUpdate: until }).der),
    ];
    const result = await runRestaple([
      'verify',
      '--json',
      '--at',
      now,
      ...files.flatMap((file) => ['--crl', file]),
      certificate,
      path,
    ]);
    expect(result.exitCode).toBe(0);
    expect(result.lines().map((record) => record['crl'])).toMatchObject([{ source: files[0] }, { source: files[1] }]);
  });

  it('finds the CRL of the CA among several in one PEM file, and tells which one cannot be used', async () => {
    folder.write('site.pem.ocsp', response());
    const foreign = buildCrl({ issuer: stranger }).pem;
    const pemOf = (options: Partial<CrlOptions>): string =>
      buildCrl({ issuer: authority, thisUpdate: from, nextUpdate: until, ...options }).pem;
    const path = folder.write('all.crl', `${foreign}a line of text\n${pemOf({})}`);
    const good = await verify(['--crl', path, certificate]);
    expect(good).toMatchObject({ exitCode: 0, stderr: '', record: { crl: { status: 'good', ...times } } });
    expect(good.record['crl']).toMatchObject({ source: `${path} (number 2 in it)` });
    const entries = [{ serialNumber: site.serialNumber, revokedAt, reason: 1 }];
    folder.write('all.crl', foreign + pemOf({ nextUpdate: from }) + pemOf({ entries }));
    expectRevoked(await verify(['--crl', path, certificate]), `${path} (number 3 in it)`);
    folder.write('all.crl', foreign + pemOf({}) + pemOf({ extensions: [issuingDistributionPoint({ flags: [4] })] }));
    const unusable = await verify(['--crl', path, certificate]);
    expectUnusable(unusable, 'crl-unsupported', 8);
    const said = JSON.stringify(unusable.record['crl']);
    expect(said).toContain(`${path} (number 3 in it)`);
    expect(said).toContain('indirect');
    folder.write('all.crl', foreign.repeat(2));
    expectUnusable(await verify(['--crl', path, certificate]), 'crl-mismatch', 8);
    folder.write('all.crl', pemOf({}).repeat(101));
    expectUnusable(await verify(['--crl', path, certificate]), 'malformed-crl', 8);
  });

  it('takes what any of several CRLs of one CA lists, and the silence of one that is complete', async () => {
    folder.write('site.pem.ocsp', response());
    const empty = folder.write('empty.crl', crl());
    const full = folder.write('full.crl', listing(site));
    const part = folder.write('part.crl', crl(scope(ofAnotherPoint)));
    const foreign = folder.write(
      'foreign.crl',
      buildCrl({ issuer: stranger, thisUpdate: from, nextUpdate: until }).der,
    );
    const judgeBy = async (...files: string[]): Promise<Judged> =>
      await verify([...files.flatMap((file) => ['--crl', file]), certificate]);
    expectRevoked(await judgeBy(empty, full), full);
    expectRevoked(await judgeBy(part, full, foreign), full);
    expect((await judgeBy(empty)).record['crl']).toMatchObject({ status: 'good', source: empty });
    expectUnusable(await judgeBy(part, foreign), 'crl-unsupported', 8);
  });

  it.each<[string, () => Uint8Array, string]>([
    ['garbage', () => Buffer.from('no CRL at all\n'), 'malformed-crl'],
    [
      'a CRL of another CA',
      () => buildCrl({ issuer: stranger, thisUpdate: from, nextUpdate: until }).der,
      'crl-mismatch',
    ],
    ['a CRL with a forged signature', () => crl({ corruptSignature: true }), 'crl-mismatch'],
    ['a stale CRL', () => crl({ nextUpdate: new Date(responseTimes.now.getTime() - day) }), 'crl-stale'],
    [
      'a CRL of the future',
      () => crl({ thisUpdate: new Date(responseTimes.now.getTime() + day) }),
      'crl-not-yet-valid',
    ],
    ['an indirect CRL', () => crl({ extensions: [issuingDistributionPoint({ flags: [4] })] }), 'crl-unsupported'],
    ['a CRL with an unknown critical extension', () => crl({ extensions: [unheardOf(true)] }), 'crl-unsupported'],
    ['a delta without its base', () => crl({ extensions: [crlNumber(9), deltaCrlIndicator(8)] }), 'crl-unsupported'],
    ['a CRL for another distribution point', () => crl(scope(ofAnotherPoint)), 'crl-unsupported'],
  ])('never passes over %s beside a complete one', async (_, contents, code) => {
    folder.write('site.pem.ocsp', response());
    const empty = folder.write('empty.crl', crl());
    const wrong = folder.write('wrong.crl', contents());
    const words = ['--crl', empty, '--crl', wrong, certificate];
    const { exitCode, record, stdout } = await verify(words);
    expect({ exitCode, verdict: record.verdict }).toEqual({ exitCode: 8, verdict: 'good' });
    expect(stdout).toContain(`"code":"${code}"`);
    const text = await runRestaple(['verify', '--at', now, ...words]);
    expect(text.exitCode).toBe(8);
    expect(text.stderr).toMatch(/^restaple: .*wrong\.crl.*\n {2}hint: .*\n$/);
    const nagios = await runRestaple(['verify', '--nagios', '--at', now, ...words]);
    expect(nagios.exitCode).toBe(3);
    expect(nagios.stdout).toMatch(/^OCSP UNKNOWN - .*\nUNKNOWN .*wrong\.crl/);
    const serial = ['--serial', site.serialNumber, '--issuer', issuerFile, '--response', `${certificate}.ocsp`];
    expect((await verify(['--crl', empty, '--crl', wrong, ...serial])).exitCode).toBe(8);
    // What a usable one lists is graver.
    const full = folder.write('full.crl', listing(site));
    expect((await verify(['--crl', wrong, '--crl', full, certificate])).exitCode).toBe(3);
  });

  it('passes over no partition of a certificate that the run has', async () => {
    const uris = ['http://crl.example/1.crl', 'http://crl.example/2.crl'];
    const words = uris.flatMap((uri, index) => {
      const issued = authority.issue({ crlUris: [uri], ocspUris: ['http://ocsp.example/'] });
      const path = folder.write(`${index}.pem`, issued.certificate.pem + authority.certificate.pem);
      folder.write(`${index}.pem.ocsp`, response({ responses: [statement({}, issued)] }));
      return ['--crl', folder.write(`${index}.crl`, crl({ extensions: [issuingDistributionPoint({ uri })] })), path];
    });
    const { exitCode, stderr } = await runRestaple(['verify', '--at', now, ...words]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  });

  describe('with deltas', () => {
    const later = new Date(from.getTime() + hour);
    const base = (options: Partial<CrlOptions> = {}): string =>
      folder.write('base.crl', crl({ extensions: [crlNumber(10)], ...options }));
    const delta = (base: number, number: number, options: Partial<CrlOptions> = {}): string => {
      const extensions = [crlNumber(number), deltaCrlIndicator(base), ...(options.extensions ?? [])];
      return folder.write(`delta-${number}.crl`, crl({ thisUpdate: later, ...options, extensions }));
    };
    const judgeBy = async (...files: string[]): Promise<Judged> => {
      folder.write('site.pem.ocsp', response());
      return await verify([...files.flatMap((file) => ['--crl', file]), certificate]);
    };
    const lists = (reason: number): Partial<CrlOptions> => ({
      entries: [{ serialNumber: site.serialNumber, revokedAt, reason }],
    });

    it('takes what the delta lists, with its base or without', async () => {
      const changed = delta(10, 11, lists(1));
      for (const files of [[base(), changed], [changed, base()], [changed]]) {
        const { exitCode, record } = await judgeBy(...files);
        expect({ exitCode, crl: record['crl'] }).toMatchObject({ exitCode: 3, crl: { source: changed } });
      }
    });

    it('takes the silence of both, until when the newest delta says', async () => {
      const { exitCode, record } = await judgeBy(base(), delta(10, 11), delta(11, 12));
      expect({ exitCode, crl: record['crl'] }).toMatchObject({
        exitCode: 0,
        crl: { status: 'good', source: folder.at('delta-12.crl') },
      });
      const stale = { nextUpdate: new Date(responseTimes.now.getTime() - day) };
      expectGood(await judgeBy(base({ extensions: [crlNumber(10)], ...stale }), delta(10, 11)));
      expectUnusable(await judgeBy(base(), delta(10, 11, stale)), 'crl-stale', 8);
    });

    it('takes off a hold what the delta removes, and what no other one lists again', async () => {
      const held = base({ extensions: [crlNumber(10)], ...lists(6) });
      expect((await judgeBy(held)).exitCode).toBe(3);
      const removing = delta(10, 11, lists(8));
      expectGood(await judgeBy(held, removing));
      expect((await judgeBy(held, removing, delta(11, 12, lists(1)))).exitCode).toBe(3);
      const stale = { nextUpdate: new Date(responseTimes.now.getTime() - day) };
      expect((await judgeBy(held, delta(10, 11, { ...lists(8), ...stale }))).exitCode).toBe(3);
    });

    it.each<[string, () => readonly string[]]>([
      ['begins after the base', () => [base(), delta(11, 12)]],
      [
        'is of another scope',
        () => [base(), delta(10, 11, { extensions: [issuingDistributionPoint({ flags: [1] })] })],
      ],
      ['goes on a base without a number', () => [base({ extensions: [] }), delta(10, 11)]],
    ])('applies none that %s', async (_, files) => {
      const { exitCode, record } = await judgeBy(...files());
      expect({ exitCode, verdict: record.verdict, crl: record['crl'] }).toMatchObject({
        exitCode: 8,
        verdict: 'good',
        crl: {
          status: 'unusable',
          error: { code: 'crl-unsupported', message: expect.stringMatching(/no CRL .* is its base/) as string },
        },
      });
    });

    it('needs none that the base has already', async () => {
      expectGood(await judgeBy(base(), delta(8, 9), delta(9, 10)));
    });
  });

  it('takes what a CRL for some reasons lists, and the silence of those for all reasons together', async () => {
    folder.write('site.pem.ocsp', response());
    const part = (name: string, reasons: readonly number[], entries: CrlOptions['entries'] = []): string =>
      folder.write(name, crl({ extensions: [issuingDistributionPoint({ flags: [3], reasons })], entries }));
    const keys = part('keys.crl', [0x05, 0x60]);
    const others = part('others.crl', [0x07, 0x1f, 0x80]);
    const judgeBy = async (...files: string[]): Promise<Judged> =>
      await verify([...files.flatMap((file) => ['--crl', file]), certificate]);
    expectUnusable(await judgeBy(keys), 'crl-unsupported', 8);
    expectUnusable(await judgeBy(keys, keys), 'crl-unsupported', 8);
    expectGood(await judgeBy(keys, others));
    expectGood(await judgeBy(keys, folder.write('ca.crl', crl())));
    const listed = part('listed.crl', [0x05, 0x60], [{ serialNumber: site.serialNumber, revokedAt, reason: 1 }]);
    expectRevoked(await judgeBy(folder.at('ca.crl'), listed), listed);
    expectRevoked(await judgeBy(listed), listed);
  });

  it('hears of the revocation of a serial number whatever the response, and of no CA that reaches no --ca', async () => {
    const file = folder.write('ca.crl', listing(site));
    const words = ['--issuer', issuerFile, '--serial', site.serialNumber, '--crl', file, '--response'];
    const garbage = folder.write('garbage.der', 'no response');
    for (const path of [folder.at('nowhere.der'), garbage]) {
      expect((await verify([...words, path])).exitCode).toBe(3);
    }
    const anchor = folder.write('anchor.pem', stranger.certificate.pem);
    expectUnusable(await verify([...words, garbage, '--ca', anchor]), 'issuer-not-anchored', 5);
  });

  it('writes nothing of a response that does not count into the revocation', async () => {
    const status = { revokedAt: from, reason: 'superseded' as const };
    folder.write('site.pem.ocsp', response({ responses: [statement({ status })], corruptSignature: true }));
    const entries = [{ serialNumber: site.serialNumber, revokedAt }];
    const { record } = await verify(['--crl', folder.write('ca.crl', crl({ entries })), certificate]);
    expect(record).toMatchObject({ verdict: 'revoked', revocationTime: '2025-12-24T00:00:00Z' });
    expect(record).not.toHaveProperty('revocationReason');
  });

  it.each<[string, () => void]>([
    ['a staple that is too large', () => void folder.write('site.pem.ocsp', Buffer.alloc(3_000_000, 0x30))],
    ['a folder in its place', () => void folder.write('site.pem.ocsp/file', '')],
    ['an empty staple', () => void folder.write('site.pem.ocsp', '')],
    ['no staple', () => undefined],
  ])('hears of a revocation beside %s', async (_, place) => {
    place();
    const file = folder.write('ca.crl', listing(site));
    expectRevoked(await verify(['--crl', file, certificate]), file);
    const text = await runRestaple(['verify', '--at', now, '--crl', file, certificate]);
    expect(text.stdout).toContain(`${certificate}: revoked\n`);
    expect(text.stderr).toBe(
      `restaple: ${certificate}: the certificate has been REVOKED since 2025-12-24T00:00:00Z (keyCompromise) by the CRL ${file}\n` +
        '  hint: replace the certificate now\n',
    );
    const nagios = await runRestaple(['verify', '--nagios', '--at', now, '--crl', file, certificate]);
    expect({ exitCode: nagios.exitCode, line: nagios.stdout.split(' |')[0] }).toEqual({
      exitCode: 2,
      line: `OCSP CRITICAL - 1 revoked (${certificate})`,
    });
  });

  it('leaves the revocation of the response as it is where both say revoked', async () => {
    const status = { revokedAt: from, reason: 'superseded' as const };
    folder.write('site.pem.ocsp', response({ responses: [statement({ status })] }));
    const { record } = await verify(['--crl', folder.write('ca.crl', listing(site)), certificate]);
    expect(record).toMatchObject({
      verdict: 'revoked',
      revocationTime: times.thisUpdate,
      revocationReason: 'superseded',
      crl: { revocationTime: '2025-12-24T00:00:00Z', revocationReason: 'keyCompromise' },
    });
  });

  it('is worse than nothing to a monitoring system where it cannot be used, but no better than what is bad', async () => {
    const stale = folder.write('stale.crl', crl({ nextUpdate: new Date(responseTimes.now.getTime() - day) }));
    const check = async (path: string): Promise<{ exitCode: unknown; line: string; more: string }> => {
      const { exitCode, stdout } = await runRestaple(['verify', '--nagios', '--at', now, '--crl', stale, path]);
      return { exitCode, line: stdout.split(' |')[0]!, more: stdout };
    };
    const nextUpdate = new Date(responseTimes.now.getTime() + 2 * hour);
    folder.write('site.pem.ocsp', response({ responses: [statement({ nextUpdate })] }));
    expect(await check(certificate)).toMatchObject({
      exitCode: 2,
      line: `OCSP CRITICAL - 1 below 6h (${certificate}), next ends in 2h`,
    });
    const bare = authority.issue();
    const path = folder.write('bare.pem', bare.certificate.pem + authority.certificate.pem);
    const unheard = await check(path);
    expect(unheard).toMatchObject({ exitCode: 3, line: `OCSP UNKNOWN - 1 unjudged (${path})` });
    expect(unheard.more).toContain(`UNKNOWN ${path}: the CRL ${stale} is stale`);
  });

  it('passes over no file that is not there, empty or a folder: 8 beside the verdict, 3 where another lists it', async () => {
    folder.write('site.pem.ocsp', response());
    for (const file of [folder.at('none.crl'), folder.write('empty.crl', ''), folder.path]) {
      const alone = await verify(['--crl', file, certificate]);
      expect({ exitCode: alone.exitCode, record: alone.record }).toMatchObject({
        exitCode: 8,
        record: { verdict: 'good', crl: { status: 'unusable' } },
      });
      const list = folder.write('full.crl', listing(site));
      for (const words of [
        ['--crl', file, '--crl', list],
        ['--crl', list, '--crl', file],
      ]) {
        expect((await verify([...words, certificate])).exitCode).toBe(3);
      }
    }
  });

  it('looks up a serial number without a certificate', async () => {
    const file = folder.write('response.der', response());
    const words = ['--issuer', issuerFile, '--response', file, '--crl', folder.write('ca.crl', listing(site))];
    const judged = await verify([...words, '--serial', site.serialNumber]);
    expect({ exitCode: judged.exitCode, verdict: judged.record.verdict }).toEqual({ exitCode: 3, verdict: 'revoked' });
    const all = await runRestaple(['verify', '--at', now, ...words]);
    expect({ exitCode: all.exitCode, stderr: all.stderr }).toEqual({
      exitCode: 2,
      stderr: expect.stringContaining('--serial') as string,
    });
  });

  it('tells a reader, a table and a monitoring system', { tags: 'python3' }, async () => {
    folder.write('site.pem.ocsp', response());
    folder.write('second.pem', other.certificate.pem + authority.certificate.pem);
    folder.write('second.pem.ocsp', response({ responses: [statement({}, other)] }));
    const file = folder.write('ca.crl', listing(site));
    const both = ['--at', now, '--crl', file, certificate, folder.at('second.pem')];
    const text = await runRestaple(['verify', ...both]);
    expect(text.stdout).toContain(`${certificate}: revoked\n`);
    expect(text.stdout).toContain(
      `  crl          revoked since 2025-12-24T00:00:00Z (keyCompromise) by ${file} (this update ${times.thisUpdate}, next update in 6d)\n`,
    );
    expect(text.stdout).toContain(`  crl          not listed by ${file} (this update`);
    const { lines, exitCode } = await runInTerminal(['verify', ...both], { columns: 200 });
    expect(exitCode).toBe(3);
    expect(lines.join('\n')).toMatch(/^revoked .*site\.pem/m);
    expect(lines.join('\n')).toContain(
      `has been REVOKED since 2025-12-24T00:00:00Z (keyCompromise) by the CRL ${file}`,
    );
    const nagios = await runRestaple(['verify', '--nagios', ...both]);
    expect({ exitCode: nagios.exitCode, line: nagios.stdout.split(' |')[0] }).toEqual({
      exitCode: 2,
      line: `OCSP CRITICAL - 1 revoked (${certificate}), 1 staple good, next ends in 6d`,
    });
    const broken = folder.write('broken.crl', crl({ corruptSignature: true }));
    const unknown = await runRestaple(['verify', '--nagios', '--at', now, '--crl', broken, certificate]);
    expect({ exitCode: unknown.exitCode, line: unknown.stdout.split(' |')[0] }).toEqual({
      exitCode: 3,
      line: `OCSP UNKNOWN - 1 unjudged (${certificate}), next ends in 6d`,
    });
  });

  it.each([
    ['--connect', ['--crl', 'ca.crl', '--connect', '127.0.0.1:1']],
    ['--crl auto', ['--crl', 'auto', '--crl', 'FILE', 'CERT']],
    ['--crl: the name of the file is empty', ['--crl', '', 'CERT']],
    ['--timeout', ['--crl', 'FILE', '--timeout', '3s', 'CERT']],
    ['--allow-private', ['--crl', 'FILE', '--allow-private', 'CERT']],
    ['--allow-private', ['--allow-private', 'CERT']],
    ['--crl', ['--crl', 'auto', '--serial', '01', '--issuer', 'CERT', '--response', 'CERT']],
  ])('refuses %s where it has nothing to do', async (flag, words) => {
    const file = folder.write('ca.crl', crl());
    const places: Readonly<Record<string, string>> = { CERT: certificate, FILE: file };
    const { exitCode, stderr } = await runRestaple(['verify', ...words.map((word) => places[word] ?? word)]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(flag);
  });
});

describe('verify --crl auto', () => {
  async function withServer(work: (server: Responder) => Promise<void>): Promise<void> {
    const server = await startResponder();
    try {
      await work(server);
    } finally {
      await server.close();
    }
  }

  /** A certificate that names these CRLs, with a good staple. */
  function naming(name: string, crlUris: readonly string[]): { path: string; issued: IssuedCertificate } {
    const issued = authority.issue({ crlUris, ocspUris: ['http://ocsp.example/'] });
    const path = folder.write(`${name}.pem`, issued.certificate.pem + authority.certificate.pem);
    folder.write(`${name}.pem.ocsp`, response({ responses: [statement({}, issued)] }));
    return { path, issued };
  }

  const auto = ['--crl', 'auto', '--allow-private'];

  it('downloads the CRL that a certificate names, once for all of its CA', async () => {
    await withServer(async (server) => {
      const uri = `${server.url}/ca.crl`;
      const { path: first, issued } = naming('first', [uri]);
      const { path: second } = naming('second', [uri]);
      server.routes.set('/ca.crl', httpStatus(200, { 'content-type': 'application/pkix-crl' }, listing(issued)));
      const result = await runRestaple(['verify', '--json', '--at', now, ...auto, first, second]);
      expect(result.exitCode).toBe(3);
      expect(result.lines()).toMatchObject([
        { verdict: 'revoked', crl: { status: 'revoked', source: uri } },
        { verdict: 'good', crl: { status: 'good', source: uri } },
      ]);
      expect(server.requests.map(({ method, url }) => `${method} ${url}`)).toEqual(['GET /ca.crl']);
      expect(server.requests[0]!.headers.accept).toContain('application/pkix-crl');
    });
  });

  it('goes on to the next URI where one has nothing usable', async () => {
    await withServer(async (server) => {
      const { path } = naming('site', [
        'ldap://crl.example/',
        `${server.url}/gone`,
        `${server.url}/forged`,
        `${server.url}/good`,
      ]);
      server.routes.set('/forged', httpStatus(200, {}, crl({ corruptSignature: true })));
      server.routes.set('/good', httpStatus(200, {}, crl()));
      const judged = await verify([...auto, path]);
      expectGood(judged);
      expect(judged.record['crl']).toMatchObject({ status: 'good', source: `${server.url}/good` });
      expect(server.requests.map(({ url }) => url)).toEqual(['/gone', '/forged', '/good']);
    });
  });

  it('ends with 7 where none can be had, the verdict aside', async () => {
    await withServer(async (server) => {
      const { path } = naming('site', [`${server.url}/gone`]);
      const judged = await verify([...auto, path]);
      expectUnusable(judged, 'http-status', 7);
      expect(judged.record.verdict).toBe('good');
      const { stderr } = await runRestaple(['verify', '--at', now, ...auto, path]);
      expect(stderr).toContain('answered with HTTP status 404 to the download of the CRL');
      await server.close();
      expectUnusable(await verify([...auto, path]), 'connection-failed', 7);
    });
  });

  it('leaves time for the URIs after one that says nothing', async () => {
    await withServer(async (server) => {
      const { path, issued } = naming('site', [`${server.url}/silent`, `${server.url}/ca.crl`]);
      server.routes.set('/silent', () => undefined);
      server.routes.set('/ca.crl', httpStatus(200, {}, listing(issued)));
      expectRevoked(await verify([...auto, '--timeout', '4s', path]), `${server.url}/ca.crl`);
    });
  });

  it('keeps the URIs of certificates from loopback and private networks', async () => {
    await withServer(async (server) => {
      const { path } = naming('site', [`${server.url}/ca.crl`]);
      server.routes.set('/ca.crl', httpStatus(200, {}, crl()));
      expectUnusable(await verify(['--crl', 'auto', path]), 'address-blocked', 7);
      expect(server.requests).toEqual([]);
      expectGood(await verify(['--crl', 'auto', '--allow-address', '127.0.0.0/8', path]));
    });
  });

  it('waits no longer than --timeout', async () => {
    await withServer(async (server) => {
      const { path } = naming('site', [`${server.url}/slow`]);
      server.routes.set('/slow', () => undefined);
      expectUnusable(await verify([...auto, '--timeout', '1s', path]), 'timeout', 7);
    });
  });

  it.each([
    ['no CRL', [], 'the certificate names no CRL (cRLDistributionPoints)'],
    [
      'one by ldap only',
      [contextPrimitive(6, Buffer.from('ldap://crl.example/cn=CA'))],
      'names its CRL only as ldap://crl.example/cn=CA, which',
    ],
    [
      'one by a directoryName only',
      [contextConstructed(4, commonName('Points'))],
      'names its CRL only as CN=Points, which',
    ],
    [
      'one by a name of another kind',
      [contextPrimitive(2, Buffer.from('crl.example'))],
      'only as a name that is neither a URI nor a directoryName',
    ],
  ])('ends with 8, and Nagios with UNKNOWN, where a certificate names %s', async (_what, names, message) => {
    const point = sequence(contextConstructed(0, contextConstructed(0, ...names)));
    const extensions = names.length === 0 ? [] : [{ oid: '2.5.29.31', value: sequence(point) }];
    const issued = authority.issue({ extensions, ocspUris: ['http://ocsp.example/'] });
    const path = folder.write('site.pem', issued.certificate.pem + authority.certificate.pem);
    folder.write('site.pem.ocsp', response({ responses: [statement({}, issued)] }));
    const judged = await verify(['--crl', 'auto', path]);
    expectUnusable(judged, 'no-crl', 8);
    expect(judged.record.verdict).toBe('good');
    const { stdout, stderr } = await runRestaple(['verify', '--at', now, '--crl', 'auto', path]);
    expect(stdout).toContain('  crl          unusable (no-crl)\n');
    expect(stderr).toContain(message);
    expect(stderr).toContain('name it with --crl FILE');
    const nagios = await runRestaple(['verify', '--nagios', '--at', now, '--crl', 'auto', path]);
    expect(nagios.exitCode).toBe(3);
    expect(nagios.stdout).toMatch(/^OCSP UNKNOWN/);
  });
});
