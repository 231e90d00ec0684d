import { chmodSync, lstatSync, readFileSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';

import { answer } from '../../support/answer.js';
import type { CertificateOptions, IssuedCertificate } from '../../support/certificate.js';
import { startResponder, type Responder } from '../../support/misbehaving-responder.js';
import { buildOcspResponse, type CertificateStatus, type OcspResponseOptions } from '../../support/ocsp-response.js';
import { createCertificateAuthority, type CertificateAuthority } from '../../support/pki.js';
import { runRestaple, startRestaple, type RunOptions, type RunResult } from '../../support/run-program.js';
import type { HashName } from '../../support/signatures.js';
import { createTemporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.js';

export const minute = 60_000;
export const hour = 60 * minute;
export const day = 24 * hour;

/** The user of a run that may not do everything; the tests' own user where that is not root. */
export const unprivileged: Pick<RunOptions, 'uid' | 'gid'> =
  process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

/** What `fetch --json` says of one certificate. */
export interface FetchRecord {
  readonly certificate: string;
  readonly outcome: string;
  readonly staple: string | null;
  readonly written: boolean;
  readonly responder: {
    readonly url: string;
    readonly method: string;
    readonly milliseconds: number;
    readonly attempts: number;
  } | null;
  readonly verdict: string | null;
  readonly thisUpdate: string | null;
  readonly nextUpdate: string | null;
  readonly nextRefresh: string | null;
  readonly error?: { readonly code: string; readonly message: string; readonly hint: string };
  readonly warnings?: readonly string[];
  readonly certificateNotAfter: string | null;
  readonly findings?: readonly { readonly rule: string }[];
}

export interface FetchResult extends RunResult {
  /** The line of the first certificate. */
  readonly record: FetchRecord;
  readonly records: readonly FetchRecord[];
  readonly summary: Readonly<Record<string, unknown>>;
}

/** A certificate in a folder of its own, its CA, and the responder that it names. */
export interface Scene {
  readonly authority: CertificateAuthority;
  /** Answers `good` for every certificate of the authority until a test wants something else. */
  readonly responder: Responder;
  readonly folder: TemporaryFolder;
  readonly site: IssuedCertificate;
  /** site.pem: certificate, CA and key, as haproxy has it. */
  readonly certificate: string;
  /** site.pem.ocsp, which is not there yet. */
  readonly staple: string;
}

export interface SceneOptions {
  readonly certificate?: (url: string) => CertificateOptions;
  readonly authority?: Parameters<typeof createCertificateAuthority>[0];
}

/** Sets a scene, lends it, and clears it away. */
export async function withScene(use: (scene: Scene) => Promise<void>, options: SceneOptions = {}): Promise<void> {
  const authority = createCertificateAuthority(options.authority);
  const folder = createTemporaryFolder();
  const responder = await startResponder({ behaviour: answer(authority) });
  try {
    const site = authority.issue({ ocspUris: [responder.url], ...options.certificate?.(responder.url) });
    const certificate = folder.write('site.pem', bundleOf(site, authority));
    await use({ authority, responder, folder, site, certificate, staple: `${certificate}.ocsp` });
  } finally {
    await responder.close();
    chmodSync(folder.path, 0o700);
    folder.remove();
  }
}

/** Sets a scene for each of these, lends all of them at once, and clears them away; returns what `use` returns. */
export async function withScenes<T>(
  all: readonly SceneOptions[],
  use: (scenes: readonly Scene[]) => Promise<T>,
  scenes: readonly Scene[] = [],
): Promise<T> {
  const [first, ...rest] = all;
  if (first === undefined) return await use(scenes);
  let result: { readonly value: T } | undefined;
  await withScene(async (scene) => {
    result = { value: await withScenes(rest, use, [...scenes, scene]) };
  }, first);
  return result!.value;
}

/** Options of a scene whose certificate names these paths of the responder, or whole URIs, in this order. */
export function naming(...places: readonly string[]): SceneOptions {
  return {
    certificate: (url) => ({ ocspUris: places.map((place) => (place.startsWith('/') ? url + place : place)) }),
  };
}

/** Certificate, CA and key in one file. */
export function bundleOf(certificate: IssuedCertificate, authority: IssuedCertificate): string {
  return certificate.certificate.pem + authority.certificate.pem + certificate.keyPem;
}

/** Runs `restaple fetch --json` on the scene's certificate, loopback allowed, one attempt of 5 s unless the flags say otherwise. */
export async function fetchSite(
  scene: Scene,
  flags: readonly string[] = [],
  options: RunOptions = {},
): Promise<FetchResult> {
  return withRecords(await runRestaple(withUsual([...flags, scene.certificate]), options));
}

/** Like {@link fetchSite} for whatever the words name. */
export async function fetchJson(words: readonly string[], options: RunOptions = {}): Promise<FetchResult> {
  return withRecords(await runRestaple(withUsual(words), options));
}

/** Starts {@link fetchSite} for a test that sends it a signal. */
export function startFetch(scene: Scene, flags: readonly string[] = []): ReturnType<typeof startRestaple> {
  return startRestaple(withUsual([...flags, scene.certificate]));
}

const usualFlags = { '--retries': '0', '--timeout': '5s' };

/** The words of `restaple fetch --json` with the usual values of what they do not give themselves, since a flag may be given once. */
export function withUsual(words: readonly string[]): string[] {
  const missing = Object.entries(usualFlags).filter(([name]) => !words.includes(name));
  return ['fetch', '--json', '--allow-private', ...missing.flat(), ...words];
}

function withRecords(result: RunResult): FetchResult {
  const lines = result.lines();
  const records = lines.filter((line) => 'outcome' in line) as unknown as FetchRecord[];
  const [record] = records;
  const summary = lines.at(-1)?.['summary'];
  if (record === undefined || typeof summary !== 'object' || summary === null) {
    throw new Error(`no record in:\n${result.stdout}\nstderr:\n${result.stderr}`);
  }
  return { ...result, record, records, summary: summary as Record<string, unknown> };
}

export interface StapleOptions {
  readonly status?: CertificateStatus;
  /** Milliseconds from now; default two hours before. */
  readonly thisUpdateOffset?: number;
  /** Milliseconds from now; default six days after; null leaves it out. */
  readonly nextUpdateOffset?: number | null;
  /** Of whom it speaks; default the scene's certificate. */
  readonly subject?: IssuedCertificate;
  readonly hash?: HashName;
  /** Whose name and key are in the CertID; default the authority. */
  readonly issuer?: IssuedCertificate;
  readonly response?: Partial<Omit<OcspResponseOptions, 'responses'>>;
}

/** A response about the scene's certificate by its authority: good, of two hours ago, and older than what the responder sends. */
export function stapleOf(scene: Scene, options: StapleOptions = {}): Buffer {
  const { subject = scene.site, issuer = scene.authority, nextUpdateOffset = 6 * day } = options;
  const thisUpdate = fromNow(options.thisUpdateOffset ?? -2 * hour);
  return buildOcspResponse({
    signer: scene.authority,
    producedAt: thisUpdate,
    ...options.response,
    responses: [
      {
        certId: {
          issuer,
          serialNumber: subject.serialNumber,
          ...(options.hash === undefined ? {} : { hash: options.hash }),
        },
        status: options.status ?? 'good',
        thisUpdate,
        nextUpdate: nextUpdateOffset === null ? null : fromNow(nextUpdateOffset),
      },
    ],
  });
}

/** Writes a staple beside the certificate and returns its bytes. */
export function storeStaple(scene: Scene, options: StapleOptions | Uint8Array = {}): Uint8Array {
  const bytes = options instanceof Uint8Array ? options : stapleOf(scene, options);
  writeFileSync(scene.staple, bytes);
  return bytes;
}

export function fromNow(milliseconds: number): Date {
  return new Date(Date.now() + milliseconds);
}

/** Everything in a folder and what would show that it was touched. */
export function snapshot(folder: string): Record<string, string> {
  const found = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return Object.fromEntries(
    found.map((entry) => {
      const path = `${folder}/${entry.name}`;
      const { ino, mtimeMs, mode, uid } = lstatSync(path);
      const contents = entry.isFile()
        ? readFileSync(path).toString('base64')
        : entry.isSymbolicLink()
          ? readlinkSync(path)
          : 'folder';
      return [entry.name, `${ino} ${mtimeMs} ${mode.toString(8)} ${uid} ${contents}`];
    }),
  );
}

/** The names in the scene's folder. */
export function namesIn(scene: Scene): string[] {
  return readdirSync(scene.folder.path).sort();
}

/** The dot file that keeps a revoked answer beside a staple. */
export function revokedMarkOf(scene: Scene): string {
  return scene.folder.at(`.${basename(scene.staple)}.restaple-revoked`);
}
