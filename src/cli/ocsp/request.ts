import { randomBytes } from 'node:crypto';
import {
  createCertId,
  createCertIdForSerialNumber,
  createRequest,
  decodeRequest,
  type CertId,
  type Certificate,
  type OcspRequest,
} from '../../core/index.js';
import { serialNumberOfInteger } from '../../core/cert-id.js';
import { signRequest, withNonce } from '../../core/sign-request.js';
import { loadCertificate, loadCertificates, loadKey, openSink, readMessage, type Sink } from './files.js';
import { orFailure, unusable } from './failure.js';
import { requestText } from './text/request-text.js';
import type { OcspOptions, RequestStep } from './options.js';
import type { OpensslStreams } from './streams.js';

/** What is asked for, by the word that named it on the command line: lines are labelled with that word. */
export interface LabelledCertId {
  readonly label: string;
  readonly certId: CertId;
}

/** A request as it is sent, written and answered. */
export interface PreparedRequest {
  readonly der: Uint8Array;
  readonly request: OcspRequest;
  /** Empty for a request that was read. */
  readonly asked: readonly LabelledCertId[];
  /** The certificates of -issuer. */
  readonly issuers: readonly Certificate[];
}

/** The certificates and serial numbers that are asked for, and the issuers. Throws OpensslFailure for the first that cannot be. */
export async function loadSteps(steps: readonly RequestStep[]): Promise<Pick<PreparedRequest, 'asked' | 'issuers'>> {
  const issuers: Certificate[] = [];
  const asked: LabelledCertId[] = [];
  for (const step of steps) {
    if (step.kind === 'issuer') {
      issuers.push(await loadCertificate(step.file, 'issuer certificate'));
      continue;
    }
    const subject = step.kind === 'cert' ? await loadCertificate(step.file, 'certificate') : undefined;
    const issuer = issuers.at(-1);
    if (issuer === undefined) throw unusable('No issuer certificate specified');
    if (step.kind === 'cert' && subject !== undefined) {
      asked.push({ label: step.file, certId: createCertId(subject, issuer, step.hash) });
    } else if (step.kind === 'serial') {
      const serialNumber = serialNumberOf(step.number);
      asked.push({ label: step.number, certId: createCertIdForSerialNumber(serialNumber, issuer, step.hash) });
    }
  }
  return { asked, issuers };
}

/** A decimal number, or a hexadecimal one behind 0x, either with a minus sign. */
function serialNumberOf(text: string): string {
  const [, sign, hexadecimal, decimal] = /^(-?)(?:0x([0-9a-f]+)|(\d+))$/i.exec(text) ?? [];
  const digits = hexadecimal === undefined ? decimal : `0x${hexadecimal}`;
  if (digits === undefined || text.length > 1000) throw unusable(`Error converting serial number ${text}`);
  const size = BigInt(digits);
  return serialNumberOfInteger(sign === '-' ? -size : size);
}

/**
 * The request of these options: made of -cert and -serial, else read from -reqin; with its nonce, signed, printed and
 * written where that is asked for.
 *
 * @returns nothing where there is none
 * @throws OpensslFailure
 */
export async function prepareRequest(
  options: OcspOptions,
  out: Sink,
  { stdout }: OpensslStreams,
): Promise<PreparedRequest | undefined> {
  const { switches, texts } = options;
  const found = await foundRequest(options);
  if (found === undefined) return undefined;
  const der = await signed(found.der, options);
  if (switches.has('text') || switches.has('req_text')) out.write(requestText(der));
  if (texts.reqout !== undefined) openSink(texts.reqout, stdout).write(der);
  return { ...found, der, request: decodeRequest(der) };
}

async function foundRequest(options: OcspOptions): Promise<Omit<PreparedRequest, 'request'> | undefined> {
  const { steps, texts, nonce } = options;
  const loaded = await loadSteps(steps);
  if (loaded.asked.length > 0) {
    const certIds = loaded.asked.map(({ certId }) => certId);
    const der = createRequest(nonce === false ? { certIds } : { certIds, nonce: newNonce() });
    return { ...loaded, der };
  }
  if (texts.reqin === undefined) return undefined;
  const read = await readMessage(texts.reqin);
  await orFailure(['Error reading OCSP request'], () => decodeRequest(read));
  return { ...loaded, der: nonce === true ? withNonce(read, newNonce()) : read };
}

/** As many octets as openssl 3.0 takes. */
function newNonce(): Uint8Array {
  return randomBytes(16);
}

async function signed(der: Uint8Array, { switches, texts }: OcspOptions): Promise<Uint8Array> {
  const { signer, signkey = signer, sign_other: other } = texts;
  if (signer === undefined || signkey === undefined) return der;
  const certificate = await loadCertificate(signer, 'signer certificate', 'Error loading signer certificate');
  const others = other === undefined ? [] : await loadCertificates(other, 'signer certificates');
  const key = await loadKey(signkey, 'signer private key', { texts });
  const embeddedCertificates = switches.has('no_certs') ? [] : [certificate, ...others].map((one) => one.der);
  return await orFailure(['Error signing OCSP request'], () =>
    signRequest(der, { certificate, key, embeddedCertificates }),
  );
}
