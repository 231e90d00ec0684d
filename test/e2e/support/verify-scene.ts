import { afterEach, beforeEach, expect } from 'vitest';

import type { IssuedCertificate } from '../../support/certificate.js';
import {
  buildOcspResponse,
  responseTimes,
  type OcspResponseOptions,
  type SingleResponseOptions,
} from '../../support/ocsp-response.js';
import { createCertificateAuthority } from '../../support/pki.js';
import { runRestaple, type RunResult } from '../../support/run-program.js';
import { createTemporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.js';

export const now = responseTimes.now.toISOString();
export const minute = 60_000;
export const year2025 = new Date('2025-01-01T00:00:00Z');

export const root = createCertificateAuthority({ name: 'Verify Root' });
export const authority = root.issue({ commonName: 'Verify CA', isCa: true });
export const stranger = createCertificateAuthority({ name: 'Stranger CA' });
export const site = authority.issue({ ocspUris: ['http://ocsp.example/'], serialNumber: '0a1b2c' });
export const other = authority.issue({ serialNumber: '0d0e0f' });

export let folder: TemporaryFolder;
export let certificate: string;
export let staple: string;
export let issuerFile: string;

/** Gives every test of a file a folder of its own with the certificate, no staple yet, and the CA. */
export function useVerifyScene(): void {
  beforeEach(() => {
    folder = createTemporaryFolder();
    certificate = folder.write('site.pem', site.certificate.pem + authority.certificate.pem);
    staple = `${certificate}.ocsp`;
    issuerFile = folder.write('ca.crt', authority.certificate.pem);
  });
  afterEach(() => folder.remove());
}

export function statement(
  options: Partial<SingleResponseOptions> = {},
  of: IssuedCertificate = site,
): SingleResponseOptions {
  return { certId: { issuer: authority, serialNumber: of.serialNumber }, ...options };
}

/** A good response of the issuer itself, but for these options. */
export function response(options: Partial<OcspResponseOptions> = {}): Buffer {
  return buildOcspResponse({ signer: authority, responses: [statement()], ...options });
}

export function delegated(delegate: IssuedCertificate, options: Partial<OcspResponseOptions> = {}): Buffer {
  return response({ signer: delegate, certificates: [delegate.certificate.der], ...options });
}

export interface VerifyRecord {
  readonly verdict: string | null;
  readonly failure?: Readonly<Record<string, string>> & { readonly code: string };
  readonly responder?: { readonly kind: string; readonly name: string };
  readonly findings?: readonly { readonly rule: string; readonly severity: string }[];
  readonly error?: { readonly code: string; readonly message: string; readonly hint: string };
  readonly outcome?: string;
  readonly statements?: readonly (VerifyRecord & { readonly certId: { readonly serialNumber: string } })[];
  readonly [name: string]: unknown;
}

export type Judged = RunResult & { readonly record: VerifyRecord };

/** Judges bytes as the staple of site.pem in the middle of their life. */
export async function judge(bytes: Uint8Array, flags: readonly string[] = []): Promise<Judged> {
  folder.write('site.pem.ocsp', bytes);
  return await verify([...flags, certificate]);
}

/** Judges many responses in one run, each as the staple of a copy of the certificate. */
export async function judgeAll(
  responses: readonly Uint8Array[],
): Promise<{ exitCode: unknown; records: VerifyRecord[] }> {
  const copies = responses.map((bytes, index) => {
    const copy = folder.write(`copy-${index}.pem`, site.certificate.pem + authority.certificate.pem);
    folder.write(`copy-${index}.pem.ocsp`, bytes);
    return copy;
  });
  const result = await runRestaple(['verify', '--json', '--at', now, ...copies]);
  return { exitCode: result.exitCode, records: result.lines() as unknown as VerifyRecord[] };
}

export async function verify(words: readonly string[]): Promise<Judged> {
  const at = words.includes('--at') ? [] : ['--at', now];
  const result = await runRestaple(['verify', '--json', ...at, ...words]);
  const [record] = result.lines();
  if (record === undefined) throw new Error(result.stderr);
  return { ...result, record: record as unknown as VerifyRecord };
}

export function expectGood({ exitCode, record, stderr }: Judged, ...rules: string[]): void {
  expect({ exitCode, verdict: record.verdict, failure: record.failure }).toEqual({ exitCode: 0, verdict: 'good' });
  expect(stderr).toBe('');
  expect((record.findings ?? []).map(({ rule }) => rule)).toEqual(rules);
}

export function expectFailure({ exitCode, record }: Judged, code: string, expectedExitCode: number): void {
  expect({ exitCode, code: record.failure?.code }).toEqual({ exitCode: expectedExitCode, code });
  expect(record.verdict).toBe(code === 'refused' ? 'refused' : 'invalid');
}
