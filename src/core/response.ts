import { readAlgorithmIdentifier, type AlgorithmIdentifier } from './keys/algorithm-identifier.js';
import { toHex } from './bytes.js';
import { certIdOfElement, type CertId } from './cert-id.js';
import type { DerReader } from './der/der.js';
import { DerError, Tag, contextTag, readWhole, readerOf, smallIntegerOf, type DerElement } from './der/der.js';
import { unlessMalformed } from './der/malformed.js';
import { readDistinguishedName } from './certificate/distinguished-name.js';
import { findExtension, readExplicitExtensions, type Extension } from './certificate/extension.js';
import { nonceOf } from './nonce.js';
import { Oid } from './oid.js';
import { definedOnly } from './defined-only.js';

/** OCSPResponseStatus by number (RFC 6960 §4.2.1); 4 is not used. */
const responseStatuses = [
  'successful',
  'malformedRequest',
  'internalError',
  'tryLater',
  undefined,
  'sigRequired',
  'unauthorized',
] as const;

export type ResponseStatus = NonNullable<(typeof responseStatuses)[number]>;

/** The number of an OCSPResponseStatus (RFC 6960 §4.2.1). */
export function numberOfResponseStatus(status: ResponseStatus): number {
  return responseStatuses.indexOf(status);
}

/** CRLReason by number (RFC 5280 §5.3.1); 7 is not used. */
const revocationReasons = [
  'unspecified',
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
  undefined,
  'removeFromCRL',
  'privilegeWithdrawn',
  'aACompromise',
] as const;

export type RevocationReason = NonNullable<(typeof revocationReasons)[number]>;

/** The number of a CRLReason (RFC 5280 §5.3.1). */
export function numberOfRevocationReason(reason: RevocationReason): number {
  return revocationReasons.indexOf(reason);
}

/** The CRLReason of a number (RFC 5280 §5.3.1); undefined where nobody defined one. */
export function revocationReasonOfNumber(number: number): RevocationReason | undefined {
  return revocationReasons[number];
}

/** What a response may give as the reason: only a CRL has removeFromCRL. */
export const givenReasons = revocationReasons.filter((one) => one !== undefined && one !== 'removeFromCRL');

/** ResponderID (RFC 6960 §4.2.1): the DER of a name, or the SHA-1 of a key in lower-case hex. */
export type ResponderId = { readonly byName: Uint8Array } | { readonly byKey: string };

/** A SingleResponse (RFC 6960 §4.2.1). */
export interface SingleResponse {
  readonly certId: CertId;
  readonly status: 'good' | 'revoked' | 'unknown';
  readonly revocationTime?: Date;
  readonly revocationReason?: RevocationReason;
  readonly thisUpdate: Date;
  readonly nextUpdate?: Date;
  readonly extensions: readonly Extension[];
}

/** A BasicOCSPResponse: `tbs` is the exact ResponseData that was signed, `certificates` the DER of each embedded certificate. */
export interface BasicResponse {
  readonly tbs: Uint8Array;
  readonly version: number;
  readonly responderId: ResponderId;
  readonly producedAt: Date;
  readonly responses: readonly SingleResponse[];
  readonly extensions: readonly Extension[];
  /** Lower-case hex of the nonce's octets. */
  readonly nonce: string | undefined;
  readonly signatureAlgorithm: AlgorithmIdentifier;
  readonly signature: Uint8Array;
  readonly certificates: readonly Uint8Array[];
}

/** A decoded OCSPResponse: either refused, with nothing signed in it, or successful with a basic response. */
export type OcspResponse =
  | { readonly status: Exclude<ResponseStatus, 'successful'> }
  | { readonly status: 'successful'; readonly basic: BasicResponse };

/** What {@link decodeResponse} found instead of a response; `rule` names the broken rule of DER where there is one. */
export interface ResponseDecodingFailure {
  readonly code: 'malformed-response' | 'unsupported-response-type';
  readonly message: string;
  readonly rule?: string;
}

/** More statements than any responder puts into one response; a bound on work, not a rule of RFC 6960. */
const maximumStatements = 1000;

/**
 * Decodes an OCSPResponse (RFC 6960 §4.2.1), strictly. Verifies nothing.
 *
 * @param options.anyCertificates takes whatever stands where the certificates should be: for showing, never for judging
 * @returns the response, or a failure as a value: hostile bytes never throw
 */
