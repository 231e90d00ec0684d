import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { describe, expect, it } from 'vitest';

import { createIssuerFinder, verifyStaple } from '../../src/index.js';
import { buildCrl } from '../support/crl.js';
import { responseTimes } from '../support/ocsp-response.js';
import { runInTerminal } from '../support/run-in-terminal.js';
import { runRestaple } from '../support/run-program.js';
import {
  authority,
  certificate,
  expectFailure,
  expectGood,
  folder,
  now,
  other,
  response,
  site,
  staple,
  statement,
  stranger,
  useVerifyScene,
  verify,
  year2025,
  type Judged,
} from './support/verify-scene.js';

useVerifyScene();

const dotFile = '.site.pem.ocsp.restaple-revoked';
const revoked = { revokedAt: year2025, reason: 'keyCompromise' } as const;
const saidRevoked = (): Buffer => response({ responses: [statement({ status: revoked })] });

function keep(bytes: Uint8Array = saidRevoked(), name = dotFile): string {
  return folder.write(name, bytes);
}

function expectRevoked({ exitCode, record }: Judged): void {
  expect({ exitCode, record }).toMatchObject({
    exitCode: 3,
    record: {
      verdict: 'revoked',
      response: folder.at(dotFile),
      revocationTime: '2025-01-01T00:00:00Z',
      revocationReason: 'keyCompromise',
    },
  });
  expect(record).not.toHaveProperty('failure');
  expect(record).not.toHaveProperty('error');
  expect(record.findings?.[0]).toMatchObject({ rule: 'known-revoked', severity: 'error' });
}

