import { afterAll, describe, expect, it } from 'vitest';

import type { KeyType } from '../support/keys.js';
import { createCertificateAuthority } from '../support/pki.js';
import { runRestaple } from '../support/run-program.js';
import {
  createGenerateScene,
  delegateFlags,
  generate,
  indexLine,
  signedAt,
  type GenerateRecord,
  type GenerateScene,
} from './support/generate-scene.js';

const keyTypes: readonly KeyType[] = ['rsa-2048', 'rsa-pss', 'ec-p256', 'ec-p384', 'ec-p521', 'ed25519'];

const signatureAlgorithms: Readonly<Record<string, string>> = {
  'rsa-2048': 'sha256WithRSAEncryption',
  'rsa-pss': 'rsassaPss',
  'ec-p256': 'ecdsa-with-SHA256',
  'ec-p384': 'ecdsa-with-SHA384',
  'ec-p521': 'ecdsa-with-SHA512',
  ed25519: 'ED25519',
};

const hashes = ['sha1', 'sha256', 'sha384', 'sha512'] as const;

const forms = [[], ['--no-certs'], ['--key-id'], ['--key-id', '--no-certs']];

interface ExpectedStatus {
  readonly verdict: 'good' | 'revoked' | 'unknown';
  readonly exitCode: number;
  readonly revocation?: { readonly revocationTime: string; readonly revocationReason: string };
}

const statuses: readonly { readonly serialNumber: string; readonly expected: ExpectedStatus }[] = [
  { serialNumber: '0a01', expected: { verdict: 'good', exitCode: 0 } },
  {
    serialNumber: '0a02',
    expected: {
      verdict: 'revoked',
      exitCode: 3,
      revocation: { revocationTime: '2026-02-14T10:20:30Z', revocationReason: 'keyCompromise' },
    },
  },
  { serialNumber: '0a03', expected: { verdict: 'unknown', exitCode: 4 } },
];

interface VerifyLine {
  readonly certificate: string;
  readonly verdict: string;
  readonly signatureAlgorithm: string;
  readonly responder: { readonly kind: string; readonly name: string; readonly keyHash: string };
  readonly certId: Readonly<Record<string, string>>;
  readonly revocationTime?: string;
  readonly revocationReason?: string;
  readonly findings?: readonly { readonly rule: string }[];
}

const scenes: GenerateScene[] = [];
afterAll(() => {
  for (const { folder } of scenes) folder.remove();
});

const rows = keyTypes.flatMap((keyType) => [
  { keyType, isDelegated: false, who: "the CA's own key" },
  { keyType, isDelegated: true, who: "a delegate's key" },
]);

describe.each(rows)('what generate signs with $who, $keyType', ({ keyType, isDelegated }) => {
  const scene = createGenerateScene({ authority: createCertificateAuthority({ name: 'Round Trip', keyType }) });
  scenes.push(scene);
  const { folder, authority } = scene;
  const flags = isDelegated ? delegateFlags(scene, authority.issueResponder({ keyType })) : scene.caFlags;
  const index = folder.write(
    'index.txt',
    `${indexLine('V', '0a01')}\n${indexLine('R', '0a02', '260214102030Z,keyCompromise')}\n`,
  );

  it.each(hashes)(
    'is believed by verify with its status, with a %s CertID, in each form of responder',
    async (hash) => {
      const signed: GenerateRecord[] = [];
      for (const [number, form] of forms.entries()) {
        const paths = statuses.map(({ serialNumber }) =>
          folder.write(`${hash}-${number}/${serialNumber}.pem`, authority.issue({ serialNumber }).certificate.pem),
        );
        const result = await generate([...flags, ...form, '--hash', hash, '--index', index, ...paths]);
        expect(result).toMatchObject({ exitCode: 0, stderr: '' });
        signed.push(...result.records);
      }
      expect(signed).toHaveLength(forms.length * statuses.length);

      const result = await runRestaple([
        ...['verify', '--json', '--at', signedAt.toISOString(), '--issuer', folder.at('ca.pem')],
        // A client that gets no certificate with the response must have the delegate's from elsewhere.
        ...(isDelegated ? ['--untrusted', folder.at('delegate.pem')] : []),
        ...signed.map(({ certificate }) => certificate!),
      ]);
      // Revoked is the gravest of the three.
      expect(result.exitCode).toBe(3);
      const lines = result.lines() as unknown as VerifyLine[];
      for (const record of signed) {
        const line = lines.find(({ certificate }) => certificate === record.certificate)!;
        const { serialNumber, expected } = statuses.find(({ serialNumber: own }) => record.certificate!.includes(own))!;
        expect(line, record.certificate).toMatchObject({
          verdict: expected.verdict,
          ...expected.revocation,
          signatureAlgorithm: signatureAlgorithms[keyType],
          certId: { hashAlgorithm: hash, serialNumber },
          responder: { kind: isDelegated ? 'delegated' : 'issuer' },
        });
        expect(line.findings ?? []).toEqual([]);
        // What generate said of it is what verify finds.
        expect(record).toMatchObject({
          status: expected.verdict,
          certId: line.certId,
          responder: { kind: line.responder.kind, name: line.responder.name, keyHash: line.responder.keyHash },
        });
      }
    },
  );

  it('names the responder and embeds certificates as asked', async () => {
    const files: string[] = [];
    for (const [number, form] of forms.entries()) {
      const path = folder.write(`form-${number}.pem`, authority.issue({ serialNumber: '0a01' }).certificate.pem);
      await generate([...flags, ...form, path]);
      files.push(`${path}.ocsp`);
    }
    const inspected = (await runRestaple(['inspect', '--json', ...files])).lines() as unknown as {
      responderId: object;
      certificates: unknown[];
    }[];
    expect(
      inspected.map(({ responderId, certificates }) => [...Object.keys(responderId), certificates.length]),
    ).toEqual([
      ['byName', isDelegated ? 1 : 0],
      ['byName', 0],
      ['byKey', isDelegated ? 1 : 0],
      ['byKey', 0],
    ]);
  });

  it('ends verify with the exit code of its status, and generate with 0 whatever it is', async () => {
    for (const { serialNumber, expected } of statuses) {
      const path = folder.write(`single/${serialNumber}.pem`, authority.issue({ serialNumber }).certificate.pem);
      const { revocationTime = '', revocationReason = '' } = expected.revocation ?? {};
      const more =
        expected.revocation === undefined ? [] : ['--revoked-at', revocationTime, '--reason', revocationReason];
      const signed = await generate([...flags, '--status', expected.verdict, ...more, path]);
      expect(signed).toMatchObject({ exitCode: 0, record: { status: expected.verdict } });
      const words = ['verify', '--json', '--at', signedAt.toISOString(), '--issuer', folder.at('ca.pem'), path];
      const result = await runRestaple(words);
      const { exitCode, verdict, revocation } = expected;
      expect({ exitCode: result.exitCode, ...result.lines()[0] }).toMatchObject({ exitCode, verdict, ...revocation });
    }
  });
});
