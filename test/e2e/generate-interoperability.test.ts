import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { KeyType } from '../support/keys.js';
import { runProgram } from '../support/openssl-authority.js';
import { createCertificateAuthority } from '../support/pki.js';
import { generateByLibrary } from './support/generate-by-library.js';
import {
  createGenerateScene,
  delegateFlags,
  generate,
  indexLine,
  type GenerateRecord,
  type GenerateScene,
} from './support/generate-scene.js';

const scenes: GenerateScene[] = [];
afterAll(() => {
  for (const { folder } of scenes) folder.remove();
});

const keyTypes: readonly KeyType[] = ['rsa-2048', 'rsa-3072', 'rsa-pss', 'ec-p256', 'ec-p384', 'ec-p521', 'ed25519'];

const rows = keyTypes
  .flatMap((keyType) => [
    { keyType, isDelegated: false, who: "the CA's own key" },
    { keyType, isDelegated: true, who: "a delegate's key" },
  ])
  .map((row, number) => ({ ...row, number }));

const revokedAt = '260214102030Z';
const serialNumbers = ['0a01', '0a02', '0a03'];
const hashes = ['sha256', 'sha384', 'sha512'] as const;

interface Signed {
  readonly path: string;
  readonly staple: string;
}

describe.each(rows)('a response that generate signs with $who, $keyType', ({ keyType, isDelegated, number }) => {
  const scene = createGenerateScene({ authority: createCertificateAuthority({ name: 'Other Programs', keyType }) });
  scenes.push(scene);
  const { folder, authority } = scene;
  const delegate = isDelegated ? authority.issueResponder({ keyType }) : undefined;
  const flags = delegate === undefined ? scene.caFlags : delegateFlags(scene, delegate);
  const index = folder.write(
    'index.txt',
    `${indexLine('V', '0a01')}\n${indexLine('R', '0a02', `${revokedAt},keyCompromise`)}\n`,
  );
  const ca = folder.at('ca.pem');
  // As of the present, for these programs know no other time.
  const now = new Date();
  let byName: readonly Signed[];
  let byKey: readonly Signed[];

  beforeAll(async () => {
    byName = await signed('by-name', serialNumbers);
    byKey = await signed('by-key', serialNumbers, ['--key-id']);
  });

  async function signed(place: string, of: readonly string[], more: readonly string[] = []): Promise<Signed[]> {
    const paths = issue(place, of);
    const words = [...flags, ...more, '--at', now.toISOString(), '--index', index, ...paths];
    const { exitCode, records } = await generate(words);
    expect(exitCode).toBe(0);
    return paths.map((path) => ({ path, staple: records.find(({ certificate }) => certificate === path)!.staple! }));
  }

  function issue(place: string, of: readonly string[]): string[] {
    return of.map((serialNumber) =>
      folder.write(`${place}/${serialNumber}.pem`, authority.issue({ serialNumber }).certificate.pem),
    );
  }

  it.each([
    ['0a01', 'good'],
    ['0a02', 'revoked'],
    ['0a03', 'unknown'],
  ])('is verified by openssl, and says of %s: %s', { tags: 'openssl' }, async (serialNumber, status) => {
    for (const form of [byName, byKey]) {
      const { path, staple } = form[serialNumbers.indexOf(serialNumber)]!;
      const trust = ['-issuer', ca, '-cert', path, '-CAfile', ca];
      const result = await runProgram('openssl', ['ocsp', '-respin', staple, ...trust, '-no_nonce']);
      expect(result.stderr).toContain('Response verify OK');
      expect(result.exitCode).toBe(0);
      expect(result.stdout).toContain(`${path}: ${status}\n`);
      if (status === 'revoked') {
        expect(result.stdout).toContain('Reason: keyCompromise');
        expect(result.stdout).toContain('Revocation Time: Feb 14 10:20:30 2026 GMT');
      }
    }
  });

  it.each(hashes.map((hash, turn) => ({ hash, turn })))(
    'is found by openssl with its $hash CertID',
    { tags: 'openssl' },
    async ({ hash, turn }) => {
      const { path, staple } = await signedWithHash(hash, turn);
      const trust = ['-issuer', ca, `-${hash}`, '-cert', path, '-CAfile', ca];
      const result = await runProgram('openssl', ['ocsp', '-respin', staple, ...trust, '-no_nonce']);
      expect(result.stderr).toContain('Response verify OK');
      expect(result.stdout).toContain(`${path}: good\n`);
    },
  );

  /** The program signs with every key and every hash, each time another pair; the library signs the other pairs. */
  async function signedWithHash(hash: (typeof hashes)[number], turn: number): Promise<Signed> {
    if (number % hashes.length === turn) return (await signed(hash, ['0a01'], ['--hash', hash]))[0]!;
    const [path = ''] = issue(hash, ['0a01']);
    const library = { ...(delegate === undefined ? {} : { delegate }), source: { index }, hash, at: now };
    const [record] = await generateByLibrary(scene, [path], library);
    return { path, staple: record!.staple! };
  }

  it('is verified by ocsptool, which reads the same in it', { tags: 'ocsptool' }, async () => {
    const { staple } = byName[0]!;
    const trust = isDelegated ? '--load-trust' : '--load-signer';
    const result = await runProgram('ocsptool', ['-e', '--load-response', staple, trust, ca]);
    expect(result.stdout + result.stderr).toContain('Verifying OCSP Response: Success');
    expect(result.exitCode).toBe(0);
    const printed = await runProgram('ocsptool', ['-j', '--infile', staple]);
    expect(printed.stdout).toMatch(/Response Status: Successful/);
    expect(printed.stdout).toMatch(/Certificate Status: good/);
    expect(printed.stdout).toMatch(/Serial Number: 0a01\n/);
  });

  it('is not verified by openssl against another CA of the same name', { tags: 'openssl' }, async () => {
    const { path, staple } = byName[0]!;
    const other = folder.write('other.pem', createCertificateAuthority({ name: 'Other Programs' }).certificate.pem);
    const trust = ['-issuer', other, '-cert', path, '-CAfile', other];
    const result = await runProgram('openssl', ['ocsp', '-respin', staple, ...trust, '-no_nonce']);
    expect(result.stderr).not.toContain('Response verify OK');
    expect(result.exitCode).not.toBe(0);
  });
});

