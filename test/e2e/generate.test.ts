import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { buildCrl, crlNumber, crlTimes, deltaCrlIndicator, issuingDistributionPoint } from '../support/crl.js';
import { buildOcspResponse } from '../support/ocsp-response.js';
import { runRestaple } from '../support/run-program.js';
import { createCertificateAuthority } from '../support/pki.js';
import {
  after,
  contentsOf,
  createGenerateScene,
  day,
  delegateFlags,
  generate,
  hour,
  indexLine,
  iso,
  minute,
  signedAt,
  type GenerateScene,
} from './support/generate-scene.js';

let scene: GenerateScene;
let caFlags: readonly string[];
let certificate: string;
let staple: string;

beforeEach(() => {
  scene = createGenerateScene();
  ({ caFlags, certificate, staple } = scene);
});

afterEach(() => scene.folder.remove());

describe('what generate says', () => {
  it('is one JSON line a certificate, with exactly the fields of the contract', async () => {
    const result = await generate([...caFlags, certificate]);
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    const sha1 = (bytes: Uint8Array): string => createHash('sha1').update(bytes).digest('hex');
    const keyHash = sha1(scene.authority.subjectPublicKey);
    expect(result.records).toEqual([
      {
        certificate,
        staple,
        status: 'good',
        certId: {
          hashAlgorithm: 'sha1',
          issuerNameHash: sha1(scene.authority.name),
          issuerKeyHash: keyHash,
          serialNumber: '0a01',
        },
        thisUpdate: after(0),
        nextUpdate: after(7 * day),
        responder: { kind: 'issuer', name: 'CN=Own CA', keyHash },
      },
    ]);
  });

  it('adds the time and reason of a revocation, and warnings where there are any', async () => {
    const revoked = ['--status', 'revoked', '--revoked-at', '2026-02-14T10:20:30Z', '--reason', 'superseded'];
    const { record } = await generate([...caFlags, ...revoked, '--minutes', '4', certificate]);
    expect(Object.keys(record)).toEqual([
      ...['certificate', 'staple', 'status', 'certId', 'thisUpdate', 'nextUpdate'],
      ...['revocationTime', 'revocationReason', 'responder', 'warnings'],
    ]);
    expect(record).toMatchObject({
      status: 'revoked',
      revocationTime: '2026-02-14T10:20:30Z',
      revocationReason: 'superseded',
    });
  });

  it('is nothing at all without --json, where stderr is not a terminal', async () => {
    const result = await runRestaple(['generate', ...caFlags, certificate]);
    expect(result).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });
    expect(existsSync(staple)).toBe(true);
  });

  it('is a line a certificate on stderr with --verbose', async () => {
    const words = ['generate', '--verbose', '--at', signedAt.toISOString(), ...caFlags];
    const result = await runRestaple([...words, '--status', 'unknown', certificate]);
    expect(result).toMatchObject({
      exitCode: 0,
      stdout: '',
      stderr: `restaple: signed ${staple} (unknown until ${after(7 * day)})\n`,
    });
  });

  it('names a delegate as the responder', async () => {
    const delegate = scene.authority.issueResponder({ commonName: 'Own Responder' });
    const { record } = await generate([...delegateFlags(scene, delegate), certificate]);
    expect(record.responder).toMatchObject({ kind: 'delegated', name: 'CN=Own Responder' });
  });
});

