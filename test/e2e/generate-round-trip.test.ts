import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { StatementStatus } from '../../src/core/index.js';
import type { IssuedCertificate } from '../support/certificate.js';
import type { KeyType } from '../support/keys.js';
import { createCertificateAuthority } from '../support/pki.js';
import { runRestaple } from '../support/run-program.js';
import { generateByLibrary } from './support/generate-by-library.js';
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

const forms = [
  { byKey: false, withoutCertificates: false },
  { byKey: false, withoutCertificates: true },
  { byKey: true, withoutCertificates: false },
  { byKey: true, withoutCertificates: true },
];

type Form = (typeof forms)[number];

function formFlags({ byKey, withoutCertificates }: Form): string[] {
  return [...(byKey ? ['--key-id'] : []), ...(withoutCertificates ? ['--no-certs'] : [])];
}

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

/** A CA and who signs for it. */
interface Row {
  readonly keyType: KeyType;
  readonly who: string;
  readonly scene: GenerateScene;
  readonly delegate?: IssuedCertificate;
  readonly flags: readonly string[];
}

const rows = keyTypes.flatMap((keyType): Row[] => {
  const direct = createGenerateScene({
    authority: createCertificateAuthority({ name: `Round Trip ${keyType}`, keyType }),
  });
  const scene = createGenerateScene({
    authority: createCertificateAuthority({ name: `Delegating Round Trip ${keyType}`, keyType }),
  });
  const delegate = scene.authority.issueResponder({ keyType });
  return [
    { keyType, who: "the CA's own key", scene: direct, flags: direct.caFlags },
    { keyType, who: "a delegate's key", scene, delegate, flags: delegateFlags(scene, delegate) },
  ];
});

afterAll(() => {
  for (const { scene } of rows) scene.folder.remove();
});

interface Signed {
  readonly hash: (typeof hashes)[number];
  readonly form: Form;
  readonly isByProgram: boolean;
  readonly record: GenerateRecord;
}

/** Signs every status in every form with every hash: the program each hash and each form once, the library the rest. */
async function signAll({ scene: { folder, authority }, delegate, flags, scene }: Row): Promise<Signed[]> {
  const index = folder.write(
    'index.txt',
    `${indexLine('V', '0a01')}\n${indexLine('R', '0a02', '260214102030Z,keyCompromise')}\n`,
  );
  const certificates = statuses.map(({ serialNumber }) => authority.issue({ serialNumber }).certificate.pem);
  const signed: Signed[] = [];
  for (const [hashNumber, hash] of hashes.entries()) {
    for (const [formNumber, form] of forms.entries()) {
      const paths = statuses.map(({ serialNumber }, number) =>
        folder.write(`${hash}-${formNumber}/${serialNumber}.pem`, certificates[number]!),
      );
      const isByProgram = hashNumber === formNumber;
      const records = isByProgram
        ? await signByProgram([...flags, ...formFlags(form), '--hash', hash, '--index', index, ...paths])
        : await generateByLibrary(scene, paths, {
            ...(delegate === undefined ? {} : { delegate }),
            source: { index },
            hash,
            ...form,
          });
      signed.push(...records.map((record) => ({ hash, form, isByProgram, record })));
    }
  }
  return signed;
}

async function signByProgram(words: readonly string[]): Promise<readonly GenerateRecord[]> {
  const result = await generate(words);
  expect(result).toMatchObject({ exitCode: 0, stderr: '' });
  return result.records;
}

describe.each(rows)('what generate signs with $who, $keyType', (row) => {
  const { keyType, delegate } = row;
  const { folder } = row.scene;
  const isDelegated = delegate !== undefined;
  let signed: Signed[];
  let verified: { readonly exitCode: number | null; readonly lines: readonly VerifyLine[] };

  beforeAll(async () => {
    signed = await signAll(row);
    const result = await runRestaple([
      ...['verify', '--json', '--at', signedAt.toISOString(), '--issuer', folder.at('ca.pem')],
      // A client that gets no certificate with the response must have the delegate's from elsewhere.
      ...(isDelegated ? ['--untrusted', folder.at('delegate.pem')] : []),
      ...signed.map(({ record }) => record.certificate!),
    ]);
    verified = { exitCode: result.exitCode, lines: result.lines() as unknown as VerifyLine[] };
  });

  it.each(hashes)('is believed by verify with its status, with a %s CertID, in each form of responder', (hash) => {
    // Revoked is the gravest of the three.
    expect(verified.exitCode).toBe(3);
    const ofHash = signed.filter((one) => one.hash === hash);
    expect(ofHash).toHaveLength(forms.length * statuses.length);
    expect(ofHash.filter(({ isByProgram }) => isByProgram)).toHaveLength(statuses.length);
    for (const { record } of ofHash) {
      const line = verified.lines.find(({ certificate }) => certificate === record.certificate)!;
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
  });

  it('names the responder and embeds certificates as asked', async () => {
    const byProgram = forms.map((form) => signed.find((one) => one.isByProgram && one.form === form)!);
    const files = byProgram.map(({ record }) => record.staple!);
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
});

describe('what generate signs with any of these keys', () => {
  it.each(statuses.map((status, turn) => ({ ...status, turn })))(
    'ends verify with exit $expected.exitCode where --status says $expected.verdict, and generate with 0',
    async ({ serialNumber, expected, turn }) => {
      const { exitCode, verdict, revocation } = expected;
      const place = `single-${verdict}/${serialNumber}.pem`;
      const paths: string[] = [];
      for (const [number, { scene, delegate, flags }] of rows.entries()) {
        const path = scene.folder.write(place, scene.authority.issue({ serialNumber }).certificate.pem);
        paths.push(path);
        // The program signs with every key, each time another status; the library signs the others.
        if (number % statuses.length !== turn) {
          const source = { status: statementStatus(expected) };
          const library = { ...(delegate === undefined ? {} : { delegate }), source };
          expect(await generateByLibrary(scene, [path], library)).toMatchObject([{ status: verdict }]);
          continue;
        }
        const { revocationTime = '', revocationReason = '' } = revocation ?? {};
        const more = revocation === undefined ? [] : ['--revoked-at', revocationTime, '--reason', revocationReason];
        const signed = await generate([...flags, '--status', verdict, ...more, path]);
        expect(signed).toMatchObject({ exitCode: 0, record: { status: verdict } });
      }
      const issuers = rows.flatMap(({ scene }) => ['--issuer', scene.folder.at('ca.pem')]);
      const result = await runRestaple(['verify', '--json', '--at', signedAt.toISOString(), ...issuers, ...paths]);
      expect(result.exitCode).toBe(exitCode);
      const lines = result.lines();
      expect(lines.map(({ certificate }) => certificate).sort()).toEqual([...paths].sort());
      for (const line of lines) expect(line).toMatchObject({ verdict, ...revocation });
    },
  );
});

function statementStatus({ verdict, revocation }: ExpectedStatus): StatementStatus {
  if (verdict !== 'revoked') return verdict;
  return { revokedAt: new Date(revocation!.revocationTime), reason: 'keyCompromise' };
}