export function decodeResponse(
  der: Uint8Array,
  { anyCertificates = false }: { readonly anyCertificates?: boolean } = {},
): OcspResponse | ResponseDecodingFailure {
  try {
    return readResponse(der, anyCertificates ? piecesOf : certificatesIn);
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    return { code: 'malformed-response', message: error.message, rule: error.rule };
  }
}

/** Whether {@link decodeResponse} returned a response. */
export function isResponse(result: OcspResponse | ResponseDecodingFailure): result is OcspResponse {
  return 'status' in result;
}

/** How the octets of the embedded certificates are told apart. */
type CertificateReader = (explicit: DerReader) => Uint8Array[];

const certificatesIn: CertificateReader = (explicit) =>
  explicit.sequence('certs').all((list) => {
    const element = list.element(Tag.sequence, 'embedded certificate');
    requireShapeOfCertificate(readerOf(element));
    return element.raw;
  });

/**
 * The outline of a Certificate (RFC 5280 §4.1). Servers and clients read a response with OpenSSL, which takes none of it
 * where one certificate in it has another, although nobody signed that part. What stands inside is not looked at: an
 * extension that is there twice keeps that certificate from signing, and spoils nothing else.
 */
function requireShapeOfCertificate(outer: DerReader): void {
  const certificate = outer.sequence('TBSCertificate of an embedded certificate');
  certificate.optional(contextTag(0), 'version');
  certificate.element(Tag.integer, 'serialNumber');
  for (const part of ['signature', 'issuer', 'validity', 'subject']) certificate.element(Tag.sequence, part);
  const publicKey = certificate.sequence('subjectPublicKeyInfo');
  publicKey.sequence('algorithm').objectIdentifier('algorithm');
  publicKey.bitStringOctets('subjectPublicKey');
  publicKey.end('subjectPublicKeyInfo');
  certificate.optional(contextTag(1, 'primitive'), 'issuerUniqueID');
  certificate.optional(contextTag(2, 'primitive'), 'subjectUniqueID');
  certificate.explicit(contextTag(3), 'extensions', (extensions) => {
    extensions.sequence('extensions').all((list) => {
      const extension = list.sequence('extension');
      extension.objectIdentifier('extnID');
      extension.optional(Tag.boolean, 'critical');
      extension.octetString('extnValue');
      extension.end('extension');
    });
  });
  certificate.end('TBSCertificate of an embedded certificate');
  outer.sequence('signatureAlgorithm').objectIdentifier('algorithm');
  outer.bitStringOctets('signatureValue');
  outer.end('embedded certificate');
}

/** As {@link certificatesIn}, for what is not what it should be. */
export const piecesOf: CertificateReader = (explicit) => {
  const list = explicit.peekTag() === Tag.sequence ? unlessMalformed(() => explicit.sequence('certs')) : undefined;
  return [...(list?.pieces('embedded certificate') ?? []), ...explicit.pieces('embedded certificate')];
};

function readResponse(der: Uint8Array, readCertificates: CertificateReader): OcspResponse | ResponseDecodingFailure {
  const outer = readWhole(der, Tag.sequence, 'OCSPResponse');
  const statusElement = outer.element(Tag.enumerated, 'responseStatus');
  const status = responseStatuses[smallIntegerOf(statusElement, 'responseStatus')];
  if (status === undefined) throw new DerError('value', 'responseStatus has no meaning', statusElement.offset);
  const responseBytes = outer.enterOptional(contextTag(0), 'responseBytes');
  outer.end('OCSPResponse');
  if (status !== 'successful') return { status };
  if (responseBytes === undefined) {
    throw new DerError('value', 'a successful response without responseBytes', outer.offset);
  }
  const bytes = responseBytes.sequence('responseBytes');
  responseBytes.end('responseBytes');
  const responseType = bytes.objectIdentifier('responseType');
  const response = bytes.element(Tag.octetString, 'response');
  bytes.end('responseBytes');
  if (responseType !== Oid.ocspBasic) {
    return {
      code: 'unsupported-response-type',
      message: `the response is of type ${responseType}, not id-pkix-ocsp-basic`,
    };
  }
  return { status, basic: readBasicResponse(response, readCertificates) };
}

