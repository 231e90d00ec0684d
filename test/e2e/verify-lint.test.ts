import { describe, expect, it } from 'vitest';

import { runInTerminal } from '../support/run-in-terminal.js';
import { runRestaple } from '../support/run-program.js';
import { buildErrorResponse, responseTimes } from '../support/ocsp-response.js';
import {
  authority,
  certificate,
  delegated,
  expectFailure,
  expectGood,
  folder,
  issuerFile,
  judge,
  now,
  other,
  response,
  site,
  statement,
  useVerifyScene,
  verify,
} from './support/verify-scene.js';

useVerifyScene();

const day = 86_400_000;

function lasting(days: number): Buffer {
  const nextUpdate = new Date(responseTimes.thisUpdate.getTime() + days * day - 1000);
  return response({ responses: [statement({ nextUpdate })] });
}

describe('verify --lint', () => {
  it('adds what breaks the rules of the profile to the findings, and leaves the exit code alone', async () => {
    const sloppy = response({ explicitVersion: 0, nonce: Buffer.alloc(32), responderId: 'by-name' });
    expectGood(await judge(sloppy));
    expectGood(await judge(sloppy, ['--lint', '--profile', 'private']), 'explicit-version');
    const byRfc = ['explicit-version', 'response-extensions', 'responder-by-name'];
    expectGood(await judge(sloppy, ['--lint']), ...byRfc);
    expectGood(await judge(sloppy, ['--lint', '--profile', 'rfc']), ...byRfc);
    const { record } = await judge(sloppy, ['--lint']);
    expect(record.findings![0]).toEqual({
      rule: 'explicit-version',
      severity: 'warning',
      message: expect.stringContaining('not DER') as string,
      source: 'X.690 §11.5',
    });
  });

  it('holds public CAs to their own rules with --profile web', async () => {
    expectGood(await judge(lasting(7), ['--lint', '--profile', 'web']));
    expectGood(await judge(lasting(8), ['--lint', '--profile', 'web']), 'window-over-7-days');
    expectGood(await judge(lasting(11), ['--lint', '--profile', 'web']), 'window-over-10-days');
    expectGood(await judge(lasting(11), ['--lint']));
  });

  it('looks at what is not believed too, and at refusals', async () => {
    const expired = await judge(lasting(7), ['--lint', '--profile', 'web', '--at', '2026-02-01']);
    expectFailure(expired, 'expired', 6);
    expect(expired.record.findings).toBeUndefined();
    const forged = await judge(response({ corruptSignature: true, certificates: [] }), ['--lint']);
    expectFailure(forged, 'signature-invalid', 5);
    expect(forged.record.findings!.map(({ rule }) => rule)).toEqual(['empty-certificates']);
    expectFailure(await judge(buildErrorResponse('tryLater'), ['--lint']), 'refused', 7);
    expectFailure(await judge(Buffer.from('30', 'hex'), ['--lint']), 'malformed-response', 5);
  });

  it('finds a delegate among --untrusted that the response should have brought along', async () => {
    const delegate = authority.issueResponder();
    const file = folder.write('delegate.pem', delegate.certificate.pem);
    const judged = await judge(delegated(delegate, { certificates: [] }), ['--lint', '--untrusted', file]);
    expectGood(judged, 'empty-certificates', 'delegate-not-embedded');
  });

  it('works without a certificate, on each statement', async () => {
    const file = folder.write('response.der', response({ explicitVersion: 0 }));
    const words = ['--issuer', issuerFile, '--response', file, '--lint'];
    expectGood(await verify([...words, '--serial', site.serialNumber]), 'explicit-version');
    const { record } = await verify(words);
    expect(record.statements![0]!.findings!.map(({ rule }) => rule)).toEqual(['explicit-version']);
  });

  it('tells a reader how much it found, and that it found nothing', async () => {
    folder.write('site.pem.ocsp', response({ explicitVersion: 0, responderId: 'by-name' }));
    const found = await runRestaple(['verify', '--lint', '--at', now, certificate]);
    expect(found.stdout).toContain('  lint         rfc: 1 warning, 1 info\n  warning      the version is written out');
    folder.write('site.pem.ocsp', response());
    const nothing = await runRestaple(['verify', '--lint', '--at', now, certificate]);
    expect(nothing.stdout).toContain('  lint         rfc: nothing found\n');
    expect(nothing.stderr).toBe('');
  });

  it('tells them under each of several statements, and counts all', async () => {
    const odd = statement({ nextUpdate: responseTimes.thisUpdate }, other);
    const file = folder.write('response.der', response({ responses: [statement(), odd] }));
    const words = ['--issuer', issuerFile, '--response', file, '--lint', '--profile', 'private', '--ignore-times'];
    const { stdout } = await runRestaple(['verify', '--at', now, ...words]);
    expect(stdout).toContain('  lint         private: 1 error\n');
    const [, after] = stdout.split(`  statement    ${other.serialNumber}: good`);
    expect(after).toContain('  error        nextUpdate 2026-01-01T00:00:00Z is not after');
  });

  it('says that it could not be applied to what cannot be read', async () => {
    folder.write('site.pem.ocsp', '');
    const { stdout, exitCode } = await runRestaple(['verify', '--lint', '--at', now, certificate]);
    expect({ exitCode, stdout }).toEqual({
      exitCode: 5,
      stdout: expect.stringContaining('  lint         rfc: not applied to what cannot be read\n') as string,
    });
  });

  it('shows findings and no table on a terminal', { tags: 'python3' }, async () => {
    folder.write('site.pem.ocsp', response({ explicitVersion: 0 }));
    folder.write('second.pem', site.certificate.pem + authority.certificate.pem);
    folder.write('second.pem.ocsp', response());
    const { received } = await runInTerminal(['verify', '--lint', '--at', now, certificate, folder.at('second.pem')]);
    expect(received).toContain('the version is written out');
    expect(received).toContain('rfc: nothing found');
  });

  it('has nothing against what generate signs', async () => {
    const key = folder.write('ca.key', authority.keyPem);
    const flags = ['--ca-cert', issuerFile, '--ca-key', key, '--key-id', '--at', now];
    expect((await runRestaple(['generate', ...flags, certificate])).exitCode).toBe(0);
    expectGood(await verify(['--lint', certificate]));
    const sixDays = ['--days', '6', '--hash', 'sha256', '--no-certs'];
    expect((await runRestaple(['generate', ...flags, ...sixDays, certificate])).exitCode).toBe(0);
    expectGood(await verify(['--lint', '--profile', 'web', certificate]));
  });

  it.each([
    ['a profile without --lint', ['--profile', 'web']],
    ['an unknown profile', ['--lint', '--profile', 'moon']],
    ['--nagios', ['--lint', '--nagios']],
  ])('refuses %s', async (what, words) => {
    folder.write('site.pem.ocsp', response());
    const { exitCode, stderr, stdout } = await runRestaple(['verify', ...words, certificate]);
    expect(exitCode).toBe(what === '--nagios' ? 3 : 2);
    expect(stderr + stdout).toContain(words.at(-1)!.startsWith('--') ? words.at(-1)! : '--profile');
  });
});
