import {
  OcspError,
  decodeCertificate,
  decodeResponse,
  distinguishedNameToString,
  isResponse,
  serialNumbersEqual,
  type CertId,
  type Certificate,
  type Failure,
  type SingleResponse,
  type Verdict,
} from '../../core/index.js';
import { bytesEqual } from '../../core/bytes.js';
import { minimalSerialNumber } from '../../core/cert-id.js';
import { shownPath, type FilePath } from '../../core/file-path.js';
import { unlessOcspError } from '../../core/ocsp-error.js';
import { certIdFor } from '../../core/verify/statement.js';
import { reasonAgainstAuthority } from '../../source/missing-issuer.js';
import { readResponseFile } from '../../source/response-file.js';
import { definedOnly } from '../../core/defined-only.js';
import type { CrlReport } from '../crl-check.js';
import { byGravity, gravityOfVerdict } from '../gravity.js';
import { troubleOfError, troubleOfFailure } from '../trouble.js';
import { anchoringFailure, verdictOn } from './verdict-on.js';
import { sizeTrouble } from './server-rules.js';
import { notJudged, reported, type FileReport, type VerifyStapleOptions } from './verify-report.js';

/**
 * Judges what a response says of a serial number, or all its statements, without a certificate at hand. Whose certificate
 * each statement is about is known by its CertID: one of these issuers, or with anchors a CA below them that is at hand or
 * in the response itself. A responder that is trusted by name needs no issuer; where some are named, it speaks for them.
 */
export function verifyResponseFile(
  response: FilePath,
  issuers: readonly Certificate[],
  serialNumber: string | undefined,
  options: VerifyStapleOptions,
): FileReport {
  if (options.crl !== undefined && serialNumber === undefined) {
    const message = 'a CRL is asked about one certificate, and none was named';
    throw new OcspError('usage', message, 'name the certificate, or --serial HEX');
  }
  const mayBe = issuers.filter((issuer) => refusalOf(issuer, options) === undefined);
  let asked: Asked = {
    issuers: mayBe,
    options,
    authorities: mayBe,
    refused: [],
    statements: [],
    bytes: new Uint8Array(),
  };
  let found: FileReport;
  try {
    const bytes = readResponseFile(response);
    if (bytes === undefined) {
      throw new OcspError('response-missing', `${shownPath(response)} does not exist`, 'check the path');
    }
    asked = askOf(bytes, issuers, options);
    const verdicts = serialNumber === undefined ? verdictsOnAll(asked) : verdictsOnSerial(serialNumber, asked);
    const verdict = verdicts.reduce((a, b) => (byGravity(gravityOfVerdict(b), gravityOfVerdict(a)) < 0 ? b : a));
    const trouble =
      options.server === undefined || verdict.kind !== 'good' ? undefined : sizeTrouble(options.server, bytes);
    found = {
      response,
      ...(trouble === undefined ? reported(verdict, 'named') : { noResponder: false, trouble }),
      ...(serialNumber === undefined ? { statements: verdicts } : {}),
    };
  } catch (error) {
    found = { response, ...notJudged(error) };
  }
  return serialNumber === undefined ? found : { ...found, ...definedOnly({ crl: lookUpCrl(serialNumber, asked) }) };
}

/** A response, and by whom its statements may be judged. */
interface Asked {
  readonly bytes: Uint8Array;
  readonly statements: readonly SingleResponse[];
  /** Those that the caller named. */
  readonly issuers: readonly Certificate[];
  /** Whoever may be the issuer that a CertID means. */
  readonly authorities: readonly Certificate[];
  /** Those that the caller named and that may not issue certificates. */
  readonly refused: readonly Certificate[];
  readonly options: VerifyStapleOptions;
}

function askOf(bytes: Uint8Array, named: readonly Certificate[], options: VerifyStapleOptions): Asked {
  const response = decodeResponse(bytes);
  const basic = isResponse(response) && response.status === 'successful' ? response.basic : undefined;
  const statements = basic?.responses ?? [];
  const refused = [...named, ...options.anchors].filter((one) => refusalOf(one, options) !== undefined);
  const issuers = named.filter((one) => !refused.includes(one));
  const anchors = options.anchors.filter((one) => !refused.includes(one));
  const [first] = refused;
  if (first !== undefined && issuers.length + anchors.length === 0) throw refusedIssuer(first, options);
  if (options.anchors.length === 0) return { bytes, statements, issuers, authorities: issuers, refused, options };
  // Anybody may have put these there: an end-entity certificate below the anchor must not answer for itself, and what does not say
  // that it is a CA is not taken for one.
  const embedded = (basic?.certificates ?? []).slice(0, maximumEmbedded).flatMap(decodeOrSkip).filter(mayIssue);
  const untrusted = [...issuers, ...options.untrusted, ...embedded];
  const authorities = [...issuers, ...anchors, ...options.untrusted.filter(mayIssue), ...embedded];
  return { bytes, statements, issuers, authorities, refused, options: { ...options, untrusted } };
}

/** Why a certificate that was named as issuer or anchor may not issue others, a clause. */
function refusalOf(issuer: Certificate, { anchors }: VerifyStapleOptions): string | undefined {
  const isAnchor = anchors.some(({ der }) => bytesEqual(der, issuer.der));
  return reasonAgainstAuthority(issuer, 'it', isAnchor ? 'anchor' : 'local');
}

function refusedIssuer(issuer: Certificate, options: VerifyStapleOptions): OcspError {
  const name = distinguishedNameToString(issuer.subject);
  const message = `${name} was named as the issuer, but ${refusalOf(issuer, options) ?? 'is none'}`;
  return new OcspError(
    'issuer-mismatch',
    message,
    'name the certificate of the CA that issued what the response is about',
  );
}

