import { DerError, decodeRequest } from '../../core/index.js';
import { readAlgorithmIdentifier, type AlgorithmIdentifier } from '../../core/keys/algorithm-identifier.js';
import { toHex } from '../../core/bytes.js';
import { piecesOf } from '../../core/response.js';
import { DerReader, Tag, contextTag, readWhole } from '../../core/der/der.js';
import { describeSignature } from './algorithm.js';
import { describeEmbeddedCertificates } from './certificate.js';
import { describeExtension } from './extension.js';
import { describeDirectoryName, describeGeneralName } from './general-name.js';
import { malformedDer, namingTheRule } from './malformed.js';
import { attempt } from './reading.js';
import type { Inspected, RequestRecord, SignatureRecord } from './record.js';
import { definedOnly } from '../../core/defined-only.js';

/**
 * Describes an OCSPRequest. Verifies nothing.
 *
 * @throws OcspError `malformed-der`, its message with the rule that was broken
 */
export function inspectRequest(der: Uint8Array): Inspected {
  const request = namingTheRule(() => decodeRequest(der));
  const { requestorName } = request;
  const record: RequestRecord = definedOnly({
    kind: 'request',
    octets: der.length,
    version: request.version,
    requestorName: requestorName === undefined ? undefined : describeRequestor(requestorName),
    requests: request.requests.map(({ certId, extensions }) => ({
      certId,
      extensions: extensions.map(describeExtension),
    })),
    extensions: request.extensions.map(describeExtension),
    nonce: request.nonce ?? null,
    signed: request.signed,
    ...(request.signed ? describeRequestSignature(der) : {}),
  });
  return { record };
}

/** A directory name as it stands in certificates, any other name with its kind. */
function describeRequestor(name: Uint8Array): string {
  const described = attempt(() => {
    const element = new DerReader(name).any('requestorName');
    return element.tag === contextTag(4) ? describeDirectoryName(element) : describeGeneralName(element);
  });
  return described ?? `#${toHex(name)}`;
}

function describeRequestSignature(der: Uint8Array): SignatureRecord & Pick<RequestRecord, 'certificates'> {
  const { algorithm, signature, certificates } = readRequestSignature(der);
  return { ...describeSignature(algorithm, signature), certificates: describeEmbeddedCertificates(certificates) };
}

/** The optionalSignature of an OCSPRequest (RFC 6960 §4.1.1), `certificates` the DER of each. */
export interface RequestSignature {
  readonly algorithm: AlgorithmIdentifier;
  readonly signature: Uint8Array;
  readonly certificates: readonly Uint8Array[];
}

/**
 * The signature of a signed request that has been decoded already.
 *
 * @throws OcspError `malformed-der`, its message with the rule that was broken
 */
export function readRequestSignature(der: Uint8Array): RequestSignature {
  try {
    const outer = readWhole(der, Tag.sequence, 'OCSPRequest');
    outer.any('tbsRequest');
    const reader = outer.enter(contextTag(0), 'optionalSignature').sequence('signature');
    const algorithm = readAlgorithmIdentifier(reader, 'signatureAlgorithm');
    const signature = reader.bitStringOctets('signature');
    const certificates = reader.explicit(contextTag(0), 'certs', piecesOf) ?? [];
    reader.end('signature');
    return { algorithm, signature, certificates };
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    throw malformedDer('the signature of the OCSP request', error, error);
  }
}
