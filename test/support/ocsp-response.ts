import { encodeCertId, type CertIdOptions } from './cert-id.js';
import type { IssuedCertificate } from './certificate.js';
import {
  bitString,
  contextConstructed,
  contextPrimitive,
  enumerated,
  generalizedTime,
  generalizedTimeOfText,
  integer,
  objectIdentifier,
  octetString,
  sequence,
} from './der-writer.js';
import { encodeExtensions, type Extension } from './extensions.js';
import {
  corrupted,
  defaultSignatureAlgorithm,
  digest,
  signatureAlgorithmIdentifier,
  signBytes,
  type SignatureAlgorithm,
} from './signatures.js';

/** OCSPResponseStatus by name (RFC 6960 §4.2.1); 4 is not used. */
export const responseStatuses = {
  successful: 0,
  malformedRequest: 1,
  internalError: 2,
  tryLater: 3,
  sigRequired: 5,
  unauthorized: 6,
} as const;

export type ResponseStatus = keyof typeof responseStatuses;

/** CRLReason by name (RFC 5280 §5.3.1); 7 is not used. */
export const revocationReasons = {
  unspecified: 0,
  keyCompromise: 1,
  cACompromise: 2,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
  certificateHold: 6,
  removeFromCRL: 8,
  privilegeWithdrawn: 9,
  aACompromise: 10,
} as const;

export type RevocationReason = keyof typeof revocationReasons;

/** A time: a Date (whole seconds, Z), the exact text of a GeneralizedTime, or a whole element (`utcTime(date)`, say). */
export type TimeValue = Date | string | Uint8Array;

export type CertificateStatus =
  | 'good'
  | 'unknown'
  | { readonly revokedAt: TimeValue; readonly reason?: RevocationReason | number }
  /** A whole element in place of the CertStatus. */
  | Uint8Array;

export interface SingleResponseOptions {
  /** The fields of a CertID, or its DER (from a request, say). */
  readonly certId: CertIdOptions | Uint8Array;
  /** Default good. */
  readonly status?: CertificateStatus;
  /** Default `responseTimes.thisUpdate`. */
  readonly thisUpdate?: TimeValue;
  /** Default `responseTimes.nextUpdate`; null leaves it out. */
  readonly nextUpdate?: TimeValue | null;
  readonly extensions?: readonly Extension[];
}

export interface OcspResponseOptions {
  readonly signer: Pick<IssuedCertificate, 'key' | 'name' | 'subjectPublicKey'>;
  readonly responses: readonly SingleResponseOptions[];
  readonly responseStatus?: ResponseStatus | number;
  /** OID in place of id-pkix-ocsp-basic. */
  readonly responseType?: string;
  /** The version written out: 0 is the DEFAULT made explicit, which DER forbids. */
  readonly explicitVersion?: number;
  /** The signer by SHA-1 of its key (the default) or by its name, or a whole element. */
  readonly responderId?: 'by-key' | 'by-name' | Uint8Array;
  /** Default `responseTimes.thisUpdate`. */
  readonly producedAt?: TimeValue;
  readonly nonce?: Uint8Array;
  /** The nonce in its own OCTET STRING as RFC 8954 says (the default), or bare in extnValue as old responders do. */
  readonly nonceEncoding?: 'octet-string' | 'bare';
  readonly extensions?: readonly Extension[];
  /** DER of the certificates to embed; left out, there is no certs field; empty, there is an empty one. */
  readonly certificates?: readonly Uint8Array[];
  readonly signatureAlgorithm?: SignatureAlgorithm;
  /** What the response says it is signed with, whatever it is really signed with: an AlgorithmIdentifier, or an OID without parameters. */
  readonly statedAlgorithm?: Uint8Array | string;
  readonly corruptSignature?: boolean;
  /** Replaces ResponseData after it has been signed. */
  readonly tamper?: (responseData: Buffer) => Uint8Array;
}

/** The times that responses get when nobody asks for others; `now` lies well inside. */
export const responseTimes = {
  thisUpdate: new Date('2026-01-01T00:00:00Z'),
  now: new Date('2026-01-02T00:00:00Z'),
  nextUpdate: new Date('2026-01-08T00:00:00Z'),
} as const;

