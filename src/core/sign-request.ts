import { Tag, contextTag, readWhole, type DerReader } from './der/der.js';
import { derElement, derObjectIdentifier, derSequence } from './der/der-writer.js';
import { orMalformed } from './der/malformed.js';
import { encodeNonceExtension } from './nonce.js';
import { Oid } from './oid.js';
import { bytesEqual } from './bytes.js';
import { signatureParts, type ResponseSigner } from './sign-response.js';

/** Who signs a request: certificate, key, hash and the certificates that go along, as in a response. */
export type RequestSigner = Omit<ResponseSigner, 'responderId'>;

/**
 * Signs an OCSPRequest (RFC 6960 §4.1.2), signed before or not: the signer's subject becomes its requestorName.
 *
 * @param requestDer exactly one OCSPRequest
 * @returns its DER
 * @throws OcspError `malformed-der`; `key-mismatch` and `key-unsupported` as {@link signatureParts}
 */
export function signRequest(requestDer: Uint8Array, signer: RequestSigner): Uint8Array {
  const { version, requestList, extensions } = partsOf(requestDer);
  // GeneralName directoryName (RFC 5280 §4.2.1.6), explicitly tagged since Name is a CHOICE.
  const requestorName = derElement(contextTag(1), derElement(contextTag(4), signer.certificate.subject));
  const tbs = derSequence(...version, requestorName, requestList, ...extensionsElement(extensions));
  return derSequence(tbs, derElement(contextTag(0), derSequence(...signatureParts(tbs, signer))));
}

/**
 * An OCSPRequest with this nonce (RFC 9654 §2.1) in place of any that it has. A signature, which no longer holds, is kept.
 *
 * @throws OcspError `malformed-der`
 */
export function withNonce(requestDer: Uint8Array, nonce: Uint8Array): Uint8Array {
  const { version, requestorName, requestList, extensions, signature } = partsOf(requestDer);
  const others = extensions.filter((extension) => !isNonce(extension));
  const tbs = derSequence(
    ...version,
    ...requestorName,
    requestList,
    ...extensionsElement([...others, encodeNonceExtension(nonce)]),
  );
  return derSequence(tbs, ...signature);
}

interface RequestParts {
  readonly version: readonly Uint8Array[];
  readonly requestorName: readonly Uint8Array[];
  readonly requestList: Uint8Array;
  readonly extensions: readonly Uint8Array[];
  readonly signature: readonly Uint8Array[];
}

function partsOf(der: Uint8Array): RequestParts {
  return orMalformed({ code: 'malformed-der', what: 'no OCSP request' }, () => {
    const outer = readWhole(der, Tag.sequence, 'OCSPRequest');
    const tbs = outer.sequence('tbsRequest');
    const signature = rawOf(outer, 0, 'optionalSignature');
    outer.end('OCSPRequest');
    const version = rawOf(tbs, 0, 'version');
    const requestorName = rawOf(tbs, 1, 'requestorName');
    const requestList = tbs.element(Tag.sequence, 'requestList').raw;
    const explicit = tbs.enterOptional(contextTag(2), 'requestExtensions');
    const extensions =
      explicit?.sequence('requestExtensions').all((list) => list.element(Tag.sequence, 'extension').raw) ?? [];
    tbs.end('tbsRequest');
    return { version, requestorName, requestList, extensions, signature };
  });
}

function rawOf(reader: DerReader, tag: number, what: string): Uint8Array[] {
  const element = reader.optional(contextTag(tag), what);
  return element === undefined ? [] : [element.raw];
}

function extensionsElement(extensions: readonly Uint8Array[]): Uint8Array[] {
  return extensions.length === 0 ? [] : [derElement(contextTag(2), derSequence(...extensions))];
}

function isNonce(extension: Uint8Array): boolean {
  const type = readWhole(extension, Tag.sequence, 'extension').element(Tag.objectIdentifier, 'extnID').raw;
  return bytesEqual(type, derObjectIdentifier(Oid.ocspNonce));
}
