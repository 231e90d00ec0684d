import { toHex } from './bytes.js';
import { certIdOfElement, encodeCertId, type CertId } from './cert-id.js';
import { DerError, Tag, contextTag, readWhole, type DerReader } from './der/der.js';
import { orMalformed } from './der/malformed.js';
import { derSequence } from './der/der-writer.js';
import { findExtension, readExplicitExtensions, type Extension } from './certificate/extension.js';
import { encodeNonce, nonceOf } from './nonce.js';
import { Oid } from './oid.js';

export interface CreateRequestOptions {
  /** At least one. */
  readonly certIds: readonly CertId[];
  /** 1 to 128 octets (RFC 9654 §2.1); 32 are recommended. */
  readonly nonce?: Uint8Array;
}

/**
 * An unsigned OCSPRequest (RFC 6960 §4.1.1) in DER. With one CertID and no nonce it is the form of RFC 5019 §2.1.1, and
 * byte for byte what `openssl ocsp -no_nonce -reqout` writes.
 *
 * @throws TypeError without a CertID, or for a nonce that is not 1 to 128 octets long
 */
export function createRequest({ certIds, nonce }: CreateRequestOptions): Uint8Array {
  if (certIds.length === 0) throw new TypeError('a request needs at least one CertID');
  if (nonce !== undefined && (nonce.length < 1 || nonce.length > 128)) {
    throw new TypeError('a nonce has 1 to 128 octets');
  }
  const requestList = derSequence(...certIds.map((certId) => derSequence(encodeCertId(certId))));
  return derSequence(derSequence(requestList, ...encodeNonce(contextTag(2), nonce)));
}

/** A decoded OCSPRequest. `requestorName` is the DER of its GeneralName, `nonce` lower-case hex. */
export interface OcspRequest {
  readonly version: number;
  readonly requestorName: Uint8Array | undefined;
  readonly requests: readonly { readonly certId: CertId; readonly extensions: readonly Extension[] }[];
  readonly extensions: readonly Extension[];
  readonly nonce: string | undefined;
  readonly signed: boolean;
}

/**
 * Decodes an OCSPRequest (RFC 6960 §4.1.1), strictly; the signature of a signed one is not looked at.
 *
 * @throws OcspError `malformed-der`, its cause a DerError that names the rule
 */
export function decodeRequest(der: Uint8Array): OcspRequest {
  return orMalformed({ code: 'malformed-der', what: 'the bytes are not an OCSP request' }, () => readRequest(der));
}

function readRequest(der: Uint8Array): OcspRequest {
  const outer = readWhole(der, Tag.sequence, 'OCSPRequest');
  const tbs = outer.sequence('tbsRequest');
  const signed = outer.optional(contextTag(0), 'optionalSignature') !== undefined;
  outer.end('OCSPRequest');

  // An explicit DEFAULT version is not DER, but deployed clients write it.
  const version = tbs.explicitSmallInteger(contextTag(0), 'version') ?? 0;
  if (version !== 0) throw new DerError('value', `request version ${version + 1} does not exist`, tbs.offset);
  const requestorName = tbs.optional(contextTag(1), 'requestorName')?.contents;
  const requests = tbs.sequence('requestList').all(readSingleRequest);
  const extensions = readRequestExtensions(tbs.enterOptional(contextTag(2), 'requestExtensions'));
  tbs.end('tbsRequest');
  const nonce = findExtension(extensions, Oid.ocspNonce);
  return {
    version: version + 1,
    requestorName,
    requests,
    extensions,
    nonce: nonce === undefined ? undefined : toHex(nonceOf(nonce)),
    signed,
  };
}

function readSingleRequest(list: DerReader): OcspRequest['requests'][number] {
  const request = list.sequence('request');
  const certId = certIdOfElement(request.element(Tag.sequence, 'reqCert'));
  const extensions = readRequestExtensions(request.enterOptional(contextTag(0), 'singleRequestExtensions'));
  request.end('request');
  return { certId, extensions };
}

function readRequestExtensions(explicit: DerReader | undefined): Extension[] {
  return readExplicitExtensions(explicit, 'extensions', 'the request', { unique: false });
}
