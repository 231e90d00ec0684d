import { lstatSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

import type { CertificateOptions, IssuedCertificate } from '../../support/certificate.js';
import { createCertificateAuthority, type CertificateAuthority } from '../../support/pki.js';
import { runRestaple, type RunOptions, type RunResult } from '../../support/run-program.js';
import { createTemporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.js';

export const minute = 60_000;
export const hour = 60 * minute;
export const day = 24 * hour;

/** When the tests sign, unless they say otherwise; certificates of the test CA hold from 2020 to 2049. */
export const signedAt = new Date('2026-03-02T12:00:00Z');

/** A time so many milliseconds after `signedAt`, as the program writes it. */
export function after(milliseconds: number): string {
  return iso(new Date(signedAt.getTime() + milliseconds));
}

export function iso(time: Date): string {
  return time.toISOString().replace('.000Z', 'Z');
}

/** What `generate --json` says of one certificate. */
export interface GenerateRecord {
  readonly certificate?: string;
  readonly serialNumber?: string;
  readonly staple: string | null;
  readonly status: string | null;
  readonly certId: Readonly<Record<string, string>> | null;
  readonly thisUpdate: string | null;
  readonly nextUpdate: string | null;
  readonly revocationTime?: string;
  readonly revocationReason?: string;
  readonly responder: { readonly kind: string; readonly name: string; readonly keyHash: string } | null;
  readonly warnings?: readonly string[];
  readonly error?: { readonly code: string; readonly message: string; readonly hint: string };
}

export interface GenerateResult extends RunResult {
  /** The line of the first certificate. */
  readonly record: GenerateRecord;
  readonly records: readonly GenerateRecord[];
}

/** A CA in a folder of its own, and one certificate of it. */
export interface GenerateScene {
  readonly folder: TemporaryFolder;
  readonly authority: CertificateAuthority;
  readonly site: IssuedCertificate;
  /** site.pem */
  readonly certificate: string;
  /** site.pem.ocsp, which is not there yet. */
  readonly staple: string;
  /** --ca-cert and --ca-key */
  readonly caFlags: readonly string[];
  /** --ca-cert alone */
  readonly issuerFlags: readonly string[];
}

export function createGenerateScene(
  options: { readonly authority?: CertificateAuthority; readonly site?: CertificateOptions } = {},
): GenerateScene {
  const folder = createTemporaryFolder();
  const { authority = createCertificateAuthority({ name: 'Own CA' }) } = options;
  const site = authority.issue({ serialNumber: '0a01', ...options.site });
  const certificate = folder.write('site.pem', site.certificate.pem);
  const issuerFlags = ['--ca-cert', folder.write('ca.pem', authority.certificate.pem)];
  const caFlags = [...issuerFlags, '--ca-key', folder.write('ca.key', authority.keyPem, 0o600)];
  return { folder, authority, site, certificate, staple: `${certificate}.ocsp`, caFlags, issuerFlags };
}

/** Writes a delegate's certificate and key; returns the flags that name the CA and it. */
export function delegateFlags(scene: GenerateScene, delegate: IssuedCertificate, name = 'delegate'): string[] {
  const { folder, issuerFlags } = scene;
  const certificate = folder.write(`${name}.pem`, delegate.certificate.pem);
  const key = folder.write(`${name}.key`, delegate.keyPem, 0o600);
  return [...issuerFlags, '--responder-cert', certificate, '--responder-key', key];
}

/** Runs `generate --json` as of `signedAt`, unless the words name a time. */
export async function generate(words: readonly string[], options: RunOptions = {}): Promise<GenerateResult> {
  const at = words.includes('--at') ? [] : ['--at', signedAt.toISOString()];
  const result = await runRestaple(['generate', '--json', ...at, ...words], options);
  const records = result.lines() as unknown as GenerateRecord[];
  const [record] = records;
  if (record === undefined) throw new Error(`generate said nothing on stdout: ${result.stderr}`);
  return { ...result, record, records };
}

/** Everything in a folder: names, contents, modes and links, so that two listings are equal when nothing was changed. */
export function contentsOf(folder: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    const path = join(folder, name);
    const status = lstatSync(path);
    const text = status.isSymbolicLink()
      ? readlinkSync(path)
      : status.isFile()
        ? readFileSync(path).toString('base64')
        : '';
    found[name] = `${status.mode.toString(8)} ${status.uid} ${status.ino} ${text}`;
  }
  return found;
}

/** One line of openssl's index.txt; `revocation` is `time[,reason]`. */
export function indexLine(flag: 'V' | 'R' | 'E', serialNumber: string, revocation = ''): string {
  return [flag, '491231235959Z', revocation, serialNumber.toUpperCase(), 'unknown', `/CN=${serialNumber}`].join('\t');
}
