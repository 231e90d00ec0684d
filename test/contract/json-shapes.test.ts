import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { answer, answerTo } from '../support/answer.js';
import { httpStatus, fixed } from '../support/behaviours.js';
import type { IssuedCertificate } from '../support/certificate.js';
import { startResponder, type Behaviour, type Responder } from '../support/misbehaving-responder.js';
import { buildErrorResponse, buildOcspResponse, type SingleResponseOptions } from '../support/ocsp-response.js';
import { createCertificateAuthority } from '../support/pki.js';
import { runRestaple } from '../support/run-program.js';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.js';
import { requestFor } from '../support/request-for.js';

const day = 86_400_000;
const authority = createCertificateAuthority({ name: 'Shapes CA' });

let folder: TemporaryFolder;
let responder: Responder;
let outcomes: Map<string, Record<string, unknown>>;
let summary: Record<string, unknown>;

/** What a value is, so that two runs can be compared: types, and by their form times, hex and enumerations. */
function shapeOf(value: unknown): unknown {
  if (value === null || typeof value === 'boolean' || typeof value === 'number') {
    return value === null ? null : typeof value;
  }
  if (typeof value === 'string') {
    if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(value)) return 'time';
    return /^(?:[0-9a-f]{2}){8,}$/.test(value) ? 'hex' : 'string';
  }
  if (Array.isArray(value)) return value.map(shapeOf);
  return Object.fromEntries(Object.entries(value as object).map(([key, one]) => [key, shapeOf(one)]));
}

const error = { code: 'string', message: 'string', hint: 'string' };
const contact = { url: 'string', method: 'string', milliseconds: 'number', attempts: 'number' };
const base = { certificate: 'string', outcome: 'string', staple: 'string', written: 'boolean' };
const noTimes = { thisUpdate: null, nextUpdate: null, nextRefresh: null, certificateNotAfter: 'time' };
const times = { thisUpdate: 'time', nextUpdate: 'time', nextRefresh: 'time', certificateNotAfter: 'time' };

/** A staple in the middle of its life: due, and good for long enough. */
function agedStaple(site: IssuedCertificate): Buffer {
  return answerTo(requestFor(authority, site), authority, 'good', {
    thisUpdateOffset: -4 * day,
    nextUpdateOffset: 3 * day,
  });
}

beforeAll(async () => {
  folder = createTemporaryFolder();
  responder = await startResponder({
    routes: {
      '/good': answer(authority),
      '/revoked': answer(authority, { revokedAt: new Date('2026-01-01T00:00:00Z'), reason: 'keyCompromise' }),
      '/unknown': answer(authority, 'unknown'),
      '/forged': answer(authority, 'good', { response: { corruptSignature: true } }),
      '/down': httpStatus(404),
    },
  });
  const names = ['updated', 'fresh', 'kept', 'revoked', 'unknown', 'invalid', 'unavailable', 'store-error'];
  const paths: Readonly<Record<string, string>> = { kept: '/down', invalid: '/forged', unavailable: '/down' };
  for (const name of [...names, 'no-responder']) {
    const path = paths[name] ?? (name === 'revoked' || name === 'unknown' ? `/${name}` : '/good');
    const site = authority.issue(
      name === 'no-responder' ? {} : { commonName: `${name}.example`, ocspUris: [responder.url + path] },
    );
    folder.write(`${name}.pem`, site.certificate.pem + authority.certificate.pem);
    if (name === 'kept') folder.write('kept.pem.ocsp', agedStaple(site));
    if (name === 'fresh') {
      folder.write('fresh.pem.ocsp', answerTo(requestFor(authority, site), authority));
    }
  }
  folder.write('input-error.pem', '');
  mkdirSync(folder.at('store-error.pem.ocsp'));
  const all = [...names, 'no-responder', 'input-error'].map((name) => folder.at(`${name}.pem`));
  const { lines } = await runRestaple(['fetch', '--json', '--allow-private', '--retries', '0', ...all]);
  const records = lines();
  summary = records.pop() ?? {};
  outcomes = new Map(records.map((record) => [record['outcome'] as string, record]));
}, 60_000);

afterAll(async () => {
  await responder.close();
  folder.remove();
});