describe('the status that generate signs', () => {
  it.each(['good', 'revoked', 'unknown'])('is %s by --status, with exit 0', async (status) => {
    const { exitCode, record } = await generate([...caFlags, '--status', status, certificate]);
    expect({ exitCode, status: record.status }).toEqual({ exitCode: 0, status });
  });

  it('is revoked since now, without a reason, where --status says no more', async () => {
    const { record } = await generate([...caFlags, '--status', 'revoked', certificate]);
    expect(record).toMatchObject({ status: 'revoked', revocationTime: after(0) });
    expect(record).not.toHaveProperty('revocationReason');
  });

  it.each([
    ...['keyCompromise', 'cACompromise', 'affiliationChanged', 'superseded', 'cessationOfOperation'],
    ...['certificateHold', 'privilegeWithdrawn', 'aACompromise', 'unspecified'],
  ])('can give the reason %s', async (reason) => {
    const { record } = await generate([...caFlags, '--status', 'revoked', '--reason', reason, certificate]);
    expect(record).toMatchObject({ status: 'revoked', revocationReason: reason });
  });

  it("follows openssl's index.txt: V and E are good, R revoked, what is not listed unknown", async () => {
    const index = scene.folder.write(
      'index.txt',
      [
        indexLine('V', '0a01'),
        indexLine('R', '0a02', '260214102030Z'),
        indexLine('R', '0a03', '260214102030Z,CACompromise'),
        indexLine('R', '0a04', '260214102030Z,keyTime,20260101000000Z'),
        indexLine('E', '0a05'),
        '',
      ].join('\n'),
    );
    const paths = ['0a01', '0a02', '0a03', '0a04', '0a05', '0a06'].map((serialNumber) =>
      scene.folder.write(`many/${serialNumber}.pem`, scene.authority.issue({ serialNumber }).certificate.pem),
    );
    const { exitCode, stderr, records } = await generate([...caFlags, '--index', index, ...paths]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const found = Object.fromEntries(
      records.map(({ certId, status, revocationTime, revocationReason }) => [
        certId!['serialNumber'] ?? '',
        [status, revocationTime, revocationReason],
      ]),
    );
    const revokedAt = '2026-02-14T10:20:30Z';
    expect(found).toEqual({
      '0a01': ['good', undefined, undefined],
      '0a02': ['revoked', revokedAt, undefined],
      '0a03': ['revoked', revokedAt, 'cACompromise'],
      '0a04': ['revoked', revokedAt, 'keyCompromise'],
      '0a05': ['good', undefined, undefined],
      '0a06': ['unknown', undefined, undefined],
    });
  });

  it.each(['pem', 'der'] as const)('follows a CRL as %s, whose thisUpdate it takes over', async (form) => {
    const entries = [{ serialNumber: '0a02', revokedAt: crlTimes.revokedAt, reason: 4 }];
    const crl = scene.folder.write(`own.crl`, buildCrl({ issuer: scene.authority, entries })[form]);
    const revoked = scene.folder.write('revoked.pem', scene.authority.issue({ serialNumber: '0a02' }).certificate.pem);
    const words = [...caFlags, '--crl', crl, '--days', '2'];
    const good = (await generate([...words, certificate])).record;
    expect(good).toMatchObject({ status: 'good', thisUpdate: iso(crlTimes.thisUpdate), nextUpdate: after(2 * day) });
    const { record } = await generate([...words, revoked]);
    expect(record).toMatchObject({
      status: 'revoked',
      revocationTime: iso(crlTimes.revokedAt),
      revocationReason: 'superseded',
      thisUpdate: iso(crlTimes.thisUpdate),
    });
  });

  it('is none where the CRL does not reach the certificate', async () => {
    const extensions = [issuingDistributionPoint({ uri: 'http://crl.example/other.crl' })];
    const crl = scene.folder.write('part.crl', buildCrl({ issuer: scene.authority, extensions }).pem);
    const own = scene.authority.issue({ crlUris: ['http://crl.example/own.crl'] });
    const path = scene.folder.write('own.pem', own.certificate.pem);
    const { exitCode, record } = await generate([...caFlags, '--crl', crl, path]);
    expect({ exitCode, code: record.error?.code }).toEqual({ exitCode: 8, code: 'crl-unsupported' });
    expect(existsSync(`${path}.ocsp`)).toBe(false);
    const nameless = scene.folder.write('nameless.pem', scene.authority.issue().certificate.pem);
    expect((await generate([...caFlags, '--crl', crl, nameless])).exitCode).toBe(8);
    expect((await generate([...caFlags, '--crl', crl, '--serial', '0a03', '--out', `${path}.ocsp`])).exitCode).toBe(8);
    expect(existsSync(`${path}.ocsp`)).toBe(false);
    // What it lists is revoked, for whomever it is.
    const entries = [{ serialNumber: own.serialNumber }];
    const listing = scene.folder.write('list.crl', buildCrl({ issuer: scene.authority, extensions, entries }).pem);
    expect((await generate([...caFlags, '--crl', listing, path])).record).toMatchObject({ status: 'revoked' });
  });

  it.each([
    ['a delta', deltaCrlIndicator(), 'is a delta CRL: it lists only what changed since CRL number '],
    [
      'for some reasons only',
      issuingDistributionPoint({ flags: [3] }),
      'cannot say which certificates are good: it lists certificates revoked for some reasons only (onlySomeReasons)',
    ],
    [
      'for CA certificates only',
      issuingDistributionPoint({ flags: [2] }),
      'lists CA certificates only, and this is an end-entity certificate',
    ],
  ])('is none where the CRL is %s', async (_, extension, why) => {
    const crl = scene.folder.write('part.crl', buildCrl({ issuer: scene.authority, extensions: [extension] }).pem);
    const { exitCode, stdout, stderr } = await generate([...caFlags, '--crl', crl, certificate]);
    expect(exitCode).toBe(8);
    expect(stdout).toContain('"code":"crl-unsupported"');
    expect(stderr).toContain(`part.crl ${why}`);
    expect(existsSync(staple)).toBe(false);
    // What it lists is revoked all the same.
    const listing = { extensions: [extension], entries: [{ serialNumber: scene.site.serialNumber, reason: 1 }] };
    scene.folder.write('part.crl', buildCrl({ issuer: scene.authority, ...listing }).pem);
    const revoked = await generate([...caFlags, '--crl', crl, certificate]);
    expect(revoked.record).toMatchObject({ status: 'revoked', revocationReason: 'keyCompromise' });
  });

  it('is that of a base and its deltas together, for as long as the newest of them holds', async () => {
    const { authority } = scene;
    const ofDelta = { thisUpdate: new Date('2026-03-02T00:00:00Z'), nextUpdate: new Date('2026-03-03T00:00:00Z') };
    const listed = [scene.site.serialNumber, '0b01'].map((serialNumber) => ({ serialNumber, reason: 6 }));
    const base = { issuer: authority, extensions: [crlNumber(1)], entries: listed };
    const entries = [
      { serialNumber: scene.site.serialNumber, reason: 8 },
      { serialNumber: '0b02', reason: 1 },
    ];
    const delta = { issuer: authority, extensions: [crlNumber(2), deltaCrlIndicator(1)], entries, ...ofDelta };
    const files = [
      scene.folder.write('base.crl', buildCrl(base).pem),
      scene.folder.write('delta.crl', buildCrl(delta).der),
    ];
    const together = scene.folder.write('both.crl', buildCrl(delta).pem + buildCrl(base).pem);
    for (const sources of [files, files.toReversed(), [together]]) {
      const flags = [...caFlags, ...sources.flatMap((file) => ['--crl', file])];
      const until = { thisUpdate: iso(ofDelta.thisUpdate), nextUpdate: iso(ofDelta.nextUpdate) };
      const good = await generate([...flags, certificate]);
      expect({ ...good.record, stderr: good.stderr }).toMatchObject({ status: 'good', stderr: '', ...until });
      for (const serial of ['0b01', '0b02']) {
        const { record } = await generate([...flags, '--serial', serial, '--out', scene.folder.at(`${serial}.ocsp`)]);
        expect(record).toMatchObject({ status: 'revoked', ...until });
      }
    }
    // The base alone lists it still, and the delta alone says nothing of others.
    expect((await generate([...caFlags, '--crl', files[0]!, certificate])).record).toMatchObject({ status: 'revoked' });
    const alone = await generate([...caFlags, '--crl', files[1]!, certificate]);
    expect(alone).toMatchObject({ exitCode: 8, record: { error: { code: 'crl-unsupported' } } });
  });

  it('is good by CRLs that are for all reasons together, from the oldest on until the first ends', async () => {
    const part = (reasons: number[], times: object): string =>
      buildCrl({
        issuer: scene.authority,
        extensions: [issuingDistributionPoint({ flags: [3], reasons })],
        ...times,
      }).pem;
    const thisUpdate = new Date('2026-02-28T00:00:00Z');
    const nextUpdate = new Date('2026-03-04T00:00:00Z');
    const some = scene.folder.write('some.crl', part([0x06, 0x40], { thisUpdate }));
    const rest = scene.folder.write('rest.crl', part([0x07, 0x3f, 0x80], { nextUpdate }));
    const { exitCode, record } = await generate([...caFlags, '--crl', some, '--crl', rest, certificate]);
    expect({ exitCode, ...record }).toMatchObject({
      exitCode: 0,
      status: 'good',
      thisUpdate: iso(thisUpdate),
      nextUpdate: iso(nextUpdate),
    });
    const half = await generate([...caFlags, '--crl', rest, certificate]);
    expect(half).toMatchObject({ exitCode: 8, record: { error: { code: 'crl-unsupported' } } });
  });

  it('is none where one of the files cannot be used', async () => {
    const own = scene.folder.write('own.crl', buildCrl({ issuer: scene.authority }).pem);
    const stranger = scene.folder.write('stranger.crl', buildCrl({ issuer: createCertificateAuthority() }).pem);
    for (const [file, code] of [
      [stranger, 'crl-mismatch'],
      [scene.folder.at('none.crl'), 'file-not-found'],
      [certificate, 'malformed-crl'],
    ] as const) {
      const { exitCode, stdout } = await generate([...caFlags, '--crl', own, '--crl', file, certificate]);
      expect({ exitCode, isNamed: stdout.includes(`"code":"${code}"`) }).toEqual({ exitCode: 8, isNamed: true });
    }
  });

  it('warns of nothing where the CRL is that of the certificate and ends as it will', async () => {
    const uri = 'http://crl.example/own.crl';
    const extensions = [issuingDistributionPoint({ uri })];
    const crl = scene.folder.write('own.crl', buildCrl({ issuer: scene.authority, extensions }).pem);
    const path = scene.folder.write('own.pem', scene.authority.issue({ crlUris: [uri] }).certificate.pem);
    const { exitCode, record, stderr } = await generate([...caFlags, '--crl', crl, path]);
    expect({ exitCode, stderr, status: record.status }).toEqual({ exitCode: 0, stderr: '', status: 'good' });
    expect(record.nextUpdate).toBe(iso(crlTimes.nextUpdate));
  });
});

describe('the validity that generate signs', () => {
  it.each<[string, readonly string[], number]>([
    ['7 days by default', [], 7 * day],
    ['--days alone', ['--days', '3'], 3 * day],
    ['--minutes alone, which sets the days to 0', ['--minutes', '30'], 30 * minute],
    ['both added up', ['--days', '1', '--minutes', '90'], day + 90 * minute],
    ['--days 0 beside minutes', ['--days', '0', '--minutes', '45'], 45 * minute],
    ['--minutes 0 beside days', ['--days', '2', '--minutes', '0'], 2 * day],
  ])('is %s', async (_, words, milliseconds) => {
    const { record } = await generate([...caFlags, ...words, certificate]);
    expect(record).toMatchObject({ thisUpdate: after(0), nextUpdate: after(milliseconds) });
    expect(record).not.toHaveProperty('warnings');
  });

  it("never goes past the certificate's notAfter, and says so", async () => {
    const end = new Date(signedAt.getTime() + 5 * hour);
    const path = scene.folder.write('short.pem', scene.authority.issue({ notAfter: end }).certificate.pem);
    const usual = await generate([...caFlags, path]);
    expect(usual).toMatchObject({ exitCode: 0, stderr: '', record: { nextUpdate: iso(end) } });
    const { exitCode, record, stderr } = await generate([...caFlags, '--days', '7', path]);
    expect({ exitCode, nextUpdate: record.nextUpdate }).toEqual({ exitCode: 0, nextUpdate: iso(end) });
    const warning = `nextUpdate is ${iso(end)}, where the certificate ends, sooner than asked`;
    expect(record.warnings).toEqual([warning]);
    expect(stderr).toBe(`restaple: warning: ${path}: ${warning}\n`);
  });

  it("never goes past the signer's notAfter, a delegate's or the CA's", async () => {
    const end = new Date(signedAt.getTime() + 2 * day);
    const warnings = [`nextUpdate is ${iso(end)}, where the signer's certificate ends, sooner than asked`];
    const delegate = scene.authority.issueResponder({ notAfter: end });
    const byDelegate = await generate([...delegateFlags(scene, delegate), '--days', '7', certificate]);
    expect(byDelegate.record).toMatchObject({ nextUpdate: iso(end), warnings });

    const short = createGenerateScene({ authority: createCertificateAuthority({ name: 'Short CA', notAfter: end }) });
    try {
      const byAuthority = await generate([...short.caFlags, '--days', '7', short.certificate]);
      expect(byAuthority.record).toMatchObject({ nextUpdate: iso(end), warnings });
    } finally {
      short.folder.remove();
    }
  });

  it("never goes past the CRL's nextUpdate", async () => {
    const crl = scene.folder.write('own.crl', buildCrl({ issuer: scene.authority }).pem);
    const { record } = await generate([...caFlags, '--crl', crl, '--days', '30', certificate]);
    const end = iso(crlTimes.nextUpdate);
    expect(record.nextUpdate).toBe(end);
    expect(record.warnings).toEqual([`nextUpdate is ${end}, where the CRL ends, sooner than asked`]);
  });

  it('that is too short for a server is a warning, and is written', async () => {
    const { exitCode, record, stderr } = await generate([...caFlags, '--minutes', '5', certificate]);
    expect({ exitCode, status: record.status }).toEqual({ exitCode: 0, status: 'good' });
    expect(record.warnings).toEqual([
      'the response is valid for 300 s more, and haproxy stops stapling 300 s before nextUpdate',
    ]);
    expect(stderr).toContain('restaple: warning: ');
    expect(existsSync(staple)).toBe(true);
    expect((await generate([...caFlags, '--minutes', '6', certificate])).stderr).toBe('');
  });

  it('that begins before that of the stored staple is a warning, and is written', async () => {
    await generate([...caFlags, certificate]);
    const stored = readFileSync(staple);
    const crl = scene.folder.write('own.crl', buildCrl({ issuer: scene.authority }).pem);
    const { exitCode, record } = await generate([...caFlags, '--crl', crl, '--days', '1', certificate]);
    expect(exitCode).toBe(0);
    expect(record.warnings).toEqual([
      `the response is from ${iso(crlTimes.thisUpdate)}, the stored one from ${after(0)}`,
    ]);
    expect(readFileSync(staple)).not.toEqual(stored);
  });
});

describe('the CertID that generate signs', () => {
  it.each(['sha1', 'sha256', 'sha384', 'sha512'])('is hashed with %s where --hash says so', async (hash) => {
    const { record } = await generate([...caFlags, '--hash', hash, certificate]);
    const digest = (bytes: Uint8Array): string => createHash(hash).update(bytes).digest('hex');
    expect(record.certId).toEqual({
      hashAlgorithm: hash,
      issuerNameHash: digest(scene.authority.name),
      issuerKeyHash: digest(scene.authority.subjectPublicKey),
      serialNumber: '0a01',
    });
  });

  it.each([
    ['of a certificate whose serial number has its first bit set', '00ff01', '00ff01'],
    ['as openssl x509 -serial prints it, in upper case and without the leading 00', 'FF01', '00ff01'],
    ['with colons between the octets', '0A:01', '0a01'],
    ['as openssl prints a negative one', '-0A', 'f6'],
  ])('is made from --serial %s', async (_, text, serialNumber) => {
    const out = scene.folder.at('by-serial.ocsp');
    const { exitCode, record } = await generate([...caFlags, '--serial', text, '--out', out]);
    expect(exitCode).toBe(0);
    expect(record).toMatchObject({ serialNumber, staple: out, certId: { serialNumber } });
    expect(record).not.toHaveProperty('certificate');
    const verify = ['verify', '--json', '--at', signedAt.toISOString(), '--serial', text];
    const result = await runRestaple([...verify, '--issuer', scene.folder.at('ca.pem'), '--response', out]);
    expect(result).toMatchObject({ exitCode: 0 });
  });

  it('follows the index for --serial too', async () => {
    const index = scene.folder.write('index.txt', `${indexLine('R', '0a02', '260214102030Z,superseded')}\n`);
    const words = [...caFlags, '--index', index, '--out', `${scene.folder.path}/`];
    const { record } = await generate([...words, '--serial', '0a02']);
    expect(record).toMatchObject({
      status: 'revoked',
      revocationReason: 'superseded',
      staple: scene.folder.at('0a02.ocsp'),
    });
  });
});

describe('the signature that generate makes', () => {
  it.each(['sha256', 'sha384', 'sha512'])('uses %s where --signature-hash says so', async (hash) => {
    await generate([...caFlags, '--signature-hash', hash, certificate]);
    const [inspected] = (await runRestaple(['inspect', '--json', staple])).lines();
    expect(JSON.stringify(inspected!['signatureAlgorithm'])).toMatch(new RegExp(hash, 'i'));
  });

  it('is by a delegate whose certificate has no nocheck too, for the CA may accept that', async () => {
    const delegate = scene.authority.issueResponder({ ocspNoCheck: false });
    const { exitCode, record } = await generate([...delegateFlags(scene, delegate), certificate]);
    expect({ exitCode, kind: record.responder?.kind }).toEqual({ exitCode: 0, kind: 'delegated' });
  });
});

describe('where generate writes', () => {
  it('is beside each certificate, all of them in one call', async () => {
    const paths = Array.from({ length: 50 }, (_, number) =>
      scene.folder.write(`many/site-${number}.pem`, scene.authority.issue().certificate.pem),
    );
    const { exitCode, records } = await generate([...caFlags, ...paths]);
    expect(exitCode).toBe(0);
    expect(records.map((record) => record.certificate!).sort()).toEqual([...paths].sort());
    for (const { certificate: path, staple: own } of records) expect(own).toBe(`${path}.ocsp`);
    const serials = new Set(records.map(({ certId }) => certId!['serialNumber']));
    expect(serials.size).toBe(50);
    expect(readdirSync(scene.folder.at('many')).filter((name) => name.endsWith('.ocsp'))).toHaveLength(50);
    // Nothing but staples is left: haproxy would load it as a certificate.
    expect(readdirSync(scene.folder.at('many'))).toHaveLength(100);
  });

  it('is beside each certificate of a folder, CA certificates and keys left aside', async () => {
    const place = scene.folder.at('crt');
    scene.folder.write('crt/a.pem', scene.authority.issue().certificate.pem);
    scene.folder.write('crt/b.pem', scene.authority.issue().certificate.pem);
    scene.folder.write('crt/ca.pem', scene.authority.certificate.pem);
    scene.folder.write('crt/a.key', scene.site.keyPem);
    const { exitCode, records } = await generate([...caFlags, place]);
    expect(exitCode).toBe(0);
    expect(records.map((record) => record.staple).sort()).toEqual([`${place}/a.pem.ocsp`, `${place}/b.pem.ocsp`]);
  });

  it.each<[string, (at: (name: string) => string) => string, string]>([
    ['a file', (at) => at('own.ocsp'), 'own.ocsp'],
    ['a folder', (at) => at('folder'), 'folder/site.pem.ocsp'],
    ['a folder with a slash', (at) => `${at('folder')}/`, 'folder/site.pem.ocsp'],
    ['a template', (at) => at('folder/{name}-{serial}.der'), 'folder/site-0a01.der'],
    ['a template of the own folder', () => '{dir}/{base}.staple', 'site.pem.staple'],
  ])('is %s by --out', async (_, out, expected) => {
    mkdirSync(scene.folder.at('folder'));
    const place = scene.folder.at(expected);
    const { exitCode, record } = await generate([...caFlags, '--out', out(scene.folder.at), certificate]);
    expect({ exitCode, staple: record.staple }).toEqual({ exitCode: 0, staple: place });
    expect(existsSync(place)).toBe(true);
    expect(existsSync(staple)).toBe(false);
  });

  it('reads the paths from stdin for -', async () => {
    const { exitCode, record } = await generate([...caFlags, '-'], { input: `${certificate}\n` });
    expect({ exitCode, staple: record.staple }).toEqual({ exitCode: 0, staple });
  });

  it('gives a new file 0644, and keeps mode and owner of an old one', async () => {
    await generate([...caFlags, certificate]);
    expect(statSync(staple).mode & 0o777).toBe(0o644);
    chmodSync(staple, 0o640);
    const isRoot = process.getuid?.() === 0;
    if (isRoot) chownSync(staple, 65_534, 65_533);
    const { ino } = statSync(staple);
    await generate([...caFlags, '--days', '1', certificate]);
    const status = statSync(staple);
    expect(status.ino).not.toBe(ino);
    expect(status.mode & 0o777).toBe(0o640);
    if (isRoot) expect([status.uid, status.gid]).toEqual([65_534, 65_533]);
  });

  it('replaces the target of a trusted symbolic link, not the link', async () => {
    const target = scene.folder.write('real.ocsp', buildOcspResponse({ signer: scene.authority, responses: [] }));
    symlinkSync('real.ocsp', staple);
    const { exitCode } = await generate([...caFlags, certificate]);
    expect(exitCode).toBe(0);
    expect(lstatSync(staple).isSymbolicLink()).toBe(true);
    expect((await runRestaple(['inspect', target])).exitCode).toBe(0);
    expect(readFileSync(target)).toEqual(readFileSync(staple));
  });

  it.each<[string, () => void]>([
    [
      'to something that is not an OCSP response',
      () => {
        scene.folder.write('passwd', 'root:x:0:0\n');
        symlinkSync('passwd', staple);
      },
    ],
    ['that leads nowhere', () => symlinkSync('nowhere', staple)],
    [
      'in a folder that others may write to',
      () => {
        writeFileSync(scene.folder.at('empty.ocsp'), '');
        symlinkSync('empty.ocsp', staple);
        chmodSync(scene.folder.path, 0o777);
      },
    ],
  ])('refuses a symbolic link %s', async (_, prepare) => {
    prepare();
    const before = contentsOf(scene.folder.path);
    const { exitCode, record } = await generate([...caFlags, certificate]);
    expect({ exitCode, code: record.error?.code }).toEqual({ exitCode: 9, code: 'staple-unsafe' });
    expect(contentsOf(scene.folder.path)).toEqual(before);
  });

  it('replaces whatever file is there, a staple or not', async () => {
    writeFileSync(staple, 'not an OCSP response');
    const { exitCode } = await generate([...caFlags, certificate]);
    expect(exitCode).toBe(0);
    expect((await runRestaple(['inspect', staple])).exitCode).toBe(0);
  });
});
