import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { decodeCertificate, issuanceFailure } from '../../src/core/index.js';
import { DerReader } from '../../src/core/der/der.js';
import { checkedKey, readPublicKey } from '../../src/core/keys/public-key.js';
import { brokenKeys, soundKeys } from '../support/broken-keys.js';
import { createCertificateAuthority } from '../support/pki.js';

/** What the child process said before it ended, a line each, and how it ended. */
interface Told {
  readonly lines: readonly Readonly<Record<string, unknown>>[];
  readonly signal: NodeJS.Signals | null;
  readonly exitCode: number | string;
  readonly stderr: string;
}

/** Keys are judged in a process of their own, which one of them might end. */
async function judgeElsewhere(...words: readonly string[]): Promise<Told> {
  const script = fileURLToPath(new URL('judge-keys.ts', import.meta.url));
  return await new Promise((resolve) => {
    execFile(process.execPath, ['--import', 'tsx', script, ...words], (error, stdout, stderr) => {
      const lines = stdout.split('\n').filter((line) => line !== '');
      resolve({
        lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>),
        signal: error?.signal ?? null,
        exitCode: error?.code ?? 0,
        stderr,
      });
    });
  });
}

describe('a broken public key', () => {
  let told: Told;
  beforeAll(async () => {
    told = await judgeElsewhere('forms');
  });

  it('ends no process', () => {
    const { signal, exitCode, stderr } = told;
    expect({ signal, exitCode, stderr }).toEqual({ signal: null, exitCode: 0, stderr: '' });
  });

  it.each(brokenKeys)('checks no signature, and it is said why: $name', ({ name, failure, why }) => {
    const line = told.lines.find((one) => one['name'] === name);
    expect(line).toMatchObject({ verdict: 'invalid', code: failure });
    expect(line?.['message']).toContain('the public key of the responder CN=Test OCSP Responder is not usable: ');
    expect(line?.['message']).toContain(why);
  });

  it('issues no certificate', () => {
    for (const { spki, failure } of brokenKeys.filter(({ like }) => like === 'ec-p256')) {
      const authority = createCertificateAuthority({ publicKeyInfo: spki });
      const issuer = decodeCertificate(authority.certificate.der);
      expect(issuanceFailure(decodeCertificate(authority.issue().certificate.der), issuer)).toBe(failure);
    }
  });
});

it.each(Object.entries(soundKeys))('a sound public key is taken: %s', (_, spki) => {
  expect(checkedKey(readPublicKey(new DerReader(spki)))).not.toHaveProperty('why');
});

it('whatever octets of a key are changed, no process ends, and OpenSSL takes what is let through', async () => {
  const { lines, signal, exitCode, stderr } = await judgeElsewhere('mutants', '20260101', '4000');
  expect({ signal, exitCode, stderr }).toEqual({ signal: null, exitCode: 0, stderr: '' });
  expect(lines).toEqual([{ runs: 4000, passed: expect.any(Number) as number, untold: [] }]);
  // Some changes leave a key that is as good as before, as those of an RSA modulus.
  expect(lines[0]?.['passed']).toBeGreaterThan(100);
});
