import { unknownCritical } from '../certificate/extension.js';
import { Oid } from '../oid.js';
import type { BasicResponse, SingleResponse } from '../response.js';
import { failure } from './failure.js';
import type { Failure } from './verdict.js';

/** Extensions of RFC 6960 §4.4 that have their place in responseExtensions. */
const knownInResponse: ReadonlySet<string> = new Set([Oid.ocspNonce, Oid.ocspExtendedRevoke]);

/** Those of singleExtensions: RFC 6960 §4.4.2, §4.4.4, §4.4.5, and RFC 6962 §3.3. */
const knownInStatement: ReadonlySet<string> = new Set([
  Oid.ocspCrlReferences,
  Oid.ocspArchiveCutoff,
  Oid.reasonCode,
  Oid.invalidityDate,
  Oid.signedCertificateTimestamps,
]);

/** RFC 6960 §4.4: a critical extension that is not understood makes the response unusable. */
export function checkCriticalExtensions(basic: BasicResponse, statement: SingleResponse): Failure | undefined {
  const [unknown] = [
    ...unknownCritical(basic.extensions, knownInResponse),
    ...unknownCritical(statement.extensions, knownInStatement),
  ];
  if (unknown === undefined) return undefined;
  return failure('critical-extension', `the response has the critical extension ${unknown}, which is not supported`, {
    oid: unknown,
  });
}
