import { hostname } from 'node:os';

import type { HashAlgorithm, StatementStatus } from '../../../src/core/index.js';
import { generateStaple, type GenerateOptions } from '../../../src/pipeline/sign/generate-staple.js';
import { prepareSigner } from '../../../src/pipeline/sign/signer.js';
import { readCertificateFile } from '../../../src/source/certificate-file.js';
import { readIndexSource } from '../../../src/source/index-file.js';
import { fixedStatus } from '../../../src/source/status-source.js';
import type { IssuedCertificate } from '../../support/certificate.js';
import { signedAt, type GenerateRecord, type GenerateScene } from './generate-scene.js';

/** What the flags of `generate` say, in the words of the library. */
export interface LibraryGeneration {
  /** Its files are delegate.pem and delegate.key, as `delegateFlags` writes them; without it the CA itself signs. */
  readonly delegate?: IssuedCertificate;
  /** --index, or --status with what belongs to it. */
  readonly source: { readonly index: string } | { readonly status: StatementStatus };
  /** --hash */
  readonly hash?: HashAlgorithm;
  /** --key-id */
  readonly byKey?: boolean;
  /** --no-certs */
  readonly withoutCertificates?: boolean;
  /** --at; default {@link signedAt} */
  readonly at?: Date;
}

/**
 * Does what `generate` does, without a process of its own: for a product of keys, hashes, forms and statuses of which
 * the program itself makes only so many that each of them had its turn.
 */
export async function generateByLibrary(
  scene: GenerateScene,
  paths: readonly string[],
  generation: LibraryGeneration,
): Promise<GenerateRecord[]> {
  const options = await optionsFor(scene, generation);
  const records: GenerateRecord[] = [];
  for (const path of paths) {
    const { staple, evidence, trouble } = await generateStaple({ path }, options);
    if (evidence === undefined) throw new Error(`${path}: ${trouble?.message ?? 'nothing was signed'}`);
    const { status, certId } = evidence.statement;
    const { kind, name, keyHash } = evidence.responder;
    records.push({
      certificate: path,
      staple: String(staple),
      status,
      certId: { ...certId },
      thisUpdate: null,
      nextUpdate: null,
      responder: { kind, name, keyHash },
    });
  }
  return records;
}

async function optionsFor(scene: GenerateScene, generation: LibraryGeneration): Promise<GenerateOptions> {
  const { folder, authority } = scene;
  const {
    delegate,
    source,
    hash = 'sha1',
    at: now = signedAt,
    byKey = false,
    withoutCertificates = false,
  } = generation;
  const { certificate: issuer } = await readCertificateFile(folder.at('ca.pem'));
  const signer = prepareSigner({
    caCertificate: issuer,
    ...(delegate === undefined
      ? { caKey: authority.key }
      : {
          responderCertificate: (await readCertificateFile(folder.at('delegate.pem'))).certificate,
          responderKey: delegate.key,
        }),
    responderId: byKey ? 'key' : 'name',
    ...(withoutCertificates ? { embedCertificates: false } : {}),
    now,
  });
  return {
    issuer,
    signer,
    source: 'index' in source ? readIndexSource(source.index) : fixedStatus(source.status),
    hash,
    validityMilliseconds: 7 * 86_400_000,
    now,
    ownProcess: { pid: process.pid, effectiveUserId: process.geteuid?.() ?? 0, hostName: hostname(), isProcessAlive },
  };
}

function isProcessAlive(pid: number): boolean {
  return pid === process.pid;
}