/** Responses embed one or two; a bound on work. */
const maximumEmbedded = 16;

function decodeOrSkip(der: Uint8Array): Certificate[] {
  return unlessOcspError(() => [decodeCertificate(der)]) ?? [];
}

function mayIssue({ isCa, keyUsage }: Certificate): boolean {
  return isCa && keyUsage?.has('keyCertSign') !== false;
}

/** In addition to the response, whatever became of that. */
function lookUpCrl(serialNumber: string, asked: Asked): CrlReport | undefined {
  const { crl } = asked.options;
  if (crl === undefined) return undefined;
  const about = asked.statements.filter(({ certId }) => serialNumbersEqual(certId.serialNumber, serialNumber));
  const [only, ...others] = asked.issuers;
  const issuer =
    about.map(({ certId }) => issuerOf(certId, asked)).find((found) => found !== undefined) ??
    (others.length === 0 ? only : undefined);
  if (issuer === undefined) {
    const message = 'nothing says which CA issued the serial number, so its CRL is unknown';
    const hint = 'name the CA certificate with --issuer FILE';
    return { kind: 'unusable', trouble: troubleOfError(new OcspError('issuer-not-found', message, hint)) };
  }
  const failure = anchoringFailure(issuer, asked.options);
  if (failure !== undefined) return { kind: 'unusable', trouble: troubleOfFailure(failure) };
  return crl.lookUpSerialNumber(serialNumber, issuer);
}

type Verdicts = readonly [Verdict, ...Verdict[]];

/** Where issuers are named, only theirs; else the statements of all about this serial number, each separately. */
function verdictsOnSerial(serialNumber: string, asked: Asked): Verdicts {
  const about = asked.statements.filter(({ certId }) => serialNumbersEqual(certId.serialNumber, serialNumber));
  const ours =
    asked.issuers.length === 0
      ? about
      : about.filter(({ certId }) => (issuerOf(certId, asked) ?? refusedFor(certId, asked)) !== undefined);
  return verdictsOn(ours, serialNumber, asked);
}

/** Every statement separately. */
function verdictsOnAll(asked: Asked): Verdicts {
  // Without a statement any serial number gives the verdict: malformed, refused, or no statement.
  return verdictsOn(asked.statements, '00', asked);
}

function verdictsOn(statements: readonly SingleResponse[], otherwise: string, asked: Asked): Verdicts {
  const known = new Set<string>();
  const verdicts: Verdict[] = [];
  for (const { certId } of statements) {
    const issuer = issuerOf(certId, asked);
    const { hashAlgorithm, issuerNameHash, issuerKeyHash } = certId;
    // Of one certificate in several hashes, or named twice, the gravest statement is found at once.
    const place = issuer === undefined ? [hashAlgorithm, issuerNameHash, issuerKeyHash].join() : indexOf(issuer, asked);
    const key = `${place} ${minimalSerialNumber(certId.serialNumber)}`;
    if (known.has(key)) continue;
    known.add(key);
    verdicts.push(verdictOnStatement(certId, issuer, asked));
  }
  const [first, ...rest] = verdicts;
  const { bytes, issuers, options } = asked;
  return first === undefined ? [verdictOn(bytes, { serialNumber: otherwise }, issuers[0], options)] : [first, ...rest];
}

function indexOf(issuer: Certificate, { authorities }: Asked): number {
  return authorities.indexOf(issuer);
}

function verdictOnStatement(certId: CertId, issuer: Certificate | undefined, asked: Asked): Verdict {
  const { bytes, issuers, options } = asked;
  const { serialNumber } = certId;
  if (issuer !== undefined) return verdictOn(bytes, { serialNumber }, issuer, options);
  const refused = refusedFor(certId, asked);
  if (refused !== undefined) throw refusedIssuer(refused, options);
  if (issuers.length === 0 && options.trustedResponders.length > 0) {
    return verdictOn(bytes, { certId }, undefined, options);
  }
  return { kind: 'invalid', failure: strangersFailure(serialNumber, issuers.length > 0), findings: [] };
}

/** The one that the CertID means, by name and key; of several certificates of that CA rather one that is anchored. */
function issuerOf(certId: CertId, { authorities, options }: Asked): Certificate | undefined {
  const meant = authorities.filter((issuer) => isMeant(issuer, certId));
  return meant.length < 2
    ? meant[0]
    : (meant.find((issuer) => anchoringFailure(issuer, options) === undefined) ?? meant[0]);
}

/** One that was named and is meant, but may not issue certificates. */
function refusedFor(certId: CertId, { refused }: Asked): Certificate | undefined {
  return refused.find((one) => isMeant(one, certId));
}

function isMeant(issuer: Certificate, { hashAlgorithm, serialNumber, issuerNameHash, issuerKeyHash }: CertId): boolean {
  const ours = certIdFor({ serialNumber }, issuer, hashAlgorithm);
  return ours?.issuerNameHash === issuerNameHash && ours.issuerKeyHash === issuerKeyHash;
}

function strangersFailure(serialNumber: string, isIssuerNamed: boolean): Failure {
  if (isIssuerNamed) {
    const message = `the response is about serial number ${serialNumber} of another issuer`;
    return { code: 'cert-id-mismatch', message, values: { serialNumber } };
  }
  const message = `the CA that issued serial number ${serialNumber} is neither named by --ca or --untrusted nor in the response`;
  return { code: 'issuer-not-anchored', message, values: { serialNumber } };
}
