import {
  OcspError,
  decodeResponse,
  isBelieved,
  isIssuedBy,
  isResponse,
  verifyResponse,
  type BelievedEvidence,
  type Certificate,
  type HashAlgorithm,
  type ResponseSigner,
  type Subject,
  type Verdict,
  type VerifyOptions,
} from '../../core/index.js';
import { bytesEqual } from '../../core/bytes.js';
import { distinguishedNameToString } from '../../core/certificate/distinguished-name.js';
import { shownPath, type FilePath } from '../../core/file-path.js';
import { formatTime } from '../../core/time.js';
import { certIdFor } from '../../core/verify/statement.js';
import { likelyIssuers, unsupportedIssuance } from '../../core/certificate/issuance.js';
import { readCertificateFile } from '../../source/certificate-file.js';
import { errorOfSource, type SourceFailure } from '../../source/certificate-list.js';
import { unsupportedIssuer } from '../../source/missing-issuer.js';
import type { StatusSource } from '../../source/status-source.js';
import type { OwnProcess } from '../../store/lock-holder.js';
import { removeLeftoverTemporaryFile } from '../../store/remove-file.js';
import { staplePathFor, staplePathForSerialNumber } from '../../store/staple-location.js';
import { storingFailure } from '../../store/storable.js';
import { replaceStaple } from '../../store/write-staple.js';
import type { CrlStatuses } from './crl-statuses.js';
import { signStatuses } from './sign-statuses.js';
import { troubleOfOne, type Trouble } from '../trouble.js';
import { definedOnly } from '../../core/defined-only.js';

/** What to sign with, and how; durations in milliseconds. */
export interface GenerateOptions {
  readonly issuer: Certificate;
  readonly signer: ResponseSigner;
  /** Where statuses come from. CRLs come by `readCrlStatuses`, one as well as several: not each reaches every certificate of its CA. */
  readonly source: (StatusSource & { readonly coverageFailure?: never }) | CrlStatuses;
  readonly hash: HashAlgorithm;
  readonly validityMilliseconds: number;
  /** False where nobody asked for this validity: an end that is sooner is then no surprise. */
  readonly isValidityAsked?: boolean;
  readonly out?: string;
  /** Takes the response instead of a file. */
  readonly onStaple?: (bytes: Uint8Array) => void;
  readonly now: Date;
  readonly ownProcess: OwnProcess;
}

/** For whom a response is generated: a certificate file, or a serial number of the CA (hex of its INTEGER contents). */
export type GenerateSubject =
  { readonly path: FilePath; readonly failure?: SourceFailure } | { readonly serialNumber: string };

type OwnEvidence = Extract<Verdict, BelievedEvidence>;

/** What was generated, or why nothing was. */
export interface GenerateResult {
  readonly subject: GenerateSubject;
  readonly staple?: FilePath;
  readonly written: boolean;
  readonly evidence?: OwnEvidence;
  readonly warnings: readonly string[];
  readonly trouble?: Trouble;
}

/**
 * Signs a response for one certificate, verifies it as a client would, and stores it atomically.
 *
 * @returns the result; what goes wrong with this certificate is in it and never thrown, `usage` aside
 */
export async function generateStaple(subject: GenerateSubject, options: GenerateOptions): Promise<GenerateResult> {
  const { issuer, signer, hash, now } = options;
  let staple: FilePath | undefined;
  try {
    const target = await locateTarget(subject, options);
    staple = target.staple;
    const source = sourceFor(target, options.source);
    if ('trouble' in source) return { ...source, subject, staple, written: false, warnings: target.warnings };
    const limit = { end: target.certificate?.notAfter, what: 'the certificate' };
    const certId = certIdFor(target.subject, issuer, hash);
    const signed = signStatuses([certId], { ...options, source, limit });
    const judge = { subject: target.subject, issuer, now, skewMilliseconds: 0 };
    const evidence = verifyOwn(signed.der, judge, signer);
    const { written, warnings } = await store(staple, signed.der, evidence, judge, options);
    if (signed.clippedBy !== undefined && options.isValidityAsked !== false) {
      const nextUpdate = formatTime(signed.nextUpdate);
      warnings.unshift(`nextUpdate is ${nextUpdate}, where ${signed.clippedBy} ends, sooner than asked`);
    }
    return { subject, staple, written, evidence, warnings: [...target.warnings, ...warnings] };
  } catch (error) {
    return definedOnly({ subject, staple, written: false, warnings: [], trouble: troubleOfOne(error) });
  }
}

interface Target {
  readonly subject: Subject;
  readonly serialNumber: string;
  readonly certificate?: Certificate;
  readonly staple: FilePath;
  readonly warnings: readonly string[];
}

async function locateTarget(subject: GenerateSubject, { issuer, out, onStaple }: GenerateOptions): Promise<Target> {
  if ('serialNumber' in subject) {
    const staple = onStaple === undefined ? staplePathForSerialNumber(subject.serialNumber, out) : '-';
    return { subject, serialNumber: subject.serialNumber, staple, warnings: [] };
  }
  if (subject.failure !== undefined) throw errorOfSource(subject.failure);
  const { certificate, warnings } = await readCertificateFile(subject.path);
  if (!isIssuedBy(certificate, issuer, 'anchor')) {
    const name = distinguishedNameToString(issuer.subject);
    const unsupported = likelyIssuers(certificate, [issuer]).map((one) => unsupportedIssuance(certificate, one))[0];
    if (unsupported !== undefined) throw unsupportedIssuer(name, unsupported);
    throw new OcspError(
      'issuer-mismatch',
      `${shownPath(subject.path)} was not issued by ${name}`,
      'name the CA that issued it with --ca-cert; responses for the certificates of others are not believed',
    );
  }
  const staple = onStaple === undefined ? staplePathFor(subject.path, certificate, out) : '-';
  return { subject: { certificate }, serialNumber: certificate.serialNumber, certificate, staple, warnings };
}

function sourceFor(
  { serialNumber, certificate }: Target,
  source: GenerateOptions['source'],
): StatusSource | { readonly trouble: Trouble } {
  return 'sourceFor' in source ? source.sourceFor(serialNumber, certificate) : source;
}

/** What we hand out must pass our own judgement, as a client's. */
function verifyOwn(der: Uint8Array, judge: VerifyOptions, { certificate }: ResponseSigner): OwnEvidence {
  // Without embedded certificates a client must have the delegate's from elsewhere.
  const verdict = verifyResponse(der, { ...judge, untrusted: [certificate] });
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
  evidence: OwnEvidence,
  judge: VerifyOptions,
  { hash, now, ownProcess, onStaple }: GenerateOptions,
): Promise<{ written: boolean; warnings: string[] }> {
  let warnings: string[] = [];
  if (onStaple !== undefined) {
    onStaple(bytes);
    const failure = storingFailure(evidence, { hash, now });
    return { written: true, warnings: failure === undefined ? [] : [failure.message] };
  }
  await removeLeftoverTemporaryFile(staple, ownProcess);
  const { written } = await replaceStaple({
    path: staple,
    bytes,
    ownProcess,
    isOcspResponse: (found) => isResponse(decodeResponse(found)),
    decide: (current) => {
      warnings = [];
      if (current !== null && bytesEqual(current, bytes)) return 'keep';
      const stored = current === null ? undefined : verifyResponse(current, judge);
      const failure = storingFailure(evidence, definedOnly({ hash, now, stored }));
      if (failure !== undefined) warnings.push(failure.message);
      return 'write';
    },
  });
  return { written, warnings };
}
