import { decodeResponse, distinguishedNameToString, isResponse, type BasicResponse } from '../../core/index.js';
import { Tag, contextTag, readWhole, smallIntegerOf } from '../../core/der/der.js';
import { Oid } from '../../core/oid.js';
import { formatTime } from '../../core/time.js';
import type { SingleResponse } from '../../core/response.js';
import { troubleOfError, troubleOfFailure } from '../trouble.js';
import { describeSignature } from './algorithm.js';
import { describeEmbeddedCertificates } from './certificate.js';
import { describeExtension } from './extension.js';
import { malformedDer } from './malformed.js';
import { attempt } from './reading.js';
import type { BasicResponseRecord, Inspected, OuterResponseRecord, SingleResponseRecord } from './record.js';

/** Describes an OCSPResponse, as far as it can be decoded. Verifies nothing. */
export function inspectResponse(der: Uint8Array): Inspected {
  const result = decodeResponse(der, { anyCertificates: true });
  if (!isResponse(result)) return inspectFailed(der, result);
  const outer: OuterResponseRecord = { kind: 'response', octets: der.length, responseStatus: result.status };
  if (result.status !== 'successful') return { record: outer };
  return { record: describeBasic(outer, result.basic) };
}

function describeBasic(outer: OuterResponseRecord, basic: BasicResponse): BasicResponseRecord {
  const { responderId } = basic;
  return {
    ...outer,
    responseType: Oid.ocspBasic,
    version: basic.version,
    responderId: 'byKey' in responderId ? responderId : { byName: distinguishedNameToString(responderId.byName) },
    producedAt: formatTime(basic.producedAt),
    responses: basic.responses.map(describeStatement),
    extensions: basic.extensions.map(describeExtension),
    nonce: basic.nonce ?? null,
    ...describeSignature(basic.signatureAlgorithm, basic.signature),
    certificates: describeEmbeddedCertificates(basic.certificates),
  };
}

function describeStatement(statement: SingleResponse): SingleResponseRecord {
  const { certId, status, thisUpdate, nextUpdate, revocationTime, revocationReason, extensions } = statement;
  return {
    certId,
    status,
    thisUpdate: formatTime(thisUpdate),
    nextUpdate: nextUpdate === undefined ? null : formatTime(nextUpdate),
    revocationTime: revocationTime === undefined ? null : formatTime(revocationTime),
    revocationReason: revocationReason ?? null,
    extensions: extensions.map(describeExtension),
  };
}

type Failure = Extract<ReturnType<typeof decodeResponse>, { code: string }>;

/** What can still be said of a response whose inner part cannot be decoded: its status and its type. */
function inspectFailed(der: Uint8Array, failure: Failure): Inspected {
  const outer = outline(der);
  const trouble =
    failure.code === 'unsupported-response-type'
      ? troubleOfFailure({ code: failure.code, message: failure.message, values: {} })
      : troubleOfError(malformedDer('the OCSP response', failure));
  return outer === undefined ? { trouble } : { record: outer, trouble };
}

/** The outer part of a successful OCSPResponse, or undefined where that is what is broken. */
function outline(der: Uint8Array): OuterResponseRecord | undefined {
  return attempt(() => {
    const outer = readWhole(der, Tag.sequence, 'OCSPResponse');
    const status = smallIntegerOf(outer.element(Tag.enumerated, 'responseStatus'), 'responseStatus');
    const bytes = outer.enter(contextTag(0), 'responseBytes').sequence('responseBytes');
    const responseType = bytes.objectIdentifier('responseType');
    if (status !== 0) return undefined;
    return { kind: 'response', octets: der.length, responseStatus: 'successful', responseType };
  });
}
