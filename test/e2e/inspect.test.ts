import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { inspectBytes } from '../../src/pipeline/inspect/inspect-file.js';
import { createCertificateAuthority } from '../support/pki.js';
import {
  bitString,
  contextConstructed,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  utcTime,
} from '../support/der-writer.js';
import { buildCrl, crlNumber, issuingDistributionPoint } from '../support/crl.js';
import { mustStaple, unheardOf } from '../support/extensions.js';
import { signatureAlgorithmIdentifier } from '../support/signatures.js';
import { buildErrorResponse, buildOcspResponse } from '../support/ocsp-response.js';
import { pem } from '../support/pem.js';
import { runOpenssl, runRestaple, type RunResult } from '../support/run-program.js';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.js';
import { loadCorpus, sharedVectors, type Corpus } from '../vectors/corpus.js';

const authority = createCertificateAuthority({ name: 'Inspection CA', keyType: 'rsa-2048' });
const delegate = authority.issueResponder({ commonName: 'Inspection Responder' });
const server = authority.issue({
  commonName: 'server.example',
  ocspUris: ['http://ocsp.example/'],
  subjectAltNames: ['server.example'],
  mustStaple: true,
});
const twice = authority.issue({ mustStaple: true, extensions: [mustStaple()] });
const response = buildOcspResponse({
  signer: delegate,
  responderId: 'by-name',
  certificates: [delegate.certificate.der],
  nonce: Buffer.from('00112233445566778899aabbccddeeff', 'hex'),
  responses: [
    {
      certId: { issuer: authority, serialNumber: server.serialNumber },
      status: { revokedAt: new Date('2025-12-24T18:00:00Z'), reason: 'keyCompromise' },
      extensions: [unheardOf(false)],
    },
    { certId: { issuer: authority, serialNumber: 0x1234n, hash: 'sha256' }, nextUpdate: null },
  ],
});

let folder: TemporaryFolder;
let staple: string;
let certificate: string;

beforeAll(() => {
  folder = createTemporaryFolder();
  staple = folder.write('server.pem.ocsp', response);
  certificate = folder.write('server.pem', server.certificate.pem + server.keyPem);
});
afterAll(() => folder.remove());

/** The values behind a label of openssl's text, in their order. */
function valuesOf(text: string, label: string): string[] {
  return [...text.matchAll(new RegExp(`^ *${label} ?: ?(.*)$`, 'gm'))].map((match) => (match[1] ?? '').trim());
}

/** `Dec 24 18:00:00 2025 GMT` as ISO 8601. */
function isoTime(text: string): string {
  return new Date(text).toISOString().replace('.000Z', 'Z');
}

