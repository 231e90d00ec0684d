import { constants, createPublicKey, sign, type KeyObject } from 'node:crypto';
import { encodeCertId, type CertId } from './cert-id.js';
import type { Certificate } from './certificate/certificate.js';
import { Tag, contextTag } from './der/der.js';
import { derElement, derNull, derObjectIdentifier, derOctetString, derSequence } from './der/der-writer.js';
import { digest, hashOid, type SignatureHash } from './hash.js';
import { encodeNonce } from './nonce.js';
import { Oid } from './oid.js';
import { OcspError } from './ocsp-error.js';
import { checkedKey } from './keys/public-key.js';
import {
  numberOfResponseStatus,
  numberOfRevocationReason,
  type ResponseStatus,
  type RevocationReason,
} from './response.js';

/** The status that a response states of one certificate. */
export type StatementStatus = 'good' | 'unknown' | { readonly revokedAt: Date; readonly reason?: RevocationReason };

/** One SingleResponse to sign (RFC 6960 §4.2.1). Times are written to the second. */
export interface StatementToSign {
  readonly certId: CertId;
  readonly status: StatementStatus;
  readonly thisUpdate: Date;
  readonly nextUpdate?: Date;
}

/** Who signs, and how. */
export interface ResponseSigner {
  /** The issuer's own certificate, or that of a delegate. */
  readonly certificate: Certificate;
  /** Its private key: RSA, RSA-PSS, EC (P-256, P-384, P-521) or Ed25519. */
  readonly key: KeyObject;
  /** The hash to sign; SHA-256, or the one that belongs to the curve. Ed25519 has its own. */
  readonly hash?: SignatureHash;
  /** Signs with an RSA key by RSASSA-PSS (RFC 8017 §8.1), with a salt of so many octets; other keys take no notice. */
  readonly pssSaltLength?: number;
  /** ResponderID by name, or by the SHA-1 of the key. */
  readonly responderId: 'name' | 'key';
  /** DER of the certificates to embed, so that a client finds a delegate's. */
  readonly embeddedCertificates: readonly Uint8Array[];
}

export interface ResponseToSign {
  /** At least one. */
  readonly statements: readonly StatementToSign[];
  readonly producedAt: Date;
  /** The request's nonce to echo, 1 to 128 octets (RFC 9654 §2.1). */
  readonly nonce?: Uint8Array;
}

/**
 * Signs a successful OCSPResponse (RFC 6960 §4.2.1) with a basic response in it.
 *
 * @returns its DER
 * @throws OcspError `key-mismatch` when the key does not belong to the certificate, `key-unsupported` for a key or hash
 *   that cannot sign here
 * @throws TypeError without a statement
 */
export function signResponse(response: ResponseToSign, signer: ResponseSigner): Uint8Array {
  if (response.statements.length === 0) throw new TypeError('a response needs at least one statement');
  const tbs = encodeResponseData(response, signer);
  const basic = derSequence(tbs, ...signatureParts(tbs, signer));
  const responseBytes = derSequence(derObjectIdentifier(Oid.ocspBasic), derOctetString(basic));
  return derSequence(derElement(Tag.enumerated, Uint8Array.of(0)), derElement(contextTag(0), responseBytes));
}

/**
 * What stands behind the signed octets, in a BasicOCSPResponse as in a Signature of a request (RFC 6960 §4.1.1, §4.2.1):
 * algorithm, signature, certificates.
 *
 * @throws OcspError as {@link signResponse}
 */
export function signatureParts(tbs: Uint8Array, signer: Omit<ResponseSigner, 'responderId'>): Uint8Array[] {
  requireOwnKey(signer);
  const scheme = schemeFor(signer);
  const signature = sign(scheme.hash, tbs, { key: signer.key, ...scheme.options });
  const { embeddedCertificates } = signer;
  return [
    scheme.algorithm,
    derElement(Tag.bitString, Uint8Array.of(0), signature),
    ...(embeddedCertificates.length === 0 ? [] : [derElement(contextTag(0), derSequence(...embeddedCertificates))]),
  ];
}

/** An unsigned OCSPResponse that says why there is no answer (RFC 6960 §2.3). */
export function createErrorResponse(status: Exclude<ResponseStatus, 'successful'>): Uint8Array {
  return derSequence(derElement(Tag.enumerated, Uint8Array.of(numberOfResponseStatus(status))));
}

