import { OcspError, decodeRequest, type CertId, type OcspRequest } from '../../core/index.js';
import { toHex } from '../../core/bytes.js';
import { Oid } from '../../core/oid.js';

/** What a client asks: the status of these certificates of our CA, and that its nonce comes back. */
export interface Question {
  readonly certIds: readonly CertId[];
  readonly nonce: Uint8Array | undefined;
}

/** An unsigned answer (RFC 6960 §2.3), and for the log why. `error` is there for what went wrong on our side. */
export interface Refusal {
  readonly status: 'malformedRequest' | 'internalError' | 'tryLater' | 'unauthorized';
  readonly reason: string;
  readonly error?: unknown;
}

/** RFC 5280 §4.1.2.2 allows 20 octets; a few deployed CAs write some more. */
const maximumSerialNumberOctets = 64;

/** Extensions that we understand, so that they may be critical (RFC 6960 §4.4); all others are ignored unless they are. */
const understood: ReadonlySet<string> = new Set([
  Oid.ocspNonce,
  // Every client must take the basic response (RFC 6960 §4.2.1), so there is nothing to choose.
  Oid.ocspAcceptableResponses,
  // A wish; the signer has one algorithm (RFC 6960 §4.4.7.1).
  Oid.ocspPreferredSignatureAlgorithms,
  // For responders that pass requests on; we answer for our CA ourselves (RFC 6960 §4.4.6).
  Oid.ocspServiceLocator,
]);

/**
 * Reads an OCSPRequest as the responder of one CA. A signature is accepted and not looked at: whoever asks may know.
 *
 * - not DER, no CertID, a nonce outside 1 to 128 octets (RFC 9654 §2.1) or two of them, an unknown critical extension:
 *   `malformedRequest`
 * - a CertID of another CA or with a hash that cannot tell ours, among whatever others, or more CertIDs than allowed:
 *   `unauthorized` (RFC 5019 §2.2.3: not capable of responding authoritatively)
 *
 * Never throws for what is in the bytes.
 */
export function readQuestion(
  der: Uint8Array,
  isOurs: (certId: CertId) => boolean,
  maximumCertIds: number,
): Question | Refusal {
  let request: OcspRequest;
  try {
    request = decodeRequest(der);
  } catch (error) {
    if (error instanceof OcspError) return malformed(error.message);
    throw error;
  }
  const certIds = request.requests.map(({ certId }) => certId);
  if (certIds.length === 0) return malformed('the request asks for no certificate');
  if (certIds.length > maximumCertIds) {
    return unauthorized(`the request asks for ${certIds.length} certificates, the limit is ${maximumCertIds}`);
  }
  if (certIds.some(({ serialNumber }) => serialNumber.length > 2 * maximumSerialNumberOctets)) {
    return malformed(`a serial number is longer than ${maximumSerialNumberOctets} octets`);
  }
  const critical = unknownCriticalExtension(request);
  if (critical !== undefined) return malformed(`the critical extension ${critical} is not known`);
  const nonceTrouble = nonceFailure(request);
  if (nonceTrouble !== undefined) return malformed(nonceTrouble);
  if (!certIds.every(isOurs)) return unauthorized('the request asks for a certificate of another CA');
  return { certIds, nonce: request.nonce === undefined ? undefined : Buffer.from(request.nonce, 'hex') };
}

function unknownCriticalExtension({ extensions, requests }: OcspRequest): string | undefined {
  const all = [...extensions, ...requests.flatMap((request) => request.extensions)];
  return all.find(({ critical, oid }) => critical && !understood.has(oid))?.oid;
}

/** RFC 9654 §2.1: an OCTET STRING of 1 to 128 octets inside extnValue. */
function nonceFailure({ extensions, nonce }: OcspRequest): string | undefined {
  const [extension, ...more] = extensions.filter(({ oid }) => oid === Oid.ocspNonce);
  if (extension === undefined || nonce === undefined) return undefined;
  if (more.length > 0) return 'the request has two nonces';
  // An echo must be the same extension: one without the inner OCTET STRING could not be given back as it came.
  if (toHex(extension.value) === nonce) return 'the nonce is not an OCTET STRING';
  const octets = nonce.length / 2;
  return octets < 1 || octets > 128 ? `the nonce has ${octets} octets, not 1 to 128` : undefined;
}

function malformed(reason: string): Refusal {
  return { status: 'malformedRequest', reason };
}

function unauthorized(reason: string): Refusal {
  return { status: 'unauthorized', reason };
}