describe('restaple inspect beside openssl', { tags: 'openssl' }, () => {
  interface ResponseJson {
    readonly responderId: { readonly byName: string };
    readonly producedAt: string;
    readonly nonce: string;
    readonly signature: string;
    readonly responses: readonly (Record<string, string | null> & { readonly certId: Record<string, string> })[];
  }

  it('reads a response as openssl does', async () => {
    const [ours, theirs] = await Promise.all([
      runRestaple(['inspect', '--json', staple]),
      runOpenssl(['ocsp', '-respin', staple, '-text', '-noverify']),
    ]);
    expect(ours).toMatchObject({ exitCode: 0, stderr: '' });
    const [json] = ours.lines() as unknown as ResponseJson[];
    const text = theirs.stdout.slice(0, theirs.stdout.indexOf('Certificate:'));
    const certIds = json!.responses.map(({ certId }) => certId);
    expect(valuesOf(text, 'Hash Algorithm')).toEqual(certIds.map((certId) => certId['hashAlgorithm']));
    for (const [label, field] of [
      ['Issuer Name Hash', 'issuerNameHash'],
      ['Issuer Key Hash', 'issuerKeyHash'],
      ['Serial Number', 'serialNumber'],
    ] as const) {
      expect(valuesOf(text, label).map((value) => value.toLowerCase())).toEqual(certIds.map((certId) => certId[field]));
    }
    expect(valuesOf(text, 'Cert Status')).toEqual(json!.responses.map(({ status }) => status));
    expect(valuesOf(text, 'This Update').map(isoTime)).toEqual(json!.responses.map(({ thisUpdate }) => thisUpdate));
    expect(valuesOf(text, 'Next Update').map(isoTime)).toEqual([json!.responses[0]!['nextUpdate']]);
    expect(valuesOf(text, 'Revocation Time').map(isoTime)).toEqual([json!.responses[0]!['revocationTime']]);
    expect(valuesOf(text, 'Revocation Reason')).toEqual([`${String(json!.responses[0]!['revocationReason'])} (0x1)`]);
    expect(valuesOf(text, 'Produced At').map(isoTime)).toEqual([json!.producedAt]);
    expect(valuesOf(text, 'Responder Id').map((name) => name.replaceAll(' = ', '='))).toEqual([
      json!.responderId.byName,
    ]);
    expect(text.toLowerCase().replace(/[\s:]/g, '')).toContain(json!.signature);
    expect(text).toContain(`0410${json!.nonce}`.toUpperCase());
  });

  it('reads a request as openssl does', async () => {
    const path = folder.at('request.der');
    const issuer = folder.write('ca.pem', authority.certificate.pem);
    const made = await runOpenssl(['ocsp', '-issuer', issuer, '-cert', certificate, '-reqout', path, '-req_text']);
    const ours = await runRestaple(['inspect', '--json', path]);
    expect(ours.exitCode).toBe(0);
    expect(ours.lines()[0]).toMatchObject({
      kind: 'request',
      version: 1,
      signed: false,
      requests: [
        {
          certId: {
            hashAlgorithm: 'sha1',
            issuerNameHash: valuesOf(made.stdout, 'Issuer Name Hash')[0]?.toLowerCase(),
            issuerKeyHash: valuesOf(made.stdout, 'Issuer Key Hash')[0]?.toLowerCase(),
            serialNumber: server.serialNumber,
          },
        },
      ],
    });
    expect(made.stdout).toContain(`0410${String(ours.lines()[0]!['nonce'])}`.toUpperCase());
  });

  it('reads a signed request with the certificate in it', async () => {
    const path = folder.at('signed.der');
    const issuer = folder.write('ca.pem', authority.certificate.pem);
    await runOpenssl([
      ...['ocsp', '-issuer', issuer, '-serial', '0x42', '-no_nonce', '-reqout', path],
      ...['-signer', certificate, '-signkey', certificate],
    ]);
    const { exitCode, stdout } = await runRestaple(['inspect', path]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('  signed: yes\n  signature algorithm: ecdsa-with-SHA256');
    expect(stdout).toContain('  requestor: CN=server.example\n');
    expect(stdout).toMatch(/ {2}certificate 1 of 1 \(\d+ octets\):\n {4}version: 3\n {4}subject: CN=server.example\n/);
  });

  it('reads a certificate as openssl does', async () => {
    const options = ['-noout', '-subject', '-issuer', '-serial', '-dates', '-ocsp_uri', '-nameopt', 'RFC2253'];
    const [ours, theirs, fingerprint, key] = await Promise.all([
      runRestaple(['inspect', '--json', certificate]),
      runOpenssl(['x509', '-in', certificate, ...options]),
      runOpenssl(['x509', '-in', certificate, '-noout', '-sha256', '-fingerprint']),
      runOpenssl(['x509', '-in', certificate, '-noout', '-text']),
    ]);
    const [json, privateKey] = ours.lines();
    expect(theirs.stdout.split('\n')).toEqual([
      `subject=${String(json!['subject'])}`,
      `issuer=${String(json!['issuer'])}`,
      `serial=${String(json!['serialNumber']).toUpperCase()}`,
      expect.stringMatching(/^notBefore=/),
      expect.stringMatching(/^notAfter=/),
      (json!['ocspUris'] as string[])[0],
      '',
    ]);
    expect(isoTime(/notAfter=(.*)/.exec(theirs.stdout)![1]!)).toBe(json!['notAfter']);
    const { sha256 } = json!['fingerprints'] as { sha256: string };
    expect(fingerprint.stdout.replaceAll(':', '').toLowerCase()).toContain(`=${sha256}`);
    const { octets } = json!['publicKey'] as { octets: string };
    expect(key.stdout.replace(/[\s:]/g, '')).toContain(octets);
    expect(privateKey).toMatchObject({ kind: 'private-key', block: 2 });
  });

  it('reads a CRL as openssl does, one that verify would not take too', async () => {
    const crl = buildCrl({
      issuer: authority,
      entries: [{ serialNumber: 0x1234n, reason: 1 }, { serialNumber: 0x99n }],
      extensions: [crlNumber(7), issuingDistributionPoint({ uri: 'http://ca.example/x.crl', flags: [4] })],
    });
    const path = folder.write('ca.crl', crl.pem);
    const [ours, text, theirs] = await Promise.all([
      runRestaple(['inspect', '--json', path]),
      runRestaple(['inspect', path]),
      runOpenssl([
        'crl',
        '-in',
        path,
        '-noout',
        '-text',
        '-issuer',
        '-lastupdate',
        '-nextupdate',
        '-nameopt',
        'RFC2253',
      ]),
    ]);
    expect([ours.exitCode, text.exitCode]).toEqual([0, 0]);
    const json = ours.lines()[0]!;
    expect(json).toMatchObject({
      file: path,
      block: 1,
      kind: 'crl',
      octets: crl.der.length,
      version: 2,
      verified: false,
    });
    expect(theirs.stdout).toContain(`issuer=${String(json['issuer'])}`);
    expect(isoTime(/lastUpdate=(.*)/.exec(theirs.stdout)![1]!)).toBe(json['thisUpdate']);
    expect(isoTime(/nextUpdate=(.*)/.exec(theirs.stdout)![1]!)).toBe(json['nextUpdate']);
    const entries = json['entries'] as Record<string, string>[];
    expect(valuesOf(theirs.stdout, 'Serial Number')).toEqual(['1234', '99']);
    expect(entries.map(({ serialNumber }) => serialNumber)).toEqual(['1234', '0099']);
    expect(valuesOf(theirs.stdout, 'Revocation Date').map(isoTime)).toEqual(
      entries.map(({ revocationTime }) => revocationTime),
    );
    expect(entries.map(({ revocationReason }) => revocationReason)).toEqual(['keyCompromise', null]);
    expect(text.stdout).toContain(
      '    issuingDistributionPoint (2.5.29.28), critical:\n      URI:http://ca.example/x.crl\n',
    );
    expect(text.stdout).toContain('      indirectCRL\n  revoked certificate 1 of 2:\n    serial number: 1234\n');
  });

  it('reads a certificate request as openssl does', async () => {
    const key = folder.write('request.key', server.keyPem);
    const path = join(folder.path, 'server.csr');
    const names = ['-addext', 'subjectAltName=DNS:a.example', '-addext', 'tlsfeature=status_request'];
    await runOpenssl(['req', '-new', '-key', key, '-subj', '/O=Two/CN=server.example', ...names, '-out', path]);
    const [ours, text, theirs] = await Promise.all([
      runRestaple(['inspect', '--json', path]),
      runRestaple(['inspect', path]),
      runOpenssl(['req', '-in', path, '-noout', '-text', '-nameopt', 'RFC2253']),
    ]);
    expect([ours.exitCode, text.exitCode]).toEqual([0, 0]);
    const json = ours.lines()[0]!;
    expect(json).toMatchObject({ kind: 'certificate-request', version: 1, subject: 'CN=server.example,O=Two' });
    expect(theirs.stdout).toContain(`Subject: ${String(json['subject'])}\n`);
    const { octets } = json['publicKey'] as { octets: string };
    expect(theirs.stdout.replace(/[\s:]/g, '')).toContain(octets);
    expect(theirs.stdout.replace(/[\s:]/g, '')).toContain(String(json['signature']));
    expect(text.stdout).toContain('  requested extensions:\n    subjectAltName (2.5.29.17):\n      DNS:a.example\n');
    expect(text.stdout).toContain('      status_request (Must-Staple)\n');
  });
});

describe('restaple inspect as text', () => {
  it('shows a response completely and says at the end that nothing was verified', async () => {
    const { exitCode, stdout, stderr } = await runRestaple(['inspect', staple]);
    expect(exitCode).toBe(0);
    expect(stderr).toBe('');
    const lines = stdout.trimEnd().split('\n');
    expect(lines[0]).toBe(`${staple}: OCSP response, ${response.length} octets`);
    expect(lines.at(-1)).toMatch(/^not verified: .*restaple verify/);
    expect(stdout).toContain(
      [
        '  responder by name: CN=Inspection Responder',
        '  produced at: 2026-01-01T00:00:00Z',
        '  response 1 of 2:',
        '    CertID:',
        '      hash algorithm: sha1',
      ].join('\n'),
    );
    expect(stdout).toContain('    revocation time: 2025-12-24T18:00:00Z\n    revocation reason: keyCompromise\n');
    expect(stdout).toContain('    extensions:\n      1.3.6.1.4.1.99999.1:\n        03020001\n');
    expect(stdout).toContain('    next update: none\n');
    expect(stdout).toContain('  nonce: 00112233445566778899aabbccddeeff\n');
    expect(stdout).toContain('      id-pkix-ocsp-nocheck (1.3.6.1.5.5.7.48.1.5):\n        present\n');
    expect(lines.every((line) => line.length <= 120)).toBe(true);
  });

  it('says of every JSON record that it is not verified', async () => {
    const { stdout, lines } = await runRestaple(['inspect', '--json', staple, certificate]);
    expect(stdout).not.toContain('not verified:');
    expect(lines().map(({ file, verified }) => [file, verified])).toEqual([
      [staple, false],
      [certificate, false],
      [certificate, false],
    ]);
  });

  it('never prints a private key', async () => {
    const secret = server.keyPem.split('\n')[1]!;
    const octets = Buffer.from(server.key.export({ format: 'jwk' }).d ?? '', 'base64url').toString('hex');
    for (const options of [[], ['--json'], ['--verbose']]) {
      const { stdout, stderr } = await runRestaple(['inspect', ...options, certificate]);
      expect(stdout).toMatch(/private.key/);
      expect(stdout + stderr).not.toContain(secret);
      expect(stdout + stderr).not.toContain(octets);
    }
  });

  it('lets no hostile text of names, URIs or file names through', async () => {
    const hostile = 'x\u001b[2Jy\nz\u202e\u2028\u009b1m';
    const issued = authority.issue({
      subject: [
        { type: 'CN', value: hostile },
        { type: '1.2.3.4', value: hostile },
      ],
      ocspUris: [`http://o.example/\u001b]0;owned\u0007\n`],
      crlUris: ['http://c.example/\u001b[31m\r'],
      subjectAltNames: ['\u001b[1m\nfake: yes'],
    });
    const signed = buildOcspResponse({
      signer: issued,
      responderId: 'by-name',
      certificates: [issued.certificate.der],
      responses: [{ certId: { issuer: authority, serialNumber: 1n } }],
    });
    const path = folder.write('evil\u001b[31m\n.der', signed);
    const broken = folder.write('bad\u001b[31m\n.der', '<html>\u001b');
    for (const options of [[], ['--json']]) {
      const { exitCode, stdout, stderr } = await runRestaple(['inspect', ...options, path, broken]);
      expect(exitCode).toBe(8);
      expect(stdout).toContain('o.example');
      expect((stdout + stderr).replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      expect(stdout).not.toMatch(/^\s*fake: yes/m);
    }
  });
});

describe('restaple inspect of a response with odd certificates', () => {
  const version = (number: number): Buffer => {
    const der = Buffer.from(server.certificate.der);
    const place = der.indexOf(Buffer.from('a003020102', 'hex'));
    der[place + 4] = number;
    return der;
  };
  const odd: readonly (readonly [string, Uint8Array, RegExp])[] = [
    ['twice the same extension', twice.certificate.der, /has the extension \S+ twice/],
    ['a version that does not exist', version(9), /certificate version 10 does not exist/],
    ['extensions in version 1', version(0), /version 1 has extensions/],
    ['a name that is none', authority.issue({ subject: octetString(Buffer.of(1)) }).certificate.der, /subject/],
    ['a name of the wrong parts', authority.issue({ subject: sequence(sequence()) }).certificate.der, /\w/],
    ['a key that is none', authority.issue({ publicKeyInfo: sequence(sequence()) }).certificate.der, /\w/],
    ['no certificate', octetString(Buffer.from('hello')), /tag 0x04/],
  ];
  const certificates = [...odd.map(([, der]) => der), delegate.certificate.der];
  const mixed = buildOcspResponse({
    signer: delegate,
    certificates,
    responses: [{ certId: { issuer: authority, serialNumber: server.serialNumber } }],
  });

  it('shows each as such with the reason and its octets, and the rest all the same', async () => {
    const path = folder.write('odd.der', mixed);
    const json = await runRestaple(['inspect', '--json', path]);
    expect(json).toMatchObject({ exitCode: 0, stderr: '' });
    const [record] = json.lines();
    expect(record).toMatchObject({ kind: 'response', responses: [{ status: 'good' }] });
    expect(record).not.toHaveProperty('error');
    const shown = record!['certificates'] as Record<string, unknown>[];
    expect(shown.at(-1)).toMatchObject({ kind: 'certificate', subject: 'CN=Inspection Responder' });
    for (const [index, [, der, reason]] of odd.entries()) {
      expect(shown[index]).toMatchObject({
        kind: 'undecoded-certificate',
        octets: der.length,
        der: Buffer.from(der).toString('hex'),
        error: { code: 'malformed-certificate', message: expect.stringMatching(reason) as unknown },
      });
    }
    const text = await runRestaple(['inspect', path]);
    expect(text).toMatchObject({ exitCode: 0, stderr: '' });
    expect(text.stdout.match(/^ +not decoded: /gm)).toHaveLength(odd.length);
    expect(text.stdout).toContain('subject: CN=Inspection Responder');
    expect(text.stdout).toContain(Buffer.from(version(9)).toString('hex').slice(0, 64));
  });

  it('of a signed request too', async () => {
    const hash = octetString(Buffer.alloc(20));
    const signed = sequence(
      sequence(sequence(sequence(sequence(sequence(objectIdentifier('1.3.14.3.2.26')), hash, hash, integer(1))))),
      contextConstructed(
        0,
        sequence(
          signatureAlgorithmIdentifier('ecdsa-sha256'),
          bitString(Buffer.of(1)),
          contextConstructed(0, sequence(twice.certificate.der, octetString(Buffer.of(5)))),
        ),
      ),
    );
    const { exitCode, lines } = await runRestaple(['inspect', '--json', folder.write('signed.der', signed)]);
    expect(exitCode).toBe(0);
    expect(lines()).toMatchObject([
      {
        kind: 'request',
        signed: true,
        certificates: [{ kind: 'undecoded-certificate' }, { kind: 'undecoded-certificate', der: '040105' }],
      },
    ]);
  });
});

describe('restaple inspect of times in another form', () => {
  const certId = { issuer: authority, serialNumber: 1n };
  const respond = (times: Partial<Parameters<typeof buildOcspResponse>[0]>): Buffer =>
    buildOcspResponse({ signer: delegate, responses: [{ certId }], ...times });

  it.each([
    ['a fraction that has expired', respond({ producedAt: '20200101000000.5Z' }), /20200101000000\.5Z has a fraction/],
    [
      'a fraction in the future',
      respond({ responses: [{ certId, nextUpdate: '20990101000000.123Z' }] }),
      /nextUpdate is not of the form YYYYMMDDHHMMSSZ: 20990101000000\.123Z has a fraction/,
    ],
    ['a comma', respond({ producedAt: '20260101000000,5Z' }), /has a fraction/],
    ['missing seconds', respond({ producedAt: '202601010000Z' }), /202601010000Z has no seconds/],
    ['a missing minute', respond({ producedAt: '2026010100Z' }), /has no minutes/],
    ['an offset', respond({ producedAt: '20260101000000+0100' }), /has an offset instead of Z/],
    ['no Z', respond({ producedAt: '20260101000000' }), /has no Z/],
    ['no Z and a fraction', respond({ producedAt: '20260101000000.5' }), /has a fraction and has no Z/],
    ['a day that there is not', respond({ producedAt: '20260231000000Z' }), /no such time as 20260231000000Z/],
    ['a leap second', respond({ producedAt: '20161231235960Z' }), /no such time as 20161231235960Z/],
    ['letters', respond({ producedAt: 'yesterday' }), /it is "yesterday"/],
    ['nothing', respond({ producedAt: '' }), /it is empty/],
    [
      'two digits for the year',
      respond({ producedAt: utcTime(new Date('2026-01-01T00:00:00Z')) }),
      /UTCTime instead of a GeneralizedTime/,
    ],
    [
      'a fraction in a time of revocation',
      respond({ responses: [{ certId, status: { revokedAt: '20990101000000.5Z' } }] }),
      /revocationTime .* has a fraction/,
    ],
  ])('names the form for %s', async (_, der, message) => {
    const [found] = await inspectBytes(der);
    expect(found!.record).toMatchObject({ kind: 'response', responseStatus: 'successful' });
    expect(found!.trouble).toMatchObject({
      code: 'malformed-der',
      message: expect.stringMatching(message) as unknown,
      hint: 'whoever made it must write times as YYYYMMDDHHMMSSZ (RFC 5280 §4.1.2.5): tell the CA',
    });
  });

  it('ends with 8 and a hint about the form', async () => {
    const path = folder.write('fraction.der', respond({ producedAt: '20260101000000.5Z' }));
    const { exitCode, stderr } = await runRestaple(['inspect', path]);
    expect(exitCode).toBe(8);
    expect(stderr).toContain('hint: whoever made it must write times as YYYYMMDDHHMMSSZ');
    expect(stderr).not.toContain('cut short or altered');
  });
});

describe('restaple inspect of what it cannot decode', () => {
  function errorOf(result: RunResult): unknown {
    return result.lines()[0]?.['error'];
  }

  it.each([
    ['truncated DER', () => response.subarray(0, 100), 'malformed-der', /octet \d+ \(rule truncated\)/],
    ['an undefined responseStatus', () => buildErrorResponse(7), 'malformed-der', /responseStatus has no meaning/],
    ['an empty file', () => '', 'file-empty', /is empty/],
    ['an error page', () => '<!DOCTYPE html>', 'malformed-der', /HTML/],
    ['a lone private key', () => server.keyPem, 'no-certificate', /only PRIVATE KEY/],
    ['a file that is too large', () => Buffer.alloc(4_194_305), 'file-too-large', /larger than 4194304/],
    ['a damaged block', () => pem('CERTIFICATE', Buffer.of(0x30, 9)), 'malformed-certificate', /rule truncated/],
  ])('ends with 8 for %s', async (_, contents, code, message) => {
    const path = folder.write('broken', contents());
    const json = await runRestaple(['inspect', '--json', path]);
    expect(json.exitCode).toBe(8);
    expect(json.lines()).toHaveLength(1);
    expect(json.lines()[0]).toMatchObject({ file: path });
    expect(errorOf(json)).toMatchObject({ code, message: expect.stringMatching(message) as unknown });
    const text = await runRestaple(['inspect', path]);
    expect(text).toMatchObject({ exitCode: 8, stdout: '' });
    expect(text.stderr).toMatch(message);
    expect(text.stderr).toMatch(/^restaple: .*\n {2}hint: .+\n$/);
  });

  it('shows the other files too and ends with the gravest code', async () => {
    const missing = folder.at('missing.der');
    const result = await runRestaple(['inspect', '--json', missing, staple]);
    expect(result.exitCode).toBe(8);
    expect(result.lines()).toMatchObject([{ file: missing, error: { code: 'file-not-found' } }, { kind: 'response' }]);
  });

  it('shows what it can of another response type and still ends with 8', async () => {
    const responses = [{ certId: { issuer: authority, serialNumber: 1n } }];
    const path = folder.write('type.der', buildOcspResponse({ signer: authority, responseType: '1.2.3', responses }));
    const { exitCode, stdout, stderr } = await runRestaple(['inspect', path]);
    expect(exitCode).toBe(8);
    expect(stdout).toContain('  response type: 1.2.3\n');
    expect(stderr).toContain('not id-pkix-ocsp-basic');
  });

  it('is a usage error without a file', async () => {
    const { exitCode, stderr } = await runRestaple(['inspect']);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('no file was named');
  });

  it('reads paths from stdin', async () => {
    const { exitCode, lines } = await runRestaple(['inspect', '--json', '-'], { input: `${staple}\n${certificate}\n` });
    expect(exitCode).toBe(0);
    expect(lines()).toHaveLength(3);
  });
});

describe('restaple inspect of the public vectors', () => {
  if (!existsSync(sharedVectors)) {
    it('finds no public corpora in ../shared/vectors, so none of their files is inspected', () => {
      expect(loadCorpus(join(sharedVectors, 'openssl'), 'openssl')).toBeUndefined();
    });
    return;
  }

  it('decodes every file or ends with 8', async () => {
    const files = readdirSync(sharedVectors, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(?:der|pem)$/.test(name))
      .map((name) => join(sharedVectors, name));
    expect(files.length).toBeGreaterThan(100);
    for (const options of [[], ['--json']]) {
      const result = await runRestaple(['inspect', ...options, ...files]);
      expect([0, 8]).toContain(result.exitCode);
      expect(result.stderr).not.toContain('bug');
      if (options.length > 0) expect(new Set(result.lines().map(({ file }) => file)).size).toBe(files.length);
    }
  });

  const corpora = ['golang', 'openssl', 'pyca']
    .map((name) => ({ name, corpus: loadCorpus(join(sharedVectors, name), name) }))
    .filter((one): one is { name: string; corpus: Corpus } => one.corpus !== undefined);

  it.each(corpora)('agrees with every field of the $name corpus', async ({ name, corpus }) => {
    const cases = corpus.cases.filter(
      ({ kind, expect: { fields } }) => kind.startsWith('parse-') && fields !== undefined,
    );
    expect(cases.length).toBeGreaterThan(0);
    const paths = cases.map(({ files }) => join(sharedVectors, name, (files.response ?? files.request)!));
    const result = await runRestaple(['inspect', '--json', ...paths]);
    expect(result.exitCode).toBe(0);
    expect(result.lines()).toHaveLength(cases.length);
    for (const [index, json] of result.lines().entries()) {
      const fields = cases[index]!.expect.fields!;
      expect(json, cases[index]!.id).toMatchObject(asInspected(fields));
    }
  });
});

type Values = Readonly<Record<string, unknown>>;

/** The corpora's words for a response or a request in those of `inspect --json`. */
function asInspected(fields: Values): Values {
  const expected: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    switch (name) {
      case 'responseStatus':
        expected[name] = String(value).replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
        break;
      case 'version':
        expected[name] = Number(String(value).slice(1));
        break;
      case 'signatureAlgorithm':
        expected['signatureAlgorithmOid'] = value;
        break;
      case 'certs':
        expected['certificates'] = Array.from({ length: Number(value) }, () => ({ kind: 'certificate' }));
        break;
      case 'responderId':
        // A name is printed differently by each decoder: here it only has to be there.
        expected[name] =
          (value as { byKey?: string }).byKey === undefined
            ? { byName: expect.stringContaining('=') as unknown }
            : value;
        break;
      case 'responses':
      case 'requests':
        expected[name] = (value as Values[]).map(statementAsInspected);
        break;
      case 'responseExtensions':
      case 'requestExtensions':
        expected['extensions'] = extensionsAsInspected(value);
        break;
      case 'nonceExtnValueHex':
        expected['nonce'] = expect.stringMatching(/^[0-9a-f]+$/) as unknown;
        break;
      default:
        expected[name] = value;
    }
  }
  return expected;
}

function statementAsInspected(fields: Values): Values {
  const { hashAlg, issuerNameHash, issuerKeyHash, serial, singleExtensions, ...rest } = fields;
  return {
    ...rest,
    certId: { hashAlgorithm: hashAlg, issuerNameHash, issuerKeyHash, serialNumber: serial },
    ...(singleExtensions === undefined ? {} : { extensions: extensionsAsInspected(singleExtensions) }),
  };
}

function extensionsAsInspected(value: unknown): Values[] {
  return (value as Values[]).map(({ oid, critical, valueHex }) => ({ oid, critical, value: valueHex }));
}
