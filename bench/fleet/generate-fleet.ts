import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { encodeCertId } from '../../test/support/cert-id.js';
import { randomSerial, type IssuedCertificate } from '../../test/support/certificate.js';
import { readSequence } from '../../test/support/der-reader.js';
import { buildOcspResponse, wrapResponseBytes } from '../../test/support/ocsp-response.js';
import { createCertificateAuthority, type CertificateAuthority } from '../../test/support/pki.js';
import { pem } from '../../test/support/pem.js';
import { signedTemplate, type Replacement } from './signed-template.js';
import { writeAnswers, type Answer } from './answers.js';

export interface FleetOptions {
  /** An empty folder. */
  readonly folder: string;
  /** How many certificates. */
  readonly size: number;
  /** Port of the responder on 127.0.0.1 that each certificate names. */
  readonly port: number;
  /** When the answers are made: their thisUpdate is one hour earlier, their nextUpdate seven days after that. */
  readonly now: Date;
}

/** Where things are in the folder of a fleet. */
export const fleetPlaces = { certificates: 'certificates', issuer: 'issuer.pem', answers: 'answers.bin' } as const;

const hour = 3_600_000;
const life = 7 * 24 * hour;

/** Both are replaced in each certificate by values of the same length. */
const placeholderName = 'site-000000.example';
const placeholderSerial = Buffer.from('placeholderSeria');

/**
 * Writes a fleet: certificates/NAME.pem, each a leaf and its issuer in one file, as haproxy has them but without key; the
 * issuer by itself; and the signed answer for each. One RSA-2048 CA signs certificates and answers, by PKCS#1 v1.5 and
 * SHA-256. All leaves share one RSA-2048 key, which costs a client nothing less: nobody uses the key of a leaf.
 */
export async function generateFleet({ folder, size, port, now }: FleetOptions): Promise<void> {
  const authority = createCertificateAuthority({ name: 'Fleet Bench CA', keyType: 'rsa-2048' });
  const model = authority.issue({
    commonName: placeholderName,
    subjectAltNames: [placeholderName],
    serialNumber: placeholderSerial.toString('hex'),
    keyType: 'rsa-2048',
    extendedKeyUsage: ['1.3.6.1.5.5.7.3.1'],
    ocspUris: [`http://127.0.0.1:${port}/`],
  });
  const signCertificate = certificateSigner(authority, model);
  const signAnswer = answerSigner(authority, now);

  const certificates = join(folder, fleetPlaces.certificates);
  mkdirSync(certificates);
  const answers: Answer[] = [];
  await forEachConcurrently(size, async (index) => {
    const serial = randomSerial();
    const name = placeholderName.replace('000000', String(index).padStart(6, '0'));
    const [certificate, response] = await Promise.all([signCertificate(name, serial), signAnswer(serial)]);
    writeFileSync(join(certificates, `${name}.pem`), pem('CERTIFICATE', certificate) + authority.certificate.pem);
    answers.push({ name, serial, response });
  });
  writeFileSync(join(folder, fleetPlaces.issuer), authority.certificate.pem);
  writeAnswers(join(folder, fleetPlaces.answers), answers);
}

function certificateSigner(
  authority: CertificateAuthority,
  model: IssuedCertificate,
): (name: string, serial: Uint8Array) => Promise<Buffer> {
  const sign = signedTemplate(firstOf(model.certificate.der), authority.key);
  return (name, serial) => sign([[Buffer.from(placeholderName), Buffer.from(name)], serialReplacement(serial)]);
}

function answerSigner(authority: CertificateAuthority, now: Date): (serial: Uint8Array) => Promise<Buffer> {
  const thisUpdate = new Date(now.getTime() - hour);
  const model = buildOcspResponse({
    signer: authority,
    producedAt: thisUpdate,
    responses: [
      {
        certId: encodeCertId({ issuer: authority, serialNumber: placeholderSerial.toString('hex') }),
        thisUpdate,
        nextUpdate: new Date(thisUpdate.getTime() + life),
      },
    ],
  });
  const sign = signedTemplate(responseDataOf(model), authority.key);
  return async (serial) => wrapResponseBytes(await sign([serialReplacement(serial)]));
}

function serialReplacement(serial: Uint8Array): Replacement {
  return [placeholderSerial, serial];
}

/** OCSPResponse → responseBytes → BasicOCSPResponse → tbsResponseData (RFC 6960 §4.2.1). */
function responseDataOf(response: Uint8Array): Uint8Array {
  const responseBytes = readSequence(response)[1]!;
  const basic = readSequence(responseBytes.contents)[1]!;
  return firstOf(basic.contents);
}

function firstOf(der: Uint8Array): Uint8Array {
  return readSequence(der)[0]!.der;
}

async function forEachConcurrently(count: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: 4 * availableParallelism() }, worker));
}