function readBasicResponse(response: DerElement, readCertificates: CertificateReader): BasicResponse {
  const whole = readerOf(response);
  const outer = whole.sequence('BasicOCSPResponse');
  whole.end('BasicOCSPResponse');
  const tbsElement = outer.element(Tag.sequence, 'tbsResponseData');
  const signatureAlgorithm = readAlgorithmIdentifier(outer, 'signatureAlgorithm');
  const signature = outer.bitStringOctets('signature');
  const certificates = outer.explicit(contextTag(0), 'certs', readCertificates) ?? [];
  outer.end('BasicOCSPResponse');

  const tbs = readerOf(tbsElement);
  // An explicit DEFAULT version is not DER, but deployed responders write it.
  const version = tbs.explicitSmallInteger(contextTag(0), 'version') ?? 0;
  if (version !== 0) throw new DerError('value', `response version ${version + 1} does not exist`, tbs.offset);
  const responderId = readResponderId(tbs);
  const producedAt = tbs.generalizedTime('producedAt');
  const responses = readStatements(tbs.sequence('responses'));
  const extensions = readResponseExtensions(tbs, 'the response');
  tbs.end('tbsResponseData');
  const nonce = findExtension(extensions, Oid.ocspNonce);
  return {
    tbs: tbsElement.raw,
    version: version + 1,
    responderId,
    producedAt,
    responses,
    extensions,
    nonce: nonce === undefined ? undefined : toHex(nonceOf(nonce)),
    signatureAlgorithm,
    signature,
    certificates,
  };
}

function readResponderId(tbs: DerReader): ResponderId {
  const byName = tbs.explicit(contextTag(1), 'responderID', (name) =>
    readDistinguishedName(name, 'name of the responder'),
  );
  if (byName !== undefined) return { byName };
  const byKey = tbs.enter(contextTag(2), 'responderID');
  const keyHash = byKey.octetString('key hash of the responder');
  byKey.end('responderID');
  return { byKey: toHex(keyHash) };
}

function readStatements(list: DerReader): SingleResponse[] {
  const statements: SingleResponse[] = [];
  while (!list.isAtEnd) {
    if (statements.length === maximumStatements) {
      throw new DerError('value', `more than ${maximumStatements} SingleResponses`, list.offset);
    }
    statements.push(readStatement(list.sequence('SingleResponse')));
  }
  return statements;
}

function readStatement(reader: DerReader): SingleResponse {
  const certId = certIdOfElement(reader.element(Tag.sequence, 'certID'));
  const status = readCertificateStatus(reader.any('certStatus'));
  const thisUpdate = reader.generalizedTime('thisUpdate');
  const nextUpdate = reader.explicit(contextTag(0), 'nextUpdate', (time) => time.generalizedTime('nextUpdate'));
  const extensions = readResponseExtensions(reader, 'a SingleResponse');
  reader.end('SingleResponse');
  return nextUpdate === undefined
    ? { certId, thisUpdate, extensions, ...status }
    : { certId, thisUpdate, nextUpdate, extensions, ...status };
}

type CertificateStatus = Pick<SingleResponse, 'status' | 'revocationTime' | 'revocationReason'>;

function readCertificateStatus(element: DerElement): CertificateStatus {
  const { tag, contentStart, end, offset } = element;
  if (tag === contextTag(1)) return readRevokedInfo(readerOf(element));
  const isGood = tag === contextTag(0, 'primitive');
  if (!isGood && tag !== contextTag(2, 'primitive')) {
    throw new DerError('unexpected-tag', 'certStatus is neither good, revoked nor unknown', offset);
  }
  if (end > contentStart) throw new DerError('null-value', 'certStatus is not a NULL', offset);
  return { status: isGood ? 'good' : 'unknown' };
}

function readRevokedInfo(reader: DerReader): CertificateStatus {
  const revocationTime = reader.generalizedTime('revocationTime');
  const reasonElement = reader.explicit(contextTag(0), 'revocationReason', (reason) =>
    reason.element(Tag.enumerated, 'revocationReason'),
  );
  reader.end('revokedInfo');
  if (reasonElement === undefined) return { status: 'revoked', revocationTime };
  const revocationReason = revocationReasons[smallIntegerOf(reasonElement, 'revocationReason')];
  // A reason that nobody defined must not hide that the certificate is revoked.
  return definedOnly({ status: 'revoked', revocationTime, revocationReason });
}

function readResponseExtensions(parent: DerReader, what: string): Extension[] {
  const name = `extensions of ${what}`;
  return readExplicitExtensions(parent.enterOptional(contextTag(1), name), name, what, { unique: true });
}
