import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';

import { answerTo, requestBytes } from '../../support/answer.js';
import { sendOcsp } from '../../support/behaviours.js';
import type { CertificateOptions, IssuedCertificate } from '../../support/certificate.js';
import { generateKey } from '../../support/keys.js';
import { startResponder, type Behaviour, type Responder } from '../../support/misbehaving-responder.js';
import { buildOcspResponse } from '../../support/ocsp-response.js';
import { createCertificateAuthority, type CertificateAuthority } from '../../support/pki.js';
import { createTemporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.js';
import { day, fetchJson, fromNow, type FetchRecord, type FetchResult } from './fetch-scene.js';

/** Many certificates of one CA in one folder, and the responder that they name. */
export interface FleetScene {
  readonly authority: CertificateAuthority;
  readonly responder: Responder;
  readonly folder: TemporaryFolder;
  /** The CA's certificate, outside of the folder. */
  readonly issuer: string;
  /** Adds NAME.pem; its responder is `url`, else the scene's with the name as its path. */
  add(name: string, options?: CertificateOptions & { readonly url?: string }): Member;
}

export interface Member {
  readonly certificate: string;
  readonly staple: string;
  readonly issued: IssuedCertificate;
}

/** Sets a fleet's scene, lends it, and clears it away. Nobody uses the key of a leaf, so all have the same one. */
export async function withFleet(use: (fleet: FleetScene) => Promise<void>): Promise<void> {
  const authority = createCertificateAuthority();
  const key = generateKey();
  const folder = createTemporaryFolder('restaple-fleet-');
  const aside = createTemporaryFolder('restaple-fleet-ca-');
  const issuer = aside.write('ca.pem', authority.certificate.pem);
  const responder = await startResponder({ behaviour: good(authority) });
  const add: FleetScene['add'] = (name, { url = `${responder.url}/${name}`, ...options } = {}) => {
    const issued = authority.issue({ commonName: `${name}.example`, key, ocspUris: [url], ...options });
    const certificate = folder.at(`${name}.pem`);
    writeFileSync(certificate, issued.certificate.pem);
    return { certificate, staple: `${certificate}.ocsp`, issued };
  };
  try {
    await use({ authority, responder, folder, issuer, add });
  } finally {
    await responder.close();
    rmSync(aside.path, { recursive: true });
    folder.remove();
  }
}

/** Good answers of now; every one of them is given to `onSent` with the path it was asked at. */
export function good(authority: CertificateAuthority, onSent?: (path: string, bytes: Buffer) => void): Behaviour {
  return ({ request, response }) => {
    const bytes = answerTo(requestBytes(request, ''), authority);
    onSent?.(request.url, bytes);
    sendOcsp(response, bytes);
  };
}

/** A staple of five days ago that is good for five more: due, and long from the alert. */
export function dueStaple(authority: CertificateAuthority, subject: IssuedCertificate): Buffer {
  const thisUpdate = fromNow(-5 * day);
  return buildOcspResponse({
    signer: authority,
    producedAt: thisUpdate,
    responses: [
      {
        certId: { issuer: authority, serialNumber: subject.serialNumber },
        thisUpdate,
        nextUpdate: fromNow(5 * day),
      },
    ],
  });
}

/** Runs `restaple fetch --json` over the folder of a fleet. */
export async function fetchFleet(
  { folder, issuer }: FleetScene,
  flags: readonly string[] = [],
  timeoutMilliseconds = 60_000,
): Promise<FetchResult> {
  return await fetchJson(['--issuer', issuer, ...flags, folder.path], { timeoutMilliseconds });
}

/** How many records there are of each outcome. */
export function counted(records: readonly FetchRecord[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { outcome } of records) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}

/** The names in a folder that a run may leave behind when it is killed. */
export function leftoversIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => /restaple-(?:tmp|lock)/.test(name));
}

export function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