describe('a key that openssl made', { tags: 'openssl' }, () => {
  it('of id-RSASSA-PSS with SHA-384 and a salt of 48 signs what openssl verifies', async () => {
    const scene = createGenerateScene();
    scenes.push(scene);
    const { folder } = scene;
    const key = folder.at('pss.key');
    const pss = ['rsa_pss_keygen_md:sha384', 'rsa_pss_keygen_mgf1_md:sha384', 'rsa_pss_keygen_saltlen:48'];
    const bits = ['-pkeyopt', 'rsa_keygen_bits:2048', ...pss.flatMap((option) => ['-pkeyopt', option])];
    const openssl = async (words: readonly string[]): Promise<void> => {
      const result = await runProgram('openssl', words);
      expect(result, result.stderr).toMatchObject({ exitCode: 0 });
    };
    await openssl(['genpkey', '-algorithm', 'RSA-PSS', ...bits, '-out', key]);
    const ca = folder.at('pss-ca.pem');
    const subject = ['-subj', '/CN=PSS CA', '-sha384', '-sigopt', 'rsa_padding_mode:pss'];
    await openssl(['req', '-x509', '-new', '-key', key, '-days', '3650', ...subject, '-out', ca]);
    const out = folder.at('pss.ocsp');
    const now = new Date().toISOString();
    const words = ['--ca-cert', ca, '--ca-key', key, '--serial', '0a01', '--out', out, '--at', now];
    const { exitCode, record }: { exitCode: number | null; record: GenerateRecord } = await generate(words);
    expect({ exitCode, status: record.status }).toEqual({ exitCode: 0, status: 'good' });
    const trust = ['-issuer', ca, '-serial', '0x0a01', '-CAfile', ca];
    const result = await runProgram('openssl', ['ocsp', '-respin', out, ...trust, '-no_nonce', '-resp_text']);
    expect(result.stderr).toContain('Response verify OK');
    expect(result.stdout).toMatch(/Hash Algorithm: sha384/);
  });
});
