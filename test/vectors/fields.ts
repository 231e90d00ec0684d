import { toHex } from '../../src/core/bytes.js';
import type { CertId } from '../../src/core/cert-id.js';
import { contextTag } from '../../src/core/der/der.js';
import { derElement } from '../../src/core/der/der-writer.js';
import { digest } from '../../src/core/hash.js';
import { formatTime } from '../../src/core/time.js';
import type { Extension, OcspRequest, OcspResponse, SingleResponse } from '../../src/core/index.js';

/** What an independent decoder read, as the corpora write it down. */
export type FieldValues = Readonly<Record<string, unknown>>;

const nonceOid = '1.3.6.1.5.5.7.48.1.2';

/** Our decoding of a response in the corpora's words, so that both can be compared whole. */
export function responseFields(response: OcspResponse): FieldValues {
  if (response.status !== 'successful') return { responseStatus: response.status };
  const { basic } = response;
  const { responderId } = basic;
  return {
    responseStatus: 'successful',
    responseType: '1.3.6.1.5.5.7.48.1.1',
    version: `v${basic.version}`,
    responderId:
      'byKey' in responderId
        ? { byKey: responderId.byKey }
        : { nameDerSha1: toHex(digest('sha1', taggedName(responderId.byName))) },
    producedAt: formatTime(basic.producedAt),
    signatureAlgorithm: basic.signatureAlgorithm.oid,
    certs: basic.certificates.length,
    responses: basic.responses.map(statementFields),
    ...extensionFields('responseExtensions', basic.extensions),
    ...nonceFields(basic.extensions),
  };
}

export function requestFields(request: OcspRequest): FieldValues {
  return {
    version: `v${request.version}`,
    signed: request.signed,
    requests: request.requests.map(({ certId }) => certIdFields(certId)),
    ...extensionFields('requestExtensions', request.extensions),
    ...nonceFields(request.extensions),
  };
}

/** The corpora's values, with what has no counterpart here taken out or respelt. */
export function comparableFields(fields: FieldValues): FieldValues {
  const { responderId, responseStatus, ...rest } = fields as {
    responderId?: { byKey?: string; nameDerSha1?: string };
    responseStatus?: string;
  };
  return {
    ...rest,
    ...(responseStatus === undefined ? {} : { responseStatus: camelCase(responseStatus) }),
    // `byName` is one decoder's own way to print a name; the DER behind it is compared by its hash.
    ...(responderId === undefined
      ? {}
      : {
          responderId:
            responderId.byKey === undefined ? { nameDerSha1: responderId.nameDerSha1 } : { byKey: responderId.byKey },
        }),
  };
}

function statementFields(statement: SingleResponse): FieldValues {
  const { status, revocationTime, revocationReason, thisUpdate, nextUpdate, extensions } = statement;
  return {
    ...certIdFields(statement.certId),
    status,
    ...(revocationTime === undefined
      ? {}
      : { revocationTime: formatTime(revocationTime), revocationReason: revocationReason ?? null }),
    thisUpdate: formatTime(thisUpdate),
    nextUpdate: nextUpdate === undefined ? null : formatTime(nextUpdate),
    ...extensionFields('singleExtensions', extensions),
  };
}

/** The corpora hash the name with its tag `[1]` (RFC 6960 §4.2.1). */
function taggedName(name: Uint8Array): Uint8Array {
  return derElement(contextTag(1), name);
}

function certIdFields({ hashAlgorithm, issuerNameHash, issuerKeyHash, serialNumber }: CertId): FieldValues {
  return { hashAlg: hashAlgorithm, issuerNameHash, issuerKeyHash, serial: serialNumber };
}

function extensionFields(name: string, extensions: readonly Extension[]): FieldValues {
  if (extensions.length === 0) return {};
  return { [name]: extensions.map(({ oid, critical, value }) => ({ oid, critical, valueHex: toHex(value) })) };
}

function nonceFields(extensions: readonly Extension[]): FieldValues {
  const nonce = extensions.find(({ oid }) => oid === nonceOid);
  return nonce === undefined ? {} : { nonceExtnValueHex: toHex(nonce.value) };
}

function camelCase(text: string): string {
  return text.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