describe('the JSON of fetch', () => {
  it.each([
    ['updated', { ...base, responder: contact, verdict: 'string', ...times }],
    ['fresh', { ...base, responder: null, verdict: 'string', ...times }],
    ['kept', { ...base, responder: contact, verdict: 'string', ...times, error }],
    ['no-responder', { ...base, responder: null, verdict: null, ...noTimes, error }],
    ['revoked', { ...base, responder: contact, verdict: null, ...noTimes, error }],
    ['unknown', { ...base, responder: contact, verdict: null, ...noTimes, error }],
    ['invalid', { ...base, responder: contact, verdict: null, ...noTimes, error }],
    ['unavailable', { ...base, responder: contact, verdict: null, ...noTimes, error }],
    [
      'input-error',
      { ...base, staple: null, responder: null, verdict: null, ...noTimes, certificateNotAfter: null, error },
    ],
    ['store-error', { ...base, responder: contact, verdict: null, ...noTimes, error }],
  ])('of outcome %s has these fields and types', (outcome, shape) => {
    const record = outcomes.get(outcome);
    expect(shapeOf(record)).toEqual(shape);
    expect(record).toMatchObject({
      certificate: folder.at(`${outcome}.pem`),
      written: outcome === 'updated',
      ...(outcome === 'input-error' ? {} : { staple: folder.at(`${outcome}.pem.ocsp`) }),
    });
  });

  it('names the verdict of the staple on disk and the code of the attempt', () => {
    expect(outcomes.get('updated')).toMatchObject({ verdict: 'good', responder: { method: 'post', attempts: 1 } });
    expect(outcomes.get('kept')).toMatchObject({ verdict: 'good', error: { code: 'http-status' } });
    expect(outcomes.get('revoked')).toMatchObject({ error: { code: 'revoked' } });
    expect(outcomes.get('invalid')).toMatchObject({ error: { code: 'signature-invalid' } });
    expect(outcomes.get('input-error')).toMatchObject({ error: { code: 'file-empty' } });
    expect(outcomes.get('no-responder')).toMatchObject({ error: { code: 'no-responder' } });
    expect(outcomes.get('store-error')?.['error']).toMatchObject({ code: expect.stringMatching(/^staple-/) as string });
  });

  it('ends with a summary that counts every outcome by its name', () => {
    expect(summary).toEqual({
      summary: {
        total: 10,
        updated: 1,
        fresh: 1,
        kept: 1,
        'no-responder': 1,
        revoked: 1,
        unknown: 1,
        invalid: 1,
        unavailable: 1,
        withdrawn: 0,
        'input-error': 1,
        'store-error': 1,
        reload: [],
      },
    });
  });
});

const certId = { hashAlgorithm: 'string', issuerNameHash: 'hex', issuerKeyHash: 'hex', serialNumber: 'hex' };
const evidence = {
  responseStatus: 'string',
  responder: { kind: 'string', name: 'string', keyHash: 'hex' },
  certId,
  producedAt: 'time',
  thisUpdate: 'time',
  nextUpdate: 'time',
  signatureAlgorithm: 'string',
};

