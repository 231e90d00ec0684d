import { sendOcsp } from './behaviours.js';
import { serialKey, type IssuedCertificate } from './certificate.js';
import type { Behaviour, RecordedRequest } from './misbehaving-responder.js';
import { parseOcspRequest, type ParsedOcspRequest, type RequestedCertId } from './ocsp-request.js';
import {
  buildErrorResponse,
  buildOcspResponse,
  type CertificateStatus,
  type OcspResponseOptions,
  type SingleResponseOptions,
} from './ocsp-response.js';
import { digest, type HashName } from './signatures.js';

/** The status of every certificate, or of each by its serial (hex, with or without leading zeros). */
export type Statuses = CertificateStatus | ReadonlyMap<string, CertificateStatus>;

export interface AnswerOptions {
  /** The time the answers are made at; default the clock's. */
  readonly now?: Date | (() => Date);
  /** Milliseconds from now; default an hour before. */
  readonly thisUpdateOffset?: number;
  /** Milliseconds from now; default seven days after; null leaves nextUpdate out. */
  readonly nextUpdateOffset?: number | null;
  /** The status of a serial that the map does not name; default unknown. */
  readonly otherwise?: CertificateStatus;
  /** Signs in place of the authority; its certificate is embedded. */
  readonly delegate?: IssuedCertificate;
  /** Answers in this hash, whatever was asked; default the CertID as it came. */
  readonly hash?: HashName;
  /** Default echo. */
  readonly nonce?: 'echo' | 'omit' | 'wrong';
  /** Changes the list of SingleResponses before it is signed: another serial, two of them, none. */
  readonly responses?: (
    made: readonly SingleResponseOptions[],
    request: ParsedOcspRequest,
  ) => readonly SingleResponseOptions[];
  /** Anything else of the response. */
  readonly response?: Partial<Omit<OcspResponseOptions, 'responses'>>;
  readonly headers?: Readonly<Record<string, string>>;
}

const hour = 3_600_000;

/** A real responder: signs an answer for whatever CertID of this authority is asked by POST or GET; `unauthorized` for another's. */
export function answer(
  authority: IssuedCertificate,
  statuses: Statuses = 'good',
  options: AnswerOptions = {},
): Behaviour {
  return ({ request, path, response }) => {
    const der = requestBytes(request, path);
    sendOcsp(response, answerTo(der, authority, statuses, options), options.headers);
  };
}

/** The DER of the answer to the DER of a request. */
export function answerTo(
  der: Uint8Array,
  authority: IssuedCertificate,
  statuses: Statuses = 'good',
  options: AnswerOptions = {},
): Buffer {
  const request = parsed(der);
  if (request === undefined || request.certIds.length === 0) return buildErrorResponse('malformedRequest');
  if (!request.certIds.every((certId) => isOf(authority, certId))) return buildErrorResponse('unauthorized');

  const { now = () => new Date(), nextUpdateOffset = 7 * 24 * hour } = options;
  const moment = (now instanceof Date ? now : now()).getTime();
  const producedAt = new Date(moment + (options.thisUpdateOffset ?? -hour));
  const made = request.certIds.map((certId): SingleResponseOptions => ({
    certId:
      options.hash === undefined
        ? certId.der
        : { serialNumber: certId.serialNumber, issuer: authority, hash: options.hash },
    status: statusOf(certId.serialNumber, statuses, options.otherwise),
    thisUpdate: producedAt,
    nextUpdate: nextUpdateOffset === null ? null : new Date(moment + nextUpdateOffset),
  }));
  const nonce = nonceFor(request, options.nonce);
  return buildOcspResponse({
    signer: options.delegate ?? authority,
    producedAt,
    ...(options.delegate === undefined ? {} : { certificates: [options.delegate.certificate.der] }),
    ...(nonce === undefined ? {} : { nonce }),
    ...options.response,
    responses: options.responses?.(made, request) ?? made,
  });
}

/** The DER that a request carries: the body of a POST, the path of a GET (any slashes before it, percent encoding, padding or none). */
export function requestBytes(request: Pick<RecordedRequest, 'method' | 'body'>, path: string): Buffer {
  if (request.method !== 'GET') return request.body;
  const encoded = path.replace(/^\/+/, '');
  try {
    return Buffer.from(decodeURIComponent(encoded), 'base64');
  } catch {
    return Buffer.alloc(0);
  }
}

function parsed(der: Uint8Array): ParsedOcspRequest | undefined {
  try {
    return parseOcspRequest(der);
  } catch {
    return undefined;
  }
}

function isOf(
  authority: IssuedCertificate,
  { hashAlgorithm, issuerNameHash, issuerKeyHash }: RequestedCertId,
): boolean {
  if (!isHashName(hashAlgorithm)) return false;
  return (
    digest(hashAlgorithm, authority.name).toString('hex') === issuerNameHash &&
    digest(hashAlgorithm, authority.subjectPublicKey).toString('hex') === issuerKeyHash
  );
}

function isHashName(hash: RequestedCertId['hashAlgorithm']): hash is HashName {
  return !hash.includes('.');
}

function statusOf(serial: string, statuses: Statuses, otherwise: CertificateStatus = 'unknown'): CertificateStatus {
  if (!isBySerial(statuses)) return statuses;
  for (const [known, status] of statuses) {
    if (serialKey(known) === serialKey(serial)) return status;
  }
  return otherwise;
}

function isBySerial(statuses: Statuses): statuses is ReadonlyMap<string, CertificateStatus> {
  return statuses instanceof Map;
}

function nonceFor(request: ParsedOcspRequest, mode: AnswerOptions['nonce'] = 'echo'): Buffer | undefined {
  if (request.nonce === undefined || mode === 'omit') return undefined;
  const nonce = Buffer.from(request.nonce, 'hex');
  return mode === 'wrong' ? Buffer.from(nonce.map((byte) => byte ^ 0xff)) : nonce;
}