function encodeResponseData({ statements, producedAt, nonce }: ResponseToSign, signer: ResponseSigner): Uint8Array {
  return derSequence(
    encodeResponderId(signer),
    encodeTime(producedAt),
    derSequence(...statements.map(encodeStatement)),
    ...encodeNonce(contextTag(1), nonce),
  );
}

function encodeResponderId({ certificate, responderId }: ResponseSigner): Uint8Array {
  return responderId === 'name'
    ? derElement(contextTag(1), certificate.subject)
    : derElement(contextTag(2), derOctetString(digest('sha1', certificate.publicKey.keyBits)));
}

function encodeStatement({ certId, status, thisUpdate, nextUpdate }: StatementToSign): Uint8Array {
  const next = nextUpdate === undefined ? [] : [derElement(contextTag(0), encodeTime(nextUpdate))];
  return derSequence(encodeCertId(certId), encodeStatus(status), encodeTime(thisUpdate), ...next);
}

function encodeStatus(status: StatementStatus): Uint8Array {
  if (status === 'good') return derElement(contextTag(0, 'primitive'));
  if (status === 'unknown') return derElement(contextTag(2, 'primitive'));
  const number = status.reason === undefined ? undefined : numberOfRevocationReason(status.reason);
  const reason =
    number === undefined ? [] : [derElement(contextTag(0), derElement(Tag.enumerated, Uint8Array.of(number)))];
  return derElement(contextTag(1), encodeTime(status.revokedAt), ...reason);
}

/** GeneralizedTime to the second (RFC 5280 §4.1.2.5.2). */
function encodeTime(time: Date): Uint8Array {
  const digits = time.toISOString().slice(0, 19).replace(/[-T:]/g, '');
  return derElement(Tag.generalizedTime, Buffer.from(`${digits}Z`, 'latin1'));
}

interface Scheme {
  readonly hash: SignatureHash | null;
  readonly algorithm: Uint8Array;
  readonly options: { readonly padding?: number; readonly saltLength?: number };
}

type RsaOrEcHash = Exclude<SignatureHash, 'sha1'>;

const rsaAlgorithms: Readonly<Record<RsaOrEcHash, string>> = {
  sha224: Oid.sha224WithRsa,
  sha256: Oid.sha256WithRsa,
  sha384: Oid.sha384WithRsa,
  sha512: Oid.sha512WithRsa,
};

const ecdsaAlgorithms: Readonly<Record<RsaOrEcHash, string>> = {
  sha224: Oid.ecdsaWithSha224,
  sha256: Oid.ecdsaWithSha256,
  sha384: Oid.ecdsaWithSha384,
  sha512: Oid.ecdsaWithSha512,
};

/** The hash of the same strength (RFC 5480 §4). */
const hashByCurve: Readonly<Record<string, RsaOrEcHash>> = {
  prime256v1: 'sha256',
  secp384r1: 'sha384',
  secp521r1: 'sha512',
};

const saltLengths: Readonly<Record<RsaOrEcHash, number>> = { sha224: 28, sha256: 32, sha384: 48, sha512: 64 };

function schemeFor({ key, hash, pssSaltLength }: Omit<ResponseSigner, 'responderId'>): Scheme {
  if (hash === 'sha1') throw unsupported('signing with SHA-1 is not supported', 'use sha256, sha384 or sha512');
  switch (key.asymmetricKeyType) {
    case 'rsa': {
      const chosen = hash ?? 'sha256';
      if (pssSaltLength !== undefined) return pssSchemeOf(chosen, pssSaltLength);
      const algorithm = derSequence(derObjectIdentifier(rsaAlgorithms[chosen]), derNull);
      return { hash: chosen, algorithm, options: { padding: constants.RSA_PKCS1_PADDING } };
    }
    case 'rsa-pss':
      return pssScheme(key, hash);
    case 'ec': {
      const ofCurve = hashByCurve[key.asymmetricKeyDetails?.namedCurve ?? ''];
      if (ofCurve === undefined)
        throw unsupported('the curve of the key is not supported', 'use P-256, P-384 or P-521');
      const chosen = hash ?? ofCurve;
      return { hash: chosen, algorithm: derSequence(derObjectIdentifier(ecdsaAlgorithms[chosen])), options: {} };
    }
    case 'ed25519':
      if (hash !== undefined) throw unsupported('Ed25519 takes no hash of its own', 'leave the hash out');
      return { hash: null, algorithm: derSequence(derObjectIdentifier(Oid.ed25519)), options: {} };
    default:
      throw unsupported(
        `keys of type ${key.asymmetricKeyType ?? 'unknown'} cannot sign responses`,
        'use RSA, ECDSA or Ed25519',
      );
  }
}

