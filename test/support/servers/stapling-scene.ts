import { existsSync, renameSync, statSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

import { decodeCertificate, type Certificate } from '../../../src/core/index.js';
import { probeServer } from '../../../src/probe/tls-probe.js';
import type { ProbeRequest, ProbeResult } from '../../../src/probe/probe-request.js';
import type { IssuedCertificate } from '../certificate.js';
import { buildOcspResponse } from '../ocsp-response.js';
import { createCertificateAuthority, type CertificateAuthority } from '../pki.js';
import type { TemporaryFolder } from '../temporary-folder.js';

export const authority: CertificateAuthority = createCertificateAuthority();

/** A certificate with its files, as servers want them. */
export interface ServerCertificate {
  readonly issued: IssuedCertificate;
  readonly certificate: Certificate;
  /** Certificate and issuer, PEM. */
  readonly chain: string;
  /** The private key, PEM. */
  readonly key: string;
  /** All of it in one file. */
  readonly full: string;
  readonly staplePath: string;
}

/** Issues a certificate for a host name and writes its files into the folder. */
export function issueServerCertificate(
  folder: TemporaryFolder,
  options: { readonly name?: string; readonly keyType?: 'rsa-2048' | 'ec-p256'; readonly mustStaple?: boolean } = {},
): ServerCertificate {
  const { name = 'server.example', keyType = 'ec-p256', mustStaple = false } = options;
  const issued = authority.issue({ commonName: name, subjectAltNames: [name], keyType, mustStaple });
  const base = `${name}-${keyType}`;
  const chainText = issued.certificate.pem + authority.certificate.pem;
  return {
    issued,
    certificate: decodeCertificate(issued.certificate.der),
    chain: folder.write(`${base}.pem`, chainText),
    key: folder.write(`${base}.key`, issued.keyPem, 0o600),
    full: folder.write(`${base}.full`, issued.keyPem + chainText, 0o600),
    staplePath: folder.at(`${base}.ocsp`),
  };
}

const hour = 3_600_000;

/** A good response, made so many hours ago and valid for a week from then: servers judge it by the real clock. */
export function stapleFor({ issued }: Pick<ServerCertificate, 'issued'>, hoursAgo: number): Uint8Array {
  const thisUpdate = new Date(Math.floor(Date.now() / hour) * hour - hoursAgo * hour);
  return new Uint8Array(
    buildOcspResponse({
      signer: authority,
      producedAt: thisUpdate,
      responses: [
        {
          certId: { issuer: authority, serialNumber: issued.serialNumber },
          thisUpdate,
          nextUpdate: new Date(thisUpdate.getTime() + 168 * hour),
        },
      ],
    }),
  );
}

/** Writes a file beside the old one and renames it over that, as restaple does. */
export function replaceFile(folder: TemporaryFolder, path: string, contents: Uint8Array): void {
  renameSync(folder.write('.new', contents), path);
}

/** A probe of 127.0.0.1 with a generous limit. */
export function probe(port: number, options: Partial<ProbeRequest> = {}): Promise<ProbeResult> {
  return probeServer({
    host: '127.0.0.1',
    port,
    serverName: 'server.example',
    timeoutMilliseconds: 10_000,
    signal: new AbortController().signal,
    ...options,
  });
}

/** Probes until the staple is the expected one; the last staple otherwise. A server that restarts may refuse for a moment. */
export async function stapleOnceItIs(port: number, expected: Uint8Array): Promise<Uint8Array | undefined> {
  let staple: Uint8Array | undefined;
  await until(async () => {
    staple = (await probe(port).catch(() => undefined))?.staple;
    return staple !== undefined && Buffer.from(staple).equals(expected);
  });
  return staple;
}

/** Waits for a pid file that has something in it. */
export async function untilWritten(path: string): Promise<void> {
  const isWritten = await until(() => existsSync(path) && statSync(path).size > 0);
  if (!isWritten) throw new Error(`${path} was not written`);
}

async function until(condition: () => boolean | Promise<boolean>): Promise<boolean> {
  const deadline = performance.now() + 15_000;
  for (;;) {
    if (await condition()) return true;
    if (performance.now() > deadline) return false;
    await wait(50);
  }
}
