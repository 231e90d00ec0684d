import {
  OcspError,
  createCertIdForSerialNumber,
  decodeRequest,
  signResponse,
  type CertId,
  type Certificate,
  type HashAlgorithm,
  type OcspRequest,
  type ResponseSigner,
} from '../../core/index.js';
import { minimalSerialNumber } from '../../core/cert-id.js';
import { definedOnly } from '../../core/defined-only.js';
import { isHashName } from '../../core/hash.js';
import type { StatementToSign } from '../../core/sign-response.js';
import type { StatusSource } from '../../source/status-source.js';
import type { SignedAnswer } from './answer.js';
import { refused, type Answered, type Responder } from './responder.js';

/** What `openssl ocsp -index` answers with. */
export interface IndexResponderOptions {
  /** The CAs whose certificates the source lists; a serial number of any other is unknown. */
  readonly authorities: readonly Certificate[];
  /** Nothing is asked of the signer but that the key is its own. */
  readonly signer: ResponseSigner;
  readonly source: (now: Date) => StatusSource | Promise<StatusSource>;
  /** From thisUpdate to nextUpdate; undefined for a response without nextUpdate. */
  readonly validityMilliseconds: number | undefined;
  /** The hash of the CertIDs in the answer; undefined for that of the request. */
  readonly certIdHash?: HashAlgorithm | undefined;
  /** Spoils the last octet of each signature, to test clients with. */
  readonly spoilsSignature: boolean;
}

/**
 * A responder as `openssl ocsp -index` is one: whoever asks gets an answer, of any number of certificates and of any CA,
 * signed by whichever certificate was named. For the responder of a CA in service see `createResponder`.
 */
export function createIndexResponder(options: IndexResponderOptions): Responder {
  return {
    respond: (der, now) => respond(der, now, options).catch((error: unknown) => refusedFor(error)),
  };
}

async function respond(der: Uint8Array, now: Date, options: IndexResponderOptions): Promise<Answered> {
  let request: OcspRequest;
  try {
    request = decodeRequest(der);
  } catch (error) {
    if (error instanceof OcspError) return refused({ status: 'malformedRequest', reason: error.message });
    throw error;
  }
  if (request.requests.length === 0) {
    return refused({ status: 'malformedRequest', reason: 'the request asks for no certificate' });
  }
  return { answer: signAnswer(request, await options.source(now), now, options), isCached: false };
}

function signAnswer(
  { requests, nonce }: OcspRequest,
  source: StatusSource,
  now: Date,
  options: IndexResponderOptions,
): SignedAnswer {
  const { signer, validityMilliseconds, spoilsSignature } = options;
  const nextUpdate = validityMilliseconds === undefined ? undefined : new Date(now.getTime() + validityMilliseconds);
  const statements = requests.map(({ certId }) =>
    definedOnly({ ...statementOn(certId, source, options), thisUpdate: now, nextUpdate }),
  );
  const echoed = nonce === undefined ? undefined : Buffer.from(nonce, 'hex');
  const der = signResponse(definedOnly({ statements, producedAt: now, nonce: echoed }), signer);
  const statuses = statements.map(({ certId: { serialNumber }, status }) => ({
    serialNumber,
    status: typeof status === 'string' ? status : ('revoked' as const),
  }));
  return definedOnly({
    kind: 'signed',
    der: spoilsSignature ? spoiled(der, signer) : der,
    producedAt: now,
    thisUpdate: now,
    nextUpdate,
    hasNonce: nonce !== undefined,
    statuses,
  });
}

/** What the source says of a certificate of one of the CAs, under the CertID that was asked for or one in another hash. */
function statementOn(
  certId: CertId,
  source: StatusSource,
  { authorities, certIdHash }: IndexResponderOptions,
): Pick<StatementToSign, 'certId' | 'status'> {
  const { hashAlgorithm: hash, issuerNameHash, issuerKeyHash, serialNumber } = certId;
  if (!isHashName(hash)) {
    throw new OcspError(
      'usage',
      `no CertID in the hash ${hash} can be told apart`,
      'ask in sha1, sha256, sha384 or sha512',
    );
  }
  const authority = authorities.find((one) => {
    const own = createCertIdForSerialNumber(serialNumber, one, hash);
    return own.issuerNameHash === issuerNameHash && own.issuerKeyHash === issuerKeyHash;
  });
  if (authority === undefined) return { certId, status: 'unknown' };
  return {
    certId: certIdHash === undefined ? certId : createCertIdForSerialNumber(serialNumber, authority, certIdHash),
    status: source.statusOf(minimalSerialNumber(serialNumber)),
  };
}

/** The signature ends where the embedded certificates begin, and where there are none at the end of the response. */
function spoiled(der: Uint8Array, { embeddedCertificates }: ResponseSigner): Uint8Array {
  const [first] = embeddedCertificates;
  const copy = Buffer.from(der);
  const behind = first === undefined ? copy.length : certificatesStart(copy, embeddedCertificates);
  copy[behind - 1] = (copy[behind - 1] ?? 0) ^ 1;
  return copy;
}

/** Two headers, of the explicit tag and of the list, stand before the first certificate, which ends the response with the others. */
function certificatesStart(der: Uint8Array, certificates: readonly Uint8Array[]): number {
  const length = certificates.reduce((sum, { length: own }) => sum + own, 0);
  const list = headerLength(length) + length;
  return der.length - list - headerLength(list);
}

function headerLength(length: number): number {
  return length < 0x80 ? 2 : 2 + Math.ceil(Math.log2(length + 1) / 8);
}

function refusedFor(error: unknown): Answered {
  const reason = error instanceof Error ? error.message : String(error);
  return refused({ status: 'internalError', reason, error });
}