describe('the JSON of verify', () => {
  const site = authority.issue({ ocspUris: ['http://ocsp.example/'] });
  const single: SingleResponseOptions = { certId: { issuer: authority, serialNumber: site.serialNumber } };
  const now = '2026-01-02T00:00:00Z';

  async function verify(response: Uint8Array | undefined, at = now): Promise<Record<string, unknown>> {
    const path = folder.write('verify.pem', site.certificate.pem + authority.certificate.pem);
    const file = response === undefined ? folder.at('nowhere.ocsp') : folder.write('verify.ocsp', response);
    const result = await runRestaple(['verify', '--json', '--at', at, '--response', file, path]);
    expect(result.lines()).toHaveLength(1);
    return result.lines()[0]!;
  }

  it('of a good staple has these fields and types', async () => {
    const nonce = Buffer.alloc(32, 7);
    const record = await verify(buildOcspResponse({ signer: authority, responses: [single], nonce }));
    expect(shapeOf(record)).toEqual({
      certificate: 'string',
      certificateNotAfter: 'time',
      response: 'string',
      verdict: 'string',
      ...evidence,
      nonce: 'hex',
    });
    expect(record).toMatchObject({
      certificate: folder.at('verify.pem'),
      response: folder.at('verify.ocsp'),
      verdict: 'good',
      responseStatus: 'successful',
      responder: { kind: 'issuer', name: 'CN=Shapes CA' },
      certId: { hashAlgorithm: 'sha1', serialNumber: site.serialNumber },
      producedAt: '2026-01-01T00:00:00Z',
      thisUpdate: '2026-01-01T00:00:00Z',
      nextUpdate: '2026-01-08T00:00:00Z',
      nonce: nonce.toString('hex'),
    });
  });

  it('of a revoked one adds time and reason, of a finding its rule and source, and nextUpdate may be null', async () => {
    const delegate = authority.issueResponder({ ocspNoCheck: false });
    const revoked = {
      ...single,
      status: { revokedAt: new Date(now), reason: 'superseded' },
      nextUpdate: null,
    } as const;
    const certificates = [delegate.certificate.der];
    const record = await verify(buildOcspResponse({ signer: delegate, responses: [revoked], certificates }));
    const finding = { rule: 'string', severity: 'string', message: 'string', source: 'string' };
    expect(shapeOf(record)).toEqual({
      certificate: 'string',
      certificateNotAfter: 'time',
      response: 'string',
      verdict: 'string',
      ...evidence,
      nextUpdate: null,
      revocationTime: 'time',
      revocationReason: 'string',
      findings: [finding, finding],
    });
    expect(record).toMatchObject({
      verdict: 'revoked',
      revocationReason: 'superseded',
      responder: { kind: 'delegated' },
    });
  });

  it('of an invalid one adds the failure with the values that decided it', async () => {
    const response = buildOcspResponse({ signer: authority, responses: [single] });
    const record = await verify(response, '2026-03-01T00:00:00Z');
    expect(shapeOf(record)).toEqual({
      certificate: 'string',
      certificateNotAfter: 'time',
      response: 'string',
      verdict: 'string',
      failure: { code: 'string', message: 'string', nextUpdate: 'time', now: 'time' },
      ...evidence,
    });
    expect(record).toMatchObject({ verdict: 'invalid', failure: { code: 'expired', now: '2026-03-01T00:00:00Z' } });
  });

  it('of what is not a response has the failure alone', async () => {
    const record = await verify(Buffer.from('nonsense'));
    const failure = { code: 'string', message: 'string', rule: 'string' };
    expect(shapeOf(record)).toEqual({
      certificate: 'string',
      certificateNotAfter: 'time',
      response: 'string',
      verdict: 'string',
      failure,
    });
    expect(record).toMatchObject({ verdict: 'invalid', failure: { code: 'malformed-response' } });
  });

  it('of a refusal has the status', async () => {
    const record = await verify(buildErrorResponse('tryLater'));
    expect(shapeOf(record)).toEqual({
      certificate: 'string',
      certificateNotAfter: 'time',
      response: 'string',
      verdict: 'string',
      failure: { code: 'string', message: 'string', responseStatus: 'string' },
      responseStatus: 'string',
    });
    expect(record).toMatchObject({ verdict: 'refused', responseStatus: 'tryLater' });
  });

  it('of a missing staple has a null verdict and an error', async () => {
    const record = await verify(undefined);
    expect(shapeOf(record)).toEqual({
      certificate: 'string',
      certificateNotAfter: 'time',
      response: 'string',
      verdict: null,
      error,
    });
    expect(record).toMatchObject({ error: { code: 'response-missing' } });
  });

  it('of a certificate that needs none says no-responder', async () => {
    const plain = folder.write('plain.pem', authority.issue().certificate.pem + authority.certificate.pem);
    const record = (await runRestaple(['verify', '--json', plain])).lines()[0];
    expect(shapeOf(record)).toEqual({
      certificate: 'string',
      certificateNotAfter: 'time',
      response: 'string',
      verdict: null,
      outcome: 'string',
      error,
    });
    expect(record).toMatchObject({ outcome: 'no-responder' });
  });

  it('of a response without a certificate lists every statement', async () => {
    const other = authority.issue();
    const responses = [single, { certId: { issuer: authority, serialNumber: other.serialNumber } }];
    const file = folder.write('several.ocsp', buildOcspResponse({ signer: authority, responses }));
    const issuer = folder.write('ca.pem', authority.certificate.pem);
    const result = await runRestaple(['verify', '--json', '--at', now, '--issuer', issuer, '--response', file]);
    const statement = { verdict: 'string', ...evidence };
    expect(shapeOf(result.lines()[0])).toEqual({
      response: 'string',
      ...statement,
      statements: [statement, statement],
    });
  });
});