/** RFC 4055 §3.1, with the hash, mask hash and salt length that the key itself prescribes, where it does. */
function pssScheme(key: KeyObject, hash: RsaOrEcHash | undefined): Scheme {
  const { hashAlgorithm, mgf1HashAlgorithm, saltLength } = key.asymmetricKeyDetails ?? {};
  const chosen = hash ?? asHash(hashAlgorithm) ?? 'sha256';
  if (hashAlgorithm !== undefined && chosen !== hashAlgorithm) {
    throw unsupported(`the key prescribes ${hashAlgorithm}`, `use --signature-hash ${hashAlgorithm}`);
  }
  if (mgf1HashAlgorithm !== undefined && mgf1HashAlgorithm !== chosen) {
    throw unsupported(
      `the key prescribes ${mgf1HashAlgorithm} for its mask`,
      'use a key whose two hashes are the same',
    );
  }
  return pssSchemeOf(chosen, Math.max(saltLength ?? 0, saltLengths[chosen]));
}

function pssSchemeOf(chosen: RsaOrEcHash, length: number): Scheme {
  const hashIdentifier = derSequence(derObjectIdentifier(hashOid(chosen)), derNull);
  const parameters = derSequence(
    derElement(contextTag(0), hashIdentifier),
    derElement(contextTag(1), derSequence(derObjectIdentifier(Oid.mgf1), hashIdentifier)),
    derElement(contextTag(2), derInteger(length)),
  );
  return {
    hash: chosen,
    algorithm: derSequence(derObjectIdentifier(Oid.rsaPss), parameters),
    options: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: length },
  };
}

/** A salt may be longer than 127 octets, where the first bit would make it negative. */
function derInteger(value: number): Uint8Array {
  const octets = value < 0x80 ? [value] : value < 0x8000 ? [value >> 8, value & 0xff] : [0, value >> 8, value & 0xff];
  return derElement(Tag.integer, Uint8Array.from(octets));
}

function asHash(name: string | undefined): RsaOrEcHash | undefined {
  return name === 'sha224' || name === 'sha256' || name === 'sha384' || name === 'sha512' ? name : undefined;
}

/** Pairs that were found to belong together: the check costs more than a signature. */
const ownKeys = new WeakMap<KeyObject, Certificate>();

/**
 * Makes sure that the private key belongs to the certificate that is to sign.
 *
 * @throws OcspError `key-mismatch`, `key-unsupported` for a public key, and for a certificate with a broken one
 */
export function requireOwnKey({ key, certificate }: Pick<ResponseSigner, 'key' | 'certificate'>): void {
  if (ownKeys.get(key) === certificate) return;
  if (key.type !== 'private') throw unsupported('a public key cannot sign', 'name the private key');
  const publicKey = createPublicKey(key);
  const own = checkedKey(certificate.publicKey);
  if ('why' in own) {
    const hint = 'name another certificate; see this one with: openssl x509 -in FILE -text';
    throw unsupported(`clients do not accept signatures by the signing certificate: ${own.why}`, hint);
  }
  // Node.js leaves an error of OpenSSL behind when it compares keys of different types, and no key can be read after that.
  const isSameType = publicKey.asymmetricKeyType === own.object.asymmetricKeyType;
  const spki = publicKey.export({ format: 'der', type: 'spki' });
  if (!(isSameType && publicKey.equals(own.object)) && !spki.equals(certificate.publicKey.spki)) {
    throw new OcspError(
      'key-mismatch',
      'the private key does not belong to the signing certificate',
      'name the key that the certificate was made for; compare: openssl pkey -in KEY -pubout; openssl x509 -in CERT -noout -pubkey',
    );
  }
  ownKeys.set(key, certificate);
}

function unsupported(message: string, hint: string): OcspError {
  return new OcspError('key-unsupported', message, hint);
}