/** OCSPResponse (RFC 6960 §4.2.1), DER, signed. */
export function buildOcspResponse(options: OcspResponseOptions): Buffer {
  const { signer } = options;
  const algorithm = options.signatureAlgorithm ?? defaultSignatureAlgorithm(signer.key);
  const responseData = encodeResponseData(options);
  const signature = signBytes(responseData, signer.key, algorithm);
  const basic = sequence(
    options.tamper === undefined ? responseData : options.tamper(responseData),
    statedAlgorithm(options.statedAlgorithm, algorithm),
    bitString(options.corruptSignature === true ? corrupted(signature) : signature),
    ...(options.certificates === undefined ? [] : [contextConstructed(0, sequence(...options.certificates))]),
  );
  return wrapResponseBytes(basic, options);
}

/** Anything as the response bytes of an OCSPResponse: for a basic response that is damaged on purpose. */
export function wrapResponseBytes(
  basic: Uint8Array,
  options: Pick<OcspResponseOptions, 'responseStatus' | 'responseType'> = {},
): Buffer {
  const type = objectIdentifier(options.responseType ?? '1.3.6.1.5.5.7.48.1.1');
  return sequence(
    enumerated(statusNumber(options.responseStatus ?? 'successful')),
    contextConstructed(0, sequence(type, octetString(basic))),
  );
}

/** An OCSPResponse without response bytes: an unsigned refusal such as tryLater. */
export function buildErrorResponse(status: ResponseStatus | number): Buffer {
  return sequence(enumerated(statusNumber(status)));
}

function encodeResponseData(options: OcspResponseOptions): Buffer {
  const extensions = responseExtensions(options);
  return sequence(
    ...(options.explicitVersion === undefined ? [] : [contextConstructed(0, integer(options.explicitVersion))]),
    encodeResponderId(options),
    encodeTime(options.producedAt ?? responseTimes.thisUpdate),
    sequence(...options.responses.map(encodeSingleResponse)),
    ...(extensions.length === 0 ? [] : [contextConstructed(1, encodeExtensions(extensions))]),
  );
}

function responseExtensions({ nonce, nonceEncoding, extensions = [] }: OcspResponseOptions): Extension[] {
  if (nonce === undefined) return [...extensions];
  const value = nonceEncoding === 'bare' ? nonce : octetString(nonce);
  return [{ oid: '1.3.6.1.5.5.7.48.1.2', value }, ...extensions];
}

function encodeResponderId({ responderId = 'by-key', signer }: OcspResponseOptions): Uint8Array {
  if (responderId instanceof Uint8Array) return responderId;
  return responderId === 'by-name'
    ? contextConstructed(1, signer.name)
    : contextConstructed(2, octetString(digest('sha1', signer.subjectPublicKey)));
}

function encodeSingleResponse(options: SingleResponseOptions): Buffer {
  const { certId, status = 'good', thisUpdate = responseTimes.thisUpdate } = options;
  const nextUpdate = options.nextUpdate === undefined ? responseTimes.nextUpdate : options.nextUpdate;
  return sequence(
    certId instanceof Uint8Array ? certId : encodeCertId(certId),
    encodeStatus(status),
    encodeTime(thisUpdate),
    ...(nextUpdate === null ? [] : [contextConstructed(0, encodeTime(nextUpdate))]),
    ...(options.extensions === undefined ? [] : [contextConstructed(1, encodeExtensions(options.extensions))]),
  );
}

function encodeStatus(status: CertificateStatus): Uint8Array {
  if (status instanceof Uint8Array) return status;
  if (status === 'good') return contextPrimitive(0, new Uint8Array());
  if (status === 'unknown') return contextPrimitive(2, new Uint8Array());
  const { reason } = status;
  if (reason === undefined) return contextConstructed(1, encodeTime(status.revokedAt));
  const code = typeof reason === 'number' ? reason : revocationReasons[reason];
  return contextConstructed(1, encodeTime(status.revokedAt), contextConstructed(0, enumerated(code)));
}

function encodeTime(time: TimeValue): Uint8Array {
  if (time instanceof Date) return generalizedTime(time);
  return typeof time === 'string' ? generalizedTimeOfText(time) : time;
}

function statedAlgorithm(stated: Uint8Array | string | undefined, real: SignatureAlgorithm): Uint8Array {
  if (stated === undefined) return signatureAlgorithmIdentifier(real);
  return typeof stated === 'string' ? sequence(objectIdentifier(stated)) : stated;
}

function statusNumber(status: ResponseStatus | number): number {
  return typeof status === 'number' ? status : responseStatuses[status];
}