describe('the JSON of reload', () => {
  const told = { certificate: 'string', ok: 'boolean' };
  const failed = { ...told, code: 'string', message: 'string', hint: 'string' };
  const target = { target: 'string', ok: 'boolean', milliseconds: 'number' };

  function stapled(name: string): string {
    const site = authority.issue({ commonName: name, subjectAltNames: [name], ocspUris: [`${responder.url}/good`] });
    const path = folder.write(`${name}.pem`, site.certificate.pem + authority.certificate.pem);
    folder.write(`${name}.pem.ocsp`, agedStaple(site));
    return path;
  }

  it('has these fields and types for a target, each of its certificates, and a proof', async () => {
    const path = stapled('told.example');
    const bad = folder.write('bad.example.pem', authority.issue({ ocspUris: ['http://x.example/'] }).certificate.pem);
    const result = await runRestaple([
      ...['reload', '--json', 'exec:true', '--issuer', folder.write('issuer.pem', authority.certificate.pem)],
      ...['--confirm', `${path}=127.0.0.1:1`, '--reload-timeout', '1s', path, bad],
    ]);
    expect(shapeOf(result.lines())).toEqual([
      { ...target, certificates: [told, failed] },
      { ...target, certificates: [failed] },
    ]);
    expect(result.lines()).toMatchObject([
      { target: 'exec:true', ok: false, certificates: [{ certificate: path, ok: true }, { code: 'not-good' }] },
      { target: `confirm:${path}=127.0.0.1:1`, ok: false, certificates: [{ code: 'target-unreachable' }] },
    ]);
  });

  it('of a target that failed has its error', async () => {
    const result = await runRestaple(['reload', '--json', 'exec:false', stapled('failed.example')]);
    expect(shapeOf(result.lines())).toEqual([{ ...target, certificates: [failed], error }]);
    expect(result.lines()).toMatchObject([{ ok: false, error: { code: 'command-failed' } }]);
  });

  it('is that of summary.reload, and of a line of generate', async () => {
    const path = stapled('summary.example');
    const targets = ['--reload', 'exec:true', '--reload', 'exec:false'];
    const fetched = await runRestaple(['fetch', '--json', '--allow-private', ...targets, path]);
    const shapes = [
      { ...target, certificates: [told] },
      { ...target, certificates: [failed], error },
    ];
    expect(shapeOf(fetched.lines().at(-1))).toMatchObject({ summary: { total: 'number', reload: shapes } });
    const keys = [
      ...['--ca-cert', folder.write('ca.pem', authority.certificate.pem)],
      ...['--ca-key', folder.write('ca.key', authority.keyPem, 0o600)],
    ];
    const generated = await runRestaple(['generate', '--json', ...keys, ...targets, path]);
    expect(shapeOf(generated.lines().slice(1))).toEqual(shapes.map((reload) => ({ reload })));
  });
});

describe('the JSON of query', () => {
  async function query(behaviour: Behaviour, ...flags: string[]): Promise<Record<string, unknown>> {
    const responder = await startResponder({ behaviour });
    try {
      const site = authority.issue({ ocspUris: [responder.url] });
      const path = folder.write('query.pem', site.certificate.pem + authority.certificate.pem);
      const words = ['query', '--json', '--allow-private', '--retries', '0', ...flags, path];
      return (await runRestaple(words)).lines()[0]!;
    } finally {
      await responder.close();
    }
  }
  const asked = { url: 'string', method: 'string', hash: 'string', milliseconds: 'number' };
  const answered = { ...asked, address: 'string', status: 'number', contentType: 'string' };
  const caching = { cacheControl: 'string', etag: 'string', expires: 'string' };
  const headers = { 'cache-control': 'max-age=60', etag: '"a"', expires: 'Thu, 01 Jan 2026 00:00:00 GMT' };

  it('is that of verify, with the exchange in responder', async () => {
    const { responder, ...others } = evidence;
    expect(shapeOf(await query(answer(authority, 'good', { headers })))).toEqual({
      certificate: 'string',
      certificateNotAfter: 'time',
      verdict: 'string',
      ...others,
      responder: { ...responder, ...answered, ...caching },
    });
  });

  it('of a responder that does not answer has a null verdict, the error, and what is known of the exchange', async () => {
    expect(shapeOf(await query(({ socket }) => void socket.destroy()))).toEqual({
      certificate: 'string',
      certificateNotAfter: 'time',
      verdict: null,
      responder: asked,
      error,
    });
  });

  it('of --all has every way to ask in probes', async () => {
    const { probes } = shapeOf(await query(answer(authority, 'good', { headers }), '--all')) as { probes: unknown[] };
    const signer = { kind: 'string', name: 'string', keyHash: 'hex', notAfter: 'time' };
    const times = { thisUpdate: 'time', nextUpdate: 'time' };
    const plain = { ...answered, ...caching, nonceSent: 'boolean', verdict: 'string', ...times, signer };
    expect(probes[0]).toEqual(plain);
    expect(probes[1]).toEqual({ ...plain, nonceEchoed: 'boolean' });
    expect(probes).toHaveLength(8);
  });
});

