import { DerError, decodeRequest } from '../../core/index.js';
import { readAlgorithmIdentifier } from '../../core/keys/algorithm-identifier.js';
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
    ...(request.signed ? readSignature(der) : {}),
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

/** The optionalSignature of a request that has been decoded already (RFC 6960 §4.1.1). */
function readSignature(der: Uint8Array): SignatureRecord & Pick<RequestRecord, 'certificates'> {
  try {
    const outer = readWhole(der, Tag.sequence, 'OCSPRequest');
    outer.any('tbsRequest');
    const signature = outer.enter(contextTag(0), 'optionalSignature').sequence('signature');
    const algorithm = readAlgorithmIdentifier(signature, 'signatureAlgorithm');
    const octets = signature.bitStringOctets('signature');
    const certificates = signature.explicit(contextTag(0), 'certs', piecesOf) ?? [];
    signature.end('signature');
    return { ...describeSignature(algorithm, octets), certificates: describeEmbeddedCertificates(certificates) };
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    throw malformedDer('the signature of the OCSP request', error, error);
  }
}