describe('a revocation that fetch has kept is the verdict', () => {
  it.each<[string, () => void]>([
    ['a good staple', () => void folder.write('site.pem.ocsp', response())],
    ['no staple', () => undefined],
    ['an empty staple', () => void folder.write('site.pem.ocsp', '')],
    ['a folder in place of the staple', () => void folder.write('site.pem.ocsp/file', '')],
    [
      'a staple for another certificate',
      () => void folder.write('site.pem.ocsp', response({ responses: [statement({}, other)] })),
    ],
    ['a forged staple', () => void folder.write('site.pem.ocsp', response({ corruptSignature: true }))],
    [
      'an expired staple',
      () => void folder.write('site.pem.ocsp', response({ responses: [statement({ nextUpdate: responseTimes.now })] })),
    ],
    [
      'a staple that says unknown',
      () => void folder.write('site.pem.ocsp', response({ responses: [statement({ status: 'unknown' })] })),
    ],
  ])('beside %s', async (_, place) => {
    place();
    keep();
    expectRevoked(await verify([certificate]));
    const text = await runRestaple(['verify', '--at', now, certificate]);
    expect({ exitCode: text.exitCode, stdout: text.stdout }).toEqual({
      exitCode: 3,
      stdout: expect.stringContaining(`${certificate}: revoked\n`) as string,
    });
    expect(text.stdout).toContain('  revoked      2025-01-01T00:00:00Z (keyCompromise)\n');
    const nagios = await runRestaple(['verify', '--nagios', '--at', now, certificate]);
    expect({ exitCode: nagios.exitCode, line: nagios.stdout.split(',')[0]!.split(' |')[0] }).toEqual({
      exitCode: 2,
      line: `OCSP CRITICAL - 1 revoked (${certificate})`,
    });
  });

  it('long after the answer that said so has expired', async () => {
    keep();
    expectRevoked(await verify(['--at', '2035-01-01T00:00:00Z', certificate]));
  });

  it('with every other flag', async () => {
    folder.write('site.pem.ocsp', response());
    keep();
    const crl = folder.write(
      'ca.crl',
      buildCrl({ issuer: authority, thisUpdate: responseTimes.thisUpdate, nextUpdate: new Date('2036-01-01') }).der,
    );
    const anchor = folder.write('anchor.pem', stranger.certificate.pem);
    for (const words of [
      ['--lint'],
      ['--for', 'haproxy'],
      ['--crl', crl],
      ['--quiet'],
      ['--ignore-times'],
      ['--ca', anchor],
      ['--response', folder.write('good.der', response())],
      ['--response', folder.at('nowhere.der')],
    ]) {
      expectRevoked(await verify([...words, certificate]));
    }
  });

  it('of a certificate that names no responder', async () => {
    const path = folder.write('bare.pem', other.certificate.pem + authority.certificate.pem);
    const bytes = response({ responses: [statement({ status: revoked }, other)] });
    keep(bytes, '.bare.pem.ocsp.restaple-revoked');
    const { exitCode, record } = await verify([path]);
    expect({ exitCode, verdict: record.verdict }).toEqual({ exitCode: 3, verdict: 'revoked' });
    // Nothing can be said where the answer cannot be judged.
    folder.write('bare.pem', other.certificate.pem);
    const unjudged = await verify([path]);
    expect({ exitCode: unjudged.exitCode, record: unjudged.record }).toMatchObject({
      exitCode: 8,
      record: { verdict: null, error: { code: 'issuer-not-found' } },
    });
  });

  it('where the staples are in another folder', async () => {
    folder.write('staples/site.pem.ocsp', response());
    keep(saidRevoked(), `staples/${dotFile}`);
    const { exitCode, record } = await verify(['--out', folder.at('staples'), certificate]);
    expect({ exitCode, verdict: record.verdict }).toEqual({ exitCode: 3, verdict: 'revoked' });
  });

  it('in the table of several', { tags: 'python3' }, async () => {
    folder.write('site.pem.ocsp', response());
    folder.write('second.pem', other.certificate.pem + authority.certificate.pem);
    folder.write('second.pem.ocsp', response({ responses: [statement({}, other)] }));
    keep();
    const words = ['verify', '--at', now, certificate, folder.at('second.pem')];
    const { lines, exitCode } = await runInTerminal(words, { columns: 200 });
    expect(exitCode).toBe(3);
    expect(lines.join('\n')).toMatch(/^revoked .*site\.pem/m);
    expect(lines.join('\n')).toContain(`has been REVOKED since 2025-01-01T00:00:00Z (keyCompromise)`);
  });

  it.each<[string, () => Server]>([
    ['hangs up', () => createServer((socket) => socket.destroy())],
    ['staples nothing', () => createTlsServer({ key: site.keyPem, cert: site.certificate.pem })],
  ])('with --connect, where the server %s', async (_, start) => {
    keep();
    const server = start().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    try {
      const { exitCode, record } = await verify([
        ...['--connect', `127.0.0.1:${port}`, '--servername', 'server.example'],
        certificate,
      ]);
      expect({ exitCode, record }).toMatchObject({
        exitCode: 3,
        record: { verdict: 'revoked', revocationReason: 'keyCompromise', findings: [{ rule: 'known-revoked' }] },
      });
    } finally {
      server.close();
    }
  });

  it.each<[string, () => void]>([
    ['a good staple', () => void folder.write('site.pem.ocsp', response())],
    ['no staple', () => undefined],
  ])('in reload, beside %s', async (_, place) => {
    place();
    keep();
    const { exitCode, stderr, lines } = await runRestaple([
      ...['reload', 'exec:/bin/true', '--json', '--at', now, certificate],
    ]);
    expect(exitCode).toBe(3);
    expect(stderr).toContain('the certificate has been REVOKED since 2025-01-01T00:00:00Z (keyCompromise)');
    expect(JSON.stringify(lines())).toContain('"ok":false');
  });

  it('in the library', async () => {
    const issuers = createIssuerFinder([]);
    const options = {
      ...{ now: responseTimes.now, skewMilliseconds: 0, ignoreTimes: false },
      ...{ trustedResponders: [], anchors: [], untrusted: [] },
    };
    keep();
    for (const place of [() => undefined, () => folder.write('site.pem.ocsp', response())]) {
      place();
      const report = await verifyStaple(certificate, issuers, options);
      expect(report).toMatchObject({ noResponder: false, verdict: { kind: 'revoked' } });
      expect(report.trouble).toBeUndefined();
    }
  });
});

describe('a kept answer does not count', () => {
  it.each<[string, () => Uint8Array]>([
    ['of another certificate', () => response({ responses: [statement({ status: revoked }, other)] })],
    ['of another CA', () => response({ signer: stranger, responses: [statement({ status: revoked })] })],
    ['that is forged', () => response({ responses: [statement({ status: revoked })], corruptSignature: true })],
    ['that says good', () => response()],
    ['that is none', () => Buffer.from('revoked')],
  ])('%s', async (_, make) => {
    keep(make());
    expect(await verify([certificate])).toMatchObject({ exitCode: 8, record: { error: { code: 'response-missing' } } });
    folder.write('site.pem.ocsp', response());
    expectGood(await verify([certificate]));
    folder.write('site.pem.ocsp', response({ corruptSignature: true }));
    expectFailure(await verify([certificate]), 'signature-invalid', 5);
  });

  it('against a staple that says revoked itself', async () => {
    keep();
    const status = { revokedAt: responseTimes.thisUpdate, reason: 'superseded' as const };
    folder.write('site.pem.ocsp', response({ responses: [statement({ status })] }));
    const { exitCode, record } = await verify([certificate]);
    expect({ exitCode, record }).toMatchObject({
      exitCode: 3,
      record: { response: staple, verdict: 'revoked', revocationReason: 'superseded' },
    });
  });
});