describe('the JSON of verify --connect', () => {
  const connection = {
    host: 'string',
    port: 'number',
    serialNumber: 'hex',
    protocol: 'string',
    cipher: 'string',
    stapleOctets: 'number',
  };

  it('adds the connection, and the fault as its error', async () => {
    const site = authority.issue({ subjectAltNames: ['tls.example'], ocspUris: ['http://ocsp.example/'] });
    const chain = site.certificate.pem + authority.certificate.pem;
    const staple = agedStaple(site);
    const server = createTlsServer({ cert: chain, key: site.keyPem });
    let isStapling = true;
    server.on('OCSPRequest', (_certificate, _issuer, give: (error: null, response: Buffer | null) => void) =>
      give(null, isStapling ? staple : null),
    );
    server.on('tlsClientError', () => undefined);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const place = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const path = folder.write('tls.pem', chain);
    folder.write('tls.pem.ocsp', staple);
    const connect = async (words: readonly string[]): Promise<unknown> =>
      shapeOf((await runRestaple(['verify', '--json', '--connect', ...words])).lines());
    try {
      const judged = { verdict: 'string', certificateNotAfter: 'time', ...evidence };
      const named = { ...connection, serverName: 'string' };
      expect(await connect([place, path])).toEqual([{ certificate: 'string', connection: named, ...judged }]);
      const ca = folder.write('anchor.pem', authority.certificate.pem);
      const findings = [{ rule: 'string', severity: 'string', message: 'string', source: 'string' }];
      expect(await connect([place, '--ca', ca])).toEqual([{ connection, ...judged, findings }]);
      isStapling = false;
      expect(await connect([place, path])).toEqual([
        { certificate: 'string', certificateNotAfter: 'time', connection: named, verdict: null, error },
      ]);
      expect(await connect(['127.0.0.1:1', path])).toEqual([
        {
          certificate: 'string',
          certificateNotAfter: 'time',
          connection: { host: 'string', port: 'number' },
          verdict: null,
          error,
        },
      ]);
    } finally {
      server.close();
    }
  });
});

describe('the JSON of uri', () => {
  it('has these fields and types', async () => {
    const site = authority.issue({
      commonName: 'uri.example',
      ocspUris: ['http://a.example/', 'http://b.example/'],
      caIssuersUris: ['http://ca.example/ca.der'],
      crlUris: ['http://ca.example/ca.crl'],
      mustStaple: true,
    });
    const path = folder.write('uri.pem', site.certificate.pem);
    const result = await runRestaple(['uri', '--json', path]);
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    expect(result.lines()).toEqual([
      {
        certificate: path,
        subject: 'CN=uri.example',
        issuer: 'CN=Shapes CA',
        serialNumber: site.serialNumber,
        notBefore: '2020-01-01T00:00:00Z',
        notAfter: '2049-01-01T00:00:00Z',
        ocspUris: ['http://a.example/', 'http://b.example/'],
        caIssuersUris: ['http://ca.example/ca.der'],
        crlUris: ['http://ca.example/ca.crl'],
        mustStaple: true,
        shortLived: false,
      },
    ]);
  });
});

describe('an error that belongs to no certificate', () => {
  it.each([
    ['a usage error', ['fetch', '--json', '--hash', 'md5', 'x.pem']],
    ['a missing argument', ['uri', '--json']],
    ['an unknown command', ['frobnicate', '--json']],
  ])('is one line of JSON: %s', async (_what, args) => {
    const result = await runRestaple(args);
    expect(result.exitCode).toBe(2);
    expect(shapeOf(result.lines())).toEqual([{ error }]);
    expect(result.lines()[0]).toMatchObject({ error: { code: 'usage', hint: expect.stringMatching(/\S/) as string } });
  });
});

describe('a response by GET', () => {
  it('says so', async () => {
    const site = authority.issue({ ocspUris: ['http://unused.example/'] });
    const path = folder.write('get.pem', site.certificate.pem + authority.certificate.pem);
    responder.routes.set('/fixed', fixed(answerTo(requestFor(authority, site), authority)));
    const args = ['fetch', '--json', '--method', 'get', '--url', `${responder.url}/fixed`, path];
    const [record] = (await runRestaple(args)).lines();
    expect(record).toMatchObject({ outcome: 'updated', responder: { method: 'get', attempts: 1 } });
    expect(record).toHaveProperty('responder.url', `${responder.url}/fixed`);
  });
});
