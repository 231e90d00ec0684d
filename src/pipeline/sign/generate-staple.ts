import {
  OcspError,
  createCertId,
  createCertIdForSerialNumber,
  decodeResponse,
  isBelieved,
  isIssuedBy,
  isResponse,
  signResponse,
  verifyResponse,
  type BelievedEvidence,
  type CertId,
  type Certificate,
  type HashAlgorithm,
  type ResponseSigner,
  type Subject,
} from '../../core/index.js';
import { bytesEqual } from '../../core/bytes.js';
import { distinguishedNameToString } from '../../core/distinguished-name.js';
import { shownPath, type FilePath } from '../../core/file-path.js';
import { formatTime } from '../../core/time.js';
import { readCertificateFile } from '../../source/certificate-file.js';
import type { CrlSource } from '../../source/crl-file.js';
import type { StatusSource } from '../../source/status-source.js';
import type { OwnProcess } from '../../store/lock-holder.js';
import { removeLeftoverTemporaryFile } from '../../store/remove-file.js';
import { staplePathFor, staplePathForSerialNumber } from '../../store/staple-location.js';
import { storingFailure } from '../../store/storable.js';
import { replaceStaple } from '../../store/write-staple.js';
import { responseWindow, type ResponseWindow } from './response-window.js';
import { troubleOfOne, type Trouble } from '../trouble.js';
import { definedOnly } from '../../core/defined-only.js';

/** What to sign with, and how; durations in milliseconds. */
export interface GenerateOptions {
  readonly issuer: Certificate;
  readonly signer: ResponseSigner;
  /** Where statuses come from; a CRL may not reach every certificate of its CA. */
  readonly source: StatusSource & Partial<Pick<CrlSource, 'coverageFailure'>>;
  readonly hash: HashAlgorithm;
  readonly validityMilliseconds: number;
  readonly out?: string;
  readonly now: Date;
  readonly ownProcess: OwnProcess;
}

/** For whom a response is generated: a certificate file, or a serial number of the CA (hex of its INTEGER contents). */
export type GenerateSubject = { readonly path: FilePath } | { readonly serialNumber: string };

/** What was generated, or why nothing was. */
export interface GenerateResult {
  readonly subject: GenerateSubject;
  readonly staple?: FilePath;
  readonly written: boolean;
  readonly evidence?: { readonly kind: 'good' | 'revoked' | 'unknown' } & BelievedEvidence;
  readonly warnings: readonly string[];
  readonly trouble?: Trouble;
}

/**
 * Signs a response for one certificate, verifies it as a client would, and stores it atomically.
 *
 * @returns the result; what goes wrong with this certificate is in it and never thrown, `usage` aside
 */
export async function generateStaple(subject: GenerateSubject, options: GenerateOptions): Promise<GenerateResult> {
  let staple: FilePath | undefined;
  try {
    const target = await locateTarget(subject, options);
    staple = target.staple;
    const window = responseWindow(
      options.now,
      options.validityMilliseconds,
      options.source.thisUpdate,
      limitsOf(target, options),
    );
    const bytes = signFor(target, window, options);
    const evidence = verifyOwn(bytes, target, options);
    const stored = await store(staple, bytes, evidence, target, options);
    return { subject, staple, written: stored.written, evidence, warnings: [...clipping(window), ...stored.warnings] };
  } catch (error) {
    return definedOnly({ subject, staple, written: false, warnings: [], trouble: troubleOfOne(error) });
  }
}

interface Target {
  readonly certId: CertId;
  readonly verifySubject: Subject;
  readonly certificate: Certificate | undefined;
  readonly staple: FilePath;
}

