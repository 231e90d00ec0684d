import { toHex } from '../bytes.js';
import { certIdsEqual } from '../cert-id.js';
import { findExtension } from '../certificate/extension.js';
import { Oid } from '../oid.js';
import type { OcspRequest } from '../request.js';
import type { BasicResponse } from '../response.js';
import { failure } from './failure.js';
import type { Failure } from './verdict.js';

/** The nonce that was sent (lower-case hex), and whether a response without it is believed. */
export interface ExpectedNonce {
  readonly value: string;
  readonly required: boolean;
}

/** RFC 9654 §2.1: a nonce that comes back must be the one that was sent; responders may leave it out. */
export function checkNonce(basic: BasicResponse, expected: ExpectedNonce | undefined): Failure | undefined {
  if (expected === undefined) return undefined;
  const values = { expected: expected.value };
  const extension = findExtension(basic.extensions, Oid.ocspNonce);
  if (extension === undefined) {
    return expected.required ? failure('nonce-missing', 'the response does not echo the nonce', values) : undefined;
  }
  // Responders older than RFC 8954 echo the raw octets without an inner OCTET STRING.
  if (basic.nonce === expected.value || toHex(extension.value) === expected.value) return undefined;
  return failure('nonce-mismatch', 'the response carries a different nonce from the one that was sent', {
    ...values,
    nonce: basic.nonce ?? '',
  });
}

/** Whether the response answers this request: a statement for each of its CertIDs as asked, and its nonce. */
export function checkRequest(basic: BasicResponse, request: OcspRequest | undefined): Failure | undefined {
  if (request === undefined) return undefined;
  const unanswered = request.requests.find(
    ({ certId }) => !basic.responses.some((one) => certIdsEqual(one.certId, certId)),
  );
  if (unanswered !== undefined) {
    const { serialNumber, hashAlgorithm } = unanswered.certId;
    const message = `the request asks about serial number ${serialNumber} (${hashAlgorithm}), which the response does not answer`;
    return failure('request-mismatch', message, { serialNumber, hashAlgorithm });
  }
  return request.nonce === undefined ? undefined : checkNonce(basic, { value: request.nonce, required: true });
}