async function locateTarget(subject: GenerateSubject, { issuer, hash, out, source }: GenerateOptions): Promise<Target> {
  if ('serialNumber' in subject) {
    const { serialNumber } = subject;
    const certId = createCertIdForSerialNumber(serialNumber, issuer, hash);
    const staple = staplePathForSerialNumber(serialNumber, out);
    requireCoverage(serialNumber, undefined, source);
    return { certId, verifySubject: { serialNumber }, certificate: undefined, staple };
  }
  const { certificate } = await readCertificateFile(subject.path);
  if (!isIssuedBy(certificate, issuer)) {
    const name = distinguishedNameToString(issuer.subject);
    throw new OcspError(
      'issuer-mismatch',
      `${shownPath(subject.path)} was not issued by ${name}`,
      'name the CA that issued it with --ca-cert; responses for the certificates of others are not believed',
    );
  }
  requireCoverage(certificate.serialNumber, certificate, source);
  const certId = createCertId(certificate, issuer, hash);
  return { certId, verifySubject: { certificate }, certificate, staple: staplePathFor(subject.path, certificate, out) };
}

/** What a CRL lists is revoked, for whomever it is; its silence is good only for those. */
function requireCoverage(
  serialNumber: string,
  certificate: Certificate | undefined,
  source: GenerateOptions['source'],
): void {
  if (source.statusOf(serialNumber) !== 'good') return;
  const notCovered = source.coverageFailure?.(certificate);
  if (notCovered === undefined) return;
  throw new OcspError('crl-unsupported', notCovered, 'use the CRL that the certificate names as its own');
}

function limitsOf({ certificate }: Target, { signer, source }: GenerateOptions) {
  return [
    { end: source.nextUpdate, what: 'the CRL' },
    { end: signer.certificate.notAfter, what: "the signer's certificate" },
    { end: certificate?.notAfter, what: 'the certificate' },
  ];
}

function signFor({ certId }: Target, { thisUpdate, nextUpdate }: ResponseWindow, options: GenerateOptions): Uint8Array {
  const status = options.source.statusOf(certId.serialNumber);
  return signResponse(
    { statements: [{ certId, status, thisUpdate, nextUpdate }], producedAt: options.now },
    options.signer,
  );
}

/** What we hand out must pass our own judgement, as a client's. */
function verifyOwn(
  bytes: Uint8Array,
  target: Target,
  options: GenerateOptions,
): NonNullable<GenerateResult['evidence']> {
  const { issuer, now, signer } = options;
  const verdict = verifyResponse(bytes, {
    subject: target.verifySubject,
    issuer,
    now,
    skewMilliseconds: 0,
    // Without embedded certificates a client must have the delegate's from elsewhere.
    untrusted: [signer.certificate],
  });
  if (isBelieved(verdict)) return verdict;
  throw new OcspError(
    'signer-unusable',
    `the signed response does not pass verification: ${verdict.failure.message}`,
    'nothing was written; check the CA, responder certificate and keys',
  );
}

async function store(
  staple: FilePath,
  bytes: Uint8Array,
  evidence: NonNullable<GenerateResult['evidence']>,
  target: Target,
  { issuer, hash, now, ownProcess }: GenerateOptions,
): Promise<{ written: boolean; warnings: string[] }> {
  const warnings: string[] = [];
  await removeLeftoverTemporaryFile(staple, ownProcess);
  const { written } = await replaceStaple({
    path: staple,
    bytes,
    ownProcess,
    isOcspResponse: (found) => isResponse(decodeResponse(found)),
    decide: (current) => {
      warnings.length = 0;
      if (current !== null && bytesEqual(current, bytes)) return 'keep';
      const judge = { subject: target.verifySubject, issuer, now, skewMilliseconds: 0 };
      const stored = current === null ? {} : { stored: verifyResponse(current, judge) };
      const failure = storingFailure(evidence, { hash, now, ...stored });
      if (failure !== undefined) warnings.push(failure.message);
      return 'write';
    },
  });
  return { written, warnings };
}

function clipping({ clippedBy, nextUpdate }: ResponseWindow): string[] {
  return clippedBy === undefined
    ? []
    : [`nextUpdate is ${formatTime(nextUpdate)}, where ${clippedBy} ends, sooner than asked`];
}
